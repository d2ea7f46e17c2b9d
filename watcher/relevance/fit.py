"""Logistic regression that stays close to where it starts: a Gaussian prior around given weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

START = "start"
_STEPS = 60
_ENOUGH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Features of one article, what it is, and how much it counts."""

    features: Mapping[str, float]
    positive: bool
    weight: float = 1.0


def logit(points: Mapping[str, float], features: Mapping[str, float]) -> float:
    """The score before squashing."""
    return points[START] + sum(points[name] * value for name, value in features.items())


def squash(total: float) -> float:
    """0 to 1, without overflow."""
    if total >= 0:
        return 1 / (1 + math.exp(-min(total, 500.0)))
    grown = math.exp(max(total, -500.0))
    return grown / (1 + grown)


def fit(
    examples: Sequence[Example], prior: Mapping[str, float], *, strength: float
) -> dict[str, float]:
    """Weights of least loss: log loss plus strength/2 for each squared step away from the prior.

    No weight changes its sign, so that every feature keeps its meaning. Newton's method; exact to
    six places, deterministic.
    """
    names = list(prior)
    signs = {name: math.copysign(1.0, prior[name]) if prior[name] else 0.0 for name in names}
    rows = [
        (
            [1.0 if n == START else e.features.get(n, 0.0) for n in names],
            float(e.positive),
            e.weight,
        )
        for e in examples
    ]
    mean = [prior[name] for name in names]
    free = list(range(len(names)))
    weights = list(mean)
    for _ in range(_STEPS):
        step = _newton_step(rows, weights, mean, free, strength)
        weights = [w + d for w, d in zip(weights, step, strict=True)]
        for n, name in enumerate(names):
            if name != START and signs[name] * weights[n] < 0:
                weights[n] = 0.0
        if max(map(abs, step), default=0.0) < _ENOUGH:
            break
    return dict(zip(names, weights, strict=True))


_Rows = Sequence[tuple[list[float], float, float]]


def _newton_step(
    rows: _Rows,
    weights: Sequence[float],
    mean: Sequence[float],
    free: Sequence[int],
    strength: float,
) -> list[float]:
    size = len(weights)
    gradient = [strength * (weights[n] - mean[n]) for n in range(size)]
    curvature = [[strength if n == m else 0.0 for m in range(size)] for n in range(size)]
    for values, target, weight in rows:
        p = squash(sum(w * v for w, v in zip(weights, values, strict=True)))
        error, slope = weight * (p - target), weight * p * (1 - p)
        present = [n for n in free if values[n]]
        for n in present:
            gradient[n] += error * values[n]
            for m in present:
                curvature[n][m] += slope * values[n] * values[m]
    step = _solve(curvature, [-g for g in gradient])
    longest = max(map(abs, step), default=0.0)
    return [d * min(1.0, 2.0 / longest) for d in step] if longest else step


def _solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Gaussian elimination with pivoting; the matrix is positive definite, so there is a pivot."""
    size = len(right)
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for n in range(size):
        pivot = max(range(n, size), key=lambda m: abs(rows[m][n]))
        rows[n], rows[pivot] = rows[pivot], rows[n]
        for m in range(n + 1, size):
            factor = rows[m][n] / rows[n][n]
            if factor:
                rows[m] = [a - factor * b for a, b in zip(rows[m], rows[n], strict=True)]
    solved = [0.0] * size
    for n in range(size - 1, -1, -1):
        rest = sum(rows[n][m] * solved[m] for m in range(n + 1, size))
        solved[n] = (rows[n][size] - rest) / rows[n][n]
    return solved
