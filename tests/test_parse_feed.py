"""RSS, Atom and RDF to entries: what is new, what is known, what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model import Failure, FailureReason, FeedData
from watcher.parse import parse_feed
from watcher.parse.feed import MAX_NEW
from watcher.parse.window import MAX_WINDOW
from watcher.text.dates import parse_date

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://example.org/news/rss.xml"


def parsed(body: bytes | str, window: Mapping[str, str] | None = None) -> FeedData:
    raw = body.encode() if isinstance(body, str) else body
    data = parse_feed(raw, url=URL, content_type="", window=window or {}, now=NOW)
    assert isinstance(data, FeedData), data
    return data


def refused(body: bytes) -> Failure:
    data = parse_feed(body, url=URL, content_type="", window={}, now=NOW)
    assert isinstance(data, Failure), data
    return data


def item(number: int, extra: str = "", title: str | None = None) -> str:
    return f"""<item>
      <title>{title or f"Story number {number}"}</title>
      <link>https://example.org/news/{number}?utm_source=rss</link>
      <guid isPermaLink="false">tag:example.org,{number}</guid>
      <pubDate>Sat, 21 Nov 2026 {number % 24:02}:00:00 GMT</pubDate>
      <description><![CDATA[<p>Words of <b>story</b> {number}.</p>]]></description>{extra}
    </item>"""


def rss(*items: str, channel: str = "", end: str = "</channel></rss>") -> str:
    return f"""<?xml version="1.0" encoding="utf-8"?>
    <rss version="2.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel>
      <title>Example &amp; News</title><link>https://example.org/</link>
      <language>en-us</language>{channel}{"".join(items)}{end}"""


def titles(data: FeedData) -> list[str]:
    return [entry.title for entry in data.entries]


# ------------------------------------------------------------------------------ what it says


def test_rss() -> None:
    data = parsed(
        rss(
            item(1, "<author>Ann &lt;ann@example.org&gt;</author>"),
            channel="<ttl>30</ttl><skipHours><hour>0</hour><hour>24</hour><hour>5</hour>"
            "</skipHours><skipDays><day>Sunday</day><day>monday</day></skipDays>",
        )
    )
    (entry,) = data.entries
    assert data.title == "Example & News"
    assert data.lang == "en"
    assert data.ttl == timedelta(minutes=30)
    assert data.skip_hours == (0, 5)
    assert data.skip_days == (0, 6)
    assert data.notes == ()
    assert entry.title == "Story number 1"
    assert entry.url == "https://example.org/news/1?utm_source=rss"
    assert entry.summary == "Words of story 1."
    assert entry.published_at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert entry.lang == "en"
    assert entry.author.startswith("Ann")


def test_atom() -> None:
    data = parsed(
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru" xml:base="https://example.org/">
        <title>Новости</title>
        <entry><id>urn:uuid:1</id><title type="html">Первая &amp;laquo;новость&amp;raquo;</title>
          <link rel="self" href="/atom/1"/><link href="story/1"/><updated>2026-11-21T10:00:00+03:00</updated>
          <published>2026-11-20T10:00:00Z</published><author><name>Иван</name></author>
          <summary>Кратко</summary>
          <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Раз.</p><p>Два.</p></div></content>
        </entry></feed>"""
    )
    (entry,) = data.entries
    assert (data.title, data.lang) == ("Новости", "ru")
    assert entry.title == "Первая «новость»"
    assert entry.url == "https://example.org/story/1"
    assert entry.content == "Раз.\n\nДва."
    assert entry.summary == "Кратко"
    assert entry.author == "Иван"
    assert entry.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 21, 7, tzinfo=UTC)


