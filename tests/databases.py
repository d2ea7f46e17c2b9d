"""Databases for tests: an SQLite file always, PostgreSQL where a server answers."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
