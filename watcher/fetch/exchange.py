"""What is asked of the Fetcher, what it gives back, and how it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

Network = IPv4Network | IPv6Network

MAX_HOPS = 5
"""Redirects followed for one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """How to behave on other people's servers, and what to let in from them."""

    contact: str = ""
    """Mail or web address of whoever runs this watcher; goes into the User-Agent."""
    timeout: timedelta = timedelta(seconds=30)
    """For one request with all its redirects; waiting for our own turn does not count."""
    connect_timeout: timedelta = timedelta(seconds=10)
    """For the name lookup, and again for reaching the server with its TLS handshake."""
    read_timeout: timedelta = timedelta(seconds=15)
    """Longest silence in the middle of an answer."""
    max_bytes: int = 10_000_000
    """Of a body once decoded; longer ones are refused, not cut."""
    concurrency: int = 64
    per_host: int = 2
    """Requests at once to one registered domain; an address literal stands for itself."""
    per_host_delay: timedelta = timedelta(seconds=1)
    """Between two starts at one registered domain."""
    per_address: int = 8
    """Requests at once to one resolved address, whatever the names that lead there."""
    allow_private_addresses: tuple[Network, ...] = ()
    """Networks reached although they are not public, and there on any port."""
    ports: frozenset[int] = frozenset({80, 443})
    """Ports asked on public addresses."""
    robots: bool = True
    """Ask robots.txt before article pages."""
    user_agent: str = "watcher/0.1"
    """Its part before the slash is the name looked up in robots.txt."""
    ca_file: str | None = None
    """PEM file of the certificate authorities to trust instead of the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to fetch."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    accept: Literal["feed", "page"] = "feed"
    """``page`` keeps the connection for the next page and asks robots.txt first."""
    force: bool = False
    """Leave the validators out and ask caches on the way for the real thing."""
    ignore_robots: bool = False
    max_bytes: int | None = None
    beginning: bool = False
    """Of a body that is longer, take the beginning instead of nothing."""
    deadline: timedelta | None = None
    """Instead of the settings' ``timeout``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer that can be used: 2xx with its decoded body, or 304 without one."""

    url: str
    """Where it came from after redirects; without any, the address as it was asked for."""
    status: int
    body: bytes | None
    """None with 304: what the caller has is still right."""
    content_type: str = ""
    etag: str | None = None
    """For the next request; a 304 that names none keeps the one that was sent."""
    last_modified: str | None = None
    max_age: timedelta | None = None
    """How long the server calls this fresh (Cache-Control, Expires; less Age); None: unsaid."""
    permanent_url: str | None = None
    """Set when there were redirects and all of them were permanent (301, 308)."""
    redirects: int = 0
    wire_bytes: int = 0
    """Body bytes as transferred, before decoding."""
    elapsed: timedelta = timedelta()
    """From the first name lookup to the last byte, without waiting for our turn."""
