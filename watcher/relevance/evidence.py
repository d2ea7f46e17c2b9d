"""From found terms to a few features between 0 and 1: where evidence stands, and what meets what.

Everything is counted by sentence, once for each group, so that repeating a word earns nothing.
No group has a meaning of its own: a group tells as much as its terms are rare, and two different
groups in one sentence tell more than each on its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .contrast import Contrasted
from .fit import logit
from .layout import LABEL_WORDS, SECTION_LEAD, Layout, Place, Sentence, ends_well
from .matcher import Match
from .profile import TopicProfile
from .seeds import Likeness
from .settle import Found, settle
from .terms import Term
from .wording import Spoken

_BESIDE = 0.6  # worth of a meeting in neighbouring sentences of a paragraph
_STUFFED = 0.55  # share of matched words from which a sentence is a list of keywords
_STUFFED_SENTENCE = 0.8  # the same where it ends as a sentence does: that may be dense
_DATELINE = 0.4  # what is left of a name that only says where the article was written
_FULL = 0.5  # a term worth less is a word of ordinary sentences
_OWN = 0.5  # telling enough to be the topic's own name
_ASIDE, _ASIDE_FROM = 0.4, 5
# What naming the topic often, or being like its seeds, is worth where one group alone was seen.
_NAMED_ONLY, _LIKE_ONLY = 0.2, 0.1
# What being worded like the topic is worth where no term was found, and more by the best that was.
_WORDED_ONLY, _WORDED = 0.3, 0.6
_UNBORNE = 0.3  # what is left of a title's evidence where the text takes up nothing of it
_TAKEN_UP = 0.3  # a match in the text from which on it does
_BEARS_FROM = 30  # words; a shorter text may go on from its title without a name
_FROM_TITLE = 0.5  # worth of a meeting of the title's name with what stands anywhere in the text
_HEADED = 0.35  # what is left of an article on our place where the title names another
_CONTRASTED = 0.1  # what is left of a sentence that says how unlike the topic another place is
_VETOED = 0.35  # what is left of a group's evidence beside a veto, without the topic's own name


@dataclass(slots=True)
class Seen:
    """What one sentence holds of a topic."""

    sentence: Sentence
    matches: Found = field(default_factory=list)
    strength: dict[str, float] = field(default_factory=dict)
    """Group -> its strongest match, 0 to 1."""
    tells: dict[str, float] = field(default_factory=dict)
    """The same, times how much that term says alone."""
    telling: float = 0.0
    """The most that stands in it."""
    meeting: float = 0.0
    """A telling match beside one of another group."""

    def weaken(self, left: float) -> None:
        """Leave a share of its evidence."""
        self.strength = {group: left * worth for group, worth in self.strength.items()}
        self.tells = {group: left * worth for group, worth in self.tells.items()}
        self.telling *= left


@dataclass(slots=True)
class Evidence:
    """Everything that was found in one article for one topic."""

    seen: list[Seen]
    """Only sentences with a match, outside furniture."""
    ignored: Found
    """Matches in furniture, or voided by a veto: shown, not counted."""
    vetoes: Found
    like: Likeness
    unlike: Likeness
    """Likeness to the counter-examples."""
    told: Spoken
    """How it is worded, by what was learned of the topic's words."""
    arts: Sequence[int]
    """Numbers of words of the arts."""
    features: dict[str, float]


def weigh(
    profile: TopicProfile,
    layout: Layout,
    found: Found,
    *,
    like: Likeness,
    unlike: Likeness,
    told: Spoken,
    arts: Sequence[int],
    contrasted: Contrasted,
) -> Evidence:
    """The evidence of one article for one topic; ``found`` is ordered by place."""
    kept, ignored, vetoes = settle(profile, layout, found)
    seen, skipped = _by_sentence(layout, kept, vetoes, contrasted)
    _distrust_title(layout, seen)
    _meet(profile, seen)
    counted = () if profile.of_arts else arts
    whole = _whole(layout, seen, vetoes, counted)
    features = [_features(profile, whole, like.value, told.value)]
    # How the whole is worded says nothing of one section.
    features += [
        _features(profile, part, min(0.0, like.value), 0.0)
        for part in _sections(layout, seen, vetoes, counted)
    ]
    best = max(features, key=lambda some: logit(profile.weights.points, some))
    # What seeds and counter-examples have in common, being of one world, speaks for neither.
    best["negative likeness"] = max(0.0, unlike.value - max(0.0, like.value))
    return Evidence(
        seen=seen,
        ignored=ignored + skipped,
        vetoes=vetoes,
        like=like,
        unlike=unlike,
        told=told,
        arts=arts,
        features=best,
    )


