"""``watcher feeds``: adding, finding, importing and trying feeds, as a person would."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from newsweb import HOSTS, NewsWeb, write_config
from program import answer, watcher
from webserver import Answer

from watcher.cli.trial import stated_specs
from watcher.model import FeedKind, FeedSpec, ReadPolicy, TopicId
from watcher.storage import Store


@pytest.fixture
def config(news: NewsWeb, tmp_path: Path) -> Path:
    path = write_config(tmp_path, news.feeds[:1], [])
    answer("poll", config=path)
    return path


def names(config: Path) -> set[str]:
    return {feed["name"] for feed in answer("feeds", config=config)}


def test_a_site_is_searched_for_its_feed(news: NewsWeb, config: Path) -> None:
    news.web.serve(
        "/",
        '<html><head><link rel="alternate" type="application/atom+xml" href="/ru/feed">'
        "</head><body><p>Home</p></body></html>",
        host=HOSTS["ru"],
    )
    site = news.web.url("/", host=HOSTS["ru"])
    found = answer("feeds", "discover", site, config=config)
    assert found[0]["url"] == news.feeds[1]
    done = watcher("feeds", "add", site, "--tag", "caucasus", config=config)
    assert "added Вестник" in done.stderr
    [added] = [f for f in answer("feeds", config=config) if f["url"] == news.feeds[1]]
    assert (added["tags"], added["origin"]) == (["caucasus"], "cli")
    assert answer("poll", config=config)["entries"] == 2


def test_an_address_without_a_feed_is_refused_in_words(news: NewsWeb, config: Path) -> None:
    news.web.serve("/plain", "<html><body><p>No feed here</p></body></html>")
    done = watcher("feeds", "add", news.web.url("/plain"), config=config, code=1)
    assert "not-a-feed" in done.stderr
    assert "--selector" in done.stderr
    done = watcher("feeds", "add", news.web.url("/gone"), config=config, code=1)
    assert "http-404" in done.stderr


def test_a_listing_page_is_a_feed_by_selector(news: NewsWeb, config: Path) -> None:
    links = "".join(
        f'<li><a class="n" href="/a/{n}">Headline number {n}</a></li>' for n in range(3)
    )
    news.web.serve("/news", f"<html><body><ul>{links}</ul></body></html>")
    url = news.web.url("/news")
    watcher("feeds", "add", url, "--selector", "a.n", "--name", "listing", config=config)
    assert answer("poll", "listing", config=config)["entries"] == 3


def test_configured_feeds_are_listed_and_can_be_paused_before_the_first_pass(
    tmp_path: Path, news: NewsWeb
) -> None:
    config = write_config(tmp_path, news.feeds[:2], [])
    polled = ("id", "name", "state", "last_polled_at", "failures")
    for _ in range(2):
        first, second = answer("feeds", config=config)
        assert [first[key] for key in polled] == [None, "feed 1", "ok", None, 0]
        assert second["url"] == news.feeds[1]
        assert "feed 2" in watcher("feeds", config=config).stdout
        watcher("db", "upgrade", config=config)
    found = answer("doctor", config=config, code=1)["findings"]
    assert [one["found"] for one in found if one["level"] == "problem"] == [
        "nothing was ever polled"
    ]
    watcher("feeds", "pause", "feed 2", config=config)
    assert answer("poll", config=config)["polled"] == 1
    assert [feed["state"] for feed in answer("feeds", config=config)] == ["paused", "ok"]
    added = config.read_text("utf-8").replace(
        "[[topics]]", f'[[feeds]]\nurl = "{news.feeds[2]}"\n[[topics]]'
    )
    config.write_text(added, "utf-8")
    assert answer("feeds", config=config)[2]["id"] is None
    assert "at the next pass:" in watcher("feeds", config=config).stdout
    config.write_text(added.replace("[fetch]", "[fetsch]"), "utf-8")
    assert len(answer("feeds", config=config)) == 2
    assert "no feed nix" in watcher("feeds", "pause", "nix", config=config, code=2).stderr


def test_pause_resume_and_remove(config: Path, news: NewsWeb) -> None:
    watcher("feeds", "pause", "feed 1", config=config)
    assert answer("feeds", config=config)[0]["state"] == "paused"
    assert answer("poll", config=config)["polled"] == 0
    watcher("feeds", "resume", "1", config=config)
    assert answer("poll", config=config)["polled"] == 1
    done = watcher("feeds", "remove", "feed 1", config=config, code=2)
    assert "take it out there" in done.stderr
    watcher("feeds", "add", news.feeds[2], config=config)
    watcher("feeds", "remove", "მაცნე", config=config)
    assert names(config) == {"feed 1"}
    done = watcher("feeds", "pause", "fead 1", config=config, code=2)
    assert "did you mean feed 1?" in done.stderr


def test_opml_goes_out_and_comes_in_with_folders_as_tags(config: Path, tmp_path: Path) -> None:
    opml = tmp_path / "list.opml"
    opml.write_text(
        '<opml version="2.0"><body><outline text="Caucasus">'
        '<outline text="A &amp; B" xmlUrl="https://a.example/rss"/>'
        '<outline text="bad" xmlUrl="file:///etc/passwd"/></outline>'
        '<outline text="C" xmlUrl="https://c.example/rss"/></body></opml>'
    )
    done = watcher("feeds", "import", opml, config=config)
    assert "2 feeds added" in done.stderr
    assert "not a web address" in done.stderr
    assert "no topic" not in done.stderr
    assert "0 feeds added, 2 known" in watcher("feeds", "import", opml, config=config).stderr
    by_name = {feed["name"]: feed for feed in answer("feeds", config=config)}
    assert by_name["A & B"]["tags"] == ["Caucasus"]
    written = ElementTree.fromstring(watcher("feeds", "export", config=config).stdout)
    urls = {e.get("xmlUrl") for e in written.iter("outline") if e.get("xmlUrl")}
    assert {"https://a.example/rss", "https://c.example/rss"} < urls
    assert written.find(".//outline[@text='Caucasus']/outline").get("text") == "A & B"


def test_an_exported_list_is_imported_again_as_it_was(
    news: NewsWeb, config: Path, tmp_path: Path
) -> None:
    """Folders in folders, several tags, and all that OPML has no words for."""
    own = (
        'watcher:publisher="Example &amp; Co" watcher:kind="listing" watcher:selector="ul > li a"'
        ' watcher:read="never" watcher:every="5400" watcher:topics="so,gone"'
        ' watcher:robots="false"'
    )
    first = tmp_path / "list.opml"
    first.write_text(
        '<opml version="2.0" xmlns:watcher="urn:watcher:feed"><body><outline text="World">'
        '<outline text="Caucasus"><outline text="A" xmlUrl="https://a.invalid/rss"/>'
        f'<outline text="L" xmlUrl="https://l.invalid/news" {own}/></outline></outline>'
        '<outline text="Daily, new"><outline text="A" xmlUrl="https://a.invalid/rss"/></outline>'
        '<outline text="C" xmlUrl="https://c.invalid/rss" category="/Asia/Far East,a%2Fb,5%25 off"/>'
        '<outline text="Channel" xmlUrl="https://t.me/s/channel"/>'
        '<outline text="Another" xmlUrl="https://t.me/another"/></body></opml>'
    )
    assert "L: no topic gone here" in watcher("feeds", "import", first, config=config).stderr

    def told(path: Path) -> dict[str, FeedSpec]:
        with closing(Store(f"sqlite:///{path.parent / 'watcher.sqlite3'}")) as store:
            return {f.spec.url: f.spec for f in store.feeds.all() if f.spec.origin == "cli"}

    feeds = told(config)
    assert feeds["https://a.invalid/rss"].tags == ("World", "Caucasus", "Daily, new")
    assert feeds["https://c.invalid/rss"].tags == ("Asia", "Far East", "a/b", "5% off")
    assert feeds["https://t.me/s/channel"].kind is FeedKind.TELEGRAM
    assert feeds["https://t.me/s/another"].kind is FeedKind.TELEGRAM
    assert feeds["https://l.invalid/news"] == FeedSpec(
        url="https://l.invalid/news",
        name="L",
        publisher="Example & Co",
        every=timedelta(minutes=90),
        topics=(TopicId("so"),),
        read=ReadPolicy.NEVER,
        kind=FeedKind.LISTING,
        selector="ul > li a",
        tags=("World", "Caucasus"),
        ignore_robots=True,
        origin="cli",
    )
    second = tmp_path / "again.opml"
    second.write_text(watcher("feeds", "export", config=config).stdout, "utf-8")
    (tmp_path / "other").mkdir()
    other = write_config(tmp_path / "other", news.feeds[:1], [])
    watcher("feeds", "import", second, config=other)
    again = told(other)
    again.pop(next(url for url in again if url not in feeds))  # the configuration's own
    assert again == feeds


@pytest.mark.parametrize(
    "attributes", ['kind="listing"', 'kind="odd"', 'read="some"', 'every="soon"', 'selector="a"']
)
def test_an_outline_that_contradicts_itself_is_left_out(
    attributes: str, config: Path, tmp_path: Path
) -> None:
    opml = tmp_path / "list.opml"
    opml.write_text(
        '<opml xmlns:w="urn:watcher:feed"><body>\n'
        f'<outline xmlUrl="https://a.invalid/" w:{attributes}/></body></opml>'
    )
    done = watcher("feeds", "import", opml, config=config)
    assert "line 2: https://a.invalid/:" in done.stderr
    assert "0 feeds added, 0 known" in done.stderr


def test_a_broken_list_is_refused_with_its_line(config: Path, tmp_path: Path) -> None:
    opml = tmp_path / "list.opml"
    opml.write_text("<opml>\n<body>\n<outline>\n</body></opml>")
    assert "line 4" in watcher("feeds", "import", opml, config=config, code=2).stderr
    opml.write_text("<rss/>")
    assert "expected an OPML list" in watcher("feeds", "import", opml, config=config, code=2).stderr


def test_feeds_that_no_pass_has_stored_yet_are_exported_as_they_are_listed(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds, [])
    said = watcher("feeds", "export", config=config).stdout
    assert all(url in said for url in news.feeds)
    watcher("feeds", "pause", "feed 1", config=config)  # stores that one
    assert watcher("feeds", "export", config=config).stdout == said


def test_a_list_full_of_entities_stays_small(config: Path, tmp_path: Path) -> None:
    opml = tmp_path / "bomb.opml"
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    opml.write_text(
        f'<!DOCTYPE opml [<!ENTITY e0 "ha">{levels}]><opml><body>'
        '<outline text="&e8;" xmlUrl="https://a.example/"/></body></opml>'
    )
    done = watcher("feeds", "import", opml, config=config, code=None, timeout=60)
    assert done.returncode in (0, 2)
    assert len(done.stdout + done.stderr) < 5_000
    assert all(len(name) < 300 for name in names(config))


def test_trying_a_feed_says_what_a_poll_would_see(news: NewsWeb, config: Path) -> None:
    done = watcher("feeds", "test", news.feeds[0], config=config)
    assert "2 entries" in done.stdout
    assert "words" in done.stdout
    found = answer("feeds", "test", "feed 1", config=config)
    assert (found["status"], len(found["entries"]), found["etag"]) == (200, 2, '"en-2"')
    news.web.serve("/page", "<html><body>hello</body></html>")
    page = news.web.url("/page")
    assert "not-a-feed" in watcher("feeds", "test", page, config=config, code=1).stderr


@pytest.mark.parametrize(
    ("address", "reason", "status", "said"),
    [
        ("/gone", "http-404", 404, "404 Not Found"),
        ("/page", "not-a-feed", 200, ""),
        ("/slow", "timeout", None, "s"),
        ("http://nowhere.invalid/rss", "dns", None, "not known"),
        ("http://127.0.0.1:1/rss", "connect", None, "refused"),
        ("file:///etc/passwd", "bad-url", None, "http"),
    ],
)
def test_what_went_wrong_with_a_tried_feed_is_data_too(
    news: NewsWeb, config: Path, address: str, reason: str, status: int | None, said: str
) -> None:
    config.write_text(config.read_text().replace('timeout = "10s"', 'timeout = "1s"'))
    news.web.serve("/page", "<html><body>hello</body></html>")
    news.web.answer("/slow", Answer(body=b"x" * 9_000, drip=1.0))
    url = news.web.url(address) if address.startswith("/") else address
    done = watcher("feeds", "test", url, "--json", config=config, code=1)
    found = json.loads(done.stdout)
    assert (found["url"], found["reason"], found["status"]) == (url, reason, status)
    assert said in found["detail"]
    assert found["advice"]
    assert found["entries"] == []
    assert reason in done.stderr
    well = answer("feeds", "test", "feed 1", config=config)
    assert found.keys() == well.keys()
    assert (well["reason"], well["detail"], well["advice"]) == (None, None, None)


def test_entries_that_a_poll_leaves_out_are_told(news: NewsWeb, config: Path) -> None:
    url = news.feeds[0]
    item = "<item><title>Harvest begins</title><link>http://x.invalid/{}</link>{}</item>"
    huge = item.format(1, "<x/>" * 10_001)
    body = f"<rss version='2.0'><channel><title>Courier</title>{huge}{item.format(2, '')}</channel></rss>"
    news.web.serve("/en/feed", body, content_type="application/rss+xml", host=HOSTS["en"])
    polled = watcher("-v", "poll", "--all", config=config)
    assert "entries-dropped:1" in polled.stderr
    for _unchanged in range(2):
        [feed] = [f for f in answer("feeds", config=config) if f["url"] == url]
        assert feed["odd"] == ["entries-dropped:1"]
        assert "1 entry too big" in watcher("feeds", config=config).stdout
        watcher("poll", "--all", config=config)


def test_trying_a_feed_knows_it_as_the_poll_does(news: NewsWeb, config: Path) -> None:
    links = "".join(f'<a class="n" href="/a/{n}">Headline number {n}</a>' for n in range(1_100))
    page = news.web.serve(
        "/news", f"<html><body>{links}<a href='/x'>Not one of these</a></body></html>"
    )
    found = answer("feeds", "test", page, "--selector", "a.n", config=config)
    assert len(found["entries"]) == 1_100
    watcher("feeds", "add", page, "--selector", "a.n", "--name", "listing", config=config)
    for known in ("listing", page):
        assert len(answer("feeds", "test", known, config=config)["entries"]) == 1_100
    done = watcher("feeds", "test", "news-search:  lang=ru", config=config, code=2)
    assert "expected a query" in done.stderr


def test_trying_a_feed_reads_its_page_as_the_poll_would(news: NewsWeb, config: Path) -> None:
    news.web.serve("/robots.txt", "User-agent: *\nDisallow: /", host=HOSTS["en"])
    assert "robots" in watcher("feeds", "test", "feed 1", config=config).stdout
    text = config.read_text().replace('name = "feed 1"', 'name = "feed 1"\nrobots = false')
    config.write_text(text)
    assert " words, en" in watcher("feeds", "test", "feed 1", config=config).stdout


def test_an_address_stands_for_what_it_looks_like() -> None:
    def looks(url: str, *more: str | None) -> list[tuple[str, FeedKind]]:
        kind, selector = more or (None, None)
        return [(s.url, s.kind) for s in stated_specs(url, kind and FeedKind(kind), selector)]

    channel = ("https://t.me/s/channel", FeedKind.TELEGRAM)
    assert looks("t.me/channel") == looks("https://t.me/s/channel") == [channel]
    assert looks("https://a.invalid/", None, "h2 a") == [("https://a.invalid/", FeedKind.LISTING)]
    assert looks("a.invalid/x", "sitemap", None) == [("https://a.invalid/x", FeedKind.SITEMAP)]
    google, bing = looks('news-search:"South Ossetia" lang=ru')
    assert "news.google.com" in google[0]
    assert "bing.com" in bing[0]


def test_a_search_is_added_as_the_engines_feeds(config: Path) -> None:
    watcher("feeds", "add", 'news-search:"South Ossetia" lang=ru', config=config)
    assert {'Google News: "South Ossetia"', 'Bing News: "South Ossetia"'} <= names(config)


def test_a_failure_is_told_once_and_then_that_the_feed_waits(news: NewsWeb, tmp_path: Path) -> None:
    config = write_config(tmp_path, [news.web.url("/gone")], [])
    assert watcher("poll", config=config).stdout.count("404 Not Found") == 1
    waiting = watcher("poll", config=config).stdout
    assert "Not due yet after a failure: 1 feed" in waiting
    watcher("feeds", "resume", "feed 1", config=config)
    assert answer("feeds", config=config)[0]["state"] == "failing"


def test_a_feed_may_be_added_to_be_read_whatever_robots_txt_says(
    news: NewsWeb, tmp_path: Path
) -> None:
    news.web.serve("/robots.txt", "User-agent: *\nDisallow: /")
    news.publish()
    config = write_config(tmp_path, news.feeds[:1], [])
    watcher("feeds", "add", news.feeds[1], "--no-robots", "--name", "open", config=config)
    refused, read = (answer("poll", name, config=config) for name in ("feed 1", "open"))
    assert (refused["pages"], refused["partial"] > 0) == (0, True)
    assert (read["pages"] > 0, read["partial"]) == (True, 0)


def test_a_broken_file_is_told_of_where_no_feed_is_stored(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[feeds]]\nurl = "http://127.0.0.1:9/feed"\nevry = "5m"\n', "utf-8")
    for form in ([], ["--json"]):
        said = watcher("feeds", "list", *form, config=config, code=2)
        assert "config.toml:3" in said.stderr
        assert "did you mean every" in said.stderr
        assert said.stdout == ""


def test_named_feeds_and_all_feeds_are_not_asked_for_at_once(config: Path) -> None:
    result = watcher("poll", "1", "--all", config=config, code=2)
    assert "name feeds, or give --all" in result.stderr
