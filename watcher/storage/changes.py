"""What changed, as a decision needs it: the stage a topic has reached, an article's earlier texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from watcher.decide.saga import StageMark
from watcher.model import ArticleId, TopicId
from watcher.storage.database import Database
from watcher.storage.tables import facts, revisions


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRecord:
    """An earlier text of an article."""

    id: int
    title: str
    text: str
    summary: str
    vanished: bool
    """The page was gone when it was looked at again."""


class Changes:
    """Reads and writes marks and revisions inside a deciding transaction."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection = connection
        self._database = database

    def stage_mark(self, topic: TopicId) -> StageMark | None:
        """The stage that the topic has reached."""
        row = self._connection.execute(
            select(facts).where(facts.c.name == f"stage:{topic}")
        ).first()
        if row is None:
            return None
        return StageMark(stage=row.value["stage"], evidence=row.value["evidence"], at=row.at)

    def set_stage_mark(self, topic: TopicId, mark: StageMark) -> None:
        """The topic has reached a stage."""
        value = {"stage": mark.stage, "evidence": mark.evidence}
        new = self._database.insert(facts).values(name=f"stage:{topic}", value=value, at=mark.at)
        self._connection.execute(
            new.on_conflict_do_update(
                index_elements=["name"], set_={"value": new.excluded.value, "at": mark.at}
            )
        )

    def latest_revision(self, article_id: ArticleId) -> RevisionRecord | None:
        """The text that an article had before its last change."""
        row = self._connection.execute(
            select(revisions)
            .where(revisions.c.article_id == article_id)
            .order_by(revisions.c.id.desc())
            .limit(1)
        ).first()
        if row is None:
            return None
        change = row.change or {}
        return RevisionRecord(
            id=row.id,
            title=row.title,
            text=row.text,
            summary=row.summary,
            vanished=bool(change.get("vanished")),
        )

    def describe_revision(self, revision_id: int, change: Mapping[str, Any]) -> None:
        """Keep what a change was, readable."""
        self._connection.execute(
            update(revisions).where(revisions.c.id == revision_id).values(change=dict(change))
        )
