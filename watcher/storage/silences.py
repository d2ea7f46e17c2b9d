"""Silences: topics and stories that a person does not want to hear of for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from watcher.errors import NotFoundError
from watcher.model import StoryId, TopicId
from watcher.storage.database import Database
from watcher.storage.tables import silences


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One silence; ``topic`` or ``story_id`` is set."""

    id: int
    topic: TopicId | None
    story_id: StoryId | None
    until: datetime


class Silences:
    """The silences table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        topic: TopicId | None = None,
        story_id: StoryId | None = None,
        until: datetime,
        now: datetime,
    ) -> int:
        """Silence a topic or a story; returns the silence's id."""
        new = silences.insert().values(topic=topic, story_id=story_id, until=until, created_at=now)
        with self._database.writing() as connection:
            return int(connection.execute(new.returning(silences.c.id)).scalar_one())

    def active(self, *, now: datetime) -> list[Silence]:
        """Silences that still hold, the first to end first."""
        query = select(silences).where(silences.c.until > now).order_by(silences.c.until)
        with self._database.reading() as connection:
            return [
                Silence(
                    id=row.id,
                    topic=None if row.topic is None else TopicId(row.topic),
                    story_id=None if row.story_id is None else StoryId(row.story_id),
                    until=row.until,
                )
                for row in connection.execute(query)
            ]

    def end(self, silence_id: int) -> None:
        """Take a silence back; raises NotFoundError."""
        with self._database.writing() as connection:
            done = connection.execute(delete(silences).where(silences.c.id == silence_id))
            if done.rowcount == 0:
                raise NotFoundError("silence", silence_id)
