"""Lanes of the kill campaign: one database each, with a feed, two receivers, and an account kept.

A lane publishes stories, runs passes that die at chosen points, recovers, and compares what the
receivers got with what its database says and what was published..
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

from killing import Ending, Kill, run_pass
from newsweb import TERMS, write_config
from receivers import MailServer, WebhookServer
from webserver import LoopbackWeb

RECOVERED = timedelta(minutes=6)
"""Later than every lease of a dead pass."""
NEXT_ROUND = timedelta(days=15)
"""Later than any story's window: what comes then is a story of its own, and the feed is due."""
_PLACES = ("Akhalgori", "Java", "Znaur", "Kvaisa", "Leningor", "Dzau", "Tsinagar", "Eredvi")
_PEOPLE = ("Gassiev", "Dzhussoev", "Tadtaev", "Alborov", "Plieva", "Kochieva", "Sanakoev")
_EVENTS = (
    ("sets the date of a referendum on accession to Russia", "The vote on accession will be held"),
    ("signs a decree on the annexation question", "The decree on annexation comes into force"),
    ("asks parliament for a law to join Russia", "The bill to join Russia will be read"),
    ("halts preparations for the referendum", "The referendum commission was dismissed"),
    ("orders ballots for the accession vote", "The printers will deliver the ballots"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article of a lane's feed."""

    number: int
    on_topic: bool
    at: datetime

    @property
    def title(self) -> str:
        n = self.number
        if not self.on_topic:
            return f"Wine harvest number {n} in Kakheti begins {n % 9 + 2} weeks early"
        what = _EVENTS[n % len(_EVENTS)][0]
        return f"South Ossetia {what}, says {self._who} in {self._where}"

    @property
    def text(self) -> str:
        n = self.number
        if not self.on_topic:
            return (
                f"Growers began to pick {n + 3} kinds of grapes earlier than usual after a dry "
                "summer, the agriculture ministry said on Monday.\n\nOfficials expect about two "
                "hundred thousand tons. Prices are set by the market, with a subsidy for small "
                "farms, and the first wine will be sold at the autumn fairs."
            )
        return (
            f"{self._who} told reporters in {self._where} that South Ossetia would act within "
            f"{n % 50 + 3} days. {_EVENTS[n % len(_EVENTS)][1]}, {self._who} said.\n\n"
            f"About {n * 37 + 1100} people of {self._where} had asked Tskhinvali for it, "
            f"according to statement {n * 11 + 5}. Georgia called the referendum illegal."
        )

    @property
    def _who(self) -> str:
        return f"{_PEOPLE[self.number % 7]}-{_syllables(self.number * 7 + 3)}"

    @property
    def _where(self) -> str:
        return f"{_PLACES[self.number % 8]} {_syllables(self.number * 5 + 1)}"


def _syllables(number: int) -> str:
    parts = ("ka", "ri", "mo", "tu", "se", "va", "lo", "ne", "di", "za")
    return "".join(parts[(number * 31 + 7 * k * k) % 10] for k in range(3)).capitalize()


@dataclass
class Lane:
    """A watcher of its own: run it, kill it, let it recover, settle its account."""

    name: str
    folder: Path
    web: LoopbackWeb
    hook: WebhookServer
    mail: MailServer
    host: str
    stories: list[Story] = field(default_factory=list)
    ahead: timedelta = timedelta(0)
    sending: set[int] = field(default_factory=set)
    """Deliveries that were ``sending`` at a kill: only these may arrive twice."""
    kills: int = 0
    died_at: set[Kill] = field(default_factory=set)
    repeats: int = 0
    _read_requests: int = 0
    _read_letters: int = 0
    _arrived: Counter[tuple[str, int]] = field(default_factory=Counter)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        receivers = [
            ("hook", f"json://{self.hook.address}/hook/{self.name}"),
            (
                "mail",
                f"mailto://127.0.0.1:{self.mail.port}?from=watcher@example.org"
                f"&to={self.name}@example.org&mode=insecure",
            ),
        ]
        feed = self.web.url(f"/{self.name}/feed", host=self.host)
        # One worker is enough for two pages, and each is a fork.
        self.config = write_config(self.folder, [feed], receivers, workers=1, terms=LEAN_TERMS)
        self.database = self.folder / "watcher.sqlite3"

    def publish(self, on_topic: int = 1, off_topic: int = 1) -> None:
        """Put new stories on the feed, which shows the newest forty."""
        at = datetime.now(UTC).replace(microsecond=0) + self.ahead - timedelta(hours=1)
        for kind, count in ((True, on_topic), (False, off_topic)):
            for _ in range(count):
                self.stories.append(Story(number=len(self.stories), on_topic=kind, at=at))
        items = ""
        for story in self.stories[-40:]:
            link = self.web.serve(f"/{self.name}/{story.number}", _page(story), host=self.host)
            items += (
                f"<item><title>{escape(story.title)}</title><link>{link}</link>"
                f"<pubDate>{format_datetime(story.at)}</pubDate></item>"
            )
        self.web.serve(
            f"/{self.name}/feed",
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>{self.name}</title>'
            f"<link>http://courier.example/</link><description>d</description>{items}"
            "</channel></rss>",
            content_type="application/rss+xml",
            etag=f'"{len(self.stories)}"',
            host=self.host,
        )

    def die(self, kill: Kill) -> Ending:
        """A pass that is killed, if it gets as far as that; remembers what it was sending."""
        ending = run_pass(self.config, ahead=self.ahead, kill=kill)
        assert not ending.error, f"{self.name} {kill}: {ending.error}"
        if not ending.killed and kill.at != "time":
            assert ending.seen.get(kill.at, 0) < kill.n, f"{self.name} outlived {kill}"
        if ending.killed:
            self.kills += 1
            self.died_at.add(kill)
            self.sending |= self._in_state("sending")
        return ending

    def recover(self) -> None:
        """Pass after pass until nothing more happens."""
        for _ in range(5):
            self.ahead += RECOVERED
            before = self.arrivals()
            ending = run_pass(self.config, ahead=self.ahead)
            assert ending.code == 0, ending
            assert not ending.error, f"{self.name}: {ending.error}"
            if self.arrivals() == before and not self._unfinished():
                return
        raise AssertionError(f"{self.name}: still not at rest: {self._unfinished()}")

    def settle(self) -> None:
        """Everything that was published and is on topic arrived everywhere; nothing else did."""
        on_topic = {story.title for story in self.stories if story.on_topic}
        with closing(sqlite3.connect(self.database)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            hits = {
                row[0]
                for row in db.execute(
                    "SELECT a.title FROM hits h JOIN articles a ON a.id = h.article_id "
                    "WHERE h.kind = 'hit'"
                )
            }
            untold = db.execute(
                "SELECT s.headline FROM stories s WHERE s.id NOT IN "
                "(SELECT story_id FROM alerts WHERE story_id IS NOT NULL)"
            ).fetchall()
            rows = db.execute("SELECT id, receiver, state FROM deliveries").fetchall()
            bare = db.execute(
                "SELECT id FROM alerts WHERE (SELECT count(*) FROM deliveries d "
                "WHERE d.alert_id = alerts.id) <> 2"
            ).fetchall()
            empty = db.execute(
                "SELECT id FROM stories WHERE id NOT IN (SELECT story_id FROM hits)"
            ).fetchall()
        assert hits == on_topic
        assert (untold, bare, empty) == ([], [], []), self.name
        assert {row[2] for row in rows} <= {"sent"}
        arrived = self.arrivals()
        self.repeats = 0
        for delivery, receiver, _state in rows:
            copies = arrived.pop((receiver, delivery), 0)
            assert copies >= 1, f"{self.name}: delivery {delivery} never reached {receiver}"
            if copies > 1:
                assert delivery in self.sending, f"{self.name}: {delivery} came {copies} times"
                self.repeats += copies - 1
        assert not arrived, f"{self.name}: nobody knows {arrived}"
        assert self._told <= on_topic

    def arrivals(self) -> Counter[tuple[str, int]]:
        """How often each receiver got each delivery."""
        path, address = f"/hook/{self.name}", f"{self.name}@example.org"
        requests = self.hook.receipts[self._read_requests :]
        letters = self.mail.receipts[self._read_letters :]
        self._read_requests += len(requests)
        self._read_letters += len(letters)
        for receipt in requests:
            if receipt.path == path:
                self._arrived.update(("hook", delivery) for delivery in receipt.delivery_ids)
                lines = receipt.json["watcher"]["deliveries"]
                self._told.update(str(line["title"]) for line in lines)
        for letter in letters:
            if address in letter.recipients:
                self._arrived.update(("mail", delivery) for delivery in letter.delivery_ids)
        return Counter(self._arrived)

    def _in_state(self, state: str) -> set[int]:
        if not self.database.exists():
            return set()
        with closing(sqlite3.connect(self.database)) as db:
            tables = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'").fetchall()
            query = "SELECT id FROM deliveries WHERE state = ?"
            return {row[0] for row in db.execute(query, (state,))} if tables else set()

    def _unfinished(self) -> list[tuple[str, int]]:
        """Work that waits or is leased; unreadable pages that wait for their retry don't count."""
        with closing(sqlite3.connect(self.database)) as db:
            return [
                (kind, row[0])
                for kind, query in {
                    "entry": "SELECT id FROM entries WHERE state IN ('new', 'read') OR lease_until > 0",
                    "article": "SELECT id FROM articles WHERE next_score_at IS NOT NULL",
                    "delivery": "SELECT id FROM deliveries WHERE next_try_at IS NOT NULL",
                    "feed": "SELECT id FROM feeds WHERE lease_until IS NOT NULL",
                }.items()
                for row in db.execute(query)
            ]


LEAN_TERMS = {group: terms[:4] for group, terms in TERMS.items()}


def _page(story: Story) -> str:
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in story.text.split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(story.title)}'
        f"</title></head><body><main><article><h1>{escape(story.title)}</h1>{paragraphs}"
        "</article></main></body></html>"
    )
