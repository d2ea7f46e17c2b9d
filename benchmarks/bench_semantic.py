"""What sentence embeddings add to relevance, and what they cost: the same articles with and without.

    python benchmarks/bench_semantic.py FOLDER             # labelled articles, and CPU
    python benchmarks/bench_semantic.py FOLDER --news 1500 # and so many ordinary articles

FOLDER is a model as for ``[semantic] model``. Shown for the languages in which the model has a say,
for each topic as configured, with only five terms, and with nothing but its seeds: average
precision, F1 at the threshold, and how many of the on-topic articles without a telling word of the
topic are kept, as hits or near misses. Real news is ``../shared/corpora/news``, where it is present.

The weight of ``semantic`` (``weights.PRIOR``) is what the labelled articles ask for with
all-MiniLM-L6-v2, all other weights as they are, rounded; the line "weight" shows it. Run this again
when features change their meaning.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from learn_weights import DEV, EVAL, FEW_TERMS, ROOT, config_spec, example_spec, read

from watcher.model import ArticleText, Score, TopicSpec
from watcher.relevance import Scorer, evaluate
from watcher.relevance.fit import squash
from watcher.relevance.layout import lay_out
from watcher.relevance.weights import DEFAULTS
from watcher.workers.embedding import Embedder, load

NEAR_MISS = 15
TELLING = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled article, scored with and without the model."""

    row: Mapping[str, Any]
    without: Score
    with_model: Score
    wordless: bool
    """No telling word of the topic stands in it."""

    @property
    def points(self) -> float:
        """What the model said."""
        return sum(c.points for c in self.with_model.contributions if c.name == "semantic")


class Remembering:
    """A model that computes each sentence once, since the views share their articles."""

    def __init__(self, embed: Embedder) -> None:
        self.version = embed.version
        self._embed = embed
        self._known: dict[str, Any] = {}

    def __call__(self, texts: Sequence[str]) -> Any:
        for text in texts:
            if text not in self._known:
                self._known[text] = self._embed([text])[0]
        return np.stack([self._known[text] for text in texts])


def views() -> dict[str, tuple[TopicSpec, list[Path]]]:
    config = ROOT / "config.toml"
    first = sorted(EVAL.glob("south_ossetia*.jsonl"))
    avian, insolvency = example_spec("avian-flu"), example_spec("insolvency")
    found = {
        "south-ossetia": (config_spec(config), first),
        "avian-flu": (avian, [EVAL / "avian_flu.jsonl"]),
        "insolvency": (insolvency, [EVAL / "insolvency.jsonl"]),
        "south-ossetia, five terms": (config_spec(config, FEW_TERMS), first),
        "south-ossetia, seeds only": (replace(config_spec(config), terms={}), first),
        "avian-flu, seeds only": (replace(avian, terms={}), [EVAL / "avian_flu.jsonl"]),
        "insolvency, seeds only": (replace(insolvency, terms={}), [EVAL / "insolvency.jsonl"]),
    }
    if DEV.exists():
        found["dev"] = (config_spec(config), [DEV])
        found["dev, five terms"] = (config_spec(config, FEW_TERMS), [DEV])
        found["dev, seeds only"] = (replace(config_spec(config), terms={}), [DEV])
    return found


def judge(spec: TopicSpec, paths: Sequence[Path], embed: Remembering) -> list[Judged]:
    plain, full = Scorer.of([spec]), Scorer.of([spec], embed=embed)
    judged = []
    for row in (row for path in paths for row in read(path)):
        article = ArticleText(title=row["title"], text=row["text"], lang=row["lang"])
        [without], [with_model] = plain.score(article), full.score(article)
        [(_profile, evidence, _near)] = plain._weighed(lay_out(article))
        told = max((one.telling for one in evidence.seen), default=0.0)
        judged.append(
            Judged(
                row=row,
                without=without,
                with_model=with_model,
                wordless=told < TELLING,
            )
        )
    return judged


