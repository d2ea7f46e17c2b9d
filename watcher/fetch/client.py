"""The one function that talks HTTP to the outside world."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from watcher.model import Failure, FailureReason
from watcher.urls import registered_domain

from .body import TooLargeError, read_beginning, read_body
from .exchange import FetchSettings, Request, Response
from .guard import Guard, web_url
from .headers import freshness, plain
from .journey import Journey
from .pace import HeldBackError, Pacer
from .resolve import Resolver
from .robots import Robots, RobotsCache, parse_robots
from .trouble import EXPECTED, explained

if TYPE_CHECKING:
    import ssl

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = {
    "feed": "application/rss+xml, application/atom+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
    "page": "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.5",
}
_NOT_TEXT = ("image/", "video/", "audio/", "font/", "application/pdf", "application/zip")
"""Content types not worth a transfer, whatever was asked for."""
_BIG_BODIES = 8
"""So many bodies over a megabyte are held at once: the others wait, within their deadline."""
_KEEP_ALIVE_SECONDS = 5.0
# Real sites send policies and cookies far over aiohttp's default of 8,190 bytes.
_MAX_HEADER = 65_536
_ROBOTS_BYTES = 1_000_000
"""Read of a robots.txt, and obeyed; RFC 9309 asks for 500 KiB at least."""
_LONG_ROBOTS = 50_000
_ROBOTS_ABSENT = frozenset(
    {
        FailureReason.HTTP_401,
        FailureReason.HTTP_403,
        FailureReason.HTTP_404,
        FailureReason.HTTP_410,
        FailureReason.HTTP_4XX,
        FailureReason.NOT_A_PAGE,
        FailureReason.TOO_MANY_REDIRECTS,
    }
)
"""A robots.txt that can't be had for such reasons forbids nothing (RFC 9309, 2.3.1)."""


class Fetcher:
    """Fetches over HTTP, politely and warily. An async context manager, for one event loop.

    Expected trouble comes back as a ``Failure``; only cancellation is raised.
    """

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._guard = Guard(settings.allow_private_addresses, settings.ports)
        self._resolver = Resolver(self._guard, settings.connect_timeout.total_seconds())
        self._pacer = Pacer(
            concurrency=settings.concurrency,
            per_host=settings.per_host,
            per_host_delay=settings.per_host_delay.total_seconds(),
            per_address=settings.per_address,
        )
        self._headers = _header_sets(settings)
        self._robots = RobotsCache(self._load_robots)
        self._big_bodies = asyncio.Semaphore(_BIG_BODIES)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        settings = self._settings
        connector = aiohttp.TCPConnector(
            ssl=_trusting(settings.ca_file) if settings.ca_file else True,
            resolver=self._resolver,
            use_dns_cache=False,  # the resolver remembers, failures too
            limit=0,  # the pacer limits
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            socket_factory=self._guard.open_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None,  # ours covers all redirects together, see _ask
                connect=settings.connect_timeout.total_seconds(),
                sock_read=settings.read_timeout.total_seconds(),
            ),
            auto_decompress=False,  # read_body does it, within bounds
            trust_env=False,  # a proxy would connect where the guard can't see it
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._resolver.stop()

    async def fetch(self, request: Request, *, now: datetime) -> Response | Failure:
        """Fetch one address, following redirects. ``now`` is for dates in headers only."""
        url = web_url(request.url)
        if isinstance(url, str):
            return Failure(reason=FailureReason.BAD_URL, detail=url, url=request.url)
        journey = Journey(request, url, self._headers[request.accept], self._settings)
        asks_robots = (
            self._settings.robots and request.accept == "page" and not request.ignore_robots
        )
        while True:
            refusal = await self._robots.refusal(journey.url, now) if asks_robots else None
            if refusal is not None:
                return replace(refusal, url=request.url)
            outcome = await self._ask(journey, now)
            if outcome is not None:
                return outcome

    async def _ask(self, journey: Journey, now: datetime) -> Response | Failure | None:
        """Ask the server where the journey stands; None: it sent the journey elsewhere."""
        host = journey.url.raw_host or ""
        domain, numeric = _lane_of(host)
        try:
            addresses = (domain,) if numeric else await self._resolver.addresses_of(host)
            spaced = domain != journey.domain
            journey.domain = domain
            async with self._pacer.turn(domain, addresses, spaced=spaced):
                journey.start_clock()
                try:
                    async with asyncio.timeout(journey.budget):
                        outcome = await self._exchange(journey, now)
                finally:
                    journey.stop_clock()
        except HeldBackError as held:
            return journey.held_back(domain, held.told, timedelta(seconds=held.seconds), now)
        except EXPECTED as error:
            return journey.failed(*explained(error))
        too_many = isinstance(outcome, Failure) and _says_too_many(outcome)
        asked = outcome.retry_after if isinstance(outcome, Failure) and too_many else None
        self._pacer.heard(
            domain,
            too_many=too_many,
            wait=asked.total_seconds() if asked else 0.0,
            told=journey.request.url,
        )
        return outcome

    async def _exchange(self, journey: Journey, now: datetime) -> Response | Failure | None:
        if self._session is None:
            raise RuntimeError("the Fetcher is not open: use it as an async context manager")
        response = await self._session.get(
            journey.url, headers=journey.headers, allow_redirects=False
        )
        try:
            status = response.status
            if status == 304 and journey.conditional:
                return _response(journey, response, None, 0, now)
            if status in _REDIRECTS:
                return journey.redirected(response)
            if status >= 300 or status < 200 or status == 206:  # a part that nobody asked for
                return journey.refused(response, now)
            if (odd := _not_text(response)) is not None:
                return journey.misplaced(odd)
            body, wire = await self._body(journey, response)
            return _response(journey, response, body, wire, now)
        finally:
            # Feeds are polled minutes apart: keeping thousands of idle connections helps nobody.
            if journey.request.accept == "feed":
                response.close()
            else:
                response.release()

    async def _body(self, journey: Journey, response: aiohttp.ClientResponse) -> tuple[bytes, int]:
        limit = journey.max_bytes
        encoding = response.headers.get("Content-Encoding", "")
        if journey.request.beginning:
            return await read_beginning(response.content, encoding, limit)
        too_large = f"over {limit:,} bytes"
        if (response.content_length or 0) > limit:
            raise TooLargeError(too_large)
        try:
            return await read_body(response.content, encoding, limit, self._big_bodies)
        except TooLargeError:
            raise TooLargeError(too_large) from None

    async def _load_robots(self, origin: URL, now: datetime) -> Robots | Failure:
        request = Request(
            url=str(origin / "robots.txt"),
            accept="page",
            ignore_robots=True,
            max_bytes=_ROBOTS_BYTES,
            beginning=True,
        )
        outcome = await self.fetch(request, now=now)
        if isinstance(outcome, Response):
            agent = self._settings.user_agent.partition("/")[0]
            body = outcome.body or b""
            if len(body) > _LONG_ROBOTS:  # takes up to half a second, in which others go on
                return await asyncio.to_thread(parse_robots, body, agent)
            return parse_robots(body, agent)
        return Robots() if outcome.reason in _ROBOTS_ABSENT else outcome


