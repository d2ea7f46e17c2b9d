"""A hostile web against the installed program: other feeds' news arrives, nothing leaks or lingers."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
import unicodedata
from contextlib import closing
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import psutil
import pytest
from newsweb import NewsWeb, write_config
from program import WATCHER, answer
from receivers import MailServer, WebhookServer
from test_acceptance import wait_until
from test_parse_hostile import READ, REFUSED
from webserver import Answer, LoopbackWeb, brotli_bomb, gzip_bomb, redirect

pytestmark = pytest.mark.timeout(450)
MEMORY = 1_600_000_000
"""Bytes that the program and its helpers hold together at most; shared pages count once."""
CANARY_URL, CANARY_ENV = "canary-of-the-address-7d1f", "canary-of-the-environment-93ab"
DIRT = "A\x00B\x07C\x1b[31mD\x1b]0;title\x07E\u202eF\u2066G\u2069H\u200bI\x9bJ\u2028K\ud800L\ufeffM"
KEPT = {"\n", "\u200c", "\u200d"}

TITLE = "South Ossetia calls a referendum on joining Russia"
TEXT = (
    "The leader of South Ossetia, Anatoly Bibilov, signed a decree on a referendum on joining "
    "Russia, his office in Tskhinvali said. Georgia called the annexation illegal. "
) * 3

PAGES: dict[str, bytes] = {
    "deep": b"<div>" * 100_000 + TEXT.encode(),
    "breaks": b"<p>" + b"<br>" * 200_000 + TEXT.encode(),
    "links": b"<a href='/x'>x</a> " * 100_000,
    "authors": b'<script type="application/ld+json">' + b'{"author":[' * 20_000 + b"</script>",
    "one line": b"<p>" + b"a" * 4_000_000,
    "attributes": b"<p " + b" ".join(b"a%d=x" % n for n in range(50_000)) + b">" + TEXT.encode(),
    "entities": b"<p>" + b"&#x202e;&#0;&#27;&amp;" * 50_000,
    "scripts": b"<script>" * 50_000 + b"<style>" * 50_000,
    "tables": b"<table><tr><td>" * 30_000,
}


def dirty_rss(web: LoopbackWeb) -> bytes:
    """An on-topic entry whose every field is full of control characters."""
    link = web.url("/dirty/page", host="127.0.5.1")
    # XML can't say NUL or ESC; numbered references and HTML inside the text can.
    numbered = "".join(
        character if character.isascii() and character.isalpha() else f"&amp;#{ord(character)};"
        for character in DIRT
    )
    raw = DIRT.replace("\x00", "").replace("\ud800", "")
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{raw}</title><item>"
        f"<title>{TITLE} {numbered}{raw}</title><link>{link}</link><author>{raw}</author>"
        f"<description>{escape(TEXT)} {numbered}{raw}</description></item></channel></rss>"
    ).encode()


def dirty_page() -> bytes:
    numbered = "".join(f"&#{ord(character)};" for character in DIRT)
    raw = DIRT.replace("\ud800", "")
    return (
        f"<html lang='en'><head><meta charset='utf-8'><title>{TITLE}{raw}{numbered}</title>"
        f"<meta name='author' content='Eve{raw}{numbered}'></head><body><article><h1>{TITLE}{raw}"
        f"</h1><p>{TEXT}{raw}{numbered}</p></article></body></html>"
    ).encode()


def hostile_web(web: LoopbackWeb) -> list[str]:
    """Serve everything hostile; returns the feeds."""
    feeds = []

    def serve(name: str, said: Answer) -> None:
        number = len(feeds) + 1
        host = f"127.0.6.{number}"
        feeds.append(web.answer(f"/{re.sub('[^a-z0-9]', '-', name.lower())}", said, host=host))

    # The worst of what the parser's own tests have; all of it is tried there.
    for name in ("billion laughs", "NUL and ESC", "lone surrogate",
                 "depth in an item", "title of 2 MB", "external entity"):  # fmt: skip
        serve(name, Answer(body=READ[name].replace(b"https://example.org", web.url("").encode())))
    for name in ("attributes of the root", "deep JSON", "a path"):
        serve(name, Answer(body=REFUSED[name]))
    packed = {"gzip": gzip_bomb(1 << 30), "br": brotli_bomb(1 << 28)}
    for coding, body in packed.items():
        serve(coding, Answer(body=body, headers={"Content-Encoding": coding}))
    serve("hang", Answer(hang=True))
    serve("drip", Answer(body=b"x" * 100_000, drip=0.5, drip_head=True))
    serve("reset", Answer(body=b"x" * 1_000, reset="body"))
    serve("truncated", Answer(body=b"x" * 1_000, truncate_to=10))
    serve("nonsense", Answer(raw=b"\x00\xff" * 5_000))
    serve("endless header", Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 3_000_000))
    serve("inner", redirect("http://169.254.169.254/latest/meta-data/"))
    serve("file", redirect("file:///etc/passwd"))
    web.answer("/loop", redirect(web.url("/loop", host="127.0.6.99")), host="127.0.6.99")
    feeds.append(web.url("/loop", host="127.0.6.99"))
    items = ""
    for number, (name, body) in enumerate(PAGES.items(), 1):
        link = web.answer(
            f"/page/{number}",
            Answer(body=b"<html><body>" + body, content_type="text/html; charset=utf-8"),
            host=f"127.0.7.{number}",
        )
        items += f"<item><title>Page of {name}</title><link>{link}</link></item>"
    serve("pages", Answer(body=f"<rss version='2.0'><channel>{items}</channel></rss>".encode()))
    web.answer("/dirty/page", Answer(body=dirty_page(), content_type="text/html"), host="127.0.5.1")
    serve("dirty", Answer(body=dirty_rss(web), content_type="application/rss+xml"))
    return feeds


class Watch:
    """Looks at a process and its children until it ends: memory, and what anybody can read."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self.command_lines: set[str] = set()
        self._process = psutil.Process(pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(0.2):
            try:
                family = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            total = 0
            for process in family:
                try:
                    total += process.memory_full_info().pss
                    self.command_lines.add(" ".join(process.cmdline()))
                except psutil.Error:
                    continue
            self.most = max(self.most, total)

    def stop(self) -> None:
        self._end.set()
        self._thread.join()


def test_a_hostile_web_costs_no_news_no_memory_and_no_secret(tmp_path: Path) -> None:
    with (
        LoopbackWeb() as web,
        WebhookServer() as hook,
        MailServer(login=("desk", CANARY_URL)) as mail,
    ):
        news = NewsWeb(web)
        news.publish()
        hostile = hostile_web(web)
        receivers = [
            ("hook", f"json://desk:{CANARY_URL}@{hook.address}/hook"),
            ("mail", mail.url),
            ("env", f"json://desk:${{HOOK_SECRET}}@{hook.address}/env"),
            ("nobody", f"json://desk:{CANARY_URL}@127.0.0.1:9/gone"),
        ]
        config = write_config(tmp_path, [*hostile, *news.feeds], receivers)
        config.chmod(0o600)
        began = time.monotonic()
        running = subprocess.Popen(
            [str(WATCHER), "-v", "-c", str(config), "poll"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"HOOK_SECRET": CANARY_ENV, "COLUMNS": "100"},
        )
        watch = Watch(running.pid)
        out, err = running.communicate(timeout=400)
        watch.stop()
        assert running.returncode == 0, err
        assert "Traceback" not in err, err
        assert time.monotonic() - began < 400
        assert watch.most < MEMORY

        # The news arrived, by every way that works.
        environment = {"HOOK_SECRET": CANARY_ENV}
        titles = {hit["title"] for hit in answer("hits", config=config, env=environment)}
        assert news.on_topic <= titles
        assert any(title.startswith(TITLE) for title in titles)
        told = {r.path for r in hook.receipts}
        assert {"/hook", "/env"} <= told
        assert mail.receipts
        asked = {seen.path for seen in web.requests}
        assert not any("meta-data" in path for path in asked)

        # Nothing that could write to a terminal, reorder text or hide in it was stored or sent.
        assert_clean(tmp_path / "watcher.sqlite3")
        for receipt in hook.receipts:
            for line in receipt.json["watcher"]["deliveries"]:
                assert not dirt_in(line["title"])
        assert not dirt_in(out.replace("\n", ""))
        assert not dirt_in(err.replace("\n", ""))

        # No secret in what it says, stores, or shows to other users of the machine.
        status = subprocess.run(
            [str(WATCHER), "-v", "-c", str(config), "status"],
            capture_output=True, text=True, env=os.environ | environment,
        )  # fmt: skip
        shown = out + err + status.stdout + status.stderr + "\n".join(watch.command_lines)
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("watcher.sqlite3*"))
        for canary in (CANARY_URL, CANARY_ENV):
            assert canary not in shown
            assert canary.encode() not in stored


