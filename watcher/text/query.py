"""Search queries and the terms that texts are indexed under: one language for both databases.

A term is the stem of a word in rough Latin letters (``words.skeleton``), so that a nominative finds
the genitive and "Bibilov" finds «Бибилова», and so that neither database's own idea of what a word
is comes into play: both only ever see ``[a-z0-9]+``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from watcher.errors import UsageError
from watcher.text.words import LANGS_OF_SCRIPT, fold, script_of, skeleton, stem, tokenise

VERSION = 1
"""Raised when the terms of a text change: an index of another version is made anew."""
MAX_QUERY = 500
MAX_WORDS = 40
MAX_DEPTH = 20
_MAX_TERM = 60
_MAX_FREE = 3
"""Words of a phrase whose endings are tried in every combination."""
_MAX_VARIANTS = 150

_PLAIN = re.compile(r"[^a-z0-9]+")
# Written without spaces; their signs are terms by code point, since the rough Latin of a Chinese
# character is a syllable that a hundred others share.
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
)
_LANGS = (None, *dict.fromkeys(lang for langs in LANGS_OF_SCRIPT.values() for lang in langs))
_DEFAULT = {"latin": "en", "cyrillic": "ru", "georgian": "ka"}


@lru_cache(maxsize=50_000)
def term(folded: str, lang: str | None) -> str:
    """The term of one folded word in a text of that language; words of other scripts keep theirs."""
    script = script_of(folded)
    used = lang if lang in LANGS_OF_SCRIPT[script] else _DEFAULT.get(script)
    return _written(stem(folded, used))


def _written(folded: str) -> str:
    if _UNSPACED.match(folded):
        return f"u{ord(folded[0]):x}"
    return _PLAIN.sub("", skeleton(folded))[:_MAX_TERM] or f"u{ord(folded[0]):x}"


def terms(text: str, lang: str | None) -> list[str]:
    """The terms of a text, one per word and in order."""
    return [term(word, lang) for word in tokenise(text).folded if word]


# ---------------------------------------------------------------------------------- queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that stand together, in every way in which they may be indexed (by language)."""

    variants: tuple[tuple[str, ...], ...]
    prefix: str = ""
    """Set for ``word*``: the beginning of a term that matches, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every one of these, and none of those."""

    wanted: tuple[Node, ...]
    unwanted: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Any:
    """At least one of these."""

    parts: tuple[Node, ...]


Node = Phrase | All | Any

_TOKEN = re.compile(r'"([^"]*)"?|([()])|([^\s()"]+)')
_QUOTES = str.maketrans(dict.fromkeys("«»“”„‟", '"'))


def parse_query(text: str) -> Node:
    """Read ``words "a phrase" (this OR that) -without NOT that begin*``.

    Words without an operator must all be there. Raises UsageError where nothing to look for is
    left, never for odd punctuation.
    """
    if len(text) > MAX_QUERY:
        raise UsageError(f"a search of over {MAX_QUERY} characters is too long")
    found = _Parser(text.translate(_QUOTES)).parse()
    if found is None:
        raise UsageError("the search names nothing that must be there: give it a word to look for")
    return found


