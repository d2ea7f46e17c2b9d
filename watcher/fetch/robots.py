"""robots.txt as RFC 9309 has it: the rules for our name, the longest matching path wins."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, unquote_to_bytes

from yarl import URL

from watcher.model import Failure, FailureReason

_MAX_LINES = 50_000
_MAX_RULE = 2048
_MAX_STARS = 20
_TTL = 24 * 3600.0
_FAILURE_TTL = 600.0
_MAX_SITES = 2_000


@dataclass(frozen=True, slots=True)
class _Rule:
    allow: bool
    pieces: tuple[str, ...]
    """The path pattern, split at its stars."""
    anchored: bool
    """Ended with ``$``."""
    length: int

    def matches(self, path: str) -> bool:
        first, *rest = self.pieces
        if not path.startswith(first):
            return False
        at = len(first)
        if not rest:
            return not self.anchored or at == len(path)
        # Leftmost places suffice for all but an anchored last piece: no backtracking.
        for piece in rest[:-1]:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        last = rest[-1]
        if self.anchored:
            return len(path) - len(last) >= at and path.endswith(last)
        return path.find(last, at) >= 0


@dataclass(frozen=True, slots=True)
class Robots:
    """What one site's robots.txt lets us read."""

    rules: tuple[_Rule, ...] = ()
    """The one that decides before the others: the longest first, of equals what allows."""

    def allows(self, path: str) -> bool:
        """Whether a path (with its query) may be read; the longest rule decides, ties allow."""
        if not self.rules or path == "/robots.txt":
            return True
        path = _normal(path) or "/"
        return next((rule.allow for rule in self.rules if rule.matches(path)), True)


def parse_robots(body: bytes, agent: str) -> Robots:
    """Rules of all groups for ``agent`` (a name without version), else of those for ``*``."""
    mine: list[_Rule] = []
    anyone: list[_Rule] = []
    named = False
    agents: set[str] = set()
    in_rules = False
    for key, value in _lines(body):
        if key == "user-agent":
            agents = {value.lower()} if in_rules else agents | {value.lower()}
            in_rules = False
            named = named or agent.lower() in agents
        elif key in ("allow", "disallow"):
            in_rules = True
            if value:  # an empty Disallow forbids nothing
                rule = _rule(value, allow=key == "allow")
                if agent.lower() in agents:
                    mine.append(rule)
                elif "*" in agents:
                    anyone.append(rule)
    rules = mine if named else anyone
    return Robots(tuple(sorted(rules, key=lambda rule: (-rule.length, not rule.allow))))


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    for line in text.splitlines()[:_MAX_LINES]:
        key, colon, value = line.partition("#")[0].partition(":")
        if colon and len(value) <= _MAX_RULE:
            yield key.strip().lower(), value.strip()


def _rule(pattern: str, *, allow: bool) -> _Rule:
    anchored = pattern.endswith("$")
    body = pattern.removesuffix("$")
    pieces = tuple(_normal(piece) for piece in body.split("*", _MAX_STARS))
    return _Rule(allow, pieces, anchored, len(body))


def _normal(path: str) -> str:
    """Percent encoding made equal on both sides: what needs none loses it, the rest gains it."""
    return quote(unquote_to_bytes(path), safe="/?=&:@!$'()*+,;~-._%")


class RobotsCache:
    """Remembers what sites' robots.txt say, asking each site once even when many wait for it."""

    def __init__(self, load: Callable[[URL, datetime], Awaitable[Robots | Failure]]) -> None:
        self._load = load
        self._known: OrderedDict[URL, tuple[float, Robots | Failure]] = OrderedDict()
        self._locks: dict[URL, asyncio.Lock] = {}

    async def refusal(self, url: URL, now: datetime) -> Failure | None:
        """Why a page may not be read now; None: it may."""
        origin = url.origin()
        robots = self._recall(origin)
        if robots is None:
            async with self._locks.setdefault(origin, asyncio.Lock()):
                robots = self._recall(origin)
                if robots is None:
                    robots = await self._load(origin, now)
                    self._remember(origin, robots)
            self._locks.pop(origin, None)
        if isinstance(robots, Failure):
            return replace(robots, detail=f"robots.txt: {robots.detail}")
        if robots.allows(url.raw_path_qs):
            return None
        return Failure(reason=FailureReason.ROBOTS, detail="robots.txt asks not to read this page")

    def _recall(self, origin: URL) -> Robots | Failure | None:
        until, robots = self._known.get(origin, (0.0, None))
        return robots if until > time.monotonic() else None

    def _remember(self, origin: URL, robots: Robots | Failure) -> None:
        ttl = _FAILURE_TTL if isinstance(robots, Failure) else _TTL
        self._known[origin] = (time.monotonic() + ttl, robots)
        self._known.move_to_end(origin)
        if len(self._known) > _MAX_SITES:
            self._known.popitem(last=False)
