"""A loopback web of feeds: every feed on an address of its own, 127.x.y.z, in a process of its own.

A ``Farm`` is a folder of files that a static server shows. nginx serves it where it is installed
(its figures compare with other programs'), else a small server in this file does. What changes on
the web is a change of the files: their times are the validators.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import ClassVar, Self

ENTRIES = 20
START = 1_767_225_600
"""2026-01-01: everything the farm says of time counts from here, whatever today is."""

_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_timeout 5; sendfile on;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
  uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  types {{ application/rss+xml xml; text/html html; text/plain txt; }}
  server {{
    listen {port} backlog=4096; {tls}
    allow 127.0.0.0/8; deny all;
    location / {{ root {folder}/web/$host; }}
  }}
}}
"""


def address(number: int) -> str:
    """The address of a feed's host."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


class Farm:
    """``feeds`` feeds of 20 entries. Use as a context manager."""

    def __init__(self, feeds: int, *, tls: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="farm-"))
        self.feeds = feeds
        self.port = _free_port()
        self.kind = "nginx" if shutil.which("nginx") else "a Python server"
        self._scheme = "https" if tls else "http"
        self._server: subprocess.Popen[bytes] | None = None
        self._changes = 0
        self._newest = [ENTRIES] * feeds
        self._words = Words(1)

    @property
    def urls(self) -> list[str]:
        """The feeds' addresses."""
        return [f"{self._origin(number)}/feed.xml" for number in range(self.feeds)]

    @property
    def certificate(self) -> Path:
        """What a client has to trust, with ``tls``."""
        return self.folder / "web.pem"

    def __enter__(self) -> Self:
        (self.folder / "tmp").mkdir()
        for number in range(self.feeds):
            (self.folder / "web" / address(number)).mkdir(parents=True)
            self._write_feed(number)
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
        shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------ what happens

    def resend(self) -> None:
        """No validator fits any more, though every body stays the same."""
        self._changes += 1
        for number in range(self.feeds):
            self._stamp(self.folder / "web" / address(number) / "feed.xml")

    def reshuffle(self) -> None:
        """Every body has a new build date and another order of entries; nothing is new."""
        self._changes += 1
        for number in range(self.feeds):
            self._write_feed(number)

    def publish(self, share: float) -> int:
        """So many of the feeds get one new entry with its page; returns how many."""
        self._changes += 1
        chosen = range(0, self.feeds, round(1 / share))
        for number in chosen:
            self._newest[number] += 1
            entry = self._newest[number]
            page = self.folder / "web" / address(number) / f"{entry}.html"
            page.write_text(self._page(number, entry), encoding="utf-8")
            self._write_feed(number)
        return len(chosen)

    # ------------------------------------------------------------------------------- files

    def _origin(self, number: int) -> str:
        return f"{self._scheme}://{address(number)}:{self.port}"

    def _stamp(self, path: Path) -> None:
        moment = START + self._changes
        os.utime(path, (moment, moment))

    def _write_feed(self, number: int) -> None:
        newest = self._newest[number]
        entries = [self._item(number, entry) for entry in range(newest, newest - ENTRIES, -1)]
        turn = self._changes % (ENTRIES - 1)
        path = self.folder / "web" / address(number) / "feed.xml"
        path.write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
            f"<title>Paper {number}</title><link>{self._origin(number)}/</link>"
            f"<description>News of town {number}</description><language>en</language>"
            f"<lastBuildDate>{formatdate(START + self._changes)}</lastBuildDate>\n"
            # The newest stays first, as in real feeds with a promoted entry further down.
            + "".join([entries[0], *entries[1 + turn :], *entries[1 : 1 + turn]])
            + "</channel></rss>\n",
            encoding="utf-8",
        )
        self._stamp(path)

    def _item(self, number: int, entry: int) -> str:
        words = Words(number * 1_000 + entry)
        link = f"{self._origin(number)}/{entry}.html"
        return (
            f"<item><title>{words.sentence(8)}</title><link>{link}</link>"
            f'<guid isPermaLink="true">{link}</guid>'
            f"<pubDate>{formatdate(START + entry * 3_600)}</pubDate>"
            f"<category>{words.sentence(1)}</category>"
            f"<description><![CDATA[<p>{words.text(500)}</p>]]></description></item>\n"
        )

    def _page(self, number: int, entry: int) -> str:
        """An article page of 50 to 300 kB, most of it not the article, as on real sites."""
        words = Words(number * 1_000 + entry)
        title = words.sentence(8)
        menu = "".join(
            f'<li class="menu-item menu-item-{i}"><a href="/section/{i}"><span>{words.sentence(2)}'
            "</span></a></li>"
            for i in range(130)
        )
        article = "".join(self._paragraph(words, i) for i in range(18))
        teasers = "".join(
            f'<div class="col"><div class="card"><a href="/{i}.html"><picture><img src="/i/{i}.jpg"'
            f' alt=""></picture><h3>{words.sentence(7)}</h3></a><p>{words.text(160)}</p><div><span>'
            f'{words.sentence(1)}</span><time datetime="2026-01-02">2 Jan</time></div></div></div>'
            for i in range(70)
        )
        remarks = "".join(
            f'<div class="row"><div><b>{words.sentence(2)}</b><p>{words.text(200)}</p></div></div>'
            for _ in range(45)
        )
        size = words.random.choice((0, 0, 20_000, 40_000, 150_000))
        script = f"window.state={{{','.join(f'k{i}:{i * 7919}' for i in range(size // 14))}}};"
        return (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta property="og:title" content="{title}"><meta name="author" content="A. Writer">'
            f'<meta property="article:published_time" content="2026-01-02T10:00:00Z">'
            f'<link rel="canonical" href="{self._origin(number)}/{entry}.html">'
            f"<style>{'.c{margin:0 auto;padding:1px}' * 300}</style><script>{script}</script></head>"
            f'<body><div class="wrap"><div><ul>{menu}</ul></div><div class="layout"><h1>{title}</h1>'
            f'<div class="text">{article}</div><div class="more">{teasers}</div>{remarks}</div>'
            f"<div><ul>{menu}</ul></div></div></body></html>"
        )

    def _paragraph(self, words: Words, number: int) -> str:
        aside = f'<div class="inset"><a href="/{number}.html">{words.sentence(9)}</a></div>'
        return (
            f'<p>{words.text(150)} <a href="/{number}.html">{words.sentence(3)}</a>, '
            f"<strong>{words.sentence(2)}</strong> {words.text(120)} <em>{words.sentence(4)}</em><br>"
            f"{words.text(100)}</p>\n{aside if number % 4 == 3 else ''}"
        )

    # ------------------------------------------------------------------------------ server

    def _start(self) -> None:
        if self.kind == "nginx":
            path = self.folder / "nginx.conf"
            path.write_text(
                _NGINX.format(
                    folder=self.folder,
                    port=self.port,
                    user="user root;" if os.geteuid() == 0 else "",
                    tls=self._tls() if self._scheme == "https" else "",
                )
            )
            command = ["nginx", "-c", str(path), "-p", str(self.folder)]
        else:
            if self._scheme == "https":
                raise SystemExit("the farm serves TLS by nginx only: install it")
            command = [sys.executable, __file__, str(self.folder / "web"), str(self.port)]
        self._server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _await_port(self.port)

    def _tls(self) -> str:
        # An address has no SNI, so one certificate names them all.
        names = ",".join(f"IP:{address(number)}" for number in range(self.feeds))
        key = self.folder / "web.key"
        subprocess.run(
            (
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 "
                f"-subj /CN=farm -addext subjectAltName={names} -keyout {key} -out {self.certificate}"
            ).split(),
            check=True,
            capture_output=True,
        )
        return f"ssl_certificate {self.certificate}; ssl_certificate_key {key}; ssl on;"


