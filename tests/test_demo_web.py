"""The sample news web: what it holds, that its feeds and pages are sound, and its manners."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from io import BytesIO
from typing import Any, TypeVar

import aiohttp
import feedparser
import lxml.html
import py3langid
import pytest

from watcher.demo import content
from watcher.demo.content import EntryKind, FeedFormat, Outlet, SampleEntry, age_of
from watcher.demo.receiver import AlertReceiver
from watcher.demo.web import SampleFeed, SampleWeb

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
T = TypeVar("T")


def visit(scenario: Callable[[SampleWeb, aiohttp.ClientSession], Awaitable[T]]) -> T:
    async def run() -> T:
        async with SampleWeb(NOW) as web, aiohttp.ClientSession() as client:
            return await scenario(web, client)

    return asyncio.run(run())


async def body_of(client: aiohttp.ClientSession, url: str) -> bytes:
    async with client.get(url) as response:
        assert response.status == 200, url
        return await response.read()


def entries() -> list[tuple[Outlet, SampleEntry]]:
    return [(outlet, entry) for outlet in content.outlets() for entry in outlet.entries]


def by_kind(kind: EntryKind) -> list[SampleEntry]:
    return [entry for _, entry in entries() if entry.kind is kind]


def links(feed: SampleFeed, body: bytes) -> list[str]:
    if feed.format is FeedFormat.JSON:
        return [item["url"] for item in json.loads(body)["items"]]
    return [entry.link for entry in feedparser.parse(BytesIO(body)).entries]


def test_is_large_and_varied_enough() -> None:
    outlets = content.outlets()
    assert len(outlets) >= 12
    assert {outlet.format for outlet in outlets} == set(FeedFormat)
    assert {outlet.lang for outlet in outlets} >= {"en", "ru", "ka", "de"}
    published = [entry for _, entry in entries() if not entry.held]
    assert len(published) >= 100
    on_topic = [entry for entry in published if entry.kind is EntryKind.ON_TOPIC]
    assert 8 <= len(on_topic) <= 12
    traps = Counter(entry.trap for entry in by_kind(EntryKind.TRAP))
    assert len(traps) >= 9
    assert None not in traps


def test_topic_is_covered_in_four_languages() -> None:
    langs = {outlet.lang for outlet, entry in entries() if entry.kind is EntryKind.ON_TOPIC}
    assert langs == {"en", "ru", "ka", "de"}


def test_a_story_is_told_in_several_languages_and_reprinted_once() -> None:
    tellings = [(o, e) for o, e in entries() if e.story == "initiative"]
    assert len({outlet.lang for outlet, _ in tellings}) >= 3
    texts = {f"{o.id}/{e.slug}": " ".join(e.paragraphs) for o, e in entries()}
    reprints = [(o, e) for o, e in entries() if e.reprint_of]
    assert len(reprints) == 1
    for _, reprint in reprints:
        original = texts[str(reprint.reprint_of)]
        likeness = SequenceMatcher(None, original, " ".join(reprint.paragraphs), autojunk=False)
        assert 0.75 < likeness.ratio() < 1


def test_texts_are_unique_and_substantial() -> None:
    texts = Counter(paragraph for _, e in entries() for paragraph in e.paragraphs if not e.gone)
    repeated = {text for text, count in texts.items() if count > 1}
    (reprint,) = [e for _, e in entries() if e.reprint_of]
    assert repeated <= set(reprint.paragraphs)
    assert len({e.title for _, e in entries()}) == len(entries())
    for outlet, entry in entries():
        words = len(" ".join(entry.paragraphs).split())
        assert words >= (25 if entry.gone else 35), (outlet.id, entry.slug, words)


def test_texts_are_in_the_language_that_they_claim() -> None:
    for outlet, entry in entries():
        lang, sure = py3langid.classify(" ".join(entry.paragraphs)[:500])
        assert lang == outlet.lang, (outlet.id, entry.slug, lang, sure)


@pytest.mark.parametrize("lang", ["ru", "ka"])
def test_scripts_do_not_mix_inside_a_word(lang: str) -> None:
    """A Latin letter in a Cyrillic word looks right and matches nothing."""
    for outlet, entry in entries():
        if outlet.lang == lang:
            for word in " ".join((entry.title, entry.summary, *entry.paragraphs)).split():
                latin = any("a" <= letter.lower() <= "z" for letter in word)
                native = any(
                    "а" <= letter.lower() <= "я" or "ა" <= letter <= "ჰ" for letter in word
                )
                assert not (latin and native), (entry.slug, word)


def test_every_feed_parses_and_lists_its_entries() -> None:
    async def read(web: SampleWeb, client: aiohttp.ClientSession) -> dict[SampleFeed, bytes]:
        return {feed: await body_of(client, feed.url) for feed in web.feeds}

    for feed, body in visit(read).items():
        outlet = next(o for o in content.outlets() if o.publisher == feed.publisher)
        listed = [entry for entry in outlet.entries if not entry.held]
        if feed.format is FeedFormat.JSON:
            check_json_feed(json.loads(body), outlet)
            continue
        parsed = feedparser.parse(BytesIO(body))
        assert not parsed.bozo, (feed.url, parsed.get("bozo_exception"))
        assert parsed.feed.title == outlet.name
        assert {entry.title for entry in parsed.entries} == {entry.title for entry in listed}
        for entry in parsed.entries:
            assert entry.link.startswith("http://127.0.0.")
            moment = entry[
                "updated_parsed" if feed.format is FeedFormat.RDF else "published_parsed"
            ]
            assert timedelta(0) < NOW - datetime(*moment[:6], tzinfo=UTC) < timedelta(days=10)


def check_json_feed(feed: dict[str, Any], outlet: Outlet) -> None:
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == outlet.name
    assert len(feed["items"]) == len([entry for entry in outlet.entries if not entry.held])
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
    for item in feed["items"]:
        assert item["content_html"]
        assert item["url"].startswith("http://127.0.0.")
        assert datetime.fromisoformat(item["date_published"]) < NOW


def test_declared_charset_is_the_one_used() -> None:
    async def read(web: SampleWeb, client: aiohttp.ClientSession) -> tuple[bytes, bytes]:
        feed = next(feed for feed in web.feeds if feed.publisher == "khronika.example")
        body = await body_of(client, feed.url)
        return body, await body_of(client, links(feed, body)[0])

    feed_body, page = visit(read)
    assert b'encoding="windows-1251"' in feed_body
    assert "Южной Осетии".encode("windows-1251") in feed_body
    assert b'<meta charset="windows-1251">' in page


def test_pages_have_furniture_and_the_article() -> None:
    async def read(web: SampleWeb, client: aiohttp.ClientSession) -> list[tuple[str, bytes]]:
        return [
            (fact.url, await body_of(client, fact.url)) for fact in web.facts() if not fact.gone
        ]

    texts = {entry.slug: (outlet, entry) for outlet, entry in entries()}
    for url, body in visit(read):
        outlet, entry = texts[url.rsplit("/", 1)[1]]
        page = lxml.html.document_fromstring(body)
        assert page.xpath("//link[@rel='canonical']/@href") == [url]
        assert page.xpath("//meta[@property='og:title']/@content") == [entry.title]
        assert [p.text_content() for p in page.xpath("//*[@itemprop]/p")] == [*entry.paragraphs]
        metadata = json.loads(page.xpath("//script[@type='application/ld+json']/text()")[0])
        assert metadata["headline"] == entry.title
        assert metadata["inLanguage"] == outlet.lang
        for furniture in ("nav", "aside", "footer", "form", "section", "button"):
            assert page.xpath(f"//{furniture}"), furniture
        assert content.furniture()[outlet.lang]["notice"] in page.text_content()


def test_links_of_every_feed_answer_except_the_gone_page() -> None:
    async def follow(web: SampleWeb, client: aiohttp.ClientSession) -> list[tuple[str, int]]:
        answers = []
        for feed in web.feeds:
            for link in links(feed, await body_of(client, feed.url)):
                async with client.get(link) as response:
                    answers.append((link, response.status))
        return answers

    answers = visit(follow)
    assert len(answers) >= 100
    gone = [link for link, status in answers if status != 200]
    assert [link.rsplit("/", 1)[1] for link in gone] == ["food-bank-thanksgiving-turkeys"]


@pytest.mark.parametrize("header", ["etag", "date", "both"])
def test_unchanged_feeds_and_pages_answer_304_without_a_body(header: str) -> None:
    async def again(web: SampleWeb, client: aiohttp.ClientSession) -> list[tuple[int, bytes]]:
        answers = []
        for url in [feed.url for feed in web.feeds] + [web.facts()[0].url]:
            async with client.get(url) as first:
                etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
            headers = {"If-None-Match": etag} if header != "date" else {}
            headers |= {"If-Modified-Since": modified} if header != "etag" else {}
            async with client.get(url, headers=headers) as second:
                answers.append((second.status, await second.read()))
        return answers

    assert set(visit(again)) == {(304, b"")}


def test_an_unknown_tag_outweighs_the_date() -> None:
    async def ask(web: SampleWeb, client: aiohttp.ClientSession) -> int:
        headers = {"If-None-Match": '"other"', "If-Modified-Since": "Sun, 22 Nov 2026 09:30:00 GMT"}
        async with client.get(web.feeds[0].url, headers=headers) as response:
            return response.status

    assert visit(ask) == 200


def test_release_adds_the_held_entry_and_leaves_the_other_sites_alone() -> None:
    async def release(web: SampleWeb, client: aiohttp.ClientSession) -> None:
        before = {feed.url: await body_of(client, feed.url) for feed in web.feeds}
        later = NOW + timedelta(minutes=20)
        (fact,) = web.release(later)
        assert fact.on_topic
        assert NOW < fact.published_at < later
        changed = [url for url, body in before.items() if await body_of(client, url) != body]
        assert len(changed) == 1
        assert fact.url.encode() in await body_of(client, changed[0])
        page = lxml.html.document_fromstring(await body_of(client, fact.url))
        assert page.xpath("//h1/text()") == [fact.title]
        assert web.release(later) == ()

    visit(release)


def test_each_site_is_its_own_and_says_what_was_asked() -> None:
    async def ask(web: SampleWeb, client: aiohttp.ClientSession) -> None:
        assert len({feed.url.rsplit("/", 1)[0] for feed in web.feeds}) == len(web.feeds)
        first, second = web.feeds[0].url, web.facts()[-1].url
        path = "/" + second.split("/", 3)[3]
        async with client.get(first.rsplit("/", 1)[0] + path) as response:
            assert response.status == 404
        async with client.post(first) as response:
            assert response.status == 405
        async with client.head(first) as response:
            assert (response.status, await response.read()) == (200, b"")
        assert [visit.status for visit in web.visits] == [404, 405, 200]

    visit(ask)


def test_facts_point_the_reprint_at_its_original() -> None:
    async def look(web: SampleWeb, client: aiohttp.ClientSession) -> None:
        facts = {fact.url: fact for fact in web.facts()}
        (reprint,) = [fact for fact in facts.values() if fact.reprint_of]
        assert reprint.reprint_of is not None
        original = facts[reprint.reprint_of]
        assert (original.story, original.on_topic) == (reprint.story, True)

    visit(look)


def test_ages_are_read_as_written() -> None:
    assert age_of("2d3h10m") == timedelta(days=2, hours=3, minutes=10)
    assert age_of("40m") == timedelta(minutes=40)
    for wrong in ("", "2w", "h", "10m2h"):
        with pytest.raises(ValueError, match="not an age"):
            age_of(wrong)


def test_receiver_keeps_alerts_and_refuses_the_rest() -> None:
    async def run() -> None:
        async with AlertReceiver() as receiver, aiohttp.ClientSession() as client:
            address = receiver.url.replace("json://", "http://")
            sent = {"title": "Тема", "message": "სათაური", "watcher": {"score": 91}}
            async with client.post(address, json=sent) as response:
                assert response.status == 200
            async with client.post(address, data="no json") as response:
                assert response.status == 400
            async with client.get(address) as response:
                assert response.status == 400
            assert receiver.refused == 2
            (alert,) = receiver.alerts
            assert (alert.title, alert.message) == ("Тема", "სათაური")
            assert alert.fields["watcher"] == {"score": 91}

    asyncio.run(run())
