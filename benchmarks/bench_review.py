"""How fast the review commands answer on an old, large database.

``python benchmarks/bench_review.py FOLDER [--entries 1000000] [--hits 100000]`` writes a database
into FOLDER (once; it is used again) and runs the installed program on it. Every figure is of the
whole process: CPU seconds, user and system, and peak resident memory.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from watcher.model import HitKind, Verdict
from watcher.storage import Store
from watcher.storage.tables import (
    alerts,
    article_urls,
    articles,
    deliveries,
    entries,
    feeds,
    hits,
    stories,
)
from watcher.text.query import terms

CPU_LIMIT = 1.0
MEMORY_LIMIT = 150.0
TOPIC = "south-ossetia"
SENTENCES = {
    "en": [
        "South Ossetia's leader Anatoly Bibilov said a referendum on joining Russia would be held.",
        "Officials in Tskhinvali declined to name a date, citing legal procedures.",
        "Georgia's foreign ministry called the announcement unacceptable.",
        "Analysts doubt that Moscow is ready for annexation at this point.",
    ],
    "ru": [
        "Президент Южной Осетии Анатолий Бибилов заявил о подготовке референдума.",
        "В Кремле сообщили, что не предпринимали никаких действий по этому вопросу.",
        "Парламент республики рассмотрит законопроект о вхождении в состав России.",
        "Эксперты сомневаются, что вопрос будет решён до конца года.",
    ],
    "ka": [
        "სამხრეთ ოსეთის დე ფაქტო პრეზიდენტმა ანატოლი ბიბილოვმა რეფერენდუმის შესახებ ისაუბრა.",
        "საქართველოს საგარეო საქმეთა სამინისტრომ განცხადება დაგმო.",
    ],
    "de": [
        "Südossetiens Führung kündigt ein Referendum über den Anschluss an Russland an.",
        "Die Regierung in Tiflis sprach von einem Bruch des Völkerrechts.",
    ],
    "zh": ["南奥塞梯将举行公投，决定是否加入俄罗斯联邦。", "格鲁吉亚外交部谴责了这一声明。"],
    "ar": ["أعلن زعيم أوسيتيا الجنوبية أناتولي بيبيلوف عن استفتاء للانضمام إلى روسيا."],
    "he": ["מנהיג דרום אוסטיה הודיע על משאל עם בנושא הצטרפות לרוסיה."],
    "ja": ["南オセチアのビビロフ大統領は、ロシアへの編入を問う住民投票を行うと述べた。"],
}
NAMES = ["Kokoity", "Медоев", "Gagloev", "Peskov", "Песков", "Zakharova", "Garibashvili", "Çelik"]
MARKS = ["", "", "", "", "🇬🇪 ", "⚡️ ", "🔥🔥 "]


SPLIT = re.compile(r"(?<=[.。]) |\n\n")


@cache
def _terms(part: str, lang: str) -> str:
    return " ".join(terms(part, lang))


def generate(folder: Path, entry_count: int, hit_count: int) -> str:
    """Write the database, unless it is there; returns its address."""
    path = folder / "watcher.sqlite3"
    url = f"sqlite:///{path}"
    if path.exists():
        return url
    store = Store(url)
    source = random.Random(7)
    now = datetime.now(UTC)
    connect = store._database.writing
    with connect() as connection:
        _feeds(connection, source, now)
    numbers = iter(range(1, hit_count + 1))
    done = 0
    while block := list(islice(numbers, 2000)):
        with connect() as connection:
            _hits(connection, source, now, block, hit_count)
        done += len(block)
        print(f"\r{done} hits", end="", file=sys.stderr)
    rows = _entries(source, now, entry_count, hit_count)
    done = 0
    while block := list(islice(rows, 20_000)):
        with connect() as connection:
            connection.execute(insert(entries), block)
        done += len(block)
        print(f"\r{done} entries", end="", file=sys.stderr)
    print(file=sys.stderr)
    store.close()
    return url


def _feeds(connection: Connection, source: random.Random, now: datetime) -> None:
    for number in range(1, 301):
        failing = number % 25 == 0
        connection.execute(
            insert(feeds).values(
                id=number,
                url=f"https://news{number}.example/rss",
                name=f"News {number}",
                publisher=f"news{number}.example",
                origin="cli",
                kind="feed",
                settings={},
                state="failing" if failing else "ok",
                next_poll_at=now + timedelta(minutes=source.randint(-3, 600)),
                last_polled_at=now - timedelta(minutes=source.randint(1, 600)),
                last_new_at=now - timedelta(hours=source.randint(1, 60)),
                last_error="timeout" if failing else None,
                last_error_detail="no answer within 30 s" if failing else None,
                failures=4 if failing else 0,
                schedule={},
            )
        )


def _hits(
    connection: Connection,
    source: random.Random,
    now: datetime,
    block: Sequence[int],
    total: int,
) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (articles, article_urls, stories, hits, alerts, deliveries)
    }
    for number in block:
        _one_hit(rows, source, now, number, total)
    for table, values in rows.items():
        if values:
            connection.execute(insert(table), values)
    # What index_article would write, from the terms of each sentence made once.
    connection.execute(
        text("INSERT INTO search_index (rowid, title, body, hash) VALUES (:id, :title, :body, '')"),
        [
            {
                "id": row["id"],
                "title": _terms(row["title"], row["lang"]),
                "body": " ".join(_terms(part, row["lang"]) for part in SPLIT.split(row["text"])),
            }
            for row in rows[articles]
        ],
    )


def _one_hit(
    rows: dict[Any, list[dict[str, Any]]],
    source: random.Random,
    now: datetime,
    number: int,
    total: int,
) -> None:
    lang = source.choice(list(SENTENCES))
    at = now - timedelta(minutes=(total - number) * 10 + source.randint(0, 9))
    paragraph = lambda: " ".join(  # noqa: E731
        f"{source.choice(SENTENCES[lang])} {source.choice(NAMES)} {source.randint(1, 999)}."
        for _ in range(4)
    )
    title = source.choice(MARKS) + source.choice(SENTENCES[lang])
    publisher = f"news{source.randint(1, 300)}.example"
    url = f"https://{publisher}/{number}"
    body = "\n\n".join(paragraph() for _ in range(6))
    rows[articles].append(
        {
            "id": number, "canonical_url": url, "url": url, "feed_id": source.randint(1, 300),
            "title": title, "page_title": title, "summary": title, "text": body, "lang": lang, "author": "",
            "publisher": publisher, "published_at": at, "first_seen_at": at, "fetched_at": at,
            "partial": number % 40 == 0, "reason": "paywall" if number % 40 == 0 else None,
            "backlog": False, "content_hash": str(number), "revision": 1,
        }
    )  # fmt: skip
    rows[article_urls].append({"url": url, "article_id": number})
    story = (number + 4) // 5
    if number % 5 == 1:
        rows[stories].append(
            {
                "id": story, "topic": TOPIC, "headline": title, "first_seen_at": at,
                "last_seen_at": at + timedelta(hours=2), "hits": 5, "publishers": 5, "known": "",
            }
        )  # fmt: skip
    word = body.split()[1]
    score = source.uniform(50, 99)
    near = number % 10 == 0
    reviewed = number < total * 0.9 and source.random() < 0.8
    rows[hits].append(
        {
            "id": number, "topic": TOPIC if number % 3 else "rates", "article_id": number,
            "story_id": None if near else story, "kind": HitKind.NEAR_MISS if near else HitKind.HIT,
            "score": score - 35 if near else score, "threshold": 50.0, "profile_version": "v1",
            "explanation": {
                "contributions": [
                    {"name": "person", "points": 2.6, "evidence": word,
                     "spans": [["text", body.find(word), body.find(word) + len(word)]]},
                    {"name": "place", "points": 1.9, "evidence": word, "spans": []},
                    {"name": "words", "points": 0.7, "evidence": "", "spans": []},
                    {"name": "bias", "points": -3.0, "evidence": "", "spans": []},
                ],
                "matched": [word], "missing": ["event"], "sentences": [],
            },
            "fingerprint": "x" * 1200, "partial": number % 40 == 0, "first_seen_at": at,
            "decided_at": at, "checks": 0,
            "verdict": source.choice(list(Verdict)) if reviewed else None,
        }
    )  # fmt: skip
    if number % 5 == 1 and not near:
        rows[alerts].append(
            {
                "id": number, "once": f"new-hit:{number}", "topic": TOPIC, "story_id": story,
                "hit_id": number, "reason": "new-hit", "detail": "", "score": score,
                "publishers": 1, "created_at": at,
            }
        )  # fmt: skip
        dead = number % 997 == 1
        rows[deliveries].append(
            {
                "alert_id": number, "receiver": "desk", "state": "dead" if dead else "sent",
                "attempts": 1, "created_at": at, "sent_at": None if dead else at,
                "last_error": "550 no such user" if dead else None, "ambiguous": False,
            }
        )  # fmt: skip


def _entries(
    source: random.Random, now: datetime, count: int, hit_count: int
) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        lang = source.choice(list(SENTENCES))
        yield {
            "feed_id": source.randint(1, 300), "entry_key": f"{number:016x}",
            "url": f"https://news.example/{number}", "title": source.choice(SENTENCES[lang]),
            "summary": source.choice(SENTENCES[lang]), "content": "", "author": "", "lang": lang,
            "published_at": None, "content_hash": "h", "revision": 1, "backlog": False,
            "first_seen_at": now - timedelta(minutes=count - number),
            "state": "scored", "attempts": 1,
            "article_id": number if number <= hit_count else None,
        }  # fmt: skip


_LAUNCH = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                     file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


def measure(command: list[str]) -> tuple[float, float, float, int]:
    """CPU seconds, wall seconds, peak megabytes and exit code of a command."""
    started = time.monotonic()
    # Through a small process: memory of the one that forks would count as the command's own.
    answer = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCH, *command], capture_output=True, text=True, check=True
    )
    cpu, memory, code = answer.stdout.split()
    return float(cpu), time.monotonic() - started, int(memory) / 1024, int(code)


def main() -> None:
    """Generate, run, print a table; exit code 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--hits", type=int, default=100_000)
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    url = generate(wanted.folder, wanted.entries, wanted.hits)
    config = wanted.folder / "config.toml"
    config.write_text(
        f'[watcher]\ndatabase = "{url}"\n[fetch]\ncontact = "bench@example.org"\n'
        f'[[topics]]\nid = "{TOPIC}"\n[topics.terms]\nplace = ["South Ossetia"]\n'
        '[[feeds]]\nurl = "https://news.example/rss"\n',
        "utf-8",
    )
    program = [str(Path(sys.executable).with_name("watcher")), "-c", str(config)]
    slow = False
    for words in (
        ["--help"],
        ["hits", "list"],
        ["hits", "list", "--json", "--limit", "1000"],
        ["hits", "list", "--publisher", "news7.example", "--min-score", "90"],
        ["hits", "list", "--unreviewed", "--since", "30d"],
        ["hits", "show", str(wanted.hits // 2)],
        ["hits", "search", "Медоев референдум"],
        ["hits", "search", '"South Ossetia" -Peskov'],
        ["status"],
        ["doctor"],
    ):
        cpu, wall, memory, code = measure([*program, *words])
        over = words[0] != "doctor" and (cpu > CPU_LIMIT or memory > MEMORY_LIMIT)
        slow |= over
        print(
            f"{'OVER' if over else 'ok':4} cpu {cpu:5.2f} s  wall {wall:5.2f} s  {memory:5.0f} MB"
            f"  exit {code}  watcher {' '.join(words)}",
            flush=True,
        )
    sys.exit(slow)


if __name__ == "__main__":
    main()
