"""The processes behind a pool, seen from the service: a nursery that forks, workers that work."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import watcher
from watcher.errors import WatcherError
from watcher.workers.wire import HEADER, MAX_REPLY

_START_TIMEOUT = 60.0
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What one worker may use. Seconds of CPU are per job; the wall limit is 5 s more."""

    memory: int = 768 * 1024 * 1024
    """Bytes of address space above what a fresh worker has."""
    resident: int = 320 * 1024 * 1024
    """A worker that holds more (shared pages included) is replaced between two jobs."""
    feed_cpu: float = 30.0
    page_cpu: float = 10.0
    analyse_cpu: float = 20.0
    embedding_cpu: float = 40.0
    """On top of it where an embedding model is used."""
    configure_cpu: float = 60.0
    grace: float = 5.0
    jobs: int = 1_000
    """A worker is replaced after so many jobs: libraries cache without end."""


class LostWorkerError(Exception):
    """The worker died or answered nonsense."""


class Worker:
    """One child: the channel to it and a handle to kill it by."""

    def __init__(self, channel: socket.socket, pidfd: int, level: int, room: int) -> None:
        self.channel = channel
        self.pidfd = pidfd
        self.level = level
        self.room = room
        self.topics_version = 0

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a job, wait for its answer: tag and JSON."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.channel, HEADER.pack(len(request), 0) + request)
        received = bytearray()
        wanted = HEADER.size
        while len(received) < wanted:
            chunk = await loop.sock_recv(self.channel, _CHUNK)
            if not chunk:
                raise LostWorkerError
            received += chunk
            if wanted == HEADER.size <= len(received):
                wanted += HEADER.unpack_from(received)[0]
                if wanted > MAX_REPLY + HEADER.size:
                    raise LostWorkerError
        return HEADER.unpack_from(received)[1], bytes(received[HEADER.size :])

    def dead(self) -> bool:
        """Whether the process has ended: its handle is readable then."""
        handle = select.poll()
        handle.register(self.pidfd, select.POLLIN)
        return bool(handle.poll(0))

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Kill it and let go of it. Not while a job waits on its channel."""
        self.kill()
        os.close(self.pidfd)
        self.channel.close()


class Nursery:
    """The process that forks workers, seen from outside; see ``child.nursery``."""

    def __init__(self, limits: WorkerLimits) -> None:
        self.limits = limits
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        package = Path(watcher.__file__).parent.parent
        program = "import sys; sys.path.append(sys.argv[1]); import watcher.workers.child as c; c.nursery()"
        # No variable of ours reaches the process that reads strangers' bytes: some are secrets.
        environment = {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  # this interpreter, our own program
                [sys.executable, "-P", "-c", program, str(package)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                cwd="/",
            )

        self.stopped = False

    def dead(self) -> bool:
        return self.process.poll() is not None

    def load(self, level: int) -> None:
        """Have it load what workers of that level need, before one is asked for."""
        with contextlib.suppress(OSError):  # whoever asks for a worker will see that it is dead
            self.control.send(json.dumps({"level": level}).encode())

    async def fork(self, level: int, room: int = 0) -> Worker:
        """A new worker, allowed so many bytes more. Raises WatcherError if none starts."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        settings = {
            "level": level,
            "memory": self.limits.memory + room,
            "resident": self.limits.resident + room,
            "jobs": self.limits.jobs,
        }
        try:
            with theirs:
                socket.send_fds(self.control, [json.dumps(settings).encode()], [theirs.fileno()])
            async with asyncio.timeout(_START_TIMEOUT):
                await _readable(ours)
            _hello, descriptors, _flags, _address = socket.recv_fds(ours, 1, 1)
            return Worker(ours, descriptors[0], level, room)
        except BaseException as error:
            ours.close()
            if isinstance(error, IndexError):
                problem = "worker processes do not start, see the error on stderr"
                raise WatcherError(problem) from None
            if isinstance(error, OSError | TimeoutError):
                raise WatcherError(f"worker processes do not start: {error!r}") from None
            raise

    def stop(self) -> None:
        self.stopped = True
        self.control.close()
        self.process.kill()
        self.process.wait()


async def _readable(channel: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(channel, ready.set_result, None)
    try:
        await ready
    finally:
        loop.remove_reader(channel)