class _Parser:
    """Recursive descent over at most MAX_DEPTH parentheses; stray operators are passed over."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_lex(text))
        self._at = 0
        self._depth = 0
        if sum(kind == "phrase" for kind, _ in self._tokens) > MAX_WORDS:
            raise UsageError(f"a search of over {MAX_WORDS} words is too long")

    def parse(self) -> Node | None:
        found: Node | None = None
        while self._at < len(self._tokens):
            part = self._any()
            found = _join(found, part)
            if self._peek() == ")":
                self._at += 1
        return found

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _any(self) -> Node | None:
        parts = [self._all()]
        while self._peek() == "OR":
            self._at += 1
            parts.append(self._all())
        kept = tuple(part for part in parts if part is not None)
        return kept[0] if len(kept) == 1 else Any(parts=kept) if kept else None

    def _all(self) -> Node | None:
        wanted: list[Node] = []
        unwanted: list[Node] = []
        while self._peek() not in ("", ")", "OR"):
            negative = False
            while self._peek() in ("NOT", "AND"):
                negative ^= self._peek() == "NOT"
                self._at += 1
            part = self._one()
            if part is not None:
                (unwanted if negative else wanted).append(part)
        if not wanted:
            if unwanted:
                raise UsageError("say what must be there, too, not only what must not")
            return None
        return wanted[0] if len(wanted) == 1 and not unwanted else _all_of(wanted, unwanted)

    def _one(self) -> Node | None:
        kind = self._peek()
        if kind == "(":
            self._at += 1
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise UsageError("the search has too many parentheses inside each other")
            found = self._any()
            self._depth -= 1
            if self._peek() == ")":
                self._at += 1
            return found
        if kind == "phrase":
            text = self._tokens[self._at][1]
            self._at += 1
            return _phrase(text)
        return None


def _all_of(wanted: list[Node], unwanted: list[Node]) -> All:
    return All(wanted=tuple(wanted), unwanted=tuple(unwanted))


def _join(found: Node | None, part: Node | None) -> Node | None:
    if found is None or part is None:
        return found or part
    return All(wanted=(found, part))


def _lex(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        quoted, bracket, word = match.groups()
        if bracket:
            yield bracket, ""
        elif quoted is not None:
            yield "phrase", quoted
        elif word in ("AND", "OR", "NOT"):
            yield word, ""
        elif word in ("&", "&&", "|", "||"):
            yield ("AND" if word[0] == "&" else "OR"), ""
        else:
            if word[0] in "-!":
                yield "NOT", ""
            if word.strip("-!+"):
                yield "phrase", word.lstrip("-!+")


def _phrase(text: str) -> Phrase | None:
    words = [word for word in tokenise(text).folded if word]
    if not words:
        return None
    variants = dict.fromkeys(way for lang in _LANGS for way in _ways(words, lang))
    prefix = ""
    if text.endswith("*") and len(words) == 1:
        prefix = _PLAIN.sub("", skeleton(fold(words[0])))[:_MAX_TERM]
    return Phrase(variants=tuple(variants)[:_MAX_VARIANTS], prefix=prefix)


def _ways(words: Sequence[str], lang: str | None) -> Iterator[tuple[str, ...]]:
    """How these words may be indexed in a text of one language.

    A stemmer takes «Бибилова» to «бибилов» but «Бибилов» to «бибил», as if it were a plural. The
    index keeps what it says; a query asks for the word, its stem and the stem's stem.
    """
    forms = [tuple(dict.fromkeys(_forms(word, lang))) for word in words]
    if len(words) <= _MAX_FREE:
        yield from product(*forms)
    else:
        for depth in range(3):
            yield tuple(form[min(depth, len(form) - 1)] for form in forms)


def _forms(word: str, lang: str | None) -> Iterator[str]:
    script = script_of(word)
    used = lang if lang in LANGS_OF_SCRIPT[script] else _DEFAULT.get(script)
    once = stem(word, used)
    yield term(word, lang)
    yield term(once, lang)
    yield _written(word)


# ----------------------------------------------------------------------------- finding places


def wanted_phrases(node: Node) -> list[Phrase]:
    """The phrases whose presence makes a match, for marking them in a text."""
    if isinstance(node, Phrase):
        return [node]
    parts = node.parts if isinstance(node, Any) else node.wanted
    return [phrase for part in parts for phrase in wanted_phrases(part)]


def find_places(text: str, lang: str | None, phrases: Sequence[Phrase]) -> list[tuple[int, int]]:
    """Character offsets at which the phrases stand in a text, in order and without overlap."""
    words = tokenise(text)
    found = [term(word, lang) if word else "" for word in words.folded]
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        for variant in phrase.variants:
            by_first.setdefault(variant[0], []).append(variant)
    prefixes = tuple(phrase.prefix for phrase in phrases if phrase.prefix)
    places = []
    at = 0
    while at < len(found):
        length = _length_at(found, at, by_first.get(found[at], ()))
        if not length and prefixes and found[at].startswith(prefixes):
            length = 1
        if length:
            places.append((words.starts[at], words.ends[at + length - 1]))
        at += length or 1
    return places


def _length_at(found: list[str], at: int, variants: Sequence[tuple[str, ...]]) -> int:
    fitting = [len(v) for v in variants if tuple(found[at : at + len(v)]) == v]
    return max(fitting, default=0)


def snippet(
    text: str, places: Sequence[tuple[int, int]], width: int = 180
) -> tuple[str, list[tuple[int, int]]]:
    """The stretch with the most places in it, and where they stand in that stretch."""
    if not places:
        return _cut(text, 0, width), []
    best = max(
        places, key=lambda p: sum(p[0] <= q[0] and q[1] <= p[0] + width * 2 // 3 for q in places)
    )
    start = max(0, best[0] - width // 4)
    if start:
        # Begin at a word, not in the middle of one.
        space = text.find(" ", start, best[0])
        start = space + 1 if space >= 0 else start
    lead = "… " if start else ""
    shown = _cut(text, start, width)
    inside = [
        (a - start + len(lead), b - start + len(lead))
        for a, b in places
        if a >= start and b <= start + width
    ]
    return lead + shown, inside


def _cut(text: str, start: int, width: int) -> str:
    # One line; every break is replaced by one sign, so that offsets stay true.
    stretch = re.sub(r"\s", " ", text[start : start + width])
    return stretch + (" …" if len(text) > start + width else "")
