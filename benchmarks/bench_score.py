"""CPU time of scoring one 400-word article for one topic and for fifty.

    python benchmarks/bench_score.py

The one topic is the first of config.toml, with what was learned of it. A *known* article was
scored before, so that all of its words are remembered; before a *new* one only a few others were,
and it has words not met yet, which is what a service sees in its first minutes.

Each article counts for the least of several runs, and so does a fixed loop in pure Python that
runs in between: on a busy machine compare the share of the loop, not the milliseconds. What a
process does once (reading the word statistics, compiling topics) is left out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from watcher.config import load
from watcher.model import ArticleText, TopicId, TopicSpec
from watcher.relevance import Scorer, background, compile_profile, seeds
from watcher.text.words import stem

ROOT = Path(__file__).parents[1]
WORDS = 400
ARTICLES, MET = 30, 10
RUNS = 7


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
    """What the labelled articles of one language say, in pieces of 400 words, no two alike."""
    made: list[ArticleText] = []
    title, words = "", list[str]()
    for path in sorted((ROOT / "tests" / "eval").glob("south_ossetia*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if row["lang"] == lang and row["text"]:
                title = title or row["title"]
                words += [*row["text"].split(" "), "\n"]
            if len(words) >= WORDS:
                made.append(ArticleText(title=title, text=" ".join(words[:WORDS]), lang=lang))
                title, words = "", []
    return made[:ARTICLES]


def spent(work: Callable[[], object]) -> float:
    """CPU time in milliseconds."""
    begun = time.process_time_ns()
    work()
    return (time.process_time_ns() - begun) / 1e6


def loop() -> int:
    total = 0
    for n in range(100_000):
        total += n % 7
    return total


def measured(scorer: Scorer, made: Sequence[ArticleText], *, new: bool) -> tuple[float, float]:
    """Milliseconds for one article, and those of the loop."""
    times: list[list[float]] = [[] for _ in made]
    loops = []
    for _ in range(RUNS):
        if new:  # whatever is remembered of words is now of those of the first articles
            stem.cache_clear()
            seeds._telling.cache_clear()
            background._SCRIPTS.clear()
            scorer = Scorer(scorer.profiles)
            for article in made[:MET]:
                scorer.score(article)
        for article, known in zip(made, times, strict=True):
            known.append(spent(lambda a=article, s=scorer: s.score(a)))  # type: ignore[misc]
        loops.append(spent(loop))
    counted = [min(known) for known in times[MET:]]
    return sum(counted) / len(counted), min(loops)


def main() -> None:
    spec = load(ROOT / "config.toml", environ={}).topics[0]
    one = Scorer([compile_profile(spec)])
    fifty = Scorer([compile_profile(another_topic(spec, n)) for n in range(50)])
    for lang in ("en", "ru", "ka"):
        made = articles(lang)
        for name, scorer in (("1 topic", one), ("50 topics", fifty)):
            for kind in ("known", "new"):
                each, looped = measured(scorer, made, new=kind == "new")
                print(
                    f"{lang}  {name:9}  {kind:5}  {each:6.2f} ms an article,"
                    f" {each / looped:5.2f} of the loop ({looped:.2f} ms)",
                    flush=True,
                )


if __name__ == "__main__":
    main()
