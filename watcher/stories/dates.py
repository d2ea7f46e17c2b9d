"""Days and numbers that a text names, in one spelling for all languages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

from watcher.stories.lexicon import DAY, Found
from watcher.stories.tables.numerals import (
    AFTER_TENS,
    MULTIPLIERS,
    NUMERALS,
    ONLY_IN,
    TENS,
    UNITS,
)
from watcher.text.words import Words, fold

_NUMERIC_DATE = re.compile(
    r"(?<!\d)(\d{1,2})[./](\d{1,2})[./](\d{4})(?!\d)|(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)"
)
_DATED = re.compile(r"\d[./-]\d")
"""What every numeric date has, and few texts: a quarter of the cost of looking for dates."""
_NUMBER = re.compile(r"\d+(?:[., \u00a0\u202f']\d{3})+(?![\d])(?:[.,]\d+)?|\d+[.,]\d+|\d+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_RANGE_GAP = 4


class Mention(NamedTuple):
    """A day (``0717``; ``20080826`` in another year) or number at a character offset."""

    start: int
    end: int
    value: str


def _day(day: int, month: int, year: int | None, published: date | None) -> str | None:
    """``MMDD``, with the year in front where it is not the year of publication or next to it."""
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    if year is not None and published is not None and abs(year - published.year) > 0:
        return f"{year}{month:02}{day:02}"
    return f"{month:02}{day:02}"


def _small(word: str) -> int | None:
    """A day of the month from ``17``, ``17th``, ``17-го``; None for anything else."""
    digits = re.match(r"(\d{1,2})(?!\d)", word)
    return int(digits[1]) if digits and len(word) - len(digits[1]) <= 2 else None


def _year(word: str) -> int | None:
    return int(word[:4]) if _YEAR.fullmatch(word[:4]) and len(word) <= 5 else None


def _around_month(words: Words, found: Found, published: date | None) -> list[Mention]:
    """The days written before or after a month's name: ``17 July``, ``14 to 16 June``, ``May 8``."""
    month = int(found.concept.id[5:])
    folded, last = words.folded, len(words) - 1
    first, end = found.start, found.end - 1
    days: list[int] = []
    at = found.start - 1
    while at >= max(0, found.start - _RANGE_GAP):
        day = _small(folded[at])
        if day:
            days.append(day)
            first = at
        elif folded[at] not in _LINKS:
            break
        at -= 1
    if not days and end < last and (after := _small(folded[end + 1])):
        days, end = [after], end + 1
        if end < last and (until := _small(folded[end + 1])) and until > after:
            days, end = [after, until], end + 1
    year = next((y for n in (1, 2) if end + n <= last and (y := _year(folded[end + n]))), None)
    span = words.starts[first], words.ends[end]
    values = [v for day in days[:3] if (v := _day(day, month, year, published))]
    return [Mention(*span, value) for value in values]


_LINKS = frozenset(
    [
        "of",
        "de",
        "a",
        "al",
        "und",
        "and",
        "to",
        "the",
        "по",
        "et",
        "y",
        "e",
        "и",
        "до",
        "i",
        "till",
        "bis",
        "au",
        "'s",
        "do",
        "del",
        "ile",
    ]
)


def days(words: Words, concepts: Sequence[Found], published: date | None) -> list[Mention]:
    """Every day that is named, weekdays and ``yesterday`` taken back from the publication day."""
    mentions = []
    for found in concepts:
        if found.concept.kind != DAY:
            continue
        name = found.concept.id
        span = words.starts[found.start], words.ends[found.end - 1]
        if name.startswith("month"):
            mentions += _around_month(words, found, published)
        elif published is not None and name.startswith("weekday"):
            back = (published.weekday() - int(name[7:])) % 7
            mentions.append(Mention(*span, f"{published - timedelta(days=back):%m%d}"))
        elif published is not None and name.startswith("day"):
            mentions.append(Mention(*span, f"{published + timedelta(days=int(name[3:])):%m%d}"))
    for match in _NUMERIC_DATE.finditer(words.text) if _DATED.search(words.text) else ():
        day, month, year, *iso = match.groups()
        parts = (
            (int(iso[2]), int(iso[1]), int(iso[0]))
            if day is None
            else (int(day), int(month), int(year))
        )
        if value := _day(*parts, published):
            mentions.append(Mention(*match.span(), value))
    return mentions


def numbers(words: Words, taken: Sequence[Mention], lang: str | None) -> list[Mention]:
    """Numbers that are no part of a date and no year: ``16134``, ``56.09``; ``4.5 million`` and
    ``eleven thousand`` as 4500000 and 11000. Single digits are left out, number words are not.

    What is a number in one language and a common word of another (Turkish ``on``) counts only
    where ``lang`` says so.
    """
    used = {offset for mention in taken for offset in range(mention.start, mention.end)}
    mentions: list[Mention] = []
    for match in _NUMBER.finditer(words.text):
        if mentions and match.start() < mentions[-1].end:
            continue
        if match.start() in used or _YEAR.fullmatch(match[0]):
            continue
        value, end = _multiplied(_normal_number(match[0]), words, match.end(), lang)
        if len(value) > 1:
            mentions.append(Mention(match.start(), end, value))
    written_out = _numerals()
    last = -1
    for n, folded in enumerate(words.folded):
        if n > last and folded in written_out and _counts(folded, lang):
            written, last = _written_out(words, n, lang)
            value, end = _multiplied(str(written), words, words.ends[last], lang)
            mentions.append(Mention(words.starts[n], end, value))
    return mentions


