"""``init``, ``check``, ``status``: getting started, and how things stand."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.doctor import doctor
from watcher.cli.filters import JsonFlag
from watcher.cli.output import ago, due, emit, now_utc, plural, safe, say
from watcher.cli.report import report
from watcher.cli.review import review
from watcher.cli.screen import indented, one_line, paint, width, wrap
from watcher.cli.shell import Root, root
from watcher.model import Failure

if TYPE_CHECKING:
    from watcher.storage import Counts, Store


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command()(init)
    app.command()(check)
    app.command()(status)
    app.command()(doctor)
    app.command()(review)
    app.command()(report)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR")] = Path(),
) -> None:
    """Write a commented config.toml and a seeds folder to start from; never overwrites."""
    from watcher.config import write_starter

    for path in write_starter(directory):
        say(f"wrote {path}")
    say(
        "Next: edit the three marked keys, then `watcher check`, `watcher poll --no-send`, "
        "`watcher run`."
    )


def check(
    context: typer.Context,
    online: Annotated[bool, typer.Option("--online", help="Also try every feed.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Validate configuration, seeds, topics and receivers."""
    cli = root(context)
    settings = cli.settings
    troubles = asyncio.run(_try_feeds(cli)) if online else []
    if as_json:
        emit(
            {
                "config": str(settings.path),
                "feeds": len(settings.feeds),
                "topics": [topic.id for topic in settings.topics],
                "receivers": [receiver.name for receiver in settings.receivers],
                "warnings": [str(warning) for warning in settings.warnings],
                "unreachable": [{"feed": name, "problem": text} for name, text in troubles],
            }
        )
    else:
        for warning in settings.warnings:
            say(f"warning: {safe(warning)}")
        for name, text in troubles:
            say(f"feed {safe(name)}: {safe(text)}")
        say(
            f"{settings.path}: {plural(len(settings.feeds), 'feed')}, "
            f"{plural(len(settings.topics), 'topic')}, "
            f"{plural(len(settings.receivers), 'receiver')}: fine"
            + (f", but {plural(len(troubles), 'feed')} can't be polled now" if troubles else "")
        )
    if troubles:
        raise typer.Exit(1)


async def _try_feeds(cli: Root) -> list[tuple[str, str]]:
    from watcher.app import fetch_settings
    from watcher.fetch import Fetcher, Request

    async with Fetcher(fetch_settings(cli.settings)) as fetcher:
        feeds = cli.settings.feeds
        answers = await asyncio.gather(
            *(fetcher.fetch(Request(url=feed.url), now=now_utc()) for feed in feeds)
        )
    return [
        (feed.name, f"{answer.reason}: {answer.detail}".rstrip(": "))
        for feed, answer in zip(feeds, answers, strict=True)
        if isinstance(answer, Failure)
    ]


def status(context: typer.Context, as_json: JsonFlag = False) -> None:
    """One screen: is it running, when was the last poll, what waits, what fails."""
    cli = root(context)
    store = cli.store()
    now = now_utc()
    counts = store.review.counts(now=now)
    running = store.lock.holder()
    if as_json:
        emit(_status_json(store, counts, running))
        return
    for name, line in _status_lines(store, counts, running, now):
        say(f"{paint(f'{name:<10}', 'bold')} " + indented(wrap(line, min(width(), 110) - 11), 11))


def _status_lines(
    store: Store, counts: Counts, running: int | None, now: datetime
) -> Iterator[tuple[str, str]]:
    feeds = counts.feeds
    if store.path is None:  # several may share a server, from any machine
        yield "running", "not known here: a server doesn't tell; the last poll does"
    else:
        yield "running", f"yes, pid {running}" if running else "no service or pass at work now"
    size = store.health.sizes().get("file", 0)
    yield (
        "database",
        f"{store.address}, schema {store.schema}, {store.health.engine_version}"
        + (f", {size / 1e6:.0f} MB, {_free(store)}" if size else ""),
    )
    last = ago(counts.last_poll_at, now) + (" ago" if counts.last_poll_at else "")
    yield "last poll", last
    yield (
        "feeds",
        f"{feeds['total']} in all, {feeds['ok']} ok, {feeds['failing']} failing, "
        f"{feeds['paused']} paused",
    )
    yield (
        "waiting",
        ", ".join(
            (
                plural(counts.feeds_due, "feed"),
                plural(counts.entries_due, "entry", "entries"),
                plural(counts.articles_due, "article"),
                plural(counts.deliveries_due, "delivery", "deliveries"),
            )
        )
        + " due"
        + (f", {counts.deliveries_held} held for later" if counts.deliveries_held else "")
        + (
            f", {counts.deliveries_retrying} to be tried again"
            if counts.deliveries_retrying
            else ""
        ),
    )
    yield "last 24 h", f"{plural(counts.hits_24h, 'hit')}, {plural(counts.alerts_24h, 'alert')}"
    if counts.unreviewed:
        yield "to review", f"{plural(counts.unreviewed, 'hit')} without a verdict (watcher review)"
    if counts.deliveries_dead:
        dead = plural(counts.deliveries_dead, "delivery", "deliveries")
        yield "dead", f"{dead} given up (watcher doctor)"
    failing = store.health.failing(limit=6)
    for feed in failing[:5]:
        yield (
            "failing",
            f"{one_line(feed.name)}: {one_line(feed.error)}, {plural(feed.failures, 'time')}, next try "
            f"{due(feed.next_poll_at, now)}",
        )
    if len(failing) > 5:
        yield "", "and more: watcher doctor says what to do about each"


def _free(store: Store) -> str:
    if store.path is None:
        return ""
    return f"{shutil.disk_usage(store.path.parent).free / 1e9:.1f} GB free"


def _status_json(store: Store, counts: Counts, running: int | None) -> dict[str, Any]:
    from watcher import __version__

    return {
        "version": __version__,
        "database": store.address,
        "schema": store.schema,
        "running": running,
        "feeds": dict(counts.feeds),
        "backlog": {
            "feeds_due": counts.feeds_due,
            "entries": counts.entries_due + counts.articles_due,
            # All that wait to be sent: the due ones and the next two.
            "deliveries": counts.deliveries_due
            + counts.deliveries_held
            + counts.deliveries_retrying,
            "deliveries_held": counts.deliveries_held,
            "deliveries_retrying": counts.deliveries_retrying,
            "deliveries_dead": counts.deliveries_dead,
        },
        "last_poll_at": counts.last_poll_at,
        "hits_24h": counts.hits_24h,
        "alerts_24h": counts.alerts_24h,
        "unreviewed": counts.unreviewed,
        "engine": store.health.engine_version,
        "bytes": store.health.sizes(),
        "failing": [
            {"name": feed.name, "error": feed.error, "failures": feed.failures}
            for feed in store.health.failing()
        ],
    }
