"""What ``status`` and ``doctor`` ask: what waits how long, what fails, what the disk holds."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from watcher.model import DeliveryState, FeedState
from watcher.storage.database import Database
from watcher.storage.engine import database_path
from watcher.storage.tables import articles, deliveries, entries, feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTrouble:
    """A feed that fails now."""

    id: int
    name: str
    url: str
    error: str
    detail: str
    failures: int
    last_polled_at: datetime | None
    next_poll_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Deliveries to one receiver that were given up."""

    receiver: str
    count: int
    alert_id: int
    """The newest alert among them."""
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Since when the oldest due work of each kind waits; None where none is due."""

    feeds: datetime | None
    entries: datetime | None
    articles: datetime | None
    deliveries: datetime | None


class Health:
    """Reads only; every query is answered by an index or by a small table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def failing(self, *, limit: int = 100) -> list[FeedTrouble]:
        """Failing feeds, those that fail longest first."""
        query = (
            select(
                feeds.c.id, feeds.c.name, feeds.c.url, feeds.c.last_error, feeds.c.failures,
                feeds.c.last_error_detail, feeds.c.last_polled_at, feeds.c.next_poll_at,
            )
            .where(feeds.c.state == FeedState.FAILING)
            .order_by(feeds.c.failures.desc(), feeds.c.id)
            .limit(limit)
        )  # fmt: skip
        with self._database.reading() as connection:
            return [
                FeedTrouble(
                    id=row.id,
                    name=row.name,
                    url=row.url,
                    error=row.last_error or "unknown",
                    detail=row.last_error_detail or "",
                    failures=row.failures,
                    last_polled_at=row.last_polled_at,
                    next_poll_at=row.next_poll_at,
                )
                for row in connection.execute(query)
            ]

    def dead(self) -> list[DeadLetters]:
        """Deliveries that were given up, by receiver."""
        query = (
            select(
                deliveries.c.receiver,
                func.count().label("n"),
                func.max(deliveries.c.alert_id).label("alert_id"),
                func.max(deliveries.c.last_error).label("error"),
            )
            .where(deliveries.c.state == DeliveryState.DEAD)
            .group_by(deliveries.c.receiver)
            .order_by(deliveries.c.receiver)
        )
        with self._database.reading() as connection:
            return [
                DeadLetters(
                    receiver=row.receiver,
                    count=row.n,
                    alert_id=row.alert_id,
                    last_error=row.error or "",
                )
                for row in connection.execute(query)
            ]

    def waiting(self, *, now: datetime) -> Waiting:
        """Since when due work waits."""
        polled = feeds.c.state.in_((FeedState.OK, FeedState.FAILING))
        queries = {
            "feeds": select(func.min(feeds.c.next_poll_at)).where(
                polled, feeds.c.next_poll_at <= now
            ),
            "entries": select(func.min(entries.c.next_try_at)).where(entries.c.next_try_at <= now),
            "articles": select(func.min(articles.c.next_score_at)).where(
                articles.c.next_score_at <= now
            ),
            "deliveries": select(func.min(deliveries.c.next_try_at)).where(
                deliveries.c.next_try_at <= now
            ),
        }
        with self._database.reading() as connection:
            return Waiting(
                **{name: connection.execute(query).scalar() for name, query in queries.items()}
            )

    def silent_feeds(self, *, since: datetime) -> list[str]:
        """Feeds that are polled without fault and have brought nothing since then."""
        query = (
            select(feeds.c.name)
            .where(
                feeds.c.state == FeedState.OK,
                feeds.c.first_polled_at < since,
                (feeds.c.last_new_at < since) | feeds.c.last_new_at.is_(None),
            )
            .order_by(feeds.c.name)
            .limit(50)
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def latest_trace(self) -> datetime | None:
        """The newest time that anything here was seen or polled: the clock can't be before it."""
        with self._database.reading() as connection:
            times = [
                connection.execute(select(func.max(column))).scalar()
                for column in (entries.c.first_seen_at, feeds.c.last_polled_at)
            ]
        return max((time for time in times if time is not None), default=None)

    def sizes(self) -> dict[str, int]:
        """Bytes of the SQLite file and its write-ahead log; empty for a server."""
        path = database_path(self._database.url)
        if path is None:
            return {}
        files = {"file": path, "log": path.with_name(path.name + "-wal")}
        return {name: file.stat().st_size for name, file in files.items() if file.exists()}

    @property
    def engine_version(self) -> str:
        """Name and version of the database program."""
        if self._database.is_sqlite:
            return f"SQLite {sqlite3.sqlite_version}"
        with self._database.reading() as connection:
            found = connection.exec_driver_sql("SHOW server_version").scalar()
        return f"PostgreSQL {found}"

    @property
    def may_corrupt(self) -> bool:
        """Whether this SQLite has the WAL-reset bug that 3.51.3 mended."""
        return self._database.is_sqlite and sqlite3.sqlite_version_info < (3, 51, 3)
