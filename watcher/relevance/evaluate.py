"""Measures relevance on labelled articles: precision, recall, average precision, by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import Score

ON_TOPIC, RELATED = 3, 2
"""Labels: 3 is a positive, 0 and 1 are negatives, 2 is left out of precision and recall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReport:
    """What ``eval`` prints; ``to_json`` has exactly the keys of the interface contract."""

    topic: str
    n: int
    positives: int
    threshold: float
    precision: float
    recall: float
    f1: float
    average_precision: float
    recall_at_precision_95: float
    related_hit_rate: float
    by_language: Mapping[str, Mapping[str, float]]
    by_trap: Mapping[str, Mapping[str, float]]
    misses: tuple[str, ...]
    false_alarms: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, figures rounded to four places."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def evaluate(rows: Sequence[Mapping[str, Any]], scores: Sequence[Score]) -> EvalReport:
    """Compare labelled rows (``id, label``, perhaps ``lang`` and ``trap``) with their scores.

    Both in the same order. Raises ValueError for different lengths or without any row.
    """
    if len(rows) != len(scores) or not rows:
        raise ValueError(f"{len(rows)} rows but {len(scores)} scores")
    judged = [
        (row, score) for row, score in zip(rows, scores, strict=True) if row["label"] != RELATED
    ]
    related = [s for row, s in zip(rows, scores, strict=True) if row["label"] == RELATED]
    figures = _figures(judged)
    return EvalReport(
        topic=scores[0].topic,
        n=len(rows),
        threshold=scores[0].threshold,
        related_hit_rate=sum(s.hit for s in related) / len(related) if related else 0.0,
        by_language=_by(judged, "lang"),
        by_trap=_by(judged, "trap"),
        misses=tuple(str(r["id"]) for r, s in judged if _positive(r) and not s.hit),
        false_alarms=tuple(str(r["id"]) for r, s in judged if not _positive(r) and s.hit),
        **figures,
    )


_Judged = Sequence[tuple[Mapping[str, Any], Score]]


def _positive(row: Mapping[str, Any]) -> bool:
    return bool(row["label"] == ON_TOPIC)


def _by(judged: _Judged, key: str) -> dict[str, dict[str, float]]:
    values = sorted({str(row[key]) for row, _ in judged if row.get(key)})
    return {
        value: {
            "n": len(part),
            "false_alarms": sum(s.hit and not _positive(r) for r, s in part),
            "misses": sum(_positive(r) and not s.hit for r, s in part),
            **_figures(part),
        }
        for value in values
        if (part := [(r, s) for r, s in judged if str(r.get(key)) == value])
    }


def _figures(judged: _Judged) -> dict[str, Any]:
    pairs = [(score.value, _positive(row)) for row, score in judged]
    hits = [_positive(row) for row, score in judged if score.hit]
    positives = sum(positive for _, positive in pairs)
    precision = sum(hits) / len(hits) if hits else 0.0
    recall = sum(hits) / positives if positives else 0.0
    return {
        "positives": positives,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "average_precision": average_precision(pairs),
        "recall_at_precision_95": recall_at_precision(pairs, 0.95),
    }


def average_precision(pairs: Sequence[tuple[float, bool]]) -> float:
    """Mean of precision over recall steps; equal scores are one step, as in scikit-learn."""
    total = 0.0
    for gained, precision, _ in _steps(pairs):
        total += gained * precision
    return total


def recall_at_precision(pairs: Sequence[tuple[float, bool]], least: float) -> float:
    """The most recall at any threshold whose precision is at least this."""
    return max(
        (recall for _, precision, recall in _steps(pairs) if precision >= least), default=0.0
    )


def _steps(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, float]]:
    """Recall gained, precision and recall at each distinct score, from the highest down."""
    positives = sum(positive for _, positive in pairs)
    steps: list[tuple[float, float, float]] = []
    seen = found = 0
    before = 0.0
    ordered = sorted(pairs, key=lambda pair: -pair[0])
    for n, (value, positive) in enumerate(ordered):
        seen += 1
        found += positive
        if n + 1 < len(ordered) and ordered[n + 1][0] == value:
            continue
        recall = found / positives if positives else 0.0
        steps.append((recall - before, found / seen, recall))
        before = recall
    return steps
