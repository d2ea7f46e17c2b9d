"""Databases for tests: an SQLite file always, PostgreSQL where a server answers."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

POSTGRES = os.environ.get("WATCHER_TEST_POSTGRES", "postgresql+psycopg://127.0.0.1/postgres")


@functools.cache
def postgres_trouble() -> str | None:
    """Why PostgreSQL can't be used here; None where it can."""
    try:
        import sqlalchemy

        engine = sqlalchemy.create_engine(POSTGRES, connect_args={"connect_timeout": 3})
        with engine.connect():
            pass
        engine.dispose()
    except Exception as error:
        return f"no PostgreSQL at {POSTGRES} ({type(error).__name__}); set WATCHER_TEST_POSTGRES"
    return None


@contextmanager
def postgres_database() -> Iterator[str]:
    """Address of a database of its own, dropped afterwards."""
    import sqlalchemy

    name = f"watcher_test_{uuid.uuid4().hex[:12]}"
    admin = sqlalchemy.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield sqlalchemy.make_url(POSTGRES).set(database=name).render_as_string(False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Address of an empty database of this kind; skips where there is none."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'watcher.sqlite3'}"
        return
    trouble = postgres_trouble()
    if trouble:
        if os.environ.get("WATCHER_REQUIRE_POSTGRES"):
            pytest.fail(trouble)
        pytest.skip(trouble)
    with postgres_database() as url:
        yield url


def remember_migrations() -> None:
    """Let Alembic bring up the first empty database of each kind, and give the next ones of this
    process the same statements: hundreds are made, and nine tenths of that is Alembic's own work.

    Whatever else is migrated is left to Alembic: an older database, another revision than the head.
    """
    import sqlalchemy
    from alembic import command

    run, known = command.upgrade, {}

    def upgrade(config: Any, revision: str) -> None:
        connection = config.attributes["connection"]
        kind = connection.dialect.name
        empty = not connection.dialect.has_table(connection, "alembic_version")
        connection.rollback()  # nothing has begun
        if revision != "head" or not empty:
            run(config, revision)
        elif kind in known:
            for statement, parameters in known[kind]:
                connection.exec_driver_sql(statement, parameters)
        else:
            made = []

            def note(
                _on: Any, _cursor: Any, statement: str, parameters: Any, *_context: Any
            ) -> None:
                if not statement.startswith("BEGIN"):  # the engine's own
                    made.append((statement, parameters))

            sqlalchemy.event.listen(connection, "before_cursor_execute", note)
            run(config, revision)
            sqlalchemy.event.remove(connection, "before_cursor_execute", note)
            known[kind] = made

    command.upgrade = upgrade


def share_statements() -> None:
    """Let all engines of this process that speak to the same kind of database share what SQLAlchemy
    makes of a statement: it is the same text for each, and making it costs more than running it.

    The dialect is part of its key, by identity. Ours know nothing of their own: one file or server
    is as good as another.
    """
    import sqlalchemy
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

    import watcher.storage.engine

    create, known = sqlalchemy.create_engine, {}
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        dialect.__hash__ = lambda self: hash(type(self))
        dialect.__eq__ = lambda self, other: type(self) is type(other)

    def create_engine(url: Any, **options: Any) -> Any:
        return create(url, execution_options={"compiled_cache": known}, **options)

    watcher.storage.engine.create_engine = create_engine
