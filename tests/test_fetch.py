"""The Fetcher against a scripted web on loopback: what it asks, what it makes of the answers."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, TypeVar

import pytest
from receivers import dead_port, eventually, self_signed
from webserver import Answer, LoopbackWeb, brotli_bomb, gzip_bomb, packed, redirect

from watcher.fetch import Fetcher, FetchSettings, Request, Response
from watcher.model import Failure, FailureReason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FEED = b"<rss><channel><title>News</title></channel></rss>" * 20
MB = 1_000_000
T = TypeVar("T")


@pytest.fixture
def web() -> Iterator[LoopbackWeb]:
    with LoopbackWeb() as running:
        yield running


def settings(**changes: object) -> FetchSettings:
    base: dict[str, object] = {
        "allow_private_addresses": (ip_network("127.0.0.0/8"),),
        "contact": "desk@example.org",
        "per_host_delay": timedelta(),
        "timeout": timedelta(seconds=20),
        **changes,
    }
    return FetchSettings(**base)  # type: ignore[arg-type]


def using(task: Callable[[Fetcher], Awaitable[T]], **changes: object) -> T:
    async def run() -> T:
        async with Fetcher(settings(**changes)) as fetcher:
            return await task(fetcher)

    return asyncio.run(run())


def get(request: Request | str, **changes: object) -> Response | Failure:
    asked = Request(url=request) if isinstance(request, str) else request
    return using(lambda fetcher: fetcher.fetch(asked, now=NOW), **changes)


def good(outcome: Response | Failure) -> Response:
    assert isinstance(outcome, Response), outcome
    return outcome


def bad(outcome: Response | Failure) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


# ------------------------------------------------------------------------------ plain answers


def test_a_body_arrives_with_what_is_needed_to_come_back(web: LoopbackWeb) -> None:
    modified = "Sun, 22 Nov 2026 10:00:00 GMT"
    url = web.serve(
        "/feed.xml?a=1",
        FEED,
        content_type="application/rss+xml",
        etag='W/"1"',
        last_modified=modified,
        headers={"Cache-Control": "public, max-age=600", "Age": "100"},
    )
    response = good(get(url))
    assert response.body == FEED
    assert (response.url, response.status) == (url, 200)
    assert response.content_type == "application/rss+xml"
    assert (response.etag, response.last_modified) == ('W/"1"', modified)
    assert response.max_age == timedelta(seconds=500)
    assert response.wire_bytes == len(FEED)
    assert response.elapsed > timedelta()
    assert (response.redirects, response.permanent_url) == (0, None)


def test_what_is_asked(web: LoopbackWeb) -> None:
    get(web.serve("/feed", FEED))
    (seen,) = web.requests
    assert seen.method == "GET"
    assert "desk@example.org" in seen.headers["user-agent"]
    assert seen.headers["user-agent"].startswith("watcher/")
    assert set(seen.headers["accept-encoding"].split(", ")) == {"gzip", "deflate", "br"}
    assert "application/rss+xml" in seen.headers["accept"]
    assert seen.headers["connection"] == "close"
    assert not {"cookie", "referer", "authorization"} & set(seen.headers)


def test_nothing_new_costs_no_body(web: LoopbackWeb) -> None:
    modified = "Sun, 22 Nov 2026 10:00:00 GMT"
    for request in (
        Request(url=web.serve("/tag", FEED, etag='"1"'), etag='"1"'),
        Request(url=web.serve("/date", FEED, last_modified=modified), last_modified=modified),
    ):
        response = good(get(request))
        assert (response.status, response.body) == (304, None)
        assert (response.etag, response.last_modified) == (request.etag, request.last_modified)


def test_a_304_without_validators_keeps_those_that_were_sent(web: LoopbackWeb) -> None:
    web.answer("/feed", Answer(status=304))
    response = good(get(Request(url=web.url("/feed"), etag='"1"', last_modified="then")))
    assert (response.etag, response.last_modified) == ('"1"', "then")


def test_force_asks_without_validators(web: LoopbackWeb) -> None:
    url = web.serve("/feed", FEED, etag='"1"')
    assert good(get(Request(url=url, etag='"1"', force=True))).body == FEED
    (seen,) = web.requests
    assert "if-none-match" not in seen.headers
    assert seen.headers["cache-control"] == "no-cache"


def test_a_304_that_nobody_asked_for_is_a_failure(web: LoopbackWeb) -> None:
    web.answer("/feed", Answer(status=304))
    assert bad(get(web.url("/feed"))).reason is FailureReason.PROTOCOL


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw-deflate", "br"])
def test_compressed_bodies_are_decoded(web: LoopbackWeb, encoding: str) -> None:
    response = good(get(web.serve("/feed", FEED, encoding=encoding)))
    assert response.body == FEED
    assert response.wire_bytes < len(FEED)


def test_bodies_in_many_pieces_are_decoded(web: LoopbackWeb) -> None:
    body = packed(FEED, "gzip")
    said = Answer(body=body, headers={"Content-Encoding": "gzip"}, drip=0.001, drip_bytes=7)
    web.answer("/feed", said)
    assert good(get(web.url("/feed"))).body == FEED


def test_a_gzip_file_is_unpacked_and_other_bytes_are_not(web: LoopbackWeb) -> None:
    packed_file = web.serve(
        "/sitemap.xml.gz", packed(FEED, "gzip"), content_type="application/gzip"
    )
    assert good(get(packed_file)).body == FEED
    noise = bytes(range(256))
    assert good(get(web.serve("/noise", noise))).body == noise


def test_header_values_that_can_not_be_stored_are_left_out(web: LoopbackWeb) -> None:
    headers = {"ETag": '"\xff\xfe"', "Last-Modified": "x" * 5000, "Content-Type": "text/\xe9"}
    web.answer("/feed", Answer(body=FEED, headers=headers))
    response = good(get(web.url("/feed")))
    assert (response.etag, response.last_modified, response.content_type) == (None, None, "")


def test_many_large_bodies_at_once_all_arrive(web: LoopbackWeb) -> None:
    web.otherwise(lambda _: Answer(body=b"x" * 2 * MB))

    async def run(fetcher: Fetcher) -> list[Response | Failure]:
        urls = [web.url("/", host=f"127.0.3.{n}") for n in range(24)]
        return await asyncio.gather(*(fetcher.fetch(Request(url=u), now=NOW) for u in urls))

    assert all(len(good(outcome).body or b"") == 2 * MB for outcome in using(run))


def test_an_empty_body_is_an_answer(web: LoopbackWeb) -> None:
    assert good(get(web.serve("/feed", b""))).body == b""
    empty = web.serve("/packed", b"", headers={"Content-Encoding": "gzip"})
    assert good(get(empty)).body == b""


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, FailureReason.HTTP_401),
        (403, FailureReason.HTTP_403),
        (404, FailureReason.HTTP_404),
        (410, FailureReason.HTTP_410),
        (429, FailureReason.HTTP_429),
        (400, FailureReason.HTTP_4XX),
        (451, FailureReason.HTTP_4XX),
        (500, FailureReason.HTTP_5XX),
        (503, FailureReason.HTTP_5XX),
        (599, FailureReason.HTTP_5XX),
        (206, FailureReason.PROTOCOL),
        (300, FailureReason.PROTOCOL),
        (700, FailureReason.PROTOCOL),
    ],
)
def test_each_status_has_its_reason(web: LoopbackWeb, status: int, reason: FailureReason) -> None:
    web.answer("/feed", Answer(status=status, body=b"no"))
    failure = bad(get(web.url("/feed")))
    assert failure.reason is reason
    assert failure.status == status
    assert failure.url == web.url("/feed")
    assert str(status) in failure.detail


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta()),
        ("Sun, 22 Nov 2026 12:30:00 GMT", timedelta(minutes=30)),
        ("Sun, 22 Nov 2026 11:30:00 GMT", timedelta()),
        ("999999999", timedelta(hours=24)),
        ("Sun, 22 Nov 2099 11:30:00 GMT", timedelta(hours=24)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after(web: LoopbackWeb, status: int, header: str, wait: timedelta | None) -> None:
    web.answer("/feed", Answer(status=status, headers={"Retry-After": header}))
    assert bad(get(web.url("/feed"))).retry_after == wait


@pytest.mark.parametrize(
    ("accept", "kind", "reason"),
    [
        ("page", "video/mp4", FailureReason.NOT_A_PAGE),
        ("page", "Application/PDF", FailureReason.NOT_A_PAGE),
        ("feed", "image/png", FailureReason.NOT_A_FEED),
    ],
)
def test_films_and_the_like_are_not_even_read(
    web: LoopbackWeb, accept: Literal["feed", "page"], kind: str, reason: FailureReason
) -> None:
    web.answer("/it", Answer(body=b"x" * 100 * MB, content_type=kind))
    request = Request(url=web.url("/it"), accept=accept, ignore_robots=True)
    assert bad(get(request)).reason is reason


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain", "application/xml", ""])
def test_feeds_of_an_odd_type_are_read(web: LoopbackWeb, kind: str) -> None:
    assert good(get(web.serve("/feed", FEED, content_type=kind))).body == FEED


# ------------------------------------------------------------------------------ redirects


def test_permanent_redirects_are_reported(web: LoopbackWeb) -> None:
    new = web.serve("/new", FEED, etag='"1"')
    web.answer("/old", redirect("/older", 301))
    web.answer("/older", redirect(new, 308))
    response = good(get(web.url("/old")))
    assert (response.url, response.permanent_url, response.redirects) == (new, new, 2)
    unchanged = good(get(Request(url=web.url("/old"), etag='"1"')))
    assert (unchanged.status, unchanged.permanent_url) == (304, new)


@pytest.mark.parametrize("chain", [(302, 301), (301, 302), (307,), (303,)])
def test_one_temporary_redirect_makes_all_temporary(
    web: LoopbackWeb, chain: tuple[int, ...]
) -> None:
    for number, status in enumerate(chain):
        web.answer(f"/{number}", redirect(f"/{number + 1}", status))
    web.serve(f"/{len(chain)}", FEED)
    response = good(get(web.url("/0")))
    assert (response.url, response.permanent_url) == (web.url(f"/{len(chain)}"), None)


def test_redirects_end(web: LoopbackWeb) -> None:
    for number in range(9):
        web.answer(f"/{number}", redirect(f"/{number + 1}", 302))
    web.serve("/9", FEED)
    assert good(get(web.url("/4"))).redirects == 5
    web.forget()
    assert bad(get(web.url("/0"))).reason is FailureReason.TOO_MANY_REDIRECTS
    assert len(web.requests) == 6


def test_redirects_within_a_domain_are_one_visit(web: LoopbackWeb) -> None:
    web.answer("/old", redirect("/new", 301))
    web.serve("/new", FEED)
    response = good(get(web.url("/old"), per_host_delay=timedelta(hours=1)))
    assert response.body == FEED


def test_going_in_a_circle_ends_at_once(web: LoopbackWeb) -> None:
    web.answer("/a", redirect("/b", 301))
    web.answer("/b", redirect("/a", 301))
    assert bad(get(web.url("/a"))).reason is FailureReason.TOO_MANY_REDIRECTS
    assert len(web.requests) == 2


def test_a_cookie_set_on_the_way_opens_the_door_and_is_forgotten(web: LoopbackWeb) -> None:
    def door(seen: object) -> Answer:
        cookies = seen.headers.get("cookie", "")  # type: ignore[attr-defined]
        if "pass=1" in cookies:
            return Answer(body=FEED)
        return redirect("/feed", 302, **{"Set-Cookie": "pass=1; Path=/; HttpOnly"})

    web.answer("/feed", door)

    async def twice(fetcher: Fetcher) -> None:
        for _ in range(2):
            assert good(await fetcher.fetch(Request(url=web.url("/feed")), now=NOW)).body == FEED

    using(twice)
    assert ["cookie" in seen.headers for seen in web.requests] == [False, True, False, True]


def test_cookies_stay_with_their_host(web: LoopbackWeb) -> None:
    away = web.url("/feed", host="127.0.0.2")
    web.answer("/feed", redirect(away, 302, **{"Set-Cookie": "secret=1"}), host="127.0.0.1")
    web.serve("/feed", FEED, host="127.0.0.2")
    good(get(web.url("/feed")))
    assert "cookie" not in web.requests[-1].headers


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", FailureReason.PROTOCOL),
        ("ftp://example.org/", FailureReason.BAD_URL),
        ("http://user:secret@example.org/", FailureReason.BAD_URL),
        ("http://[::1", FailureReason.BAD_URL),
        ("/" + "x" * 5000, FailureReason.BAD_URL),
    ],
)
def test_bad_redirects(web: LoopbackWeb, location: str, reason: FailureReason) -> None:
    web.answer("/feed", redirect(location))
    failure = bad(get(web.url("/feed")))
    assert failure.reason is reason
    assert "secret" not in failure.detail


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("next?x=1#part", "/dir/next?x=1"),
        ("../up", "/up"),
        ("?q=2", "/dir/feed?q=2"),
        ("//127.0.0.3:PORT/host", "/host"),
        ("/with space", "/with%20space"),
        ("/новости", "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
    ],
)
def test_where_a_redirect_leads(web: LoopbackWeb, location: str, path: str) -> None:
    web.otherwise(lambda _: Answer(body=FEED))
    header = location.replace("PORT", str(web.port)).encode().decode("latin-1")
    web.answer("/dir/feed", redirect(header))
    web.serve("/dir/feed?q=2", FEED)
    good(get(web.url("/dir/feed")))
    assert web.requests[-1].path == path


# ------------------------------------------------------------------------------ bad servers


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Answer(hang=True), FailureReason.TIMEOUT),
        (Answer(body=FEED, delay=2), FailureReason.TIMEOUT),
        (Answer(body=FEED, drip=0.1), FailureReason.TIMEOUT),
        (Answer(body=FEED, drip=0.1, drip_head=True), FailureReason.TIMEOUT),
        (Answer(body=FEED, drip=0.1, chunked=True), FailureReason.TIMEOUT),
        (Answer(reset="head"), FailureReason.PROTOCOL),
        (Answer(body=FEED, reset="body"), FailureReason.PROTOCOL),
        (Answer(body=FEED, truncate_to=100), FailureReason.PROTOCOL),
        (Answer(body=FEED * 20, truncate_to=9000, chunked=True), FailureReason.PROTOCOL),
        (Answer(raw=b""), FailureReason.PROTOCOL),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), FailureReason.PROTOCOL),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), FailureReason.PROTOCOL),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nBad Header: \x00\r\n\r\n"), FailureReason.PROTOCOL),
        (Answer(raw=b"HTTP/1.1 999999 OK\r\n\r\n"), FailureReason.PROTOCOL),
        (Answer(headers={"X-Long": "x" * 200_000}), FailureReason.PROTOCOL),
        (Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000), FailureReason.PROTOCOL),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            FailureReason.PROTOCOL,
        ),
        (Answer(body=b"junk", headers={"Content-Encoding": "gzip"}), FailureReason.PROTOCOL),
        (Answer(body=b"junk", headers={"Content-Encoding": "br"}), FailureReason.PROTOCOL),
        (Answer(body=b"junk", headers={"Content-Encoding": "zstd"}), FailureReason.PROTOCOL),
        (
            Answer(body=packed(FEED, "gzip")[:-9], headers={"Content-Encoding": "gzip"}),
            FailureReason.PROTOCOL,
        ),
    ],
)
def test_bad_servers_end_in_a_reason_and_a_closed_connection(
    web: LoopbackWeb, said: Answer, reason: FailureReason
) -> None:
    url = web.answer("/feed", said)

    async def run(fetcher: Fetcher) -> Failure:
        failure = bad(await fetcher.fetch(Request(url=url), now=NOW))
        await asyncio.to_thread(eventually, lambda: web.open_now == 0)
        return failure

    # Only where nothing else ends it: on a slow machine the rest takes its time, too.
    patience = 0.5 if reason is FailureReason.TIMEOUT else 20
    failure = using(run, timeout=timedelta(seconds=patience))
    assert failure.reason is reason
    assert failure.detail.isprintable()


def mangled(rng: random.Random) -> bytes:
    """An answer that is nearly HTTP."""
    packing = rng.choice(["", "gzip", "deflate", "br", "gzip, br", "zstd", "\x7f"])
    head = [
        b"HTTP/1.1 %d Fine" % rng.choice([200, 200, 200, 304, 301, 302, 404, 429, 503, 100, 99]),
        b"Content-Encoding: " + packing.encode(),
        rng.choice(
            [b"Content-Length: %d" % rng.randrange(300), b"Transfer-Encoding: chunked", b""]
        ),
        b"Location: " + rng.choice([b"/feed", b"//", b"http://[", b"\xff", b"a:b", b"?", b"#"]),
        b"Set-Cookie: " + rng.randbytes(5).replace(b"\n", b""),
        b"Retry-After: " + rng.choice([b"1e9", b"Sun, 99 Nov 2026", b"\xb2", b"9" * 5000]),
        b"Expires: " + rng.choice([b"never", b"Sun, 22 Nov 99999 00:00:00 GMT", b"\x00"]),
    ]
    head[1:] = rng.sample(head[1:], len(head) - 1)
    raw = bytearray(b"\r\n".join(head) + b"\r\n\r\n" + rng.randbytes(rng.randrange(200)))
    for _ in range(rng.choice([0, 0, 1, 5])):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw)


def test_hundreds_of_mangled_answers_all_end_in_a_value(web: LoopbackWeb) -> None:
    rng = random.Random(11)
    web.answer("/feed", lambda _: Answer(raw=mangled(rng)))

    async def run(fetcher: Fetcher) -> list[Response | Failure]:
        request = Request(url=web.url("/feed"), etag='"1"')
        return [await fetcher.fetch(request, now=NOW) for _ in range(500)]

    outcomes = using(run, timeout=timedelta(seconds=5))
    details = [outcome.detail for outcome in outcomes if isinstance(outcome, Failure)]
    assert 100 < len(details) < 500
    assert all(detail and detail.isascii() and detail.isprintable() for detail in details)


def test_silence_in_the_middle_is_noticed_before_the_deadline(web: LoopbackWeb) -> None:
    web.answer("/feed", Answer(body=FEED, drip=30, drip_bytes=10))
    failure = bad(get(web.url("/feed"), read_timeout=timedelta(seconds=0.3)))
    assert (failure.reason, failure.detail) == (FailureReason.TIMEOUT, "the server fell silent")


def test_the_deadline_covers_all_redirects(web: LoopbackWeb) -> None:
    for number in range(5):
        slow = redirect(f"/{number + 1}")
        web.answer(f"/{number}", Answer(status=302, headers=slow.headers, delay=0.3))
    web.serve("/5", FEED)
    failure = bad(get(Request(url=web.url("/0"), deadline=timedelta(seconds=0.8))))
    assert failure.reason is FailureReason.TIMEOUT
    assert len(web.requests) <= 4


def test_nobody_there() -> None:
    with dead_port() as port:
        failure = bad(get(f"http://127.0.0.1:{port}/"))
    assert (failure.reason, failure.detail) == (FailureReason.CONNECT, "Connection refused")


def test_a_server_that_accepts_nobody() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        blockers = [socket.socket() for _ in range(4)]
        for blocker in blockers:
            blocker.setblocking(False)
            blocker.connect_ex(("127.0.0.1", port))
        quick = timedelta(seconds=0.3)
        failure = bad(get(f"http://127.0.0.1:{port}/", connect_timeout=quick))
        for blocker in blockers:
            blocker.close()
    assert (failure.reason, failure.detail) == (FailureReason.TIMEOUT, "no connection in time")


@pytest.mark.parametrize("host", ["nothing.invalid", "a..b", "x" * 70 + ".org"])
def test_names_that_do_not_exist(host: str) -> None:
    assert bad(get(f"http://{host}/")).reason is FailureReason.DNS


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org/", "http://", "http://[x/"])
def test_what_is_no_web_address(url: str) -> None:
    failure = bad(get(url))
    assert failure.reason is FailureReason.BAD_URL
    assert failure.url == url


def test_one_bad_server_does_not_hold_up_the_others(web: LoopbackWeb) -> None:
    async def run(fetcher: Fetcher) -> list[Response | Failure]:
        stuck = [
            asyncio.create_task(fetcher.fetch(Request(url=web.url("/", host=host)), now=NOW))
            for host in ("127.0.1.1", "127.0.1.2")
            for _ in range(6)
        ]
        await asyncio.to_thread(eventually, lambda: len(web.requests) >= 4)
        urls = [web.url("/", host=f"127.0.2.{n}") for n in range(1, 21)]
        fine = await asyncio.gather(*(fetcher.fetch(Request(url=u), now=NOW) for u in urls))
        assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        return fine

    web.answer("/", Answer(hang=True), host="127.0.1.1")
    web.answer("/", Answer(hang=True), host="127.0.1.2")
    web.otherwise(lambda _: Answer(body=FEED))
    outcomes = using(run, concurrency=6)
    assert all(isinstance(outcome, Response) for outcome in outcomes)


# ------------------------------------------------------------------------------ bombs


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip": (lambda: gzip_bomb(200 * MB), "gzip"),
    "x-gzip": (lambda: gzip_bomb(200 * MB), "x-gzip"),
    "twice": (lambda: packed(gzip_bomb(200 * MB), "gzip"), "gzip, gzip"),
    "brotli": (lambda: brotli_bomb(200 * MB), "br"),
    "brotli in gzip": (lambda: packed(brotli_bomb(200 * MB), "gzip"), "br, gzip"),
    "file": (lambda: gzip_bomb(200 * MB), ""),
    "zstd": (lambda: gzip_bomb(200 * MB), "zstd"),
    "three layers": (lambda: gzip_bomb(200 * MB), "gzip, gzip, gzip"),
    "many members": (lambda: gzip_bomb(1000) * 300_000, "gzip"),
    "plain": (lambda: b"x" * 40 * MB, ""),
}


@pytest.mark.parametrize("kind", sorted(BOMBS))
@pytest.mark.parametrize("chunked", [False, True])
def test_bombs_are_refused_within_bounded_memory(
    web: LoopbackWeb, kind: str, chunked: bool
) -> None:
    make, encoding = BOMBS[kind]
    headers = {"Content-Encoding": encoding} if encoding else {}
    web.answer("/bomb", Answer(body=make(), headers=headers, chunked=chunked))

    async def run(fetcher: Fetcher) -> tuple[Response | Failure, int]:
        tracemalloc.start()
        try:
            outcome = await fetcher.fetch(Request(url=web.url("/bomb")), now=NOW)
            return outcome, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    outcome, peak = using(run, max_bytes=5 * MB)
    assert bad(outcome).reason in (FailureReason.TOO_LARGE, FailureReason.PROTOCOL)
    assert peak < 20 * MB


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "br"])
def test_the_size_limit_is_exact(web: LoopbackWeb, encoding: str) -> None:
    fits = web.serve("/fits", b"x" * 50_000, encoding=encoding or None)
    too_long = web.serve("/long", b"x" * 50_001, encoding=encoding or None)
    assert len(good(get(Request(url=fits, max_bytes=50_000))).body or b"") == 50_000
    assert bad(get(Request(url=too_long, max_bytes=50_000))).reason is FailureReason.TOO_LARGE


def test_a_long_content_length_is_believed(web: LoopbackWeb) -> None:
    web.answer("/feed", Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx"))
    assert bad(get(web.url("/feed"))).reason is FailureReason.TOO_LARGE


# ------------------------------------------------------------------------------ connections


def test_feeds_leave_no_idle_connection_and_pages_share_one(web: LoopbackWeb) -> None:
    web.otherwise(lambda _: Answer(body=FEED))

    async def run(fetcher: Fetcher) -> None:
        for number in range(3):
            await fetcher.fetch(Request(url=web.url(f"/{number}")), now=NOW)
        await asyncio.to_thread(eventually, lambda: web.open_now == 0)
        web.forget()
        for number in range(3):
            page = Request(url=web.url(f"/{number}"), accept="page", ignore_robots=True)
            await fetcher.fetch(page, now=NOW)
        assert web.connections == 1

    using(run)
    eventually(lambda: web.open_now == 0)


def test_a_name_and_the_address_it_leads_to_share_the_limit_of_that_address(
    web: LoopbackWeb,
) -> None:
    web.otherwise(lambda _: Answer(body=FEED, delay=0.3))
    both = [web.url("/a", host="localhost"), web.url("/b", host="127.0.0.1")]

    async def run(fetcher: Fetcher) -> None:
        for outcome in await asyncio.gather(
            *(fetcher.fetch(Request(url=url), now=NOW) for url in both)
        ):
            good(outcome)

    using(run, per_address=1)
    first, second = (seen.at for seen in web.requests)
    assert second - first > 0.25


# ------------------------------------------------------------------------------ TLS

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command")


@needs_openssl
def test_certificates_are_checked(tmp_path: Path) -> None:
    context, ca_file = self_signed(tmp_path)
    with LoopbackWeb(tls=context) as web:
        url = web.serve("/feed", FEED)
        unknown = bad(get(url))
        trusted = good(get(url, ca_file=str(ca_file)))
        other_name = bad(get(web.url("/feed", host="127.0.0.2"), ca_file=str(ca_file)))
    assert unknown.reason is other_name.reason is FailureReason.TLS
    assert unknown.detail.startswith("certificate: ")
    assert "127.0.0.2" in other_name.detail
    assert trusted.body == FEED


def test_a_plain_server_on_a_tls_address() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        async def run(fetcher: Fetcher) -> Failure:
            loop = asyncio.get_running_loop()
            listener.setblocking(False)
            task = asyncio.create_task(
                fetcher.fetch(Request(url=f"https://127.0.0.1:{port}/"), now=NOW)
            )
            peer, _ = await loop.sock_accept(listener)
            await loop.sock_recv(peer, 10)
            await loop.sock_sendall(peer, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            failure = bad(await task)
            peer.close()
            return failure

        assert using(run).reason is FailureReason.TLS


def test_a_server_that_never_shakes_hands() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        failure = bad(get(f"https://127.0.0.1:{port}/", connect_timeout=timedelta(seconds=0.3)))
    assert failure.reason is FailureReason.TIMEOUT
