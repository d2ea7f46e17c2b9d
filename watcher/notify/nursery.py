"""The parent's side of the sending processes: start the nursery, fork, talk, kill."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from watcher.notify.child import PID
from watcher.notify.jobs import HANDING, Job, Report

# The environment may hold secrets of other receivers: a child gets only what it needs.
_ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
# Not "-m", which would put the working directory on the path; the package is found where it is.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from watcher.notify.child import main; main()"
START_SECONDS = 20.0
_ROOT = str(Path(__file__).resolve().parents[2])


@dataclass(slots=True, eq=False)
class Child:
    """One fork at work on one job."""

    pid: int
    channel: socket.socket
    handed: bool = False
    """The other side may have the message."""

    async def run(self, job: Job) -> Report | None:
        """Do the job; None where the child died over it."""
        loop = asyncio.get_running_loop()
        received = b""
        with suppress(ConnectionError):
            await loop.sock_sendall(self.channel, job.encode())
            while chunk := await loop.sock_recv(self.channel, 65_536):
                received += chunk
                self.handed = self.handed or received.startswith(HANDING)
                report = received.removeprefix(HANDING)
                if report.endswith(b"\n"):
                    return Report.decode(report)
        return None


@dataclass(slots=True)
class Nursery:
    """A process that has apprise loaded and forks children; started when first needed."""

    idle_seconds: float
    children: set[Child] = field(default_factory=set)
    _process: subprocess.Popen[bytes] | None = None
    _control: socket.socket | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _expiry: asyncio.TimerHandle | None = None

    async def fork(self) -> Child:
        """A child ready for one job; raises OSError where no process can be had."""
        # Shielded: an answer that nobody reads would be taken for the next child's.
        forking = asyncio.ensure_future(self._fork())
        try:
            return await asyncio.shield(forking)
        except asyncio.CancelledError:
            forking.add_done_callback(self._end_unwanted)
            raise

    def end(self, child: Child) -> None:
        """Kill the child if it still is at work, and forget it."""
        child.channel.close()
        self.children.discard(child)
        if self._control is not None:
            with suppress(OSError):
                self._control.sendall(b"K" + PID.pack(child.pid))
        if not self.children:
            self._rest()

    def stop(self) -> None:
        """Kill the nursery and every child at once."""
        self._stay()
        if self._process is not None:
            # It leads a group of its own, to which all of its children belong.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
            self._process = None
        if self._control is not None and not self._turn.locked():
            self._control.close()  # whoever is being forked for sees the end of it and closes it
            self._control = None

    async def _fork(self) -> Child:
        async with self._turn:
            try:
                async with asyncio.timeout(START_SECONDS):
                    child = await self._ask(self._started())
            except (OSError, EOFError) as error:
                if self._control is not None:
                    self._control.close()
                    self._control = None
                self.stop()
                raise ConnectionError("the sending processes can't be started") from error
        self.children.add(child)
        return child

    async def _ask(self, control: socket.socket) -> Child:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                socket.send_fds(control, [b"F"], [theirs.fileno()])
            answer = b""
            while len(answer) < PID.size:
                chunk = await loop.sock_recv(control, PID.size - len(answer))
                answer += chunk or _ended()
        except BaseException:
            ours.close()
            raise
        return Child(pid=PID.unpack(answer)[0], channel=ours)

    def _end_unwanted(self, forking: asyncio.Future[Child]) -> None:
        if not forking.cancelled() and forking.exception() is None:
            self.end(forking.result())

    def _started(self) -> socket.socket:
        self._stay()
        if self._control is None or self._process is None or self._process.poll() is not None:
            if self._control is not None:
                self._control.close()
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                    [sys.executable, "-P", "-c", _BOOT, _ROOT],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,  # a Ctrl-C at the terminal is for the service
                )
            ours.setblocking(False)
            self._control = ours
        return self._control

    def _rest(self) -> None:
        self._stay()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(self.idle_seconds, self._stop_if_idle)

    def _stay(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _stop_if_idle(self) -> None:
        if not self.children and not self._turn.locked():
            self.stop()


def _ended() -> bytes:
    raise EOFError("the nursery ended")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return kept | {"NETRC": os.devnull}  # requests would add its logins to any webhook
