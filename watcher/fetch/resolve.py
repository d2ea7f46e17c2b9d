"""Name lookups: in threads of their own, remembered for a while, failures too."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult

from .guard import ForbiddenAddressError, Guard

_TTL = 300.0
_FAILURE_TTL = 60.0
_MAX_NAMES = 10_000
_AT_ONCE = 32
_MAX_THREADS = 128
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

Addresses = tuple[tuple[socket.AddressFamily, str], ...]


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    found: Addresses | OSError


@dataclass(frozen=True, slots=True)
class _Job:
    host: str
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Addresses | OSError]


class Resolver(AbstractResolver):
    """getaddrinfo, for aiohttp and for the limit per address.

    asyncio's own threads are few and are waited for at exit; a dead name server holds a lookup for
    up to half a minute, so that a few dead names would stall all others, and the shutdown. These
    threads are daemons, and one that is stuck is given up and replaced.
    """

    def __init__(self, guard: Guard, timeout: float) -> None:
        self._guard = guard
        self._timeout = timeout
        self._known: dict[str, _Known] = {}
        self._under_way: dict[str, asyncio.Task[Addresses]] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._waiting = 0
        """Jobs that no thread has finished yet."""

    async def lookup(self, host: str) -> Addresses:
        """Addresses of a name, one at least; raises socket.gaierror where there are none."""
        known = self._known.get(host)
        if known is None or known.until < time.monotonic():
            return await self._ask_once(host)
        if isinstance(known.found, OSError):
            raise known.found
        return known.found

    async def addresses_of(self, host: str) -> tuple[str, ...]:
        """All addresses that a request may go to, in an order of their own."""
        return tuple(sorted({address for _, address in await self.lookup(host)}))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """aiohttp's question; leaves out addresses that the guard would refuse anyway."""
        found = await self.lookup(host)
        refusals = {address: self._guard.refusal(address, port) for _, address in found}
        reasons = [reason for reason in refusals.values() if reason is not None]
        if len(reasons) == len(refusals):
            raise ForbiddenAddressError(reasons[0])
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=kind, proto=0, flags=_NUMERIC
            )
            for kind, address in found
            if refusals[address] is None and family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Part of aiohttp's interface; see ``stop``."""
        self.stop()

    def stop(self) -> None:
        """Let idle threads end; one that is stuck ends when its lookup does."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0
        for task in self._under_way.values():
            task.cancel()

    async def _ask_once(self, host: str) -> Addresses:
        task = self._under_way.get(host)
        if task is None:
            task = self._under_way[host] = asyncio.create_task(self._ask(host))
            task.add_done_callback(lambda done: self._asked(host, done))
        # Whoever gives up first must not take the answer from the others.
        return await asyncio.shield(task)

    def _asked(self, host: str, done: asyncio.Task[Addresses]) -> None:
        self._under_way.pop(host, None)
        if not done.cancelled():
            done.exception()  # asyncio complains about errors that nobody waited for

    async def _ask(self, host: str) -> Addresses:
        async with self._at_once:
            try:
                async with asyncio.timeout(self._timeout):
                    found = await self._in_thread(host)
            except TimeoutError:
                found = socket.gaierror(socket.EAI_AGAIN, "the name lookup took too long")
        self._remember(host, found)
        if isinstance(found, OSError):
            raise found
        return found

    async def _in_thread(self, host: str) -> Addresses | OSError:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Addresses | OSError] = loop.create_future()
        self._waiting += 1
        if self._waiting > self._threads and self._threads < _MAX_THREADS:
            self._threads += 1
            threading.Thread(target=self._work, name="lookup", daemon=True).start()
        self._jobs.put(_Job(host, loop, done))
        return await done

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            found = _getaddrinfo(job.host)
            try:
                job.loop.call_soon_threadsafe(self._finished, job, found)
            except RuntimeError:  # the loop has been closed meanwhile
                return

    def _finished(self, job: _Job, found: Addresses | OSError) -> None:
        self._waiting -= 1
        if not job.done.done():
            job.done.set_result(found)

    def _remember(self, host: str, found: Addresses | OSError) -> None:
        ttl = _FAILURE_TTL if isinstance(found, OSError) else _TTL
        self._known.pop(host, None)
        self._known[host] = _Known(time.monotonic() + ttl, found)
        if len(self._known) > _MAX_NAMES:
            del self._known[next(iter(self._known))]


def _getaddrinfo(host: str) -> Addresses | OSError:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError as error:
        return error
    except UnicodeError:  # an empty or overlong label
        return socket.gaierror(socket.EAI_NONAME, "not a host name")
    addresses = tuple((family, str(sockaddr[0])) for family, _, _, _, sockaddr in found)
    return addresses or socket.gaierror(socket.EAI_NONAME, "no address")