def _by_sentence(
    layout: Layout, found: Found, vetoes: Found, contrasted: Contrasted
) -> tuple[list[Seen], Found]:
    by_number: dict[int, Seen] = {}
    skipped: Found = []
    for term, match in found:
        number = layout.sentence_of[match.first]
        sentence = layout.sentences[number]
        if sentence.place is Place.FURNITURE:
            skipped.append((term, match))
            continue
        if number not in by_number:
            by_number[number] = Seen(sentence)
        by_number[number].matches.append((term, match))
    vetoed: dict[int, list[Match]] = {}
    for _, match in vetoes:
        vetoed.setdefault(layout.sentence_of[match.first], []).append(match)
    for number, seen in list(by_number.items()):
        if _is_stuffed(layout, seen):
            skipped += by_number.pop(number).matches
        else:
            _strengthen(layout, seen, vetoed.get(number, ()))
            if _in_contrast(seen, contrasted):
                seen.weaken(_CONTRASTED)
    return [by_number[number] for number in sorted(by_number)], skipped


def _in_contrast(seen: Seen, contrasted: Contrasted) -> bool:
    """Whether the topic's own name stands there only to say how unlike it another place is."""
    own = [m for t, m in seen.matches if t.telling * _worth(t, m) >= _OWN]
    return bool(own) and all(contrasted(m.first, m.stop) for m in own)


def _strengthen(layout: Layout, seen: Seen, vetoes: Sequence[Match]) -> None:
    """The strongest match of each group. What could as well be said of a vetoed setting, because
    that stands nearer than the topic's own name, counts for less."""
    own = [m for t, m in seen.matches if t.telling * _worth(t, m) >= _OWN] if vetoes else []
    for term, match in seen.matches:
        worth = _worth(term, match)
        if vetoes and match not in own and _apart(match, vetoes) < _apart(match, own):
            worth *= _VETOED
        if layout.dateline[0] <= match.first and match.stop <= layout.dateline[1]:
            worth *= _DATELINE
        seen.strength[term.group] = max(seen.strength.get(term.group, 0.0), worth)
        seen.tells[term.group] = max(seen.tells.get(term.group, 0.0), worth * term.telling)
    seen.telling = max(seen.tells.values())


def _worth(term: Term, match: Match) -> float:
    return min(1.0, term.weight * match.worth)


def _apart(match: Match, others: Sequence[Match]) -> float:
    """Words between a match and the nearest of others; infinite without any."""
    return min(
        (max(other.first - match.stop, match.first - other.stop, 0) for other in others),
        default=math.inf,
    )


def _is_stuffed(layout: Layout, seen: Seen) -> bool:
    """Whether hardly anything stands in the sentence but terms, so that it is a menu or a list."""
    sentence = seen.sentence
    length = sentence.stop - sentence.first
    if length < 10 or sentence.place is Place.TITLE:
        return False
    least = (_STUFFED - 0.1) * length
    if sum([match.stop - match.first for _, match in seen.matches]) <= least:
        return False
    covered = {
        n
        for term, match in seen.matches
        if term.weight >= _FULL
        for n in ((match.first, match.stop - 1) if term.has_gap else range(match.first, match.stop))
    }
    if len(covered) <= least:
        return False
    plain = layout.words.text[sentence.start : sentence.end]
    most = _STUFFED if any(mark in plain for mark in ",.;:!?…") else _STUFFED - 0.1
    most = _STUFFED_SENTENCE if ends_well(plain) else most
    return len(covered) > most * length


def _distrust_title(layout: Layout, seen: Sequence[Seen]) -> None:
    """A title whose text speaks of none of it is a rubric, bait, or the name of a search."""
    borne = not seen or any(
        one.sentence.place is not Place.TITLE and max(one.strength.values()) >= _TAKEN_UP
        for one in seen
    )
    if borne:
        return
    text = sum(s.stop - s.first for s in layout.sentences if s.place is not Place.TITLE)
    if text >= _BEARS_FROM:
        for one in seen:
            one.weaken(_UNBORNE)


def _meet(profile: TopicProfile, seen: Sequence[Seen]) -> None:
    if len(profile.groups) == 1:
        for one in seen:
            one.meeting = one.telling
        return
    for one in seen:
        one.meeting = _best_pair([one])
    for left, right in pairwise(seen):
        if left.sentence.paragraph == right.sentence.paragraph:
            near = _BESIDE * _best_pair([left, right])
            left.meeting, right.meeting = max(left.meeting, near), max(right.meeting, near)


