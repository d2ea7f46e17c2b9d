"""What an article tells that was not known: new names, numbers, days, acts and quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from heapq import nlargest
from math import exp
from typing import TypeVar
from zlib import crc32

from watcher.model import ArticleText
from watcher.stories.dates import days, numbers
from watcher.stories.lexicon import ACT, BODY, PLACE
from watcher.stories.names import alike
from watcher.stories.reading import Reading, name_words, read
from watcher.text.words import tokenise

_LIMITS = {"names": 400, "numbers": 300, "days": 120, "acts": 160, "places": 200, "runs": 1200}
_WORTH = {"name": 1.0, "act": 0.8, "day": 0.8, "number": 0.7, "place": 0.4, "quote": 0.8}
_TODAY_WORTH = 0.1
"""The day of publication is new in every article, and tells nothing."""
_MUCH = 6.0
"""This much new worth makes a score of 0.63."""
_LEAD_SENTENCES = 4
_DEEP = 0.5
"""What a new fact below the first sentences counts: background that one outlet adds."""
_HEARD = 0.6
"""A sentence of which this share of word runs is known was told before."""
_RUN = 4
_QUOTE = re.compile(r"[«„“”\"]([^«»„“”\"]{20,400})[»“”\"]")
_LED_BY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a sentence states: its kind, comparable key and written form."""

    kind: str
    """``name``, ``number``, ``day``, ``act``, ``place`` or ``quote``."""
    key: str
    written: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.written}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceFacts:
    """A sentence with what it states and the hashes of its word runs."""

    text: str
    facts: tuple[Fact, ...]
    runs: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a topic's seeds or a story have told so far; every field holds comparable keys."""

    names: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    runs: frozenset[int] = frozenset()
    """Hashes of four-word runs, to know sentences and quotes again."""

    @classmethod
    def of(cls, articles: Iterable[ArticleText]) -> Known:
        """What some articles, such as a topic's seeds, tell together."""
        known = cls()
        for article in articles:
            known = known.absorb(facts_of(article))
        return known

    def absorb(self, told: Sequence[SentenceFacts]) -> Known:
        """Known and told together, bounded: beyond the limits nothing more is kept."""
        runs: set[int] = set()
        told_keys: dict[str, set[str]] = {name: set() for name in _FIELD.values()}
        for sentence in told:
            runs |= sentence.runs
            for fact in sentence.facts:
                if fact.kind in _FIELD:
                    told_keys[_FIELD[fact.kind]].add(fact.key)
        kept = {
            name: _bounded(getattr(self, name), keys, _LIMITS[name])
            for name, keys in told_keys.items()
        }
        return replace(self, runs=_bounded(self.runs, runs, _LIMITS["runs"]), **kept)

    def merged(self, other: Known) -> Known:
        """Both together."""
        return Known(
            **{f.name: getattr(self, f.name) | getattr(other, f.name) for f in fields(self)}
        )

    def has(self, fact: Fact) -> bool:
        """Whether the fact was told; names may differ by an ending."""
        if fact.kind == "quote":
            return False
        keys = getattr(self, _FIELD[fact.kind])
        if fact.kind == "name":
            near = _by_sound(keys).get(fact.key[:_SOUND], ())
            return fact.key in keys or any(alike(fact.key, key) for key in near)
        return fact.key in keys

    def heard(self, runs: frozenset[int]) -> bool:
        """Whether a sentence with these runs was told, word for word or nearly."""
        return bool(runs) and len(runs & self.runs) >= _HEARD * len(runs)

    def to_json(self) -> str:
        """Compact JSON of at most about 20 kB."""
        return json.dumps(
            {f.name: sorted(getattr(self, f.name)) for f in fields(self)},
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Known:
        """The inverse of ``to_json``."""
        return cls(**{name: frozenset(keys) for name, keys in json.loads(text).items()})


_Key = TypeVar("_Key", str, int)


def _bounded(kept: frozenset[_Key], told: set[_Key], limit: int) -> frozenset[_Key]:
    """What was kept and told, at most so many, always the same ones: the smallest."""
    if len(kept) == limit:  # few of the told have a place in what is full
        last = max(kept)
        told = {key for key in told if key < last}
    if told <= kept:
        return kept
    keys = kept | told
    return keys.difference(nlargest(len(keys) - limit, keys))


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


_SOUND = 3
"""Names that may be one agree in so many sounds."""


@lru_cache(maxsize=4)
def _by_sound(names: frozenset[str]) -> dict[str, list[str]]:
    """Names by how they begin: a long saga knows hundreds, and each new one is looked for."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name[:_SOUND], []).append(name)
    return found


@lru_cache(maxsize=4)  # what is new in an article and what it adds to its story read the same
def facts_of(article: ArticleText) -> tuple[SentenceFacts, ...]:
    """What each sentence of an article states, the title first."""
    reading = read(article)
    names, _ = name_words(reading)
    placed = sorted(_facts(reading, article, names), key=lambda pair: pair[0])
    told = []
    for start, end in reading.sentences:
        text = reading.text[start:end].strip()
        facts = tuple(fact for offset, fact in placed if start <= offset < end)
        low, high = reading.words.between(start, end)
        runs = _runs(reading.words.folded[low:high])
        told.append(SentenceFacts(text=text, facts=facts, runs=runs))
    return tuple(told)


def _facts(
    reading: Reading, article: ArticleText, names: dict[int, str]
) -> Iterator[tuple[int, Fact]]:
    """Facts with the character offsets where they stand."""
    words, text = reading.words, reading.text
    for n, key in names.items():
        yield (
            words.starts[n],
            Fact(kind="name", key=key, written=text[words.starts[n] : words.ends[n]]),
        )
    for found in reading.concepts:
        written = text[words.starts[found.start] : words.ends[found.end - 1]]
        if found.concept.kind == ACT:
            yield words.starts[found.start], Fact(kind="act", key=found.concept.id, written=written)
        elif found.concept.kind in (PLACE, BODY):
            yield (
                words.starts[found.start],
                Fact(kind="place", key=found.concept.id, written=written),
            )
    published = article.published_at.date() if article.published_at else None
    named = days(words, reading.concepts, published)
    for kind, mentions in (("day", named), ("number", numbers(words, named, reading.lang))):
        for mention in mentions:
            written = text[mention.start : mention.end]
            yield mention.start, Fact(kind=kind, key=mention.value, written=written)
    for quote in _QUOTE.finditer(text):
        yield quote.start(), Fact(kind="quote", key="", written=quote[1])


def _runs(words: Sequence[str]) -> frozenset[int]:
    if len(words) < _RUN:
        return frozenset()
    return frozenset(
        crc32(" ".join(words[at : at + _RUN]).encode()) for at in range(0, len(words) - _RUN + 1, 1)
    )


def novelty(article: ArticleText, known: Known) -> Novelty:
    """Judge an article against what its seeds and its story told (``seeds.merged(story)``)."""
    today = f"{article.published_at:%m%d}" if article.published_at else ""
    judged = []
    met: set[tuple[str, str]] = set()
    for place, sentence in enumerate(facts_of(article)):
        new = _new_facts(sentence, known, met)
        met |= {(fact.kind, fact.key) for fact in new if fact.key}
        worth = sum(_TODAY_WORTH if fact.key == today else _WORTH[fact.kind] for fact in new)
        worth *= 1.0 if place < _LEAD_SENTENCES else _DEEP
        if new and worth > _TODAY_WORTH:
            judged.append((worth, sentence.text, new))
    total = sum(worth for worth, _, _ in judged)
    best = sorted(judged, key=lambda one: -one[0])[:_LED_BY]
    return Novelty(
        score=round(1 - exp(-total / _MUCH), 3),
        sentences=tuple((text, tuple(map(str, new))) for _, text, new in best),
        evidence=tuple(str(fact) for _, _, new in best for fact in new)[:12],
    )


def _new_facts(sentence: SentenceFacts, known: Known, met: set[tuple[str, str]]) -> list[Fact]:
    if known.heard(sentence.runs):
        return []
    new: dict[tuple[str, str], Fact] = {}
    for fact in sentence.facts:
        key = (fact.kind, fact.key or fact.written)
        if key in met or key in new or known.has(fact):
            continue
        if fact.kind == "quote" and known.heard(_runs(tokenise(fact.written).folded)):
            continue
        new[key] = fact
    return list(new.values())
