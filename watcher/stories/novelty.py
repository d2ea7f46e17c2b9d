"""What an article tells that was not known: new names, numbers, days, acts and quotes."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from itertools import islice
from math import exp
from operator import itemgetter
from typing import Any, NamedTuple
from zlib import crc32

from watcher.model import ArticleText
from watcher.stories.dates import days, numbers
from watcher.stories.lexicon import ACT, BODY, PLACE
from watcher.stories.names import alike
from watcher.stories.reading import Reading, name_words, read
from watcher.text.words import tokenise

_LIMITS = {"names": 400, "numbers": 300, "days": 120, "acts": 160, "places": 200, "runs": 2400}
"""The runs are those of the quotes in some 60 articles."""
_WORTH = {"name": 1.0, "act": 0.8, "day": 0.8, "number": 0.7, "place": 0.4, "quote": 0.8}
_TODAY_WORTH = 0.1
"""The day of publication is new in every article, and tells nothing."""
_MUCH = 6.0
"""This much new worth makes a score of 0.63."""
_LEAD_SENTENCES = 4
_DEEP = 0.5
"""What a new fact below the first sentences counts: background that one outlet adds."""
_HEARD = 0.6
"""A quote of which this share of word runs is known was told before."""
_RUN = 4
_QUOTE = re.compile(r"[«„“”\"]([^«»„“”\"]{20,400})[»“”\"]")
_LED_BY = 3


class Fact(NamedTuple):
    """One thing that a sentence states: its kind, comparable key and written form; a tuple, since
    making a frozen dataclass takes longer than finding a fact."""

    kind: str
    """``name``, ``number``, ``day``, ``act``, ``place`` or ``quote``."""
    key: str
    """Empty for a quote, which is known again by its runs."""
    written: str
    runs: frozenset[int] = frozenset()
    """Hashes of the word runs of a quote."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.written}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceFacts:
    """A sentence with what it states."""

    text: str
    facts: tuple[Fact, ...]
    paragraph: int = 0
    """Its number in the article; the title is the first."""


_Keys = Mapping[Any, None]
"""Comparable keys in the order in which they were told last: a set that knows what is oldest."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a topic's seeds or a story have told so far; every field holds comparable keys.

    A fact is known by its key alone: a sentence that is repeated but for one word may have that
    word changed because it is the news (17 July, 30 October).
    """

    names: _Keys = field(default_factory=dict)
    numbers: _Keys = field(default_factory=dict)
    days: _Keys = field(default_factory=dict)
    acts: _Keys = field(default_factory=dict)
    places: _Keys = field(default_factory=dict)
    runs: _Keys = field(default_factory=dict)
    """Hashes of four-word runs, to know quotes again."""

    @classmethod
    def of(cls, articles: Iterable[ArticleText]) -> Known:
        """What some articles, such as a topic's seeds, tell together."""
        known = cls()
        for article in articles:
            known = known.absorb(facts_of(article))
        return known

    def absorb(self, told: Sequence[SentenceFacts]) -> Known:
        """Known and told together, bounded: what was not told for longest goes first."""
        added: dict[str, dict[Any, None]] = {name: {} for name in _LIMITS}
        for sentence in told:
            for fact in sentence.facts:
                if fact.kind in _FIELD:
                    added[_FIELD[fact.kind]][fact.key] = None
                else:
                    added["runs"] |= dict.fromkeys(sorted(fact.runs))
        return Known(
            **{
                name: _latest(getattr(self, name), keys, _LIMITS[name])
                for name, keys in added.items()
            }
        )

    def merged(self, *others: Known) -> Known:
        """All together."""
        together: dict[str, dict[Any, None]] = {}
        for name in _LIMITS:
            together[name] = dict(getattr(self, name))
            for other in others:
                together[name].update(getattr(other, name))
        return Known(**together)

    def lasting(self) -> Known:
        """What means the same outside its story: 58 here are no 58 there, and much is signed."""
        return replace(self, numbers={}, acts={})

    def has(self, fact: Fact) -> bool:
        """Whether the fact was told; names may differ by an ending, quotes by some words."""
        if fact.kind == "quote":
            known = sum(run in self.runs for run in fact.runs)
            return bool(fact.runs) and known >= _HEARD * len(fact.runs)
        if fact.key in getattr(self, _FIELD[fact.kind]):
            return True
        near = self._by_sound.get(fact.key[:_SOUND], ()) if fact.kind == "name" else ()
        return any(alike(fact.key, key) for key in near)

    @cached_property
    def _by_sound(self) -> dict[str, list[str]]:
        """Names by how they begin: a long saga knows hundreds, and each new one is looked for."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            found.setdefault(name[:_SOUND], []).append(name)
        return found

    def to_json(self) -> str:
        """Compact JSON of at most about 40 kB."""
        return json.dumps(
            {f.name: list(getattr(self, f.name)) for f in fields(self)},
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Known:
        """The inverse of ``to_json``."""
        return cls(**{name: dict.fromkeys(keys) for name, keys in json.loads(text).items()})


def _latest(known: _Keys, told: _Keys, limit: int) -> dict[Any, None]:
    """All keys, those told now last; so many of the last."""
    kept = {key: None for key in known if key not in told} | dict(told)
    return dict(islice(kept.items(), max(0, len(kept) - limit), None))


_FIELD = {"name": "names", "number": "numbers", "day": "days", "act": "acts", "place": "places"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """How much is new (0-1), in which sentences, most telling first."""

    score: float
    sentences: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Sentence and its new facts (``name: Kvarchia``); at most three, in order of worth."""
    evidence: tuple[str, ...] = ()

    @property
    def nothing_new(self) -> bool:
        """Whether the article may join its story silently."""
        return self.score < 0.2