def dirt_in(text: str) -> set[str]:
    return {
        f"U+{ord(character):04X}"
        for character in text
        if character not in KEPT
        and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    }


def assert_clean(path: Path) -> None:
    """No text column of any table holds a control, format or surrogate character."""
    with closing(sqlite3.connect(path)) as db:
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "search" not in name and not name.startswith("sqlite_")
        ]
        assert {"feeds", "entries", "articles", "hits", "stories"} <= set(tables)
        for table in tables:
            cursor = db.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    if isinstance(value, str):
                        dirt = dirt_in(value)
                        assert not dirt, f"{table}.{column}: {dirt} in {value[:200]!r}"


def titles(hook: WebhookServer) -> list[str]:
    """Of all that was told, in messages of one or of many."""
    told = [line for one in hook.receipts for line in one.json["watcher"]["deliveries"]]
    return [line["title"] for line in told]


def test_the_service_stays_responsive_under_all_of_it(tmp_path: Path) -> None:
    """Hostile feeds, one of 70,000 items, one host with a backlog of hours: others' news is on time."""
    big, small = "127.0.8.1", "127.0.8.2"
    with LoopbackWeb() as web, WebhookServer() as hook:
        feeds = hostile_web(web)
        huge = web.answer("/huge", Answer(body=READ["70,000 items"]), host="127.0.8.3")
        backlog = "".join(
            f"<item><title>Weather {n}</title><link>{web.url(f'/w/{n}', host=big)}</link></item>"
            for n in range(600)
        )
        web.serve("/feed", f"<rss version='2.0'><channel>{backlog}</channel></rss>", host=big)
        feeds += [huge, web.url("/feed", host=big)]
        desk = f'\n[[receivers]]\nname = "desk"\nurl = "{hook.url}"\ngroup_wait = "1s"\n'
        quiet = 'per_host_delay = "0s"', 'per_host_delay = "1s"'
        unread = f'url = "{huge}"\n', f'url = "{huge}"\nread = "never"\n'

        def configure(*urls: str) -> Path:
            config = write_config(tmp_path, list(urls), [], extra=desk)
            config.write_text(config.read_text().replace(*quiet).replace(*unread))
            return config

        def pages_of_big() -> int:
            return sum(seen.path.startswith("/w/") for seen in web.requests)

        def stored(url: str) -> list[float]:
            """When each entry of a feed was stored, by the clock that the web looks at."""
            with closing(sqlite3.connect(tmp_path / "watcher.sqlite3")) as db:
                rows = db.execute(
                    "SELECT first_seen_at FROM entries "
                    "WHERE feed_id = (SELECT id FROM feeds WHERE url = ?)",
                    (url,),
                )
                times = [datetime.fromisoformat(at).replace(tzinfo=UTC) for (at,) in rows]
            return [at.timestamp() - time.time() + time.monotonic() for at in times]

        config = configure(*feeds)
        log = tmp_path / "log"
        service = subprocess.Popen(
            [str(WATCHER), "-c", str(config), "run"], stdout=log.open("w"), stderr=subprocess.STDOUT
        )
        try:
            wait_until(lambda: pages_of_big() > 2, 90)
            link = web.url("/news", host=small)
            title = "Deputies in Tskhinvali cancel South Ossetia's vote on joining Russia"
            text = (
                "Nineteen deputies voted on Friday to call off the referendum on joining Russia, "
                "and asked the speaker of South Ossetia's parliament to tell Moscow. Nobody spoke "
                "against it. The leader of the Communists said that pensions came first. "
            )
            page = f"<html><body><article><h1>{title}</h1><p>{text * 2}</p></article></body></html>"
            web.serve("/news", page, host=small)
            item = f"<item><title>{title}</title><link>{link}</link></item>"
            web.serve("/feed", f"<rss version='2.0'><channel>{item}</channel></rss>", host=small)
            configure(*feeds, web.url("/feed", host=small))
            service.send_signal(signal.SIGHUP)
            # Of the hostile pages some tell of the topic, too.
            wait_until(lambda: title in titles(hook), 200)
            # As soon as its feed was read it was its turn; the backlog has hours to go.
            [known] = stored(web.url("/feed", host=small))
            [news] = web.requests_for("/news")
            between = [s for s in web.requests if s.host == big and known < s.at < news.at]
            assert len(between) < 30
            began = time.monotonic()
            assert answer("status", config=config)["backlog"]["entries"] > 256
            assert time.monotonic() - began < 30
            wait_until(lambda: len(stored(huge)) >= 10_000, 200)
            service.send_signal(signal.SIGTERM)
            assert service.wait(40) == 0
        finally:
            service.kill()
        said = log.read_text()
        assert "Traceback" not in said
        assert "unexpected fault" not in said
