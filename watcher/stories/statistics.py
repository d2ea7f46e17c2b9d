"""How telling each feature is: what every story of a topic or of the week says tells none apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from math import log
from operator import attrgetter

from watcher.stories.fingerprint import Fingerprint, Weights

COUNTED = ("names", "acts", "things", "places", "numbers", "stems")
"""Kinds of feature with a rarity; possible names count as names."""
COUNTED_LATE = ("names", "acts", "things", "places", "numbers")
"""Word stems are too many to count anew for every hit; their long history serves."""
_PRIOR = {
    "names": 0.04,
    "acts": 0.06,
    "things": 0.15,
    "places": 0.12,
    "numbers": 0.01,
    "stems": 0.03,
}
"""How often a feature of a kind is expected in a story of which nothing is known yet."""
_PRIOR_SMALL_NUMBER = 0.08
_PRIOR_STORIES = 5
_PRIOR_RECENT = 1.5
"""How many stories the prior counts for: in the topic's whole history, and in recent days."""
_MOST_COMMON = 0.95


def _counters() -> dict[str, Counter[str]]:
    return {kind: Counter() for kind in COUNTED}


_FEATURES: dict[str, Callable[[Fingerprint], Weights]] = {
    kind: attrgetter("named" if kind == "names" else kind) for kind in COUNTED
}


def _union(fingerprints: Sequence[Fingerprint], kind: str) -> Collection[str]:
    """Features of a kind that any of the fingerprints has."""
    told = [*map(_FEATURES[kind], fingerprints)]
    return told[0].keys() if len(told) == 1 else set[str]().union(*told)


