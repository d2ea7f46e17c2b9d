"""Charts as inline SVG: no script, no inline style, and every one with a text alternative.

Colours come from the report's style sheet by class, so that light, dark and print each have theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

from markupsafe import Markup

SERIES = 6
"""Distinct colours; whatever comes after shares the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One name with a value for each category."""

    name: str
    values: tuple[float, ...]


class Charts:
    """Draws charts whose element ids are unique within one document."""

    def __init__(self) -> None:
        self._ids = count(1)

    def columns(
        self,
        title: str,
        labels: Sequence[str],
        series: Sequence[Series],
        *,
        unit: str,
        width: int = 460,
    ) -> Markup:
        """Stacked columns over ordered categories, such as days."""
        height, left, base = 200, 34, 176
        totals = [sum(one.values[n] for one in series) for n in range(len(labels))]
        top = nice(max(totals, default=0))
        step = (width - left - 4) / max(1, len(labels))
        parts = _grid(top, width, left, base)
        for n, label in enumerate(labels):
            y = float(base)
            for which, one in enumerate(series):
                size = one.values[n] / top * (base - 12)
                if size <= 0:
                    continue
                y -= size
                parts.append(
                    f'<rect class="s{min(which, SERIES - 1)}" x="{left + n * step + step * 0.1:.1f}" '
                    f'y="{y:.1f}" width="{max(1.0, step * 0.8):.1f}" height="{size:.1f}">'
                    f"<title>{escape(label)}: {one.values[n]:g} {escape(one.name)}</title></rect>"
                )
        parts += _labels(labels, left, step, base + 14, width)
        return self._figure(title, parts, (width, height), labels, series, unit)

    def bars(self, title: str, rows: Sequence[tuple[str, float]], *, unit: str) -> Markup:
        """Horizontal bars, one per name, longest first as given."""
        width, left, line = 460, 150, 20
        height = max(1, len(rows)) * line + 6
        most = max((value for _, value in rows), default=0) or 1
        parts = []
        for n, (name, value) in enumerate(rows):
            y = n * line + 4
            length = value / most * (width - left - 44)
            parts.append(
                f'<text class="label" x="{left - 6}" y="{y + 11}" text-anchor="end">'
                f"{escape(shortened(name, 24))}</text>"
                f'<rect class="s0" x="{left}" y="{y}" width="{max(1.0, length):.1f}" height="14"/>'
                f'<text class="label" x="{left + length + 5:.1f}" y="{y + 11}">{value:g}</text>'
            )
        labels = [name for name, _ in rows]
        values = Series(name=unit, values=tuple(value for _, value in rows))
        return self._figure(title, parts, (width, height), labels, [values], unit)

    def spread(self, title: str, moments: Sequence[float]) -> Markup:
        """A small step line: how a story's articles came in over its time (moments 0-1)."""
        width, height = 140, 28
        ordered = sorted(moments)
        points = [(2.0, height - 3.0)]
        for n, moment in enumerate(ordered, 1):
            x = 2 + moment * (width - 4)
            y = height - 3 - n / len(ordered) * (height - 6)
            points += [(x, points[-1][1]), (x, y)]
        points.append((width - 2.0, points[-1][1]))
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        name = f"c{next(self._ids)}"
        return Markup(  # noqa: S704  # everything from outside is escaped
            f'<svg class="spread" viewBox="0 0 {width} {height}" role="img" '
            f'aria-labelledby="{name}"><title id="{name}">{escape(title)}</title>'
            f'<polyline class="line" points="{line}"/></svg>'
        )

    def _figure(
        self,
        title: str,
        parts: Sequence[str],
        size: tuple[int, int],
        labels: Sequence[str],
        series: Sequence[Series],
        unit: str,
    ) -> Markup:
        name = f"c{next(self._ids)}"
        said = described(labels, series, unit)
        legend = ""
        if len(series) > 1:
            legend = "".join(
                f'<span class="key"><svg viewBox="0 0 10 10" aria-hidden="true">'
                f'<rect class="s{min(n, SERIES - 1)}" width="10" height="10"/></svg>'
                f"{escape(one.name)}</span>"
                for n, one in enumerate(series)
            )
        return Markup(  # noqa: S704  # everything from outside is escaped
            f'<figure><figcaption id="{name}">{escape(title)}</figcaption>'
            f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-labelledby="{name}" '
            f'aria-describedby="{name}d">{"".join(parts)}</svg>'
            f'<p class="legend">{legend}</p><p class="said" id="{name}d">{escape(said)}</p>'
            f"<details><summary>Figures</summary>{_figures(labels, series)}</details></figure>"
        )


def described(labels: Sequence[str], series: Sequence[Series], unit: str) -> str:
    """A chart in a sentence, for who does not see it."""
    totals = [sum(one.values[n] for one in series) for n in range(len(labels))]
    if not totals or not sum(totals):
        return f"No {unit}."
    most = max(range(len(totals)), key=totals.__getitem__)
    share = "all" if len(labels) == 1 else f"most, {totals[most]:g}"
    return f"{sum(totals):g} {unit}; {share}: {labels[most]}."


def _figures(labels: Sequence[str], series: Sequence[Series]) -> str:
    head = "".join(f'<th scope="col">{escape(one.name)}</th>' for one in series)
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(f"<td>{one.values[n]:g}</td>" for one in series)
        + "</tr>"
        for n, label in enumerate(labels)
    )
    return f'<table class="figures"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _grid(top: float, width: int, left: int, base: int) -> list[str]:
    parts = []
    for quarter in (0.0, 0.5, 1.0):
        y = base - quarter * (base - 12)
        parts.append(
            f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{width}" y2="{y:.1f}"/>'
            f'<text class="label" x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">'
            f"{top * quarter:g}</text>"
        )
    return parts


def _labels(labels: Sequence[str], left: int, step: float, y: int, width: int) -> list[str]:
    """As many labels under the columns as fit without touching."""
    every = max(1, -(-48 // max(1, int(step))))
    return [
        f'<text class="label" x="{left + n * step + step / 2:.1f}" y="{y}" '
        f'text-anchor="middle">{escape(label)}</text>'
        for n, label in enumerate(labels)
        if n % every == 0 and left + n * step + step / 2 < width - 16
    ]


def nice(most: float) -> float:
    """A round number at or above the largest value, whose half is whole."""
    size = 10 ** (len(str(int(most))) - 1)
    for factor in (1, 1.6, 2, 3, 4, 6, 8, 10):
        top = size * factor
        if top >= most and top % 2 == 0:
            return float(top)
    return float(size * 20)


def shortened(text: str, most: int) -> str:
    """At most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
