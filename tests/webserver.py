"""A scripted web server on loopback for tests: says what it is told, badly if asked, and remembers.

    with LoopbackWeb() as web:
        web.serve("/feed.xml", RSS, content_type="application/rss+xml", etag='"1"')
        web.answer("/gone", Answer(status=410))
        web.script("/flaky", [Answer(status=503), Answer(body=b"fine")])  # the last one stays
        web.answer("/slow", Answer(body=b"x" * 100, drip=0.2, drip_bytes=1))
        ...  # fetch web.url("/feed.xml"), or web.url("/feed.xml", host="127.0.0.7")
        assert [seen.path for seen in web.requests] == ["/feed.xml"]

Every 127.x.y.z reaches the same server (and ::1 where there is IPv6); ``host=`` in ``serve``,
``answer`` and ``script`` gives one of them its own content. It runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from http import HTTPStatus
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    """With the query string."""
    host: str
    """The Host header without its port."""
    headers: Mapping[str, str]
    body: bytes = b""
    at: float = 0.0
    """``time.monotonic()`` on arrival."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to say to one request, and how badly."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    """With this or ``last_modified``, a matching conditional request gets a 304."""
    last_modified: str | None = None
    delay: float = 0.0
    """Seconds before the first byte."""
    after: str | None = None
    """Wait until this path was asked for, half a minute at most."""
    drip: float | None = None
    """Seconds between pieces of ``drip_bytes`` of the body."""
    drip_bytes: int = 1
    drip_head: bool = False
    """Drip the status line and headers too."""
    hang: bool = False
    """Say nothing until the client gives up."""
    reset: str | None = None
    """``head``: a TCP reset instead of an answer; ``body``: after half of the body."""
    truncate_to: int | None = None
    """Promise the whole body, send this many bytes of it, close."""
    chunked: bool = False
    raw: bytes | None = None
    """These bytes instead of anything like HTTP."""


Speaker = Callable[[Seen], Answer]


def packed(body: bytes, encoding: str) -> bytes:
    """The body in a content encoding: gzip, deflate (zlib), raw-deflate or br."""
    if encoding == "gzip":
        return gzip.compress(body)
    if encoding == "deflate":
        return zlib.compress(body)
    if encoding == "raw-deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(body) + packer.flush()
    import brotli

    return bytes(brotli.compress(body, quality=5))


@cache
def gzip_bomb(size: int) -> bytes:
    """Gzip that grows to ``size`` zero bytes, made without ever holding them: what is equal is
    packed once."""
    block = bytes(1 << 24)
    whole, rest = divmod(size, len(block))
    packer = zlib.compressobj(9, wbits=-15)
    packed_block = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(block[:rest]) + last.flush()
    crc = 0
    for _ in range(whole):
        crc = zlib.crc32(block, crc)
    crc = zlib.crc32(block[:rest], crc)
    head = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    return head + packed_block * whole + end + struct.pack("<II", crc, size % (1 << 32))


@cache
def brotli_bomb(size: int) -> bytes:
    """Brotli that grows to ``size`` zero bytes."""
    import brotli

    packer = brotli.Compressor(quality=5)
    block = bytes(1 << 20)
    parts = [packer.process(block[: min(len(block), size - at)]) for at in range(0, size, 1 << 20)]
    return b"".join([*parts, packer.finish()])


def redirect(to: str, status: int = 302, **headers: str) -> Answer:
    """An answer that sends the client elsewhere."""
    return Answer(status=status, headers={"Location": to, **headers})


