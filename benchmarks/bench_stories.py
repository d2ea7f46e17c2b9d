"""What deciding one hit costs with many stored: key lookup in SQLite, parsing, comparing, what is
new, which stage. "In all" leaves out the fingerprint, which is made in workers. What the deciding
transaction reads and writes beside that is in ``bench_judging``.

    python benchmarks/bench_stories.py [--hits 100000] [--days 365] [--lookups 200]

The stored hits are variations of one topic's vocabulary, spread evenly over the days, so that the
window of five days holds hits/days x 5 of them and every key has the posting list it would have.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watcher.config import load
from watcher.model import ArticleText, HitId, StoryId
from watcher.pipeline.judging import EARLIER_STORIES
from watcher.stories import (
    Fingerprint,
    Member,
    TopicStatistics,
    detect_stage,
    fingerprint,
    group,
    novelty,
    search_keys,
)
from watcher.stories.grouping import STORY_WINDOW
from watcher.stories.novelty import Known, facts_of
from watcher.stories.whereabouts import whereabouts

CONFIG = Path(__file__).resolve().parent.parent / "config.toml"
NAMES = [
    "Anatoly Bibilov",
    "Alan Gagloyev",
    "Dmitry Peskov",
    "Maria Zakharova",
    "David Zalkaliani",
    "Eduard Kokoity",
    "Leonid Tibilov",
    "Sergei Menyailo",
    "Valery Kvarchia",
    "Emilia Gagieva",
    "Olesya Kochieva",
]
ACTS = [
    "signed a decree",
    "announced a referendum",
    "rejected the request",
    "met a delegation",
    "postponed the vote",
    "resigned from office",
    "ratified the treaty",
    "warned of sanctions",
    "opened a checkpoint",
    "dismissed the government",
    "condemned the attack",
    "closed the border",
    "released prisoners",
]
PLACES = [
    "Tskhinvali",
    "Moscow",
    "Tbilisi",
    "Sukhumi",
    "Brussels",
    "Washington",
    "Vladikavkaz",
    "Geneva",
]
MATTERS = [
    "gas supply",
    "the budget",
    "a military base",
    "pensions",
    "the school year",
    "a road tunnel",
]
CANDIDATES = """
    SELECT hits.id, hits.story, hits.seen, hits.fingerprint FROM (
        SELECT hit, COUNT(*) AS shared FROM keys
        WHERE key IN ({marks}) AND seen >= ? GROUP BY hit ORDER BY shared DESC LIMIT 24
    ) JOIN hits ON hits.id = hit
"""


def invented(rng: random.Random, at: datetime) -> ArticleText:
    """An article of about 150 words about one of many possible events of a topic."""
    who, other = rng.sample(NAMES, 2)
    surname = "".join(rng.choice("bdgklmnrstvz") + rng.choice("aeiou") for _ in range(3)).title()
    lead = f"{who} {rng.choice(ACTS)} in {rng.choice(PLACES)} on {at:%B} {at.day}, {surname} said."
    body = " ".join(
        f"{rng.choice(NAMES)} and {surname}ov {rng.choice(ACTS)} over {rng.choice(MATTERS)} "
        f"worth {rng.randint(100, 9_000)} in {rng.choice(PLACES)}, officials of South Ossetia said."
        for _ in range(7)
    )
    title = f"{who} {rng.choice(ACTS)} as {other} watches {surname}"
    return ArticleText(title=title, text=f"{lead}\n\n{body}", lang="en", published_at=at)


def filled(hits: int, days: int, now: datetime, rng: random.Random) -> sqlite3.Connection:
    """An in-memory store with its key index; only 2,000 articles are invented and then varied."""
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE hits (id INTEGER PRIMARY KEY, story INTEGER, seen INTEGER, fingerprint TEXT);"
        "CREATE TABLE keys (key TEXT, seen INTEGER, hit INTEGER, PRIMARY KEY (key, seen, hit))"
        " WITHOUT ROWID;"
    )
    models = [fingerprint(invented(rng, now - timedelta(hours=n))) for n in range(2_000)]
    packed = [(fp.to_json(), fp.keys) for fp in models]
    for number in range(hits):
        text, keys = packed[number % len(packed)]
        seen = int((now - timedelta(days=days) * (number / hits)).timestamp())
        database.execute("INSERT INTO hits VALUES (?, ?, ?, ?)", (number, number // 3, seen, text))
        database.executemany(
            "INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", [(key, seen, number) for key in keys]
        )
    database.commit()
    return database


def candidates(database: sqlite3.Connection, keys: tuple[str, ...], now: datetime) -> list[Member]:
    """The 24 stored hits of the window that share most keys."""
    since = int((now - STORY_WINDOW).timestamp())
    query = CANDIDATES.format(marks=", ".join("?" * len(keys)))
    return [
        Member(
            hit_id=HitId(hit),
            story_id=StoryId(story),
            fingerprint=Fingerprint.from_json(text),
            first_seen_at=datetime.fromtimestamp(seen, UTC),
        )
        for hit, story, seen, text in database.execute(query, (*keys, since))
    ]


def main() -> None:
    """Print medians and 95th percentiles of each step, in CPU time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hits", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--lookups", type=int, default=200)
    options = parser.parse_args()
    rng = random.Random(7)
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    database = filled(options.hits, options.days, now, rng)
    stats = TopicStatistics.of(fingerprint(invented(rng, now)) for _ in range(500))
    known = Known.of(invented(rng, now) for _ in range(20))
    earlier = [
        Known.of(invented(rng, now) for _ in range(3)).lasting() for _ in range(EARLIER_STORIES)
    ]
    topic = load(CONFIG, environ={}).topics[0]
    places = whereabouts(topic.terms)
    steps: dict[str, list[float]] = {
        name: []
        for name in ("fingerprint", "look up and parse", "group", "novelty", "stage", "in all")
    }
    for _ in range(options.lookups):
        article = invented(rng, now)
        started = time.process_time()
        fp = fingerprint(article)
        printed = time.process_time()
        near = candidates(database, search_keys(fp, stats), now)
        found = time.process_time()
        group(fp, near, now=now, statistics=stats)
        grouped = time.process_time()
        novelty(article, known.merged(*earlier))
        known.absorb(facts_of(article))
        judged = time.process_time()
        detect_stage(article, topic.stages, places)
        staged = time.process_time()
        steps["fingerprint"].append(printed - started)
        steps["look up and parse"].append(found - printed)
        steps["group"].append(grouped - found)
        steps["novelty"].append(judged - grouped)
        steps["stage"].append(staged - judged)
        steps["in all"].append(staged - printed)
    print(f"{options.hits} hits over {options.days} days, {options.lookups} lookups")
    for name, seconds in steps.items():
        ordered = sorted(seconds)
        high = ordered[int(0.95 * len(ordered))]
        print(
            f"{name:>18}: median {statistics.median(ordered) * 1e3:.2f} ms, p95 {high * 1e3:.2f} ms"
        )


if __name__ == "__main__":
    main()
