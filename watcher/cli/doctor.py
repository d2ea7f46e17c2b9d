"""``watcher doctor``: what is wrong, and what to do about each of it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.advice import advice_for
from watcher.cli.filters import JsonFlag
from watcher.cli.output import ago, due, emit, now_utc, plural, say
from watcher.cli.screen import indented, one_line, paint, width, wrap
from watcher.cli.shell import Root, root
from watcher.errors import ConfigError, NoDatabaseError, StorageError

if TYPE_CHECKING:
    from watcher.storage import Store
    from watcher.storage.health import FeedTrouble

MEGABYTE = 1_000_000
LITTLE_SPACE = 200 * MEGABYTE
SOME_SPACE = 1000 * MEGABYTE
LONG_LOG = 500 * MEGABYTE
QUICK_CHECK_UP_TO = 500 * MEGABYTE
"""A database over this size is only checked with ``--full``: it is read from end to end."""
LATE = timedelta(hours=1)
PERSISTENT = 3
"""Failures in a row from which a feed is a finding: one bad answer is weather."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found: a ``problem`` counts for the exit code, a ``note`` does not."""

    level: str
    subject: str
    found: str
    advice: str


def problem(subject: str, found: str, advice: str) -> Finding:
    return Finding(level="problem", subject=subject, found=one_line(found), advice=advice)


def note(subject: str, found: str, advice: str = "") -> Finding:
    return Finding(level="note", subject=subject, found=one_line(found), advice=advice)


