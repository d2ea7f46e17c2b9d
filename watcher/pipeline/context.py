"""What every stage needs: the adapters, the user's wishes, one clock, one database thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from watcher.decide.schedule import ScheduleLimits
from watcher.fetch import Fetcher
from watcher.model import FeedSpec, ReceiverSpec, TopicId, TopicSpec
from watcher.notify import Notifier
from watcher.storage import Store
from watcher.workers import WorkerPool

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The part of the settings that the pipeline acts on; replaced whole at a reload."""

    feeds: tuple[FeedSpec, ...]
    topics: tuple[TopicSpec, ...]
    receivers: tuple[ReceiverSpec, ...]
    limits: ScheduleLimits
    operator: str | None = None
    atom: Path | None = None
    """The Atom file that follows the hits."""
    alert_backlog: bool = False
    concurrency: int = 64

    def topic(self, topic_id: TopicId) -> TopicSpec | None:
        """A topic by id; None where it left the configuration."""
        return next((topic for topic in self.topics if topic.id == topic_id), None)

    def receiver(self, name: str) -> ReceiverSpec | None:
        """A receiver by name; None where it left the configuration."""
        return next((receiver for receiver in self.receivers if receiver.name == name), None)


@dataclass(slots=True, kw_only=True)
class Context:
    """Shared by the stages of one pipeline."""

    store: Store
    fetcher: Fetcher
    workers: WorkerPool
    notifier: Notifier
    wishes: Wishes
    clock: Callable[[], datetime]
    disk_free: Callable[[Path], int]
    """Bytes free in a folder."""
    progress: Callable[[str, int], None] = field(default=lambda _stage, _n: None)
    """Called with a stage's name and how much it just finished."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: finish what is in hand, begin nothing new."""
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="store")
    )

    async def stored(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a store call in the one database thread: the loop stays free, writes stay in turn."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(call, *args, **kwargs))

    def close(self) -> None:
        """End the database thread."""
        self._thread.shutdown(wait=True)


LEASE = timedelta(minutes=5)
"""How long claimed work is safe from other watchers; longer than any deadline inside a stage."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a pass did, for the summary and for tests."""

    polled: int = 0
    unchanged: int = 0
    failed: int = 0
    failing: int = 0
    """Feeds that failed earlier and wait for their next try."""
    held_back: int = 0
    """Feeds that were due and not asked, since their site wants no request for a while."""
    entries: int = 0
    pages: int = 0
    partial: int = 0
    reread: int = 0
    scored: int = 0
    hits: int = 0
    near_misses: int = 0
    alerts: int = 0
    sent: int = 0
    messages: int = 0
    undelivered: int = 0
    """Deliveries that failed, given up or to be tried again."""
    given_up: int = 0
    refused: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Feed name or receiver, and what went wrong; the first hundred."""

    missed: list[str] = field(default_factory=list)
    """Feeds of which every entry was new, so that others may have come and gone; the first hundred."""

    def missed_window(self, feed: str) -> None:
        """Remember a feed of which entries may have been missed."""
        if len(self.missed) < 100:
            self.missed.append(feed)

    def failure(self, subject: str, detail: str) -> None:
        """Remember one failure for the summary."""
        if len(self.failures) < 100:
            self.failures.append((subject, detail))
