"""``watcher demo``: the real pipeline on the sample news web, told step by step.

Everything happens on loopback and in a temporary folder that is gone afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from watcher.demo import content
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from rich.console import Console

    from watcher.app import App
    from watcher.config import Settings
    from watcher.demo.receiver import AlertReceiver
    from watcher.demo.show import Judgement
    from watcher.demo.web import SampleFeed, SampleWeb
    from watcher.storage import HitRecord

EVERY = timedelta(minutes=10)
LATER = 2 * EVERY
"""How far the clock is put forward before the second poll: feeds are due again by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a demonstration came to, for tests."""

    judgement: Judgement
    alerts: int
    later_alerts: int
    unchanged: int
    """Feeds that answered the second poll with 304."""


class _Clock:
    """The program's clock, which the demonstration may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        from watcher.app import utc_now

        return utc_now() + self.ahead


def run_demo(console: Console | None = None) -> DemoResult:
    """Serve the sample web, poll it, show hits, one explained score and the alert that arrived.

    Prints to ``console`` (default: standard output). Raises WatcherError where loopback can't be
    used. Leaves nothing behind.
    """
    from rich.console import Console

    screen = console or Console(markup=False, emoji=False, highlight=False)
    with TemporaryDirectory(prefix="watcher-demo-") as folder, _without_proxy():
        return asyncio.run(_run(screen, Path(folder)))


@contextmanager
def _without_proxy() -> Iterator[None]:
    """Alerts go through the proxy of the environment, which can't reach this machine's loopback."""
    before = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    os.environ.update(dict.fromkeys(before, "127.0.0.1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


async def _run(console: Console, folder: Path) -> DemoResult:
    from watcher.app import make_app
    from watcher.demo.receiver import AlertReceiver
    from watcher.demo.web import SampleWeb

    clock = _Clock()
    async with SampleWeb(clock()) as web, AlertReceiver() as receiver:
        settings = write_settings(folder, web.feeds, receiver.url)
        async with make_app(settings, clock=clock) as app:
            return await _Demo(console, app, web, receiver, clock).run()


def write_settings(folder: Path, feeds: Sequence[SampleFeed], receiver: str) -> Settings:
    """Write the demonstration's configuration and seeds into ``folder``, and read them back."""
    from watcher.config import load

    seeds = folder / "seeds"
    seeds.mkdir()
    for name, text in content.seeds().items():
        (seeds / name).write_text(text, "utf-8")
    path = folder / "config.toml"
    tables = [content.config(), *map(_feed_table, feeds), _receiver_table(receiver)]
    path.write_text("\n".join(tables), "utf-8")
    return load(path, environ={})


def _feed_table(feed: SampleFeed) -> str:
    every = f"{EVERY // timedelta(minutes=1)}m"
    keys = {"url": feed.url, "name": feed.name, "publisher": feed.publisher, "every": every}
    return _toml("feeds", keys)


def _receiver_table(url: str) -> str:
    # No wait for companions: nobody wants to watch a demonstration sit still for a minute.
    return _toml("receivers", {"name": "screen", "url": url, "group_wait": "0s"})


def _toml(table: str, keys: dict[str, str]) -> str:
    # A JSON string is a TOML string, too, unless it escapes half of a character.
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())
    return "\n".join([f"[[{table}]]", *lines, ""])


class _Demo:
    """The steps, each printed as it happens."""

    def __init__(
        self,
        console: Console,
        app: App,
        web: SampleWeb,
        receiver: AlertReceiver,
        clock: _Clock,
    ) -> None:
        self._console = console
        self._app = app
        self._web = web
        self._receiver = receiver
        self._clock = clock

    async def run(self) -> DemoResult:
        from watcher.demo import show

        console = self._console
        show.opening(console, self._web)
        await self._poll()
        found = self._hits()
        judged = show.judge(found, self._web.facts())
        show.heading(console, "Hits, by story")
        show.hits(console, found, self._web.facts())
        show.verdict(console, judged)
        if found:
            show.heading(console, "Why?")
            show.score(console, _to_explain(found))
        alerts = len(self._receiver.alerts)
        self._show_alerts()
        later, unchanged = await self._poll_later()
        show.heading(console, "Now with real feeds")
        show.next_steps(console)
        return DemoResult(judgement=judged, alerts=alerts, later_alerts=later, unchanged=unchanged)

    async def _poll(self) -> None:
        from watcher.demo import show

        feeds, articles = len(self._web.feeds), len(self._web.facts())
        totals = {"poll": feeds, "read": articles, "score": articles}
        started = time.monotonic()
        with self._reporting(totals):
            tally = await self._app.pipeline.run_once()
        if tally.failed == tally.polled:
            subject, detail = tally.failures[0] if tally.failures else ("nothing", "was due")
            raise WatcherError(f"the sample web could not be polled: {subject}: {detail}")
        show.heading(
            self._console,
            f"Polled {tally.polled} feeds, read {tally.pages} pages, scored {tally.scored} "
            f"articles in {time.monotonic() - started:.1f} s",
        )

    @contextmanager
    def _reporting(self, totals: dict[str, int]) -> Iterator[None]:
        from watcher.demo import show

        context = self._app.context
        before = context.progress
        with show.progress(self._console, totals) as advance:
            context.progress = advance
            try:
                yield
            finally:
                context.progress = before

    def _hits(self) -> list[HitRecord]:
        from watcher.storage import HitFilter

        return self._app.store.review.hits(HitFilter(limit=200))

    def _show_alerts(self) -> None:
        from watcher.demo import show

        show.heading(self._console, "What the local receiver got")
        for received in self._receiver.alerts:
            show.alert(self._console, received)
        if not self._receiver.alerts:
            troubles = [delivery.last_error for delivery in self._app.store.outbox.pending()]
            self._console.print(f"Nothing: {troubles[0] if troubles else 'no alert was made'}.")

    async def _poll_later(self) -> tuple[int, int]:
        from watcher.demo import show

        before = len(self._receiver.alerts)
        self._clock.ahead += LATER
        self._web.release(self._clock())
        tally = await self._app.pipeline.run_once()
        fresh = self._receiver.alerts[before:]
        show.heading(
            self._console,
            f"{LATER // timedelta(minutes=1)} minutes later: {tally.unchanged} feeds unchanged, "
            f"new articles: {tally.entries}, messages: {len(fresh)}",
        )
        for received in fresh:
            show.alert(self._console, received)
        return len(fresh), tally.unchanged


def _to_explain(found: Sequence[HitRecord]) -> HitRecord:
    """The hit whose reasons most readers can judge: in English, told, with most evidence."""

    def evidence(one: HitRecord) -> int:
        return sum(len(contribution.evidence) for contribution in one.contributions)

    return max(found, key=lambda one: (one.lang == "en", one.silent_reason is None, evidence(one)))
