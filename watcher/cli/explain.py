"""One explanation of a score, for ``score``, ``hits show``, ``why`` and ``why-not``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from watcher.cli.output import say
from watcher.cli.screen import fit, indented, one_line, paint, width, wrap
from watcher.model import Score

BAR = 12


def score_json(score: Score) -> dict[str, Any]:
    """A score in the shape that the interface contract promises."""
    return {
        "topic": score.topic,
        "score": round(score.value, 2),
        "threshold": score.threshold,
        "hit": score.hit,
        "contributions": [
            {"name": c.name, "points": round(c.points, 4), "evidence": c.evidence}
            for c in score.contributions
        ],
        "profile_version": score.profile_version,
        "matched": list(score.matched),
        "missing": list(score.missing),
        "sentences": list(score.sentences),
    }


def print_score(score: Score, *, title: str) -> None:
    """Print score, verdict and the contributions as a small chart."""
    for line in score_lines(score, title=one_line(title), columns=min(width(), 120)):
        say(line)


def score_lines(score: Score, *, title: str, columns: int) -> Iterator[str]:
    """Score, verdict and the contributions as a small chart: what spoke for it, what against."""
    word = "hit" if score.hit else "no hit"
    yield (
        f"{title}: {paint(f'{score.value:.0f} of 100, {word}', 'bold')} (threshold "
        f"{score.threshold:g}, profile {one_line(score.profile_version)})"
    )
    largest = max((abs(c.points) for c in score.contributions), default=1.0) or 1.0
    names = min(20, max((len(one_line(c.name)) for c in score.contributions), default=1))
    for c in sorted(score.contributions, key=lambda c: -abs(c.points)):
        strokes = max(1, round(abs(c.points) / largest * BAR)) if abs(c.points) >= 0.005 else 0
        # Two signs, not only two colours: plus and minus are told apart on any terminal.
        chart = ("█" if c.points > 0 else "░") * strokes
        style = "good" if c.points > 0 else "bad"
        left = f"  {c.points:+6.2f} {paint(fit(chart, BAR), style)} {fit(one_line(c.name), names)} "
        indent = 2 + 6 + 1 + BAR + 1 + names + 1
        yield left + indented(wrap(one_line(c.evidence), columns - indent, most=3), indent)
    total = sum(c.points for c in score.contributions)
    squashed = 100 / (1 + math.exp(-max(-500.0, min(500.0, total))))
    yield f"  {total:+6.2f} {paint('sum', 'bold')}: 100 / (1 + exp({-total:.2f})) = {squashed:.1f}"
    if score.missing:
        yield "  Nothing seen of: " + ", ".join(one_line(group) for group in score.missing)
    for sentence in score.sentences:
        yield "  " + indented(wrap(f"“{one_line(sentence)}”", columns - 2, most=4), 2)
