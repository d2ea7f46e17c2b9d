"""The kill campaign: the pass dies around every commit and send, and at hundreds of random moments.

What must hold afterwards: each story on topic arrives at each receiver at least once, more often
only where it was being sent when the pass died; nothing else arrives; a further pass sends
nothing; the database is whole. ``benchmarks/campaign.py`` does the same for thousands of kills.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from killing import Kill, run_pass
from lanes import NEXT_ROUND, Lane
from receivers import MailServer, WebhookServer
from webserver import LoopbackWeb

RANDOM_KILLS = 200
IN_A_ROW = 8
"""The next pass may die too, over newer stories: so many times before one is let to recover."""
SIDE_BY_SIDE = 2
AT_FIRST = 4
"""Commits of a first pass that others don't have: the schema, the feeds."""
ALWAYS_THERE = 10
"""So many commits, and store calls that write, has every pass that finds news."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The servers that all lanes share."""

    folder: Path
    web: LoopbackWeb
    hook: WebhookServer
    mail: MailServer

    def lane(self, name: str, number: int) -> Lane:
        return Lane(
            name=name,
            folder=self.folder / name,
            web=self.web,
            hook=self.hook,
            mail=self.mail,
            host=f"127.0.{number // 200 + 1}.{number % 200 + 1}",
        )

    def side_by_side(self, job: Callable[[int], Lane]) -> list[Lane]:
        """Run a few jobs at once; whatever fails in one fails here."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            return list(threads.map(job, range(SIDE_BY_SIDE)))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("lanes")
    with (
        LoopbackWeb() as web,
        WebhookServer(log=folder / "hook.log") as hook,
        MailServer(log=folder / "mail.log") as mail,
    ):
        yield Field(folder=folder, web=web, hook=hook, mail=mail)


def play_round(lane: Lane, kills: Sequence[Kill]) -> None:
    """News comes and passes die over it, then one recovers and the account is settled."""
    fresh = not lane.stories  # what a feed shows at first sight is told only while it is new
    for kill in kills or [None]:
        lane.publish()
        if kill is not None:
            lane.die(kill)
            lane.ahead += timedelta(0) if fresh else NEXT_ROUND
    lane.recover()
    lane.settle()
    lane.ahead += NEXT_ROUND


@pytest.mark.timeout(600)
def test_death_around_every_commit_and_every_send_loses_nothing(ground: Field) -> None:
    scout = ground.lane("scout", 0)
    play_round(scout, [])
    scout.publish()
    there = run_pass(scout.config, ahead=scout.ahead).seen
    assert min(there["commit"], there["done"]) >= ALWAYS_THERE
    assert there["send"] == there["sent"] == 2
    points = [
        Kill(at=at, n=n + 1) for at in ("commit", "done", "send", "sent") for n in range(there[at])
    ]
    first = [Kill(at="commit", n=n + 1) for n in range(AT_FIRST)]

    def job(number: int) -> Lane:
        for kill in first[number::SIDE_BY_SIDE]:
            lane = ground.lane(f"fresh{kill.n}", 2 + kill.n)
            play_round(lane, [kill])
            assert lane.kills == 1, kill
        lane = ground.lane(f"point{number}", 100 + number)
        play_round(lane, [])
        for kill in points[number::SIDE_BY_SIDE]:
            play_round(lane, [kill])
        return lane

    lanes = ground.side_by_side(job)
    # How much is one commit varies with the weather, so the last points are not always there;
    # what outlives one that is there fails in its lane.
    died_at = set[Kill]().union(*(lane.died_at for lane in lanes))
    always = [point for point in points if point.n <= ALWAYS_THERE]
    assert died_at >= set(always)
    assert len(always) == 2 * ALWAYS_THERE + 4
    # A death between "taken" and "recorded" is told again: that is what at least once means.
    assert sum(lane.repeats for lane in lanes) >= 1


@pytest.mark.timeout(600)
def test_death_at_random_moments_loses_nothing(ground: Field) -> None:
    def job(number: int) -> Lane:
        dice = random.Random(f"kill {number}")
        lane = ground.lane(f"random{number}", 200 + number)
        play_round(lane, [])
        # How long a pass takes here and now: those that outrun their kill are work for nothing.
        lane.publish()
        began = time.monotonic()
        run_pass(lane.config, ahead=lane.ahead)
        longest = 1_000 * (time.monotonic() - began)
        while lane.kills < RANDOM_KILLS // SIDE_BY_SIDE:
            before = lane.kills
            kills = [Kill(at="time", n=round(dice.uniform(5, longest))) for _ in range(IN_A_ROW)]
            play_round(lane, kills)
            # It changes on the way.
            longest *= 0.85 if lane.kills - before < IN_A_ROW else 1.1
        return lane

    lanes = ground.side_by_side(job)
    assert sum(lane.kills for lane in lanes) >= RANDOM_KILLS


def test_what_another_release_stored_stops_no_news(ground: Field) -> None:
    """Fingerprints and facts of stored hits in a form that this release can't read."""
    lane = ground.lane("older", 300)
    lane.publish()
    lane.recover()
    with closing(sqlite3.connect(lane.database)) as db, db:
        db.execute("UPDATE hits SET fingerprint = '{\"form\": 0}'")
        db.execute("UPDATE stories SET known = '[0]'")
    lane.ahead += timedelta(days=2)  # the story is still a candidate
    lane.publish()
    lane.recover()
    lane.settle()
