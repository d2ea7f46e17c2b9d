"""One request on its way through redirects: where it is, what it may still spend."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta

from aiohttp import ClientResponse
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from watcher.model import Failure, FailureReason

from .exchange import MAX_HOPS, FetchSettings, Request
from .guard import web_url
from .headers import plain, retry_after
from .trouble import reason_of_status, status_line

_PERMANENT = frozenset({301, 308})
_MAX_COOKIES = 20


class Journey:
    """Mutable, lives for one ``fetch``."""

    __slots__ = (
        "_cookies",
        "_headers",
        "_left_at",
        "_visited",
        "budget",
        "domain",
        "hops",
        "max_bytes",
        "permanent",
        "request",
        "spent",
        "url",
    )

    def __init__(
        self, request: Request, url: URL, headers: CIMultiDict[str], settings: FetchSettings
    ) -> None:
        self.request = request
        self.url = url
        self.domain = ""
        """The registered domain asked last."""
        self.hops = 0
        self.permanent = True
        """No temporary redirect so far."""
        self.max_bytes = request.max_bytes or settings.max_bytes
        self.budget = (request.deadline or settings.timeout).total_seconds()
        """Seconds that may still be spent on names, servers and bodies."""
        self.spent = 0.0
        self._left_at = 0.0
        self._cookies: dict[str, dict[str, str]] = {}
        self._visited: set[tuple[URL, int]] = set()
        self._headers = headers
        if not request.force and (request.etag or request.last_modified):
            self._headers = headers.copy()
            if request.etag:
                self._headers["If-None-Match"] = request.etag
            if request.last_modified:
                self._headers["If-Modified-Since"] = request.last_modified
        elif request.force:
            self._headers = headers.copy()
            self._headers["Cache-Control"] = "no-cache"

    @property
    def conditional(self) -> bool:
        """Whether a 304 makes sense."""
        return not self.request.force and bool(self.request.etag or self.request.last_modified)

    @property
    def headers(self) -> CIMultiDict[str]:
        """Headers for the next server, with the cookies it set earlier on this journey."""
        cookies = self._cookies.get(self.url.raw_host or "") if self._cookies else None
        if not cookies:
            return self._headers
        headers = self._headers.copy()
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return headers

    def start_clock(self) -> None:
        """From here on time counts."""
        self._left_at = time.monotonic()

    def stop_clock(self) -> None:
        """Time stops counting: waiting for our turn at a server is not the server's fault."""
        seconds = time.monotonic() - self._left_at
        self.spent += seconds
        self.budget -= seconds

    @property
    def elapsed(self) -> float:
        """Seconds counted so far, the clock running."""
        return self.spent + time.monotonic() - self._left_at

    def redirected(self, response: ClientResponse) -> Failure | None:
        """Move on to where a redirect points, or say why not."""
        location = response.headers.get("Location", "")
        if not location:
            return self.failed(FailureReason.PROTOCOL, "a redirect to nowhere")
        target = web_url(location, base=self.url)
        if isinstance(target, str):
            return self.failed(FailureReason.BAD_URL, f"redirected to an address that is {target}")
        self._visited.add((self.url, self._cookie_count()))
        self._keep_cookies(response.headers)
        self.permanent = self.permanent and response.status in _PERMANENT
        self.url = target
        self.hops += 1
        if self.hops > MAX_HOPS:
            return self.failed(FailureReason.TOO_MANY_REDIRECTS, f"more than {MAX_HOPS} redirects")
        # Going in a circle only makes sense for servers that set a cookie on the way.
        if (target, self._cookie_count()) in self._visited:
            return self.failed(FailureReason.TOO_MANY_REDIRECTS, "redirected in a circle")
        return None

    def failed(self, reason: FailureReason, detail: str) -> Failure:
        """A failure of the address that was asked for."""
        if self.hops:
            detail = f"{detail} (after redirect to {self.url.raw_host})"
        return Failure(reason=reason, detail=detail, url=self.request.url)

    def held_back(self, domain: str, told: str, wait: timedelta, now: datetime) -> Failure:
        """The failure of not being asked, since the domain wants to be left alone for a while."""
        failure = self.failed(
            FailureReason.HELD_BACK,
            f"not asked: {domain} wants no request until {now + wait:%Y-%m-%d %H:%M} UTC, "
            f"as it answered to {_without_secrets(told)}",
        )
        return replace(failure, retry_after=wait)

    def refused(self, response: ClientResponse, now: datetime) -> Failure:
        """The failure that a status code stands for, with the wait that the server asks for."""
        status = response.status
        detail = status_line(status)
        if self.hops:
            detail = f"{detail} (after redirect to {self.url.raw_host})"
        return Failure(
            reason=reason_of_status(status),
            detail=detail,
            url=self.request.url,
            status=status,
            retry_after=retry_after(response.headers, now),
        )

    def misplaced(self, kind: str) -> Failure:
        """The failure for a picture, film or the like where text was expected."""
        is_feed = self.request.accept == "feed"
        reason = FailureReason.NOT_A_FEED if is_feed else FailureReason.NOT_A_PAGE
        return self.failed(reason, f"content type {kind.rstrip('/')}")

    def _cookie_count(self) -> int:
        return sum(map(len, self._cookies.values()))

    def _keep_cookies(self, headers: CIMultiDictProxy[str]) -> None:
        for line in headers.getall("Set-Cookie", ()):
            name, equals, value = plain(line.partition(";")[0]).partition("=")
            if equals and name.strip() and self._cookie_count() < _MAX_COOKIES:
                mine = self._cookies.setdefault(self.url.raw_host or "", {})
                mine[name.strip()] = value.strip()


def _without_secrets(address: str) -> str:
    """An address of somebody else's request: its query may hold a key."""
    url = URL(address)
    return f"{url.host}{url.path}"
