"""``run``, ``poll``, ``demo``: the commands that do the work."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.feeds import pick
from watcher.cli.output import emit, is_interactive, note, plural, safe, say
from watcher.cli.shell import Root, root, set_up_logging
from watcher.errors import UsageError

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.pipeline import Tally


GRACE = 5.0
"""Seconds that a pass gets to finish what is in hand when it is told to stop."""


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command()(run)
    app.command()(poll)
    app.command()(demo)


def run(context: typer.Context) -> None:
    """Watch until stopped: the service, in the foreground. SIGHUP reloads the configuration."""
    from watcher.app import make_app
    from watcher.service import serve
    from watcher.storage import shown

    cli = root(context)
    settings = cli.settings
    set_up_logging(logging.INFO)
    logging.getLogger().setLevel(logging.INFO)
    redact(settings.secrets)
    note(
        f"watching {plural(len(settings.feeds), 'feed')} for {plural(len(settings.topics), 'topic')} "
        f"(stop with Ctrl-C); database {shown(settings.watcher.database)}"
    )

    def reload() -> Settings:
        newer = cli.load()
        redact(tuple(set(newer.secrets) - set(settings.secrets)))
        return newer

    asyncio.run(serve(make_app(settings), reload_settings=reload))


def poll(
    context: typer.Context,
    feeds: Annotated[
        list[str] | None, typer.Argument(help="Names, ids or URLs; default: what is due.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every feed, due or not.")] = False,
    no_send: Annotated[bool, typer.Option("--no-send", help="Send nothing; alerts wait.")] = False,
    alert_backlog: Annotated[
        bool, typer.Option("--alert-backlog", help="Also tell of old entries of new feeds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """One pass until nothing is due: poll, read, score, tell; then a summary."""
    if feeds and everything:
        raise UsageError("--all polls every feed: name feeds, or give --all")
    cli = root(context)
    redact(cli.settings.secrets)
    started = time.monotonic()
    with Progress() as progress:
        tally, stopped = asyncio.run(
            _one_pass(cli, feeds or [], everything, not no_send, alert_backlog, progress.advance)
        )
    if stopped is not None:
        note(
            f"stopped: {plural(tally.polled, 'feed')} polled, "
            f"{plural(tally.entries, 'new entry', 'new entries')}, "
            f"{plural(tally.scored, 'article')} scored, {plural(tally.hits, 'hit')}, "
            f"{plural(tally.messages, 'message')} sent so far; nothing is lost, "
            "the next pass goes on from here"
        )
        raise typer.Exit(128 + stopped)
    if as_json:
        emit(tally)
    else:
        print_tally(tally, time.monotonic() - started, sending=not no_send)


async def _one_pass(
    cli: Root,
    names: list[str],
    everything: bool,
    send: bool,
    alert_backlog: bool,
    progress: Callable[[str, int], None],
) -> tuple[Tally, int | None]:
    """What the pass did, and the signal that stopped it, if one did."""
    from watcher.app import make_app
    from watcher.pipeline import Tally

    app, tally = make_app(cli.settings, progress=progress, alert_backlog=alert_backlog), Tally()

    async def run() -> None:
        async with app:
            only = None
            if everything:
                only = await app.context.stored(app.store.feeds.active_ids)
            elif names:
                stored = await app.context.stored(app.store.feeds.all)
                only = [pick(stored, name).id for name in names]
            await app.pipeline.run_once(only=only, send=send, tally=tally)

    return tally, await _unless_stopped(asyncio.create_task(run()), app.context.stopping)


async def _unless_stopped(work: asyncio.Task[None], stopping: asyncio.Event) -> int | None:
    """See work to its end; the signal that asked it to stop, if one did.

    What is in hand may end within a few seconds, a message being sent above all; the rest, and
    all of it at a second signal, gives its leases back.
    """
    loop, caught = asyncio.get_running_loop(), list[int]()

    def stop(number: int) -> None:
        if caught:
            work.cancel()
        else:
            loop.call_later(GRACE, lambda: len(caught) > 1 or work.cancel())
        caught.append(number)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        await work
    except asyncio.CancelledError:
        if not caught:
            raise
    return caught[0] if caught else None


def demo() -> None:
    """Show the watcher at work on a sample news web, offline, in a temporary folder."""
    from watcher.demo.runner import run_demo

    run_demo()


class Progress:
    """Counts on stderr: a line that rewrites itself for a person, nothing for a program."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._started = time.monotonic()
        self._shown = 0.0
        self._live = is_interactive()

    def __enter__(self) -> Progress:
        return self

    def advance(self, stage: str, number: int) -> None:
        """A stage finished so many more."""
        self._counts[stage] = self._counts.get(stage, 0) + number
        moment = time.monotonic()
        # Nothing for what takes less than a second, and at most ten lines a second.
        if self._live and moment - self._started > 1 and moment - self._shown > 0.1:
            self._shown = moment
            text = ", ".join(f"{name} {count}" for name, count in self._counts.items())
            typer.echo(f"\r\x1b[K{text}", nl=False, err=True)

    def __exit__(self, *_error: object) -> None:
        if self._shown:
            typer.echo("\r\x1b[K", nl=False, err=True)


def print_tally(tally: Tally, seconds: float, *, sending: bool) -> None:
    """The summary of a pass, in a few plain lines."""
    say(
        f"Polled {plural(tally.polled, 'feed')} in {seconds:.1f} s: {tally.unchanged} unchanged, "
        f"{tally.failed} failed, {plural(tally.entries, 'new entry', 'new entries')}."
    )
    if tally.failing:
        say(f"Not due yet after a failure: {plural(tally.failing, 'feed')}, see `watcher feeds`.")
    if tally.held_back:
        say(
            f"Not asked: {plural(tally.held_back, 'feed')} of a site that wants no request for a "
            "while, see `watcher feeds`."
        )
    if tally.pages or tally.partial or tally.reread or tally.scored:
        say(
            f"Read {plural(tally.pages, 'page')} ({tally.partial} in part, {tally.reread} known "
            f"before), scored {plural(tally.scored, 'article')}."
        )
    if tally.scored:
        near = plural(tally.near_misses, "near miss", "near misses")
        say(f"Found {plural(tally.hits, 'hit')} and {near}.")
    if tally.alerts or tally.messages or tally.undelivered:
        sent = f"sent {plural(tally.messages, 'message')}" if sending else "sent nothing, as asked"
        again, lost = tally.undelivered - tally.given_up, tally.given_up
        if again:
            sent += f", {plural(again, 'delivery', 'deliveries')} failed, to be tried again"
        if lost:
            sent += f", {plural(lost, 'delivery', 'deliveries')} given up (watcher doctor)"
        say(f"Made {plural(tally.alerts, 'alert')}, {sent}.")
    for subject, detail in tally.failures:
        say(f"  {safe(subject)}: {safe(detail)}")
    for feed in tally.missed:
        say(f"  {safe(feed)}: no entry of the poll before was left, so some may have been missed")
    if tally.hits:
        say("See them: watcher hits")


class _Redactor(logging.Filter):
    """Takes secrets out of log lines, whoever wrote them."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if len(secret) >= 4]

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(secret in text for secret in self._secrets):
            for secret in self._secrets:
                text = text.replace(secret, "***")
            record.msg, record.args = text, ()
        return True


def redact(secrets: tuple[str, ...]) -> None:
    """Keep these values out of every log line from now on."""
    if not secrets:
        return
    for handler in logging.getLogger().handlers:
        handler.addFilter(_Redactor(secrets))
