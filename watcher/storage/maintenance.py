"""Old texts pruned, backups restored: what is done to a database rarely and by hand."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, delete, exists, select

from watcher.errors import StorageError
from watcher.storage.database import Database
from watcher.storage.engine import SCHEMA, plain
from watcher.storage.tables import articles, entries, feeds, hits

BATCH = 2000
"""Rows per transaction: the service goes on between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much was dropped, or would be."""

    entries: int
    articles: int


class Maintenance:
    """Prunes one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prune(self, *, before: datetime, dry_run: bool, progress: Callable[[int], None]) -> Pruned:
        """Drop entries and articles first seen before then that led to no hit or near miss.

        Hits, near misses, samples, verdicts, stories and alerts stay, with their articles. So do
        entries that a feed still lists: dropped, they would be met again as new.
        """
        dropped_entries = 0
        for feed_id in self._feed_ids():
            dropped_entries += self._prune_feed(feed_id, before, dry_run=dry_run)
            progress(dropped_entries)
        return Pruned(
            entries=dropped_entries, articles=self._prune_articles(before, dry_run=dry_run)
        )

    def _feed_ids(self) -> list[int]:
        with self._database.reading() as connection:
            return list(connection.execute(select(feeds.c.id).order_by(feeds.c.id)).scalars())

    def _prune_feed(self, feed_id: int, before: datetime, *, dry_run: bool) -> int:
        with self._database.reading() as connection:
            window = connection.execute(
                select(feeds.c.window).where(feeds.c.id == feed_id)
            ).scalar()
            old = connection.execute(
                select(entries.c.id, entries.c.entry_key).where(
                    entries.c.feed_id == feed_id,
                    entries.c.first_seen_at < before,
                    entries.c.next_try_at.is_(None),
                    ~_has_hit(entries.c.article_id),
                )
            ).all()
        listed = set(window or ())
        ids = [row.id for row in old if row.entry_key not in listed]
        if not dry_run:
            for start in range(0, len(ids), BATCH):
                with self._database.writing() as connection:
                    connection.execute(
                        delete(entries).where(entries.c.id.in_(ids[start : start + BATCH]))
                    )
        return len(ids)

    def _prune_articles(self, before: datetime, *, dry_run: bool) -> int:
        in_use = exists().where(entries.c.article_id == articles.c.id)
        if dry_run:
            # Whoever would lose its last entry counts, too.
            in_use = in_use.where(entries.c.first_seen_at >= before)
        done, last = 0, 0
        while True:
            with self._database.writing() as connection:
                ids = (
                    connection.execute(
                        select(articles.c.id)
                        .where(
                            articles.c.id > last,
                            articles.c.first_seen_at < before,
                            articles.c.next_score_at.is_(None),
                            ~_has_hit(articles.c.id),
                            ~in_use,
                        )
                        .order_by(articles.c.id)
                        .limit(BATCH)
                    )
                    .scalars()
                    .all()
                )
                if not ids:
                    return done
                if not dry_run:
                    connection.execute(delete(articles).where(articles.c.id.in_(ids)))
            done += len(ids)
            last = ids[-1]


def _has_hit(article_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(hits.c.article_id == article_id)


def compact(path: Path) -> None:
    """Give the space of dropped rows back to the disk; needs as much free as the file is long."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise StorageError(f"{path}: can't be compacted now: {error}") from None


def check_backup(backup: Path) -> str:
    """The schema of a backup that is sound; raises StorageError for any other file."""
    if not backup.is_file():
        raise StorageError(f"{backup}: there is no such file")
    try:
        with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as source:
            found = source.execute("PRAGMA quick_check(1)").fetchone()[0]
            [version] = source.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError):
        raise StorageError(f"{backup}: is no backup of a watcher's database") from None
    if found != "ok":
        raise StorageError(f"{backup}: is damaged: {found}")
    if str(version) > SCHEMA:
        raise StorageError(
            f"{backup}: its schema {version} is newer than this watcher ({SCHEMA}); update the "
            "program"
        )
    return str(version)


def restore(backup: Path, target: Path, *, now: datetime) -> Path | None:
    """Put a backup in the place of a database that nobody has open; returns where the old one is.

    The backup is copied through SQLite, checked before and renamed after: a crash leaves either
    the old database or the new one.
    """
    check_backup(backup)
    if target.exists() and backup.samefile(target):
        raise StorageError(f"{backup}: is the database itself")
    beside = target.with_name(f".{target.name}.restoring")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600)
        with (
            closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(beside)) as copy,
        ):
            source.backup(copy)
        with beside.open("rb+") as stream:
            os.fsync(stream.fileno())
        kept = _set_aside(target, now) if target.exists() else None
        beside.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{target}: can't be restored: {plain(error)}") from None
    finally:
        beside.unlink(missing_ok=True)
    return kept


def _set_aside(target: Path, now: datetime) -> Path:
    """Rename a database with what is still in its log, so that nothing of it is lost."""
    kept = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%S}")
    for ending in ("", "-wal", "-shm"):
        part = target.with_name(target.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept
