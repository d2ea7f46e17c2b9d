"""Finds the terms of all topics in a text, through one automaton."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

import ahocorasick

from ..text.words import Words, skeleton
from .terms import Term, WordKind, WordPattern, is_ending, misspellings

MAX_GAP = 5
MISSPELT_WORTH = 0.8
_FOLDED, _WRITTEN = " ", "\x02"  # stand before a word's two spellings: matches begin at its start
_REMEMBERED = 30_000
_Fits = Mapping[int, float]
_NONE: _Fits = {}


class Match(NamedTuple):
    """A term found: numbers of its first word and of the word after its last."""

    term: int
    first: int
    stop: int
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What the terms of one wording look for: patterns by number, and where gaps are."""

    patterns: tuple[int, ...]
    gaps: tuple[bool, ...]
    anchor: int
    terms: list[int]
    """Numbers of the terms: topics of one region share their names."""


class Matcher:
    """The words of all terms in one automaton; phrases are put together from the words found.

    What a word fits is remembered, up to a bound, since a text repeats its words and so do texts.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = tuple(terms)
        self._numbers: dict[tuple[str, WordKind, str], int] = {}
        self._patterns: list[WordPattern] = []
        phrases: dict[tuple[object, ...], _Phrase] = {}
        for number, term in enumerate(self._terms):
            patterns = tuple(map(self._number, term.words))
            gaps = tuple(word.gap for word in term.words)
            key = (patterns, gaps, term.anchor)
            phrases.setdefault(key, _Phrase(*key, [])).terms.append(number)
        self._by_anchor: dict[int, list[_Phrase]] = {}
        for phrase in phrases.values():
            self._by_anchor.setdefault(phrase.patterns[phrase.anchor], []).append(phrase)
        self._automaton = self._build()
        self._known: dict[str, _Fits] = {}

    def _number(self, word: WordPattern) -> int:
        key = (word.folded, word.kind, word.base)
        if key not in self._numbers:
            self._numbers[key] = len(self._patterns)
            self._patterns.append(word)
        return self._numbers[key]

    def _build(self) -> ahocorasick.Automaton:
        begins: dict[str, set[tuple[int, int]]] = {}
        for number, word in enumerate(self._patterns):
            folded, written = word.beginnings()
            begins.setdefault(_FOLDED + folded, set()).add((number, 0))
            if written:
                begins.setdefault(_WRITTEN + written, set()).add((number, 0))
        for term in self._terms:
            for variant in misspellings(term):
                number = self._number(term.words[0])
                begins.setdefault(_WRITTEN + variant, set()).add((number, len(variant)))
        automaton = ahocorasick.Automaton()
        for beginning, candidates in begins.items():
            automaton.add_word(beginning, tuple(candidates))
        if begins:
            automaton.make_automaton()
        return automaton

    def find(self, words: Words, sentence_of: Sequence[int]) -> list[Match]:
        """All matches by place; ``sentence_of`` has a number for each word: no term crosses it."""
        if not self._terms:
            return []
        known = self._known
        if len(known) > _REMEMBERED:
            known.clear()
        if unseen := set(words.folded).difference(known):
            known.update(self._fits(unseen))
        fits = {n: fit for n, folded in enumerate(words.folded) if (fit := known[folded])}
        complete = self._complete(set().union(*fits.values()))
        found: list[Match] = []
        for at, here in fits.items():
            for pattern, worth in here.items():
                for phrase in complete.get(pattern, ()):
                    if span := self._grow(phrase, at, words, fits, sentence_of):
                        found += [Match(number, *span, worth) for number in phrase.terms]
        return sorted(found, key=attrgetter("first", "stop", "term"))

    def _complete(self, present: set[int]) -> dict[int, list[_Phrase]]:
        """The phrases all of whose words are in the text, by the word to look for first."""
        complete: dict[int, list[_Phrase]] = {}
        for pattern in present:
            for phrase in self._by_anchor.get(pattern, ()):
                if present.issuperset(phrase.patterns):
                    complete.setdefault(pattern, []).append(phrase)
        return complete

    def _fits(self, unseen: Collection[str]) -> dict[str, _Fits]:
        """Which word patterns each of some words fits, and for how much.

        All go through the automaton as one string: most words come out of it with nothing.
        """
        spellings = list(zip(unseen, skeleton(" ".join(unseen)).split(" "), strict=True))
        spelt = [_FOLDED + folded + _WRITTEN + written for folded, written in spellings]
        ends = list(accumulate(map(len, spelt)))
        found: dict[str, dict[int, float]] = {}
        for at, candidates in self._automaton.iter("".join(spelt)):
            folded, written = spellings[bisect_right(ends, at)]
            fits = found.setdefault(folded, {})
            for number, misspelt in candidates:
                if misspelt:
                    if is_ending(written[misspelt:]):
                        fits.setdefault(number, MISSPELT_WORTH)
                elif number not in fits and self._patterns[number].matches(folded, written):
                    fits[number] = 1.0
        return dict.fromkeys(unseen, _NONE) | found

    def _grow(
        self,
        phrase: _Phrase,
        at: int,
        words: Words,
        fits: Mapping[int, _Fits],
        sentence_of: Sequence[int],
    ) -> tuple[int, int] | None:
        """The whole phrase around its anchor, as first word and word after the last."""
        patterns, gaps = phrase.patterns, phrase.gaps
        if len(patterns) == 1:
            if self._patterns[patterns[0]].kind is WordKind.ACRONYM:
                surface = words.text[words.starts[at] : words.ends[at]]
                return (at, at + 1) if surface.isupper() else None
            return at, at + 1
        first = last = at
        for n in range(phrase.anchor - 1, -1, -1):
            found = _beside(patterns[n], gaps[n + 1], first, -1, fits, sentence_of)
            if found is None:
                return None
            first = found
        for n in range(phrase.anchor + 1, len(patterns)):
            found = _beside(patterns[n], gaps[n], last, 1, fits, sentence_of)
            if found is None:
                return None
            last = found
        return first, last + 1


def _beside(
    pattern: int,
    gap: bool,
    at: int,
    step: int,
    fits: Mapping[int, _Fits],
    sentence_of: Sequence[int],
) -> int | None:
    """Number of the word that fits next to a word, or within the gap, in one direction."""
    for n in range(at + step, at + step * ((MAX_GAP if gap else 0) + 2), step):
        if pattern in fits.get(n, _NONE):
            return n if sentence_of[n] == sentence_of[at] else None
    return None
