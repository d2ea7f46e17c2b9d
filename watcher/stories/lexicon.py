"""What a word or phrase means in any language of the tables: the bridge between languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from watcher.stories.tables.affairs import AFFAIRS, LANGUAGES
from watcher.stories.tables.calendar import DAY_WORDS, MONTHS, WEEKDAYS
from watcher.stories.tables.matters import MATTERS
from watcher.stories.tables.neighbours import NEIGHBOUR_LANGUAGES, NEIGHBOURS
from watcher.stories.tables.places import PLACES
from watcher.stories.tables.saga import SAGA
from watcher.stories.tables.territories import ALSO_TERRITORIES, TERRITORIES
from watcher.stories.tables.world import WORLD
from watcher.text.words import Remembered, fold, script_of

ACT, THING, COMMON, PLACE, BODY, DAY, TERRITORY = "a", "t", "c", "p", "o", "d", "y"
"""Classes of concept: see the tables."""

TABLED_LANGUAGES = (*LANGUAGES, *NEIGHBOUR_LANGUAGES)
"""Languages with tables of their own; others get the longer stems of their script."""
_SCRIPT_OF_LANG = {
    "ru": "cyrillic",
    "uk": "cyrillic",
    "bg": "cyrillic",
    "sr": "cyrillic",
    "ka": "georgian",
    "hy": "other",
}
_SHORTEST_FOREIGN_STEM = 5


@dataclass(frozen=True, slots=True)
class Concept:
    """A meaning that words of several languages share."""

    id: str
    kind: str


class Found(NamedTuple):
    """Where a concept stands in a sequence of words; a tuple, since articles have hundreds."""

    start: int
    end: int
    concept: Concept


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say a concept."""

    concept: Concept
    words: tuple[tuple[str, bool], ...]
    """Each word's stem, and whether the whole word is asked for."""


Index = Remembered[tuple[Pattern, ...]]
"""Word to the patterns whose first word it fits: phrases first, then the longest stem."""
_MOST_MET = 20_000


def index_of(patterns: Iterable[Pattern]) -> Index:
    """An index of patterns, filled as words are met: most of them begin nothing."""
    by_stem: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        by_stem.setdefault(pattern.words[0][0], []).append(pattern)

    def fitting(word: str) -> tuple[Pattern, ...]:
        found = [
            pattern
            for length in range(len(word), 0, -1)
            for pattern in by_stem.get(word[:length], ())
            if length == len(word) or not pattern.words[0][1]
        ]
        return tuple(sorted(found, key=lambda p: -len(p.words)))

    return Remembered(fitting, most=_MOST_MET)


def _pattern(stem: str, concept: Concept) -> Pattern:
    parts = [part for part in stem.split("_") if part]
    return Pattern(concept, tuple((fold(p.rstrip(".")), p.endswith(".")) for p in parts))


@cache
def _columns() -> dict[str, list[Pattern]]:
    """Patterns of the act and thing tables by language."""
    columns: dict[str, list[Pattern]] = {lang: [] for lang in TABLED_LANGUAGES}
    concepts: dict[str, Concept] = {}
    for line in [
        *AFFAIRS.strip().splitlines(),
        *WORLD.strip().splitlines(),
        *MATTERS.strip().splitlines(),
    ]:
        head, *cells = line.split("|")
        concept = Concept(*head.split())
        concepts[concept.id] = concept
        for lang, cell in zip(LANGUAGES, cells, strict=True):
            columns[lang] += [_pattern(stem, concept) for stem in cell.split()]
    for line in NEIGHBOURS.strip().splitlines():
        name, *cells = line.split("|")
        for lang, cell in zip(NEIGHBOUR_LANGUAGES, cells, strict=True):
            columns[lang] += [_pattern(stem, concepts[name.strip()]) for stem in cell.split()]
    return columns


@cache
def _named() -> list[Pattern]:
    """Patterns of places, months and days, which serve every language of their script."""
    patterns = []
    for line in PLACES.strip().splitlines():
        name, kind, *stems = line.split()
        patterns += [_pattern(stem, Concept(name.rstrip("_"), kind)) for stem in stems]
    calendar = [(f"month{n + 1:02}", names) for n, names in enumerate(MONTHS)]
    calendar += [(f"weekday{n}", names) for n, names in enumerate(WEEKDAYS)]
    calendar += [(f"day{n}", names) for n, names in DAY_WORDS.items()]
    for name, names in calendar:
        patterns += [_pattern(stem, Concept(name, DAY)) for stem in names.split()]
    return patterns


@cache
def place_names() -> tuple[Pattern, ...]:
    """Names of all places in the tables, of class ``TERRITORY`` where they are no states."""
    others = [line.split() for line in TERRITORIES.strip().splitlines()]
    found = [_pattern(stem, Concept(name, TERRITORY)) for name, *stems in others for stem in stems]
    territories = frozenset(ALSO_TERRITORIES.split())
    for pattern in _named():
        if pattern.concept.kind == PLACE:
            name = pattern.concept.id
            kind = TERRITORY if name in territories else PLACE
            found.append(Pattern(Concept(name, kind), pattern.words))
    return tuple(found)


