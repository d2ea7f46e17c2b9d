"""What changed, as a decision needs it: the stage a topic has reached, an article's earlier texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from watcher.decide.saga import StageMark
from watcher.model import ArticleId, HitId, TopicId
from watcher.storage import statements as ask
from watcher.storage.database import Database
from watcher.storage.tables import revisions

MARKS = 8
"""So many of a topic's latest stages are kept, to go back to when a hit turns out to be wrong."""


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
        """The stage that the topic has reached, as far as hits say so that still count."""
        return next(reversed(self._stage_marks(topic)), None)

    def any_stage(self, topic: TopicId) -> bool:
        """Whether any stage of the topic was ever seen, rightly or not."""
        return self._fact(topic) is not None

    def set_stage_mark(self, topic: TopicId, mark: StageMark) -> None:
        """The topic has reached a stage."""
        marks = [*self._stage_marks(topic), mark][-MARKS:]
        value = {"marks": [_mark_json(kept) for kept in marks]}
        said = {"name": f"stage:{topic}", "value": value, "at": mark.at}
        self._connection.execute(ask.save_fact(self._database.insert), said)

    def _fact(self, topic: TopicId) -> Row[Any] | None:
        return self._connection.execute(ask.fact(), {"name": f"stage:{topic}"}).first()

    def _stage_marks(self, topic: TopicId) -> list[StageMark]:
        """Oldest first, without those that stood on a hit which a person or an edit took back."""
        row = self._fact(topic)
        if row is None:
            return []
        # A release before this one kept the last mark only.
        kept = row.value.get("marks") or [row.value | {"at": row.at.isoformat()}]
        marks = [_mark_from(value) for value in kept]
        told_by = [mark.hit_id for mark in marks if mark.hit_id is not None]
        lost = set(self._connection.execute(ask.void_stages(), {"hits": told_by}).scalars())
        return [mark for mark in marks if mark.hit_id not in lost]

    def heard_of_stage(self, topic: TopicId, mark: StageMark) -> frozenset[str]:
        """Receivers that were told of the topic's stage since it was reached."""
        asked = {"topic": topic, "stage": mark.stage, "since": mark.moved_at or mark.at}
        return frozenset(self._connection.execute(ask.heard_of_stage(), asked).scalars())

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

    def earlier_titles(self, article_id: ArticleId) -> list[str]:
        """The headlines that an article bore before its present one."""
        query = select(revisions.c.title).where(revisions.c.article_id == article_id)
        return list(self._connection.execute(query).scalars())

    def describe_revision(self, revision_id: int, change: Mapping[str, Any]) -> None:
        """Keep what a change was, readable."""
        self._connection.execute(
            update(revisions).where(revisions.c.id == revision_id).values(change=dict(change))
        )


def _mark_json(mark: StageMark) -> dict[str, Any]:
    return {
        "stage": mark.stage,
        "evidence": mark.evidence,
        "at": mark.at.isoformat(),
        "hit": mark.hit_id,
        "moved_at": mark.moved_at.isoformat() if mark.moved_at else None,
        "news": mark.news,
    }


def _mark_from(value: Mapping[str, Any]) -> StageMark:
    moved_at = value.get("moved_at")
    return StageMark(
        stage=value["stage"],
        evidence=value["evidence"],
        at=datetime.fromisoformat(value["at"]),
        hit_id=None if value.get("hit") is None else HitId(value["hit"]),
        moved_at=datetime.fromisoformat(moved_at) if moved_at else None,
        news=bool(value.get("news")),
    )
