"""What people look at and correct: hits, stories, verdicts, figures."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, text, update

from watcher.decide.saga import StageMark, Step
from watcher.errors import NotFoundError
from watcher.model import (
    ArticleId,
    DeliveryState,
    FeedState,
    HitId,
    HitKind,
    SilentReason,
    StoryId,
    TopicId,
    Verdict,
)
from watcher.storage.database import Database
from watcher.storage.decisions import appeared, recount_corrected, stage_evidence, story_from
from watcher.storage.records import (
    HitFilter,
    HitRecord,
    Moment,
    StoryRecord,
    VerdictRecord,
    contributions_from,
)
from watcher.storage.tables import (
    alerts,
    articles,
    deliveries,
    entries,
    feeds,
    hits,
    profiles,
    stories,
    verdicts,
)
from watcher.storage.tables import facts as facts_table

_NOT_HITS = (HitKind.NEAR_MISS, HitKind.SAMPLE, HitKind.FORMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures of ``status``."""

    feeds: Mapping[str, int] = field(default_factory=dict)
    feeds_due: int = 0
    entries_due: int = 0
    articles_due: int = 0
    deliveries_due: int = 0
    deliveries_held: int = 0
    """Of quiet hours, a digest, an hourly limit or a group."""
    deliveries_retrying: int = 0
    deliveries_dead: int = 0
    last_poll_at: datetime | None = None
    hits_24h: int = 0
    alerts_24h: int = 0
    unreviewed: int = 0


