"""The sample news web: every outlet as its own site on loopback, with validators and 304s.

Where the system lets a program use all of 127.0.0.0/8 (Linux), each outlet has its own address;
elsewhere they share 127.0.0.1 on different ports. Nothing listens outside loopback.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self

from aiohttp import web

from watcher.demo import content
from watcher.demo.content import EntryKind, FeedFormat, Outlet, SampleEntry
from watcher.demo.render import Body, PlacedEntry, SiteRenderer
from watcher.errors import WatcherError

_FIRST_HOST = 11
_GRACE = 1.0
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFeed:
    """A feed that can be polled, as a configuration would name it."""

    url: str
    name: str
    publisher: str
    lang: str
    format: FeedFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is true about one published entry, for tests and for the closing summary."""

    url: str
    """The article page, without tracking parameters."""
    outlet: str
    lang: str
    title: str
    kind: EntryKind
    story: str | None
    trap: str | None
    published_at: datetime
    reprint_of: str | None
    """Address of the article that this one repeats nearly word for word."""
    gone: bool

    @property
    def on_topic(self) -> bool:
        return self.kind is EntryKind.ON_TOPIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request that a site answered."""

    outlet: str
    path: str
    status: int


class SampleWeb:
    """Serves all outlets while the ``async with`` block runs; ``now`` dates their news."""

    def __init__(self, now: datetime, outlets: Sequence[Outlet] | None = None) -> None:
        self.now = now
        self.visits: list[Visit] = []
        self._outlets = content.outlets() if outlets is None else tuple(outlets)
        self._renderers: dict[str, SiteRenderer] = {}
        self._bodies: dict[str, dict[str, Body]] = {}
        self._released: datetime | None = None
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            for number, outlet in enumerate(self._outlets):
                await self._serve(opening, number, outlet)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    @property
    def feeds(self) -> tuple[SampleFeed, ...]:
        """Every feed of the web, in the order of the outlets."""
        return tuple(
            SampleFeed(
                url=site.base + site.feed_path,
                name=site.outlet.name,
                publisher=site.outlet.publisher,
                lang=site.outlet.lang,
                format=site.outlet.format,
            )
            for site in self._renderers.values()
        )

    def facts(self) -> tuple[Fact, ...]:
        """What is true about every entry that the feeds list now."""
        return tuple(
            self._fact(site, placed)
            for site in self._renderers.values()
            for placed in self._placed(site.outlet)
        )

    def release(self, now: datetime) -> tuple[Fact, ...]:
        """Publish the entries held back so far; the outlets' sites stay unchanged."""
        before = {fact.url for fact in self.facts()}
        self._released = now
        for site in self._renderers.values():
            if any(entry.held for entry in site.outlet.entries):
                self._bodies[site.outlet.id] = site.site(self._placed(site.outlet))
        return tuple(fact for fact in self.facts() if fact.url not in before)

    async def _serve(self, opening: AsyncExitStack, number: int, outlet: Outlet) -> None:
        listener = _listen(f"127.0.0.{_FIRST_HOST + number}")
        host, port = listener.getsockname()[:2]
        site = SiteRenderer(outlet, f"http://{host}:{port}")
        self._renderers[outlet.id] = site
        self._bodies[outlet.id] = site.site(self._placed(outlet))
        runner = web.ServerRunner(
            web.Server(partial(self._answer, outlet.id)), shutdown_timeout=_GRACE
        )
        opening.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, listener).start()

    def _placed(self, outlet: Outlet) -> list[PlacedEntry]:
        released = self._released
        placed = []
        for entry in outlet.entries:
            since = released if entry.held else self.now
            if since is not None:
                placed.append(PlacedEntry(entry=entry, published=since - entry.age))
        return placed

    def _fact(self, site: SiteRenderer, placed: PlacedEntry) -> Fact:
        entry = placed.entry
        return Fact(
            url=site.base + entry.path,
            outlet=site.outlet.id,
            lang=site.outlet.lang,
            title=entry.title,
            kind=entry.kind,
            story=entry.story,
            trap=entry.trap,
            published_at=placed.published,
            reprint_of=self._original(entry),
            gone=entry.gone,
        )

    def _original(self, entry: SampleEntry) -> str | None:
        if entry.reprint_of is None:
            return None
        outlet, _, slug = entry.reprint_of.partition("/")
        return f"{self._renderers[outlet].base}/news/{slug}"

    async def _answer(self, outlet: str, request: web.BaseRequest) -> web.StreamResponse:
        response = _respond(self._bodies[outlet].get(request.path), request)
        self.visits.append(Visit(outlet=outlet, path=request.path, status=response.status))
        return response


def _respond(body: Body | None, request: web.BaseRequest) -> web.Response:
    if request.method not in {"GET", "HEAD"}:
        return web.Response(status=405, headers={"Allow": "GET, HEAD"})
    if body is None:
        return web.Response(status=404, text="<h1>404</h1>", content_type="text/html")
    unchanged = _unchanged(body, request)
    response = web.Response(
        status=304 if unchanged else 200,
        body=None if unchanged else body.content,
        headers={"ETag": f'"{body.etag}"', "Cache-Control": "max-age=60"},
    )
    response.last_modified = body.modified
    if not unchanged:
        # No charset here: the reader has to find it in the XML declaration or the meta tag.
        response.content_type = body.content_type
        response.enable_compression()
    return response


def _unchanged(body: Body, request: web.BaseRequest) -> bool:
    """RFC 9110, 13.2.2: the date counts only where no entity tag was sent."""
    tags = request.if_none_match
    if tags is not None:
        return any(tag.value in {body.etag, "*"} for tag in tags)
    since = request.if_modified_since
    return since is not None and body.modified - since < timedelta(seconds=1)


def _listen(address: str) -> socket.socket:
    try:
        return _reachable_listener(address)
    except OSError:
        # Only Linux answers on all of 127.0.0.0/8 without set-up.
        return loopback_listener()


def _reachable_listener(address: str) -> socket.socket:
    """Raises OSError also where listening is allowed and nothing gets through (a network
    namespace whose loopback is down, a strict firewall)."""
    listener = socket.create_server((address, 0))
    try:
        socket.create_connection(listener.getsockname(), timeout=_PATIENCE).close()
    except OSError:
        listener.close()
        raise
    return listener


def loopback_listener() -> socket.socket:
    """A listening socket on 127.0.0.1 with a free port; WatcherError where that is impossible."""
    try:
        return _reachable_listener("127.0.0.1")
    except OSError as error:
        raise WatcherError(
            f"the demo needs the loopback address 127.0.0.1, which can't be used here "
            f"({error.strerror or error}); run it where local sockets are allowed"
        ) from error
