"""How a topic is spoken of: the words that articles on it use, and those that others use.

An article can be on topic and name nothing: "the republic beyond the tunnel will be asked in July".
Judged articles tell it by their words: a logistic regression over stems, language by language, that
stays close to what was known before. Texts of ordinary language stand beside the judged ones off the
topic, which are few, and chosen for looking like it. Learned from verdicts, and given with a topic by
``learned``; a topic without either has no words, and the value of every article is 0.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from . import background
from .fit import squash
from .seeds import Stems

LEARNED = "words"
"""The key of the words in what a topic has learned."""
_LEAST_TEXTS = 6  # of either kind in a language, before their words tell anything
_LEAST_USES = 2
_STEPS = 100
_STRENGTH = 0.008  # of the pull towards what was known, for each squared step of a word
_ORDINARY, _ORDINARY_SHARE = 40, 0.2
"""Texts of ordinary language, and what they count together as a share of the judged ones."""
_WORDS, _STEMS = 120, 80  # of each
_SPREAD = 20
"""Stems that every text is taken to have more: words of one text are not independent."""
_CONSTANT = 0.1
_FULL = 4.0  # log odds at which an article is wholly worded like one kind
_OPENING = 200
"""Words of an article that are looked at: what it is about it says early, and a long one holds a few
words of anything."""
_SURE_FROM = 40  # different stems; the words of a headline are chance
_SHARED = 4
_LEAST_SAID = 0.05  # what a word says for less is not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What each stem of one language says for or against a topic."""

    stems: Mapping[str, float] = field(default_factory=dict)
    bias: float = 0.0
    """Log odds of a text none of whose stems is known."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """How far an article is worded like those on topic, and by which of its words."""

    value: float = 0.0
    """From -1 (as articles off the topic are) to 1 (as those on it)."""
    shared: tuple[int, ...] = ()
    """Numbers of the few words that say most in its direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The stems of one article of which it is known whether it is on topic."""

    stems: Stems
    positive: bool
    story: str = ""
    """Articles of one story count as one, a little more if there are many; empty: a story alone."""


def words_of(learned: Mapping[str, Any] | None) -> dict[str, Words]:
    """By language, the words that a topic has learned."""
    stated = (learned or {}).get(LEARNED) or {}
    return {lang: Words(stems=one["stems"], bias=one["bias"]) for lang, one in stated.items()}


def spoken(known: Mapping[str, Words], stems: Stems | None) -> Spoken:
    """How an article is worded; 0 in a language of which nothing was learned."""
    words = known.get(stems.lang) if stems else None
    if not stems or not words:
        return Spoken()
    opening = _opening(stems)
    found = [word for word in opening if word in words.stems]
    said = math.fsum(words.stems[word] for word in found)
    # Words of which nothing is known thin out what speaks for the topic, not what speaks against it.
    size = len(opening) if said > 0 else len(found)
    total = words.bias + said / math.sqrt(size + _SPREAD)
    sign = math.copysign(1.0, total)
    most = sorted(found, key=lambda word: sign * words.stems[word], reverse=True)[:_SHARED]
    sure = min(1.0, len(opening) / _SURE_FROM)
    return Spoken(
        sure * max(-1.0, min(1.0, total / _FULL)), tuple(stems.first[word] for word in most)
    )


def _opening(stems: Stems) -> list[str]:
    """Its first stems, in the order in which they stand."""
    return list(islice(stems.first, bisect_left(list(stems.first.values()), _OPENING)))


# ------------------------------------------------------------------------------- learning


def learn_words(
    examples: Iterable[Example], known: Mapping[str, Words] | None = None
) -> dict[str, Any]:
    """What a topic learns of words from judged articles, as JSON, on top of what was known.

    A language with too few articles of either kind keeps what was known of it.
    """
    by_lang: dict[str, list[Example]] = {}
    for example in examples:
        by_lang.setdefault(example.stems.lang, []).append(example)
    words = dict(known or {})
    for lang, same in by_lang.items():
        positive = sum(example.positive for example in same)
        if min(positive, len(same) - positive) >= _LEAST_TEXTS:
            words[lang] = _learn(lang, same, words.get(lang, Words()))
    return {
        LEARNED: {
            lang: {"bias": round(one.bias, 3), "stems": _worth_keeping(one.stems)}
            for lang, one in sorted(words.items())
        }
    }


def _worth_keeping(stems: Mapping[str, float]) -> dict[str, float]:
    return {
        word: round(said, 2) for word, said in sorted(stems.items()) if abs(said) >= _LEAST_SAID
    }


@dataclass(frozen=True, slots=True)
class _Row:
    """One text as numbers of stems; each stem has the same value."""

    stems: tuple[int, ...]
    value: float
    target: float
    weight: float


def _learn(lang: str, examples: Sequence[Example], known: Words) -> Words:
    texts = [(sorted(_opening(example.stems)), example) for example in examples]
    uses = Counter(word for opening, _ in texts for word in opening)
    names = sorted(known.stems.keys() | {word for word, n in uses.items() if n >= _LEAST_USES})
    numbers = {word: n for n, word in enumerate(names)}
    told = Counter(example.story for example in examples if example.story)
    rows = [
        _Row(
            stems=tuple(numbers[word] for word in opening if word in numbers),
            value=1 / math.sqrt(len(opening) + _SPREAD),
            target=float(example.positive),
            weight=1 / math.sqrt(told.get(example.story, 1)),
        )
        for opening, example in texts
    ]
    rows += _ordinary(lang, names, _ORDINARY_SHARE * len(rows) / _ORDINARY)
    prior = [*(known.stems.get(name, 0.0) for name in names), known.bias / _CONSTANT]
    fitted = _descend(rows, prior)
    return Words(stems=dict(zip(names, fitted, strict=False)), bias=_CONSTANT * fitted[-1])


def _ordinary(lang: str, names: Sequence[str], weight: float) -> list[_Row]:
    """Texts as ordinary language would have them: a stem is in as many as the statistics say."""
    shares = [background.share_of_texts(name, lang, _WORDS) for name in names]
    rows = []
    for text in range(_ORDINARY):
        held = tuple(
            n
            for n, (name, share) in enumerate(zip(names, shares, strict=True))
            # Drawn by hash, so that the same is learned from the same articles.
            if zlib.crc32(f"{text}:{name}".encode("utf-8", "replace")) < share * 2**32
        )
        rows.append(_Row(held, 1 / math.sqrt(_STEMS + _SPREAD), 0.0, weight))
    return rows


def _descend(rows: Sequence[_Row], prior: Sequence[float]) -> list[float]:
    """Weights of least log loss plus strength/2 for each squared step from the prior; the last is
    that of the constant. Nesterov's accelerated descent, deterministic."""
    pace = 1 / (_steepest(rows, len(prior)) + _STRENGTH)
    weights, ahead, momentum = list(prior), list(prior), 1.0
    for _ in range(_STEPS):
        slope = [_STRENGTH * (a - p) for a, p in zip(ahead, prior, strict=True)]
        for row in rows:
            total = row.value * sum([ahead[n] for n in row.stems]) + _CONSTANT * ahead[-1]
            error = row.weight * (squash(total) - row.target)
            slope[-1] += _CONSTANT * error
            error *= row.value
            for n in row.stems:
                slope[n] += error
        moved = [a - pace * s for a, s in zip(ahead, slope, strict=True)]
        following = (1 + math.sqrt(1 + 4 * momentum * momentum)) / 2
        carried = (momentum - 1) / following
        ahead = [m + carried * (m - w) for m, w in zip(moved, weights, strict=True)]
        weights, momentum = moved, following
    return weights


def _steepest(rows: Sequence[_Row], size: int) -> float:
    """A bound of the curvature: a quarter of the largest eigenvalue of the rows' products."""
    vector, most = [1.0] * size, 1.0
    for _ in range(12):
        product = [0.0] * size
        for row in rows:
            along = row.value * sum([vector[n] for n in row.stems]) + _CONSTANT * vector[-1]
            product[-1] += _CONSTANT * row.weight * along
            for n in row.stems:
                product[n] += row.value * row.weight * along
        most = math.sqrt(sum(value * value for value in product)) or 1.0
        vector = [value / most for value in product]
    return 0.25 * 1.1 * most
