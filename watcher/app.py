"""The one place that wires: settings in, a ready pipeline out."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from watcher.config import Settings
from watcher.decide.schedule import ScheduleLimits
from watcher.errors import StorageError
from watcher.fetch import Fetcher, FetchSettings
from watcher.model import TopicId
from watcher.notify import Notifier
from watcher.pipeline import Context, Pipeline, Wishes
from watcher.storage import Store
from watcher.workers import WorkerPool

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The one clock of the program."""
    return datetime.now(UTC)


class App:
    """A store, the adapters and the pipeline over them. Use as an async context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        disk_free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        progress: Callable[[str, int], None] = lambda _stage, _n: None,
        alert_backlog: bool = False,
    ) -> None:
        self.settings = settings
        self._begun_with = settings
        self.clock = clock
        self._alert_backlog = alert_backlog
        self.store = Store(settings.watcher.database)
        self.context = Context(
            store=self.store,
            fetcher=Fetcher(fetch_settings(settings)),
            workers=WorkerPool(settings.watcher.workers),
            notifier=Notifier(),
            wishes=self._wishes(settings),
            clock=clock,
            disk_free=disk_free,
            progress=progress,
        )
        self.pipeline = Pipeline(self.context)

    async def __aenter__(self) -> Self:
        """Take the database's lock and make the stored feeds follow the configuration."""
        try:
            self.store.lock.acquire()
            await self.context.fetcher.__aenter__()
            await self._take_over()
            await self._apply(self.settings)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _take_over(self) -> None:
        """Put right what the watcher before left behind, if it died or its clock was ahead."""
        timetable = self.store.timetable
        if self.store.path is not None:  # the lock says that nobody else works on this file
            await self.context.stored(timetable.free_leases)
        now = self.clock()
        ahead = await self.context.stored(timetable.ahead, now=now)
        if ahead:
            await self.context.stored(timetable.move_back, ahead, now=now)

    async def __aexit__(self, *_error: object) -> None:
        await self.context.fetcher.__aexit__(None, None, None)
        await self.context.workers.close()
        await self.context.notifier.close()
        self.context.close()
        self.store.close()

    async def check(self) -> None:
        """Read the whole database once; raises StorageError where it is damaged.

        SQLite goes on writing into a damaged file without a word.
        """
        found = await self.context.stored(self.store.check)
        if found != "ok":
            address = self.store.address
            raise StorageError(f"{address}: the database is damaged ({found}); restore a backup")

    async def reload(self, settings: Settings) -> None:
        """Go on with new settings. The database and the limits of fetching stay as they were."""
        for name in _fixed_until_restart(self._begun_with, settings):
            _log.warning("%s: what it says now counts after a restart, not after a reload", name)
        self.settings = settings
        self.context.wishes = self._wishes(settings)
        await self._apply(settings)

    async def recount(self) -> None:
        """Count anew how usual the seeds' words are in the store, where that is due, and use it."""
        if await self.pipeline.count():
            await self._configure()

    async def _apply(self, settings: Settings) -> None:
        await self.context.stored(self.store.feeds.sync, settings.feeds, now=self.clock())
        await self._configure()

    async def _configure(self) -> None:
        """Bring the topics to the workers, with what was learned of them."""
        learned: Mapping[TopicId, Mapping[str, Any]] = await self.context.stored(
            self.store.review.learned
        )
        settings = self.settings
        await self.context.workers.configure(settings.topics, learned, settings.semantic.model)

    def _wishes(self, settings: Settings) -> Wishes:
        return Wishes(
            feeds=settings.feeds,
            topics=settings.topics,
            receivers=settings.receivers,
            limits=ScheduleLimits(
                min_every=settings.fetch.min_every, max_every=settings.fetch.max_every
            ),
            operator=settings.operator.receiver,
            atom=settings.output.atom,
            alert_backlog=self._alert_backlog,
        )


def make_app(settings: Settings, **options: Any) -> App:
    """An App for these settings; see ``App`` for the options."""
    return App(settings, **options)


def _fixed_until_restart(before: Settings, now: Settings) -> list[str]:
    """Settings that differ and that a running watcher can't take up."""
    found = [
        f"watcher.{name}"
        for name in ("database", "workers")
        if getattr(before.watcher, name) != getattr(now.watcher, name)
    ]
    old, new = fetch_settings(before), fetch_settings(now)
    return found + [
        f"fetch.{each.name}"
        for each in fields(FetchSettings)
        if getattr(old, each.name) != getattr(new, each.name)
    ]


def fetch_settings(settings: Settings) -> FetchSettings:
    """What the fetcher needs of the settings."""
    wanted = settings.fetch
    return FetchSettings(
        contact=wanted.contact,
        timeout=wanted.timeout,
        max_bytes=wanted.max_bytes,
        concurrency=wanted.concurrency,
        per_host=wanted.per_host,
        per_host_delay=wanted.per_host_delay,
        allow_private_addresses=wanted.allow_private_addresses,
        robots=wanted.robots,
    )
