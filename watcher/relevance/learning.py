"""What verdicts teach: words, weights refitted close to the defaults, and recall by strata.

Relevant is an example for, irrelevant one against. Related says neither, and a duplicate is left
out: its twin has its verdict, and the same text on both sides of a fold would be learning by heart.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import ArticleText, TopicSpec, Verdict
from ..text.words import fold
from .evaluate import average_precision
from .fit import Example, fit, logit, squash
from .layout import lay_out
from .scorer import Scorer
from .seeds import stems_of
from .semantic import Embed
from .weights import MODEL_VERSION, Weights
from .wording import Example as WordExample
from .wording import learn_words, words_of

LEAST_JUDGED = 8
"""Under so many verdicts of either kind nothing is learned."""
PSEUDO_VERDICTS = 24
"""The defaults count as much as so many undecided verdicts on each feature would."""
FOLDS = 5
_CURVATURE = 0.25  # of the log loss of one verdict at even odds
_LESS_LOSS = 0.02  # share of the log loss that has to go
_MORE_F1 = 0.01
_MARGIN = 1e-9
_Z = 1.96  # 95 of 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well weights agree with verdicts; precision, recall and F1 at the topic's threshold."""

    log_loss: float
    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """Before and after. ``learned`` is for ``compile_profile``; it is JSON, None if refused."""

    learned: dict[str, Any] | None
    before: Figures | None
    after: Figures | None
    """On verdicts that the weights had not seen, fold by fold."""
    better: bool
    reason: str
    """Why the new weights are, or are not, to be taken; one line for people."""
    folds: int
    n_relevant: int
    n_irrelevant: int


def train(
    spec: TopicSpec,
    judged: Sequence[tuple[ArticleText, Verdict]],
    *,
    current: Mapping[str, Any] | None,
    embed: Embed | None = None,
) -> TrainReport:
    """Refit a topic's weights to verdicts; ``current`` is what was learned before, if anything.

    The present weights may have been fitted to most of these verdicts, the new ones are measured on
    verdicts they have not seen: that favours what is there, so that weights don't change for noise.
    """
    used = [
        (article, verdict is Verdict.RELEVANT)
        for article, verdict in judged
        if verdict in (Verdict.RELEVANT, Verdict.IRRELEVANT)
    ]
    relevant = sum(positive for _, positive in used)
    counts = {"n_relevant": relevant, "n_irrelevant": len(used) - relevant}
    if min(counts.values()) < LEAST_JUDGED:
        return TrainReport(
            learned=None, before=None, after=None, better=False, folds=0, reason=_few(counts),
            **counts,
        )  # fmt: skip
    # By content, so that neither the order of verdicts nor a repeated one moves a figure.
    used.sort(key=lambda pair: (_heading(pair[0]), pair[0].text, pair[1]))
    outcomes = [positive for _, positive in used]
    before = _measure(
        _logits(_taught(spec, current, {}, embed), Weights.from_learned(_all(spec, current)), used),
        outcomes,
        spec.threshold,
    )
    words, given = _words_without(spec, used), Weights.from_learned(spec.learned)
    rows: list[_Row] = []
    for n in range(FOLDS):
        scorer = _taught(spec, current, words[n], embed)
        rows += [
            (n, _features(scorer, article), positive)
            for article, positive in used
            if _fold_of(article) == n
        ]
    after = _measure(_held_out(rows, given), [positive for _, _, positive in rows], spec.threshold)
    better, reason = _verdict(before, after)
    weights = _refit([(f, positive) for _, f, positive in rows], given)
    return TrainReport(
        learned={**_learned(weights, counts), **words[FOLDS]},
        before=before, after=after, better=better, reason=reason, folds=FOLDS, **counts,
    )  # fmt: skip


def _all(spec: TopicSpec, current: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**spec.learned, **(current or {})}


def _taught(
    spec: TopicSpec,
    current: Mapping[str, Any] | None,
    words: Mapping[str, Any],
    embed: Embed | None,
) -> Scorer:
    """A scorer of what was learned so far, with other words."""
    return Scorer.of([spec], {spec.id: {**(current or {}), **words}}, embed)


def _logits(scorer: Scorer, weights: Weights, used: Sequence[_Used]) -> list[float]:
    return [logit(weights.points, _features(scorer, article)) for article, _ in used]


def _words_without(spec: TopicSpec, used: Sequence[_Used]) -> list[dict[str, Any]]:
    """The words that verdicts teach: without those of each fold in turn, and last from all. They go
    on from what the topic was given, not from what the same verdicts taught before."""
    given = words_of(spec.learned)
    examples = [
        (
            _fold_of(article),
            WordExample(stems=stems_of(lay_out(article)), positive=positive),
        )
        for article, positive in used
    ]
    return [
        learn_words((example for at, example in examples if at != n), given)
        for n in range(FOLDS + 1)
    ]


_Used = tuple[ArticleText, bool]
_Row = tuple[int, dict[str, float], bool]


def _few(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['n_relevant']} relevant and {counts['n_irrelevant']} irrelevant verdicts: "
        f"{LEAST_JUDGED} of each are needed"
    )


def _features(scorer: Scorer, article: ArticleText) -> dict[str, float]:
    [features] = scorer.features(article)
    return features


