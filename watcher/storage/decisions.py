"""The transaction in which a scored article becomes hits, stories, alerts and deliveries.

Everything that follows from one article is written here or not at all (the outbox pattern):
sending is a later step that reads only what was committed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, text, update

from watcher.model import (
    AlertId,
    ArticleId,
    DeliveryState,
    Failure,
    HitId,
    Score,
    SilentReason,
    StoryId,
    TopicId,
    Verdict,
)
from watcher.storage import statements as ask
from watcher.storage.articles import mark_scored
from watcher.storage.changes import Changes
from watcher.storage.database import Database
from watcher.storage.index import index_article
from watcher.storage.records import (
    AlertOutcome,
    HitOutcome,
    StoryRecord,
    explanation_json,
)
from watcher.storage.tables import (
    articles,
    deliveries,
    hits,
    story_keys,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """A stored hit as a candidate for grouping."""

    hit_id: HitId
    story_id: StoryId
    title: str
    publisher: str
    lang: str | None
    published_at: datetime | None
    first_seen_at: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierHit:
    """What was decided about this article and topic before."""

    id: HitId
    kind: str
    score: float
    threshold: float
    matched: tuple[str, ...]
    revision: int
    """The article's, that was decided on."""
    story_id: StoryId | None
    fingerprint: str | None
    novelty: Mapping[str, Any] | None
    verdict: Verdict | None
    profile_version: str
    copy_of: HitId | None
    told_score: float | None
    """The best score with which an alert about it was made; None: there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRecord:
    """What was told of a story so far."""

    receivers: frozenset[str]
    at: datetime | None
    publishers: int
    dismissed: bool
    """A told hit of it was marked irrelevant."""


class Decisions:
    """Opens deciding transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.contextmanager
    def deciding(self) -> Iterator[Deciding]:
        """One transaction; on PostgreSQL deciders take turns, so that a story is made once."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(724002)"))
            yield Deciding(connection, self._database)


class Deciding:
    """Reads what a decision needs and writes what it says, inside one transaction."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self.connection = connection
        self.changes = Changes(connection, database)
        self._database = database

    def earlier(self, topic: TopicId, article_id: ArticleId) -> EarlierHit | None:
        """The stored decision on this article, if it was scored before."""
        asked = {"topic": topic, "article": article_id}
        row = self.connection.execute(ask.earlier_hit(), asked).first()
        if row is None:
            return None
        told_score = self.connection.execute(ask.best_told_score(), {"hit": row.id}).scalar()
        return EarlierHit(
            id=HitId(row.id),
            kind=row.kind,
            score=row.score,
            threshold=row.threshold,
            matched=tuple(row.explanation.get("matched", ())),
            revision=row.revision,
            story_id=None if row.story_id is None else StoryId(row.story_id),
            fingerprint=row.fingerprint,
            novelty=row.novelty,
            verdict=None if row.verdict is None else Verdict(row.verdict),
            profile_version=row.profile_version,
            copy_of=None if row.copy_of is None else HitId(row.copy_of),
            told_score=told_score,
        )

    def candidates(
        self, topic: TopicId, keys: Collection[str], *, since: datetime, limit: int = 200
    ) -> list[MemberRecord]:
        """Hits of the window that share a key, those with the most shared keys first."""
        if not keys:
            return []
        asked = {"topic": topic, "keys": list(keys), "since": since, "most": limit}
        return [member_from(row) for row in self.connection.execute(ask.candidates(), asked)]

    def story(self, story_id: StoryId) -> StoryRecord | None:
        """One story, for its stage and what it has told so far."""
        row = self.connection.execute(ask.story_by_id(), {"story": story_id}).first()
        return None if row is None else story_from(row)

    def told_elsewhere(self, topic: TopicId, but: StoryId, *, limit: int) -> list[str]:
        """What the topic's latest other stories have told, the oldest of them first."""
        asked = {"topic": topic, "story": but, "most": limit}
        return list(self.connection.execute(ask.told_elsewhere(), asked).scalars())[::-1]

    def publishers(self, story_id: StoryId) -> int:
        """How many publishers have reported this story independently."""
        return independent_publishers(self.connection, story_id)

    def first_fingerprints(
        self, topic: TopicId, *, limit: int, without: StoryId | None = None
    ) -> list[str]:
        """Fingerprint of the first hit of each of the topic's latest stories."""
        firsts = (
            select(func.min(hits.c.id))
            .where(
                hits.c.topic == topic,
                hits.c.story_id.is_not(None),
                *([] if without is None else [hits.c.story_id != without]),
            )
            .group_by(hits.c.story_id)
            .order_by(hits.c.story_id.desc())
            .limit(limit)
        )
        query = select(hits.c.fingerprint).where(
            hits.c.id.in_(firsts), hits.c.fingerprint.is_not(None)
        )
        return list(self.connection.execute(query).scalars())

    def corrections(self, topic: TopicId) -> list[tuple[float, bool]]:
        """Similarity and verdict (same story or not) of the topic's merges and splits.

        Oldest first. Of two hits the last word counts: who merges, and takes it back by a split,
        has taught nothing by the merge.
        """
        last: dict[frozenset[int], tuple[float, bool]] = {}
        for row in self.connection.execute(ask.corrections(), {"topic": topic}):
            last.setdefault(frozenset((row.hit_a, row.hit_b)), (row.similarity, row.same))
        return list(last.values())[::-1]

    def new_story(self, topic: TopicId, headline: str, *, at: datetime) -> StoryId:
        """Start a story."""
        said = {
            "topic": topic,
            "headline": headline,
            "first_seen_at": at,
            "last_seen_at": at,
            "hits": 0,
            "publishers": 0,
            "known": "",
        }
        return StoryId(self.connection.execute(ask.new_story(), said).scalar_one())

    def update_story(self, story_id: StoryId, **values: Any) -> None:
        """Set columns of a story and count its members anew."""
        recount(self.connection, story_id, **values)

    def save_hit(self, outcome: HitOutcome) -> HitId:
        """Write or rewrite the hit of this topic and article; id, verdict and first sight stay."""
        said = {
            "topic": outcome.topic,
            "article_id": outcome.article_id,
            "first_seen_at": outcome.first_seen_at,
            "checks": 0,
            "next_check_at": outcome.next_check_at,
            "kind": outcome.kind,
            "story_id": outcome.story_id,
            "score": outcome.score.value,
            "threshold": outcome.score.threshold,
            "profile_version": outcome.score.profile_version,
            "explanation": explanation_json(outcome.score),
            "fingerprint": outcome.fingerprint,
            "copy_of": outcome.copy_of,
            "novelty": None if outcome.novelty is None else dict(outcome.novelty),
            "stage": outcome.stage,
            "partial": outcome.partial,
            "revision": outcome.revision,
            "decided_at": outcome.decided_at,
            "silent_reason": outcome.silent_reason,
        }
        if outcome.grouping is not None:
            said["grouping"] = dict(outcome.grouping)
        saving = ask.save_hit(self._database.insert, grouped=outcome.grouping is not None)
        hit_id = HitId(self.connection.execute(saving, said).scalar_one())
        index_article(self.connection, outcome.article_id)
        self.connection.execute(ask.forget_keys(), {"hit": hit_id})
        if outcome.keys:
            self.connection.execute(
                story_keys.insert(),
                [
                    {
                        "hit_id": hit_id,
                        "key": key,
                        "topic": outcome.topic,
                        "at": outcome.first_seen_at,
                    }
                    for key in sorted(set(outcome.keys))
                ],
            )
        return hit_id

    def silent(self, hit_id: HitId, reason: SilentReason | None) -> None:
        """Record why a hit told nobody, or that it did."""
        self.connection.execute(ask.change_hit(), {"which": hit_id, "silent_reason": reason})

    def silenced_until(
        self, topic: TopicId, story_id: StoryId | None, *, now: datetime
    ) -> datetime | None:
        """Until when a person muted this topic or story; None where nobody did."""
        asked = {"topic": topic, "story": story_id, "now": now}
        return self.connection.execute(ask.muted_until(), asked).scalar()

    def told(self, story_id: StoryId, hit_id: HitId) -> ToldRecord:
        """Who was told of the story of this hit, when last, and how widely it was reported then."""
        rows = self.connection.execute(ask.told(), {"story": story_id}).all()
        asked = {"story": story_id, "hit": hit_id}
        dismissed = self.connection.execute(ask.dismissed(), asked).first()
        return ToldRecord(
            receivers=frozenset(row.receiver for row in rows if row.receiver),
            at=rows[-1].created_at if rows else None,
            publishers=rows[-1].publishers if rows else 0,
            dismissed=dismissed is not None,
        )

    def open_group(self, receiver: str, *, now: datetime) -> datetime | None:
        """When the receiver's group that is being gathered now will close."""
        asked = {"receiver": receiver, "now": now}
        return self.connection.execute(ask.group_closes(), asked).scalar()

    def save_alert(self, outcome: AlertOutcome) -> AlertId | None:
        """Write an alert with its pending deliveries; None where this event was told before."""
        said = {
            "once": outcome.once,
            "topic": outcome.topic,
            "story_id": outcome.story_id,
            "hit_id": outcome.hit_id,
            "reason": outcome.reason,
            "detail": outcome.detail,
            "score": outcome.score,
            "publishers": outcome.publishers,
            "created_at": outcome.created_at,
        }
        saving = ask.save_alert(self._database.insert)
        alert_id = self.connection.execute(saving, said).scalar()
        if alert_id is None:
            return None
        if outcome.deliveries:
            self.connection.execute(
                deliveries.insert(),
                [
                    {
                        "alert_id": alert_id,
                        "receiver": delivery.receiver,
                        "state": DeliveryState.PENDING,
                        "attempts": 0,
                        "created_at": outcome.created_at,
                        "next_try_at": delivery.next_try_at,
                        "held": delivery.held,
                        "ambiguous": False,
                    }
                    for delivery in outcome.deliveries
                ],
            )
        return AlertId(alert_id)

    def unscorable(
        self, article_id: ArticleId, failure: Failure, *, again_at: datetime | None = None
    ) -> None:
        """Remember that an article broke the scorer, for ``why-not`` and ``doctor``."""
        self.connection.execute(
            update(articles).where(articles.c.id == article_id).values(reason=failure.reason)
        )
        if again_at is None:
            mark_scored(self.connection, {article_id: ()}, at=None)
            return
        self.connection.execute(
            update(articles)
            .where(articles.c.id == article_id)
            .values(next_score_at=again_at, lease_until=None)
        )

    def scored(self, scores: Mapping[ArticleId, Sequence[Score]], *, at: datetime) -> None:
        """These articles are done; what they scored is kept, for who asks why nothing came of it."""
        mark_scored(self.connection, scores, at=at)


