"""Addresses: what is refused, what means the same page, what identifies an entry."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.urls import (
    article_address,
    canonical,
    clean_link,
    entry_key,
    is_web_url,
    names_a_page,
    registered_domain,
    unwrap,
)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.org/",
        "mailto:a@example.org",
        "https://user:secret@example.org/",
        "https://user@example.org/",
        "https://example.org\\@evil.example/",
        "https:\\\\example.org/",
        "https://exam\nple.org/",
        "https://example.org/\x1b[31m",
        "https://example.org/\u202egpj.exe",
        "https://example.org:99999/",
        "https://example.org:port/",
        "https://[::1/",
        "https://",
        "https:///path",
        "https://exa mple.org/",
        "//",
        "",
        "   ",
        "https://example.org/" + "a" * 2_000,
    ],
)
def test_unsafe_links_are_refused(href: str) -> None:
    assert clean_link("", href) is None
    assert not is_web_url(href)


def test_relative_links_are_resolved_against_their_page() -> None:
    base = "https://example.org/news/today.html"
    assert clean_link(base, " ../a b?c=d ") == "https://example.org/a%20b?c=d"
    assert clean_link(base, "//cdn.example.org/x") == "https://cdn.example.org/x"
    assert clean_link(base, "javascript:void(0)") is None
    assert clean_link(base, "https://пример.рф/путь") == "https://пример.рф/путь"
    assert clean_link("", "/only/path") is None


@pytest.mark.parametrize("base", ["https://example.org/feed.xml", "http://example.org/feed.xml"])
def test_line_breaks_inside_of_a_link_are_left_out_whatever_the_scheme_of_its_page(
    base: str,
) -> None:
    assert clean_link(base, "https://news.example/a\n  ?b") == "https://news.example/a%20%20?b"
    assert clean_link(base, "http://news.example/\r\npage") == "http://news.example/page"


@given(st.text(), st.text())
def test_what_comes_out_of_clean_link_is_a_web_address(base: str, href: str) -> None:
    link = clean_link(base, href)
    assert link is None or is_web_url(link)


SAME_PAGE = "https://example.org/news/2024/story-1"


@pytest.mark.parametrize(
    "spelling",
    [
        SAME_PAGE,
        "http://example.org/news/2024/story-1",
        "HTTP://WWW.Example.ORG:80/news/2024/story-1/",
        "https://m.example.org:443/news/2024/story-1",
        "https://mobile.example.org/news/2024/story-1#comments",
        "https://amp.example.org/news/2024/story-1",
        "https://example.org/news/2024/story-1/amp/",
        "https://example.org/news/2024/story-1?amp=1",
        "https://example.org/news/2024/story-1?outputType=amp",
        "https://example.org//news/2024/story%2D1/?utm_source=rss&utm_medium=feed&fbclid=abc",
        "https://example.org/news/2024/story-1/index.html?at_medium=RSS&at_campaign=rss",
        "https://example.org./news/2024/story-1?xtor=RSS-1#xtor=RSS-1",
        "https://www.google.com/url?rct=j&sa=t&url=https://example.org/news/2024/story-1&ct=ga",
        "https://www.google.com/amp/s/www.example.org/news/2024/story-1",
        "https://www-example-org.cdn.ampproject.org/v/s/www.example.org/news/2024/story-1?amp_gsa=1",
        "https://www.bing.com/news/apiclick.aspx?ref=F&aid=&url=https%3a%2f%2fexample.org%2fnews%2f2024%2fstory-1&c=1",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2Fnews%2F2024%2Fstory-1&h=x",
        "https://vk.com/away.php?to=https%3A%2F%2Fexample.org%2Fnews%2F2024%2Fstory-1",
    ],
)
def test_spellings_of_one_page_have_one_canonical_form(spelling: str) -> None:
    assert canonical(spelling) == SAME_PAGE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/?p=1", "https://example.org/?p=2"),
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org/a", "https://example.org:8080/a"),
        ("https://en.example.org/a", "https://ru.example.org/a"),
        ("https://example.org/#!/story/1", "https://example.org/#!/story/2"),
        ("https://example.org/%D0%B0", "https://example.org/%D0%B1"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
        ("https://m.co.uk/a", "https://co.uk/a"),
        ("https://example.org/story.php?id=1", "https://example.org/story.php?id=1&page=2"),
        # "тест" and "абвг" in windows-1251: no UTF-8, and yet not the same.
        ("https://example.org/?t=%F2%E5%F1%F2", "https://example.org/?t=%E0%E1%E2%E3"),
    ],
)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert article_address(one) != article_address(other)


def test_a_query_that_is_no_utf8_comes_out_as_it_went_in() -> None:
    assert canonical("http://www.e.org/?t=%f2%E5&a=1") == "https://e.org?a=1&t=%F2%E5"


@pytest.mark.parametrize(
    "idle",
    ["", "comments", "top", "xtor=RSS-1", "utm_source=rss&at_medium=RSS", ":~:text=a,b",
     "ref=rss", "more-412", "Echobox=1700000000"],
)  # fmt: skip
def test_a_fragment_that_only_says_whence_one_came_names_nothing(idle: str) -> None:
    page = "https://e.org/live"
    assert article_address(f"{page}#{idle}") == canonical(page)
    assert not names_a_page(f"https://e.org/#{idle}")


@pytest.mark.parametrize(
    ("one", "other"),
    [("post-1", "post-2"), ("msg=22", "msg=23"), ("22", "23"), ("~ann", "~bob"), ("a=1&b=2", "a=1&b=3")],
)  # fmt: skip
def test_posts_on_one_page_are_told_apart_by_their_fragments(one: str, other: str) -> None:
    links = [f"https://e.org/live#{fragment}" for fragment in (one, other)]
    assert len({article_address(link) for link in links}) == 2
    assert len({entry_key(None, link, "Live") for link in links}) == 2
    assert {canonical(link) for link in links} == {"https://e.org/live"}
    assert names_a_page(f"https://e.org/#{one}")


def test_query_order_and_escapes_do_not_matter() -> None:
    assert canonical("https://e.org/a?b=1&a=%D1%8F") == canonical("https://e.org/a?a=я&b=1")
    assert canonical("https://e.org/путь") == canonical("https://e.org/%D0%BF%D1%83%D1%82%D1%8C")
    assert canonical("https://пример.рф/") == canonical("https://xn--e1afmkfd.xn--p1ai")


@given(st.text())
def test_what_is_no_web_address_stays_and_what_is_one_stays_one(text: str) -> None:
    assert "://" in text or canonical(text) == text.strip()
    assert canonical("https://example.org/" + text).startswith("https://")


path_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(path_text, path_text)
def test_canonical_is_a_fixed_point(path: str, query: str) -> None:
    once = canonical(f"http://www.example.org/{path}?q={query}")
    assert canonical(once) == once


def google_news_link(address: str, amp: str = "") -> str:
    """As Google News wrote them until 2024: the address in a protobuf field, base64."""
    inside = b"\x08\x13\x22" + bytes([len(address)]) + address.encode() + b"\xd2\x01"
    inside += bytes([len(amp)]) + amp.encode()
    token = base64.urlsafe_b64encode(inside).decode().rstrip("=")
    return f"https://news.google.com/rss/articles/{token}?oc=5"


def test_google_news_links_are_unwrapped_where_they_carry_the_address() -> None:
    link = google_news_link("https://example.org/a?b=1", "https://amp.example.org/a?b=1")
    assert unwrap(link) == "https://example.org/a?b=1"
    opaque = "https://news.google.com/rss/articles/CBMiU0FVX3lxTE1hYmM?oc=5"
    assert unwrap(opaque) == opaque
    assert unwrap("https://news.google.com/rss/articles/CBM?oc=5").startswith("https://news.goo")


def test_a_wrapper_cannot_smuggle_an_unsafe_address() -> None:
    for inner in ("file:///etc/passwd", "javascript:alert(1)", "http://a:b@example.org/"):
        wrapped = f"https://www.google.com/url?url={inner}"
        assert unwrap(wrapped) == wrapped


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("https://www.example.org:8080/a?b=//c", "example.org"),
        ("example.org", "example.org"),
        ("alice.github.io", "alice.github.io"),
        ("a.b.alice.github.io", "alice.github.io"),
        ("co.uk", "co.uk"),
        ("www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.ck", "a.b.ck"),
        ("x.www.ck", "www.ck"),
        ("сайт.пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("localhost", "localhost"),
        ("localhost:8080", "localhost"),
        ("feeds.watcher.test", "watcher.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("http://127.3.4.5:8080/feed", "127.3.4.5"),
        ("http://[::1]:8080/feed", "::1"),
        ("EXAMPLE.ORG.", "example.org"),
        ("", ""),
    ],
)
def test_registered_domains(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


@given(st.text())
def test_a_registered_domain_ends_its_host_whatever_that_is(text: str) -> None:
    for host in (text, f"http://{text}", f"http://www.{text}.co.uk/x"):
        domain = registered_domain(host)
        assert "/" not in domain
        assert domain == domain.lower()
    assert registered_domain(f"http://example.org/{text}") == "example.org"


def test_identity_prefers_the_guid_and_survives_its_spelling() -> None:
    key = entry_key("http://www.example.org/story?id=1", "https://example.org/x", "Title")
    assert key == entry_key("https://example.org/story/?id=1&utm_source=rss", None, "Edited title")
    assert key == entry_key(None, "https://m.example.org/story?id=1#comments", "Other")
    assert key != entry_key("http://www.example.org/story?id=2", "https://example.org/x", "Title")
    # BBC counts the revisions of a story in the fragment of its guid.
    assert entry_key("https://e.org/1#0", None, "") == entry_key("https://e.org/1#3", None, "")


def test_identity_without_guid() -> None:
    assert entry_key(None, "https://e.org/a", "One") == entry_key("", "http://e.org/a/", "Two")
    # A link that only names the site says nothing about the entry: title and date do.
    assert entry_key(None, "https://e.org/", "One") != entry_key(None, "https://e.org/", "Two")
    assert entry_key(None, None, "A  b") == entry_key(None, None, "a B")
    assert entry_key(None, None, "A", "Mon") != entry_key(None, None, "A", "Tue")


def test_identity_keeps_opaque_guids_and_meaningful_fragments_apart() -> None:
    assert entry_key("tag:e.org,2024:1", None, "") != entry_key("tag:e.org,2024:2", None, "")
    changes = "https://e.org/changelog"
    assert entry_key(f"{changes}#v1.2", None, "") != entry_key(f"{changes}#v1.3", None, "")


@given(st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()), st.text())
def test_entry_keys_are_16_hex_digits(guid: str | None, url: str | None, title: str) -> None:
    key = entry_key(guid, url, title)
    assert len(key) == 16
    assert int(key, 16) >= 0
