"""Taking turns: how many requests at once, and how far apart, at one domain and one address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_MAX_STRAIN = 5
_STRAIN_IS_FORGOTTEN = 3600.0
_SWEEP_FROM = 1024
_PATIENCE = 30.0
"""For so many seconds a request waits for a domain that asked to be let alone; else it fails."""
_LONGEST_HOLD = 3600.0
"""A single page may ask for a day; its whole domain is tried again after an hour."""


class HeldBackError(Exception):
    """The domain wants no request for a while: so it answered to the address ``told``."""

    def __init__(self, seconds: float, told: str = "") -> None:
        super().__init__(f"held back for {seconds:.0f} s")
        self.seconds = seconds
        self.told = told


@dataclass(slots=True)
class _Lane:
    """One registered domain."""

    slots: asyncio.Semaphore
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one who starts next."""
    users: int = 0
    next_start: float = 0.0
    held_until: float = 0.0
    """The domain asked to be let alone until then."""
    told: str = ""
    """The address to which it said so."""
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
        self, domain: str, addresses: Sequence[str], *, spaced: bool = True
    ) -> AsyncIterator[None]:
        """Wait for our turn at a domain, and at each address that the request may go to.

        Not ``spaced``: the domain itself sent us on, so that this is still the same visit.
        Raises HeldBackError where the domain asked to be let alone for long. Taken in the order
        domain, addresses as they are sorted, all, so nobody waits in a circle, and those who wait
        for a busy domain or address don't keep the others from starting.
        """
        lane = self._lane(domain)
        lane.users += 1
        try:
            async with lane.slots:
                async with lane.gate:
                    await self._start(lane, addresses, spaced=spaced)
                try:
                    yield
                finally:
                    self._all.release()
                    self._leave(addresses)
        finally:
            lane.users -= 1

    def heard(self, domain: str, *, too_many: bool, wait: float = 0.0, told: str = "") -> None:
        """Widen the spacing of a domain that says "too many requests"; narrow it again later.

        ``wait`` are the seconds for which it asks to be let alone, ``told`` the address asked.
        """
        lane = self._lanes.get(domain)
        if lane is None:
            return
        if too_many:
            lane.strain = min(lane.strain + 1, _MAX_STRAIN)
            lane.next_start = max(lane.next_start, time.monotonic() + self._spacing(lane))
            until = time.monotonic() + min(wait, _LONGEST_HOLD)
            if until > lane.held_until:
                lane.held_until, lane.told = until, told
        elif lane.strain:
            lane.strain -= 1

    def _spacing(self, lane: _Lane) -> float:
        return self._delay * float(1 << lane.strain)

    async def _start(self, lane: _Lane, addresses: Sequence[str], *, spaced: bool) -> None:
        # A loop, because an answer to the previous request may move the start further away.
        while spaced and (wait := _wait_for(lane)) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        joined: list[str] = []
        try:
            for address in addresses:
                await self._join(address)
                joined.append(address)
            await self._all.acquire()
        except BaseException:
            self._leave(joined)
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

    def _leave(self, addresses: Sequence[str]) -> None:
        for address in addresses:
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
            or max(lane.next_start, lane.held_until) > now
            or (lane.strain and lane.next_start + _STRAIN_IS_FORGOTTEN > now)
        }
        # Twice what is in use: sweeping stays cheap for each new domain.
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._lanes))


def _wait_for(lane: _Lane) -> float:
    """Seconds until the domain may be asked; raises HeldBackError where those are too many."""
    now = time.monotonic()
    if lane.held_until - now > _PATIENCE:
        raise HeldBackError(lane.held_until - now, lane.told)
    return max(lane.next_start, lane.held_until) - now
