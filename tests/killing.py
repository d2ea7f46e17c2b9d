"""Runs the real pass and kills it at a chosen point: the kill campaign's own process.

``ahead`` shifts the pass's clock (an argument of the product), so that leases run out; a kill is
at ``commit`` (all statements of the n-th writing transaction done, nothing committed), ``done``
(after the n-th store call that wrote), ``send``/``sent`` (before or after the n-th message), or
``time`` (n milliseconds after the pass began).

Nothing in the product knows of this: the store calls and sends are wrapped here, in the process
that is to die, which is forked as its two helper processes are (``forks``).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from forks import Forked

# ------------------------------------------------------------------------- the test's side


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Where to die."""

    at: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a pass ended: killed or not, and what it did on the way."""

    killed: bool
    code: int
    seen: dict[str, int] = field(default_factory=dict)
    """How many kill points of each kind a whole pass has; empty for a killed one."""
    error: str = ""


def run_pass(config: Path, *, ahead: timedelta, kill: Kill | None = None) -> Ending:
    """One pass over a configuration, that much in the future, perhaps not to its end."""
    request = {
        "config": str(config),
        "ahead": ahead.total_seconds(),
        "kill": {"at": kill.at, "n": kill.n} if kill else None,
    }
    with tempfile.TemporaryFile() as out, Path(os.devnull).open("rb") as null:
        code = Forked(
            "killing:main",
            streams=(null.fileno(), out.fileno(), 2),
            environment=os.environ,
            arguments=[json.dumps(request)],
        ).wait()
        out.seek(0)
        return Ending(killed=code < 0, code=code, **json.loads(out.read() or b"{}"))


# ------------------------------------------------------------- in the process that is to die


class Points:
    """Counts what happens and kills this process at the chosen point."""

    def __init__(self, kill: dict[str, Any] | None) -> None:
        self._kill = (kill["at"], kill["n"]) if kill else None
        self._lock = Lock()
        self.seen: Counter[str] = Counter()

    def reach(self, at: str) -> None:
        """A point of this kind is reached, in whatever thread."""
        with self._lock:
            self.seen[at] += 1
            if self._kill == (at, self.seen[at]):
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)


def watch_points(points: Points) -> None:
    """Wrap store calls and sends of this process."""
    from sqlalchemy import Connection, Engine, event

    from watcher.notify import Notifier
    from watcher.pipeline import Context

    stored, send = Context.stored, Notifier.send

    async def counted(self: Any, call: Any, *args: Any, **kwargs: Any) -> Any:
        def marked() -> Any:
            before = points.seen["commit"]
            found = call(*args, **kwargs)
            if points.seen["commit"] > before:
                points.reach("done")
            return found

        return await stored(self, marked)

    async def sending(self: Any, *args: Any) -> Any:
        points.reach("send")
        result = await send(self, *args)
        points.reach("sent")
        return result

    def committing(connection: Connection) -> None:
        if not connection.get_execution_options().get("reading"):
            points.reach("commit")

    wrapped: Any = Context
    wrapped.stored = counted
    wrapped = Notifier
    wrapped.send = sending
    event.listen(Engine, "commit", committing)


def one_pass(request: dict[str, Any], points: Points) -> None:
    """What ``watcher poll`` does."""
    from watcher.app import make_app
    from watcher.config import load

    settings = load(Path(request["config"]), environ=os.environ)
    ahead = timedelta(seconds=request["ahead"])

    async def run() -> None:
        app = make_app(settings, clock=lambda: datetime.now(UTC) + ahead)
        async with app:
            await app.pipeline.run_once()

    watch_points(points)
    asyncio.run(run())


def main() -> None:
    """One pass, then a word about it."""
    request = json.loads(sys.argv[0])
    kill = request["kill"]
    points = Points(kill)
    if kill and kill["at"] == "time":
        # Its default ends the process at once, wherever it is, as SIGKILL does.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, kill["n"] / 1_000)
    error = ""
    try:
        one_pass(request, points)
    except BaseException as trouble:  # told to the test, which fails with it
        error = f"{type(trouble).__name__}: {trouble}"
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps({"seen": dict(points.seen), "error": error}))