def _response(
    journey: Journey, answer: aiohttp.ClientResponse, body: bytes | None, wire: int, now: datetime
) -> Response:
    headers = answer.headers
    kept = journey.request if body is None else None
    return Response(
        url=str(journey.url) if journey.hops else journey.request.url,
        status=answer.status,
        body=body,
        content_type=plain(headers.get("Content-Type", "")),
        etag=plain(headers.get("ETag", "")) or (kept.etag if kept else None),
        last_modified=plain(headers.get("Last-Modified", ""))
        or (kept.last_modified if kept else None),
        max_age=freshness(headers, now),
        permanent_url=str(journey.url) if journey.hops and journey.permanent else None,
        redirects=journey.hops,
        wire_bytes=wire,
        elapsed=timedelta(seconds=journey.elapsed),
    )


def _not_text(response: aiohttp.ClientResponse) -> str | None:
    kind = response.headers.get("Content-Type", "").lower()
    return next((each for each in _NOT_TEXT if kind.startswith(each)), None)


def _says_too_many(outcome: Failure) -> bool:
    return outcome.status == 429 or (outcome.status == 503 and outcome.retry_after is not None)


def _header_sets(settings: FetchSettings) -> Mapping[str, CIMultiDict[str]]:
    agent = settings.user_agent
    if settings.contact:
        agent = f"{agent} (news watcher; contact: {settings.contact})"
    common = {
        "User-Agent": "".join(c for c in agent if " " <= c <= "~"),
        "Accept-Encoding": "gzip, deflate, br",
    }
    sets = {kind: CIMultiDict({**common, "Accept": accept}) for kind, accept in _ACCEPT.items()}
    sets["feed"]["Connection"] = "close"
    return sets


@lru_cache(maxsize=16_384)
def _lane_of(host: str) -> tuple[str, bool]:
    """What to pace by, and whether it is a numeric address, which stands for itself."""
    try:
        return str(ip_address(host)), True
    except ValueError:
        return registered_domain(host) or host, False


def _trusting(ca_file: str) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=ca_file)
