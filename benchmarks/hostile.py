"""A loopback web where of 100 feeds 88 are well, 5 hang, 5 fail and 2 attack; one Python process.

python hostile.py PORT
"""

from __future__ import annotations

import asyncio
import gzip
import sys
import zlib
from collections.abc import Callable
from functools import cache

from web import ENTRIES, StaticServer, Words, address

KINDS = 100


def kind(number: int) -> str:
    """What a feed of this number is like."""
    turn = number % KINDS
    return "hangs" if turn < 5 else "fails" if turn < 10 else "attacks" if turn < 12 else "well"


@cache
def healthy_body() -> bytes:
    words = Words(7)
    items = "".join(
        f"<item><title>{words.sentence(8)}</title><link>http://HOST/{entry}.html</link>"
        f"<guid>http://HOST/{entry}.html</guid><description>{words.text(500)}</description></item>"
        for entry in range(ENTRIES)
    )
    return f'<rss version="2.0"><channel><title>HOST</title>{items}</channel></rss>'.encode()


def answer(head: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@cache
def attacks() -> list[Callable[[], bytes]]:
    """Whole answers that cost more to take in than to send."""
    bomb = gzip.compress(bytes(200_000_000), 6)
    packed = "200 OK\r\nContent-Type: application/rss+xml\r\nContent-Encoding: gzip"
    laughs = '<!DOCTYPE r [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    comments = f"<rss><channel><item><description>{'&lt;!--' * 60_000}</description></item>"
    deep = f"<rss><channel>{'<item>' * 100_000}"
    many = "<rss><channel>" + "<item><title>x</title></item>" * 70_000 + "</channel></rss>"
    plain = "200 OK\r\nContent-Type: application/rss+xml"
    return [
        lambda: answer(packed, bomb),
        lambda: answer(
            plain, f"{laughs}]><rss><channel><title>&i;</title></channel></rss>".encode()
        ),
        lambda: answer(plain, comments.encode()),
        lambda: answer(plain, deep.encode()),
        lambda: answer(plain, many.encode()),
        lambda: answer("302 Found\r\nLocation: /feed.xml?again"),
        lambda: b"HTTP/1.1 200 OK\r\n" + b"X-Long: y\r\n" * 100_000,
    ]


FAILURES = [
    answer("500 Internal Server Error"),
    answer("404 Not Found"),
    answer(
        "200 OK\r\nContent-Type: text/html", b"<html><body>Moved to our new site!</body></html>"
    ),
    answer("200 OK\r\nContent-Type: application/rss+xml", zlib.compress(b"x" * 5_000)),
    b"",
]


class HostileServer(StaticServer):
    """Answers by the number that the address stands for."""

    numbers: dict[str, int] = {}  # noqa: RUF012

    def _answer(self, path: str, headers: dict[str, str]) -> bytes:
        host = headers.get("host", "")
        number = self.numbers.get(host.partition(":")[0], KINDS - 1)
        wanted = kind(number)
        if wanted == "well":
            if headers.get("if-none-match") == '"1"':
                return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
            body = healthy_body().replace(b"HOST", host.encode())
            return answer('200 OK\r\nContent-Type: application/rss+xml\r\nETag: "1"', body)
        if wanted == "hangs":
            headers["connection"] = "keep-alive"
            return b"" if number % 2 else b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>"
        headers["connection"] = "close"
        choices = FAILURES if wanted == "fails" else attacks()
        chosen = choices[number // KINDS % len(choices)]
        return chosen if isinstance(chosen, bytes) else chosen()


async def serve(port: int) -> None:
    HostileServer.numbers = {address(number): number for number in range(20_000)}
    attacks()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(HostileServer, "0.0.0.0", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
