"""Scores articles against topics, with every point accounted for."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from ..model import ArticleText, Contribution, Score, Span, TopicId
from .evidence import Evidence, Seen, weigh
from .layout import Layout, Place, lay_out
from .matcher import Match
from .profile import TopicProfile, matcher
from .seeds import Stems, likeness, stems_of
from .terms import Term

_SHOWN = 4
_MAX_SENTENCE = 400


class Scorer:
    """All topics of a configuration behind one automaton. Scoring is pure: same in, same out."""

    def __init__(self, profiles: Sequence[TopicProfile]) -> None:
        self.profiles = tuple(profiles)
        self._matcher = matcher(self.profiles)
        self._owner = [(number, term) for number, p in enumerate(self.profiles) for term in p.terms]
        self._langs = {v.lang for p in self.profiles for v in p.vocabularies}

    def score(
        self, article: ArticleText, topics: Collection[TopicId] | None = None
    ) -> tuple[Score, ...]:
        """One score for each topic asked for (all by default), in the order of the profiles."""
        layout = lay_out(article)
        found = self._found(layout)
        stems = self._stems(layout)
        return tuple(
            _explain(
                profile,
                layout,
                weigh(profile, layout, found[n], likeness(profile.vocabularies, stems)),
            )
            for n, profile in enumerate(self.profiles)
            if topics is None or profile.topic in topics
        )

    def features(self, article: ArticleText) -> tuple[dict[str, float], ...]:
        """The bare features for each profile: what training works on."""
        layout = lay_out(article)
        found, stems = self._found(layout), self._stems(layout)
        return tuple(
            weigh(profile, layout, found[n], likeness(profile.vocabularies, stems)).features
            for n, profile in enumerate(self.profiles)
        )

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
        """The article's stems, where any topic has seeds in its language."""
        return stems_of(layout) if layout.lang in self._langs else None


def _says(term: Term, match: Match) -> tuple[float, float]:
    worth = term.weight * match.worth
    return worth * term.telling, worth


# ------------------------------------------------------------------------------- explaining


def _explain(profile: TopicProfile, layout: Layout, evidence: Evidence) -> Score:
    points = profile.weights.points
    contributions = [Contribution(name="start", points=points["start"])]
    for name, value in evidence.features.items():
        if value and points[name]:
            seen, text = _shown(layout, name, evidence)
            contributions.append(
                Contribution(
                    name=name,
                    points=points[name] * value,
                    evidence=text,
                    spans=_spans(layout, seen),
                )
            )
    total = sum(c.points for c in contributions)
    present = {term.group for one in evidence.seen for term, _ in one.matches}
    return Score(
        topic=profile.topic,
        value=100 / (1 + math.exp(-max(-500.0, min(500.0, total)))),
        threshold=profile.threshold,
        contributions=tuple(contributions),
        profile_version=profile.version,
        matched=_surfaces(layout, evidence),
        missing=tuple(group for group in profile.groups if group not in present),
        sentences=_best_sentences(layout, evidence),
    )


_PLACES = {
    "title": Place.TITLE,
    "meeting in title": Place.TITLE,
    "lead": Place.LEAD,
    "meeting in lead": Place.LEAD,
    "body": Place.BODY,
    "meeting in body": Place.BODY,
}


def _shown(layout: Layout, name: str, evidence: Evidence) -> tuple[list[tuple[Term, Match]], str]:
    """The matches behind a feature, and one line about them."""
    place = _PLACES.get(name)
    if place is None:
        return [], ""
    seen = [one for one in evidence.seen if one.sentence.place is place]
    matches = [pair for one in _strongest(seen) for pair in one.matches][:_SHOWN]
    surfaces = dict.fromkeys(_surface(layout, match) for _, match in matches)
    return matches, ", ".join(surfaces)


def _strongest(seen: Sequence[Seen]) -> list[Seen]:
    return sorted(
        seen, key=lambda one: (-(one.meeting + one.telling), one.sentence.place, one.sentence.start)
    )


def _surface(layout: Layout, match: Match) -> str:
    words = layout.words
    return words.text[words.starts[match.first] : words.ends[match.stop - 1]].replace("\n", " ")


def _spans(layout: Layout, matches: Sequence[tuple[Term, Match]]) -> tuple[Span, ...]:
    spans = []
    for _, match in matches:
        start, end = layout.words.starts[match.first], layout.words.ends[match.stop - 1]
        name, begin = layout.field_at(start)
        spans.append(Span(field=name, start=start - begin, end=end - begin))
    return tuple(spans)


def _surfaces(layout: Layout, evidence: Evidence) -> tuple[str, ...]:
    surfaces = (
        _surface(layout, match) for one in _strongest(evidence.seen) for _, match in one.matches
    )
    distinct: dict[str, str] = {}
    for surface in surfaces:
        distinct.setdefault(surface.casefold(), surface)
    return tuple(distinct.values())


def _best_sentences(layout: Layout, evidence: Evidence) -> tuple[str, ...]:
    prose = [one for one in evidence.seen if one.sentence.place is not Place.TITLE]
    best = sorted(_strongest(prose)[:2], key=lambda one: one.sentence.start)
    text = layout.words.text
    return tuple(text[s.start : s.end].strip()[:_MAX_SENTENCE] for s in (b.sentence for b in best))
