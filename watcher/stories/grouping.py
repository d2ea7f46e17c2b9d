"""Which story an article belongs to, decided from the candidates that share index keys with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from watcher.model import HitId, StoryId, check_aware
from watcher.stories.fingerprint import Fingerprint
from watcher.stories.similarity import Comparison, Side, compare
from watcher.stories.statistics import COUNTED_LATE, Recent, TopicStatistics

STORY_WINDOW = timedelta(days=5)
"""A story grows while its newest article is at most this old."""
DEFAULT_THRESHOLD = 0.7
DUPLICATE_LIKENESS = 0.55
DUPLICATE_CONTAINMENT = 0.70
_SHORTEST_COPY = 25
"""Below this many words of body a sketch proves nothing."""
_MOST_CONSIDERED = 48
_MOST_COMPARED = 8
"""Candidates that show what is common these days, and those that are compared in full."""
_MOST_SHARED = 8
_OPEN = 0.4
"""From this likelihood on a story's tellings leave it open whether an article tells it too."""
_SURE = 0.9
"""So likely an article tells a story that whoever it opens with is no new voice."""
_POWERS = {
    "kremlin": "the Kremlin",
    "whitehouse": "the White House",
    "us": "the United States",
    "eu": "the European Union",
    "nato": "NATO",
}
"""Who comments on the events of others."""
_TURNS = ("deny", "reject", "postpone", "suspend", "cancel")
"""Acts that turn what was told before."""
_OPENS, _BEGINS = 8, 6
"""Weights of what stands in the title or the first thirty words, and the first sixty."""
_CORRECTION_STEP = 0.02
_THRESHOLD_RANGE = (0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A stored hit with its story: what a new article is compared with."""

    hit_id: HitId
    story_id: StoryId
    fingerprint: Fingerprint
    publisher: str = ""
    lang: str | None = None
    title: str = ""
    published_at: datetime | None = None
    first_seen_at: datetime

    def __post_init__(self) -> None:
        check_aware(self)

    @property
    def at(self) -> datetime:
        """When it appeared: the publisher's claim where it is believable."""
        return appeared_at(self.published_at, self.first_seen_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A reviewer's merge (``together``) or split, with the similarity that had been computed."""

    similarity: float
    together: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Where an article belongs; ``story_id`` None asks for a new story."""

    story_id: StoryId | None
    similarity: float
    closest: HitId | None = None
    """The hit that speaks most for the story which comes nearest."""
    duplicate_of: HitId | None = None
    evidence: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """Sound keys of names that it shares with the closest hit; ``reading.as_written`` has the words."""
    threshold: float = DEFAULT_THRESHOLD
    """The similarity that was asked for."""


def appeared_at(published_at: datetime | None, first_seen_at: datetime) -> datetime:
    """The claimed time, unless it lies in the future or long before the first sight."""
    if published_at is None or published_at > first_seen_at:
        return first_seen_at
    return published_at


def learned_threshold(corrections: Sequence[Correction], base: float = DEFAULT_THRESHOLD) -> float:
    """The threshold moved by what reviewers merged and split, inside fixed bounds."""
    threshold = base
    for correction in corrections:
        if correction.together and correction.similarity < threshold:
            threshold -= _CORRECTION_STEP
        elif not correction.together and correction.similarity >= threshold:
            threshold += _CORRECTION_STEP
    low, high = _THRESHOLD_RANGE
    return min(high, max(low, threshold))


def group(
    fp: Fingerprint,
    candidates: Sequence[Member],
    *,
    now: datetime,
    at: datetime | None = None,
    statistics: TopicStatistics | None = None,
    corrections: Sequence[Correction] = (),
    threshold: float | None = None,
    window: timedelta = STORY_WINDOW,
) -> Grouping:
    """The story that an article which appeared ``at`` (default ``now``) belongs to, if any."""
    appeared = appeared_at(at, now)
    inside = [member for member in candidates if abs(appeared - member.at) <= window]
    inside = _nearest(fp, inside, _MOST_CONSIDERED)
    recent = Recent(statistics or TopicStatistics(), [(m.story_id, m.fingerprint) for m in inside])
    rivals = _Rivals(fp, recent, appeared)
    compared = rivals.compared(_nearest(fp, inside, _MOST_COMPARED))
    if copy := _duplicate(fp, compared):
        member, found = copy
        return Grouping(
            story_id=member.story_id,
            similarity=1.0,
            closest=member.hit_id,
            duplicate_of=member.hit_id,
            evidence=(
                f"{max(found.likeness, found.containment):.0%} of the text as in hit {member.hit_id}",
            ),
        )
    least = learned_threshold(corrections) if threshold is None else threshold
    return _best_story(rivals, compared, least)


def _nearest(fp: Fingerprint, inside: Sequence[Member], most: int) -> list[Member]:
    """The members that share most features, at most so many."""
    if len(inside) <= most:
        return list(inside)
    names = frozenset(fp.named)
    acts, numbers = frozenset(fp.acts), frozenset(fp.numbers)
    hashes = fp.sketch.distinct

    def shared(member: Member) -> int:
        other = member.fingerprint
        return (
            2 * len(names.intersection(other.names))
            + len(names.intersection(other.weak))
            + len(acts.intersection(other.acts))
            + 2 * len(numbers.intersection(other.numbers))
            + 4 * len(hashes & other.sketch.distinct)
        )

    return sorted(inside, key=shared, reverse=True)[:most]


Compared = tuple[Member, Comparison]


class _Nearness(NamedTuple):
    """How likely an article tells a story."""

    likelihood: float
    why: str = ""
    """What else than the tellings, one by one, decided on it."""


class _Rivals:
    """An article beside the tellings that it is compared with, each by the rarity of features
    outside of its own story."""

    def __init__(self, fp: Fingerprint, recent: Recent, appeared: datetime) -> None:
        self._fp, self._recent, self._appeared = fp, recent, appeared
        self._sides: dict[StoryId, Side] = {}

    def compared(self, members: Sequence[Member]) -> list[Compared]:
        """Each member with what it has in common with the article."""
        told = [member.fingerprint for member in members]
        self._recent.prepare(told, COUNTED_LATE)
        self._recent.prepare([fp for fp in told if fp.lang == self._fp.lang], ["stems"])
        return [(m, self._compare(m.story_id, m.fingerprint, self._hours(m))) for m in members]

    def nearness(self, story: StoryId, tellings: Sequence[Compared]) -> _Nearness:
        """How likely the article tells this story: by what its tellings say on average or, where
        these leave it open, by what they say together.

        Each telling leaves out what another one says, and none of another language shares words.
        """
        found = story_score([comparison.likelihood for _, comparison in tellings])
        told = [member.fingerprint for member, _ in tellings]
        if found < _SURE and (voice := _new_voice(self._fp, told)):
            return _Nearness(min(found, _OPEN), f"its story does not mention {voice}")
        if found < _OPEN or len(told) == 1 or _turns(self._fp, told):
            return _Nearness(found)
        langs = [fp.lang for fp in told]
        lang = self._fp.lang if self._fp.lang in langs else langs[0]
        hours = min(self._hours(member) for member, _ in tellings)
        whole = self._compare(story, Fingerprint.of_all(told, lang), hours)
        if whole.likelihood <= found:
            return _Nearness(found)
        return _Nearness(whole.likelihood, f"its story as a whole: {whole.likelihood:.2f}")

    def _compare(self, story: StoryId, other: Fingerprint, hours: float) -> Comparison:
        if story not in self._sides:
            self._sides[story] = Side(self._fp, self._recent.against(story, self._fp))
        told = self._recent.told
        return compare(Side(other, told), self._sides[story], hours, told)

    def _hours(self, member: Member) -> float:
        return abs((self._appeared - member.at).total_seconds()) / 3600


def _new_voice(fp: Fingerprint, told: Sequence[Fingerprint]) -> str:
    """The power with which an article opens while no telling of a story mentions it, if any.

    What the Kremlin says to an announcement repeats the announcement, and is an event of its own.
    """
    heard = [power for power in _POWERS if fp.places.get(power, 0) >= _OPENS]
    new = [power for power in heard if all(power not in other.places for other in told)]
    return _POWERS[new[0]] if new else ""


def _turns(fp: Fingerprint, told: Sequence[Fingerprint]) -> bool:
    """Whether an article opens with a denial or the like that no telling of a story begins with.

    It says much of what the story says and is an event of its own.
    """
    turned = {act for act in _TURNS if fp.acts.get(act, 0) >= _OPENS}
    return any(all(other.acts.get(act, 0) < _BEGINS for other in told) for act in turned)


def _duplicate(fp: Fingerprint, compared: Sequence[Compared]) -> Compared | None:
    """The member whose text this is, cut or slightly edited."""
    copies = [
        (member, found)
        for member, found in compared
        if min(fp.words, member.fingerprint.words) >= _SHORTEST_COPY
        and (found.likeness >= DUPLICATE_LIKENESS or found.containment >= DUPLICATE_CONTAINMENT)
    ]
    return max(copies, key=lambda pair: pair[1].likeness, default=None)


def story_score(likelihoods: Sequence[float]) -> float:
    """One likelihood for a story from those of its members: the mean of the eight best, so that
    a single bridge between two events does not join them."""
    best = sorted(likelihoods, reverse=True)[:_MOST_MEMBERS]
    return sum(best) / len(best)


_MOST_MEMBERS = 8


def _best_story(rivals: _Rivals, compared: Sequence[Compared], threshold: float) -> Grouping:
    stories: dict[StoryId, list[Compared]] = {}
    for member, found in compared:
        stories.setdefault(member.story_id, []).append((member, found))
    near = {story: rivals.nearness(story, tellings) for story, tellings in stories.items()}
    if not near:
        return Grouping(story_id=None, similarity=0.0, threshold=threshold)
    story = max(near, key=lambda story: near[story].likelihood)
    likelihood, why = near[story]
    member, found = max(stories[story], key=lambda pair: pair[1].likelihood)
    return Grouping(
        story_id=story if likelihood >= threshold else None,
        similarity=likelihood,
        closest=member.hit_id,
        evidence=_evidence(member, found, why),
        shared=found.shared[:_MOST_SHARED],
        threshold=threshold,
    )


def _evidence(member: Member, found: Comparison, why: str) -> tuple[str, ...]:
    """``member`` is the closest of its story."""
    closest = "; ".join(filter(None, (f"{found.likelihood:.2f}", why)))
    shared = ", ".join(found.shared[:_MOST_SHARED])
    return (f"closest to hit {member.hit_id} ({closest})", f"both name: {shared}")
