"""Transactions over one engine: short, explicit, never across a network call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError

from watcher.storage.engine import translated


class Database:
    """An engine with two kinds of transaction and the one upsert that both dialects share."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine = engine
        self.url = url
        self._reading = engine.execution_options(reading=True)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement."""
        with translated(self.url), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot for reading; keep it short, since an open reader makes the WAL grow."""
        with translated(self.url), self._reading.begin() as connection:
            yield connection

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def insert(self) -> Callable[[Table], Any]:
        """The dialect's INSERT, which knows ON CONFLICT."""
        if self.is_sqlite:
            return sqlite.insert
        # Late: who runs on SQLite needn't load the other dialect at every command.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert


def execute_rows(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> int:
    """Run one statement over many rows; a row that the database refuses costs only itself.

    Returns how many rows were refused.
    """
    if not rows:
        return 0
    try:
        with connection.begin_nested():
            connection.execute(statement, list(rows))
    except (DBAPIError, UnicodeEncodeError) as error:
        if not _is_data_trouble(error):
            raise
        if len(rows) == 1:
            return 1
        return sum(execute_rows(connection, statement, [row]) for row in rows)
    return 0


def _is_data_trouble(error: DBAPIError | UnicodeEncodeError) -> bool:
    """Whether the row is at fault and not the database."""
    if isinstance(error, UnicodeEncodeError):
        return True
    return isinstance(error, (DataError, IntegrityError, InterfaceError)) and not (
        error.connection_invalidated
    )
