"""Merging and splitting stories by hand; both are remembered and move the threshold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from watcher.decide.saga import StageMark
from watcher.errors import NotFoundError, UsageError
from watcher.model import ArticleText, HitId, HitKind, StoryId, TopicId
from watcher.storage.database import Database
from watcher.storage.decisions import (
    Deciding,
    MemberRecord,
    appeared,
    independent_publishers,
    member_from,
    recount,
    recount_corrected,
    stage_evidence,
)
from watcher.storage.statements import MEMBER
from watcher.storage.tables import alerts, articles, hits, silences, stories, story_links


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHit:
    """A hit as part of what its story has told."""

    text: ArticleText
    mark: StageMark | None
    """The stage that it asserts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a story has told: its known facts, and the stage it has reached."""

    known: str
    mark: StageMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How the core judges what a person regroups, for one topic."""

    nearest: Callable[[Sequence[MemberRecord], Sequence[MemberRecord]], tuple[HitId, HitId, float]]
    """Of two groups of hits the closest pair, and how alike they were held to be, 0-1."""
    retell: Callable[[Sequence[ToldHit]], Telling]
    """What these hits have told, oldest first."""


Judging = Callable[[Deciding, TopicId, StoryId | None], Judgement]
"""Makes a judgement inside the transaction: for a topic, as it was before this story began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """What a merge or split did."""

    story_id: StoryId
    """The story that grew or was made."""
    moved: int
    similarity: float


class Regrouping:
    """Corrections of grouping, each one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, into: StoryId, other: StoryId, *, judging: Judging, now: datetime) -> Regrouped:
        """Move every hit and alert of ``other`` into ``into``."""
        if into == other:
            raise UsageError("a story can't be merged with itself")
        with self._database.writing() as connection:
            left, right = members_of(connection, into), members_of(connection, other)
            topic, its = _topic(connection, into), _topic(connection, other)
            if topic != its:
                raise UsageError(
                    f"story {into} is of topic {topic}, story {other} of {its}: "
                    "a story belongs to one topic"
                )
            both_told = _is_told(connection, into) and _is_told(connection, other)
            younger = other if right[0].hit_id > left[0].hit_id else into
            judgement = judging(Deciding(connection, self._database), topic, younger)
            pair = judgement.nearest(left, right)
            _remember(connection, pair, same=True, now=now)
            _move(connection, [member.hit_id for member in right], into)
            for table in (alerts, silences):
                connection.execute(
                    update(table).where(table.c.story_id == other).values(story_id=into)
                )
            connection.execute(
                update(stories).where(stories.c.id == other).values(merged_into=into)
            )
            _retell(connection, into, judgement)
            recount(connection, other)
            if both_told:
                _count_as_told(connection, into)
        return Regrouped(story_id=into, moved=len(right), similarity=pair[2])

    def split(
        self, story_id: StoryId, out: Collection[HitId], *, judging: Judging, now: datetime
    ) -> Regrouped:
        """Move these hits of a story into a new one."""
        with self._database.writing() as connection:
            members = members_of(connection, story_id)
            leaving = [member for member in members if member.hit_id in out]
            staying = [member for member in members if member.hit_id not in out]
            for hit_id in out:
                if hit_id not in {member.hit_id for member in leaving}:
                    raise UsageError(f"hit {hit_id} is not in story {story_id}")
            if not staying:
                raise UsageError("that would leave nothing of the story")
            topic = _topic(connection, story_id)
            tx = Deciding(connection, self._database)
            judgement = judging(tx, topic, None)
            pair = judgement.nearest(staying, leaving)
            _remember(connection, pair, same=False, now=now)
            first = leaving[0]
            made = tx.new_story(topic, first.title, at=first.first_seen_at)
            moved = [member.hit_id for member in leaving]
            _move(connection, moved, made)
            connection.execute(
                update(alerts).where(alerts.c.hit_id.in_(moved)).values(story_id=made)
            )
            for changed in (story_id, made):
                _retell(connection, changed, judgement)
        return Regrouped(story_id=made, moved=len(leaving), similarity=pair[2])


def _is_told(connection: Connection, story_id: StoryId) -> bool:
    query = select(alerts.c.id).where(alerts.c.story_id == story_id).limit(1)
    return connection.execute(query).first() is not None


def _count_as_told(connection: Connection, story_id: StoryId) -> None:
    """Who had been told of both stories knows of all who report what is one story now: it has not
    grown by the merge."""
    last = select(func.max(alerts.c.id)).where(alerts.c.story_id == story_id).scalar_subquery()
    told = independent_publishers(connection, story_id)
    connection.execute(update(alerts).where(alerts.c.id == last).values(publishers=told))


def members_of(connection: Connection, story_id: StoryId) -> list[MemberRecord]:
    """The hits of a story, oldest first; raises NotFoundError where it has none."""
    query = (
        select(*MEMBER)
        .join(articles, articles.c.id == hits.c.article_id)
        .where(hits.c.story_id == story_id)
        .order_by(hits.c.id)
    )
    found = [member_from(row) for row in connection.execute(query)]
    if not found:
        raise NotFoundError("story", story_id)
    return found


def _stage_of(row: Row[Any]) -> StageMark | None:
    """The stage that a joined row of hits and articles asserts by its whole text."""
    if row.stage is None or row.partial or row.kind != HitKind.HIT:
        return None
    return StageMark(stage=row.stage, evidence=stage_evidence(row), at=appeared(row))


def _retell(connection: Connection, story_id: StoryId, judgement: Judgement) -> None:
    """Make anew from its hits what a story has told, and count them."""
    query = (
        select(hits, articles.c.title, articles.c.text, articles.c.summary, articles.c.lang)
        .add_columns(articles.c.published_at, articles.c.publisher, articles.c.url)
        .join(articles, articles.c.id == hits.c.article_id)
        .where(hits.c.story_id == story_id)
        .order_by(hits.c.id)
    )
    told = judgement.retell(
        [
            ToldHit(
                text=ArticleText(
                    title=row.title,
                    text=row.text,
                    summary=row.summary,
                    lang=row.lang,
                    url=row.url,
                    publisher=row.publisher,
                    published_at=row.published_at,
                    partial=row.partial,
                ),
                mark=_stage_of(row),
            )
            for row in connection.execute(query)
        ]
    )
    recount_corrected(
        connection,
        story_id,
        known=told.known,
        stage=told.mark.stage if told.mark else None,
        stage_evidence=told.mark.evidence if told.mark else None,
    )


def _topic(connection: Connection, story_id: StoryId) -> TopicId:
    return TopicId(
        connection.execute(select(stories.c.topic).where(stories.c.id == story_id)).scalar_one()
    )


def _move(connection: Connection, hit_ids: Collection[HitId], story_id: StoryId) -> None:
    connection.execute(update(hits).where(hits.c.id.in_(list(hit_ids))).values(story_id=story_id))


def _remember(
    connection: Connection, pair: tuple[HitId, HitId, float], *, same: bool, now: datetime
) -> None:
    connection.execute(
        story_links.insert().values(
            hit_a=pair[0], hit_b=pair[1], same=same, similarity=pair[2], at=now
        )
    )
