"""Hits as a list for the eye: grouped by day, one headline each, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from watcher.cli.screen import WIDE, bar, fit, indented, one_line, paint, width, wrap
from watcher.model import HitKind, Verdict

if TYPE_CHECKING:
    from watcher.storage import HitRecord

MARKS = {
    Verdict.RELEVANT: ("✓", "good"),
    Verdict.RELATED: ("~", "warn"),
    Verdict.IRRELEVANT: ("✗", "bad"),
    Verdict.DUPLICATE: ("=", "dim"),
}
LEGEND = "✓ relevant  ~ related  ✗ irrelevant  = duplicate"


def hit_lines(found: Sequence[HitRecord]) -> Iterator[str]:
    """Lines of a listing; the hits come in the order in which they are to be shown."""
    columns = width()
    several = len({hit.topic for hit in found}) > 1
    layout = _Wide(columns) if columns >= WIDE else _Narrow(columns, show_topic=several)
    day = ""
    for hit in found:
        seen = hit.first_seen_at.astimezone().strftime("%A %-d %B %Y")
        if seen != day:
            if day:
                yield ""
            yield paint(seen, "bold")
            day = seen
        yield layout.row(hit)
    if any(hit.verdict for hit in found):
        yield ""
        yield paint(LEGEND, "dim")


class _Narrow:
    """Id, time if there is room, score, mark, publisher, language, headline."""

    def __init__(self, columns: int, *, show_topic: bool) -> None:
        self._columns = columns
        self._show_topic = show_topic
        self._show_time = columns >= 72

    def row(self, hit: HitRecord) -> str:
        left = " ".join(
            [
                fit(str(hit.id), 6, right=True),
                *([hit.first_seen_at.astimezone().strftime("%H:%M")] if self._show_time else []),
                score_cell(hit, 3),
                mark(hit),
                paint(fit(one_line(hit.publisher), 14), "dim"),
                fit(one_line(hit.lang or "?"), 2),
            ]
        )
        used = 6 + 1 + 7 + 1 + 1 + 1 + 14 + 1 + 2 + 2 + (6 if self._show_time else 0)
        return left + "  " + headline(hit, self._columns - used, used, topic=self._show_topic)


class _Wide:
    """Time and topic, too."""

    def __init__(self, columns: int) -> None:
        self._columns = columns

    def row(self, hit: HitRecord) -> str:
        left = " ".join(
            [
                fit(str(hit.id), 7, right=True),
                hit.first_seen_at.astimezone().strftime("%H:%M"),
                score_cell(hit, 6),
                mark(hit),
                fit(one_line(hit.topic), 16),
                paint(fit(one_line(hit.publisher), 22), "dim"),
                fit(one_line(hit.lang or "?"), 3),
            ]
        )
        used = 7 + 1 + 5 + 1 + 10 + 1 + 1 + 1 + 16 + 1 + 22 + 1 + 3 + 2
        return left + "  " + headline(hit, self._columns - used, used, topic=False)


def headline(hit: HitRecord, cells: int, indent: int, *, topic: bool) -> str:
    """The title in at most three lines, with what must be known before it is believed."""
    before = f"[{hit.kind}] " if hit.kind in (HitKind.SAMPLE, HitKind.FORMER) else ""
    before = "[partial] " if hit.partial else before
    after = f" [{one_line(hit.topic)}]" if topic else ""
    title = one_line(hit.title) or "(no title)"
    return indented(wrap(f"{before}{title}{after}", cells, most=3), indent)


def score_cell(hit: HitRecord, cells: int) -> str:
    """The score as a bar and a number, in a colour that says how sure it is."""
    style = "good" if hit.score >= 80 else "warn" if hit.score >= hit.threshold else "dim"
    return paint(bar(hit.score, cells), style)


def mark(hit: HitRecord) -> str:
    """One sign for the verdict; a space where there is none yet."""
    if hit.verdict is None:
        return " "
    sign, style = MARKS[hit.verdict]
    return paint(sign, style)