def _heading(article: ArticleText) -> str:
    return " ".join(fold(article.title or article.text[:200]).split())


def _fold_of(article: ArticleText) -> int:
    """By title, so that reprints under one headline are never on both sides."""
    return hashlib.sha256(_heading(article).encode("utf-8", "replace")).digest()[0] % FOLDS


def _refit(examples: Sequence[tuple[dict[str, float], bool]], given: Weights) -> dict[str, float]:
    return fit(
        [Example(features=features, positive=positive) for features, positive in examples],
        given.points,
        strength=PSEUDO_VERDICTS * _CURVATURE,
    )


def _held_out(rows: Sequence[_Row], given: Weights) -> list[float]:
    """The logit of each row under weights fitted without its fold."""
    fitted = {
        n: _refit([(features, positive) for at, features, positive in rows if at != n], given)
        for n in {row[0] for row in rows}
    }
    return [logit(fitted[at], features) for at, features, _ in rows]


def _learned(weights: Mapping[str, float], counts: Mapping[str, int]) -> dict[str, Any]:
    rounded = {name: round(value, 4) for name, value in weights.items()}
    return {"model": MODEL_VERSION, "weights": rounded, "verdicts": dict(counts)}


def _measure(logits: Sequence[float], outcomes: Sequence[bool], threshold: float) -> Figures:
    chances = [squash(total) for total in logits]
    told = [positive for p, positive in zip(chances, outcomes, strict=True) if 100 * p >= threshold]
    right, relevant = sum(told), sum(outcomes)
    losses = [
        -math.log(max(p if positive else 1 - p, 1e-12))
        for p, positive in zip(chances, outcomes, strict=True)
    ]
    return Figures(
        log_loss=sum(losses) / len(losses),
        precision=right / len(told) if told else 0.0,
        recall=right / relevant,
        f1=2 * right / (len(told) + relevant),
        average_precision=average_precision(list(zip(chances, outcomes, strict=True))),
    )


def _verdict(before: Figures, after: Figures) -> tuple[bool, str]:
    if after.f1 < before.f1 - _MARGIN:
        return False, "F1 at the threshold would be worse"
    if after.log_loss > before.log_loss + _MARGIN:
        return False, "the log loss would be worse"
    less = after.log_loss <= (1 - _LESS_LOSS) * before.log_loss - _MARGIN
    if after.f1 >= before.f1 + _MORE_F1 or less:
        return True, "better on verdicts that the new weights had not seen"
    return False, "no better than the present weights by a margin that counts"


# --------------------------------------------------------------------------------- recall


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A kind of decision: how many articles it stands for, how many of them were judged."""

    name: str
    population: int
    """For a sample, all rejects that it was drawn from."""
    judged: int
    relevant: int

    def __post_init__(self) -> None:
        if not 0 <= self.relevant <= self.judged <= self.population:
            raise ValueError(f"{self.name}: {self.relevant}/{self.judged}/{self.population}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallEstimate:
    """Of all relevant articles, the share that became hits, with an interval of 95 of 100.

    None where a kind that has articles has no verdict: those are named by ``unjudged``.
    """

    recall: float | None
    low: float | None
    high: float | None
    strata: tuple[Stratum, ...]
    unjudged: tuple[str, ...] = ()


def estimate_recall(hits: Stratum, *missed_kinds: Stratum) -> RecallEstimate:
    """Relevant hits over relevant articles of all kinds, each kind's share by its own verdicts.

    The intervals of the kinds (Wilson 1927, with finite population correction) are joined at their
    far ends, so the whole is wider than 95 of 100 asks: an estimate to rely on, not to admire.
    """
    strata = (hits, *missed_kinds)
    unjudged = tuple(s.name for s in strata if s.population and not s.judged)
    found, found_low, found_high = _relevant(hits)
    missed, missed_low, missed_high = map(
        sum, zip((0.0, 0.0, 0.0), *map(_relevant, missed_kinds), strict=True)
    )
    if unjudged or found + missed == 0:
        return RecallEstimate(recall=None, low=None, high=None, strata=strata, unjudged=unjudged)
    return RecallEstimate(
        recall=found / (found + missed),
        low=_part(found_low, missed_high),
        high=_part(found_high, missed_low),
        strata=strata,
    )


def _part(found: float, missed: float) -> float:
    return found / (found + missed) if found + missed else 0.0


def _relevant(stratum: Stratum) -> tuple[float, float, float]:
    """How many of its articles are relevant: estimate, low, high."""
    size, n = stratum.population, stratum.judged
    if not n:
        return 0.0, 0.0, float(size)
    share = stratum.relevant / n
    low, high = wilson(stratum.relevant, n)
    left = math.sqrt((size - n) / (size - 1)) if size > 1 else 0.0
    return (
        size * share,
        size * (share - left * (share - low)),
        size * (share + left * (high - share)),
    )


def wilson(right: int, n: int) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), 95 of 100."""
    share, scale = right / n, 1 + _Z * _Z / n
    middle = (share + _Z * _Z / (2 * n)) / scale
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n)) / scale
    return max(0.0, min(share, middle - spread)), min(1.0, max(share, middle + spread))
