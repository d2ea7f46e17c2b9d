"""How likely two articles tell the same event."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log1p, sqrt
from operator import mul

from watcher.stories.fingerprint import Fingerprint, Weights
from watcher.stories.names import alike
from watcher.stories.sketch import overlap
from watcher.stories.statistics import Rarity

_TITLE = 9
_FIRST = 8
_UPPER = 6
_LEAD = 5
"""Weights from which a feature stands in the title, or in the first thirty, sixty, ninety words."""
_IN_PASSING = 0.4
"""What it counts that a feature of one title stands only deep in the other article."""
_FRESH_HOURS = 30
_THIN_WORDS = 30
_SEVERAL = 3
_UNSURE = 5.0
_UNKNOWN = 0.25
"""How alike two articles are taken to be while nothing is known, and for how much that counts."""
_PLAIN_KINDS = ("acts", "things", "places", "numbers")

FEATURES = (
    "bias",
    "cross",
    "names",
    "acts",
    "acts_lead",
    "things",
    "places",
    "place_conflict",
    "days",
    "day_conflict",
    "numbers",
    "stems",
    "all",
    "all_covered",
    "title_less",
    "title_more",
    "lead_all",
    "gap",
    "late",
    "near_duplicate",
    "thin",
)
"""What the model sees of a pair; all but the first and the gap lie about 0-1."""

MODEL = (
    -9.25,
    2.09,
    1.94,
    1.48,
    0.99,
    2.56,
    1.83,
    -0.25,
    0.32,
    -1.99,
    3.56,
    2.95,
    3.85,
    2.31,
    1.32,
    0.34,
    2.55,
    -0.89,
    -2.02,
    7.98,
    1.09,
)
"""Weights of the features: logistic regression on pairs of articles at most five days apart, ridge
to weights set by hand. Chosen by leaving each of eight labelled collections out in turn."""


@dataclass(slots=True)
class Mass:
    """Information that two articles share, and that each of them holds."""

    shared: float = 0.0
    left: float = 0.0
    right: float = 0.0

    def add(self, other: Mass) -> None:
        """Count another kind's information too."""
        self.shared += other.shared
        self.left += other.left
        self.right += other.right

    @property
    def cosine(self) -> float:
        """Shared information against both; little information on either side proves little."""
        both = sqrt(self.left * self.right)
        return (self.shared + _UNSURE * _UNKNOWN) / (both + _UNSURE)

    @property
    def covered(self) -> float:
        """Share of the article that is covered less."""
        return (self.shared + _UNSURE * _UNKNOWN) / (max(self.left, self.right) + _UNSURE)


class Side:
    """One article of a comparison, with the masses of its features under a rarity."""

    def __init__(self, fp: Fingerprint, rarity: Rarity) -> None:
        self.fp = fp
        self.mass: dict[str, float] = {}
        self.first: dict[str, float] = {}
        self.upper_acts = 0.0
        self.title: list[tuple[str, str, float]] = []
        for kind in ("names", *_PLAIN_KINDS):
            self._weigh(kind, getattr(fp, kind), rarity[kind])
        self._stem_rarity = rarity["stems"]
        self._stem_mass: float | None = None

    def _weigh(self, kind: str, weights: Weights, rarity: dict[str, float]) -> None:
        whole = first = upper = 0.0
        for key, weight in weights.items():
            telling = rarity[key]
            information = weight * telling
            whole += information
            if weight >= _UPPER:
                upper += information
                if weight >= _FIRST:
                    first += information
                    if weight == _TITLE:
                        self.title.append((kind, key, telling))
        self.mass[kind], self.first[kind] = whole, first
        if kind == "acts":
            self.upper_acts = upper

    def stems(self) -> float:
        """Mass of the word stems, which only a text of the same language is asked for."""
        if self._stem_mass is None:
            stems = self.fp.stems
            self._stem_mass = float(
                sum(map(mul, stems.values(), map(self._stem_rarity.__getitem__, stems)))
            )
        return self._stem_mass

    def named(self, key: str) -> str | None:
        """The same name in this article, surely or possibly a name, allowing for an ending."""
        if key in self.fp.named:
            return key
        for other in self.fp.by_sound.get(key[:2], ()):
            if alike(key, other):
                return other
        return None

    def weight(self, kind: str, key: str) -> int:
        """The best place where a feature stands; 0 if it does not."""
        if kind != "names":
            found: int = getattr(self.fp, kind).get(key, 0)
            return found
        other = self.named(key)
        return self.fp.named[other] if other else 0


@dataclass(slots=True)
class _Shared:
    """Everything two sides share, gathered kind by kind."""

    kinds: dict[str, Mass] = field(default_factory=dict)
    total: Mass = field(default_factory=Mass)
    first: Mass = field(default_factory=Mass)
    upper_acts: float = 0.0
    names: list[str] = field(default_factory=list)

    def add(self, kind: str, mass: Mass, first: Mass) -> None:
        self.kinds[kind] = mass
        self.total.add(mass)
        self.first.add(first)


def _plain(kind: str, left: Side, right: Side, rarity: dict[str, float], shared: _Shared) -> None:
    there: Weights = getattr(right.fp, kind)
    whole = first = upper = 0.0
    for key, weight in getattr(left.fp, kind).items():
        other = there.get(key)
        if not other:
            continue
        least = weight if weight < other else other
        information = least * rarity[key]
        whole += information
        if least >= _UPPER:
            upper += information
            if least >= _FIRST:
                first += information
    shared.add(
        kind,
        Mass(whole, left.mass[kind], right.mass[kind]),
        Mass(first, left.first[kind], right.first[kind]),
    )
    if kind == "acts":
        shared.upper_acts = upper


