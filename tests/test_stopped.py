"""Commands that are told to stop: the right code, no traceback, nothing lost and nothing left."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from databases import database
from newsweb import NewsWeb, write_config
from program import WATCHER, answer
from receivers import Fault, Reply, WebhookServer, eventually
from webserver import Answer

PATIENCE = 60.0


def begun(config: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(WATCHER), "-c", str(config), "poll", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def polled(config: Path) -> int:
    return sum(feed["last_polled_at"] is not None for feed in answer("feeds", config=config))


def told_to_stop(running: subprocess.Popen[str], *signals: int) -> str:
    """Its last words, which are one line; nothing is said of it on stdout."""
    try:
        for number in signals:
            running.send_signal(number)
        out, said = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 128 + signals[0], said
    assert out == ""
    [line] = said.splitlines()
    return line


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as found:
        yield found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pass_that_is_told_to_stop_says_what_was_done_and_gives_the_rest_back(
    news: NewsWeb, tmp_path: Path, address: str, number: int
) -> None:
    slow = news.web.answer("/slow", Answer(body=b"x" * 9_000, drip=1.0), host="127.0.2.9")
    config = write_config(tmp_path, [*news.feeds, slow], [], database=address)
    config.write_text(config.read_text("utf-8").replace('"10s"', '"90s"'), "utf-8")
    running = begun(config)
    eventually(lambda: news.web.requests_for("/slow"), PATIENCE)
    eventually(lambda: polled(config) == len(news.feeds), PATIENCE)
    line = told_to_stop(running, number)
    assert line.startswith(f"stopped: {len(news.feeds)} feeds polled, ")
    assert "nothing is lost" in line
    # What it had in hand is due, and leased by nobody: the next pass takes it up at once.
    feeds = {feed["url"]: feed for feed in answer("feeds", config=config)}
    assert feeds[slow]["last_polled_at"] is None
    news.web.serve("/slow", "<rss version='2.0'><channel><title>T</title></channel></rss>",
                   host="127.0.2.9")  # fmt: skip
    assert answer("poll", config=config)["polled"] == 1


def test_a_second_signal_ends_it_at_once_and_the_message_under_way_stays_pending(
    news: NewsWeb, tmp_path: Path
) -> None:
    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        extra = f'\n[[receivers]]\nname = "desk"\nurl = "{hook.url}"\ngroup_wait = "0s"\n'
        config = write_config(tmp_path, news.feeds, [], extra=extra)
        running = begun(config)
        hook.wait_for(1, PATIENCE)
        line = told_to_stop(running, signal.SIGINT, signal.SIGINT)
        assert "0 messages sent so far" in line
        with closing(sqlite3.connect(tmp_path / "watcher.sqlite3")) as db:
            left = db.execute("SELECT state, ambiguous, lease_until FROM deliveries")
            # It may have arrived: it is sent again after a while, and the repeat says so.
            assert set(left.fetchall()) == {("pending", 1, None)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_told_to_stop_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    running = subprocess.Popen(
        [str(WATCHER), "demo"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    try:
        eventually(lambda: any(tmp_path.glob("watcher-demo-*/*.sqlite3")), PATIENCE)
        running.send_signal(number)
        _out, said = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 128 + number
    assert "Traceback" not in said
    assert not list(tmp_path.glob("watcher-demo-*"))
