"""What an article says happened, in a form that can be compared across languages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations

from watcher.model import ArticleText
from watcher.stories.dates import days, numbers
from watcher.stories.lexicon import ACT, BODY, COMMON, PLACE, THING
from watcher.stories.reading import Reading, name_words, read
from watcher.stories.sketch import NO_SKETCH, Sketch, sketch
from watcher.text.words import skeleton, stem

_LIMITS = {
    "names": 40,
    "weak": 40,
    "acts": 30,
    "things": 40,
    "places": 30,
    "days": 10,
    "numbers": 16,
    "stems": 64,
}
_MAX_KEYS = 40
_KIND_OF_CLASS = {ACT: "acts", THING: "things", COMMON: "things", PLACE: "places", BODY: "things"}
_FORMAT = 1

Weights = Mapping[str, int]
"""Feature to the weight, 1-9, of the best place where it stands."""


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """Comparable features of an article; every mapping runs from feature to weight 1-9."""

    lang: str | None = None
    words: int = 0
    """Words of the body."""
    names: Weights = field(default_factory=dict)
    """Sound keys of what is surely a name."""
    weak: Weights = field(default_factory=dict)
    """Sound keys of words that may be names: no case in the script, German nouns, first words."""
    acts: Weights = field(default_factory=dict)
    things: Weights = field(default_factory=dict)
    """Roles, institutions and common matters."""
    places: Weights = field(default_factory=dict)
    days: Weights = field(default_factory=dict)
    numbers: Weights = field(default_factory=dict)
    stems: Weights = field(default_factory=dict)
    """Word stems, for texts of the same language."""
    sketch: Sketch = NO_SKETCH

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """At most 40 index keys; two tellings of one event share at least one."""
        return index_keys(self)

    # What comparing asks for again and again: a stored hit is compared with many that come after.

    @cached_property
    def named(self) -> Weights:
        """Names, sure and possible."""
        return {**self.weak, **self.names}

    @cached_property
    def by_sound(self) -> Mapping[str, list[str]]:
        """The same by their first two sounds."""
        found: dict[str, list[str]] = {}
        for key in (*self.names, *self.weak):
            found.setdefault(key[:2], []).append(key)
        return found

    def to_json(self) -> str:
        """Compact JSON of at most about 4 kB."""
        parts: dict[str, object] = {"v": _FORMAT, "l": self.lang, "w": self.words}
        for name in _LIMITS:
            parts[name[:2]] = _packed(getattr(self, name))
        parts["sk"] = self.sketch.packed()
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_all(cls, tellings: Sequence[Fingerprint], lang: str | None) -> Fingerprint:
        """What several tellings of one event say together, each feature with its best weight; word
        stems of those in one language only. It is no text, so that it has no sketch."""
        told: dict[str, dict[str, int]] = {name: {} for name in _LIMITS}
        for telling in tellings:
            for name, features in told.items():
                if name != "stems" or telling.lang == lang:
                    for key, weight in getattr(telling, name).items():
                        _add(features, key, weight)
        words = max(telling.words for telling in tellings)
        return cls(lang=lang, words=words, sketch=NO_SKETCH, **told)

    @classmethod
    def from_json(cls, text: str) -> Fingerprint:
        """The inverse of ``to_json``; hits of the last days are compared again and again."""
        return _parsed(text)


# Reading one back costs as much as comparing two. So many are the window of a topic with 300 hits
# a day; each takes 10 kB.
@lru_cache(maxsize=1_500)
def _parsed(text: str) -> Fingerprint:
    parts = json.loads(text)
    return Fingerprint(
        lang=parts["l"],
        words=parts["w"],
        sketch=Sketch.unpacked(parts["sk"]),
        **{name: _unpacked(parts[name[:2]]) for name in _LIMITS},
    )


def _packed(weights: Weights) -> str:
    """``9 a b|5 c``: features by weight, so that reading them back runs mostly in C."""
    by_weight: dict[int, list[str]] = {}
    for key, weight in weights.items():
        by_weight.setdefault(weight, []).append(key)
    return "|".join(f"{weight} {' '.join(keys)}" for weight, keys in by_weight.items())


def _unpacked(packed: str) -> dict[str, int]:
    weights: dict[str, int] = {}
    for group in packed.split("|") if packed else ():
        weight, _, keys = group.partition(" ")
        weights.update(dict.fromkeys(keys.split(" "), int(weight)))
    return weights


# ------------------------------------------------------------------------------------ keys


def _strongest(weights: Weights, limit: int) -> list[str]:
    return sorted(weights, key=lambda key: (-weights[key], key))[:limit]


def index_keys(fp: Fingerprint) -> tuple[str, ...]:
    """Keys under which the store files an article: ``kind:feature`` or ``kind:feature+feature``.

    Near-duplicates share one of the four smallest sketch hashes, tellings in other words a rare
    name, number or word, or two acts, or an act with a place or matter.
    """
    acts = _strongest(fp.acts, 5)
    about = [("places", key) for key in _strongest(fp.places, 2)]
    about += [("things", key) for key in _strongest(fp.things, 2)]
    keys = [f"sketch:{value:08x}" for value in fp.sketch.hashes[:4]]
    keys += [f"names:{key}" for key in _strongest(fp.names, 12)]
    keys += [f"numbers:{key}" for key in _strongest(fp.numbers, 4) if len(key) > 2]
    keys += [f"acts:{'+'.join(sorted(pair))}" for pair in combinations(acts, 2)]
    keys += [f"{kind}:{key}+{act}" for kind, key in about for act in acts[:3]]
    keys += [f"names:{key}" for key in _strongest(fp.weak, 12)]
    keys += [f"stems:{key}" for key in _strongest(fp.stems, 6)]
    return tuple(dict.fromkeys(keys))[:_MAX_KEYS]


# ----------------------------------------------------------------------------- extraction


def _add(weights: dict[str, int], key: str, weight: int) -> None:
    if weight > weights.get(key, 0):
        weights[key] = weight


def _kept(weights: dict[str, int], limit: int) -> dict[str, int]:
    return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:limit])


@lru_cache(maxsize=20_000)
def _stem_key(folded: str, lang: str | None) -> str:
    return skeleton(stem(folded, lang))[:9]


def fingerprint(article: ArticleText) -> Fingerprint:
    """The fingerprint of an article; pure, about 1.5 ms for 150 words and 3 ms for 400."""
    reading = read(article)
    features: dict[str, dict[str, int]] = {name: {} for name in _LIMITS}
    for found in reading.concepts:
        if kind := _KIND_OF_CLASS.get(found.concept.kind):
            _add(features[kind], found.concept.id, reading.weights[found.start])
    for kind, by_word in zip(("names", "weak"), name_words(reading), strict=True):
        for n, key in by_word.items():
            _add(features[kind], key, reading.weights[n])
    published = article.published_at.date() if article.published_at else None
    _add_days_and_numbers(reading, published, features)
    for n, folded in enumerate(reading.words.folded):
        if len(folded) > 3 and not folded[0].isdigit():
            _add(features["stems"], _stem_key(folded, reading.lang), reading.weights[n])
    body = reading.words.folded[reading.title_end :]
    return Fingerprint(
        lang=article.lang,
        words=len(body),
        sketch=sketch(body or reading.words.folded),
        **{name: _kept(features[name], limit) for name, limit in _LIMITS.items()},
    )


def _add_days_and_numbers(
    reading: Reading, published: date | None, features: dict[str, dict[str, int]]
) -> None:
    named = days(reading.words, reading.concepts, published)
    counted = numbers(reading.words, named, reading.lang)
    for kind, mentions in (("days", named), ("numbers", counted)):
        for mention in mentions:
            _add(features[kind], mention.value, reading.weight_at(mention.start))
