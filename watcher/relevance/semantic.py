"""Likeness of meaning to the seeds, through sentence embeddings that come from outside.

For articles that are on topic without any of its words. An article's sentences are set beside the
seeds' sentences, pair by pair. What a cosine means differs from model to model, so the scale is the
topic's own: from what ordinary news sentences reach to what the seeds do among one another. Whether
a model knows a language is seen from the ordinary sentences, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from .layout import Layout, Place, Sentence

SENTENCES = 9
"""Of an article that are looked at, its title among them: what follows seldom says more."""
SEED_SENTENCES = 12
_PAIRS = 12  # the nearest count: an article on topic is like many sentences of the seeds, and often
_FROM, _TO = 0.4, 0.7  # of the way: ordinary news of the same countries goes half of it
_LEAST_SPAN = 0.25  # from ordinary news to the seeds, as part of the way to 1
_ALL_ALIKE = 0.3  # sentences of a language unknown to the model look alike to it
_KNOWN = "en"  # to the models that one finds
_TRANSLATED = 2 / 3  # of the sentences have to find their own translation among all others
_SHOWN = 160


class Embed(Protocol):
    """Sentences to vectors."""

    version: str
    """Changes with the model."""

    def __call__(self, texts: Sequence[str]) -> Any:
        """A numpy array of float32 with a row of length one (or 0) for each text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The first sentences of a seed, its title among them."""

    lang: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How near an article comes to a topic's seeds, and the two sentences that are nearest."""

    value: float
    """0 (as ordinary news) to 1 (nearly as the seeds among one another)."""
    sentence: Sentence
    evidence: str


def opening(layout: Layout) -> Opening:
    """What is kept of a seed in its topic's profile."""
    return Opening(
        lang=layout.lang,
        sentences=tuple(_text(layout, s) for s in _read(layout)[:SEED_SENTENCES]),
    )


def _read(layout: Layout) -> list[Sentence]:
    return [s for s in layout.sentences if s.place is not Place.FURNITURE]


def _text(layout: Layout, sentence: Sentence) -> str:
    return layout.words.text[sentence.start : sentence.end].strip()


@cache
def ordinary() -> Mapping[str, tuple[str, ...]]:
    """Ordinary news sentences by language, in each language the same ones."""
    stated = files("watcher.relevance").joinpath("data/ordinary.txt").read_text("utf-8")
    blocks = (block.strip().split("\n") for block in stated.split("= ")[1:])
    return {lang: tuple(lines) for lang, *lines in blocks}


class Semantics:
    """One model and the seeds of several topics."""

    def __init__(self, embed: Embed, topics: Sequence[Sequence[Opening]]) -> None:
        self._embed = embed
        self._topics = [_seeds(embed, openings) for openings in topics]
        self._ordinary: dict[str, Any] = {}
        self._scales: dict[str, list[list[_Scale]]] = {}

    def vectors(self, layout: Layout) -> Any:
        """The article's first sentences as rows, for ``near``; None where that is no use."""
        read = _read(layout)[:SENTENCES]
        if not read or not any(self._scales_of(layout.lang)):
            return None
        return self._embed([_text(layout, s) for s in read])

    def near(self, number: int, layout: Layout, vectors: Any) -> Nearness | None:
        """Of one topic, by its place among the topics; None where nothing can be said."""
        scales = self._scales_of(layout.lang)[number] if vectors is not None else ()
        value, seeds = max(
            ((scale.value(vectors), scale.seeds) for scale in scales),
            key=lambda pair: pair[0],
            default=(0.0, None),
        )
        if seeds is None or not value:
            return None
        cosines = vectors @ seeds.rows.T
        at, beside = divmod(int(cosines.argmax()), cosines.shape[1])
        sentence = _read(layout)[at]
        return Nearness(
            value=value,
            sentence=sentence,
            evidence=f"“{_cut(_text(layout, sentence))}” is like “{_cut(seeds.sentences[beside])}”",
        )

    def _scales_of(self, lang: str) -> list[list[_Scale]]:
        """For each topic, the seeds that a text in this language can be compared with."""
        if lang not in ordinary():
            return [[] for _ in self._topics]
        if lang not in self._scales:
            self._scales[lang] = [
                [
                    scale
                    for seeds in topic
                    if self._understands(lang, seeds.lang)
                    and (scale := _Scale(seeds, _like(self._rows(lang), seeds.rows))).is_wide
                ]
                for topic in self._topics
            ]
        return self._scales[lang]

    def _rows(self, lang: str) -> Any:
        """The ordinary sentences of a language; only of those that are met."""
        if lang not in self._ordinary:
            self._ordinary[lang] = self._embed(ordinary()[lang])
        return self._ordinary[lang]

    def _understands(self, lang: str, other: str) -> bool:
        """Whether the model sees what two languages, or texts of one language, have in common."""
        own, translated = self._rows(lang), self._rows(other)
        if lang == other:
            known = _spread(self._rows(_KNOWN))
            return _spread(own) <= known + _ALL_ALIKE * (1 - known)
        nearest = (own @ translated.T).argmax(axis=1)
        right = sum(int(found) == n for n, found in enumerate(nearest))
        return right >= _TRANSLATED * len(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seeds:
    """The seeds of one language."""

    lang: str
    sentences: tuple[str, ...]
    rows: Any
    """A vector for each of the sentences."""
    own: float
    """How like each other the seeds are."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """What likeness to some seeds means for a text in one language."""

    seeds: _Seeds
    common: float
    """How like them ordinary news is."""

    @property
    def is_wide(self) -> bool:
        """Whether the model can tell the seeds from ordinary news at all."""
        span = self.seeds.own - self.common  # 0 for a model to which all is alike
        return span > 0 and span >= _LEAST_SPAN * (1 - self.common)

    def value(self, vectors: Any) -> float:
        """0 to 1."""
        part = (_like(vectors, self.seeds.rows) - self.common) / (self.seeds.own - self.common)
        return min(1.0, max(0.0, (part - _FROM) / (_TO - _FROM)))


def _seeds(embed: Embed, openings: Sequence[Opening]) -> list[_Seeds]:
    """The seeds by language."""
    langs = dict.fromkeys(o.lang for o in openings if o.sentences and o.lang in ordinary())
    return [_seeds_of(embed, [o for o in openings if o.lang == lang]) for lang in langs]


def _seeds_of(embed: Embed, openings: Sequence[Opening]) -> _Seeds:
    sentences = [(n, s) for n, o in enumerate(openings) for s in o.sentences]
    rows = embed([s for _, s in sentences])
    # A single seed is compared with itself, every other sentence.
    owner = [n for n, _ in sentences] if len(openings) > 1 else [n % 2 for n in range(len(rows))]
    likes = []
    for part in sorted(set(owner)):
        mine = [n for n, one in enumerate(owner) if one == part]
        rest = [n for n, one in enumerate(owner) if one != part]
        likes.append(_like(rows[mine[:SENTENCES]], rows[rest]))
    return _Seeds(
        lang=openings[0].lang,
        sentences=tuple(s for _, s in sentences),
        rows=rows,
        own=sum(likes) / len(likes),
    )


def _like(rows: Any, others: Any) -> float:
    """Mean cosine of the nearest pairs."""
    nearest = sorted((rows @ others.T).ravel().tolist(), reverse=True)[:_PAIRS]
    return sum(nearest) / len(nearest) if nearest else 0.0


def _spread(rows: Any) -> float:
    """Mean cosine of different rows."""
    size = len(rows)
    return float(((rows @ rows.T).sum() - size) / (size * (size - 1)))


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN].rsplit(' ', 1)[0]}…"
