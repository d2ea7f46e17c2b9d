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
_Others = tuple[tuple[int, int, int], ...]


class Match(NamedTuple):
    """A term found: numbers of its first word and of the word after its last."""

    term: int
    first: int
    stop: int
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What the terms of one wording look for around the word that is their anchor."""

    others: _Others
    """Outwards, first those before it: pattern, direction (-1 or 1), how many words away at most."""
    patterns: frozenset[int]
    """Of the others."""
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
        phrases: dict[tuple[int, _Others], list[int]] = {}
        for number, term in enumerate(self._terms):
            phrases.setdefault(self._around(term), []).append(number)
        self._alone: dict[int, list[int]] = {}
        """Numbers of the terms that are one word, by its pattern."""
        self._by_anchor: dict[int, list[_Phrase]] = {}
        for (anchor, others), numbers in phrases.items():
            if others:
                patterns = frozenset(pattern for pattern, _, _ in others)
                self._by_anchor.setdefault(anchor, []).append(_Phrase(others, patterns, numbers))
            else:
                self._alone[anchor] = numbers
        self._automaton = self._build()
        self._known: dict[str, _Fits] = {}

    def _around(self, term: Term) -> tuple[int, _Others]:
        """The pattern of a term's anchor, and those of its other words."""
        patterns = [self._number(word) for word in term.words]
        reach = [1 + MAX_GAP * word.gap for word in term.words]  # to the word before
        before = [(patterns[n], -1, reach[n + 1]) for n in range(term.anchor - 1, -1, -1)]
        after = [(patterns[n], 1, reach[n]) for n in range(term.anchor + 1, len(patterns))]
        return patterns[term.anchor], (*before, *after)

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
        fits = {n: fit for n, fit in enumerate(self._fitting(words.folded)) if fit}
        present = set().union(*fits.values())
        complete = self._complete(present)
        telling = (present & self._alone.keys()) | complete.keys()
        found: list[Match] = []
        for at, here in fits.items():
            for pattern, worth in here.items():
                if pattern not in telling:
                    continue
                if (alone := self._alone.get(pattern)) and self._is_as_written(pattern, at, words):
                    found += [Match(number, at, at + 1, worth) for number in alone]
                for phrase in complete.get(pattern, ()):
                    if span := _grown(phrase, at, fits, sentence_of):
                        found += [Match(number, *span, worth) for number in phrase.terms]
        return sorted(found, key=attrgetter("first", "stop", "term"))

    def _is_as_written(self, pattern: int, at: int, words: Words) -> bool:
        if self._patterns[pattern].kind is not WordKind.ACRONYM:
            return True
        return words.text[words.starts[at] : words.ends[at]].isupper()

    def _complete(self, present: set[int]) -> dict[int, list[_Phrase]]:
        """The phrases all of whose words are in the text, by the word to look for first."""
        complete: dict[int, list[_Phrase]] = {}
        for pattern in present & self._by_anchor.keys():
            for phrase in self._by_anchor[pattern]:
                if phrase.patterns <= present:
                    complete.setdefault(pattern, []).append(phrase)
        return complete

    def _fitting(self, folded: Sequence[str]) -> list[_Fits]:
        """What each word fits."""
        known = self._known
        try:
            return [known[word] for word in folded]
        except KeyError:
            if len(known) > _REMEMBERED:
                known.clear()
            known.update(self._fits(set(folded).difference(known)))
            return [known[word] for word in folded]

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


def _grown(
    phrase: _Phrase, at: int, fits: Mapping[int, _Fits], sentence_of: Sequence[int]
) -> tuple[int, int] | None:
    """The whole phrase around its anchor, as first word and word after the last."""
    first = last = at
    for pattern, step, reach in phrase.others:
        start = first if step < 0 else last
        for n in range(start + step, start + step * (reach + 1), step):
            if pattern in fits.get(n, _NONE):
                break
        else:
            return None
        if sentence_of[n] != sentence_of[at]:
            return None
        if step < 0:
            first = n
        else:
            last = n
    return first, last + 1
