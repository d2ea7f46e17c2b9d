"""Places in a text, marked: by a style where there is colour, else by brackets."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.cli.output import safe
from watcher.cli.screen import has_colour, wrap

# Private-use signs never survive ``safe``, so they can't be confused with the text's own.
_OPEN, _CLOSE = "\ue000", "\ue001"
_STYLE, _PLAIN = "\x1b[1;33m", "\x1b[0m"


def marked_lines(
    text: str, places: Sequence[tuple[int, int]], cells: int, *, most: int = 0
) -> list[str]:
    """A text from outside, wrapped and made safe, with the places in it marked.

    Places are character offsets in order; what lies outside of the text is left out.
    """
    pieces, at = [], 0
    for first, last in places:
        start, end = max(first, at), min(last, len(text))
        if start < end:
            pieces += [_plain(text[at:start]), _OPEN, _plain(text[start:end]), _CLOSE]
            at = end
    pieces.append(_plain(text[at:]))
    lines = wrap("".join(pieces), cells, most=most)
    if not has_colour():
        return [line.replace(_OPEN, "[").replace(_CLOSE, "]") for line in lines]
    return _styled(lines)


def _plain(text: str) -> str:
    return safe(text).replace("\n", " ").replace("\t", " ")


def _styled(lines: Sequence[str]) -> list[str]:
    """A style may not reach over the end of a line: what is beside it would take it on."""
    out, inside = [], False
    for line in lines:
        begin = _STYLE if inside else ""
        last_open, last_close = line.rfind(_OPEN), line.rfind(_CLOSE)
        inside = last_open > last_close if max(last_open, last_close) >= 0 else inside
        shown = line.replace(_OPEN, _STYLE).replace(_CLOSE, _PLAIN)
        out.append(begin + shown + (_PLAIN if inside else ""))
    return out
