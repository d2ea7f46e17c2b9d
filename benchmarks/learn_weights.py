"""Learn the default weights of relevance, and what the first topic knows, from labelled articles.

    python benchmarks/learn_weights.py            # shows the weights and how they do, in the open
    python benchmarks/learn_weights.py --write    # and puts them into watcher/relevance/data and seeds/

The default weights are learned from three topics together, so that no weight knows a topic, and of the
first one (its first six files) also as users would have it who wrote only five terms or half of them: articles to come are
worded otherwise than those the terms were made on. They serve every topic that has learned nothing yet.

What the first topic is given besides is what verdicts would teach it: the words of articles on it and off
it, and weights of its own, from its labelled files. A row's words are always those of the other files, or a
weight would trust what was learned by heart.

Deterministic. The figures "of stories not learned from" come from five folds by story; those of a file
"left out", and their mean, are of weights (and words) learned without that file; those "of a topic not
learned from" leave a whole topic out. ``../shared/relevance/dev.jsonl`` is only ever measured, where it is
present.
"""

from __future__ import annotations

import argparse
import json
import math
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
from watcher.relevance.fit import START, Example, fit, logit, squash
from watcher.relevance.layout import lay_out
from watcher.relevance.seeds import Stems, stems_of
from watcher.relevance.weights import MODEL_VERSION, PRIOR, WEIGHTS_FILE
from watcher.relevance.wording import Example as WordExample
from watcher.relevance.wording import learn_words

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
MOSTLY_NAMED = 6
"""Of the first topic's files. The others ask for what names don't find: without words to find it by,
to learn from them would only lower the bar for all topics."""
MORE_ORDINARY = replace(ORDINARY, weight=120.0)
"""Where words can lift an article that names nothing."""
FOLDS = 5
LEAST = 0.05
NAMED, LEAST_NAMED = ("opening", "meeting in title", "meeting in lead", "groups"), 0.2
WORDED_COUNT, WORDLESS_COUNT = 1.0, 0.3
OWN, FEW, HALF = "south-ossetia", "south-ossetia, few terms", "south-ossetia, half the terms"
LANGS = ("en", "ru", "ka")
LEARNED = ROOT / "seeds" / "south-ossetia.json"
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled article with its features."""

    view: str
    file: str
    row: Mapping[str, Any]
    example: Example
    stems: Stems


def config_spec(config: Path, terms: Mapping[str, tuple[str, ...]] | None = None) -> TopicSpec:
    """The first topic of a configuration, with its own terms or others, and nothing learned yet."""
    spec = replace(load(config, environ={}).topics[0], learned={})
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
        stems = stems_of(lay_out(article))
        judged.append(Judged(view=view, file=file, row=row, example=example, stems=stems))
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


def figures(judged: Sequence[Judged], weights: Sequence[Weights]) -> Figures:
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


def report_by_set(name: str, judged: Sequence[Judged], weights: Mapping[str, Weights]) -> None:
    """Each file of a view by weights that were learned without it, and the mean of the files."""
    told = {}
    for file in dict.fromkeys(j.file for j in judged):
        mine = [j for j in judged if j.file == file]
        told[file] = figures(mine, [weights[file]] * len(mine))
        report(f"{name}: {file} left out", told[file])
    mean = Figures(*(sum(some) / len(told) for some in zip(*told.values(), strict=True)))
    report(f"{name}: a file left out, mean", mean)
    for lang in LANGS:
        mine = [j for j in judged if j.row["lang"] == lang]
        report(f"{name}: {lang}, its file left out", figures(mine, [weights[j.file] for j in mine]))


def learn(
    judged: Sequence[Judged], prior: Weights = PRIOR, ordinary: Example = ORDINARY
) -> Weights:
    """Weights of least loss; one of nothing keeps a little, or its sign would be free next time."""
    fitted = fit([ordinary, *(j.example for j in judged)], prior, strength=STRENGTH)
    return {
        name: value if name == START else math.copysign(max(LEAST, abs(value)), PRIOR[name])
        for name, value in fitted.items()
    }


def is_findable(judged: Judged) -> bool:
    """Whether there is anything to find an article by without words that verdicts teach. One that
    names nothing can only lower the bar for all others."""
    features = judged.example.features
    return not judged.example.positive or max(features[name] for name in NAMED) >= LEAST_NAMED


# ------------------------------------------------------------------- what the first topic knows


class Taught:
    """The first topic's articles under what the words of its other files say."""

    def __init__(self, judged: Sequence[Judged], specs: Mapping[str, TopicSpec]) -> None:
        self._judged = judged
        self._specs = specs
        self._views: dict[tuple[str, frozenset[str]], dict[str, Judged]] = {}
        self._words: dict[frozenset[str], dict[str, Any]] = {}

    def words(self, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        if without not in self._words:
            self._words[without] = learn_words(
                WordExample(
                    stems=j.stems,
                    positive=j.row["label"] == ON_TOPIC,
                    story=str(j.row.get("story") or ""),
                )
                for j in self._judged
                if j.file not in without and j.row["label"] != RELATED
            )
        return self._words[without]

    def view(self, name: str, *, without: str | None = None) -> list[Judged]:
        """A view's articles, each by the words of other files than its own and the one left out."""
        files = dict.fromkeys(j.file for j in self._judged)
        return [j for file in files for j in self._of_file(name, file, without or file)]

    def _of_file(self, name: str, file: str, other: str) -> list[Judged]:
        known = replace(self._specs[name], learned=self.words(frozenset({file, other})))
        weight = WORDED_COUNT if name == OWN else FEWER_TERMS_COUNT
        return judge(name, known, [EVAL / f"{file}.jsonl"], weight)


def fold_of(judged: Judged) -> int:
    """All articles of one story are in one fold."""
    return zlib.crc32(str(judged.row.get("story") or judged.row["id"]).encode()) % FOLDS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="make this what a watcher begins with")
    parser.add_argument("--config", type=Path, default=ROOT / "config.toml")
    arguments = parser.parse_args()
    config = arguments.config
    first = sorted(EVAL.glob("south_ossetia*.jsonl"))
    halved = half_the_terms(config_spec(config).terms)
    specs = {OWN: config_spec(config), HALF: config_spec(config, halved)}
    views = {
        OWN: judge(OWN, specs[OWN], first),
        FEW: judge(FEW, config_spec(config, FEW_TERMS), first, FEWER_TERMS_COUNT),
        HALF: judge(HALF, specs[HALF], first, FEWER_TERMS_COUNT),
        "avian-flu": judge("avian-flu", example_spec("avian-flu"), [EVAL / "avian_flu.jsonl"]),
        "insolvency": judge("insolvency", example_spec("insolvency"), [EVAL / "insolvency.jsonl"]),
    }
    indirect = {path.stem for path in first[MOSTLY_NAMED:]}
    everything = [j for view in views.values() for j in view if j.file not in indirect]
    weights = learn(everything)
    show("default weights", weights)
    folds = [learn([j for j in everything if fold_of(j) != n]) for n in range(FOLDS)]
    left_out = {path.stem: learn([j for j in everything if j.file != path.stem]) for path in first}
    for name, judged in views.items():
        told = figures(judged, [folds[fold_of(j)] for j in judged])
        report(f"{name}: of stories not learned from", told)
        if name.startswith(OWN):
            report_by_set(name, judged, left_out)
        rest = learn([j for j in everything if not j.view.startswith(name.partition(",")[0])])
        report(f"{name}: of a topic not learned from", figures(judged, [rest] * len(judged)))
    learned = teach(views[OWN], specs, weights, left_out)
    if DEV.exists():
        for name, spec, used in (
            ("dev", replace(specs[OWN], learned=learned), learned["weights"]),
            ("dev, few terms", config_spec(config, FEW_TERMS), weights),
        ):
            judged = judge(name, spec, [DEV])
            report(f"{name}: never learned from", figures(judged, [used] * len(judged)))
    if arguments.write:
        (ROOT / "watcher" / "relevance" / "data" / WEIGHTS_FILE).write_text(
            json.dumps(rounded(weights), indent=1) + "\n"
        )
        LEARNED.write_text(dumped(learned))


