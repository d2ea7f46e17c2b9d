"""A long kill campaign: thousands of passes that die at random moments, and not one alert lost.

    .venv/bin/python benchmarks/campaign.py --kills 1000

The same lanes and invariants as in ``tests/test_faults_kill.py``; here time is no object. Each
kill is a SIGKILL-like death at a random moment of a real pass or at a random commit, write, send
or receipt; after every few, a pass recovers and the account is settled. Ends with a table, or
with the first account that does not add up (exit 1).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from forks import forge
from killing import Kill
from lanes import NEXT_ROUND, Lane
from receivers import MailServer, WebhookServer
from webserver import LoopbackWeb

STORIES_PER_LANE = 120
"""A lane's feed and history grow; a fresh one also dies over its schema and its first sight."""
POINTS = {"commit": 22, "done": 22, "send": 2, "sent": 2}


class Campaign:
    """Shares out the kills among a few lanes that run side by side."""

    def __init__(self, kills: int, seed: str, folder: Path) -> None:
        self.wanted, self.seed, self.folder = kills, seed, folder
        self.lanes: list[Lane] = []
        self._lock = threading.Lock()

    @property
    def kills(self) -> int:
        return sum(lane.kills for lane in self.lanes)

    def run(self, side_by_side: int) -> None:
        with (
            LoopbackWeb() as web,
            WebhookServer(log=self.folder / "hook.log") as hook,
            MailServer(log=self.folder / "mail.log") as mail,
            ThreadPoolExecutor(side_by_side) as threads,
        ):
            jobs = [threads.submit(self._work, web, hook, mail, n) for n in range(side_by_side)]
            for job in jobs:
                job.result()

    def _work(self, web: LoopbackWeb, hook: WebhookServer, mail: MailServer, number: int) -> None:
        dice = random.Random(f"{self.seed} {number}")
        while self.kills < self.wanted:
            lane = self._lane(web, hook, mail)
            while self.kills < self.wanted and len(lane.stories) < STORIES_PER_LANE:
                self._round(lane, dice)

    def _lane(self, web: LoopbackWeb, hook: WebhookServer, mail: MailServer) -> Lane:
        with self._lock:
            number = len(self.lanes)
            name, host = f"lane{number}", f"127.1.{number // 200}.{number % 200 + 1}"
            folder = self.folder / name
            lane = Lane(name=name, folder=folder, web=web, hook=hook, mail=mail, host=host)
            self.lanes.append(lane)
            return lane

    def _round(self, lane: Lane, dice: random.Random) -> None:
        fresh = not lane.stories
        for _ in range(1 if fresh else dice.randint(1, 8)):
            lane.publish()
            lane.die(any_kill(dice))
            if not fresh:
                lane.ahead += NEXT_ROUND
        lane.recover()
        lane.settle()
        lane.ahead += NEXT_ROUND
        print(f"\r{self.kills} of {self.wanted} kills", end="", file=sys.stderr, flush=True)


def any_kill(dice: random.Random) -> Kill:
    """Mostly a moment, sometimes a point."""
    if dice.random() < 0.6:
        return Kill(at="time", n=round(dice.triangular(5, 3_000, 400)))
    at = dice.choice(list(POINTS))
    return Kill(at=at, n=dice.randint(1, POINTS[at]))


def main() -> None:
    """Run a campaign and print its account."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", default=f"{time.time():.0f}")
    parser.add_argument("--side-by-side", type=int, default=2)
    wanted = parser.parse_args()
    began = time.monotonic()
    with forge(), tempfile.TemporaryDirectory(prefix="watcher-campaign-") as folder:
        campaign = Campaign(wanted.kills, wanted.seed, Path(folder))
        try:
            campaign.run(wanted.side_by_side)
        except AssertionError as fault:
            print(f"\nseed {wanted.seed}: the account does not add up: {fault}", file=sys.stderr)
            sys.exit(1)
    stories = sum(story.on_topic for lane in campaign.lanes for story in lane.stories)
    deliveries = sum(len(lane.arrivals()) for lane in campaign.lanes)
    repeats = sum(lane.repeats for lane in campaign.lanes)
    print(
        f"\n| kills | stories on topic | deliveries | lost | doubled outside of a send | repeated "
        f"after one | minutes |\n|---|---|---|---|---|---|---|\n| {campaign.kills} | {stories} | "
        f"{deliveries} | 0 | 0 | {repeats} | {(time.monotonic() - began) / 60:.1f} |"
    )


if __name__ == "__main__":
    main()