def report(name: str, judged: Sequence[Judged]) -> None:
    """A line for each language in which the model said anything."""
    for lang in sorted({j.row["lang"] for j in judged if j.points}):
        mine = [j for j in judged if j.row["lang"] == lang]
        rows = [j.row for j in mine]
        if not any(row["label"] == 3 for row in rows):
            continue
        before = evaluate(rows, [j.without for j in mine])
        after = evaluate(rows, [j.with_model for j in mine])
        lost = [j for j in mine if j.row["label"] == 3 and j.wordless]
        kept = [j for j in lost if j.with_model.value >= j.with_model.threshold - NEAR_MISS]
        seen = [j for j in lost if j.without.value >= j.without.threshold - NEAR_MISS]
        print(
            f"{name:26} {lang}  {len(rows):3} articles"
            f"  AP {before.average_precision:.3f} -> {after.average_precision:.3f}"
            f"  F1 {before.f1:.3f} -> {after.f1:.3f}"
            f"  P {before.precision:.2f} -> {after.precision:.2f}"
            f"  R {before.recall:.2f} -> {after.recall:.2f}"
            f"  without its words: {len(seen)} -> {len(kept)} of {len(lost)} kept"
        )


def wanted(judged: Sequence[Judged]) -> float:
    """The weight of least log loss, to a tenth."""

    def loss(weight: float) -> float:
        total = 0.0
        for j in judged:
            logit = sum(c.points for c in j.without.contributions)
            p = squash(logit + weight * j.points / DEFAULTS["semantic"])
            positive = j.row["label"] == 3
            total -= _log(p if positive else 1 - p) * (0.4 if j.row["label"] == 2 else 1.0)
        return total

    return min((n / 10 for n in range(101)), key=loss)


def _log(chance: float) -> float:

    return math.log(max(chance, 1e-12))


def news(embed: Embedder, most: int) -> None:
    """Real articles by their label; ordinary ones have none and no word of the topic."""
    sys.path.append(str(EVAL))
    from gate import news as labelled_news
    from labelled import article_of

    plain, full = (Scorer.of([config_spec(ROOT / "config.toml")], embed=e) for e in (None, embed))
    counts: dict[str, Counter[str]] = {}
    for row, label in labelled_news():
        count = counts.setdefault(label, Counter())
        if count["articles"] < most:
            [without], [with_model] = plain.score(article_of(row)), full.score(article_of(row))
            count["articles"] += 1
            count["model spoke"] += any(c.name == "semantic" for c in with_model.contributions)
            for name, score in (("without", without), ("with", with_model)):
                count[f"hits {name}"] += score.hit
                count[f"kept {name}"] += score.value >= score.threshold - NEAR_MISS
    for label, count in sorted(counts.items()):
        print(
            f"news, label {label:8}  {count['articles']:5} articles, the model spoke on"
            f" {count['model spoke']}; hits {count['hits without']} -> {count['hits with']};"
            f" hits and near misses {count['kept without']} -> {count['kept with']}"
        )


def cost(embed: Embedder) -> None:
    """CPU of articles of 400 words, English: scoring alone, and with the model."""
    from bench_score import articles, first_topic, least

    made = articles("en")[:8]
    for name, scorer in (
        ("without", Scorer.of([first_topic()])),
        ("with the model", Scorer.of([first_topic()], embed=embed)),
    ):
        scorer.score(made[0])
        spent = least(lambda s=scorer: [s.score(a) for a in made]) / len(made)  # type: ignore[misc]
        print(f"{name:15} {spent:7.2f} ms an article")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--news", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    begun = time.process_time()
    embed = load(arguments.folder)
    print(f"loaded in {time.process_time() - begun:.2f} s of CPU")
    remembering = Remembering(embed)
    everything = []
    for name, (spec, paths) in views().items():
        judged = judge(spec, paths, remembering)
        report(name, judged)
        if not name.startswith("dev"):
            everything += judged
    print(f"weight that these articles ask for (dev left out): {wanted(everything):.1f}")
    if arguments.news:
        news(embed, arguments.news)
    cost(embed)


if __name__ == "__main__":
    main()
