"""Lines for a terminal: cells counted, text fitted and wrapped, styled and paged.

Listings draw with this rather than with rich's tables, whose import alone takes as long as the
query behind a listing.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len, chop_cells, set_cell_size

from watcher.cli.output import safe, say

WIDE = 110
"""From this many columns on, listings show more of them."""
_STYLES = {
    "bold": "1",
    "dim": "2",
    "under": "4",
    "match": "1;33",
    "good": "32",
    "warn": "33",
    "bad": "31",
    "link": "36",
}


def width() -> int:
    """Columns of the terminal, or of ``$COLUMNS``."""
    return max(40, shutil.get_terminal_size((100, 24)).columns)


def has_colour() -> bool:
    """Whether styles are wanted: on a terminal that has them, and nobody said NO_COLOR."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return sys.stdout.isatty()


def paint(text: str, style: str) -> str:
    """The text in a style, where there is colour. The text must be safe already."""
    if not text or not has_colour():
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Exactly so many cells: cut with an ellipsis, or filled up with spaces."""
    size = cell_len(text)
    if size > cells:
        return set_cell_size(text, max(0, cells - 1)) + "…"
    return " " * (cells - size) + text if right else text + " " * (cells - size)


def one_line(text: object) -> str:
    """Text from outside as one safe line."""
    return " ".join(safe(text).split())


def wrap(text: str, cells: int, *, most: int = 0) -> list[str]:
    """The text in lines of at most so many cells; beyond ``most`` lines it is cut with ``…``."""
    cells = max(4, cells)
    lines: list[str] = []
    line = ""
    for next_word in text.split():
        word = next_word
        if line and cell_len(line) + 1 + cell_len(word) <= cells:
            line = f"{line} {word}"
            continue
        if cell_len(word) > cells and cell_len(line) < cells - 4:
            # Scripts without spaces, and long addresses, fill the line and break where they must.
            first, word = _split(word, cells - cell_len(line) - 1)
            line = f"{line} {first}" if line else first
        if line:
            lines.append(line)
        *full, line = chop_cells(word, cells) or [""]
        lines += full
    lines.append(line)
    if most and len(lines) > most:
        last = lines[most - 1]
        lines = [*lines[: most - 1], set_cell_size(last, min(cell_len(last), cells - 2)) + " …"]
    return lines


def _split(word: str, cells: int) -> tuple[str, str]:
    first = chop_cells(word, max(2, cells))[0]
    return first, word[len(first) :]


def indented(lines: Sequence[str], by: int) -> str:
    """Lines under each other, all but the first one indented."""
    return ("\n" + " " * by).join(lines)


def bar(score: float, cells: int) -> str:
    """A score as a bar and a number."""
    full = round(min(100.0, max(0.0, score)) / 100 * cells)
    return "█" * full + "░" * (cells - full) + f" {score:3.0f}"


@contextmanager
def pager(*, wanted: bool = True) -> Iterator[list[str]]:
    """Collect lines; at the end show them in ``$PAGER`` if they don't fit the terminal."""
    lines: list[str] = []
    yield lines
    text = "\n".join(lines)
    rows = shutil.get_terminal_size((100, 24)).lines
    if not (wanted and sys.stdout.isatty()) or text.count("\n") + 1 < rows or not _page(text):
        say(text)


def _page(text: str) -> bool:
    """Whether a pager took the text."""
    command = shlex.split(os.environ.get("PAGER", "less")) or ["less"]
    if command == ["cat"] or shutil.which(command[0]) is None:
        return False
    # As git does: colours only, leave at once what fits, keep the screen.
    environ = {"LESS": "FRX", "LESSCHARSET": "utf-8"} | os.environ
    try:
        done = subprocess.run(  # noqa: S603  # the user's own pager
            command, input=text + "\n", text=True, encoding="utf-8", env=environ, check=False
        )
    except (OSError, ValueError):
        return False
    return done.returncode == 0
