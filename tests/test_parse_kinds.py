"""Feeds that are no RSS: JSON Feed, news sitemaps, Telegram channels, plain lists of links."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storable import check_feed

from watcher.model import Failure, FailureReason, FeedData, FeedKind
from watcher.parse import parse_feed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def parsed(
    body: str,
    kind: FeedKind,
    *,
    url: str = "https://example.org/news",
    selector: str | None = None,
    window: Mapping[str, str] | None = None,
) -> FeedData:
    data = parse_feed(
        body.encode(),
        url=url,
        content_type="",
        window=window or {},
        now=NOW,
        kind=kind,
        selector=selector,
    )
    assert isinstance(data, FeedData), data
    return data


def refusal(body: str, kind: FeedKind, selector: str | None = None) -> str:
    data = parse_feed(
        body.encode(),
        url="https://example.org/news",
        content_type="",
        window={},
        now=NOW,
        kind=kind,
        selector=selector,
    )
    assert isinstance(data, Failure), data
    assert data.reason is FailureReason.NOT_A_FEED
    return data.detail


# ----------------------------------------------------------------------------------- JSON Feed

JSON_FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Example",
    "language": "en-GB",
    "items": [
        {
            "id": "1",
            "url": "https://example.org/1",
            "title": "One &amp; only",
            "content_html": "<p>First.</p><p>Second.</p>",
            "summary": "Short",
            "date_published": "2026-11-20T10:00:00+04:00",
            "date_modified": "2026-11-21T10:00:00Z",
            "authors": [{"name": "Ann"}, {"name": "Bob"}],
            "language": "ka",
        },
        {"id": 2, "external_url": "/2", "content_text": "Plain text only"},
    ],
}


def test_json_feed() -> None:
    data = parsed(json.dumps(JSON_FEED), FeedKind.FEED)
    first, second = data.entries
    assert (data.title, data.lang) == ("Example", "en")
    assert (first.title, first.url, first.lang) == ("One & only", "https://example.org/1", "ka")
    assert first.content == "First.\n\nSecond."
    assert first.author == "Ann, Bob"
    assert first.published_at == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert first.updated_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert (second.title, second.url) == ("Plain text only", "https://example.org/2")
    again = parsed(json.dumps(JSON_FEED), FeedKind.FEED, window=data.window)
    assert (again.entries, again.known) == ((), 2)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)
fields = st.sampled_from([*JSON_FEED["items"][0], *JSON_FEED["items"][1]])


@settings(max_examples=40)
@given(st.lists(st.dictionaries(fields, anything), max_size=4), anything)
def test_json_of_any_shape_is_read_or_refused(items: list[dict[str, Any]], title: Any) -> None:
    data = parsed(json.dumps({"items": items, "title": title, "language": title}), FeedKind.FEED)
    check_feed(data, NOW)
    assert len(data.entries) <= len(items)


# ------------------------------------------------------------------------------------- sitemap

SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc>https://example.org/politics/a</loc>
    <news:news>
      <news:publication><news:name>Example Times</news:name><news:language>ru</news:language></news:publication>
      <news:publication_date>2026-11-21T10:00:00+03:00</news:publication_date>
      <news:title>Заголовок &amp; ещё</news:title>
    </news:news>
    <image:image><image:loc>https://example.org/a.jpg</image:loc></image:image>
  </url>
  <url><loc>https://example.org/2026/11/some-words-of-the-headline.html</loc><lastmod>2026-11-20</lastmod></url>
  <url><lastmod>2026-11-20</lastmod></url>
</urlset>"""


@pytest.mark.parametrize("kind", [FeedKind.SITEMAP, FeedKind.FEED])
def test_news_sitemap(kind: FeedKind) -> None:
    data = parsed(SITEMAP, kind)
    first, second = data.entries
    assert data.title == "Example Times"
    assert first.title == "Заголовок & ещё"
    assert (first.url, first.lang) == ("https://example.org/politics/a", "ru")
    assert first.published_at == datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert second.title == "some words of the headline"
    assert second.published_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert parsed(SITEMAP, kind, window=data.window).known == 2


NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def own(prefix: str) -> str:
    """The sitemap with a prefix on its own elements, too."""
    return re.sub(r"(</?)(urlset|url|loc|lastmod)\b", rf"\1{prefix}:\2", SITEMAP).replace(
        "xmlns=", f"xmlns:{prefix}="
    )


@pytest.mark.parametrize(
    "sitemap",
    [
        SITEMAP.replace("news:", "n:").replace("xmlns:news", "xmlns:n"),
        SITEMAP.replace("news:", "ns1:").replace("xmlns:news", "xmlns:ns1"),
        SITEMAP.replace(f'xmlns:news="{NEWS}"', ""),
        own("sm"),
        own("sm").replace("news:", "g:").replace("xmlns:news", "xmlns:g"),
        own("sm").replace("news:", "").replace("<news>", f'<news xmlns="{NEWS}">'),
    ],
)
def test_the_prefixes_of_a_sitemap_are_free_to_choose(sitemap: str) -> None:
    data = parsed(sitemap, FeedKind.FEED)
    assert data.entries == parsed(SITEMAP, FeedKind.FEED).entries


def test_a_sitemap_without_any_address_is_refused() -> None:
    sitemap = "<urlset><url><x:loc xmlns:x='urn:x'>https://example.org/a</x:loc></url></urlset>"
    assert "none of its entries" in refusal(sitemap, FeedKind.SITEMAP)
    assert parsed("<urlset/>", FeedKind.SITEMAP).entries == ()


def test_a_sitemap_index_is_refused_with_what_to_add_instead() -> None:
    index = (
        "<sitemapindex><sitemap><loc>https://example.org/news-1.xml</loc></sitemap></sitemapindex>"
    )
    assert "https://example.org/news-1.xml" in refusal(index, FeedKind.SITEMAP)
    assert "html" in refusal("<html><p/></html>", FeedKind.SITEMAP)
    assert "well-formed" in refusal("<urlset><url>", FeedKind.SITEMAP)


# ------------------------------------------------------------------------------------ Telegram


def message(number: int, inside: str) -> str:
    return f"""<div class="tgme_widget_message_wrap js-widget_message_wrap">
    <div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="channel/{number}">
      <div class="tgme_widget_message_bubble">
        <div class="tgme_widget_message_author accent_color"><a class="tgme_widget_message_owner_name"
           href="https://t.me/channel"><span dir="auto">The Channel</span></a></div>
        {inside}
        <div class="tgme_widget_message_footer compact js-message_footer">
          <span class="tgme_widget_message_views">1.2K</span>
          <a class="tgme_widget_message_date" href="https://t.me/channel/{number}"><time
             datetime="2026-11-21T0{number}:00:00+00:00" class="time">0{number}:00</time></a>
        </div></div></div></div>"""


def text(words: str) -> str:
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>'


def channel(*messages: str) -> str:
    return f"""<!DOCTYPE html><html><head><title>The Channel – Telegram</title></head><body>
      <div class="tgme_channel_info_header_title"><span dir="auto">The Channel</span></div>
      <section class="tgme_channel_history">{"".join(messages)}</section></body></html>"""


def test_telegram_channel() -> None:
    body = channel(
        message(
            1,
            text(
                "<b>Срочно.</b> Президент подписал указ<br/><br/>Подробности: a &lt; b"
                ' <a href="https://example.org/x">ссылка</a>'
            ),
        ),
        message(
            2,
            '<a class="tgme_widget_message_reply" href="https://t.me/channel/1"><div'
            ' class="tgme_widget_message_text js-message_reply_text" dir="auto">Quoted words</div></a>'
            + text(text("A reply")),
        ),
        message(3, '<a class="tgme_widget_message_photo_wrap" href="#"></a>'),
        message(
            4,
            '<a class="tgme_widget_message_link_preview" href="https://example.org/y">'
            '<div class="link_preview_title" dir="auto">Headline of a link</div></a>',
        ),
    )
    data = parsed(body, FeedKind.TELEGRAM, url="https://t.me/s/channel")
    assert data.title == "The Channel"
    link, reply, first = data.entries  # the newest stands last on the page and first here
    assert first.title == "Срочно. Президент подписал указ"
    assert first.content.endswith("Подробности: a < b ссылка")
    assert first.url == "https://t.me/channel/1"
    assert first.published_at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert first.author == "The Channel"
    assert (reply.title, reply.content) == ("A reply", "A reply")
    assert link.title == "Headline of a link"
    assert parsed(body, FeedKind.TELEGRAM, window=data.window).known == 3


