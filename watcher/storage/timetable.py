"""What is due when, as a whole: freed when its holder is known to be dead, moved with the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, bindparam, func, or_, select, update

from watcher.model import DeliveryState
from watcher.storage.database import Database
from watcher.storage.tables import articles, deliveries, entries, feeds, hits

TOLERANCE = timedelta(minutes=1)
"""Clocks of machines that share a database differ by less."""
_LEASED = (
    (feeds, feeds.c.next_poll_at),
    (entries, entries.c.next_try_at),
    (articles, articles.c.next_score_at),
)
"""What is claimed, and what says that it is due."""


class Timetable:
    """Times of all due work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def free_leases(self) -> None:
        """What a dead watcher had in hand is due at once. Only for who is alone on the database.

        Deliveries keep their lease: a message that is on its way may take until then.
        """
        with self._database.writing() as connection:
            for table, due_at in _LEASED:
                # Only due work is ever claimed: all that was ever stored is not looked through.
                held = and_(due_at.is_not(None), table.c.lease_until.is_not(None))
                connection.execute(update(table).where(held).values(lease_until=None))

    def ahead(self, *, now: datetime) -> timedelta:
        """By how much the clock was ahead when a feed was last polled; zero if it was not."""
        with self._database.reading() as connection:
            latest = connection.execute(select(func.max(feeds.c.last_polled_at))).scalar()
        found = timedelta(0) if latest is None else latest - now
        return found if found > TOLERANCE else timedelta(0)

    def move_back(self, by: timedelta, *, now: datetime) -> None:
        """The clock was set back: what waits for a span of time moves with it, but not before now.

        What waits for a time of day (quiet hours, digests) stays.
        """
        waits = or_(deliveries.c.held.is_(None), deliveries.c.held.in_(("group", "rate")))
        columns: list[tuple[Column[Any], ColumnElement[bool] | None]] = [
            (feeds.c.next_poll_at, None),
            (entries.c.next_try_at, None),
            (articles.c.next_score_at, None),
            (hits.c.next_check_at, None),
            (deliveries.c.next_try_at, and_(deliveries.c.state == DeliveryState.PENDING, waits)),
            *((table.c.lease_until, None) for table in (feeds, entries, articles, deliveries)),
        ]
        with self._database.writing() as connection:
            for column, condition in columns:
                _move(connection, column, condition, now, lambda at: max(now, at - by))
            # Or the next start would find the clock set back once more.
            _move(connection, feeds.c.last_polled_at, None, now, lambda _at: now)


def _move(
    connection: Connection,
    column: Column[Any],
    condition: ColumnElement[bool] | None,
    now: datetime,
    moved: Callable[[datetime], datetime],
) -> None:
    """Times that lie ahead become others. Row by row, as the databases reckon differently."""
    table = column.table
    later = column > now if condition is None else and_(column > now, condition)
    rows = connection.execute(select(table.c.id, column).where(later)).all()
    if rows:
        change = (
            update(table).where(table.c.id == bindparam("row")).values({column: bindparam("at")})
        )
        connection.execute(change, [{"row": row[0], "at": moved(row[1])} for row in rows])