def _most(levels: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The highest level of each group."""
    merged: dict[str, float] = {}
    for level in levels:
        for group, worth in level.items():
            if worth >= merged.get(group, 0.0):
                merged[group] = worth
    return merged


def _best_pair(seen: Sequence[Seen]) -> float:
    """Of two different groups, how much the one tells times how strong the other is."""
    strength = _most(one.strength for one in seen)
    if len(strength) < 2:
        return 0.0
    tells = _most(one.tells for one in seen)
    return max(
        tells[group] * max(w for name, w in strength.items() if name != group) for group in tells
    )


def _either(chances: Iterable[float]) -> float:
    """1 - the product of what each leaves open: many weak signs make a strong one."""
    left = 1.0
    for chance in chances:
        left *= 1 - chance
    return 1 - left


def _again(share: float, levels: Iterable[float]) -> float:
    """How often the text comes back to what it says best: each further sentence for a share."""
    return _either(share * level for level in sorted(levels, reverse=True)[1:])


# ------------------------------------------------------------------------------- features


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """An article, or one section of a round-up, as its features see it."""

    title: list[Seen]
    lead: list[Seen]
    body: list[Seen]
    length: int
    """Sentences of its body, with or without evidence."""
    elsewhere: int
    """Sentences with a veto."""
    headed_elsewhere: bool
    """Whether the title has one."""
    arts: int
    """Different words of the arts."""

    @property
    def seen(self) -> list[Seen]:
        return self.title + self.lead + self.body


def _whole(layout: Layout, seen: Sequence[Seen], vetoes: Found, arts: Sequence[int]) -> _Part:
    return _Part(
        title=[one for one in seen if one.sentence.place is Place.TITLE],
        lead=[one for one in seen if one.sentence.place is Place.LEAD],
        body=[one for one in seen if one.sentence.place is Place.BODY],
        length=layout.length,
        elsewhere=len({layout.sentence_of[match.first] for _, match in vetoes}),
        headed_elsewhere=any(layout.place_of(match.first) is Place.TITLE for _, match in vetoes),
        arts=len(arts),
    )


def _sections(
    layout: Layout, seen: Sequence[Seen], vetoes: Found, arts: Sequence[int]
) -> list[_Part]:
    """The sections of a round-up in which two groups meet: each is a story of its own."""
    parts = []
    for first, stop in layout.sections if seen else ():
        begin, end = layout.sentences[first].start, layout.sentences[stop - 1].end
        inside = [one for one in seen if begin <= one.sentence.start < end]
        if not any(one.meeting for one in inside):
            continue
        opening = layout.sentences[min(first + SECTION_LEAD, stop) - 1].end
        parts.append(
            _Part(
                title=[],
                lead=[one for one in inside if one.sentence.start < opening],
                body=[one for one in inside if one.sentence.start >= opening],
                length=sum(s.stop - s.first > LABEL_WORDS for s in layout.sentences[first:stop]),
                elsewhere=len(
                    {n for _, m in vetoes if first <= (n := layout.sentence_of[m.first]) < stop}
                ),
                headed_elsewhere=False,
                arts=sum(first <= layout.sentence_of[n] < stop for n in arts),
            )
        )
    return parts


def _features(profile: TopicProfile, part: _Part, like: float, told: float) -> dict[str, float]:
    in_title = max((one.telling for one in part.title), default=0.0)
    text = part.lead + part.body
    anchors = _anchors(text)
    seen = part.seen
    passing = bool(seen) and part.length > 0 and anchors <= 1 and in_title < _OWN
    elsewhere = (1 - in_title) * _elsewhere(part, anchors)
    here = 1 - elsewhere
    # One sentence of many says little even if it says everything: "..., as South Ossetia has voted",
    # and less where the others are about another place.
    sure = _ASIDE * here if passing and part.length >= _ASIDE_FROM else 1.0
    most = max((one.telling for one in seen), default=0.0)
    met = max((one.meeting for one in part.lead), default=0.0)
    met_in_title = max((one.meeting for one in part.title), default=0.0)
    from_title = _FROM_TITLE * _best_pair(seen) if in_title >= _OWN else 0.0
    levels = sorted(_most(one.strength for one in seen).values(), reverse=True)
    backing = _backing(profile, levels)
    # The same is said of another place in the same words.
    # Two articles of one place share its words, whatever they tell of it.
    named = backing if most >= _OWN else max(levels, default=0.0)
    worded = told * here * min(1.0, _WORDED_ONLY + _WORDED * named) if told > 0 else told
    return {
        "opening": sure * max((one.telling for one in part.title + part.lead), default=0.0),
        "mentions": max(_NAMED_ONLY, backing) * _again(0.25, (one.telling for one in text)),
        "meeting in title": max(met_in_title, from_title),
        "meeting in lead": sure * max(_BESIDE * _best_pair(part.title + part.lead), met),
        "groups": sure * _groups(profile, levels),
        "elsewhere": elsewhere,
        "arts": part.arts / max(1, part.arts + anchors),
        "likeness": like * (sure * here * max(_LIKE_ONLY, min(most, backing)) if like > 0 else 1.0),
        "wording": worded,
    }


def _elsewhere(part: _Part, anchors: int) -> float:
    """How far a text is about another place: most of it where the title names that one."""
    among = part.elsewhere / (1 + part.elsewhere + 2 * anchors)
    return 1 - _HEADED * (1 - among) if part.headed_elsewhere else among


def _anchors(seen: Sequence[Seen]) -> int:
    """How many sentences hold the topic's own name, or what tells as much."""
    return sum(one.telling >= _OWN for one in seen)


def _backing(profile: TopicProfile, levels: Sequence[float]) -> float:
    """What naming the topic often, and being like its seeds, is worth: as much as a second group
    was seen. Two articles of one place are alike, whatever they tell of it."""
    if len(profile.groups) == 1:
        return 1.0
    return levels[1] if len(levels) > 1 else 0.0


def _groups(profile: TopicProfile, levels: Sequence[float]) -> float:
    """How many groups were seen past the strongest, each for its strength: 1 for two more."""
    wanted = min(3, len(profile.groups))
    return min(1.0, sum(levels[1:]) / max(1, wanted - 1))
