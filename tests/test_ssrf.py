"""Nothing leads inside: every spelling of an inner address, through every way in."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import example, given
from hypothesis import strategies as st
from newsweb import write_config
from program import answer, watcher
from webserver import Answer, LoopbackWeb, redirect

from watcher.fetch import Fetcher, FetchSettings, Request, Response
from watcher.fetch.guard import Guard, web_url
from watcher.model import Failure, FailureReason

NOW = datetime(2026, 11, 22, tzinfo=UTC)
REDIRECTOR = "127.9.9.9"

# PORT stands for the port of a server that must not be reached.
SPELLINGS = [
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.255.255.254:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://127.0.0.1%00.example.org:PORT/",
    "http://127.0.0.1%2f.example.org:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127．0．0．1:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/",
    "http://HOSTNAME:PORT/",
    "http://ip6-localhost:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:7f00:1::80ff:fffe]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[ff02::1]:PORT/",
    "http://[2001:db8::1]:PORT/",
    "http://[3fff::1]:PORT/",
    "http://user@127.0.0.1:PORT/",
    "http://user:secret@127.0.0.1:PORT/",
    "http://example.org@127.0.0.1:PORT/",
    "http://example.org:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@example.org/",
    "http://example.org\\@127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http://127.0.0.1:PORT#@example.org/",
    "http://127.0.0.1:PORT?@example.org/",
    "http://127.0.0.1:PORT;@example.org/",
    "http://127.0.0.1:PORT&@example.org/",
    "http://127.0.0.1 :PORT/",
    "http://127.0.0.1\t:PORT/",
    "http://127.0.0.1\n:PORT/",
    "ht\ttp://127.0.0.1:PORT/",
    " http://127.0.0.1:PORT/",
    "\x00http://127.0.0.1:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "http:////127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "///127.0.0.1:PORT/",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_GET",
    "dict://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "javascript:fetch('http://127.0.0.1:PORT/')",
    "data:text/html,<b>",
    "feed:http://127.0.0.1:PORT/",
    "jar:http://127.0.0.1:PORT/!/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://:PORT/",
    "http://10.0.0.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://168.63.129.16/",
    "http://172.31.255.255/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://192.168.0.1/",
    "http://192.88.99.1/",
    "http://198.19.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
]
NOTHING_THERE = {FailureReason.BAD_URL, FailureReason.FORBIDDEN_ADDRESS, FailureReason.DNS}


@pytest.fixture
def canary() -> Iterator[LoopbackWeb]:
    with LoopbackWeb() as web:
        web.otherwise(lambda _: Answer(body=b"secret"))
        yield web


@asynccontextmanager
async def fetcher(*allowed: str, port: int) -> AsyncIterator[Fetcher]:
    """A fetcher that may reach these networks, and this port wherever an address is public.

    So it is the address alone that keeps it away from the canary.
    """
    settings = FetchSettings(
        allow_private_addresses=tuple(ip_network(net) for net in allowed),
        ports=frozenset({80, 443, port}),
        timeout=timedelta(seconds=5),
        per_host_delay=timedelta(),
        per_host=64,
    )
    async with Fetcher(settings) as opened:
        yield opened


def spelt(port: int) -> list[str]:
    return [
        spelling.replace("PORT", str(port)).replace("HOSTNAME", socket.gethostname())
        for spelling in SPELLINGS
    ]


def check_refused(outcomes: dict[str, Response | Failure], *also: FailureReason) -> None:
    reached = {
        url: outcome
        for url, outcome in outcomes.items()
        if not isinstance(outcome, Failure) or outcome.reason not in {*NOTHING_THERE, *also}
    }
    assert reached == {}


@pytest.mark.parametrize("accept", ["feed", "page"])
def test_no_spelling_reaches_an_inner_server(
    canary: LoopbackWeb, accept: Literal["feed", "page"]
) -> None:
    async def run() -> dict[str, Response | Failure]:
        async with fetcher(port=canary.port) as web:
            return {
                url: await web.fetch(Request(url=url, accept=accept), now=NOW)
                for url in spelt(canary.port)
            }

    check_refused(asyncio.run(run()))
    assert canary.connections == 0


@pytest.mark.parametrize("accept", ["feed", "page"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_leads_to_an_inner_server(
    canary: LoopbackWeb, accept: Literal["feed", "page"], status: int
) -> None:
    targets = [url for url in spelt(canary.port) if "\n" not in url and "\x00" not in url]

    async def run(outer: LoopbackWeb) -> dict[str, Response | Failure]:
        async with fetcher(f"{REDIRECTOR}/32", port=canary.port) as web:
            asked = {
                target: outer.url(f"/{n}", host=REDIRECTOR) for n, target in enumerate(targets)
            }
            return {
                target: await web.fetch(Request(url=url, accept=accept), now=NOW)
                for target, url in asked.items()
            }

    with LoopbackWeb() as outer:
        for number, target in enumerate(targets):
            location = target.encode().decode("latin-1")
            outer.answer(f"/{number}", redirect(location, status))
        # Without a host it is a path on the redirecting server, where it finds nothing.
        check_refused(asyncio.run(run(outer)), FailureReason.HTTP_404)
        asked = [seen for seen in outer.requests if seen.path != "/robots.txt"]
        assert len(asked) >= len(targets)
    assert canary.connections == 0


def test_a_redirecting_robots_file_leads_nowhere_either(canary: LoopbackWeb) -> None:
    async def run(outer: LoopbackWeb) -> Response | Failure:
        async with fetcher(f"{REDIRECTOR}/32", port=canary.port) as web:
            page = Request(url=outer.url("/page", host=REDIRECTOR), accept="page")
            return await web.fetch(page, now=NOW)

    with LoopbackWeb() as outer:
        outer.serve("/page", "text")
        outer.answer("/robots.txt", redirect(canary.url("/robots.txt")))
        outcome = asyncio.run(run(outer))
    assert isinstance(outcome, Failure)
    assert outcome.reason is FailureReason.FORBIDDEN_ADDRESS
    assert canary.connections == 0


@pytest.fixture
def outer() -> Iterator[LoopbackWeb]:
    """A web that may be reached, full of links to one that may not."""
    with LoopbackWeb() as web:
        yield web


@pytest.fixture
def config(outer: LoopbackWeb, tmp_path: Path) -> Path:
    path = write_config(tmp_path, [outer.url("/harmless", host=REDIRECTOR)], [])
    path.write_text(path.read_text().replace("127.0.0.0/8", f"{REDIRECTOR}/32"))
    return path


def stored(config: Path, query: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(config.parent / "watcher.sqlite3")) as database:
        return database.execute(query).fetchall()


def check_told_by_address(told: list[tuple[str, str]]) -> None:
    """Every try was stopped, and none by its port alone, which would stop no other port."""
    # What names no host is a path on the page that it stands on, where nothing is found.
    also = {FailureReason.NO_LINK, FailureReason.HTTP_404}
    assert {reason for reason, _detail in told} <= NOTHING_THERE | also
    assert not [detail for _reason, detail in told if "web port" in (detail or "")]
    assert sum("is not a public address" in (detail or "") for _reason, detail in told) >= 20


def test_no_imported_feed_leads_to_an_inner_server(canary: LoopbackWeb, config: Path) -> None:
    opml = config.parent / "list.opml"
    # XML has no NUL; the rest of what is no address is refused line by line.
    outlines = "".join(
        f"<outline xmlUrl={quoteattr(url)}/>" for url in spelt(canary.port) if "\0" not in url
    )
    opml.write_text(f"<opml><body>{outlines}</body></opml>", "utf-8")
    watcher("feeds", "import", opml, config=config)
    watcher("poll", "--all", config=config, code=None)
    told = stored(config, "SELECT last_error, last_error_detail FROM feeds WHERE origin = 'cli'")
    assert len(told) >= 40
    check_told_by_address(told)
    assert canary.connections == 0


def test_no_entry_leads_to_an_inner_server(
    canary: LoopbackWeb, outer: LoopbackWeb, config: Path
) -> None:
    # Of a page: what links to a front page is not fetched at all.
    urls = [url + "news" * url.endswith("/") for url in spelt(canary.port) if "\0" not in url]
    items = "".join(
        f"<item><title>Entry {n}</title><guid>rss {n}</guid><link>{escape(url)}</link></item>"
        for n, url in enumerate(urls)
    )
    atom = "".join(
        f"<entry><title>Entry {n}</title><id>urn:{n}</id><link href={quoteattr(url)}/></entry>"
        for n, url in enumerate(urls)
    )
    feed = "<feed xmlns='http://www.w3.org/2005/Atom'><title>Atom</title>"
    outer.serve("/harmless", f"<rss version='2.0'><channel>{items}</channel></rss>")
    outer.serve("/atom", f"{feed}{atom}</feed>")
    places = "".join(f"<url><loc>{escape(url)}</loc></url>" for url in urls)
    outer.serve("/sitemap.xml", f"<urlset>{places}</urlset>")
    entries = [{"id": n, "title": f"Entry {n}", "url": url} for n, url in enumerate(urls)]
    outer.serve("/feed.json", json.dumps({"items": entries}))
    links = "".join(f"<a href={quoteattr(url)}>Entry number {n}</a>" for n, url in enumerate(urls))
    outer.serve("/listing", f"<html><body>{links}</body></html>")
    for path in ("/atom", "/sitemap.xml", "/feed.json"):
        watcher("feeds", "add", outer.url(path, host=REDIRECTOR), config=config)
    listing = outer.url("/listing", host=REDIRECTOR)
    watcher("feeds", "add", listing, "--selector", "a", config=config)
    assert answer("poll", config=config)["polled"] == 5
    for feed_id in range(1, 6):
        told = stored(config, f"SELECT reason, detail FROM entries WHERE feed_id = {feed_id}")
        assert len(told) >= 30
        check_told_by_address(told)
    assert canary.connections == 0


@pytest.mark.parametrize("url", ["http://127.77.0.1:PORT/", "http://[::ffff:7f00:1]:PORT/"])
def test_no_command_leads_to_an_inner_server(
    canary: LoopbackWeb, outer: LoopbackWeb, config: Path, url: str
) -> None:
    inner = url.replace("PORT", str(canary.port))
    declared = f'<link rel="alternate" type="application/rss+xml" href="{inner}">'
    outer.serve("/site", f"<html><head>{declared}</head><body><p>Home</p></body></html>")
    outer.answer("/moved", redirect(inner))
    site, moved = (outer.url(path, host=REDIRECTOR) for path in ("/site", "/moved"))
    for command in (("feeds", "add"), ("feeds", "test"), ("feeds", "discover"), ("score",)):
        for address in (inner, moved):
            done = watcher(*command, address, config=config, code=1)
            assert "is not a public address" in done.stderr, command
    watcher("feeds", "add", site, config=config, code=1)
    assert canary.connections == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.77.0.1", "localhost", "[::ffff:127.0.0.1]", "①②⑦.⓪.⓪.①"]
)
def test_allowed_addresses_are_reached(canary: LoopbackWeb, host: str) -> None:
    async def run() -> Response | Failure:
        async with fetcher("127.0.0.0/8", port=canary.port) as web:
            return await web.fetch(Request(url=f"http://{host}:{canary.port}/"), now=NOW)

    outcome = asyncio.run(run())
    assert isinstance(outcome, Response), outcome
    assert outcome.body == b"secret"


def test_allowing_one_network_allows_no_other(canary: LoopbackWeb) -> None:
    async def run() -> list[Response | Failure]:
        async with fetcher("127.0.0.2/32", "10.0.0.0/8", port=canary.port) as web:
            urls = [canary.url("/", host=f"127.0.0.{n}") for n in (1, 2, 3)]
            return [await web.fetch(Request(url=url), now=NOW) for url in urls]

    one, two, three = asyncio.run(run())
    assert isinstance(two, Response)
    for outcome in (one, three):
        assert isinstance(outcome, Failure)
        assert outcome.reason is FailureReason.FORBIDDEN_ADDRESS
    assert canary.connections == 1


def test_ipv6_loopback_is_reached_only_when_allowed(canary: LoopbackWeb) -> None:
    if not canary.ipv6:
        pytest.skip("no IPv6 loopback here")

    async def run(*allowed: str) -> Response | Failure:
        async with fetcher(*allowed, port=canary.port) as web:
            return await web.fetch(Request(url=f"http://[::1]:{canary.port}/"), now=NOW)

    assert isinstance(asyncio.run(run("127.0.0.0/8")), Failure)
    assert isinstance(asyncio.run(run("::1/128")), Response)


class Rebinding(AbstractResolver):
    """Names a public address at first, and an inner one from then on."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = "93.184.215.14" if self.asked == 1 else "127.0.0.1"
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


