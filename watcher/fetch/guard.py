"""Which addresses may be reached at all: decided where the connection is made, not before.

A name is checked after it has been resolved, in the call that opens the socket, so that neither a
redirect, nor another spelling of an address, nor a name that changes its address between check and
use (DNS rebinding) can lead inside.
"""

from __future__ import annotations

import errno
import functools
import re
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from yarl import URL

from .exchange import Network

# ``ipaddress.is_global`` is wrong about several of these in Python 3.11 (multicast, 6to4 relays,
# NAT64, documentation), so the lists are our own: IANA's special-purpose registries, 2026.
_PRIVATE_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host-internal service, although a public number
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_PRIVATE_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, with Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4: nobody publishes news there, and it embeds any IPv4 address
        "3fff::/20",
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # how an IPv6-only host reaches IPv4: judge what is inside

_PLAIN_URL = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?(?:/[!-\[\]-~]*)?")
_HOST = re.compile(r"[a-z0-9_][a-z0-9._-]*|[0-9a-f:.]*:[0-9a-f:.]*")
_MAX_URL = 4096


class ForbiddenAddressError(OSError):
    """A connection that the guard did not let happen."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EACCES, reason)


class Guard:
    """Opens sockets to public addresses, and to the networks that the operator allows."""

    def __init__(self, allowed: Collection[Network], ports: Collection[int]) -> None:
        self._allowed = tuple(allowed)
        self._ports = frozenset(ports)
        self._refusal = functools.lru_cache(maxsize=4096)(self._judge)

    def refusal(self, host: str, port: int) -> str | None:
        """Why this numeric address may not be reached on this port; None: it may."""
        return self._refusal(host, port)

    def open_socket(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """Socket factory: the last step before connecting, for every connection there is."""
        family, kind, proto, _, sockaddr = addr_info
        reason = self._refusal(sockaddr[0], sockaddr[1])
        if reason is not None:
            raise ForbiddenAddressError(reason)
        return socket.socket(family, kind, proto)

    def _judge(self, host: str, port: int) -> str | None:
        try:
            address = ip_address(host)
        except ValueError:
            return "not a plain address"
        candidates = (address, _embedded(address))
        if any(_inside(each, self._allowed) for each in candidates if each is not None):
            return None
        if not _is_public(address):
            return f"{address} is not a public address"
        return None if port in self._ports else f"port {port} is not a web port"


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _inside(address: IPv4Address | IPv6Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    inner = _embedded(address)
    if inner is not None:
        return _is_public(inner)
    if isinstance(address, IPv4Address):
        return not _inside(address, _PRIVATE_V4)
    return address in _PUBLIC_V6 and not _inside(address, _PRIVATE_V6)


def web_url(text: str, *, base: URL | None = None) -> URL | str:
    """The address as the one parsed form that is both checked and used, or what is wrong with it.

    ``base`` is the address of the answer whose Location this is.
    """
    if len(text) > _MAX_URL:
        return "longer than 4,096 characters"
    if "\\" in text:
        return "contains a backslash"  # parsers disagree about where the host ends
    if _PLAIN_URL.fullmatch(text):
        url = URL(text, encoded=True)  # nothing in it to quote: saves most of the parsing
    else:
        try:
            url = URL(text.strip()) if base is None else base.join(URL(text.strip()))
        except (ValueError, IndexError):  # the latter for "0://[]@", with yarl 1.25
            return "not a web address"
    return _checked(url)


def _checked(url: URL) -> URL | str:
    try:
        if url.scheme not in ("http", "https"):
            return "not http or https"
        if not url.port or not _HOST.fullmatch(url.raw_host or ""):
            return "names no host"
        if url.raw_user is not None or url.raw_password is not None:
            return "carries a user name or password"
    except ValueError:  # yarl reads the port late
        return "not a web address"
    return url.with_fragment(None) if url.raw_fragment else url
