"""What is one article and what is another, through the real pipeline: nothing is lost by an address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

import pytest
from newsweb import write_config
from receivers import WebhookServer
from webserver import Answer, LoopbackWeb, redirect

from watcher.app import App, make_app
from watcher.config import load
from watcher.model import HitKind
from watcher.storage import ArticleRecord, HitFilter

pytestmark = pytest.mark.usefixtures("forked_helpers")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)

DULL = "Sun and wind over Kakheti"
DULL_TEXT = "Farmers in Kakheti enjoyed sun and wind all day, and the grapes are ripening. " * 4
VOTE = "South Ossetia referendum on joining Russia set for July"
VOTE_TEXT = (
    "The leader of South Ossetia, Anatoly Bibilov, signed a decree on a referendum on joining "
    "Russia, his office in Tskhinvali said. Georgia called the annexation illegal. "
) * 3
SPEAKER = "Parliament of South Ossetia elects speaker, annexation treaty next"
SPEAKER_TEXT = (
    "Parliament of South Ossetia in Tskhinvali elected a new speaker and approved the budget for "
    "schools, roads and the annexation treaty with Russia, deputies said after the debate. "
) * 3


def item(
    title: str,
    link: str,
    text: str = "",
    *,
    guid: str | None = None,
    at: datetime | None = NOW,
) -> str:
    """An RSS item; nothing that is not given is said."""
    named = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    dated = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    return (
        f"<item><title>{escape(title)}</title><link>{escape(link)}</link>{named}{dated}"
        f"<description>{escape(text)}</description></item>"
    )


def page(title: str, text: str, head: str = "") -> str:
    return (
        f"<html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>{head}</head><body>"
        f"<main><article><h1>{escape(title)}</h1><p>{text}</p></article></main></body></html>"
    )


@dataclass
class Watch:
    """An app with a clock of its own, over a web of one host a feed."""

    app: App
    web: LoopbackWeb
    hook: WebhookServer
    now: datetime = NOW

    def publish(self, host: str, *items: str) -> None:
        body = f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>"
        self.web.serve("/feed", body, content_type="application/rss+xml", host=host)

    async def poll(self, later: timedelta = HOUR) -> None:
        self.now += later
        feeds = [feed.id for feed in self.app.store.feeds.all()]
        await self.app.pipeline.run_once(only=feeds)

    @property
    def articles(self) -> list[ArticleRecord]:
        found = self.app.store.articles.since(NOW - 1000 * DAY, limit=99)
        return sorted(found, key=lambda article: article.id)

    @property
    def hits(self) -> list[str]:
        found = self.app.store.review.hits(HitFilter())
        return sorted(hit.title for hit in found if hit.kind is HitKind.HIT)

    @property
    def told(self) -> list[str]:
        lines = [d for r in self.hook.receipts for d in r.json["watcher"]["deliveries"]]
        return [line["title"] for line in lines]

    def asked(self, path: str) -> int:
        return len(self.web.requests_for(path))


@asynccontextmanager
async def watching(web: LoopbackWeb, folder: Path, hosts: list[str]) -> AsyncIterator[Watch]:
    with WebhookServer() as hook:
        feeds = [web.url("/feed", host=host) for host in hosts]
        config = write_config(folder, feeds, [("hook", hook.url)])
        clock: list[Watch] = []
        async with make_app(
            load(config, environ={}), clock=lambda: clock[0].now if clock else NOW
        ) as app:
            watch = Watch(app=app, web=web, hook=hook)
            clock.append(watch)
            yield watch


@pytest.fixture
def web() -> Iterator[LoopbackWeb]:
    with LoopbackWeb() as found:
        yield found


A, B, C, D, E, F, G, H = (f"127.0.0.{n}" for n in range(31, 39))


def test_every_entry_is_scored_however_many_share_an_address(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    """On each host the second entry has an address that the first one seems to have as well."""
    section = '<link rel="canonical" href="/news/">'
    og_section = '<meta property="og:url" content="/news/">'

    def link(host: str, path: str) -> str:
        return web.url(path, host=host)

    def windows_1251(word: str) -> str:
        return "/q?t=" + "".join(f"%{byte:02X}" for byte in word.encode("cp1251"))

    weather, right = windows_1251("Дождь"), windows_1251("Право")
    pairs = {
        A: (link(A, "/"), link(A, "/")),
        B: (link(B, "/live#post-1"), link(B, "/live#post-2")),
        C: (link(C, "/live#msg=22"), link(C, "/live#msg=23")),
        D: (link(D, weather), link(D, right)),
        E: (link(E, "/dull"), link(E, "/vote")),
        F: (link(F, "/dull"), link(F, "/vote")),
        G: (link(G, "/news.php"), link(G, "/news.php")),
        H: (link(H, "/gone/1"), link(H, "/gone/2")),
    }
    for host in (A, B, G):
        for path in ("/", "/live", "/news.php"):
            web.serve(path, page("Agency", DULL_TEXT), host=host)
    posts = f"<div id='msg=22'><p>{DULL_TEXT}</p></div><div id='msg=23'><p>{VOTE_TEXT}</p></div>"
    web.serve("/live", page("Live blog of the day", posts), host=C)
    for host, claim in ((D, ""), (E, section), (F, og_section)):
        web.serve(weather if host == D else "/dull", page(DULL, DULL_TEXT, claim), host=host)
        web.serve(right if host == D else "/vote", page(VOTE, VOTE_TEXT, claim), host=host)
    for n in (1, 2):  # dead links lead to the archive
        web.answer(f"/gone/{n}", redirect("/archive"), host=H)
    web.serve("/archive", page("Archive of the agency", DULL_TEXT), host=H)

    async def scene() -> None:
        async with watching(web, tmp_path, list(pairs)) as watch:
            for host, (first, _second) in pairs.items():
                watch.publish(host, item(DULL, first, DULL_TEXT, guid="1"))
            await watch.poll()
            assert watch.hits == []
            for host, (first, second) in pairs.items():
                old, new = (
                    item(DULL, first, DULL_TEXT, guid="1"),
                    item(VOTE, second, VOTE_TEXT, guid="2"),
                )
                watch.publish(host, new, old)
            await watch.poll()
            by_feed = {
                feed.spec.url: {a.title for a in watch.articles if a.feed_id == feed.id}
                for feed in watch.app.store.feeds.all()
            }
            assert by_feed == {link(host, "/feed"): {DULL, VOTE} for host in pairs}
            assert {article.revision for article in watch.articles} == {1}
            lost = [
                article.url for article in watch.articles
                if article.title == VOTE and VOTE_TEXT.strip() not in article.text + article.summary
            ]  # fmt: skip
            assert lost == []
            [post] = [a for a in watch.articles if a.url.endswith("#msg=23")]
            assert (post.text, post.partial) == (VOTE_TEXT.strip(), False)
            # By its link each of them is found again.
            for host, (_first, second) in pairs.items():
                found = watch.app.store.articles.by_url(second)
                assert found is not None, host
                assert found.title == VOTE
            # Edited, it is its own feed's words still, and not the page of all of them.
            watch.publish(G, item(f"{VOTE} or August", pairs[G][1], VOTE_TEXT, guid="2"))
            asked = watch.asked("/news.php")
            await watch.poll()
            [edited] = [a for a in watch.articles if a.title.endswith("or August")]
            assert (edited.text, edited.partial, watch.asked("/news.php")) == ("", True, asked)

    asyncio.run(scene())


def test_what_shares_its_canonical_link_with_told_news_is_told_too(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with watching(web, tmp_path, [A]) as watch:
            head = '<link rel="canonical" href="/news/">'
            items: list[str] = []
            news = [(DULL, DULL_TEXT), (VOTE, VOTE_TEXT), (SPEAKER, SPEAKER_TEXT)]
            for n, (title, text) in enumerate(news):
                web.serve(f"/{n}", page(title, text, head), host=A)
                items.insert(0, item(title, web.url(f"/{n}", host=A), text, at=watch.now))
                watch.publish(A, *items)
                await watch.poll(30 * HOUR)
            assert watch.told == [VOTE, SPEAKER]
            assert {article.revision for article in watch.articles} == {1}

    asyncio.run(scene())


def test_one_page_through_many_links_is_one_article_and_read_once(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    link = web.url("/story", host=A)
    web.serve("/story", page(VOTE, VOTE_TEXT, f'<link rel="canonical" href="{link}">'), host=A)
    web.serve("/story/amp", page(VOTE, VOTE_TEXT, f'<link rel="canonical" href="{link}">'), host=A)
    web.serve("/s", page(VOTE, VOTE_TEXT, f'<link rel="canonical" href="{link}">'), host=A)
    web.answer("/r/1", redirect(link), host=B)

    async def scene() -> None:
        async with watching(web, tmp_path, [A, B, C, D, E]) as watch:
            watch.publish(A, item(VOTE, link))
            watch.publish(B, item(f"{VOTE} - Agency", web.url("/r/1", host=B)))
            watch.publish(C, item(VOTE, f"{link}/amp?utm_source=rss"))
            for host in (D, E):
                watch.publish(host)
            await watch.poll()
            assert len(watch.articles) == len(watch.hits) == 1
            # The redirect has to be followed once to know where it leads.
            assert watch.asked("/story") + watch.asked("/story/amp?utm_source=rss") <= 2
            web.forget()
            watch.publish(
                D,
                item(VOTE, f"{link}#comments"),
                item(VOTE, web.url("/s", host=A)),
            )
            watch.publish(E, item(VOTE, web.url("/r/1", host=B)))
            await watch.poll()
            assert len(watch.articles) == len(watch.hits) == 1
            assert {seen.path for seen in web.requests} - {"/robots.txt"} == {"/feed", "/s"}
            assert watch.articles[0].revision == 1

    asyncio.run(scene())


def test_a_page_that_nobody_can_read_is_tried_once_for_all_and_the_words_of_all_count(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    stub = page("Vote", "Short text. Subscribe to continue reading this article.")
    web.serve("/stub", stub, host=A)
    link = web.url("/stub", host=A)

    async def scene() -> None:
        async with watching(web, tmp_path, [A, B]) as watch:
            watch.publish(A, item("Vote in the mountains", link, "A short notice."))
            watch.publish(B, item("Vote in the mountains", link, VOTE_TEXT))
            await watch.poll()
            [article] = watch.articles
            assert article.partial
            assert "A short notice." in article.summary
            assert VOTE_TEXT.strip() in article.summary
            assert watch.hits == ["Vote in the mountains"]
            for later in (HOUR, 2 * HOUR, 7 * HOUR, 2 * DAY, 4 * DAY, 4 * DAY):
                await watch.poll(later)
            assert watch.asked("/stub") == 6

    asyncio.run(scene())


def test_an_edit_counts_though_its_page_can_not_be_read_any_more(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    web.serve("/n", page(DULL, DULL_TEXT), host=A)
    link = web.url("/n", host=A)

    async def scene() -> None:
        async with watching(web, tmp_path, [A]) as watch:
            watch.publish(A, item(DULL, link, DULL_TEXT))
            await watch.poll()
            assert watch.hits == []
            web.answer("/n", Answer(status=403), host=A)
            watch.publish(A, item(VOTE, link, VOTE_TEXT))
            await watch.poll()
            assert watch.hits == watch.told == [VOTE]
            [article] = watch.articles
            [before] = watch.app.store.articles.revisions(article.id)
            assert (article.revision, before.title, before.text) == (2, DULL, DULL_TEXT.strip())
            # A slip that is corrected doesn't cost the text; and the page is tried again.
            web.serve("/n", page(VOTE, VOTE_TEXT), host=A)
            await watch.poll()
            [article] = watch.articles
            assert (article.partial, article.text) == (False, VOTE_TEXT.strip())
            web.answer("/n", Answer(status=503), host=A)
            watch.publish(A, item(f"{VOTE} next year", link, VOTE_TEXT))
            await watch.poll()
            [article] = watch.articles
            assert (article.title, article.partial) == (f"{VOTE} next year", False)
            assert article.text == VOTE_TEXT.strip()
            asked = watch.asked("/n")
            await watch.poll()
            assert watch.asked("/n") == asked + 1
            assert [a.revision for a in watch.articles] == [article.revision]

    asyncio.run(scene())


def test_a_page_that_stands_for_years_is_read_again_when_its_feed_lists_it_anew(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    link = web.url("/bulletin", host=A)
    title = "Bulletin of the ministry"

    async def scene() -> None:
        async with watching(web, tmp_path, [A]) as watch:
            web.serve("/bulletin", page(title, DULL_TEXT), host=A)
            watch.publish(A, item(title, link, guid="monday", at=watch.now))
            await watch.poll()
            web.serve("/bulletin", page(title, VOTE_TEXT), host=A)
            later = item(title, link, guid="tuesday", at=watch.now + DAY)
            watch.publish(A, later)
            await watch.poll(DAY)
            assert watch.hits == [title]
            [article] = watch.articles
            assert (article.text, article.revision) == (VOTE_TEXT.strip(), 2)

    asyncio.run(scene())


def test_the_date_that_a_page_states_goes_before_that_of_the_feed(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    stated = '<meta property="article:published_time" content="2019-03-04T10:00:00Z">'
    web.serve("/old", page(VOTE, VOTE_TEXT, stated), host=A)
    related = f"<p>{SPEAKER_TEXT}</p><time datetime='2019-03-04T10:00:00Z'>Read also</time>"
    web.serve("/new", page(SPEAKER, related), host=A)

    async def scene() -> None:
        async with watching(web, tmp_path, [A]) as watch:
            old, new = web.url("/old", host=A), web.url("/new", host=A)
            watch.publish(A, item(VOTE, old, at=NOW), item(SPEAKER, new, at=NOW))
            await watch.poll()
            dates = {article.title: article.published_at for article in watch.articles}
            assert dates == {VOTE: datetime(2019, 3, 4, 10, tzinfo=UTC), SPEAKER: NOW}
            # At the first sight of a feed what is old is kept, and told to nobody.
            assert watch.hits == [SPEAKER, VOTE]
            assert watch.told == [SPEAKER]

    asyncio.run(scene())