def test_a_name_that_changes_its_address_is_caught_when_connecting(canary: LoopbackWeb) -> None:
    async def run() -> None:
        resolver, guard = Rebinding(), Guard((), (80, 443, canary.port))
        await resolver.resolve("rebinding.example", canary.port)
        connector = aiohttp.TCPConnector(resolver=resolver, socket_factory=guard.open_socket)
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectorError, match="not a public address"):
                await session.get(f"http://rebinding.example:{canary.port}/")
        assert resolver.asked == 2

    asyncio.run(run())
    assert canary.connections == 0


def test_no_proxy_from_the_environment_is_used(
    canary: LoopbackWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, canary.url())

    async def run(outer: LoopbackWeb) -> list[Response | Failure]:
        async with fetcher(f"{REDIRECTOR}/32", port=canary.port) as web:
            inside = await web.fetch(Request(url=canary.url()), now=NOW)
            outside = await web.fetch(Request(url=outer.url("/", host=REDIRECTOR)), now=NOW)
            return [inside, outside]

    with LoopbackWeb() as outer:
        outer.serve("/", "fine")
        inside, outside = asyncio.run(run(outer))
    assert isinstance(inside, Failure)
    assert isinstance(outside, Response)
    assert canary.connections == 0


# ------------------------------------------------------------------------------ the guard itself

