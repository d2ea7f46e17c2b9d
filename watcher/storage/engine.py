"""Open, lock, upgrade and check the database. Driver errors leave here as StorageError."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from watcher.errors import AlreadyRunningError, NoDatabaseError, RefusedError, StorageError

BUSY_TIMEOUT_MS = 10_000
# A server that vanishes is noticed in a minute and not after the system's two hours.
_SERVER = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
# As SQLite and PostgreSQL say it.
_MISSING = re.compile(r'no such (column|table)|(column|relation) "?\S+ does not exist')
SCHEMA = "0007"
"""The migration that this code was written for; a test keeps it equal to the newest one."""


def database_path(url: str) -> Path | None:
    """File of an SQLite address; None for a server or for memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def shown(url: str) -> str:
    """The address as it may be printed: no password."""
    return make_url(url).render_as_string(hide_password=True)


def open_engine(url: str, *, create: bool = True) -> Engine:
    """Engine with this project's settings; raises StorageError where it can't be opened.

    With ``create=False`` a missing SQLite file is an error: an empty database that appears by
    itself looks like lost data.
    """
    try:
        parsed = make_url(url)
    except SQLAlchemyError:
        raise StorageError("the database address is not understood") from None
    path = database_path(url)
    if parsed.get_backend_name() == "sqlite":
        if path is not None:
            _prepare_file(path, create=create)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # IntegrityError texts of the server carry row values: they never leave this package as text.
    try:
        engine = create_engine(
            parsed, pool_pre_ping=True, hide_parameters=True, connect_args=dict(_SERVER)
        )
    except ImportError as error:
        raise StorageError(
            f"{shown(url)}: the driver {error.name} is not installed; for PostgreSQL "
            "install watcher with its extra: pip install -c constraints.txt '.[postgres]'"
        ) from None
    event.listen(engine, "connect", _configure_server)
    return engine


def _prepare_file(path: Path, *, create: bool) -> None:
    if path.exists():
        if path.is_dir():
            raise StorageError(f"{path}: a folder, where the database file should be")
        if path.stat().st_size == 0 and not create:
            raise StorageError(f"{path}: the database file is empty; restore a backup")
        return
    if not create:
        raise NoDatabaseError(f"{path}: no database yet; `watcher poll` or `watcher run` makes it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Article texts and reviewers' notes are nobody else's business.
        path.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"{path}: the database can't be created: {error.strerror}") from None


def _configure_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN is deferred and loses updates; _begin_sqlite says it explicitly.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-16000")
    cursor.close()


def _configure_server(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """A watcher that is suspended inside a transaction does not hold up the others for ever."""
    connection.autocommit = True  # or the first rollback would take the settings back
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '60s'")
        cursor.execute("SET idle_in_transaction_session_timeout = '120s'")
    connection.autocommit = False


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextlib.contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn a driver's exception into one StorageError line without row values."""
    try:
        yield
    except (DataError, IntegrityError) as error:
        kind = type(error.orig).__name__
        raise RefusedError(f"{shown(url)}: the database refuses a row ({kind})") from error
    except OverflowError as error:
        # SQLite's driver, for an id that nobody can have: PostgreSQL's raises a DataError.
        raise RefusedError(f"{shown(url)}: a number is too large") from error
    except DBAPIError as error:
        raise StorageError(f"{shown(url)}: {plain(error.orig)}") from error
    except SQLAlchemyError as error:
        raise StorageError(f"{shown(url)}: {type(error).__name__}") from error


def plain(error: BaseException | None) -> str:
    """What an error of a database or its file means, in words where they are known."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).strip().splitlines()[0] if error and str(error).strip() else "failed"
    if _MISSING.match(text):
        return f"{text}: the database is older than this program; `watcher db upgrade`"
    known = {
        "database or disk is full": "the disk is full; free some space, nothing stored is lost",
        # What SQLite says where the disk is full and it wants to grow its shared memory file.
        "disk I/O error": "the disk is full or failing; nothing stored is lost by a full one",
        "database is locked": "another program holds the database; try again",
        "attempt to write a readonly database": "the database is read-only for this user",
        # Also where the whole disk is read-only: beside the file SQLite keeps two of its own.
        "unable to open database file": "the database file can't be opened: to read it, too, this "
        "user must be able to write to it and its folder",
        "file is not a database": "the file is not an SQLite database",
        "database disk image is malformed": "the database is damaged; restore a backup",
    }
    return known.get(text, text)


class InstanceLock:
    """One poller per SQLite file. Held through ``flock``, so a crash frees it."""

    def __init__(self, url: str) -> None:
        self._path = database_path(url)
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock or raise AlreadyRunningError, naming the holder's pid."""
        if self._path is None:
            return
        path = self._path.with_name(self._path.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(f"{path}: can't be opened for writing: {error.strerror}") from None
        lock = os.fdopen(descriptor, "r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise AlreadyRunningError(
                f"{self._path}: another watcher (pid {holder}) is working on this database; "
                "stop it first, or let it do the work"
            ) from None
        self._file = lock
        # Only told to people: a full disk must not keep alerts from being sent.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would race."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """Pid of the process that works on this database now, if any."""
        if self._path is None:
            return None
        path = self._path.with_name(self._path.name + ".lock")
        try:
            with path.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return int(lock.read().strip() or 0) or None
        except (OSError, ValueError):
            return None
        return None


def schema_version(engine: Engine) -> str | None:
    """The migration that the database is at; None for an empty one."""
    with engine.execution_options(reading=True).connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
        return None if row is None else str(row[0])


def migrations_folder() -> Path:
    """Alembic scripts: inside the wheel, or in ``db/`` of a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "migrations"
    return shipped if shipped.is_dir() else package.parent / "db" / "migrations"


def upgrade(engine: Engine, url: str) -> str:
    """Bring the schema to SCHEMA and return it. Costs one SELECT where nothing is to do."""
    with translated(url):
        found = schema_version(engine)
        if found == SCHEMA:
            return SCHEMA
        if found is not None and found > SCHEMA:
            raise StorageError(
                f"{shown(url)}: its schema {found} is newer than this watcher ({SCHEMA}); "
                "update the program"
            )
        _run_migrations(engine)
    return SCHEMA


def _run_migrations(engine: Engine) -> None:
    # Late: Alembic costs half a second of start-up and is needed once per release.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Two services that start together must not both create the tables.
            connection.exec_driver_sql("SELECT pg_advisory_lock(724001)")
        try:
            options: dict[str, Any] = config.attributes
            options["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_unlock(724001)")
                connection.commit()


def quick_check(engine: Engine) -> str:
    """``ok``, or what the database says about its own damage. Reads every page on SQLite."""
    with engine.execution_options(reading=True).connect() as connection:
        if engine.dialect.name != "sqlite":
            connection.exec_driver_sql("SELECT 1")
            return "ok"
        rows = connection.exec_driver_sql("PRAGMA quick_check(5)").all()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = "; ".join(str(row[0]) for row in rows)
    return found if not broken else f"{found}; {len(broken)} rows point to missing rows"
