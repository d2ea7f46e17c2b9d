"""Scores articles against topics, with every point accounted for."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from ..model import ArticleText, Contribution, Score, Span, TopicId, TopicSpec
from .arts import words_of_arts
from .contrast import is_contrasted
from .evidence import Evidence, Seen, weigh
from .fit import logit
from .layout import Layout, Place, lay_out
from .matcher import Match
from .profile import TopicProfile, compile_profile, matcher
from .seeds import Stems, likeness, stems_of
from .semantic import Embed, Nearness, Semantics
from .terms import Term
from .wording import spoken

_SHOWN = 4
_MAX_SENTENCE = 400
_SENTENCES = 2
_TELLING = 0.5
_SHORT = 0.1  # of the raw score: two or three points of a hundred


class Scorer:
    """All topics of a configuration behind one automaton. Scoring is pure: same in, same out."""

    def __init__(self, profiles: Sequence[TopicProfile], embed: Embed | None = None) -> None:
        self.profiles = tuple(profiles)
        self._matcher = matcher(self.profiles)
        self._owner = [(number, term) for number, p in enumerate(self.profiles) for term in p.terms]
        self._langs = {
            v.lang for p in self.profiles for v in (*p.vocabularies, *p.negative_vocabularies)
        } | {lang for p in self.profiles for lang in p.words}
        self._semantics = Semantics(embed, [p.openings for p in self.profiles]) if embed else None

    @classmethod
    def of(
        cls,
        specs: Sequence[TopicSpec],
        learned: Mapping[TopicId, Mapping[str, Any]] | None = None,
        embed: Embed | None = None,
    ) -> Scorer:
        """Topics as the user states them, with what was learned of each, and the model if any."""
        known = learned or {}
        model = embed.version if embed else None
        profiles = [compile_profile(s, learned=known.get(s.id), model=model) for s in specs]
        return cls(profiles, embed)

    def score(
        self, article: ArticleText, topics: Collection[TopicId] | None = None
    ) -> tuple[Score, ...]:
        """One score for each topic asked for (all by default), in the order of the profiles."""
        layout = lay_out(article)
        return tuple(
            _explain(profile, layout, evidence, near)
            for profile, evidence, near in self._weighed(layout, topics)
        )

    def features(self, article: ArticleText) -> tuple[dict[str, float], ...]:
        """The bare features for each profile: what training works on."""
        return tuple(evidence.features for _, evidence, _ in self._weighed(lay_out(article)))

    def _weighed(
        self, layout: Layout, topics: Collection[TopicId] | None = None
    ) -> Iterator[tuple[TopicProfile, Evidence, Nearness | None]]:
        found, stems = self._found(layout), self._stems(layout)
        of_arts = words_of_arts(layout)
        contrasted = cache(partial(is_contrasted, layout.words))  # topics share their names
        vectors = self._semantics.vectors(layout) if self._semantics else None
        for n, profile in enumerate(self.profiles):
            if topics is not None and profile.topic not in topics:
                continue
            like = likeness(profile.vocabularies, stems)
            unlike = likeness(profile.negative_vocabularies, stems)
            told = spoken(profile.words, stems)
            evidence = weigh(
                profile,
                layout,
                found[n],
                like=like,
                unlike=unlike,
                told=told,
                arts=of_arts,
                contrasted=contrasted,
            )
            near = self._semantics.near(n, layout, vectors) if self._semantics else None
            if near:
                evidence.features["semantic"] = _meant(profile, evidence, near)
            yield profile, evidence, near

    def _found(self, layout: Layout) -> list[list[tuple[Term, Match]]]:
        """The matches for each profile, one for each group and place: the one that says most."""
        best: list[dict[tuple[str, int, int], tuple[Term, Match]]] = [{} for _ in self.profiles]
        for match in self._matcher.find(layout.words, layout.sentence_of):
            number, term = self._owner[match.term]
            key = (term.group, match.first, match.stop)
            known = best[number].get(key)
            if known is None or _says(term, match) > _says(*known):
                best[number][key] = (term, match)
        return [list(found.values()) for found in best]

    def _stems(self, layout: Layout) -> Stems | None:
        """The article's stems, where any topic has seeds or learned words in its language."""
        return stems_of(layout) if layout.lang in self._langs else None


def _meant(profile: TopicProfile, evidence: Evidence, near: Nearness) -> float:
    """What likeness of meaning is worth: in place of the topic's names, not on top of them.

    Where no telling word stands it ends short of the threshold. Ordinary news of the same countries
    comes as near to the seeds as some paraphrases do, and there is ten thousand times as much of it:
    such an article is kept for review and alerts nobody.
    """
    told = max((one.telling for one in evidence.seen), default=0.0)
    value = (1 - told) * near.value
    points = profile.weights.points
    if told < _TELLING and points["semantic"] > 0 and 0 < profile.threshold < 100:
        threshold = -math.log(100 / profile.threshold - 1)
        left = threshold - _SHORT - logit(points, evidence.features)
        value = min(value, max(0.0, left / points["semantic"]))
    return value


def _says(term: Term, match: Match) -> tuple[float, float]:
    worth = term.weight * match.worth
    return worth * term.telling, worth


# ------------------------------------------------------------------------------- explaining


