"""Learn the default weights of relevance from the project's own labelled articles.

    python benchmarks/learn_weights.py            # shows the weights and how they do, in the open
    python benchmarks/learn_weights.py --write    # and puts them into watcher/relevance/data

Three topics are learned from together, so that no weight knows a topic, and the first one also as
users would have it who wrote only five terms or half of them: articles to come are worded otherwise
than those the terms were made on. Deterministic. The figures "of stories not learned from" come from
five folds by story; those of a file "left out", and their mean, are of weights learned without that
file; those "of a topic not learned from" leave a whole topic out.
``../shared/relevance/dev.jsonl`` is only ever measured, where it is present.
"""

from __future__ import annotations

import argparse
import json
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from watcher.config import load
from watcher.model import ArticleText, SeedData, TopicId, TopicSpec
from watcher.relevance import Scorer, compile_profile
from watcher.relevance.evaluate import ON_TOPIC, RELATED, average_precision, recall_at_precision
from watcher.relevance.fit import Example, fit, logit, squash
from watcher.relevance.weights import PRIOR, WEIGHTS_FILE

ROOT = Path(__file__).parents[1]
EVAL = ROOT / "tests" / "eval"
DEV = ROOT.parent / "shared" / "relevance" / "dev.jsonl"
FEW_TERMS = {
    "place": ("South Ossetia", "Южн* Осети*"),
    "person": ("Bibilov", "Бибилов*"),
    "event": ("referendum", "annex*", "референдум*"),
}
STRENGTH = 1.0
"""Of the prior: each weight's own step of one costs half a point of log loss."""
RELATED_COUNTS, FEWER_TERMS_COUNT, POSITIVES_COUNT = 0.5, 0.3, 2.25
ORDINARY = Example(features={}, positive=False, weight=20.0)
"""The articles that say nothing of a topic, which are nearly all, and hardly any of these files."""
FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled article with its features."""

    view: str
    file: str
    row: Mapping[str, Any]
    example: Example


def config_spec(config: Path, terms: Mapping[str, tuple[str, ...]] | None = None) -> TopicSpec:
    """The first topic of a configuration, with its own terms or others."""
    spec = load(config, environ={}).topics[0]
    return replace(spec, terms=terms) if terms else spec


def half_the_terms(groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Every other term, as of a user to whom half the wordings that will come have not occurred."""
    return {
        group: tuple(t for t in terms if group.startswith("!") or zlib.crc32(t.encode()) % 2)
        for group, terms in groups.items()
    }


def example_spec(name: str) -> TopicSpec:
    """One of the example topics beside the labelled articles."""
    folder = EVAL / "topics" / name
    terms = tomllib.loads((folder / "terms.toml").read_text())["terms"]
    return TopicSpec(
        id=TopicId(name),
        name=name,
        terms={group: tuple(some) for group, some in terms.items()},
        seeds=tuple(
            SeedData(name=path.name, text=path.read_text())
            for path in sorted((folder / "seeds").glob("*.txt"))
        ),
    )


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def judge(view: str, spec: TopicSpec, paths: Sequence[Path], weight: float = 1.0) -> list[Judged]:
    """Every labelled article of the files under one topic."""
    scorer = Scorer([compile_profile(spec)])
    judged = []
    for file, row in ((path.stem, row) for path in paths for row in read(path)):
        article = ArticleText(title=row["title"], text=row["text"], lang=row["lang"])
        positive = row["label"] == ON_TOPIC
        counts = RELATED_COUNTS if row["label"] == RELATED else POSITIVES_COUNT if positive else 1.0
        [features] = scorer.features(article)
        example = Example(features=features, positive=positive, weight=weight * counts)
        judged.append(Judged(view=view, file=file, row=row, example=example))
    return judged


class Figures(NamedTuple):
    """What a set of articles says of some weights."""

    ap: float
    f1: float
    precision: float
    recall: float
    recall_at_95: float
    related: float
    """Share of hits among label 2, which counts neither way."""

    def __str__(self) -> str:
        return (
            f"AP {self.ap:.3f}  F1 {self.f1:.3f}  P {self.precision:.3f}  R {self.recall:.3f}"
            f"  R@P95 {self.recall_at_95:.3f}  related {self.related:.2f}"
        )


