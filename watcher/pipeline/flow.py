"""Leased work, taken in as room comes free, done concurrently, written in batches.

The one loop behind polling and reading: a slow unit holds its own place and nobody else's, a slow
host its own share of the places, and what finishes while a batch is being written makes up the next
batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from watcher.errors import RefusedError, StorageError

_log = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")
O = TypeVar("O")  # noqa: E741

WRITE_AT_MOST = 256
ENOUGH = 8
"""Units in hand of one host with which it needs no more: some seconds' work, at its pace."""
LOOK_AGAIN = 1.0
"""Seconds after which an intake that ran dry looks for newly due work while some is in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[U, O]):
    """One kind of leased work."""

    intake: int
    """Units in hand at most."""
    identify: Callable[[U], Hashable]
    claim: Callable[[int, Collection[str]], Awaitable[Sequence[U]]]
    """Given the room, and the hosts of which enough is in hand."""
    work: Callable[[U], Awaitable[O]]
    """Never raises for expected trouble; what it raises ends the run."""
    record: Callable[[list[tuple[U, O]]], Awaitable[None]]
    release: Callable[[list[U]], Awaitable[None]]
    host: Callable[[U], str | None] = lambda _unit: None
    """Whom a unit waits for, if anyone."""
    gather: float = 0.0
    """Seconds for which what finishes early waits for company at most: each commit waits for the
    disk, some 5 ms."""


async def write_each(
    rows: Sequence[T],
    write: Callable[[Sequence[T]], Awaitable[None]],
    give_up: Callable[[T], Awaitable[None]],
) -> None:
    """Write all rows at once; where that fails, one by one, and give up those that still fail.

    A row that can't be written would otherwise come back for ever, with its whole batch. Trouble
    with the database itself is nobody's fault and is raised.
    """
    try:
        await write(rows)
    except Exception as error:
        if isinstance(error, StorageError) and not isinstance(error, RefusedError):
            raise
        if len(rows) == 1:
            # What a database says of a row repeats the row: its type is enough.
            shown = None if isinstance(error, StorageError) else error
            _log.error("a result can't be written: %s", error, exc_info=shown)
            await give_up(rows[0])
            return
        for row in rows:
            await write_each([row], write, give_up)


async def together(*runs: Awaitable[object]) -> None:
    """Run all to their end. The first that fails ends the others, which give their leases back."""
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Flow(Generic[U, O]):
    """Runs a stage until nothing is due and nothing is in hand."""

    def __init__(self, stage: Stage[U, O], stopping: asyncio.Event) -> None:
        self._stage = stage
        self._stopping = stopping
        self._done: asyncio.Queue[tuple[U, O] | BaseException] = asyncio.Queue()
        self._in_hand: dict[Hashable, tuple[U, asyncio.Task[None]]] = {}
        self._dry_until = 0.0
        self._passed_over: frozenset[str] = frozenset()
        """Hosts that the last claim left out, since enough of them was in hand."""
        self._enough = asyncio.Event()
        """Nothing more is worth waiting for before what is done is written."""

    async def run(self) -> int:
        """Returns how many units were done. Cancelled or failing, it gives its leases back."""
        done = 0
        try:
            while True:
                await self._fill()
                if not self._in_hand:
                    return done
                done += await self._write_finished()
        finally:
            await self._give_back()

    async def _fill(self) -> None:
        """Take in until half the places are taken or nothing is left to take.

        One claim would not do: the backlog of one host can hide the others from it, and is out of
        the way of the next claim.
        """
        while (room := self._stage.intake - len(self._in_hand)) >= self._stage.intake / 2:
            if time.monotonic() < self._dry_until:
                return
            if not await self._take_in(room):
                self._dry_until = time.monotonic() + LOOK_AGAIN

    def _full(self) -> frozenset[str]:
        """Hosts that would only keep waiting what else is claimed of them."""
        hosts = Counter(self._stage.host(unit) for unit, _task in self._in_hand.values())
        return frozenset(host for host, units in hosts.items() if host and units >= ENOUGH)

    async def _take_in(self, room: int) -> bool:
        if self._stopping.is_set():
            return False
        self._passed_over = self._full()
        claimed = await self._claim(room)
        before = len(self._in_hand)
        for unit in claimed:
            identity = self._stage.identify(unit)
            # Work that waits long for its host outlives its lease, which this claim renews.
            if identity not in self._in_hand:
                task = asyncio.create_task(self._work(unit))
                self._in_hand[identity] = (unit, task)
        return len(self._in_hand) > before

    async def _claim(self, room: int) -> Sequence[U]:
        """A stop that comes during a claim gives back what the claim brings."""
        claiming = asyncio.ensure_future(self._stage.claim(room, self._passed_over))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self._stage.release(list(await claiming))
            raise

    async def _work(self, unit: U) -> None:
        try:
            self._done.put_nowait((unit, await self._stage.work(unit)))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._done.put_nowait(error)
        if not self._worth_waiting():
            self._enough.set()

    def _worth_waiting(self) -> bool:
        """Beside the one result being held, others may yet come to be written with it."""
        return self._done.qsize() + 1 < min(WRITE_AT_MOST, len(self._in_hand))

    async def _write_finished(self) -> int:
        try:
            finished = [await asyncio.wait_for(self._done.get(), LOOK_AGAIN)]
        except TimeoutError:
            return 0
        if self._stage.gather and self._worth_waiting():
            self._enough.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), self._stage.gather)
        while not self._done.empty() and len(finished) < WRITE_AT_MOST:
            finished.append(self._done.get_nowait())
        batch = []
        for outcome in finished:
            if isinstance(outcome, BaseException):
                raise outcome
            batch.append(outcome)
        await self._stage.record(batch)
        for unit, _outcome in batch:
            self._in_hand.pop(self._stage.identify(unit), None)
        if self._passed_over - self._full():
            self._dry_until = 0.0  # what was passed over may be taken now
        return len(batch)

    async def _give_back(self) -> None:
        left = list(self._in_hand.values())
        self._in_hand.clear()
        if not left:
            return
        for _unit, task in left:
            task.cancel()
        await asyncio.gather(*(task for _unit, task in left), return_exceptions=True)
        await asyncio.shield(self._stage.release([unit for unit, _task in left]))
