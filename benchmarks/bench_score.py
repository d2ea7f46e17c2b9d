"""CPU time of scoring one 400-word article for one topic and for fifty.

    python benchmarks/bench_score.py

The least of several runs is shown, beside a fixed loop in pure Python: on a busy machine compare
the ratio, not the milliseconds. Scorers are warm, as in a worker: the first article of a process
also loads the word statistics.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from watcher.model import ArticleText, SeedData, TopicId, TopicSpec
from watcher.relevance import Scorer, compile_profile

ROOT = Path(__file__).parents[1]
WORDS = 400
RUNS = 7


def first_topic() -> TopicSpec:
    topic = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))["topics"][0]
    return TopicSpec(
        id=TopicId(topic["id"]),
        name=topic["name"],
        terms={group: tuple(terms) for group, terms in topic["terms"].items()},
        seeds=tuple(
            SeedData(name=path.name, text=path.read_text(encoding="utf-8"))
            for path in sorted((ROOT / topic["seeds"]).glob("*.txt"))
        ),
    )


def another_topic(spec: TopicSpec, number: int) -> TopicSpec:
    """A topic of sixty terms, half of them found nowhere."""
    terms = {
        group: tuple(
            term if (n + number) % 2 else f"{term[:4]}{number}{term[4:]}"
            for n, term in enumerate(some[number % 7 :: 7][:20])
        )
        for group, some in spec.terms.items()
    }
    return TopicSpec(id=TopicId(f"{spec.id}-{number}"), name="", terms=terms, seeds=spec.seeds)


def articles(lang: str) -> list[ArticleText]:
    """Labelled articles of one language, each drawn out or cut to 400 words."""
    lines = (ROOT / "tests" / "eval" / "south_ossetia.jsonl").read_text(encoding="utf-8")
    made = []
    for row in (json.loads(line) for line in lines.splitlines() if line):
        if row["lang"] == lang and row["text"]:
            paragraphs = row["text"].split("\n")
            while sum(len(p.split()) for p in paragraphs) < WORDS:
                paragraphs += paragraphs
            text = " ".join("\n".join(paragraphs).split(" ")[:WORDS])
            made.append(ArticleText(title=row["title"], text=text, lang=lang))
    return made[:25]


def least(work: Callable[[], object]) -> float:
    """The least CPU time of some runs, in milliseconds."""
    times = []
    for _ in range(RUNS):
        begun = time.process_time()
        work()
        times.append(1000 * (time.process_time() - begun))
    return min(times)


def loop() -> int:
    total = 0
    for n in range(1_000_000):
        total += n % 7
    return total


def main() -> None:
    spec = first_topic()
    one = Scorer([compile_profile(spec)])
    fifty = Scorer([compile_profile(another_topic(spec, n)) for n in range(50)])
    for lang in ("en", "ru", "ka"):
        made = articles(lang)
        for name, scorer in (("1 topic", one), ("50 topics", fifty)):
            scorer.score(made[0])
            spent = least(lambda s=scorer, m=made: [s.score(a) for a in m]) / len(made)  # type: ignore[misc]
            print(f"{lang}  {name:9}  {spent:6.2f} ms an article   (loop {least(loop):.0f} ms)")


if __name__ == "__main__":
    main()