class Review:
    """Reading for people, and their verdicts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hits(self, wanted: HitFilter) -> list[HitRecord]:
        """Hits (or near misses) by filter, newest first."""
        query = (
            hit_query()
            .where(*conditions(wanted))
            .order_by(hits.c.first_seen_at.desc(), hits.c.id.desc())
            .limit(wanted.limit)
        )
        with self._database.reading() as connection:
            return [hit_from(row) for row in connection.execute(query)]

    def count_hits(self, wanted: HitFilter) -> int:
        """How many hits (or near misses) pass the filter, whatever its limit."""
        query = (
            select(func.count())
            .select_from(hits)
            .join(articles, articles.c.id == hits.c.article_id)
            .where(*conditions(wanted))
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def hits_by_ids(self, ids: Collection[HitId]) -> dict[HitId, HitRecord]:
        """Hits by id; those that are not there are left out."""
        query = hit_query().where(hits.c.id.in_(list(ids)))
        with self._database.reading() as connection:
            found = [hit_from(row) for row in connection.execute(query)]
        return {hit.id: hit for hit in found}

    def hit(self, hit_id: HitId) -> HitRecord:
        """One hit; raises NotFoundError."""
        found = self.hits_by_ids([hit_id]).get(hit_id)
        if found is None:
            raise NotFoundError("hit", hit_id)
        return found

    def hits_of_article(self, article_id: ArticleId) -> list[HitRecord]:
        """What was decided about an article, topic by topic."""
        query = hit_query().where(hits.c.article_id == article_id)
        with self._database.reading() as connection:
            return [hit_from(row) for row in connection.execute(query)]

    def mark(
        self, hit_id: HitId, verdict: Verdict | None, *, note: str = "", now: datetime
    ) -> HitRecord:
        """Store a verdict (None takes the last one back) and keep its history."""
        with self._database.writing() as connection:
            changed = connection.execute(
                update(hits)
                .where(hits.c.id == hit_id)
                .values(verdict=verdict)
                .returning(hits.c.story_id)
            ).first()
            if changed is None:
                raise NotFoundError("hit", hit_id)
            if changed.story_id is not None:
                recount_corrected(connection, StoryId(changed.story_id))
            connection.execute(
                verdicts.insert().values(hit_id=hit_id, verdict=verdict, note=note, at=now)
            )
        return self.hit(hit_id)

    def verdicts(self, hit_id: HitId) -> list[VerdictRecord]:
        """What a hit was judged to be over time, oldest first."""
        query = select(verdicts).where(verdicts.c.hit_id == hit_id).order_by(verdicts.c.id)
        with self._database.reading() as connection:
            return [
                VerdictRecord(
                    at=row.at,
                    verdict=None if row.verdict is None else Verdict(row.verdict),
                    note=row.note,
                )
                for row in connection.execute(query)
            ]

    def topics(self) -> list[str]:
        """Topics that have hits or near misses."""
        # One step through the index per topic, rather than a walk over every hit.
        found: list[str] = []
        with self._database.reading() as connection:
            while True:
                query = select(func.min(hits.c.topic))
                if found:
                    query = query.where(hits.c.topic > found[-1])
                topic = connection.execute(query).scalar()
                if topic is None:
                    return found
                found.append(topic)

    def stories(
        self, *, topic: str | None = None, since: datetime | None = None, limit: int = 50
    ) -> list[StoryRecord]:
        """Stories that have members, newest activity first."""
        query = select(stories).where(stories.c.hits > 0)
        if topic:
            query = query.where(stories.c.topic == topic)
        if since:
            query = query.where(stories.c.last_seen_at >= since)
        query = query.order_by(stories.c.last_seen_at.desc(), stories.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [story_from(row) for row in connection.execute(query)]

    def stories_by_ids(self, ids: Collection[StoryId]) -> dict[StoryId, StoryRecord]:
        """Stories by id; those that are not there are left out."""
        query = select(stories).where(stories.c.id.in_(list(ids)))
        with self._database.reading() as connection:
            found = [story_from(row) for row in connection.execute(query)]
        return {story.id: story for story in found}

    def story(self, story_id: StoryId) -> tuple[StoryRecord, list[HitRecord]]:
        """One story with its hits, oldest first, or the one it was merged into.

        Raises NotFoundError.
        """
        with self._database.reading() as connection:
            row = _story(connection, story_id)
            while row is not None and not row.hits and row.merged_into is not None:
                row = _story(connection, row.merged_into)
            if row is None:
                raise NotFoundError("story", story_id)
            members = connection.execute(
                hit_query().where(hits.c.story_id == row.id).order_by(hits.c.first_seen_at)
            ).all()
        return story_from(row), [hit_from(member) for member in members]

    def timelines(self, ids: Collection[StoryId]) -> dict[StoryId, list[Moment]]:
        """The articles of each story in the order in which they appeared."""
        told = select(alerts.c.id).where(alerts.c.hit_id == hits.c.id).exists()
        query: Select[Any] = (
            select(
                hits.c.id,
                hits.c.story_id,
                hits.c.score,
                hits.c.stage,
                hits.c.novelty,
                hits.c.verdict,
                hits.c.first_seen_at,
                articles.c.title,
                articles.c.publisher,
                articles.c.lang,
                articles.c.published_at,
                told.label("alerted"),
            )
            .join(articles, articles.c.id == hits.c.article_id)
            .where(hits.c.story_id.in_(list(ids)))
        )
        found: dict[StoryId, list[Moment]] = {story_id: [] for story_id in ids}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found[StoryId(row.story_id)].append(_moment_from(row))
        for moments in found.values():
            moments.sort(key=lambda moment: (moment.at, moment.hit_id))
        return found

    def hits_of_stories(self, ids: Collection[StoryId]) -> dict[StoryId, list[HitRecord]]:
        """The hits of each story, in the order they were found; the first hundred of each."""
        query = hit_query().where(hits.c.story_id.in_(list(ids))).order_by(hits.c.id)
        found: dict[StoryId, list[HitRecord]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                members = found.setdefault(StoryId(row.story_id), [])
                if len(members) < 100:
                    members.append(hit_from(row))
        return found

    def judged(self, topic: TopicId) -> list[tuple[ArticleId, Verdict]]:
        """Every verdict that stands for a topic, for learning.

        Not on a hit that its publisher took back: its text is no longer the one that was judged.
        """
        query = select(hits.c.article_id, hits.c.verdict).where(
            hits.c.topic == topic,
            hits.c.verdict.is_not(None),
            or_(hits.c.kind != HitKind.HIT, hits.c.score >= hits.c.threshold),
        )
        with self._database.reading() as connection:
            return [(ArticleId(row[0]), Verdict(row[1])) for row in connection.execute(query)]

    def decided(self, topic: TopicId) -> dict[ArticleId, tuple[HitKind, Verdict | None]]:
        """What was decided and judged for a topic, by article."""
        query = select(hits.c.article_id, hits.c.kind, hits.c.verdict).where(hits.c.topic == topic)
        with self._database.reading() as connection:
            return {
                ArticleId(row.article_id): (
                    HitKind(row.kind),
                    None if row.verdict is None else Verdict(row.verdict),
                )
                for row in connection.execute(query)
            }

    def looked_at(self, topic: TopicId) -> int:
        """How many articles were scored for a topic, kept or not.

        As in ``ArticleRecord.topics``: what no feed leads to any more was for every topic.
        """
        with self._database.reading() as connection:
            speaking = [
                row.id
                for row in connection.execute(select(feeds.c.id, feeds.c.settings))
                if topic in (row.settings.get("topics") or [topic])
            ]
            led = select(entries.c.id).where(entries.c.article_id == articles.c.id)
            query = _count(
                articles,
                articles.c.scored_at.is_not(None),
                led.where(entries.c.feed_id.in_(speaking)).exists() | ~led.exists(),
            )
            return int(connection.execute(query).scalar_one())

    def learned(self) -> dict[TopicId, Mapping[str, Any]]:
        """What each topic has learned: weights from verdicts, the usage of its seeds' words."""
        query = select(profiles).order_by(profiles.c.id)
        with self._database.reading() as connection:
            return {TopicId(row.topic): row.learned for row in connection.execute(query)}

    def save_learned(
        self, topic: TopicId, learned: Mapping[str, Any], *, note: str, now: datetime
    ) -> None:
        """Keep what a topic learned beside what it knew of other things; the newest row is in use."""
        newest = (
            select(profiles.c.learned)
            .where(profiles.c.topic == topic)
            .order_by(profiles.c.id.desc())
            .limit(1)
        )
        with self._database.writing() as connection:
            known = connection.execute(newest).scalar() or {}
            connection.execute(
                profiles.insert().values(
                    topic=topic, learned={**known, **learned}, note=note, at=now
                )
            )

    def counts(self, *, now: datetime) -> Counts:
        """The figures of ``status``; every one answered by an index."""
        day = now - timedelta(days=1)
        with self._database.reading() as connection:
            states = {
                row[0]: row[1]
                for row in connection.execute(
                    select(feeds.c.state, func.count()).group_by(feeds.c.state)
                )
            }

            def number(query: Select[Any]) -> int:
                return int(connection.execute(query).scalar_one() or 0)

            polled = feeds.c.state.in_((FeedState.OK, FeedState.FAILING))
            return Counts(
                feeds={
                    "total": sum(n for s, n in states.items() if s != FeedState.RETIRED),
                    "ok": states.get(FeedState.OK, 0),
                    "failing": states.get(FeedState.FAILING, 0),
                    "paused": states.get(FeedState.PAUSED, 0),
                },
                feeds_due=number(_count(feeds, polled, feeds.c.next_poll_at <= now)),
                entries_due=number(_count(entries, entries.c.next_try_at <= now)),
                articles_due=number(_count(articles, articles.c.next_score_at <= now)),
                deliveries_due=number(_count(deliveries, deliveries.c.next_try_at <= now)),
                deliveries_held=number(
                    _count(
                        deliveries, deliveries.c.next_try_at > now, deliveries.c.held.is_not(None)
                    )
                ),
                deliveries_retrying=number(
                    _count(deliveries, deliveries.c.next_try_at > now, deliveries.c.held.is_(None))
                ),
                deliveries_dead=number(
                    _count(deliveries, deliveries.c.state == DeliveryState.DEAD)
                ),
                last_poll_at=connection.execute(select(func.max(feeds.c.last_polled_at))).scalar(),
                hits_24h=number(
                    _count(hits, hits.c.kind == HitKind.HIT, hits.c.first_seen_at >= day)
                ),
                alerts_24h=number(_count(alerts, alerts.c.created_at >= day)),
                unreviewed=number(
                    _count(hits, hits.c.kind == HitKind.HIT, hits.c.verdict.is_(None))
                ),
            )

    def steps(self, topic: TopicId) -> list[Step]:
        """Every stage that a hit of the topic asserted by its whole text."""
        query: Select[Any] = (
            select(
                hits.c.story_id,
                hits.c.stage,
                hits.c.novelty,
                hits.c.first_seen_at,
                articles.c.title,
                articles.c.published_at,
            )
            .join(articles, articles.c.id == hits.c.article_id)
            .where(
                hits.c.topic == topic,
                hits.c.kind == HitKind.HIT,
                hits.c.stage.is_not(None),
                hits.c.story_id.is_not(None),
                hits.c.partial.is_(False),  # as it moves no saga either
            )
        )
        with self._database.reading() as connection:
            return [_step_from(row) for row in connection.execute(query)]

    def fact(self, name: str) -> tuple[Any, datetime] | None:
        """A single remembered value and when it was set."""
        query = select(facts_table).where(facts_table.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.value, row.at)

    def set_fact(self, name: str, value: Any, *, now: datetime) -> None:
        """Remember a single value."""
        new = self._database.insert(facts_table).values(name=name, value=value, at=now)
        with self._database.writing() as connection:
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=["name"], set_={"value": new.excluded.value, "at": now}
                )
            )