def _written_out(words: Words, n: int, lang: str | None) -> tuple[int, int]:
    """The number whose first word this is, and its last word: ``fifty-two``, ``cincuenta y dos``,
    ``quatre-vingt-dix-sept``."""
    value = _numerals()[words.folded[n]]
    if lang == "fr" and value == 4 and words.folded[n + 1 : n + 2] in (("vingt",), ("vingts",)):
        value, n = 80, n + 1
    most = 19 if lang == "fr" and value in (60, 80) else 9
    if lang == "fr" and value == 10:
        most = 9  # dix-sept
    elif value < 20 or value > 90 or value % 10:
        return value, n
    at = n + 1
    if at < len(words) and words.folded[at] in _AND:
        at += 1
    if at == len(words) or words.text[words.ends[n] : words.starts[at]].strip(_JOINING):
        return value, n
    unit = words.folded[at]
    found = _after_tens(lang).get(unit, 0)
    if not found and _counts(unit, lang):
        found = _numerals().get(unit, 0)
    if not 0 < found <= most:
        return value, n
    if found == 10:
        found, at = _written_out(words, at, lang)
    return value + found, at


_AND = frozenset(["y", "e", "et", "i", "und"])
_JOINING = " \u00a0-\u2010\u2011" + "".join(_AND)


@cache
def _after_tens(lang: str | None) -> dict[str, int]:
    pairs = [pair.split("=") for pair in AFTER_TENS.get(lang or "", "").split()]
    return {fold(word): int(value) for word, value in pairs}


@cache
def _numerals() -> dict[str, int]:
    units = {lang: words.split() for lang, words in UNITS.items()}
    joined: dict[str, int] = {}
    for ten, (german, italian) in enumerate(
        zip(TENS["de"].split(), TENS["it"].split(), strict=True), start=2
    ):
        for unit in range(1, 10):
            joined[f"{units['de'][unit - 1]}und{german}"] = 10 * ten + unit
            said = units["it"][unit - 1]
            joined[(italian[:-1] if said[0] in "uo" else italian) + said] = 10 * ten + unit
    joined |= {f"veinti{said}": 20 + unit for unit, said in enumerate(units["es"], start=1)}
    for score, georgian in enumerate(TENS["ka"].split(), start=1):
        for unit, said in enumerate(units["ka"], start=1):
            joined[f"{georgian}და{said}"] = 20 * score + unit
    lines = [line.split("|") for line in NUMERALS.strip().splitlines()]
    return joined | {fold(word): int(value) for value, stems in lines for word in stems.split()}


@cache
def _only_in() -> dict[str, frozenset[str]]:
    return {word: frozenset(langs.split()) for word, langs in ONLY_IN.items()}


def _counts(word: str, lang: str | None) -> bool:
    """Whether a word of the tables is a number in this language."""
    langs = _only_in().get(word)
    return langs is None or lang in langs


@cache
def _multipliers() -> dict[str, tuple[int, bool]]:
    """Folded stem to its factor, and whether it must be the whole word."""
    return {
        fold(word.rstrip("*")): (factor, not word.endswith("*"))
        for factor, stems in MULTIPLIERS.items()
        for word in stems.split()
    }


@lru_cache(maxsize=20_000)
def _factor(word: str, lang: str | None) -> int:
    if not _counts(word, lang):
        return 1
    for length in range(len(word), 1, -1):
        factor, whole = _multipliers().get(word[:length], (1, True))
        if factor > 1 and (length == len(word) or not whole):
            return factor
    return 1


_ABOUT = frozenset([("с", "лишним"), ("с", "небольшим"), ("з", "лишком"), ("z", "gora")])
"""Between a number and its multiplier: ``11 с лишним тысяч``."""


def _multiplied(value: str, words: Words, end: int, lang: str | None) -> tuple[str, int]:
    """A number times the multiplier that follows it, with the offset where both end."""
    n = bisect_left(words.starts, end)
    near = end
    if tuple(words.folded[n : n + 2]) in _ABOUT:
        n, near = n + 2, words.ends[n + 1]
    if n == len(words) or words.starts[n] - near > 2:
        return value, end
    factor = _factor(words.folded[n], lang)
    if factor == 1:
        return value, end
    total, end = float(value) * factor, words.ends[n]
    if n + 1 < len(words) and words.folded[n + 1].isdigit() and float(words.folded[n + 1]) < factor:
        total, end = total + float(words.folded[n + 1]), words.ends[n + 1]  # "11 bin 340"
    return f"{total:.0f}", end


def _normal_number(written: str) -> str:
    """Thousands joined, one decimal point: ``16,134``, ``16 134`` and ``16.134`` are 16134."""
    if written.isdigit():
        return written.lstrip("0")
    joined = re.sub(r"[., \u00a0\u202f'](?=\d{3}(?:\D|$))", "", written)
    value = joined.replace(",", ".")
    return value.lstrip("0") if not value.startswith("0.") else value


def years(text: str) -> set[str]:
    """Years that are named."""
    return set(re.findall(r"(?<![\d.,])(?:19|20)\d\d(?![\d]|[.,]\d)", text))