class LoopbackWeb:
    """The server; use as a context manager. See the module's docstring."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = tls
        self._want_port = port
        self._scripts: dict[tuple[str | None, str], list[Answer] | Speaker] = {}
        self._fallback: Speaker | None = None
        self._requests: list[Seen] = []
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="loopback-web", daemon=True)
        self._ready = threading.Event()
        self._conversations: set[asyncio.Task[None]] = set()
        self.connections = 0
        """TCP connections accepted from loopback, even those on which nothing was said."""
        self.open_now = 0
        self.most_open = 0
        self.port = 0
        self.ipv6 = False

    # ------------------------------------------------------------------ what to say

    def serve(
        self,
        path: str,
        body: bytes | str,
        *,
        content_type: str = "text/html; charset=utf-8",
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
        encoding: str | None = None,
        status: int = 200,
        host: str | None = None,
    ) -> str:
        """Serve a body at a path from now on; returns its address."""
        data = body.encode() if isinstance(body, str) else body
        extra = dict(headers or {})
        if encoding:
            data = packed(data, encoding)
            extra["Content-Encoding"] = encoding.removeprefix("raw-")
        said = Answer(
            status=status,
            body=data,
            content_type=content_type,
            etag=etag,
            last_modified=last_modified,
            headers=extra,
        )
        return self.answer(path, said, host=host)

    def answer(self, path: str, said: Answer | Speaker, *, host: str | None = None) -> str:
        """Give this answer, or what this function of the request returns; returns the address."""
        return self.script(path, [said] if isinstance(said, Answer) else said, host=host)

    def script(
        self, path: str, said: Sequence[Answer] | Speaker, *, host: str | None = None
    ) -> str:
        """Give these answers in turn; the last one stays."""
        with self._lock:
            self._scripts[host, path] = said if callable(said) else list(said)
        return self.url(path, host=host or "127.0.0.1")

    def otherwise(self, speaker: Speaker) -> None:
        """What to say on every other path (404 unless set)."""
        self._fallback = speaker

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """The address of a path, on any 127.x.y.z."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    # ------------------------------------------------------------------ what was heard

    @property
    def requests(self) -> list[Seen]:
        """Every request so far, in order."""
        with self._lock:
            return list(self._requests)

    def requests_for(self, path: str, *, host: str | None = None) -> list[Seen]:
        """The requests for one path (and host)."""
        return [r for r in self.requests if r.path == path and host in (None, r.host)]

    def forget(self) -> None:
        """Forget the requests and connections so far, not the scripts."""
        with self._lock:
            self._requests.clear()
            self.connections = 0
            self.most_open = self.open_now

    # ------------------------------------------------------------------ running

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the loopback web did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        servers = self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        for server in servers:
            server.close()
        for task in list(self._conversations):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._conversations, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _listen(self) -> list[asyncio.Server]:
        # Only the wildcard covers all of 127.0.0.0/8; other peers are turned away below.
        first = await asyncio.start_server(
            self._accept, "0.0.0.0", self._want_port, ssl=self._tls, backlog=2048
        )
        self.port = first.sockets[0].getsockname()[1]
        servers = [first]
        with contextlib.suppress(OSError):
            servers.append(
                await asyncio.start_server(self._accept, "::1", self.port, ssl=self._tls)
            )
            self.ipv6 = True
        return servers

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)
        peer = str(writer.get_extra_info("peername")[0])
        counted = peer == "::1" or peer.startswith("127.")
        if counted:
            with self._lock:
                self.connections += 1
                self.open_now += 1
                self.most_open = max(self.most_open, self.open_now)
        try:
            if counted:
                await self._converse(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            if counted:
                with self._lock:
                    self.open_now -= 1
            with contextlib.suppress(OSError):
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (seen := await _read_request(reader)) is not None:
            with self._lock:
                self._requests.append(seen)
            said = self._choose(seen)
            for _ in range(600 if said.after else 0):
                if any(other.path == said.after for other in self.requests):
                    break
                await asyncio.sleep(0.05)
            keep = await _say(said, seen, reader, writer)
            if not keep or seen.headers.get("connection", "").lower() == "close":
                return

    def _choose(self, seen: Seen) -> Answer:
        bare = seen.path.partition("?")[0]
        with self._lock:
            keys = [(h, p) for h in (seen.host, None) for p in (seen.path, bare)]
            script = next((self._scripts[k] for k in keys if k in self._scripts), self._fallback)
            if isinstance(script, list):
                return script.pop(0) if len(script) > 1 else script[0]
        return script(seen) if script else Answer(status=404, body=b"nothing here")


async def _read_request(reader: asyncio.StreamReader) -> Seen | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    body = await reader.readexactly(length) if length else b""
    host = headers.get("host", "")
    bare_host = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return Seen(
        method=method, path=path, host=bare_host, headers=headers, body=body, at=time.monotonic()
    )


def _unchanged(said: Answer, seen: Seen) -> bool:
    tags = seen.headers.get("if-none-match")
    if tags is not None:
        return said.etag is not None and said.etag in [tag.strip() for tag in tags.split(",")]
    since = seen.headers.get("if-modified-since")
    return since is not None and since == said.last_modified


async def _say(
    said: Answer, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Give the answer; True when the connection may carry another request."""
    await asyncio.sleep(said.delay)
    if said.hang:
        await reader.read()  # returns when the client hangs up
        return False
    if said.reset == "head":
        return _reset(writer)
    if said.raw is not None:
        writer.write(said.raw)
        await writer.drain()
        return False
    if said.status == 200 and _unchanged(said, seen):
        said = replace(said, status=304, body=b"")
    body = b"" if seen.method == "HEAD" or said.status in (204, 304) else said.body
    for piece in _pieces(_head(said), said.drip_bytes if said.drip and said.drip_head else None):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(said.drip if said.drip_head and said.drip else 0)
    return await _say_body(said, body, writer)


async def _say_body(said: Answer, body: bytes, writer: asyncio.StreamWriter) -> bool:
    if said.truncate_to is not None:
        body = body[: said.truncate_to]
    if said.reset == "body":
        body = body[: len(body) // 2]
    size = said.drip_bytes if said.drip else (4096 if said.chunked else 65_536)
    for piece in _pieces(body, size):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if said.chunked else piece)
        await writer.drain()
        if said.drip:
            await asyncio.sleep(said.drip)
    if said.reset == "body":
        await asyncio.sleep(0.05)  # let the half arrive: a reset may overtake data
        return _reset(writer)
    if said.truncate_to is not None:
        return False
    if said.chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _head(said: Answer) -> bytes:
    headers = dict(said.headers)
    if said.content_type:
        headers.setdefault("Content-Type", said.content_type)
    if said.etag:
        headers.setdefault("ETag", said.etag)
    if said.last_modified:
        headers.setdefault("Last-Modified", said.last_modified)
    if said.chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif said.status not in (204, 304):
        headers.setdefault("Content-Length", str(len(said.body)))
    phrase = HTTPStatus(said.status).phrase if said.status in set(HTTPStatus) else "Odd"
    lines = [f"HTTP/1.1 {said.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _pieces(data: bytes, size: int | None) -> Iterable[bytes]:
    if size is None:
        return [data] if data else []
    return (data[at : at + size] for at in range(0, len(data), size))


def _reset(writer: asyncio.StreamWriter) -> bool:
    sock = writer.get_extra_info("socket")
    # Linger 0 makes close() send RST instead of FIN.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
