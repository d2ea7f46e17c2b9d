"""Cues of a topic's ladder, compiled once and found in a sentence in one pass over its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from watcher.model import StageSpec
from watcher.stories.lexicon import saga_meanings, saga_stems, saga_words
from watcher.text.words import fold, tokenise

_REACH = 14
"""The parts of a cue stand at most this many words apart."""
_GAP = 2
"""Words that may stand between the words of one part: ``подписал [сегодня] указ``."""
_GAP_OF_MEANINGS = 3
"""The same where the next word may be any of a meaning, which has articles and names in front."""

Place = tuple[int, int, frozenset[int]]
"""Where a part begins, the word after it, and which of the words between are its own."""
_MOST_MET = 50_000
_SHORTEST_STEM = 4


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Words in a row: each a stem and whether the whole word is asked for, or a meaning as
    ``@join``. A ladder has one for the same words, so that they are compared by identity.
    """

    words: tuple[tuple[str, bool], ...]


_PERCENT = Part((("%", True),))
"""A percent sign somewhere in the sentence."""


@dataclass(frozen=True)
class Cue:
    """One cue of a stage; ``rung`` counts from the bottom of the ladder."""

    rung: int
    stage: StageSpec
    parts: tuple[Part, ...]
    text: str
    lang: str | None = None
    """The language that ``fr:`` in front of the cue keeps it to."""
    is_of_others: bool = False
    """Whether it tells of a recognition, which by nature others give."""

    @cached_property
    def asked(self) -> tuple[Part, ...]:
        """The parts that are words."""
        return tuple(part for part in self.parts if part is not _PERCENT)

    @cached_property
    def needed(self) -> frozenset[Part]:
        """The same, each once."""
        return frozenset(self.asked)

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """All its words."""
        return tuple(stem for part in self.parts for stem, _ in part.words)

    @cached_property
    def letters(self) -> int:
        """How many letters it asks for: a longer cue is more telling."""
        return sum(map(_letters, self.stems))

    @cached_property
    def names_a_day(self) -> bool:
        """Whether it asks for a date: what is set for a day to come is set already."""
        return any(part.words == (("@day", False),) for part in self.parts)


_LETTERS_OF_MEANING = 6


def _letters(stem: str) -> int:
    return _LETTERS_OF_MEANING if stem.startswith("@") else len(stem)


@dataclass(frozen=True, slots=True)
class CueFound:
    """A cue in a sentence: the words it covers, and the range from first to last."""

    cue: Cue
    start: int
    end: int
    own: frozenset[int]


@dataclass(frozen=True, slots=True)
class Ladder:
    """Compiled cues by their first part, and all parts by their first word."""

    cues: dict[Part, tuple[tuple[Part, Cue], ...]]
    """Each with its last part: where that does not stand, which is nearly always, nor does the cue."""
    parts: dict[str, tuple[Part, ...]]
    met: dict[str, tuple[Part, ...]] = field(default_factory=dict, compare=False)
    """Words that were looked up, with the parts they begin."""


def _words(text: str) -> tuple[tuple[str, bool], ...]:
    """``подписа* указ*`` as stems; a percent sign stands for itself."""
    if text == "%":
        return _PERCENT.words
    words = []
    for written in text.split():
        if written[0] == "@" and written[1:] in saga_words():
            words.append((written, False))
            continue
        for folded in tokenise(written.rstrip("*")).folded:
            words.append((folded, not written.endswith("*")))
    return tuple(words)


def _is_recognition(stem: str) -> bool:
    return stem == "@recognise" or any(
        len(stem) >= _SHORTEST_STEM and (said.startswith(stem) or stem.startswith(said))
        for said in saga_stems("recognise")
    )


def _language(text: str) -> tuple[str | None, str]:
    """``fr:report* + scrutin`` as the language and the cue itself."""
    lang, colon, written = text.partition(":")
    return (lang, written) if colon and len(lang) == 2 and lang.isalpha() else (None, text)


