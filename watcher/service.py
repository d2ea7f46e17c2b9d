"""The background service: APScheduler ticks, due work is in the database.

A tick runs one stage until nothing is due; a tick that comes while its stage still runs is
skipped, since the running one takes up what has become due meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from watcher.app import App
from watcher.config import Settings
from watcher.errors import WatcherError

GRACE = 12.0
"""Seconds that work in hand gets to finish after SIGTERM; then it is given back."""
LONGEST_REST = 60.0
"""Seconds that a stage rests at most after it failed time and again."""
CLOCK_JUMP = 30.0
"""Seconds between wall clock and monotonic clock that count as a jump."""

_log = logging.getLogger(__name__)


def notify_systemd(state: str) -> None:
    """Tell the service manager our state, where there is one (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        channel.connect(address)
        channel.sendall(state.encode())


class Service:
    """Runs an App until it is told to stop."""

    def __init__(self, app: App, *, reload_settings: Callable[[], Settings]) -> None:
        self._app = app
        self._reload_settings = reload_settings
        self._stop = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": AsyncIOExecutor()},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
            timezone="UTC",
        )

    def listen(self) -> None:
        """From now on SIGTERM and SIGINT stop, SIGHUP reloads the configuration."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_signal_handler(signal.SIGINT, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._reload()))

    async def run(self) -> None:
        """Serve until told to stop."""
        pipeline = self._app.pipeline
        self._tick("poll", pipeline.poll, seconds=2)
        self._tick("read", pipeline.read, seconds=1)
        self._tick("score", pipeline.score, seconds=1)
        self._tick("deliver", pipeline.deliver, seconds=2)
        self._tick("upkeep", pipeline.upkeep, seconds=60)
        self._tick("count", self._app.recount, seconds=86_400)
        self._scheduler.start()
        notify_systemd("READY=1\nSTATUS=watching")
        _log.info("watching %d feeds", len(self._app.settings.feeds))
        watch = asyncio.create_task(self._keep_watch())
        try:
            await self._stop.wait()
        finally:
            watch.cancel()
            await self._shut_down()

    def _tick(self, name: str, stage: Callable[[], Awaitable[object]], *, seconds: int) -> None:
        faults, rest_until = 0, 0.0

        async def run() -> None:
            nonlocal faults, rest_until
            if time.monotonic() < rest_until:
                return
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # we are inside one
            self._running.add(task)
            try:
                await stage()
                faults = 0
            except asyncio.CancelledError:
                if not self._stop.is_set():
                    raise  # else what was in hand is given back by now, and we are ending
            except Exception as error:
                # What fails at once would otherwise fetch the same pages again at every tick.
                faults += 1
                rest = min(seconds * 2**faults, LONGEST_REST)
                rest_until = time.monotonic() + rest
                _tell(name, error, rest)
            finally:
                self._running.discard(task)

        self._scheduler.add_job(
            run, "interval", seconds=seconds, id=name, next_run_time=datetime.now(UTC)
        )

    async def _keep_watch(self) -> None:
        """Feed the watchdog, and re-arm the ticks where the wall clock jumped.

        APScheduler's next run times are wall-clock times: after a step back of a day nothing
        would run for a day.
        """
        offset = self._offset()
        while True:
            await asyncio.sleep(5)
            notify_systemd(f"WATCHDOG=1\nSTATUS={self._app.pipeline.state_line()}")
            drift = self._offset() - offset
            if abs(drift) > CLOCK_JUMP:
                _log.warning("the clock jumped by %.0f seconds", drift)
                offset += drift
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
                try:
                    await self._app.pipeline.clock_jumped(timedelta(seconds=drift))
                except WatcherError as error:
                    _log.error("due work could not follow the clock: %s", error)

    def _offset(self) -> float:
        """Seconds between the wall clock and one that nobody can set."""
        return self._app.clock().timestamp() - time.monotonic()

    async def _reload(self) -> None:
        # One after the other, or an older file could be taken up after a newer one.
        async with self._reloading:
            notify_systemd(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            try:
                settings = await asyncio.to_thread(self._reload_settings)
                await self._app.reload(settings)
                _log.info("configuration reloaded: %d feeds", len(settings.feeds))
            except WatcherError as error:
                _log.error("reload refused, the old configuration stays: %s", error)
            except Exception:
                _log.exception("reload failed, the old configuration stays")
            notify_systemd("READY=1")

    def _spawn(self, work: Awaitable[None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _shut_down(self) -> None:
        notify_systemd("STOPPING=1\nSTATUS=finishing what is in hand")
        self._scheduler.pause()
        self._app.context.stopping.set()
        if self._running:
            _done, late = await asyncio.wait(self._running, timeout=GRACE)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=GRACE / 2)
        self._scheduler.shutdown(wait=False)
        _log.info("stopped")


async def serve(app: App, *, reload_settings: Callable[[], Settings]) -> None:
    """Run the service over an app, from lock to last connection."""
    service = Service(app, reload_settings=reload_settings)
    service.listen()  # a signal during a long start must not end it half-way
    async with app:
        await app.check()
        await service.run()


def _tell(name: str, error: Exception, rest: float) -> None:
    """Expected trouble, such as a full disk, is one line; the rest is a bug and has its trace."""
    trace = None if isinstance(error, WatcherError) else error
    _log.error(
        "%s: %s (next try in %.0f s)", name, error or type(error).__name__, rest, exc_info=trace
    )