class TopicStatistics:
    """Counts stories, not articles, so that a widely told story does not mute its own words."""

    def __init__(self) -> None:
        self.stories = 0
        self.counts = _counters()

    @classmethod
    def of(cls, fingerprints: Iterable[Fingerprint]) -> TopicStatistics:
        """Statistics over fingerprints of different events, such as a topic's seeds."""
        statistics = cls()
        for fp in fingerprints:
            statistics.observe(fp, new_story=True)
        return statistics

    def observe(self, fp: Fingerprint, *, new_story: bool) -> None:
        """Count an article; only the first of a story counts."""
        if not new_story:
            return
        self.stories += 1
        for kind, counter in self.counts.items():
            counter.update(_FEATURES[kind](fp).keys())

    def to_json(self) -> str:
        """Counts of what was seen in two stories or more, and how many stories there were."""
        counts = {
            kind: {key: n for key, n in counter.items() if n > 1}
            for kind, counter in self.counts.items()
        }
        return json.dumps({"stories": self.stories, "counts": counts}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> TopicStatistics:
        """The inverse of ``to_json``, but for features seen once."""
        parts = json.loads(text)
        statistics = cls()
        statistics.stories = parts["stories"]
        for kind, counts in parts["counts"].items():
            statistics.counts[kind].update(counts)
        return statistics


_MOST_SEARCHED = 40
_TOO_COMMON = 1.8
"""A key that one story in six or more has finds too many candidates to be worth a search."""
_SKETCH_RARITY = 12.0


def search_keys(fp: Fingerprint, statistics: TopicStatistics) -> tuple[str, ...]:
    """The rarest of an article's index keys: what candidates are looked up by."""
    untold = Recent(statistics, ()).untold
    rarities = {key: _key_rarity(key, untold) for key in fp.keys}
    telling = [key for key, rarity in rarities.items() if rarity >= _TOO_COMMON]
    return tuple(sorted(telling, key=lambda key: -rarities[key])[:_MOST_SEARCHED])


def _key_rarity(key: str, untold: Rarity) -> float:
    kind, _, features = key.partition(":")
    if kind == "sketch":
        return _SKETCH_RARITY
    first, _, second = features.partition("+")
    return untold[kind][first] + (untold["acts"][second] if second else 0.0)


class _Rarities(dict[str, float]):
    """Rarity of one kind of features: the share of other stories that have it, ever or of late,
    whichever is more, in nats. Worked out at first use."""

    def __init__(self, kind: str, recent: Recent, own: int) -> None:
        super().__init__()
        statistics = recent.statistics
        self._own = own
        self._ever, self._late = statistics.counts[kind], recent.counts[kind]
        self._stories = max(0, statistics.stories - 1) + _PRIOR_STORIES
        self._recent = max(0, len(recent.members) - 1) + _PRIOR_RECENT
        self._prior, self._are_numbers = _PRIOR[kind], kind == "numbers"

    def __missing__(self, key: str) -> float:
        self.work_out((key,))
        return self[key]

    def work_out(self, keys: Iterable[str]) -> None:
        """Have these ready: asked for one by one, they take twice as long."""
        own, evers, lates = self._own, self._ever.get, self._late.get
        stories, recent, are_numbers = self._stories, self._recent, self._are_numbers
        for key in keys:
            ever, late = evers(key, 0), lates(key, 0)
            prior = _PRIOR_SMALL_NUMBER if are_numbers and len(key) < 3 else self._prior
            long = ((ever - own if ever > own else 0) + _PRIOR_STORIES * prior) / stories
            lately = ((late - own if late > own else 0) + _PRIOR_RECENT * prior) / recent
            share = long if long > lately else lately
            self[key] = -log(share if share < _MOST_COMMON else _MOST_COMMON)


Rarity = Mapping[str, dict[str, float]]
"""How much each feature tells an event from the topic's other events, in nats, by kind and
feature: near 0 for what every other story has too."""


class Recent:
    """Which features the stories of the last days share, beside the topic's long history.

    A story that an article is compared with must not count against itself, so there are two
    rarities: of what the story told (``told``) and of what it did not (``untold``).
    """

    def __init__(
        self, statistics: TopicStatistics, members: Iterable[tuple[Hashable, Fingerprint]]
    ) -> None:
        self.statistics = statistics
        self.members: dict[Hashable, list[Fingerprint]] = {}
        for story, fp in members:
            self.members.setdefault(story, []).append(fp)
        self._features = {
            kind: {story: _union(told, kind) for story, told in self.members.items()}
            for kind in COUNTED_LATE
        }
        self.counts = _counters()
        for kind, by_story in self._features.items():
            self.counts[kind] = Counter(chain.from_iterable(by_story.values()))
        self.told = {kind: _Rarities(kind, self, 1) for kind in COUNTED}
        self.untold = {kind: _Rarities(kind, self, 0) for kind in COUNTED}
        self._asked: tuple[Fingerprint, Rarity] | None = None

    def prepare(self, fingerprints: Sequence[Fingerprint], kinds: Iterable[str]) -> None:
        """Have ``told`` ready for these kinds of what some of the members say."""
        for kind in kinds:
            self.told[kind].work_out(_union(fingerprints, kind))

    def against(self, story: Hashable, fp: Fingerprint) -> Rarity:
        """Rarity of an article's features, when it is compared with a story."""
        if self._asked is None or self._asked[0] is not fp:
            self._asked = fp, {kind: self._untold_of(fp, kind) for kind in COUNTED}
        return {kind: self._mixed(kind, story, self._asked[1]) for kind in COUNTED}

    def _untold_of(self, fp: Fingerprint, kind: str) -> dict[str, float]:
        untold, features = self.untold[kind], _FEATURES[kind](fp)
        untold.work_out(features)
        return {key: untold[key] for key in features}

    def _mixed(self, kind: str, story: Hashable, asked: Rarity) -> dict[str, float]:
        if kind not in COUNTED_LATE:
            return asked[kind]
        told = self.told[kind]
        own = asked[kind].keys() & self._features[kind].get(story, ())
        return asked[kind] | {key: told[key] for key in own} if own else asked[kind]