@pytest.mark.parametrize("inside", ["<link>/page</link>{guid}", "{guid}<link>/page</link>"])
def test_a_link_says_where_and_a_guid_does_where_there_is_none(inside: str) -> None:
    guid = '<guid isPermaLink="true">https://example.org/by-guid</guid>'
    data = parsed(
        rss(
            f"<item><title>Linked</title>{inside.format(guid=guid)}</item>",
            "<item><title>No link</title><guid>https://example.org/2</guid></item>",
        )
    )
    assert [entry.url for entry in data.entries] == [
        "https://example.org/page",
        "https://example.org/2",
    ]


def test_a_base_holds_for_its_own_item_only() -> None:
    first = '<item base="/first/"><title>First</title><link>one</link></item>'
    second = "<item><title>Second</title><link>two</link></item>"
    expected = ["https://example.org/first/one", "https://example.org/news/two"]
    assert [entry.url for entry in parsed(rss(first, second)).entries] == expected


def test_rdf_with_items_beside_the_channel() -> None:
    data = parsed(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
          xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://example.org/"><title>T</title><dc:language>ka</dc:language></channel>
        <item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>
          <dc:date>2026-11-20T08:00:00+04:00</dc:date></item></rdf:RDF>"""
    )
    (entry,) = data.entries
    assert data.lang == "ka"
    assert entry.url == "https://example.org/1"
    assert entry.published_at == datetime(2026, 11, 20, 4, tzinfo=UTC)


def test_full_content_wins_and_a_long_description_counts_as_content() -> None:
    encoded = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
    data = parsed(
        rss(
            item(1, f"{encoded}<![CDATA[<p>All of it.</p>]]></content:encoded>"),
            f"<item><title>Long</title><description>{'word ' * 3_000}</description></item>",
        )
    )
    first, second = data.entries
    assert first.content == "All of it."
    assert len(second.summary) <= 5_000 < len(second.content)


def test_an_entry_without_title_gets_one_from_its_text_and_one_that_says_nothing_is_left_out() -> (
    None
):
    data = parsed(
        rss("<item><description>Only words here.</description></item>", "<item><x>1</x></item>")
    )
    assert titles(data) == ["Only words here."]


@pytest.mark.parametrize(
    ("stated", "believed"),
    [
        ("Fri, 20 Nov 2026 10:00:00 +0400", datetime(2026, 11, 20, 6, tzinfo=UTC)),
        ("2026-11-23T11:00:00Z", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("2026-11-24T11:00:00Z", None),
        ("0000-00-00", None),
        ("9999-12-31T00:00:00Z", None),
        ("Mon, 01 Jan 1979 00:00:00 GMT", None),
        ("yesterday", None),
    ],
)
def test_dates_are_believed_between_1990_and_tomorrow(
    stated: str, believed: datetime | None
) -> None:
    data = parsed(rss(f"<item><title>x</title><pubDate>{stated}</pubDate></item>"))
    assert data.entries[0].published_at == believed


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("/a", "https://example.org/a"),
        ("javascript:alert(1)", None),
        ("https://user:pw@example.org/a", None),
        ("https://www.google.com/url?url=https://example.org/a", "https://example.org/a"),
    ],
)
def test_links_are_absolute_safe_and_unwrapped(link: str, url: str | None) -> None:
    data = parsed(rss(f"<item><title>x</title><link>{link}</link></item>"))
    assert data.entries[0].url == url


def test_nothing_unclean_comes_out() -> None:
    data = parsed(rss("<item><title>a&#x202E;b&#x2028;c\u200b</title><link>/x</link></item>"))
    assert titles(data) == ["ab c"]


# ------------------------------------------------------------------------------- what is new


def test_known_entries_are_counted_and_not_handed_out() -> None:
    first = parsed(rss(item(1), item(2)))
    second = parsed(rss(item(3), item(1), item(2)), first.window)
    assert titles(second) == ["Story number 3"]
    assert second.known == 2
    assert len(second.window) == 3
    third = parsed(rss(item(2), item(3), item(1)), second.window)
    assert third.entries == ()
    assert third.known == 3


def test_an_edited_entry_is_handed_out_again_under_its_key() -> None:
    first = parsed(rss(item(1), item(2)))
    second = parsed(rss(item(1), item(2, title="Story two, corrected")), first.window)
    (edited,) = second.entries
    before = {entry.key: entry for entry in first.entries}
    assert before[edited.key].title == "Story number 2"
    assert before[edited.key].content_hash != edited.content_hash
    assert parsed(rss(item(1)), second.window).entries == ()


def test_counters_of_comments_are_no_edit() -> None:
    first = parsed(rss(item(1, "<slash:comments>3</slash:comments>")))
    second = parsed(rss(item(1, "<slash:comments>44</slash:comments>")), first.window)
    assert second.entries == ()


def test_a_renumbered_guid_keeps_the_identity() -> None:
    first = parsed(rss(item(1), item(2)))
    renumbered = rss(item(1).replace("tag:example.org,", "p="), item(2))
    second = parsed(renumbered, first.window)
    (entry,) = second.entries
    (before,) = (entry for entry in first.entries if entry.title == "Story number 1")
    assert (entry.key, entry.content_hash) == (before.key, before.content_hash)


def test_one_guid_for_all_items_does_not_swallow_them() -> None:
    body = rss(*(item(n).replace(f"tag:example.org,{n}", "0") for n in range(5)))
    first = parsed(body)
    assert len({entry.key for entry in first.entries}) == 5
    assert parsed(body, first.window).entries == ()


def test_an_item_that_stands_twice_is_one_entry() -> None:
    assert len(parsed(rss(item(1), item(2), item(1))).entries) == 2


def test_items_that_differ_only_in_their_text_are_all_entries() -> None:
    """One guid, one standing title, one link for everything: only the bytes tell them apart."""
    bodies = [
        f"<item><guid>0</guid><title>News</title><description>Words {n}</description></item>"
        for n in range(4)
    ]
    first = parsed(rss(*bodies[:3]))
    assert len({entry.key for entry in first.entries}) == 3
    second = parsed(rss(bodies[3], *bodies[:2]), first.window)
    assert [entry.summary for entry in second.entries] == ["Words 3"]
    assert second.entries[0].key not in first.window


@pytest.mark.parametrize(
    "says",
    [
        "",
        "<title>Morning digest</title>",
        "<link>https://example.org/</link>",
        "<title>News</title><link>https://example.org/</link>",
        "<link>https://example.org/news/</link>",
        "<pubDate>Sat, 21 Nov 2026 00:00:00 GMT</pubDate>",
    ],
)
def test_what_scrolls_out_leaves_its_identity_to_no_other(says: str) -> None:
    """What such items say beside their guid repeats: it is no sign of a renumbered guid."""
    items = [
        f"<item><guid isPermaLink='false'>g{n}</guid>{says}<description>Words {n}</description></item>"
        for n in range(8)
    ]
    window: Mapping[str, str] = {}
    keys: list[str] = []
    for newest in range(3, 8):
        data = parsed(rss(*reversed(items[newest - 3 : newest + 1])), window)
        keys += [entry.key for entry in data.entries]
        window = data.window
    assert len(keys) == len(set(keys)) == 8


ATOM = """<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title>{}</a:feed>"""


def prefixed(number: int, title: str) -> str:
    return (
        f"<a:entry><a:id>urn:{number}</a:id><a:title>{title}</a:title>"
        f"<a:link href='https://e.org/{number}'/><a:updated>2026-11-20T10:00:00Z</a:updated>"
        "</a:entry>"
    )


def test_fields_with_the_prefix_of_their_entry_identify_it() -> None:
    first = parsed(ATOM.format("".join(prefixed(n, f"Story {n}") for n in (3, 2, 1))))
    before = {entry.title: entry.key for entry in first.entries}
    edited = prefixed(3, "Story 3, corrected") + prefixed(2, "Story 2")
    second = parsed(ATOM.format(prefixed(4, "Story 4") + edited), first.window)
    after = {entry.title: entry.key for entry in second.entries}
    assert after["Story 3, corrected"] == before["Story 3"]
    assert after["Story 4"] not in before.values()


def test_an_empty_feed_is_a_feed() -> None:
    data = parsed(rss())
    assert data.entries == ()
    assert data.title == "Example & News"


@given(
    st.lists(st.integers(0, 30), max_size=20, unique=True),
    st.lists(st.integers(0, 30), max_size=20, unique=True),
)
def test_exactly_the_unseen_entries_are_handed_out_as_the_full_parse_has_them(
    before: list[int], after: list[int]
) -> None:
    window = parsed(rss(*map(item, before))).window
    everything = {entry.key: entry for entry in parsed(rss(*map(item, after))).entries}
    data = parsed(rss(*map(item, after)), window)
    assert {entry.key for entry in data.entries} == set(everything) - set(window)
    assert all(everything[entry.key] == entry for entry in data.entries)
    assert data.known == len(set(before) & set(after))
    assert set(data.window) == set(everything)


def test_a_huge_feed_is_handed_out_in_portions_and_nothing_is_lost() -> None:
    body = rss(*map(item, range(2 * MAX_NEW + 10))).encode()
    window: Mapping[str, str] = {}
    seen: list[str] = []
    for remaining in (MAX_NEW + 10, 10, 0):
        data = parsed(body, window)
        assert data.remaining == remaining
        seen += titles(data)
        window = data.window
    assert sorted(seen) == sorted(f"Story number {n}" for n in range(2 * MAX_NEW + 10))


def test_entries_with_long_texts_leave_room_for_one_another() -> None:
    text = "слово " * 30_000
    body = rss(
        *(f"<item><title>{n}</title><description>{text}</description></item>" for n in range(9))
    )
    first = parsed(body)
    assert 0 < len(first.entries) < 9
    assert first.remaining == 9 - len(first.entries)
    second = parsed(body, first.window)
    assert titles(second)[0] == str(len(first.entries))


def test_an_archive_that_grows_at_its_end_is_watched_at_its_end() -> None:
    def old(number: int) -> str:
        day = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        return f"<item><title>Old {number}</title><pubDate>{day:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"

    data = parsed(rss(*map(old, range(MAX_WINDOW + 5))))
    assert titles(data)[0] == f"Old {MAX_WINDOW + 4}"
    assert data.notes == ("entries-beyond:5",)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_an_archive_without_dates_is_watched_at_both_ends(at_the_end: bool) -> None:
    old = [f"<item><title>Old {number}</title></item>" for number in range(MAX_WINDOW + 5)]
    window = parsed(rss(*old)).window
    for _ in range(12):
        data = parsed(rss(*old), window)
        window = data.window
        if not data.remaining:
            break
    added = "<item><title>Added</title></item>"
    data = parsed(rss(*old, added) if at_the_end else rss(added, *old), window)
    assert "Added" in titles(data)
    assert data.notes == ("entries-beyond:6",)


def test_an_archive_in_no_order_is_watched_by_its_dates() -> None:
    def old(number: int) -> str:
        day = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=number * 7_919 % 20_011)
        return f"<item><title>Old {number}</title><pubDate>{day:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"

    items = [old(number) for number in range(MAX_WINDOW + 5)]
    items.insert(7_000, "<item><title>New</title><pubDate>2026-11-20T10:00:00Z</pubDate></item>")
    assert titles(parsed(rss(*items)))[0] == "New"


# ------------------------------------------------------------------------------- what is broken


@pytest.mark.parametrize(
    "broken",
    [
        rss(item(1, "<x>R&D</x>"), item(2)),
        rss(item(1, "<x>&nbsp;&eacute;&hellip;</x>"), item(2)),
        rss(item(1), item(2, "<x>\x08\x0c</x>")),
        rss(item(1), item(2, "<x>&#0;&#xD800;&#99999999999999;</x>")),
        rss(item(1), item(2), end=""),
        rss(item(1), item(2), end="<item><title>cut off in the midd"),
        rss(item(1), item(2)).replace("xmlns:slash=", "xmlns:other=") + "garbage after the end",
        "\n\n  junk before " + rss(item(1), item(2)),
        rss(item(1, "<b>never closed"), item(2)),
        rss(item(1), item(2, "<un:declared>x</un:declared>")),
    ],
)
def test_a_malformed_feed_is_read_and_what_is_known_is_cut_out_too(broken: str) -> None:
    first = parsed(broken)
    assert {"Story number 1", "Story number 2"} <= set(titles(first))
    again = parsed(broken, first.window)
    assert again.entries == ()
    assert again.known >= len(first.entries)


def test_one_broken_item_does_not_change_how_the_others_are_read() -> None:
    sound = parsed(rss(item(1), item(3)))
    broken = parsed(rss(item(1), "<item><title>Broken <b>one</title></item>", item(3)))
    assert broken.notes == ("malformed",)
    assert [entry for entry in broken.entries if entry.title.startswith("Story")] == list(
        sound.entries
    )
    assert len(broken.entries) == 3


def test_a_feed_that_was_encoded_twice_is_repaired_and_told() -> None:
    damaged = "Президент республики подписал указ".encode().decode("latin-1")
    data = parsed(rss(f"<item><title>{damaged}</title><link>https://e.invalid/1</link></item>"))
    assert titles(data) == ["Президент республики подписал указ"]
    assert data.notes == ("wrong-charset",)


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-16", "utf-8", "iso-8859-5"])
def test_declared_charsets(charset: str) -> None:
    text = f"<?xml version='1.0' encoding='{charset}'?><rss><channel><item><title>Привет, мир</title></item></channel></rss>"
    data = parsed(text.encode(charset))
    assert titles(data) == ["Привет, мир"]
    assert data.notes == ()


@pytest.mark.parametrize(
    ("real", "declared"), [("utf-8", "windows-1251"), ("windows-1251", "utf-8")]
)
def test_a_wrong_charset_is_repaired_and_told(real: str, declared: str) -> None:
    words = "Президент республики подписал указ о назначении референдума на весну"
    text = f"<?xml version='1.0' encoding='{declared}'?><rss><channel><item><title>{words}</title></item></channel></rss>"
    data = parsed(text.encode(real))
    assert titles(data) == [words]
    assert data.notes == ("wrong-charset",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", FailureReason.EMPTY),
        (b" \n ", FailureReason.EMPTY),
        (b"<!DOCTYPE html><html><body><p>Hello</body></html>", FailureReason.NOT_A_FEED),
        (
            b"<html xmlns='http://www.w3.org/1999/xhtml'><head/><body/></html>",
            FailureReason.NOT_A_FEED,
        ),
        (b"<html><body>" + b"<p>never closed" * 1_000, FailureReason.NOT_A_FEED),
        (b"/etc/passwd", FailureReason.NOT_A_FEED),
        (b"just words", FailureReason.NOT_A_FEED),
        (b"<svg><path d='M0'/></svg>", FailureReason.NOT_A_FEED),
        (b"\x1f\x8b\x08\x00\x00", FailureReason.NOT_A_FEED),
        (b"{}", FailureReason.NOT_A_FEED),
        (b"[1, 2", FailureReason.NOT_A_FEED),
    ],
)
def test_what_is_no_feed_is_refused_with_its_reason(body: bytes, reason: FailureReason) -> None:
    failure = refused(body)
    assert failure.reason is reason
    assert failure.url == URL
    assert failure.detail


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.{0,12}")))
def test_a_date_is_aware_and_possible_or_none(text: str) -> None:
    when = parse_date(text, NOW)
    assert when is None or (
        when.utcoffset() == timedelta(0)
        and datetime(1990, 1, 1, tzinfo=UTC) <= when <= NOW + timedelta(days=1)
    )
