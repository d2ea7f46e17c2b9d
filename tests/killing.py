"""Runs the real pass and kills it at a chosen point: the driver of the kill campaign.

As a program it imports everything once, then serves requests on standard input, one JSON object
per line, each in a fork of its own, so that a pass costs a fraction of a second::

    {"config": "/.../config.toml", "ahead": 400, "kill": {"at": "commit", "n": 3}}

``ahead`` shifts the pass's clock (an argument of the product), so that leases run out; ``kill`` is
one of ``commit`` (all statements of the n-th writing transaction done, nothing committed),
``done`` (after the n-th store call that wrote), ``send``/``sent`` (before or after the n-th
message), or ``time`` (n milliseconds after the pass began), or null. The answer says how it ended.

Nothing in the product knows of this: the store calls and sends are wrapped here, in the process
that is to die, and its two helper processes are forked from here instead of started anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Self

from forks import fork_helpers, warm_up

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


class Driver:
    """A driver process; one pass at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate(timeout=30)

    def run(self, config: Path, *, ahead: timedelta, kill: Kill | None = None) -> Ending:
        """One pass over a configuration, that much in the future, perhaps not to its end."""
        wanted = {"at": kill.at, "n": kill.n} if kill else None
        request = {"config": str(config), "ahead": ahead.total_seconds(), "kill": wanted}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the driver itself died"
        return Ending(**json.loads(line))


# ------------------------------------------------------------------------ the driver's side


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


def in_fork(request: dict[str, Any], answer: socket.socket) -> None:
    """The child: one pass, then a word about it."""
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
    answer.sendall(json.dumps({"seen": dict(points.seen), "error": error}).encode())


def serve() -> None:
    """Fork a pass per request."""
    fork_helpers()
    warm = False
    for line in sys.stdin:
        if not warm:
            warm_up(Path(json.loads(line)["config"]))
            warm = True
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            in_fork(json.loads(line), theirs)
            os._exit(0)
        theirs.close()
        _pid, status = os.waitpid(pid, 0)
        ours.setblocking(False)
        try:
            said = json.loads(ours.recv(1 << 16) or b"{}")
        except BlockingIOError:
            said = {}
        ours.close()
        code = os.waitstatus_to_exitcode(status)
        ending = {"killed": code < 0, "code": code} | said
        sys.stdout.write(json.dumps(ending) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
