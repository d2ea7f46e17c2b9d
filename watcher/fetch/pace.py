"""Taking turns: how many requests at once, and how far apart, at one domain and one address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_MAX_STRAIN = 5
_STRAIN_IS_FORGOTTEN = 3600.0
_SWEEP_FROM = 1024


@dataclass(slots=True)
class _Lane:
    """One registered domain."""

    slots: asyncio.Semaphore
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one who starts next."""
    users: int = 0
    next_start: float = 0.0
    strain: int = 0
    """Rises when the domain says "too many", falls when it answers; doubles the spacing."""


@dataclass(slots=True)
class _Crowd:
    """One resolved address."""

    slots: asyncio.Semaphore
    users: int = 0


class Pacer:
    """Limits per registered domain, per address and in all; forgets those that are idle."""

    def __init__(
        self, *, concurrency: int, per_host: int, per_host_delay: float, per_address: int
    ) -> None:
        self._all = asyncio.Semaphore(concurrency)
        self._per_host = per_host
        self._delay = per_host_delay
        self._per_address = per_address
        self._lanes: dict[str, _Lane] = {}
        self._crowds: dict[str, _Crowd] = {}
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        """How many domains and addresses are remembered."""
        return len(self._lanes) + len(self._crowds)

    @asynccontextmanager
    async def turn(
        self, domain: str, address: str | None, *, spaced: bool = True
    ) -> AsyncIterator[None]:
        """Wait for our turn at a domain, and at the address it resolved to where it was a name.

        Not ``spaced``: the domain itself sent us on, so that this is still the same visit.
        Taken in the order domain, address, all, so nobody waits in a circle, and those who wait
        for a busy domain or address don't keep the others from starting.
        """
        lane = self._lane(domain)
        lane.users += 1
        try:
            async with lane.slots:
                async with lane.gate:
                    await self._start(lane, address, spaced=spaced)
                try:
                    yield
                finally:
                    self._all.release()
                    self._leave(address)
        finally:
            lane.users -= 1

    def heard(self, domain: str, *, too_many: bool) -> None:
        """Widen the spacing of a domain that says "too many requests"; narrow it again later."""
        lane = self._lanes.get(domain)
        if lane is None:
            return
        if too_many:
            lane.strain = min(lane.strain + 1, _MAX_STRAIN)
            lane.next_start = max(lane.next_start, time.monotonic() + self._spacing(lane))
        elif lane.strain:
            lane.strain -= 1

    def _spacing(self, lane: _Lane) -> float:
        return self._delay * float(1 << lane.strain)

    async def _start(self, lane: _Lane, address: str | None, *, spaced: bool) -> None:
        # A loop, because an answer to the previous request may move the start further away.
        while spaced and (wait := lane.next_start - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        if address is not None:
            await self._join(address)
        try:
            await self._all.acquire()
        except BaseException:
            self._leave(address)
            raise
        lane.next_start = max(lane.next_start, time.monotonic() + self._spacing(lane))

    async def _join(self, address: str) -> None:
        crowd = self._crowds.get(address)
        if crowd is None:
            crowd = self._crowds[address] = _Crowd(asyncio.Semaphore(self._per_address))
        crowd.users += 1
        try:
            await crowd.slots.acquire()
        except BaseException:
            self._forget_user(address, crowd)
            raise

    def _leave(self, address: str | None) -> None:
        if address is None:
            return
        crowd = self._crowds[address]
        crowd.slots.release()
        self._forget_user(address, crowd)

    def _forget_user(self, address: str, crowd: _Crowd) -> None:
        crowd.users -= 1
        if not crowd.users:
            del self._crowds[address]

    def _lane(self, domain: str) -> _Lane:
        lane = self._lanes.get(domain)
        if lane is None:
            if len(self._lanes) >= self._sweep_at:
                self._sweep()
            lane = self._lanes[domain] = _Lane(asyncio.Semaphore(self._per_host))
        return lane

    def _sweep(self) -> None:
        now = time.monotonic()
        self._lanes = {
            domain: lane
            for domain, lane in self._lanes.items()
            if lane.users
            or lane.next_start > now
            or (lane.strain and lane.next_start + _STRAIN_IS_FORGOTTEN > now)
        }
        # Twice what is in use: sweeping stays cheap for each new domain.
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._lanes))