def doctor(
    context: typer.Context,
    full: Annotated[
        bool, typer.Option("--full", help="Read the whole database, however large.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say what is wrong and what to do. Exit code 0: nothing; 1: something is."""
    found = list(examine(root(context), full=full, now=now_utc()))
    problems = [finding for finding in found if finding.level == "problem"]
    if as_json:
        emit({"ok": not problems, "findings": [asdict(finding) for finding in found]})
    else:
        _print(found, problems)
    if problems:
        raise typer.Exit(1)


def _print(found: list[Finding], problems: list[Finding]) -> None:
    columns = min(width(), 100)
    for finding in sorted(found, key=lambda f: f.level != "problem"):
        sign = paint("✗", "bad") if finding.level == "problem" else paint("·", "dim")
        text = f"{finding.subject}: {finding.found}"
        say(f"{sign} " + indented(wrap(text, columns - 2), 2))
        if finding.advice:
            say("  → " + indented(wrap(finding.advice, columns - 4), 4))
    if problems:
        say(f"\n{len(problems)} to mend.")
    else:
        say(paint("Nothing is wrong.", "good"))


def examine(cli: Root, *, full: bool, now: datetime) -> Iterator[Finding]:
    """Every check, from the configuration outwards; a broken layer hides what lies behind it."""
    from watcher.storage.engine import SCHEMA

    yield from _configuration(cli)
    try:
        store = cli.store()
    except ConfigError:
        return
    except NoDatabaseError as error:
        yield problem("database", str(error), "`watcher poll` creates it; or restore a backup")
        return
    except StorageError as error:
        yield problem("database", str(error), _reach(cli))
        return
    try:
        yield from _database(store, full=full)
        yield from _disk(store)
        if (store.schema or "") < SCHEMA:  # what lies in it can't be asked in today's words
            return
        yield from _clock(store, now)
        yield from _work(cli, store, now)
        yield from _feeds(store, now)
        yield from _deliveries(store)
    except StorageError as error:
        yield problem("database", str(error), _reach(cli))


def _reach(cli: Root) -> str:
    """What to do about a database that can't be opened or read; the error says why."""
    if cli.database.startswith("sqlite"):
        return "mend that, or set watcher.database; restore a backup if the file itself is broken"
    return "see that the server runs and lets this user in: watcher.database says where and who"


def _configuration(cli: Root) -> Iterator[Finding]:
    try:
        settings = cli.settings
    except ConfigError as error:
        for each in error.problems:
            yield problem("configuration", str(each), "`watcher check` after mending it")
        return
    for warning in settings.warnings:
        yield note("configuration", str(warning))


def _database(store: Store, *, full: bool) -> Iterator[Finding]:
    from watcher.storage.engine import SCHEMA

    if store.schema != SCHEMA:
        newer = (store.schema or "") > SCHEMA
        yield problem("database", f"schema {store.schema}, this program is for {SCHEMA}",
                      "update the program" if newer else "`watcher db upgrade`")  # fmt: skip
        return
    sizes = store.health.sizes()
    if full or sizes.get("file", 0) <= QUICK_CHECK_UP_TO:
        found = store.check()
        if found != "ok":
            yield problem("database", found, "stop the service, `watcher db restore` a backup")
    else:
        yield note("database", f"{sizes['file'] // MEGABYTE} MB were not read",
                   "`watcher doctor --full` reads it all; do so now and then")  # fmt: skip
    if store.health.may_corrupt:
        yield note(
            "database",
            f"{store.health.engine_version} can damage a database that several programs write at "
            "the same moment (mended in 3.51.3)",
            "keep backups (`watcher db backup FILE`) and review while no long pass runs, or use a "
            "newer SQLite",
        )
    if sizes.get("log", 0) > LONG_LOG:
        yield problem("database", f"its write-ahead log is {sizes['log'] // MEGABYTE} MB long",
                      "some program keeps it open: end old `watcher review` sessions")  # fmt: skip
    if store.path is not None and stat.S_IMODE(store.path.stat().st_mode) & 0o007:
        yield problem("database", f"{store.path} can be read by everybody",
                      f"chmod 600 {store.path}")  # fmt: skip


def _disk(store: Store) -> Iterator[Finding]:
    if store.path is None:
        return
    free = shutil.disk_usage(store.path.parent).free
    found = f"{free // MEGABYTE} MB are free beside {store.path.name}"
    if free < LITTLE_SPACE:
        yield problem("disk", found, "free some space now; `watcher db prune` drops old texts")
    elif free < SOME_SPACE:
        yield note("disk", found, "free some space soon; `watcher db prune` drops old texts")


def _clock(store: Store, now: datetime) -> Iterator[Finding]:
    latest = store.health.latest_trace()
    if latest is not None and latest > now + timedelta(minutes=5):
        yield problem(
            "clock",
            f"it says {now:%Y-%m-%d %H:%M} UTC, but something was stored at {latest:%Y-%m-%d %H:%M}",
            "set the clock; is a time service (systemd-timesyncd, chrony) running?",
        )


def _work(cli: Root, store: Store, now: datetime) -> Iterator[Finding]:
    from watcher.cli.feeds import configured

    counts = store.review.counts(now=now)
    running = store.lock.holder() if store.path else None
    if counts.feeds.get("total", 0) == 0 and not configured(cli, without=()):
        yield problem("feeds", "there is none", "`watcher feeds add URL`, or [[feeds]] tables")
        return
    if counts.last_poll_at is None:
        yield problem("polling", "nothing was ever polled", "`watcher poll`, then `watcher run`")
        return
    waiting = store.health.waiting(now=now)
    late = {
        name: since
        for name in ("feeds", "entries", "articles", "deliveries")
        if (since := getattr(waiting, name)) is not None and now - since > LATE
    }
    if late:
        oldest = ", ".join(f"{name} since {ago(since, now)}" for name, since in late.items())
        slow = "more fetch.concurrency, fewer feeds, or look at its log"
        if running:
            advice = f"the service (pid {running}) does not keep up: {slow}"
        elif store.path:
            advice = "no service runs: start `watcher run` (systemctl start watcher)"
        else:
            advice = f"start `watcher run` where none runs; one that does not keep up: {slow}"
        yield problem("backlog", f"due work waits: {oldest}", advice)
    elif store.path and not running:
        yield note("service", f"not running; last poll {ago(counts.last_poll_at, now)} ago",
                   "`watcher run`, unless a timer calls `watcher poll`")  # fmt: skip


def _feeds(store: Store, now: datetime) -> Iterator[Finding]:
    from watcher.cli.feedlines import MISSED_SHOWN
    from watcher.decide.polls import ScheduleState

    by_error: dict[str, list[FeedTrouble]] = {}
    troubled = store.health.failing()
    polled = sum(feed.state in ("ok", "failing") for feed in store.feeds.all())
    # When most fail at once it is our own line, and no time to be patient.
    least = 1 if 2 * len(troubled) >= polled else PERSISTENT
    for feed in troubled:
        if feed.failures >= least:
            by_error.setdefault(feed.error, []).append(feed)
    for error, failing in by_error.items():
        yield problem(f"feeds failing: {error}", _named(failing, now), advice_for(error))
    lately = [feed.name for feed in troubled if feed.failures < least]
    if lately:
        yield note("feeds", f"failed of late, to be tried again: {_some(lately)}",
                   "`watcher feeds` says why")  # fmt: skip
    missed = [
        feed.spec.name
        for feed in store.feeds.all()
        if (at := ScheduleState.from_json(feed.schedule).missed_at) and now - at <= MISSED_SHOWN
    ]
    if missed:
        yield note("feeds", f"entries may have been missed of {_some(missed)}",
                   "let the service run on, and give them a shorter `every` if they have one")  # fmt: skip
    silent = store.health.silent_feeds(since=now - timedelta(days=30))
    if silent:
        yield note("feeds", f"nothing new for 30 days from {_some(silent)}",
                   "they may have moved: `watcher feeds discover SITE`")  # fmt: skip


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(one_line(name) for name in names[:5]) + more


def _named(failing: list[FeedTrouble], now: datetime) -> str:
    """A few feeds with what they said; the others by number."""
    shown = "; ".join(
        f"{one_line(feed.name)}, {plural(feed.failures, 'time')}"
        + (f" ({feed.detail})" if feed.detail else "")
        + f", next try {due(feed.next_poll_at, now)}"
        for feed in failing[:4]
    )
    return shown + (f"; and {len(failing) - 4} more" if len(failing) > 4 else "")


def _deliveries(store: Store) -> Iterator[Finding]:
    for dead in store.health.dead():
        yield problem(
            f"receiver {one_line(dead.receiver)}",
            f"{plural(dead.count, 'delivery was', 'deliveries were')} given up, last: "
            f"{dead.last_error or 'no reason known'}",
            f"`watcher alerts test {one_line(dead.receiver)}`, mend it, then "
            f"`watcher alerts retry {dead.alert_id}`",
        )