class Words:
    """Made-up prose, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def sentence(self, length: int) -> str:
        """Words, the first one capitalised."""
        return " ".join(self.random.choices(_VOCABULARY, k=length)).capitalize()

    def text(self, characters: int) -> str:
        """Sentences of about so many characters together."""
        found: list[str] = []
        while characters > 0:
            found.append(self.sentence(self.random.randint(8, 18)) + ".")
            characters -= len(found[-1]) + 1
        return " ".join(found)


def _vocabulary() -> list[str]:
    source = random.Random(0)
    common = [
        "the",
        "of",
        "and",
        "to",
        "in",
        "a",
        "is",
        "that",
        "for",
        "on",
        "was",
        "with",
        "as",
        "by",
        "at",
        "from",
        "it",
        "has",
        "said",
        "be",
    ]
    syllables = [
        "ba",
        "cor",
        "den",
        "el",
        "fi",
        "gan",
        "hol",
        "ish",
        "jor",
        "ka",
        "lem",
        "mi",
        "nor",
        "op",
        "pra",
        "qui",
        "rest",
        "sa",
        "tion",
        "ul",
        "ver",
        "wen",
    ]
    made = ["".join(source.choices(syllables, k=source.randint(1, 4))) for _ in range(3_000)]
    return common * 60 + made


_VOCABULARY = _vocabulary()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("the farm's server does not start")


# ---------------------------------------------------------------------- the server without nginx


class StaticServer(asyncio.Protocol):
    """Just enough HTTP: GET, validators, one folder for each host."""

    folder = Path()
    types: ClassVar = {".xml": "application/rss+xml", ".html": "text/html"}

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not str(transport.get_extra_info("peername")[0]).startswith("127."):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            self._transport.write(self._answer(first.split(" ")[1], headers))
            if headers.get("connection", "").lower() == "close":
                self._transport.close()

    def _answer(self, path: str, headers: dict[str, str]) -> bytes:
        file = self.folder / headers.get("host", "").partition(":")[0] / path.lstrip("/")
        try:
            state = file.stat()
        except OSError:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        tag = f'"{int(state.st_mtime):x}-{state.st_size:x}"'
        validators = f"ETag: {tag}\r\nLast-Modified: {formatdate(state.st_mtime, usegmt=True)}\r\n"
        if headers.get("if-none-match") == tag:
            return f"HTTP/1.1 304 Not Modified\r\n{validators}\r\n".encode()
        return (
            f"HTTP/1.1 200 OK\r\nContent-Type: {self.types.get(file.suffix, 'text/plain')}\r\n"
            f"Content-Length: {state.st_size}\r\n{validators}\r\n"
        ).encode() + file.read_bytes()


async def _serve(folder: Path, port: int) -> None:
    StaticServer.folder = folder
    loop = asyncio.get_running_loop()
    # Only the wildcard covers all of 127.0.0.0/8.
    server = await loop.create_server(StaticServer, "0.0.0.0", port, backlog=4096)
    await server.serve_forever()


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    with contextlib.suppress(KeyboardInterrupt):
        yield


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve a farm's folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    wanted = parser.parse_args()
    with _stopping():
        asyncio.run(_serve(wanted.folder, wanted.port))