def test_the_headline_of_a_long_message_is_its_first_sentence() -> None:
    long = "Первое предложение сказано. " + "Потом ещё много слов " * 30
    (entry,) = parsed(channel(message(1, text(long))), FeedKind.TELEGRAM).entries
    assert entry.title == "Первое предложение сказано."
    (endless,) = parsed(channel(message(1, text("слово " * 300))), FeedKind.TELEGRAM).entries
    assert endless.title.endswith("слово…")
    assert len(endless.title) <= 201


def test_a_private_channel_is_refused() -> None:
    page = '<html><body><div class="tgme_page_title">Private</div></body></html>'
    assert "private" in refusal(page, FeedKind.TELEGRAM)


# ------------------------------------------------------------------------------------- listing

LISTING = """<!DOCTYPE html><html lang="ka"><head><title>სიახლეები</title><base href="/base/"></head><body>
  <nav><a href="/">Home page</a><a href="/about">About</a></nav>
  <div class="news"><article><a href="one.html"><img src="x.jpg" alt=""></a>
      <h2><a href="one.html?utm_source=list">პირველი ამბავი აქ</a></h2>
      <time datetime="2026-11-20T10:00:00+04:00">20 Nov</time><p>Lead of the story.</p></article>
    <article><h2><a href="https://other.example/two">Second story here</a></h2></article>
    <article><h2><a href="javascript:open()">Third story here</a></h2></article>
    <article><h2>No link at all</h2></article>
  </div></body></html>"""


def test_listing_by_what_holds_the_links() -> None:
    data = parsed(LISTING, FeedKind.LISTING, selector=".news article")
    first, second = data.entries
    assert (data.title, data.lang) == ("სიახლეები", "ka")
    assert first.title == "პირველი ამბავი აქ"
    assert first.url == "https://example.org/base/one.html?utm_source=list"
    assert first.published_at == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert "Lead of the story." in first.summary
    assert second.url == "https://other.example/two"
    again = parsed(LISTING, FeedKind.LISTING, selector=".news article", window=data.window)
    assert (again.entries, again.known) == ((), 2)


def test_listing_by_the_links_themselves() -> None:
    data = parsed(LISTING, FeedKind.LISTING, selector="h2 > a[href]")
    assert [entry.title for entry in data.entries] == ["პირველი ამბავი აქ", "Second story here"]
    anything = parsed(LISTING, FeedKind.LISTING)
    assert "About" not in [entry.title for entry in anything.entries]


@pytest.mark.parametrize(
    ("headline", "menu"),
    [
        ("南オセチアで住民投票を実施へ", "国際"),
        ("南奥塞梯宣布举行公投", "首页"),
        ("เซาท์ออสซีเชียจะจัดประชามติ", "ข่าว"),
        ("სამხრეთ ოსეთი", "მთავარი"),
    ],
)
def test_a_headline_needs_no_spaces_where_its_script_has_none(headline: str, menu: str) -> None:
    html = f"<html><body><a href='/news'>{menu}</a><a href='/a/1'>{headline}</a></body></html>"
    assert [e.title for e in parsed(html, FeedKind.LISTING).entries] == [headline]


def test_a_selector_that_is_wrong_or_picks_nothing_is_told() -> None:
    assert "picks nothing" in refusal(LISTING, FeedKind.LISTING, ".headlines a")
    assert "h2 >>" in refusal(LISTING, FeedKind.LISTING, "h2 >> a")


@given(st.text(alphabet="<>/ab =\"'&;!-[]", max_size=200))
def test_markup_of_any_shape_is_read_or_refused(markup: str) -> None:
    for kind in FeedKind:
        data = parse_feed(
            markup.encode(),
            url="https://example.org/",
            content_type="",
            window={},
            now=NOW,
            kind=kind,
        )
        check_feed(data, NOW)
