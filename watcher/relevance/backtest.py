"""What a changed topic would have done on articles that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from watcher.model import ArticleId, Score, Verdict

LEAST_JUDGED = 8
"""Under so many verdicts of either kind no threshold is suggested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One stored article under the changed topic."""

    article_id: ArticleId
    seen_at: datetime
    score: Score
    was_hit: bool
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestReport:
    """Hits gained and lost, how many a day, and how well they match the verdicts."""

    articles: int
    days: float
    hits_before: int
    hits_after: int
    gained: tuple[Trial, ...]
    """Best first."""
    lost: tuple[Trial, ...]
    hits_per_day: float
    precision: float | None
    """On articles with a verdict; None where nothing was judged."""
    recall: float | None
    threshold: float | None
    """Suggested; None where too little was judged or the present one is as good."""


def backtest(trials: Sequence[Trial]) -> BacktestReport:
    """Compare what was decided with what the changed topic says."""
    after = [trial for trial in trials if trial.score.hit]
    gained = sorted((t for t in after if not t.was_hit), key=lambda t: -t.score.value)
    lost = [t for t in trials if t.was_hit and not t.score.hit]
    days = days_of(trials)
    judged = [
        (trial.score.value, trial.verdict is Verdict.RELEVANT)
        for trial in trials
        if trial.verdict in (Verdict.RELEVANT, Verdict.IRRELEVANT)
    ]
    present = trials[0].score.threshold if trials else 50.0
    precision, recall, _f1 = _figures(judged, present)
    return BacktestReport(
        articles=len(trials),
        days=days,
        hits_before=sum(trial.was_hit for trial in trials),
        hits_after=len(after),
        gained=tuple(gained),
        lost=tuple(sorted(lost, key=lambda t: t.score.value)),
        hits_per_day=len(after) / days,
        precision=precision,
        recall=recall,
        threshold=_better_threshold(judged, present),
    )


def days_of(trials: Sequence[Trial]) -> float:
    """Over how many days these were seen, at least one."""
    times = [trial.seen_at for trial in trials]
    return max((max(times) - min(times)).total_seconds() / 86400, 1.0) if times else 1.0


def _better_threshold(judged: Sequence[tuple[float, bool]], present: float) -> float | None:
    """The threshold with the best F1 on the verdicts, midway between two scores."""
    good = sum(relevant for _value, relevant in judged)
    if min(good, len(judged) - good) < LEAST_JUDGED:
        return None
    values = sorted({value for value, _relevant in judged})
    between = [round((low + high) / 2, 1) for low, high in pairwise(values)]
    best = max(between, key=lambda cut: (_figures(judged, cut)[2], -abs(cut - present)))
    return best if _figures(judged, best)[2] > _figures(judged, present)[2] + 0.01 else None


def _figures(
    judged: Sequence[tuple[float, bool]], cut: float
) -> tuple[float | None, float | None, float]:
    told = [relevant for value, relevant in judged if value >= cut]
    right, relevant = sum(told), sum(relevant for _value, relevant in judged)
    precision = right / len(told) if told else None
    recall = right / relevant if relevant else None
    both = len(told) + relevant
    return precision, recall, 2 * right / both if both else 0.0