def _names(left: Side, right: Side, rarity: dict[str, float], shared: _Shared) -> None:
    """Sure names count against an article that lacks them; possible ones only speak for it."""
    mass = Mass(0.0, left.mass["names"], right.mass["names"])
    first = Mass(0.0, left.first["names"], right.first["names"])
    met = set()
    for key, weight in left.fp.names.items():
        if other := right.named(key):
            met.add(other)
            sure = other in right.fp.names
            there = right.fp.names[other] if sure else right.fp.weak[other]
            _meet(mass, first, weight, there, rarity[key], "" if sure else "right")
            shared.names.append(key)
    for key, weight in right.fp.names.items():
        if key not in met and (other := left.named(key)) and other in left.fp.weak:
            _meet(mass, first, left.fp.weak[other], weight, rarity[key], "left")
            shared.names.append(key)
    if left.fp.lang != right.fp.lang:  # common words of one language are compared as stems
        for key in filter(right.fp.weak.__contains__, left.fp.weak):  # sums depend on the order
            there, half = right.fp.weak[key], rarity[key] / 2
            _meet(mass, first, left.fp.weak[key], there, half, "both")
            shared.names.append(key)
    shared.add("names", mass, first)


def _meet(mass: Mass, first: Mass, left: int, right: int, telling: float, possible: str) -> None:
    """Count a shared name; where it was only a possible one, it joins that side's mass."""
    for level, least in ((mass, 1), (first, _FIRST)):
        if left >= least and right >= least:
            level.shared += min(left, right) * telling
        if possible in ("left", "both") and left >= least:
            level.left += left * telling
        if possible in ("right", "both") and right >= least:
            level.right += right * telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two articles have in common, and the likelihood that they tell one event."""

    likelihood: float
    likeness: float
    containment: float
    features: tuple[float, ...]
    shared: tuple[str, ...]
    """Shared features, most telling first."""


def compare(left: Side, right: Side, hours: float, rarity: Rarity) -> Comparison:
    """Compare two articles that appeared ``hours`` apart; ``rarity`` is that of the left one's
    features (``Recent.told``)."""
    likeness, containment = overlap(left.fp.sketch, right.fp.sketch)
    same_language = left.fp.lang == right.fp.lang
    if _figures_differ(left.fp, right.fp):  # a form filled in anew: today's rates, a tremor
        likeness = containment = 0.0
    copied = max(likeness, containment if same_language else 0.0)
    values = _values(left, right, rarity, hours, copied)
    score = sum([weight * value for weight, value in zip(MODEL, values[0], strict=True)])
    return Comparison(
        likelihood=1 / (1 + exp(-score)),
        likeness=likeness,
        containment=containment,
        features=values[0],
        shared=values[1],
    )


def _values(
    left: Side, right: Side, rarity: Rarity, hours: float, copied: float
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The model's features in the order of ``FEATURES``, and what the articles share."""
    shared = _Shared()
    _names(left, right, rarity["names"], shared)
    for kind in _PLAIN_KINDS:
        _plain(kind, left, right, rarity[kind], shared)
    same_language = left.fp.lang == right.fp.lang
    stems = _stems(left, right, rarity["stems"]) if same_language else Mass()
    titles = sorted((_title_covered(left, right), _title_covered(right, left)))
    values = (
        1.0,
        0.0 if same_language else 1.0,
        shared.kinds["names"].cosine,
        shared.kinds["acts"].cosine,
        Mass(shared.upper_acts, left.upper_acts, right.upper_acts).cosine,
        shared.kinds["things"].cosine,
        shared.kinds["places"].cosine,
        _conflict(left.fp.places, right.fp.places),
        _agreement(left.fp.days, right.fp.days),
        _conflict(left.fp.days, right.fp.days),
        shared.kinds["numbers"].cosine,
        stems.cosine,
        shared.total.cosine,
        shared.total.covered,
        titles[0],
        titles[1],
        shared.first.cosine,
        log1p(max(0.0, hours)),
        max(0.0, hours - _FRESH_HOURS) / 24,
        copied,
        1.0 if min(left.fp.words, right.fp.words) < _THIN_WORDS else 0.0,
    )
    return values, tuple(shared.names)


def _figures_differ(left: Fingerprint, right: Fingerprint) -> bool:
    """Both texts give several numbers and days, and most of the shorter list are others."""
    first = left.numbers.keys() | left.days.keys()
    second = right.numbers.keys() | right.days.keys()
    fewest = min(len(first), len(second))
    return fewest >= _SEVERAL and len(first & second) < fewest / 2


def _stems(left: Side, right: Side, rarity: dict[str, float]) -> Mass:
    there = right.fp.stems
    shared = sum(
        [
            (weight if weight < other else other) * rarity[key]
            for key, weight in left.fp.stems.items()
            if (other := there.get(key))
        ]
    )
    return Mass(shared, left.stems(), right.stems())


def _title_covered(left: Side, right: Side) -> float:
    """How much of what one title says stands in the other's title or lead, by information."""
    covered = whole = 0.0
    for kind, key, telling in left.title:
        whole += telling
        found = right.weight(kind, key)
        covered += telling * (1.0 if found >= _LEAD else _IN_PASSING if found else 0.0)
    return covered / whole if whole else 0.5


def _agreement(left: Weights, right: Weights) -> float:
    return sum(min(weight, right[key]) for key, weight in left.items() if key in right) / _TITLE


def _conflict(left: Weights, right: Weights) -> float:
    """Both leads name days (or places), and neither article names one of the other's lead."""
    first = {key for key, weight in left.items() if weight >= _FIRST}
    second = {key for key, weight in right.items() if weight >= _FIRST}
    if not first or not second:
        return 0.0
    return 0.0 if first & right.keys() or second & left.keys() else 1.0
