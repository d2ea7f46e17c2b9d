"""The service while somebody sets its clock: nothing stalls, nothing comes in a burst."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from newsweb import NewsWeb, write_config
from receivers import WebhookServer

from watcher.app import make_app
from watcher.config import Settings, load
from watcher.service import serve

pytestmark = pytest.mark.timeout(450)
DAY, HOURS = timedelta(days=1), timedelta(hours=2)
LATER = timedelta(minutes=40)
"""Longer than the shortest polling interval with all its jitter, the group wait and the leases."""


class Clock:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def serving(settings: Settings, clock: Clock, scene: Callable[[], object]) -> None:
    """Run the service over a scene; SIGTERM ends it."""

    async def run() -> None:
        app = make_app(settings, clock=clock)
        service = asyncio.create_task(serve(app, reload_settings=lambda: settings))
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(scene())), 110)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await service

    asyncio.run(run())


@pytest.mark.parametrize("jump", [-DAY, -HOURS, HOURS, DAY], ids=["-1d", "-2h", "+2h", "+1d"])
def test_after_a_jump_feeds_are_polled_and_messages_sent_as_usual(
    news: NewsWeb, tmp_path: Path, jump: timedelta
) -> None:
    with WebhookServer() as hook:
        extra = f'[[receivers]]\nname = "desk"\nurl = "{hook.url}"\ngroup_wait = "5m"\n'
        config = write_config(tmp_path, news.feeds[:1], [], extra=extra, workers=1)
        config.write_text(
            config.read_text().replace("[fetch]", '[fetch]\nmin_every = "10m"\nmax_every = "20m"')
        )
        settings, clock = load(config, environ=os.environ), Clock()

        def polls() -> int:
            return len(news.web.requests_for("/en/feed"))

        async def scene() -> None:
            from watcher.storage import Store

            store = Store(settings.watcher.database)
            await until(lambda: polls() == 1 and bool(store.outbox.pending()))
            before = clock.offset
            clock.offset = before + jump
            if jump < timedelta(0):
                # The message waits for its group and the feed for its turn, as before the jump.
                await until(lambda: store.feeds.all()[0].next_poll_at < clock() + LATER)
                [waiting] = store.outbox.pending()
                assert waiting.next_try_at is not None
                assert waiting.next_try_at <= clock() + timedelta(minutes=5)
                assert (polls(), len(hook.receipts)) == (1, 0)
                clock.offset += LATER
            await until(lambda: polls() >= 2 and len(hook.receipts) >= 1)
            await asyncio.sleep(3)  # a burst would show in the next ticks
            assert (polls(), len(hook.receipts)) == (2, 1)
            store.close()

        serving(settings, clock, scene)


def test_a_start_after_the_clock_was_a_year_ahead(news: NewsWeb, tmp_path: Path) -> None:
    """A machine that booted without a clock, polled, and was put right afterwards."""
    config = write_config(tmp_path, news.feeds[:1], [], workers=1)
    settings, clock = load(config, environ=os.environ), Clock()

    async def one_pass() -> int:
        async with make_app(settings, clock=clock) as app:
            return (await app.pipeline.run_once()).polled

    clock.offset = timedelta(days=365)
    assert asyncio.run(one_pass()) == 1
    clock.offset = timedelta(0)
    assert asyncio.run(one_pass()) == 0  # its interval is not over yet
    clock.offset = timedelta(days=2)
    assert asyncio.run(one_pass()) == 1
