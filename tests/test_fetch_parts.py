"""The parts of the Fetcher on their own: decoding, headers, turns, names, robots.txt."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webserver import Answer, LoopbackWeb, packed, redirect

from watcher.fetch import Fetcher, FetchSettings, Request, Response
from watcher.fetch.body import DamagedBodyError, TooLargeError, read_body
from watcher.fetch.client import _lane_of
from watcher.fetch.guard import Guard, web_url
from watcher.fetch.headers import freshness, http_date, retry_after
from watcher.fetch.pace import HeldBackError, Pacer
from watcher.fetch.resolve import Resolver
from watcher.fetch.robots import parse_robots
from watcher.model import Failure, FailureReason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"),)


# ------------------------------------------------------------------------------ decoding


class Pieces:
    """A body in the pieces in which it arrives."""

    def __init__(self, body: bytes, size: int) -> None:
        self._pieces = [body[at : at + size] for at in range(0, len(body), size)]

    async def readany(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def read(body: bytes, encoding: str, *, limit: int = 10**6, size: int = 10**6) -> tuple[bytes, int]:
    async def run() -> tuple[bytes, int]:
        big = asyncio.Semaphore(1)
        return await read_body(Pieces(body, size), encoding, limit, big)  # type: ignore[arg-type]

    return asyncio.run(run())


@given(
    st.binary(max_size=3000).filter(lambda body: body[:2] != b"\x1f\x8b"),
    st.lists(st.sampled_from(["gzip", "deflate", "br"]), max_size=2),
    st.integers(1, 400),
)
def test_decoding_is_the_reverse_of_encoding(body: bytes, encodings: list[str], size: int) -> None:
    wire = body
    for encoding in encodings:
        wire = packed(wire, encoding)
    assert read(wire, ", ".join(encodings), size=size) == (body, len(wire))


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["gzip", "deflate", "br", "gzip, br"]))
def test_junk_is_refused_or_decoded_but_never_anything_else(junk: bytes, encoding: str) -> None:
    try:
        body, _ = read(junk, encoding, limit=1000)
    except (DamagedBodyError, TooLargeError):
        return
    assert len(body) <= 1000


@given(st.binary(min_size=40, max_size=400), st.sampled_from(["gzip", "deflate", "br"]), st.data())
def test_a_cut_body_is_noticed(body: bytes, encoding: str, data: st.DataObject) -> None:
    wire = packed(body, encoding)
    cut = data.draw(st.integers(1, len(wire) - 1))
    with pytest.raises(DamagedBodyError):
        read(wire[:cut], encoding)


def test_gzip_in_several_members_and_with_padding() -> None:
    wire = packed(b"one ", "gzip") + packed(b"two", "gzip")
    assert read(wire, "gzip", size=9)[0] == b"one two"
    assert read(wire + bytes(100), "gzip", size=9)[0] == b"one two"


@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_gzip_may_be_split_anywhere(encoding: str) -> None:
    wire = packed(b"one ", "gzip") + packed(b"two", "gzip")
    for size in range(1, len(wire)):
        assert read(wire, encoding, size=size)[0] == b"one two"


def test_a_member_that_only_begins_is_noticed() -> None:
    first, second = packed(b"one ", "gzip"), packed(b"two", "gzip")
    for size in (1, len(first), 1000):
        with pytest.raises(DamagedBodyError):
            read(first + second[:1], "gzip", size=size)


@pytest.mark.parametrize("body", [b"\x1f", b"\x1fa", b"x"])
def test_what_only_begins_like_a_gzip_file_stays_as_it_is(body: bytes) -> None:
    assert read(body, "", size=1)[0] == body


@pytest.mark.parametrize("encoding", ["", "identity", "none", "utf-8", "UTF-8, identity"])
def test_what_is_no_encoding_changes_nothing(encoding: str) -> None:
    assert read(b"text", encoding)[0] == b"text"


# ------------------------------------------------------------------------------ headers


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": 'public,max-age="600"'}, 600),
        ({"Cache-Control": "s-maxage=5, MAX-AGE = 60"}, 60),
        ({"Cache-Control": "max-age=600", "Age": "550"}, 50),
        ({"Cache-Control": "max-age=600", "Age": "9999"}, 0),
        ({"Cache-Control": "no-cache, max-age=600"}, 0),
        ({"Cache-Control": "no-store"}, 0),
        ({"Cache-Control": "public"}, None),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Cache-Control": "max-age=99999999999999"}, 365 * 86_400),
        ({"Expires": "Sun, 22 Nov 2026 12:10:00 GMT"}, 600),
        ({"Expires": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0),
        ({"Expires": "0"}, 0),
        (
            {"Expires": "Sun, 22 Nov 2026 13:10:00 GMT", "Date": "Sun, 22 Nov 2026 13:00:00 GMT"},
            600,
        ),
        ({"Cache-Control": "max-age=60", "Expires": "Sun, 22 Nov 2026 12:10:00 GMT"}, 60),
    ],
)
def test_freshness(headers: dict[str, str], fresh: float | None) -> None:
    expected = None if fresh is None else timedelta(seconds=fresh)
    assert freshness(headers, NOW) == expected


headers_of_any_kind = st.dictionaries(
    st.sampled_from(["Cache-Control", "Expires", "Age", "Date", "Retry-After"]),
    st.one_of(
        st.text(max_size=40),
        st.integers().map(str),
        st.integers().map("max-age={}".format),
        st.datetimes().map(lambda when: when.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    ),
)


@given(headers_of_any_kind)
def test_headers_never_break_anything(headers: dict[str, str]) -> None:
    wait, fresh = retry_after(headers, NOW), freshness(headers, NOW)
    assert wait is None or timedelta() <= wait <= timedelta(hours=24)
    assert fresh is None or timedelta() <= fresh <= timedelta(days=365)


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_the_three_forms_of_an_http_date(text: str) -> None:
    assert http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


# ------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://example.org/a%20b?q=%D0%B0+b&c", "https://example.org/a%20b?q=%D0%B0+b&c"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        (
            "https://пример.рф/новости",
            "https://xn--e1afmkfd.xn--p1ai/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8",
        ),
        ("HTTP://EXAMPLE.org:8080/A#part", "http://example.org:8080/A"),
        ("https://a_b.example.org/", "https://a_b.example.org/"),
        (" https://example.org/ ", "https://example.org/"),
        ("https://example.org/a[1]?x[]=1|2", None),
    ],
)
def test_addresses_as_they_are_sent(text: str, wire: str | None) -> None:
    url = web_url(text)
    assert not isinstance(url, str)
    if wire is not None:
        assert str(url) == wire.removesuffix("/") or str(url) == wire


def test_limits_are_per_registered_domain_and_per_numeric_address() -> None:
    assert _lane_of("feeds.bbc.co.uk") == _lane_of("www.bbc.co.uk") == ("bbc.co.uk", False)
    assert _lane_of("a.blogspot.com") != _lane_of("b.blogspot.com")
    assert _lane_of("127.0.0.1") == ("127.0.0.1", True)
    assert _lane_of("::1") == ("::1", True)


# ------------------------------------------------------------------------------ taking turns


def pacer(**changes: float) -> Pacer:
    limits = {"concurrency": 4, "per_host": 2, "per_host_delay": 0.0, "per_address": 3, **changes}
    return Pacer(**limits)  # type: ignore[arg-type]


def most_at_once(turns: Pacer, visits: list[tuple[str, Sequence[str]]]) -> int:
    """Make all visits at once; the largest number that were inside together."""
    inside = most = 0

    async def visit(domain: str, addresses: Sequence[str]) -> None:
        nonlocal inside, most
        async with turns.turn(domain, addresses):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    async def run() -> None:
        await asyncio.gather(*(visit(*each) for each in visits))

    asyncio.run(run())
    return most


@pytest.mark.parametrize(
    ("visits", "most"),
    [
        ([("a.org", ())] * 20, 2),
        ([(f"{n}.org", ()) for n in range(20)], 4),
        ([(f"{n}.org", ["192.0.2.1"]) for n in range(20)], 3),
        ([("a.org", ["192.0.2.1"])] * 20, 2),
        # Whichever of its addresses a name is asked at, none is asked too much.
        ([(f"{n}.org", [f"192.0.2.{n}", "192.0.2.99"]) for n in range(20)], 3),
        ([(f"{n}.org", ["192.0.2.8", "192.0.2.9"][n % 2 :]) for n in range(20)], 3),
    ],
    ids=["one domain", "many domains", "one address", "both", "one shared", "some shared"],
)
def test_how_many_at_once(visits: list[tuple[str, Sequence[str]]], most: int) -> None:
    assert most_at_once(pacer(), visits) == most


def test_starts_at_one_domain_are_spaced_and_others_are_not() -> None:
    starts: dict[str, list[float]] = {}
    turns = pacer(per_host_delay=0.1, concurrency=50)

    async def visit(domain: str) -> None:
        async with turns.turn(domain, ()):
            starts.setdefault(domain, []).append(time.monotonic())

    async def run() -> None:
        await asyncio.gather(
            *(visit("a.org") for _ in range(4)), *(visit(f"{n}.org") for n in range(9))
        )

    began = time.monotonic()
    asyncio.run(run())
    assert starts["a.org"][-1] - began > 0.25
    assert all(max(starts[f"{n}.org"]) < starts["a.org"][-1] for n in range(9))


def test_too_many_requests_widen_the_spacing_until_answers_come() -> None:
    turns = pacer(per_host_delay=0.02)

    async def run() -> float:
        for _ in range(3):
            async with turns.turn("a.org", ()):
                pass
            began = time.monotonic()
            turns.heard("a.org", too_many=True)
        async with turns.turn("a.org", ()):
            waited = time.monotonic() - began
        for _ in range(9):
            turns.heard("a.org", too_many=False)
        return waited

    assert asyncio.run(run()) > 0.1


def test_a_domain_that_asks_for_patience_is_let_alone_by_all_its_visitors() -> None:
    turns = pacer(per_host=1)

    async def visit() -> str:
        try:
            async with turns.turn("a.org", ()):
                return "asked"
        except HeldBackError as held:
            return f"held back for {held.seconds / 3_600:.1f} h"  # a day was asked for, by one page

    async def run() -> list[str]:
        async with turns.turn("a.org", ()):
            began = time.monotonic()
            turns.heard("a.org", too_many=True, wait=0.1)
        said = [await visit()]
        assert 0.05 < time.monotonic() - began < 5
        # Those that wait in line when it is said don't go on waiting.
        async with turns.turn("a.org", ()):
            waiting = [asyncio.create_task(visit()) for _ in range(4)]
            await asyncio.sleep(0)
            turns.heard("a.org", too_many=True, wait=86_400.0)
        async with turns.turn("b.org", ()):
            pass
        return said + list(await asyncio.gather(*waiting)) + [await visit()]

    said = asyncio.run(asyncio.wait_for(run(), 5))
    assert said == [
        "asked",
        *["held back for 1.0 h"] * 5,
    ]  # a tenth of a second was just waited for


def test_idle_domains_are_forgotten() -> None:
    async def run() -> int:
        turns = pacer()
        most = 0
        for number in range(10_000):
            async with turns.turn(f"{number}.org", [f"address {number}"]):
                most = max(most, len(turns))
        return most

    assert asyncio.run(run()) <= 1100


@pytest.mark.parametrize("seed", range(5))
def test_giving_up_while_waiting_never_costs_a_place(seed: int) -> None:
    rng = random.Random(seed)

    async def visit(turns: Pacer, domain: str, addresses: Sequence[str]) -> None:
        async with turns.turn(domain, addresses):
            await asyncio.sleep(rng.random() * 0.005)

    async def run() -> None:
        turns = pacer(per_host_delay=0.0005)
        tasks = []
        for _ in range(200):
            domain = rng.choice(["a.org", "b.org", "c.org", "d.org"])
            addresses = rng.choice([(), ("192.0.2.1",), ("192.0.2.1", "192.0.2.2")])
            tasks.append(asyncio.create_task(visit(turns, domain, addresses)))
        for task in rng.sample(tasks, 150):
            await asyncio.sleep(rng.random() * 0.001)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5):
            await asyncio.gather(*(visit(turns, "a.org", ["192.0.2.1"]) for _ in range(8)))
        assert turns._all._value == 4
        assert not turns._crowds

    asyncio.run(run())


# ------------------------------------------------------------------------------ names


def resolver(timeout: float = 10.0, *allowed: str) -> Resolver:
    networks = tuple(ip_network(net) for net in allowed)
    return Resolver(Guard(networks, (80, 443)), timeout)


def test_many_who_ask_for_a_name_share_one_lookup() -> None:
    async def run() -> None:
        names, before = resolver(), set(threading.enumerate())
        found = await asyncio.gather(*(names.lookup("localhost") for _ in range(50)))
        assert len(set(found)) == 1
        assert len(set(threading.enumerate()) - before) == 1
        assert set(await names.addresses_of("localhost")) <= {"127.0.0.1", "::1"}
        names.stop()

    asyncio.run(run())


def test_lookup_threads_never_hold_up_the_exit() -> None:
    async def run() -> list[bool]:
        names, before = resolver(), set(threading.enumerate())
        await names.lookup("localhost")
        started = set(threading.enumerate()) - before
        names.stop()
        return [thread.daemon for thread in started]

    assert asyncio.run(run()) == [True]


def test_a_lookup_that_takes_too_long_is_given_up_and_remembered() -> None:
    async def run() -> None:
        names = resolver(0.0)
        for _ in range(2):
            with pytest.raises(socket.gaierror, match="took too long"):
                await names.lookup("localhost")
        names.stop()

    asyncio.run(run())


def test_giving_up_on_a_name_leaves_the_others_their_answer() -> None:
    async def run() -> None:
        names = resolver()
        first = asyncio.create_task(names.lookup("localhost"))
        second = asyncio.create_task(names.lookup("localhost"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second
        names.stop()

    asyncio.run(run())


def test_inner_addresses_of_a_name_are_left_out() -> None:
    async def run() -> None:
        with pytest.raises(OSError, match="not a public address"):
            await resolver().resolve("localhost", 80)
        found = await resolver(10.0, "127.0.0.0/8").resolve("localhost", 80, socket.AF_UNSPEC)
        assert [answer["host"] for answer in found] == ["127.0.0.1"]

    asyncio.run(run())


# ------------------------------------------------------------------------------ robots.txt


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("", "/any", True),
        ("User-agent: *\nDisallow: /", "/any", False),
        ("User-agent: *\nDisallow:", "/any", True),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: other\nDisallow: /", "/any", True),
        ("User-agent: watcher\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/b", True),
        ("User-agent: WATCHER\nDisallow: /a", "/a/b", False),
        ("User-agent: x\nUser-agent: watcher\nDisallow: /a", "/a", False),
        ("User-agent: watcher\nDisallow: /a\nUser-agent: x\nDisallow: /b", "/b", True),
        ("User-agent: watcher\nDisallow: /a\n\nUser-agent: watcher\nDisallow: /b", "/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a/b\nAllow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /*?", "/x?y=1", False),
        ("User-agent: *\nDisallow: /*/print/", "/news/print/5", False),
        ("User-agent: *\nDisallow: /a*b*c", "/aXbYcZ", False),
        ("User-agent: *\nDisallow: /a*b*c$", "/aXcYb", True),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: *", "/ab", False),
        (
            "User-agent: *\nDisallow: /новости",
            "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1",
            False,
        ),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe/", False),
        ("\ufeffUser-agent: * # all\nDisallow: /a # private", "/a", False),
        ("user-agent:*\r\ndisallow:/a\r\nCrawl-delay: 5", "/a", False),
        ("Disallow: /", "/any", True),
        ("<html><body>User-agent: nothing</body>", "/any", True),
    ],
)
def test_robots_rules(rules: str, path: str, allowed: bool) -> None:
    assert parse_robots(rules.encode(), "watcher").allows(path) is allowed


@given(st.binary(max_size=2000), st.text(max_size=50))
def test_no_robots_file_breaks_anything(body: bytes, path: str) -> None:
    robots = parse_robots(b"User-agent: *\nDisallow: " + body, "watcher")
    assert robots.allows(path.encode("utf-8", "replace").decode()) in (True, False)


def test_hostile_robots_patterns_are_matched_in_no_time() -> None:
    rule = "Disallow: /" + "*a" * 1000 + "$\n"
    robots = parse_robots(("User-agent: *\n" + rule * 500).encode(), "watcher")
    assert robots.allows("/" + "a" * 4000 + "b") is True


@pytest.fixture
def web() -> Iterator[LoopbackWeb]:
    with LoopbackWeb() as running:
        running.otherwise(lambda _: Answer(body=b"text"))
        yield running


def read_pages(
    *requests: Request, robots: bool = True, seconds: float = 20
) -> list[Response | Failure]:
    settings = FetchSettings(
        allow_private_addresses=LOOPBACK,
        per_host_delay=timedelta(),
        robots=robots,
        timeout=timedelta(seconds=seconds),
    )

    async def run() -> list[Response | Failure]:
        async with Fetcher(settings) as fetcher:
            return await asyncio.gather(*(fetcher.fetch(each, now=NOW) for each in requests))

    return asyncio.run(run())


def page(url: str, *, ignore_robots: bool = False) -> Request:
    return Request(url=url, accept="page", ignore_robots=ignore_robots)


def test_pages_are_read_as_robots_txt_allows_and_it_is_asked_once(web: LoopbackWeb) -> None:
    web.serve("/robots.txt", "User-agent: *\nDisallow: /private")
    public = [page(web.url(f"/{n}")) for n in range(5)]
    *fine, refused = read_pages(*public, page(web.url("/private/1")))
    assert all(isinstance(outcome, Response) for outcome in fine)
    assert isinstance(refused, Failure)
    assert refused.reason is FailureReason.ROBOTS
    assert refused.url == web.url("/private/1")
    assert len(web.requests_for("/robots.txt")) == 1
    assert web.requests_for("/private/1") == []


def test_feeds_and_told_otherwise_ask_no_robots_txt(web: LoopbackWeb) -> None:
    web.serve("/robots.txt", "User-agent: *\nDisallow: /")
    outcomes = [
        *read_pages(Request(url=web.url("/feed")), page(web.url("/1"), ignore_robots=True)),
        *read_pages(page(web.url("/2")), robots=False),
    ]
    assert all(isinstance(outcome, Response) for outcome in outcomes)
    assert web.requests_for("/robots.txt") == []


def test_a_redirect_into_a_private_place_is_not_followed(web: LoopbackWeb) -> None:
    web.serve("/robots.txt", "", host="127.0.0.1")
    web.serve("/robots.txt", "User-agent: *\nDisallow: /private", host="127.0.0.2")
    web.answer("/go", redirect(web.url("/private", host="127.0.0.2")))
    (outcome,) = read_pages(page(web.url("/go")))
    assert isinstance(outcome, Failure)
    assert outcome.reason is FailureReason.ROBOTS
    assert web.requests_for("/private") == []


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_beginning_of_a_huge_robots_txt_is_obeyed(web: LoopbackWeb, encoding: str) -> None:
    """RFC 9309 asks for 500 KiB at least; what is too much beyond that is no licence."""
    filler = "".join(f"Disallow: /closed/{n:05}\n" for n in range(22_000))
    body = f"User-agent: *\n{filler}Disallow: /private\n# {'more and more ' * 60_000}"
    assert body.index("/private") > 500 * 1024
    assert len(body) > 1_300_000
    packed = gzip.compress(body.encode()) if encoding == "gzip" else body.encode()
    web.answer("/robots.txt", Answer(body=packed, headers={"Content-Encoding": encoding}))
    outcomes = read_pages(*(page(web.url(path)) for path in ("/private/1", "/closed/21999", "/1")))
    reasons = [each.reason if isinstance(each, Failure) else None for each in outcomes]
    assert reasons == [FailureReason.ROBOTS, FailureReason.ROBOTS, None]


@pytest.mark.parametrize("status", [401, 403, 404, 410, 418])
def test_a_robots_txt_that_is_not_there_forbids_nothing(web: LoopbackWeb, status: int) -> None:
    web.answer("/robots.txt", Answer(status=status))
    assert isinstance(read_pages(page(web.url("/1")))[0], Response)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Answer(status=503), FailureReason.HTTP_5XX),
        (Answer(status=429, headers={"Retry-After": "60"}), FailureReason.HTTP_429),
        (Answer(hang=True), FailureReason.TIMEOUT),
    ],
)
def test_trouble_with_robots_txt_puts_the_page_off(
    web: LoopbackWeb, said: Answer, reason: FailureReason
) -> None:
    web.answer("/robots.txt", said)
    pages = page(web.url("/1")), page(web.url("/2"))
    first, second = read_pages(*pages, seconds=1 if said.hang else 20)
    for outcome in (first, second):
        assert isinstance(outcome, Failure)
        assert outcome.reason is reason
        assert outcome.detail.startswith("robots.txt: ")
        assert (outcome.retry_after is not None) == (reason is FailureReason.HTTP_429)
    assert [seen.path for seen in web.requests] == ["/robots.txt"]