def teach(
    plain: Sequence[Judged],
    specs: Mapping[str, TopicSpec],
    weights: Weights,
    left_out: Mapping[str, Weights],
) -> dict[str, Any]:
    """What the first topic is given. Its weights are learned close to the default ones, and besides
    from its articles without any words, as they are in languages of which none were learned."""
    taught = Taught(plain, specs)
    wordless = [
        replace(j, example=replace(j.example, weight=WORDLESS_COUNT * j.example.weight))
        for j in plain
        if is_findable(j)
    ]

    def own_weights(prior: Weights, without: str | None = None) -> Weights:
        judged = [*wordless, *(j for name in specs for j in taught.view(name, without=without))]
        return learn([j for j in judged if j.file != without], prior, MORE_ORDINARY)

    known = own_weights(weights)
    show("what the first topic is given", known)
    without = {file: own_weights(prior, file) for file, prior in left_out.items()}
    for name in specs:
        report_by_set(f"{name}, taught", taught.view(name), without)
    return {"model": MODEL_VERSION, "weights": rounded(known), **taught.words()}


def rounded(weights: Weights) -> dict[str, float]:
    return {name: round(value, 3) for name, value in weights.items()}


def show(name: str, weights: Weights) -> None:
    print(f"{name}: {json.dumps(rounded(weights))}")


def dumped(learned: Mapping[str, Any]) -> str:
    """JSON with the words of each language in one long line: a line for each would be thousands."""
    packed = json.dumps(learned, ensure_ascii=False, separators=(",", ":"))
    return packed.replace('"stems":{', '"stems":{\n').replace("}},", "}},\n") + "\n"


if __name__ == "__main__":
    main()
