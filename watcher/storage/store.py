"""The store: everything that lasts, and the only SQL of the project."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.errors import StorageError
from watcher.storage.articles import Articles
from watcher.storage.database import Database
from watcher.storage.decisions import Decisions
from watcher.storage.engine import (
    InstanceLock,
    database_path,
    open_engine,
    plain,
    quick_check,
    schema_version,
    shown,
    translated,
    upgrade,
)
from watcher.storage.entries import Entries
from watcher.storage.feeds import Feeds
from watcher.storage.outbox import Outbox
from watcher.storage.regrouping import Regrouping
from watcher.storage.review import Review
from watcher.storage.silences import Silences
from watcher.storage.timetable import Timetable
from watcher.storage.upkeep import Upkeep

if TYPE_CHECKING:
    from watcher.storage.health import Health
    from watcher.storage.maintenance import Maintenance
    from watcher.storage.search import Search


class Store:
    """One database. Its parts follow the flow: feeds, entries, articles, decisions, outbox, review."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open the database; with ``create`` it is made and upgraded where needed."""
        self.url = url
        self._database = Database(open_engine(url, create=create), url)
        if create:
            upgrade(self._database.engine, url)
        self.lock = InstanceLock(url)
        self.feeds = Feeds(self._database)
        self.entries = Entries(self._database)
        self.articles = Articles(self._database)
        self.decisions = Decisions(self._database)
        self.outbox = Outbox(self._database)
        self.regrouping = Regrouping(self._database)
        self.silences = Silences(self._database)
        self.timetable = Timetable(self._database)
        self.upkeep = Upkeep(self._database)
        self.review = Review(self._database)

    @property
    def search(self) -> Search:
        """Full text search."""
        from watcher.storage.search import Search

        return Search(self._database)

    @property
    def maintenance(self) -> Maintenance:
        """Pruning."""
        from watcher.storage.maintenance import Maintenance

        return Maintenance(self._database)

    @property
    def health(self) -> Health:
        """What fails and what waits."""
        from watcher.storage.health import Health

        return Health(self._database)

    @property
    def address(self) -> str:
        """The database's address without its password."""
        return shown(self.url)

    @property
    def path(self) -> Path | None:
        """The SQLite file, if it is one."""
        return database_path(self.url)

    @property
    def schema(self) -> str | None:
        """The migration that the database is at."""
        with translated(self.url):
            return schema_version(self._database.engine)

    def upgrade(self) -> str:
        """Bring the schema up to date."""
        return upgrade(self._database.engine, self.url)

    def check(self) -> str:
        """``ok`` or what is damaged."""
        with translated(self.url):
            return quick_check(self._database.engine)

    def backup(self, target: Path) -> None:
        """Copy a live SQLite database through its backup API; raises StorageError otherwise.

        Copying the file itself would miss what is still in the WAL.
        """
        if self.path is None:
            raise StorageError("a PostgreSQL database is backed up with pg_dump")
        if target.exists():
            raise StorageError(f"{target}: exists already; name a new file")
        if not target.parent.is_dir():
            raise StorageError(f"{target}: can't be written: there is no folder {target.parent}")
        try:
            with (
                closing(sqlite3.connect(self.path)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.backup(copy)
            target.chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            # Half a copy must not be taken for a backup.
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
            raise StorageError(f"{target}: can't be written: {plain(error)}") from None

    def close(self) -> None:
        """Close every connection and give the lock back."""
        self._database.engine.dispose()
        self.lock.release()