@cache
def _patterns_for(lang: str) -> Index:
    """The index for a language; an unknown one gets the longer stems of its script."""
    columns = _columns()
    if lang in columns:
        return index_of([*columns[lang], *_named()])
    script = lang.partition(":")[2]
    near = [
        pattern
        for known, patterns in columns.items()
        if _SCRIPT_OF_LANG.get(known, "latin") == script
        for pattern in patterns
        if len(pattern.words[0][0]) >= _SHORTEST_FOREIGN_STEM
    ]
    return index_of([*near, *_named()])


def table_of(lang: str | None, sample: str) -> str:
    """Which table serves a text: its language's own, or the one of its script."""
    if lang in TABLED_LANGUAGES:
        return lang or ""
    letters = next((char for char in sample if char.isalpha()), "a")
    return f"script:{script_of(letters)}"


def fits(pattern: Pattern, words: Sequence[str], at: int) -> bool:
    """Whether the words after the first, which is known to fit, fit too."""
    if at + len(pattern.words) > len(words):
        return False
    for n in range(1, len(pattern.words)):
        stem, whole = pattern.words[n]
        word = words[at + n]
        if not (word == stem if whole else word.startswith(stem)):
            return False
    return True


def find(words: Sequence[str], table: str) -> list[Found]:
    """Concepts in a sequence of folded words, none overlapping, longest phrase first."""
    found = []
    end = 0
    for at, fitting in enumerate(map(_patterns_for(table).__getitem__, words)):
        if not fitting or at < end:
            continue
        for pattern in fitting:
            if len(pattern.words) == 1 or fits(pattern, words, at):
                end = at + len(pattern.words)
                found.append(Found(at, end, pattern.concept))
                break
    return found


def _saga_patterns(table: str) -> list[Pattern]:
    """Patterns of the words that ladders may name, and of months as ``day``."""
    columns: dict[str, list[Pattern]] = {lang: [] for lang in LANGUAGES}
    for line in SAGA.strip().splitlines():
        name, *cells = line.split("|")
        for lang, cell in zip(LANGUAGES, cells, strict=True):
            columns[lang] += [_pattern(stem, Concept(name.strip(), ACT)) for stem in cell.split()]
    months = [_pattern(stem, Concept("day", DAY)) for names in MONTHS for stem in names.split()]
    if table in columns:
        return [*columns[table], *months]
    return [*(pattern for patterns in columns.values() for pattern in patterns), *months]


@cache
def _saga_for(table: str) -> Index:
    return index_of(_saga_patterns(table))


@cache
def saga_words() -> frozenset[str]:
    """What a cue may name with an ``@``."""
    return frozenset(line.split("|")[0].strip() for line in SAGA.strip().splitlines()) | {"day"}


@cache
def saga_stems(name: str) -> frozenset[str]:
    """The first words of what a cue names with an ``@``, in all languages."""
    return frozenset(
        pattern.words[0][0] for pattern in _saga_patterns("") if pattern.concept.id == name
    )


def saga_meanings(words: Sequence[str], lang: str | None) -> dict[int, dict[str, int]]:
    """What the words of a ladder mean: word number to concept to the word after it.

    Unlike ``find``, meanings may overlap: "in the vote to join" is both a vote and joining.
    """
    index = _saga_for(lang if lang in LANGUAGES else "")
    meanings: dict[int, dict[str, int]] = {}
    for at, fitting in enumerate(map(index.__getitem__, words)):
        for pattern in fitting:
            if len(pattern.words) == 1 or fits(pattern, words, at):
                name = pattern.concept.id
                if name == "day" and not _numbered(words, at):
                    continue  # a month alone sets no date, and "may" is a verb
                ends = meanings.setdefault(at, {})
                ends[name] = max(ends.get(name, 0), at + len(pattern.words))
    return meanings


def _numbered(words: Sequence[str], at: int) -> bool:
    """Whether a number that can be a day stands beside a word."""
    return any(word[:1].isdigit() and len(word) <= 4 for word in words[max(0, at - 2) : at + 2])


def other_words(
    folded: Sequence[str], *, capital: bool
) -> tuple[tuple[tuple[str, bool], ...], ...]:
    """How all languages say what a word or name says: phrases of stems, each with whether it is
    a whole word. Empty for what is no act, thing, place or body in the tables; without a capital
    letter it is no place or body ("turkey").

    What two concepts share belongs to the one with the longer stem.
    """
    kinds = (ACT, THING, PLACE, BODY) if capital else (ACT, THING)
    said = [
        pattern
        for pattern in _every_pattern()[folded[0]]
        if pattern.concept.kind in kinds
        and len(pattern.words) == len(folded)
        and fits(pattern, folded, 0)
    ]
    if not said:
        return ()
    concept = max(said, key=lambda pattern: sum(len(stem) for stem, _ in pattern.words)).concept
    return tuple(_phrases_of()[concept])


@cache
def _every_pattern() -> Index:
    """The index of all languages at once."""
    return index_of(
        pattern for patterns in (*_columns().values(), _named()) for pattern in patterns
    )


@cache
def _phrases_of() -> dict[Concept, dict[tuple[tuple[str, bool], ...], None]]:
    """How all languages say each concept; the phrases in the order of the tables."""
    phrases: dict[Concept, dict[tuple[tuple[str, bool], ...], None]] = {}
    for patterns in (*_columns().values(), _named()):
        for pattern in patterns:
            phrases.setdefault(pattern.concept, {})[pattern.words] = None
    return phrases
