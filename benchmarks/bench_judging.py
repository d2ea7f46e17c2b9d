"""What a hit costs the deciding transaction, whole: every statement, every judgement, every write,
in a database of the default kind that holds many hits already.

    python benchmarks/bench_judging.py [--hits 100000] [--days 365] [--new 300]

``bench_stories`` times the judgements alone. Here the real ``Judge`` records new hits, one after
the other in transactions of eight as a pass does, and tells two receivers. A service that runs has
read the window's fingerprints as they came; one that was just started reads them again, and that
is what the first of the two tables shows.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_stories import CONFIG, invented
from sqlalchemy import event, insert

from watcher.config import load
from watcher.decide.schedule import ScheduleLimits
from watcher.model import ArticleText, ReceiverSpec, Score, TopicSpec
from watcher.pipeline.case import Case
from watcher.pipeline.context import Wishes
from watcher.pipeline.judging import Judge
from watcher.storage import ArticleData, ArticleRecord, Store
from watcher.storage.tables import articles, hits, stories, story_keys
from watcher.stories import fingerprint
from watcher.stories.novelty import Known, facts_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
IN_A_STORY = 3
AT_ONCE = 8
_BULK = 2_000


@dataclass(frozen=True, kw_only=True)
class Model:
    """An invented article with what is stored of it as a hit."""

    article: ArticleText
    fingerprint: str
    keys: tuple[str, ...]
    known: str


Newcomer = tuple[ArticleRecord, str]
"""An article that nothing was decided on yet, and its fingerprint."""


@dataclass
class Account:
    """What each hit of a run cost."""

    milliseconds: list[float] = field(default_factory=list)
    """Of CPU."""
    statements: list[int] = field(default_factory=list)
    said: int = 0

    def count(self, *_: object) -> None:
        """One more statement went to the database."""
        self.said += 1


def models(rng: random.Random, count: int) -> list[Model]:
    """Articles that the history is made of, over and over."""
    found = []
    for n in range(count):
        article = invented(rng, NOW - timedelta(hours=n))
        print_of = fingerprint(article)
        known = Known().absorb(facts_of(article))
        found.append(
            Model(
                article=article,
                fingerprint=print_of.to_json(),
                keys=print_of.keys,
                known=known.to_json(),
            )
        )
    return found


def _rows(made: list[Model], count: int, days: int, topic: str) -> Iterator[dict[str, Any]]:
    for n in range(count):
        at = NOW - timedelta(days=days) * ((count - n) / count)
        yield {"id": n + 1, "model": made[n % len(made)], "at": at, "topic": topic}


def fill(store: Store, made: list[Model], count: int, days: int, topic: str) -> None:
    """A history of so many hits, spread evenly over the days."""
    rows = _rows(made, count, days, topic)
    with store.decisions.deciding() as tx:
        while some := list(islice(rows, _BULK)):
            _fill(tx.connection, some)


def _fill(connection: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(
        insert(stories),
        [
            {
                "id": row["id"] // IN_A_STORY + 1,
                "topic": row["topic"],
                "headline": row["model"].article.title,
                "first_seen_at": row["at"],
                "last_seen_at": row["at"],
                "hits": IN_A_STORY,
                "publishers": 1,
                "known": row["model"].known,
            }
            for row in rows
            if row["id"] % IN_A_STORY == 0 or row["id"] == 1
        ],
    )
    connection.execute(
        insert(articles),
        [
            {
                "id": row["id"],
                "canonical_url": f"https://courier.example/{row['id']}",
                "url": f"https://courier.example/{row['id']}",
                "title": row["model"].article.title,
                "page_title": row["model"].article.title,
                "summary": "",
                "text": row["model"].article.text,
                "lang": "en",
                "author": "",
                "publisher": f"courier{row['id'] % 40}.example",
                "published_at": row["at"],
                "first_seen_at": row["at"],
                "partial": False,
                "backlog": False,
                "content_hash": str(row["id"]),
                "revision": 1,
                "scored_at": row["at"],
            }
            for row in rows
        ],
    )
    connection.execute(
        insert(hits),
        [
            {
                "id": row["id"],
                "topic": row["topic"],
                "article_id": row["id"],
                "story_id": row["id"] // IN_A_STORY + 1,
                "kind": "hit",
                "score": 90.0,
                "threshold": 50.0,
                "profile_version": "v1",
                "explanation": {},
                "fingerprint": row["model"].fingerprint,
                "partial": False,
                "first_seen_at": row["at"],
                "decided_at": row["at"],
                "checks": 0,
            }
            for row in rows
        ],
    )
    connection.execute(
        insert(story_keys),
        [
            {"hit_id": row["id"], "key": key, "topic": row["topic"], "at": row["at"]}
            for row in rows
            for key in row["model"].keys
        ],
    )


def newcomers(store: Store, rng: random.Random, count: int, name: str) -> list[Newcomer]:
    """New articles in the store, as reading leaves them, with the fingerprints of the workers."""
    found = [invented(rng, NOW) for _ in range(count)]
    stored = [
        ArticleData(
            canonical_url=f"https://{name}.example/{n}",
            urls=(),
            url=f"https://{name}.example/{n}",
            feed_id=None,
            title=article.title,
            summary="",
            text=article.text,
            lang="en",
            author="",
            publisher=f"herald{n % 40}.example",
            published_at=NOW,
            first_seen_at=NOW,
            fetched_at=NOW,
            partial=False,
            reason=None,
            backlog=False,
            content_hash=f"{name}{n}",
        )
        for n, article in enumerate(found)
    ]
    ids = store.articles.keep(stored)
    records = {record.id: record for record in store.articles.by_ids(ids)}
    return [
        (records[article_id], fingerprint(article).to_json())
        for article_id, article in zip(ids, found, strict=True)
    ]


def judged(store: Store, spec: TopicSpec, new: list[Newcomer], judge: Judge) -> Account:
    """Record these hits, with the account of each."""
    score = Score(topic=spec.id, value=90.0, threshold=50.0, profile_version="v1")
    receivers = (ReceiverSpec(name="a", url="json://a"), ReceiverSpec(name="b", url="json://b"))
    wishes = Wishes(feeds=(), topics=(spec,), receivers=receivers, limits=ScheduleLimits())
    account = Account()
    for start in range(0, len(new), AT_ONCE):
        with store.decisions.deciding() as tx:
            event.listen(tx.connection, "before_cursor_execute", account.count)
            for article, stored in new[start : start + AT_ONCE]:
                before, begun = account.said, time.process_time()
                earlier = tx.earlier(spec.id, article.id)
                case = Case(
                    spec=spec,
                    article=article,
                    score=score,
                    fingerprint=stored,
                    earlier=earlier,
                    now=NOW,
                )
                judge.record(tx, wishes, case)
                account.milliseconds.append((time.process_time() - begun) * 1e3)
                account.statements.append(account.said - before)
    return account


def main() -> None:
    """Print what a hit costs in CPU time, just after a start and later."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hits", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--new", type=int, default=300)
    options = parser.parse_args()
    rng = random.Random(7)
    spec = load(CONFIG, environ={}).topics[0]
    with TemporaryDirectory(prefix="watcher-judging-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'watcher.sqlite3'}")
        fill(store, models(rng, 2_000), options.hits, options.days, spec.id)
        judge = Judge()
        print(f"{options.hits} hits over {options.days} days; a hit costs")
        for what in ("just started", "running"):
            account = judged(store, spec, newcomers(store, rng, options.new, what[0]), judge)
            costs = sorted(account.milliseconds)
            high = costs[int(0.95 * len(costs))]
            print(
                f"{what:>14}: median {statistics.median(costs):.2f} ms, p95 {high:.2f} ms, "
                f"{statistics.median(account.statements):.0f} statements"
            )
        store.close()


if __name__ == "__main__":
    main()