def _explain(
    profile: TopicProfile, layout: Layout, evidence: Evidence, near: Nearness | None
) -> Score:
    points = profile.weights.points
    strongest = _strongest(evidence.seen)
    contributions = [Contribution(name="start", points=points["start"])]
    for name, value in evidence.features.items():
        if value and points[name]:
            spans: tuple[Span, ...]
            if name == "semantic" and near:
                text = near.evidence
                spans = (_span(layout, near.sentence.start, near.sentence.end),)
            else:
                text, spans = _shown(layout, name, evidence, strongest)
            contributions.append(
                Contribution(name=name, points=points[name] * value, evidence=text, spans=spans)
            )
    total = sum(c.points for c in contributions)
    present = {term.group for one in evidence.seen for term, _ in one.matches}
    return Score(
        topic=profile.topic,
        value=100 / (1 + math.exp(-max(-500.0, min(500.0, total)))),
        threshold=profile.threshold,
        contributions=tuple(contributions),
        profile_version=profile.version,
        matched=_surfaces(layout, strongest),
        missing=tuple(group for group in profile.groups if group not in present),
        sentences=_best_sentences(layout, strongest),
    )


_PLACES = {
    "meeting in title": (Place.TITLE,),
    "opening": (Place.TITLE, Place.LEAD),
    "meeting in lead": (Place.TITLE, Place.LEAD),
    "mentions": (Place.LEAD, Place.BODY),
}

_KINDS = {True: "words of articles on topic", False: "words of other articles"}


def _shown(
    layout: Layout, name: str, evidence: Evidence, strongest: Sequence[Seen]
) -> tuple[str, tuple[Span, ...]]:
    """One line about what is behind a feature, and where it stands."""
    if name == "likeness" and evidence.features[name] < 0:
        return "little in common with the seeds", ()
    words = {
        "wording": (_KINDS[evidence.told.value > 0], evidence.told.shared),
        "likeness": ("words of the seeds", evidence.like.shared),
        "negative likeness": ("words of the negative seeds", evidence.unlike.shared),
        "arts": ("words of the arts", evidence.arts),
    }
    if name in words:
        return _shown_words(layout, *words[name])
    if name == "groups":
        best = list(_best_of_groups(evidence).values())
        text = ", ".join(f"{_surface(layout, match)} ({term.group})" for term, match in best)
        return text, _spans(layout, best)
    if name == "elsewhere":
        matches = evidence.vetoes[:_SHOWN]
    else:
        placed = [one for one in strongest if one.sentence.place in _PLACES[name]]
        seen = placed or strongest  # the section of a round-up has an opening of its own
        matches = [pair for one in seen for pair in one.matches][:_SHOWN]
    surfaces = dict.fromkeys(_surface(layout, match) for _, match in matches)
    return ", ".join(surfaces), _spans(layout, matches)


def _shown_words(layout: Layout, what: str, numbers: Sequence[int]) -> tuple[str, tuple[Span, ...]]:
    words = layout.words
    places = [(words.starts[n], words.ends[n]) for n in numbers[:_SHOWN]]
    surfaces = ", ".join(words.text[start:end] for start, end in places)
    return f"{what}: {surfaces}", tuple(_span(layout, *place) for place in places)


def _best_of_groups(evidence: Evidence) -> dict[str, tuple[Term, Match]]:
    """The match of each group that says most, the best groups first."""
    matches = [pair for one in evidence.seen for pair in one.matches]
    best: dict[str, tuple[Term, Match]] = {}
    for term, match in sorted(matches, key=lambda pair: _says(*pair), reverse=True):
        best.setdefault(term.group, (term, match))
    return best


def _strongest(seen: Sequence[Seen]) -> list[Seen]:
    return sorted(
        seen, key=lambda one: (-(one.meeting + one.telling), one.sentence.place, one.sentence.start)
    )


def _surface(layout: Layout, match: Match) -> str:
    words = layout.words
    return words.text[words.starts[match.first] : words.ends[match.stop - 1]].replace("\n", " ")


def _spans(layout: Layout, matches: Sequence[tuple[Term, Match]]) -> tuple[Span, ...]:
    starts, ends = layout.words.starts, layout.words.ends
    return tuple(_span(layout, starts[m.first], ends[m.stop - 1]) for _, m in matches)


def _span(layout: Layout, start: int, end: int) -> Span:
    name, begin = layout.field_at(start)
    return Span(field=name, start=start - begin, end=end - begin)


def _surfaces(layout: Layout, strongest: Sequence[Seen]) -> tuple[str, ...]:
    surfaces = (_surface(layout, match) for one in strongest for _, match in one.matches)
    distinct: dict[str, str] = {}
    for surface in surfaces:
        distinct.setdefault(surface.casefold(), surface)
    return tuple(distinct.values())


def _best_sentences(layout: Layout, strongest: Sequence[Seen]) -> tuple[str, ...]:
    text = layout.words.text
    best: list[tuple[int, str]] = []
    for one in strongest:
        if one.sentence.place is Place.TITLE:
            continue
        said = text[one.sentence.start : one.sentence.end].strip()[:_MAX_SENTENCE]
        # A feed's summary often is the page's first sentence, or the beginning of it.
        if not any(_is_same(said, other) for _, other in best):
            best.append((one.sentence.start, said))
        if len(best) == _SENTENCES:
            break
    return tuple(said for _, said in sorted(best))


def _is_same(left: str, right: str) -> bool:
    short, long = sorted((" ".join(left.split()), " ".join(right.split())), key=len)
    return long.startswith(short.rstrip(".… "))
