"""The pipeline: poll, read, score, group, decide, record, deliver. Here is the whole of it.

Each stage takes due work from the database, does it, and commits before the next begins; each
may be repeated without harm. What a crash interrupts is due again when its lease runs out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta

from watcher.errors import WatcherError
from watcher.model import FeedId
from watcher.pipeline.context import Context, Tally, Wishes
from watcher.pipeline.counting import Counting
from watcher.pipeline.deciding import Scoring
from watcher.pipeline.delivering import Delivering
from watcher.pipeline.flow import together
from watcher.pipeline.following import follow
from watcher.pipeline.polling import Polling
from watcher.pipeline.reading import Reading
from watcher.pipeline.upkeep import DISK_FLOOR, Upkeep, disk_free

__all__ = ["Context", "Pipeline", "Tally", "Wishes"]

READ_ALONG_EVERY = 0.1
"""Seconds between two looks at whether polling brought something to read."""

_log = logging.getLogger(__name__)


class Pipeline:
    """The stages over one context; the service ticks them, ``poll`` runs them in order."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._total = Tally()
        self._full = False
        self._polling = Polling(context)
        self._reading = Reading(context)
        self._scoring = Scoring(context)
        self._delivering = Delivering(context)
        self._upkeep = Upkeep(context)
        self._counting = Counting(context)

    async def run_once(
        self,
        *,
        only: Collection[FeedId] | None = None,
        send: bool = True,
        tally: Tally | None = None,
    ) -> Tally:
        """One pass to quiescence: all that is due, or the feeds named, through every stage.

        ``tally`` is counted on as things are done, for who has to know it of a pass cut short.
        """
        tally = tally or Tally()
        started, feeds = self._context.clock(), self._context.store.feeds
        polling = asyncio.create_task(self._polling.run(tally, only=only))
        await together(polling, self._read_along(polling, tally))
        tally.failing = await self._context.stored(feeds.failing, polled_before=started)
        # Reading brings articles to score; a page read now may be the retry of an old one.
        while await self._reading.run(tally) + await self._scoring.run(tally):
            pass
        await self._follow()
        if tally.scored:  # else the counts wait: to look at them loads all of relevance, 0.1 s
            await self.count()
        if send:
            await self._context.stored(
                self._context.store.outbox.close_groups, now=self._context.clock()
            )
            await self._delivering.run(tally, failures_shown=True)
        return tally

    async def _read_along(self, polling: asyncio.Task[int], tally: Tally) -> None:
        """Read what polling has stored while it goes on: workers start while servers answer."""
        seen = 0
        while not polling.done():
            if tally.entries > seen:
                seen = tally.entries
                await self._reading.run(tally)
            await asyncio.wait([polling], timeout=READ_ALONG_EVERY)

    async def poll(self) -> int:
        """Poll due feeds, unless the disk is nearly full."""
        free = disk_free(self._context)
        full = free is not None and free < DISK_FLOOR
        if full and not self._full:
            _log.warning("only %d MB free: polling stops", (free or 0) // 1_000_000)
        elif self._full and not full:
            _log.warning("polling goes on: there is room again")
        self._full = full
        if full:
            return 0
        return await self._polling.run(self._total)

    async def read(self) -> int:
        """Read the pages of due entries."""
        return await self._reading.run(self._total)

    async def score(self) -> int:
        """Score due articles; hits, stories, alerts and pending deliveries follow."""
        done = await self._scoring.run(self._total)
        if done:
            await self._follow()
        return done

    async def _follow(self) -> None:
        """Keep the Atom file in step; that it can't be written stops nothing else."""
        path = self._context.wishes.atom
        if path is None:
            return
        try:
            await self._context.stored(follow, self._context.store, path, now=self._context.clock())
        except WatcherError as error:
            _log.error("%s", error)

    async def deliver(self) -> int:
        """Send due deliveries."""
        return await self._delivering.run(self._total)

    async def upkeep(self) -> None:
        """What is done now and then: edit checks, notices, spikes; idle workers end."""
        await self._upkeep.run()

    async def count(self) -> int:
        """Count how usual the seeds' words are in the store, for the topics that it is due for.

        It counts from the next start or reload on, or as soon as ``App.recount`` says so.
        """
        return await self._counting.run()

    async def clock_jumped(self, by: timedelta) -> None:
        """After the wall clock jumped back, nothing waits longer than it would have without that.

        After a jump forward there is nothing to do: more is due, and is done at the usual pace.
        """
        if by < timedelta(0):
            timetable, now = self._context.store.timetable, self._context.clock()
            await self._context.stored(timetable.move_back, -by, now=now)

    def state_line(self) -> str:
        """One line for the service manager."""
        total = self._total
        return f"{total.polled} polls, {total.hits} hits, {total.messages} messages since start"
