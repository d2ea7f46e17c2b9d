"""Merging and splitting stories by hand; both are remembered and move the threshold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, distinct, func, select, update

from watcher.errors import NotFoundError, UsageError
from watcher.model import HitId, StoryId
from watcher.storage.database import Database
from watcher.storage.decisions import MemberRecord, member_from
from watcher.storage.tables import alerts, articles, hits, silences, stories, story_links

Nearest = Callable[[Sequence[MemberRecord], Sequence[MemberRecord]], tuple[HitId, HitId, float]]
"""Of two groups of hits the closest pair and how alike the two are, 0-1."""


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

    def merge(self, into: StoryId, other: StoryId, *, nearest: Nearest, now: datetime) -> Regrouped:
        """Move every hit and alert of ``other`` into ``into``."""
        if into == other:
            raise UsageError("a story can't be merged with itself")
        with self._database.writing() as connection:
            left, right = members_of(connection, into), members_of(connection, other)
            pair = nearest(left, right)
            _remember(connection, pair, same=True, now=now)
            _move(connection, [member.hit_id for member in right], into)
            for table in (alerts, silences):
                connection.execute(
                    update(table).where(table.c.story_id == other).values(story_id=into)
                )
            connection.execute(
                update(stories).where(stories.c.id == other).values(merged_into=into)
            )
            for story_id in (into, other):
                recount(connection, story_id)
        return Regrouped(story_id=into, moved=len(right), similarity=pair[2])

    def split(
        self, story_id: StoryId, out: Collection[HitId], *, nearest: Nearest, now: datetime
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
            pair = nearest(staying, leaving)
            _remember(connection, pair, same=False, now=now)
            first = leaving[0]
            made = StoryId(
                connection.execute(
                    stories.insert()
                    .values(
                        topic=_topic(connection, story_id),
                        headline=first.title,
                        first_seen_at=first.first_seen_at,
                        last_seen_at=leaving[-1].first_seen_at,
                        hits=0,
                        publishers=0,
                        known="",
                    )
                    .returning(stories.c.id)
                ).scalar_one()
            )
            moved = [member.hit_id for member in leaving]
            _move(connection, moved, made)
            connection.execute(
                update(alerts).where(alerts.c.hit_id.in_(moved)).values(story_id=made)
            )
            for changed in (story_id, made):
                recount(connection, changed)
        return Regrouped(story_id=made, moved=len(leaving), similarity=pair[2])


def members_of(connection: Connection, story_id: StoryId) -> list[MemberRecord]:
    """The hits of a story, oldest first; raises NotFoundError where it has none."""
    query = (
        select(hits, articles.c.title, articles.c.publisher, articles.c.lang)
        .add_columns(articles.c.published_at)
        .join(articles, articles.c.id == hits.c.article_id)
        .where(hits.c.story_id == story_id)
        .order_by(hits.c.id)
    )
    found = [member_from(row) for row in connection.execute(query)]
    if not found:
        raise NotFoundError("story", story_id)
    return found


def recount(connection: Connection, story_id: StoryId) -> None:
    """Count the hits and publishers of a story anew."""
    counted = connection.execute(
        select(
            func.count(),
            func.count(distinct(articles.c.publisher)),
            func.min(hits.c.first_seen_at),
            func.max(hits.c.first_seen_at),
        )
        .select_from(hits)
        .join(articles, articles.c.id == hits.c.article_id)
        .where(hits.c.story_id == story_id)
    ).one()
    values: dict[str, Any] = {"hits": counted[0], "publishers": counted[1]}
    if counted[0]:
        values |= {"first_seen_at": counted[2], "last_seen_at": counted[3]}
    connection.execute(update(stories).where(stories.c.id == story_id).values(values))


def _topic(connection: Connection, story_id: StoryId) -> str:
    return str(
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