guard = Guard((), (80, 443))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)
def test_public_addresses_are_reached_on_web_ports_only(address: str) -> None:
    assert guard.refusal(address, 80) is None
    assert guard.refusal(address, 443) is None
    assert guard.refusal(address, 22) == "port 22 is not a web port"


@given(
    st.one_of(
        st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address)
    )
)
def test_the_guard_allows_nothing_that_python_calls_private(
    address: IPv4Address | IPv6Address,
) -> None:
    if guard.refusal(str(address), 443) is None:
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        assert (inner or address).is_global
        assert not address.is_multicast


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_embedded_address_is_judged_like_the_plain_one(inner: IPv4Address) -> None:
    plain = guard.refusal(str(inner), 443) is None
    for prefix in ("::ffff:", "64:ff9b::"):
        assert (guard.refusal(f"{prefix}{inner}", 443) is None) == plain
    for shape in (f"::{inner}", f"::ffff:0:{inner}"):
        assert guard.refusal(shape, 443) is not None
    shifted = int(inner) << 80
    six_to_four = IPv6Address((0x2002 << 112) | shifted)
    assert guard.refusal(str(six_to_four), 443) is not None


@given(st.text(max_size=60))
def test_what_is_no_address_is_refused(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        assert guard.refusal(text, 443) is not None


@given(
    st.one_of(
        st.text(max_size=80),
        st.text(alphabet="htps:/\\@#?.[]%0127axlocaexmpé \t\n", max_size=60).map("http://".__add__),
    )
)
@example("0://[]@")  # yarl 1.25 stumbles over it with an IndexError
def test_an_accepted_address_has_a_plain_shape(text: str) -> None:
    url = web_url(text)
    if not isinstance(url, str):
        assert url.scheme in ("http", "https")
        assert url.raw_host
        assert url.raw_user is None
        assert url.raw_fragment == ""
        wire = f"{url.raw_host}{url.raw_path_qs}"
        assert wire.isascii()
        assert wire.isprintable()
        assert " " not in wire
        assert "\\" not in url.raw_host