_KIND_OF_CLASS = {ACT: "act", PLACE: "place", BODY: "place"}
_SOUND = 3
"""Names that may be one agree in so many sounds."""


@lru_cache(maxsize=4)  # what is new in an article and what it adds to its story read the same
def facts_of(article: ArticleText) -> tuple[SentenceFacts, ...]:
    """What each sentence of an article states, the title first."""
    reading = read(article)
    names, _ = name_words(reading)
    placed = sorted(_facts(reading, article, names), key=itemgetter(0))
    offsets = [offset for offset, _ in placed]
    told = []
    for start, end in reading.sentences:
        text = reading.text[start:end].strip()
        inside = placed[bisect_left(offsets, start) : bisect_left(offsets, end)]
        facts = tuple([fact for _, fact in inside])
        paragraph = reading.text.count("\n", 0, start)
        told.append(SentenceFacts(text=text, facts=facts, paragraph=paragraph))
    return tuple(told)


def _facts(
    reading: Reading, article: ArticleText, names: dict[int, str]
) -> Iterator[tuple[int, Fact]]:
    """Facts with the character offsets where they stand."""
    text, starts, ends = reading.text, reading.words.starts, reading.words.ends
    for n, key in names.items():
        yield starts[n], Fact("name", key, text[starts[n] : ends[n]])
    for found in reading.concepts:
        if kind := _KIND_OF_CLASS.get(found.concept.kind):
            start = starts[found.start]
            yield start, Fact(kind, found.concept.id, text[start : ends[found.end - 1]])
    published = article.published_at.date() if article.published_at else None
    named = days(reading.words, reading.concepts, published)
    counted = numbers(reading.words, named, reading.lang)
    for kind, mentions in (("day", named), ("number", counted)):
        for start, end, value in mentions:
            yield start, Fact(kind, value, text[start:end])
    for quote in _QUOTE.finditer(text):
        runs = _runs(tokenise(quote[1]).folded)
        yield quote.start(), Fact("quote", "", quote[1], runs)


def _runs(words: Sequence[str]) -> frozenset[int]:
    starts = range(max(1, len(words) - _RUN + 1))
    return frozenset(crc32(" ".join(words[at : at + _RUN]).encode()) for at in starts)


def novelty(article: ArticleText, known: Known) -> Novelty:
    """Judge an article against what was told before: by the seeds, its story, the topic's others.

    Every fact counts once. The sentences are the body's wherever it says something new: a headline
    is shown anyway, and what it says first must not take it from the sentence that tells it in full.
    """
    today = ("day", f"{article.published_at:%m%d}" if article.published_at else None)
    untold = [
        (place, sentence, [fact for fact in sentence.facts if not known.has(fact)])
        for place, sentence in enumerate(facts_of(article))
    ]
    judged = _judged(untold, today)
    led_by = _judged([one for one in untold if one[1].paragraph], today) or judged
    total = sum(worth for worth, _, _ in judged)
    best = sorted(led_by, key=lambda one: -one[0])[:_LED_BY]
    return Novelty(
        score=round(1 - exp(-total / _MUCH), 3),
        sentences=tuple((text, tuple(map(str, new))) for _, text, new in best),
        evidence=tuple(str(fact) for _, _, new in best for fact in new)[:12],
    )


def _judged(
    untold: Iterable[tuple[int, SentenceFacts, list[Fact]]], today: tuple[str, str | None]
) -> list[tuple[float, str, list[Fact]]]:
    """Worth, text and new facts of each sentence that brings any, from place, sentence and what it
    tells that was not known before: a fact is new in the first of them."""
    judged = []
    met: set[tuple[str, str]] = set()
    for place, sentence, facts in untold:
        new: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            key = (fact.kind, fact.key or fact.written)
            if key not in met:
                new.setdefault(key, fact)
        met |= new.keys()
        worth = sum(
            _TODAY_WORTH if (fact.kind, fact.key) == today else _WORTH[fact.kind]
            for fact in new.values()
        )
        worth *= 1.0 if place < _LEAD_SENTENCES else _DEEP
        if new and worth > _TODAY_WORTH:
            judged.append((worth, sentence.text, list(new.values())))
    return judged