def recount(connection: Connection, story_id: StoryId, **values: Any) -> None:
    """Count a story's hits and publishers anew, and when it was seen first and last."""
    seen = connection.execute(ask.members(), {"story": story_id}).one()
    values |= {"hits": seen.hits, "publishers": independent_publishers(connection, story_id)}
    if seen.hits:
        values |= {"first_seen_at": seen.first, "last_seen_at": seen.last}
    connection.execute(ask.change_story(), {"which": story_id, **values})


def recount_corrected(connection: Connection, story_id: StoryId, **values: Any) -> None:
    """After a person's correction, which may have taken the article away that gave the headline."""
    title = connection.execute(ask.headline(), {"story": story_id}).scalar()
    recount(connection, story_id, **values | ({} if title is None else {"headline": title}))


def independent_publishers(connection: Connection, story_id: StoryId) -> int:
    """Houses that reported a story in words of their own: a copy of another hit of it adds none."""
    # Late: most commands only read, and need nothing of what tells stories apart.
    from watcher.stories.publishers import publisher_family

    own_words = connection.execute(ask.own_words(), {"story": story_id}).all()
    told_by = [row.publisher for row in own_words if row.stands]
    return len({publisher_family(name) for name in told_by or [row.publisher for row in own_words]})


def appeared(row: Row[Any]) -> datetime:
    """When the article of a joined row of hits and articles appeared."""
    at: datetime = min(row.published_at or row.first_seen_at, row.first_seen_at)
    return at


def stage_evidence(row: Row[Any]) -> str:
    """The sentence by which a hit asserts its stage."""
    return str((row.novelty or {}).get("stage", ""))


def member_from(row: Row[Any]) -> MemberRecord:
    """Read a row of ``MEMBER``."""
    return MemberRecord(
        hit_id=HitId(row.id),
        story_id=StoryId(row.story_id),
        title=row.title,
        publisher=row.publisher,
        lang=row.lang,
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
        fingerprint=row.fingerprint or "",
    )


def story_from(row: Row[Any]) -> StoryRecord:
    """Read a row of the stories table."""
    return StoryRecord(
        id=StoryId(row.id),
        topic=TopicId(row.topic),
        headline=row.headline,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        hits=row.hits,
        publishers=row.publishers,
        stage=row.stage,
        stage_evidence=row.stage_evidence,
        known=row.known,
    )
