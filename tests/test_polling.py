"""Polling as a good guest that loses nothing: real pipeline, scripted web, a clock of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from newsweb import write_config
from program import answer, watcher
from receivers import WebhookServer
from webserver import Answer, LoopbackWeb, redirect

from watcher.app import App, make_app
from watcher.config import load
from watcher.model import FailureReason, FeedState
from watcher.pipeline import Tally
from watcher.storage import FeedRecord

pytestmark = pytest.mark.usefixtures("forked_helpers")

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEWS = (
    "The leader of South Ossetia, Anatoly Bibilov, signed a decree on a referendum on joining "
    "Russia, his office in Tskhinvali said. Georgia called the annexation illegal. "
) * 3


def item(title: str, link: str, at: datetime | None = None, said: str = "sun") -> str:
    date = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    return (
        f"<item><title>{title}</title><link>{link}</link>{date}"
        f"<description>{said}</description></item>"
    )


def rss(*items: str) -> str:
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>'
        f"{''.join(items)}</channel></rss>"
    )


def numbered(start: int, n: int = 5) -> str:
    """A feed of nothing but its own entries, which have no page on the web."""
    return rss(
        *(item(f"Weather {k} fine", f"http://127.0.0.1:9/{k}") for k in range(start, start + n))
    )


class Desk:
    """One configuration on disk, run in this process whenever and at whatever time we like."""

    def __init__(self, folder: Path, *feeds: str, extra: str = "", hook: str | None = None) -> None:
        self.folder = folder
        self.now = NOW
        self._receivers = [("desk", hook)] if hook else []
        self.configure(*feeds, extra=extra)

    def configure(self, *feeds: str, extra: str = "", each: str = 'read = "never"') -> None:
        """Write the file anew; ``each`` is said of every feed."""
        self.config = write_config(self.folder, list(feeds), self._receivers)
        text = self.config.read_text(encoding="utf-8") + extra
        text = text.replace('publisher = "', each + '\npublisher = "')
        self.config.write_text(text, encoding="utf-8")

    def run(self, *, every: bool = True, upkeep: bool = False) -> tuple[Tally, list[FeedRecord]]:
        """One pass over all feeds, or those that are due."""

        async def go(app: App) -> tuple[Tally, list[FeedRecord]]:
            ids = [feed.id for feed in app.store.feeds.all()] if every else None
            tally = await app.pipeline.run_once(only=ids)
            if upkeep:
                await app.pipeline.upkeep()
                await app.pipeline.run_once(only=[])
            return tally, app.store.feeds.all()

        async def started() -> tuple[Tally, list[FeedRecord]]:
            async with make_app(load(self.config, environ={}), clock=lambda: self.now) as app:
                return await go(app)

        return asyncio.run(started())

    def listed(self) -> list[dict[str, Any]]:
        found = answer("feeds", "list", config=self.config)
        assert isinstance(found, list)
        return found

    def said(self, *words: str, code: int | None = 0) -> str:
        """What a command prints, on one line."""
        return " ".join(watcher(*words, config=self.config, code=code).stdout.split())


def hosts(web: LoopbackWeb, path: str) -> list[str]:
    return [seen.host for seen in web.requests_for(path)]


def told(hook: WebhookServer) -> str:
    return "\n".join(line for r in hook.receipts for line in r.json["watcher"]["body"])


@pytest.fixture
def web() -> Iterator[LoopbackWeb]:
    with LoopbackWeb() as running:
        yield running


OPERATOR = '[operator]\nreceiver = "desk"\n'


# ------------------------------------------------------------------------------ moved feeds


def test_a_feed_that_moved_comes_home_when_its_new_address_dies(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    old, new = "127.0.0.51", "127.0.0.52"
    web.answer("/feed", redirect(web.url("/feed", host=new), 301), host=old)
    web.serve("/feed", numbered(1), host=new)
    desk = Desk(tmp_path, web.url("/feed", host=old))
    for _ in range(5):
        _, [feed] = desk.run()
        desk.now += 12 * HOUR
    assert feed.address == web.url("/feed", host=new)
    assert feed.host == new
    [shown] = desk.listed()
    assert shown["address"] == feed.address
    assert f"polled at {feed.address}" in desk.said("feeds")

    web.answer("/feed", Answer(status=404), host=new)
    web.serve("/feed", numbered(2), host=old)
    for _ in range(4):
        _, [feed] = desk.run()
        desk.now += 12 * HOUR
    assert (feed.state, feed.address, feed.host) == (FeedState.OK, feed.spec.url, old)
    # The validators were the other address's.
    assert "if-none-match" not in web.requests_for("/feed")[-1].headers


def test_a_feed_that_is_added_again_starts_where_the_user_says(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    old, new = "127.0.0.51", "127.0.0.52"
    web.answer("/feed", redirect(web.url("/feed", host=new), 301), host=old)
    web.serve("/feed", numbered(1), host=new, etag='"1"')
    desk = Desk(tmp_path, web.url("/feed", host=old))
    for _ in range(4):
        _, [feed] = desk.run()
        desk.now += 12 * HOUR
    assert feed.address != feed.spec.url
    web.serve("/other", numbered(1))
    desk.configure(web.url("/other"))
    assert [found.spec.url for found in desk.run()[1]] == [web.url("/other")]
    desk.configure(feed.spec.url)
    web.forget()
    _, [feed] = desk.run()
    assert (feed.address, hosts(web, "/feed")) == (feed.spec.url, [old, new])


# ------------------------------------------------------------------------------ missed windows


def test_a_missed_window_is_reported_wherever_people_look(web: LoopbackWeb, tmp_path: Path) -> None:
    with WebhookServer() as hook:
        web.serve("/feed", numbered(1))
        desk = Desk(tmp_path, web.url("/feed"), extra=OPERATOR, hook=hook.url)
        tally, _ = desk.run(upkeep=True)
        assert (tally.missed, told(hook)) == ([], "")
        assert desk.listed()[0]["missed_windows"] == 0

        desk.now += 5 * HOUR
        web.serve("/feed", numbered(100))
        tally, _ = desk.run(upkeep=True)
        assert tally.missed == ["feed 1"]
        assert "entries of feed 1 may have been missed" in told(hook)
        [shown] = desk.listed()
        assert shown["missed_windows"] == 1
        assert shown["last_missed_at"].startswith(f"{desk.now:%Y-%m-%dT%H:%M}")
        assert "may have been missed" in shown["wrong"]
        assert "may have been missed" in desk.said("feeds")
        assert "entries may have been missed of feed 1" in desk.said("doctor", code=None)

        web.serve("/feed", numbered(200))
        said = desk.said("poll", "--all")
        assert "feed 1: no entry of the poll before was left" in said

        desk.now += 2 * DAY
        web.serve("/feed", numbered(201))
        before = len(hook.receipts)
        desk.run(upkeep=True)
        assert "over: entries of feed 1" in told(hook)
        assert len(hook.receipts) == before + 1


# ------------------------------------------------------------------------------ notices


@pytest.mark.parametrize(("every", "hours"), [("1h", 2), ("24h", 25)])
def test_the_operator_hears_once_of_a_feed_that_fails_and_once_of_its_return(
    web: LoopbackWeb, tmp_path: Path, every: str, hours: int
) -> None:
    """Also of one that is polled once a day, at its second failure."""
    with WebhookServer() as hook:
        web.serve("/feed", numbered(1))
        desk = Desk(tmp_path, hook=hook.url)
        desk.configure(web.url("/feed"), each=f'read = "never"\nevery = "{every}"', extra=OPERATOR)
        desk.run(upkeep=True)
        web.answer("/feed", Answer(status=503))
        for _ in range(12 // hours + 2):
            desk.now += hours * HOUR
            desk.run(every=False, upkeep=True)
        assert told(hook).count("feed feed 1 fails since") == 1
        desk.run(every=False, upkeep=True)
        web.serve("/feed", numbered(1))
        for _ in range(3):
            desk.now += max(hours, 8) * HOUR
            desk.run(every=False, upkeep=True)
        assert told(hook).count("over: feed feed 1 fails since") == 1
        assert len(hook.receipts) == 2


def test_a_server_that_says_304_for_ever_is_found_out_within_two_days(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    def speak(seen: Any) -> Answer:
        if "if-none-match" in seen.headers:
            return Answer(status=304)
        days = (desk.now - NOW).days
        return Answer(body=numbered(1 + days).encode(), headers={"ETag": '"always"'})

    desk = Desk(tmp_path)
    web.answer("/feed", speak)
    desk.configure(web.url("/feed"), each='read = "never"\nevery = "24h"')
    for _ in range(4):
        desk.run(every=False)
        desk.now += 25 * HOUR
    conditional = ["if-none-match" in seen.headers for seen in web.requests_for("/feed")]
    assert conditional == [False, True, False, True]


# ------------------------------------------------------------------------------ good guest


def test_a_page_that_says_too_many_requests_is_let_alone_and_so_is_its_domain(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    busy, other = "127.0.0.61", "127.0.0.62"
    links = [web.url(f"/p{n}", host=busy) for n in range(4)]
    web.serve("/feed", rss(*(item(f"News {n}", link) for n, link in enumerate(links))), host=other)
    web.serve("/feed", numbered(1), host=busy)
    for n in range(4):
        web.answer(f"/p{n}", Answer(status=429, headers={"Retry-After": str(5 * 3600)}), host=busy)
    desk = Desk(tmp_path)
    desk.configure(web.url("/feed", host=other), each='read = "all"')

    def asked() -> int:
        return sum(seen.path.startswith("/p") for seen in web.requests)

    async def passes() -> list[FeedRecord]:
        async with make_app(load(desk.config, environ={}), clock=lambda: desk.now) as app:
            await app.pipeline.run_once()
            first = asked()
            assert 1 <= first <= 2  # two may be under way when the first is answered
            for minutes in (11, 20, 28):  # the others would be tried again by now
                desk.now = NOW + timedelta(minutes=minutes)
                await app.pipeline.run_once()
            assert asked() == first
            # A feed of that domain isn't asked either; that is no failure of its own.
            desk.configure(*(web.url("/feed", host=host) for host in (other, busy)), each="")
            await app.reload(load(desk.config, environ={}))
            await app.pipeline.run_once()
            return app.store.feeds.all()

    [_, held] = asyncio.run(passes())
    assert hosts(web, "/feed").count(busy) == 0
    assert held.last_error == FailureReason.HELD_BACK
    assert timedelta(minutes=50) < held.next_poll_at - desk.now < timedelta(minutes=67)

    # A new process has not heard it: those that were told wait as told, the others are asked.
    before = {seen.path for seen in web.requests if seen.path.startswith("/p")}
    web.forget()
    desk.now = NOW + 2 * HOUR
    desk.run(every=False)
    again = {seen.path for seen in web.requests if seen.path.startswith("/p")}
    assert again
    assert not again & before


def test_a_feed_that_was_not_asked_is_not_failing_and_says_whose_answer_holds_it_back(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    """One channel of a shared host is told to wait for an hour: its neighbours wait, and are well."""
    neighbours = [web.url(f"/channel/{n}") for n in range(3)]
    for n in range(3):
        web.serve(f"/channel/{n}", numbered(10 * n))
    told = web.url("/told?key=s3cret")  # its query is nobody else's business
    web.answer("/told?key=s3cret", Answer(status=429, headers={"Retry-After": "3600"}))
    desk = Desk(tmp_path)
    desk.configure(told, each='read = "never"\nevery = "1d"')

    async def passes() -> tuple[list[FeedRecord], Tally]:
        async with make_app(load(desk.config, environ={}), clock=lambda: desk.now) as app:
            await app.pipeline.run_once()
            desk.configure(told, *neighbours, each='read = "never"\nevery = "1d"')
            await app.reload(load(desk.config, environ={}))
            tally = await app.pipeline.run_once()
            return app.store.feeds.all(), tally

    [failed, *held], tally = asyncio.run(passes())
    assert not any(seen.path.startswith("/channel") for seen in web.requests)
    assert (failed.state, failed.last_error) == (FeedState.FAILING, FailureReason.HTTP_429)
    assert (tally.polled, tally.failed, tally.held_back, len(tally.failures)) == (0, 0, 3, 1)
    until = f"{desk.now + HOUR:%Y-%m-%d}"
    for feed in held:
        # Due when the hold is over, however rarely it is polled.
        assert HOUR - MINUTE < feed.next_poll_at - desk.now < HOUR + 7 * MINUTE
        assert (feed.state, feed.failures, feed.last_polled_at) == (FeedState.OK, 0, None)
        assert f"wants no request until {until}" in (feed.last_error_detail or "")
        assert (feed.last_error_detail or "").endswith("as it answered to 127.0.0.1/told")
    assert [feed["state"] for feed in desk.listed()] == ["failing", "ok", "ok", "ok"]
    assert desk.said("feeds", "list").count("held-back: not asked: 127.0.0.1 wants no request") == 3
    # Resumed by hand it is as well as before.
    desk.said("feeds", "pause", held[0].spec.url)
    desk.said("feeds", "resume", held[0].spec.url)
    assert desk.listed()[1]["state"] == "ok"


def test_too_many_requests_without_a_time_slow_down_the_host_and_silence_no_neighbour(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    web.answer("/told", Answer(status=429))
    web.serve("/channel", numbered(1))
    _, [told, other] = Desk(tmp_path, web.url("/told"), web.url("/channel")).run()
    assert (told.state, other.state) == (FeedState.FAILING, FeedState.OK)
    assert other.last_polled_at is not None


def test_messages_of_a_channel_are_articles_as_they_stand(web: LoopbackWeb, tmp_path: Path) -> None:
    """A message's own page holds nothing that its channel's page does not: it is never asked."""

    def message(number: int, text: str) -> str:
        link = web.url(f"/agency/{number}")
        return (
            f'<div class="tgme_widget_message" data-post="agency/{number}">'
            f'<div class="tgme_widget_message_text">{text}</div>'
            f'<a class="tgme_widget_message_date" href="{link}">'
            f'<time datetime="{NOW.isoformat()}">now</time></a></div>'
        )

    web.serve("/s/agency", f"<html><body>{message(1, 'Sun all day in the city.')}</body></html>")
    desk = Desk(tmp_path)
    desk.configure(web.url("/s/agency"), each='kind = "telegram"')
    desk.run()
    news = message(2, f"Referendum on joining Russia set.<br/>{NEWS}")
    web.serve(
        "/s/agency", f"<html><body>{message(1, 'Sun all day in the city.')}{news}</body></html>"
    )
    desk.now += HOUR
    tally, _ = desk.run()
    for _ in range(5):
        desk.now += DAY
        desk.run(every=False)
    assert (tally.hits, tally.partial) == (1, 0)
    assert {seen.path for seen in web.requests} == {"/s/agency"}


# ------------------------------------------------------------------------------ what feeds show


def test_the_newest_entry_is_as_old_as_it_says_and_an_edit_is_none(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    old = NOW - 900 * DAY
    entries = [item(f"Old {n}", f"http://127.0.0.1:9/{n}", old - n * DAY) for n in range(3)]
    web.serve("/feed", rss(*entries))
    desk = Desk(tmp_path, web.url("/feed"))
    _, [feed] = desk.run()
    assert feed.last_new_at == old
    desk.now += HOUR
    web.serve("/feed", rss(entries[0].replace("sun", "rain"), *entries[1:]))
    tally, [feed] = desk.run()
    assert (tally.entries, feed.last_new_at) == (1, old)
    desk.now += HOUR
    web.serve("/feed", rss(item("New", "http://127.0.0.1:9/new", desk.now), *entries))
    _, [feed] = desk.run()
    assert feed.last_new_at == desk.now


def test_a_changed_selector_looks_at_the_same_page_with_other_eyes(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    web.serve(
        "/news",
        "<html><body><ul class=a><li><a href='/a/1'>Old promotion of things here</a></li></ul>"
        "<ul class=b><li><a href='/b/1'>A real headline of the day</a></li></ul></body></html>",
        etag='"1"',
    )
    desk = Desk(tmp_path)

    def titles(selector: str) -> tuple[int, bool, list[str]]:
        desk.configure(web.url("/news"), each=f'kind = "listing"\nselector = "{selector}"')
        desk.now += timedelta(minutes=1)
        tally, [feed] = desk.run(every=False)
        return tally.entries, feed.first_polled_at == desk.now, tally.missed

    assert titles("ul.a a") == (1, True, [])
    assert titles("ul.b a") == (1, True, [])
    assert titles("ul.b a") == (0, False, [])
