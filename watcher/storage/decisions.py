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

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    select,
    text,
    update,
)

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
    alerts,
    articles,
    deliveries,
    hits,
    silences,
    stories,
    story_keys,
    story_links,
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
        row = self.connection.execute(
            select(hits).where(hits.c.topic == topic, hits.c.article_id == article_id)
        ).first()
        if row is None:
            return None
        told_score = self.connection.execute(
            select(func.max(alerts.c.score)).where(alerts.c.hit_id == row.id)
        ).scalar()
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
        shared = (
            select(story_keys.c.hit_id, func.count().label("n"))
            .where(
                story_keys.c.topic == topic,
                story_keys.c.key.in_(list(keys)),
                story_keys.c.at >= since,
            )
            .group_by(story_keys.c.hit_id)
            .order_by(func.count().desc(), story_keys.c.hit_id.desc())
            .limit(limit)
            .subquery()
        )
        query = (
            select(*MEMBER)
            .join(shared, shared.c.hit_id == hits.c.id)
            .join(articles, articles.c.id == hits.c.article_id)
            .where(hits.c.story_id.is_not(None))
        )
        return [member_from(row) for row in self.connection.execute(query)]

    def story(self, story_id: StoryId) -> StoryRecord | None:
        """One story, for its stage and what it has told so far."""
        row = self.connection.execute(select(stories).where(stories.c.id == story_id)).first()
        return None if row is None else story_from(row)

    def told_elsewhere(self, topic: TopicId, but: StoryId, *, limit: int) -> list[str]:
        """What the topic's latest other stories have told, the oldest of them first."""
        query = (
            select(stories.c.known)
            .where(stories.c.topic == topic, stories.c.id != but, stories.c.hits > 0)
            .order_by(stories.c.last_seen_at.desc(), stories.c.id.desc())
            .limit(limit)
        )
        return list(self.connection.execute(query).scalars())[::-1]

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
        query = (
            select(story_links)
            .join(hits, hits.c.id == story_links.c.hit_a)
            .where(hits.c.topic == topic)
            .order_by(story_links.c.id.desc())
            .limit(200)
        )
        last: dict[frozenset[int], tuple[float, bool]] = {}
        for row in self.connection.execute(query):
            last.setdefault(frozenset((row.hit_a, row.hit_b)), (row.similarity, row.same))
        return list(last.values())[::-1]

    def new_story(self, topic: TopicId, headline: str, *, at: datetime) -> StoryId:
        """Start a story."""
        return StoryId(
            self.connection.execute(
                stories.insert()
                .values(
                    topic=topic,
                    headline=headline,
                    first_seen_at=at,
                    last_seen_at=at,
                    hits=0,
                    publishers=0,
                    known="",
                )
                .returning(stories.c.id)
            ).scalar_one()
        )

    def update_story(self, story_id: StoryId, **values: Any) -> None:
        """Set columns of a story and count its members anew."""
        recount(self.connection, story_id, **values)

    def save_hit(self, outcome: HitOutcome) -> HitId:
        """Write or rewrite the hit of this topic and article; id, verdict and first sight stay."""
        values = {
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
            values["grouping"] = dict(outcome.grouping)
        new = self._database.insert(hits).values(
            topic=outcome.topic,
            article_id=outcome.article_id,
            first_seen_at=outcome.first_seen_at,
            checks=0,
            next_check_at=outcome.next_check_at,
            **values,
        )
        hit_id = HitId(
            self.connection.execute(
                new.on_conflict_do_update(
                    index_elements=["topic", "article_id"],
                    # A near miss that becomes a hit is watched from now on.
                    set_=values
                    | {
                        "next_check_at": func.coalesce(
                            hits.c.next_check_at, new.excluded.next_check_at
                        )
                    },
                ).returning(hits.c.id)
            ).scalar_one()
        )
        index_article(self.connection, outcome.article_id)
        self.connection.execute(delete(story_keys).where(story_keys.c.hit_id == hit_id))
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
        self.connection.execute(
            update(hits).where(hits.c.id == hit_id).values(silent_reason=reason)
        )

    def silenced_until(
        self, topic: TopicId, story_id: StoryId | None, *, now: datetime
    ) -> datetime | None:
        """Until when a person muted this topic or story; None where nobody did."""
        return self.connection.execute(
            select(func.max(silences.c.until)).where(
                silences.c.until > now,
                (silences.c.topic == topic) | (silences.c.story_id == story_id),
            )
        ).scalar()

    def told(self, story_id: StoryId) -> ToldRecord:
        """Who was told of this story, when last, and how widely it was reported then."""
        rows = self.connection.execute(
            select(alerts.c.created_at, alerts.c.publishers, alerts.c.reason, deliveries.c.receiver)
            .outerjoin(
                deliveries,
                (deliveries.c.alert_id == alerts.c.id)
                & (deliveries.c.state != DeliveryState.FAILED),
            )
            .where(alerts.c.story_id == story_id)
            .order_by(alerts.c.id)
        ).all()
        dismissed = self.connection.execute(
            select(hits.c.id)
            .join(alerts, alerts.c.hit_id == hits.c.id)
            .where(hits.c.story_id == story_id, hits.c.verdict == Verdict.IRRELEVANT)
            .limit(1)
        ).first()
        return ToldRecord(
            receivers=frozenset(row.receiver for row in rows if row.receiver),
            at=rows[-1].created_at if rows else None,
            publishers=rows[-1].publishers if rows else 0,
            dismissed=dismissed is not None,
        )

    def open_group(self, receiver: str, *, now: datetime) -> datetime | None:
        """When the receiver's group that is being gathered now will close."""
        return self.connection.execute(
            select(func.min(deliveries.c.next_try_at)).where(
                deliveries.c.receiver == receiver,
                deliveries.c.state == DeliveryState.PENDING,
                deliveries.c.held == "group",
                deliveries.c.next_try_at > now,
            )
        ).scalar()

    def save_alert(self, outcome: AlertOutcome) -> AlertId | None:
        """Write an alert with its pending deliveries; None where this event was told before."""
        new = (
            self._database.insert(alerts)
            .values(
                once=outcome.once,
                topic=outcome.topic,
                story_id=outcome.story_id,
                hit_id=outcome.hit_id,
                reason=outcome.reason,
                detail=outcome.detail,
                score=outcome.score,
                publishers=outcome.publishers,
                created_at=outcome.created_at,
            )
            .on_conflict_do_nothing(index_elements=["once"])
            .returning(alerts.c.id)
        )
        alert_id = self.connection.execute(new).scalar()
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
    size = select(func.count()).where(hits.c.story_id == story_id)
    first, last = connection.execute(
        select(func.min(hits.c.first_seen_at), func.max(hits.c.first_seen_at)).where(
            _tells(connection, story_id)
        )
    ).one()
    values |= {
        "hits": connection.execute(size).scalar_one(),
        "publishers": independent_publishers(connection, story_id),
    }
    if first is not None:
        values |= {"first_seen_at": first, "last_seen_at": last}
    connection.execute(update(stories).where(stories.c.id == story_id).values(values))


def recount_corrected(connection: Connection, story_id: StoryId, **values: Any) -> None:
    """After a person's correction, which may have taken the article away that gave the headline."""
    first = (
        select(articles.c.title)
        .join(hits, hits.c.article_id == articles.c.id)
        .where(_tells(connection, story_id))
        .order_by(hits.c.first_seen_at, hits.c.id)
        .limit(1)
    )
    title = connection.execute(first).scalar()
    recount(connection, story_id, **values | ({} if title is None else {"headline": title}))


def _tells(connection: Connection, story_id: StoryId) -> ColumnElement[bool]:
    """The hits that tell a story: not those marked irrelevant, unless there are no others."""
    member = hits.c.story_id == story_id
    stands = and_(member, func.coalesce(hits.c.verdict, "") != Verdict.IRRELEVANT)
    any_stands = connection.execute(select(hits.c.id).where(stands).limit(1)).first()
    return stands if any_stands else member


def independent_publishers(connection: Connection, story_id: StoryId) -> int:
    """Houses that reported a story in words of their own: a copy of another hit of it adds none."""
    # Late: most commands only read, and need nothing of what tells stories apart.
    from watcher.stories.publishers import publisher_family

    original = hits.alias()
    own_words = (
        select(articles.c.publisher)
        .join(hits, hits.c.article_id == articles.c.id)
        .outerjoin(original, (original.c.id == hits.c.copy_of) & (original.c.story_id == story_id))
        .where(_tells(connection, story_id), original.c.id.is_(None))
        .distinct()
    )
    return len({publisher_family(name) for name in connection.execute(own_words).scalars()})


def appeared(row: Row[Any]) -> datetime:
    """When the article of a joined row of hits and articles appeared."""
    at: datetime = min(row.published_at or row.first_seen_at, row.first_seen_at)
    return at


def stage_evidence(row: Row[Any]) -> str:
    """The sentence by which a hit asserts its stage."""
    return str((row.novelty or {}).get("stage", ""))


MEMBER: tuple[Column[Any], ...] = (
    *(hits.c.id, hits.c.story_id, hits.c.first_seen_at, hits.c.fingerprint),
    *(articles.c.title, articles.c.publisher, articles.c.lang, articles.c.published_at),
)
"""What grouping asks of a hit and its article: not its reasons, which are most of the row."""


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
