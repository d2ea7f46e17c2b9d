"""An article taken apart once: words, weights, meanings, sentences and names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass

from watcher.model import ArticleText
from watcher.stories.lexicon import Found, find, table_of
from watcher.stories.names import alike, name_key
from watcher.text.words import Words, script_of, sentences, tokenise

_BODY_CHARS = 6_000
_TITLE_WEIGHT = 9
_WEIGHTS = ((30, 8), (60, 6), (90, 5), (130, 3), (200, 2))
"""Number of body words, and what a word before that place weighs: news tells the event first."""
_BODY_WEIGHTS = tuple(
    next(weight for limit, weight in _WEIGHTS if place < limit) for place in range(_WEIGHTS[-1][0])
)
_LINES = re.compile(r"[^\n]+")
# "FLASH:", "LIVE - " and the like say nothing of the event.
_DATELINE = re.compile(
    r"^(?:flash|breaking|urgent|live|update\w*|срочно|молния|терміново|სასწრაფოდ|eilmeldung"
    r"|son dakika|pilne|urgente)\b\s*[:|–-]\s*",
    re.IGNORECASE,
)
# Endings of Georgian, Russian and Ukrainian surnames as Georgian, which has no capitals, writes them.
_GEORGIAN_SURNAME = re.compile(
    r".{2,}(?:შვილ|ძ|ოვ|ევ|სკ|ენკო|ინსკ|ჩუკ)(?:ი|ე|ის|მა|მ|ს|ისა|ით|ად|ისთვის|თან|ისგან|ები|ა|ას|ამ)?$"
)
_SHORTEST_SURNAME = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """The title and body of an article as one text, with its words."""

    text: str
    title_end: int
    """Number of the first word of the body."""
    words: Words
    lang: str | None
    weights: tuple[int, ...]
    concepts: tuple[Found, ...]
    sentences: tuple[tuple[int, int], ...]
    """Character offsets; the title is the first."""

    def weight_at(self, offset: int) -> int:
        """The weight of the word at or after a character offset."""
        at = bisect_left(self.words.starts, offset)
        return self.weights[min(at, len(self.weights) - 1)] if self.weights else 1


def read(article: ArticleText) -> Reading:
    """Take the title and the first 6,000 characters of the body apart."""
    body = (article.text or article.summary)[:_BODY_CHARS]
    title = _DATELINE.sub("", article.title.strip())
    text = f"{title}\n{body}"
    words = tokenise(text)
    title_end = words.between(0, len(title))[1]
    lines = [line.span() for line in _LINES.finditer(text)]
    return Reading(
        text=text,
        title_end=title_end,
        words=words,
        lang=article.lang,
        weights=((_TITLE_WEIGHT,) * title_end + _BODY_WEIGHTS + (1,) * len(words))[: len(words)],
        concepts=tuple(find(words.folded, table_of(article.lang, text))),
        sentences=tuple(span for line in lines for span in sentences(text, *line)),
    )


def name_words(reading: Reading) -> tuple[dict[int, str], dict[int, str]]:
    """Word number to sound key: of what is surely a name, and of what may be one."""
    meant = {n for found in reading.concepts for n in range(found.start, found.end)}
    text, words = reading.text, reading.words
    capital = [text[start].isupper() for start in words.starts]
    lower = {folded for folded, big in zip(words.folded, capital, strict=True) if not big}
    doubtful = _doubtful(reading, capital)
    sure: dict[int, str] = {}
    possible: dict[int, str] = {}
    has_case = text.isascii()  # then so has every letter of it
    for n, folded in enumerate(words.folded):
        if n in meant or len(folded) < 3 or folded[0].isdigit():
            continue
        caseless = not has_case and _has_no_case(text[words.starts[n]])
        if not caseless and (not capital[n] or folded in lower):
            continue
        key = name_key(folded, reading.lang)
        if len(key) > 1:
            certain = _is_georgian_surname(folded) if caseless else n not in doubtful
            (sure if certain else possible)[n] = key
    known = set(sure.values())
    sure |= {n: key for n, key in possible.items() if key in known}
    return sure, {n: key for n, key in possible.items() if n not in sure}


def as_written(article: ArticleText, keys: Collection[str]) -> tuple[str, ...]:
    """The words of an article behind these sound keys, the first of each; in the keys' order."""
    reading = read(article)
    sure, possible = name_words(reading)
    starts, ends = reading.words.starts, reading.words.ends
    found: dict[str, str] = {}
    for n, key in sorted((possible | sure).items()):
        found.setdefault(key, reading.text[starts[n] : ends[n]])
    # Names are also held to be one where an ending sets their keys apart.
    near = {key: next((word for k, word in found.items() if alike(k, key)), "") for key in keys}
    return tuple(dict.fromkeys(word for key in keys if (word := found.get(key) or near[key])))


def _doubtful(reading: Reading, capital: list[bool]) -> set[int]:
    """Words whose capital proves nothing: first in a sentence, in a shouted title, German nouns."""
    starts = reading.words.starts
    doubtful = {bisect_left(starts, start) for start, _ in reading.sentences}
    title = range(reading.title_end)
    if len(title) > 2 and sum(capital[n] for n in title) > 0.7 * len(title):
        doubtful.update(title)
    if reading.lang == "de":
        doubtful.update(n for n in range(len(starts)) if not _beside_capital(n, capital, reading))
    return doubtful


def _has_no_case(char: str) -> bool:
    """Georgian counts as lower case in Unicode, but writes no capitals in running text."""
    return not char.isupper() and (not char.islower() or script_of(char) == "georgian")


def _is_georgian_surname(folded: str) -> bool:
    return len(folded) >= _SHORTEST_SURNAME and bool(_GEORGIAN_SURNAME.match(folded))


def _beside_capital(n: int, capital: list[bool], reading: Reading) -> bool:
    """Whether a neighbour, with only a space between, has a capital too: Alan Gaglojew."""
    words, text = reading.words, reading.text

    def joined(left: int) -> bool:
        return (
            capital[left]
            and capital[left + 1]
            and text[words.ends[left] : words.starts[left + 1]] == " "
        )

    return (n + 1 < len(words) and joined(n)) or (n > 0 and joined(n - 1))