def figures(judged: Sequence[Judged], weights: Sequence[Mapping[str, float]]) -> Figures:
    """What came of the weights, which are those of each article's fold."""
    pairs = [
        (squash(logit(w, j.example.features)), j.example.positive, j.row["label"])
        for j, w in zip(judged, weights, strict=True)
    ]
    counted = [(value, positive) for value, positive, label in pairs if label != RELATED]
    hits = [positive for value, positive in counted if value >= 0.5]
    positives = sum(positive for _, positive in counted)
    related = [value >= 0.5 for value, _, label in pairs if label == RELATED]
    return Figures(
        ap=average_precision(counted),
        f1=2 * sum(hits) / (len(hits) + positives),
        precision=sum(hits) / max(1, len(hits)),
        recall=sum(hits) / positives,
        recall_at_95=recall_at_precision(counted, 0.95),
        related=sum(related) / max(1, len(related)),
    )


def report(name: str, told: Figures) -> None:
    print(f"{name:58} {told}")


def report_by_set(everything: Sequence[Judged], view: str) -> None:
    """Each file of a view by weights that were learned without it, and the mean of the files."""
    told = {}
    for file in dict.fromkeys(j.file for j in everything if j.view == view):
        weights = learn([j for j in everything if j.file != file])
        judged = [j for j in everything if j.view == view and j.file == file]
        told[file] = figures(judged, [weights] * len(judged))
        report(f"{view}: {file} left out", told[file])
    mean = Figures(*(sum(some) / len(told) for some in zip(*told.values(), strict=True)))
    report(f"{view}: a file left out, mean", mean)


def learn(judged: Sequence[Judged]) -> dict[str, float]:
    return fit([ORDINARY, *(j.example for j in judged)], PRIOR, strength=STRENGTH)


def fold_of(judged: Judged) -> int:
    """All articles of one story are in one fold."""
    return zlib.crc32(str(judged.row.get("story") or judged.row["id"]).encode()) % FOLDS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="make these the default weights")
    parser.add_argument("--config", type=Path, default=ROOT / "config.toml")
    arguments = parser.parse_args()
    config = arguments.config
    first = sorted(EVAL.glob("south_ossetia*.jsonl"))
    views = {
        "south-ossetia": judge("south-ossetia", config_spec(config), first),
        "south-ossetia, few terms": judge(
            "south-ossetia, few terms", config_spec(config, FEW_TERMS), first, FEWER_TERMS_COUNT
        ),
        "south-ossetia, half the terms": judge(
            "south-ossetia, half the terms",
            config_spec(config, half_the_terms(config_spec(config).terms)),
            first,
            FEWER_TERMS_COUNT,
        ),
        "avian-flu": judge("avian-flu", example_spec("avian-flu"), [EVAL / "avian_flu.jsonl"]),
        "insolvency": judge("insolvency", example_spec("insolvency"), [EVAL / "insolvency.jsonl"]),
    }
    everything = [judged for view in views.values() for judged in view]
    weights = learn(everything)
    print(json.dumps({name: round(value, 3) for name, value in weights.items()}, indent=1))
    folds = [learn([j for j in everything if fold_of(j) != n]) for n in range(FOLDS)]
    for name, judged in views.items():
        told = figures(judged, [folds[fold_of(j)] for j in judged])
        report(f"{name}: of stories not learned from", told)
        if name.startswith("south-ossetia"):
            report_by_set(everything, name)
        rest = learn([j for j in everything if not j.view.startswith(name.partition(",")[0])])
        report(f"{name}: of a topic not learned from", figures(judged, [rest] * len(judged)))
    if DEV.exists():
        for name, spec in (
            ("dev", config_spec(config)),
            ("dev, few terms", config_spec(config, FEW_TERMS)),
        ):
            judged = judge(name, spec, [DEV])
            report(f"{name}: never learned from", figures(judged, [weights] * len(judged)))
    if arguments.write:
        rounded = {name: round(value, 3) for name, value in weights.items()}
        (ROOT / "watcher" / "relevance" / "data" / WEIGHTS_FILE).write_text(
            json.dumps(rounded, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