@lru_cache(maxsize=64)
def ladder(stages: tuple[StageSpec, ...]) -> Ladder:
    """Compile the cues of a topic's stages."""
    cues: dict[Part, list[Cue]] = {}
    by_first: dict[str, list[Part]] = {}
    known = {_PERCENT.words: _PERCENT}
    for rung, stage in enumerate(stages):
        for text in stage.cues:
            lang, written = _language(text)
            pieces = [words for piece in written.split("+") if (words := _words(piece.strip()))]
            parts = tuple([known.setdefault(words, Part(words)) for words in pieces])
            asked = [part for part in parts if part is not _PERCENT]
            if not asked:
                continue
            given = any(_is_recognition(stem) for part in asked for stem, _ in part.words)
            cues.setdefault(asked[0], []).append(Cue(rung, stage, parts, text, lang, given))
            for part in parts:
                same = by_first.setdefault(part.words[0][0], [])
                if part not in same:
                    same.append(part)
    return Ladder(
        {part: tuple((cue.asked[-1], cue) for cue in begun) for part, begun in cues.items()},
        {first: tuple(parts) for first, parts in by_first.items()},
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The words of a sentence and what they mean."""

    words: Sequence[str]
    meanings: Mapping[int, Mapping[str, int]]

    def end(self, stem: str, whole: bool, at: int) -> int | None:
        """The word after what fits at a word, or None where it does not."""
        if stem[:1] == "@":
            meant = self.meanings.get(at)
            return meant.get(stem[1:]) if meant else None
        word = self.words[at]
        return at + 1 if (word == stem if whole else word.startswith(stem)) else None

    def place_of(self, part: Part, at: int) -> Place | None:
        """Where a part that begins at a word stands, or None where it does not fit."""
        end = self.end(*part.words[0], at)
        if end is None:
            return None
        own = list(range(at, end))
        for stem, whole in part.words[1:]:
            gap = _GAP_OF_MEANINGS if stem[:1] == "@" else _GAP
            for n in range(end, min(len(self.words), end + 1 + gap)):
                after = self.end(stem, whole, n)
                if after is not None:
                    own += range(n, after)
                    end = after
                    break
            else:
                return None
        return at, end, frozenset(own)


def _placed(compiled: Ladder, told: _Told) -> dict[Part, list[Place]]:
    """Every part that stands in the words, with its places."""
    placed: dict[Part, list[Place]] = {}
    for at, word in enumerate(told.words):
        for part in _beginning(compiled, word):
            if len(part.words) == 1:
                placed.setdefault(part, []).append((at, at + 1, frozenset((at,))))
            elif (place := told.place_of(part, at)) is not None:
                placed.setdefault(part, []).append(place)
    for at, meant in told.meanings.items():
        for part in (part for name in meant for part in compiled.parts.get(f"@{name}", ())):
            if (place := told.place_of(part, at)) is not None:
                placed.setdefault(part, []).append(place)
    return placed


def _beginning(compiled: Ladder, word: str) -> tuple[Part, ...]:
    """Parts whose first word this is. News has few words, so that each is looked up once."""
    found = compiled.met.get(word)
    if found is None:
        found = tuple(
            part
            for length in range(1, len(word) + 1)
            for part in compiled.parts.get(word[:length], ())
            if length == len(word) or not part.words[0][1]
        )
        if len(compiled.met) < _MOST_MET:
            compiled.met[word] = found
    return found


def find_cues(
    compiled: Ladder, words: Sequence[str], lang: str | None, percent: bool
) -> Iterator[CueFound]:
    """Cues whose parts all stand within reach of each other; ``percent``: the text has a %."""
    placed = _placed(compiled, _Told(words, saga_meanings(words, lang)))
    begun = [pair for part in placed for pair in compiled.cues.get(part, ())]
    for cue in [cue for last, cue in begun if last in placed]:
        if not placed.keys() >= cue.needed:
            continue
        if cue.lang and lang and cue.lang != lang:
            continue
        if len(cue.asked) < len(cue.parts) and not percent:
            continue
        if found := _together([placed[part] for part in cue.asked]):
            start, end = min(place[0] for place in found), max(place[1] for place in found)
            own = frozenset[int]().union(*(place[2] for place in found))
            yield CueFound(cue, start, end, own)


def _together(places: Sequence[Sequence[Place]]) -> list[Place] | None:
    """One place of each part, near the first part's place and not over one another."""
    for first in places[0]:
        chosen = [first]
        for others in places[1:]:
            free = [
                place
                for place in others
                if all(place[1] <= other[0] or place[0] >= other[1] for other in chosen)
                and abs(place[0] - first[0]) <= _REACH
            ]
            if not free:
                break
            chosen.append(min(free, key=lambda place: abs(place[0] - first[0])))
        else:
            return chosen
    return None


def matcher(written: str) -> list[tuple[tuple[str, ...], str]]:
    """Context words as (words, kind): ``whole``, ``stem`` or, for ``*abilir``, ``ending``."""
    patterns = []
    for entry in written.split():
        kind = "ending" if entry.startswith("*") else "stem" if entry.endswith("*") else "whole"
        patterns.append((tuple(fold(word) for word in entry.strip("*").split("_")), kind))
    return patterns
