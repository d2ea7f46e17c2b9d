"""What a search found, with the words in their context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from watcher.cli.export import hit_json
from watcher.cli.highlight import marked_lines
from watcher.cli.listing import mark, score_cell
from watcher.cli.output import short_time
from watcher.cli.screen import indented, one_line, width
from watcher.storage.search import Found
from watcher.text.query import Node, Phrase, find_places, snippet, wanted_phrases

LOOK_AT = 20_000
"""Characters of a text in which the words are looked for to show them."""


def found_lines(found: Sequence[Found], query: Node) -> Iterator[str]:
    """Two or three lines for each: what it is, its headline, the words in their context."""
    phrases = wanted_phrases(query)
    columns = min(width(), 130)
    for one in found:
        hit = one.hit
        about = (
            f"{hit.id:>7} {score_cell(hit, 3)} {mark(hit)} {short_time(hit.first_seen_at)}  "
            f"{one_line(hit.publisher)}, {one_line(hit.lang or '?')}, {one_line(hit.topic)}"
        )
        yield about
        title = one_line(hit.title) or "(no title)"
        places = find_places(title, hit.lang, phrases)
        yield " " * 8 + indented(marked_lines(title, places, columns - 8), 8)
        shown, places = context(one, phrases)
        if places:
            yield " " * 8 + indented(marked_lines(shown, places, columns - 8), 8)
        yield ""


def context(one: Found, phrases: Sequence[Phrase]) -> tuple[str, list[tuple[int, int]]]:
    """The telling stretch of the text, and where the words stand in it."""
    text = one.text[:LOOK_AT]
    return snippet(text, find_places(text, one.hit.lang, phrases), 200)


def found_json(one: Found, query: Node) -> dict[str, Any]:
    """A hit with its snippet and where in it the words stand."""
    shown, places = context(one, wanted_phrases(query))
    return hit_json(one.hit) | {"snippet": shown, "places": [list(place) for place in places]}