def _story(connection: Connection, story_id: int) -> Row[Any] | None:
    return connection.execute(select(stories).where(stories.c.id == story_id)).first()


def _moment_from(row: Row[Any]) -> Moment:
    return Moment(
        at=appeared(row),
        hit_id=HitId(row.id),
        title=row.title,
        publisher=row.publisher,
        lang=row.lang,
        score=row.score,
        stage=row.stage,
        novelty=(row.novelty or {}).get("score"),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        alerted=bool(row.alerted),
    )


def _step_from(row: Row[Any]) -> Step:
    mark = StageMark(stage=row.stage, evidence=stage_evidence(row), at=appeared(row))
    return Step(story_id=StoryId(row.story_id), mark=mark, headline=row.title)


def _count(table: Any, *where: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(table).where(*where)


def hit_query() -> Select[Any]:
    """Hits with what ``hit_from`` reads of their article and feed."""
    return (
        select(
            hits,
            articles.c.title,
            articles.c.url,
            articles.c.publisher,
            articles.c.lang,
            articles.c.published_at,
            feeds.c.name.label("feed_name"),
        )
        .join(articles, articles.c.id == hits.c.article_id)
        .outerjoin(feeds, feeds.c.id == articles.c.feed_id)
    )


def conditions(wanted: HitFilter) -> Sequence[ColumnElement[bool]]:
    """A filter as WHERE conditions over hits joined with articles."""
    kinds = _NOT_HITS if wanted.near_misses else (HitKind.HIT,)
    found: list[ColumnElement[bool]] = [hits.c.kind.in_(kinds)]
    if wanted.topic:
        found.append(hits.c.topic == wanted.topic)
    if wanted.since:
        found.append(hits.c.first_seen_at >= wanted.since)
    if wanted.until:
        found.append(hits.c.first_seen_at < wanted.until)
    if wanted.min_score is not None:
        found.append(hits.c.score >= wanted.min_score)
    if wanted.verdict:
        found.append(hits.c.verdict == wanted.verdict)
    if wanted.unreviewed:
        found.append(hits.c.verdict.is_(None))
    if wanted.lang:
        found.append(articles.c.lang == wanted.lang)
    if wanted.publisher:
        found.append(articles.c.publisher.in_(_publishers(wanted.publisher.lower())))
    if wanted.story is not None:
        found.append(hits.c.story_id == wanted.story)
    if wanted.before_id is not None:
        found.append(hits.c.id < wanted.before_id)
    return found


def _publishers(name: str) -> Any:
    """Names of publishers that are meant: the name itself, and what lies under that domain.

    One step through the index per publisher, then the index again for each that fits.
    """
    return text(
        "WITH RECURSIVE known(name) AS (SELECT min(publisher) FROM articles UNION ALL "
        "SELECT (SELECT min(publisher) FROM articles WHERE publisher > known.name) FROM known "
        "WHERE known.name IS NOT NULL) SELECT name FROM known "
        "WHERE lower(name) = :name OR lower(name) LIKE :under ESCAPE '!'"
    ).bindparams(name=name, under="%." + re.sub(r"([!%_])", r"!\1", name))


def hit_from(row: Row[Any]) -> HitRecord:
    """Read a joined row of hits, articles and feeds."""
    why = row.explanation or {}
    return HitRecord(
        id=HitId(row.id),
        topic=TopicId(row.topic),
        kind=HitKind(row.kind),
        score=row.score,
        threshold=row.threshold,
        profile_version=row.profile_version,
        contributions=contributions_from(why),
        matched=tuple(why.get("matched", ())),
        missing=tuple(why.get("missing", ())),
        sentences=tuple(why.get("sentences", ())),
        partial=row.partial,
        story_id=None if row.story_id is None else StoryId(row.story_id),
        first_seen_at=row.first_seen_at,
        decided_at=row.decided_at,
        silent_reason=None if row.silent_reason is None else SilentReason(row.silent_reason),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        stage=row.stage,
        novelty=row.novelty,
        article_id=ArticleId(row.article_id),
        title=row.title,
        url=row.url,
        publisher=row.publisher,
        lang=row.lang,
        published_at=row.published_at,
        feed=row.feed_name or "",
        fingerprint=row.fingerprint,
        grouping=row.grouping,
    )
