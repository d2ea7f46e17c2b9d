"""The whole main job: the installed program against a news web, a mail server and a webhook."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from databases import database
from newsweb import NewsWeb, Piece, write_config
from program import WATCHER, answer, watcher
from receivers import MailServer, WebhookServer

pytestmark = pytest.mark.timeout(300)
PATIENCE = 120.0


def poll(*options: str, config: Path, fresh: bool = False) -> Any:
    """A pass; a ``fresh`` one is the installed script, started anew as its helpers are."""
    return answer("poll", *options, config=config, fresh=fresh)


NEW = Piece(
    slug="peskov",
    lang="en",
    on_topic=True,
    age=timedelta(minutes=2),
    title="Kremlin has no position yet on South Ossetia accession vote",
    text="""The Kremlin has not discussed the accession of South Ossetia to Russia, its spokesman told reporters.

He was asked about the referendum that Tskhinvali has called. South Ossetia has every right to express its will, he said, but no legal steps have been taken in Moscow toward annexation.""",
)
OLD = Piece(
    slug="old",
    lang="en",
    on_topic=True,
    age=timedelta(days=40),
    title="Bibilov promises referendum on South Ossetia joining Russia",
    text="""Anatoly Bibilov promised voters in South Ossetia a referendum on joining Russia, in an interview given in Tskhinvali.

He said that annexation was not the word he would use. Tbilisi protested.""",
)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_on_topic_entries_and_only_they_reach_every_receiver_once(
    kind: str, news: NewsWeb, tmp_path: Path
) -> None:
    fresh = kind == "sqlite"
    with database(kind, tmp_path) as url, WebhookServer() as hook, MailServer() as mail:
        config = write_config(
            tmp_path, news.feeds, [("hook", hook.url), ("mail", mail.url)], database=url
        )
        summary = poll(config=config, fresh=fresh)
        assert (summary["polled"], summary["failed"], summary["pages"]) == (3, 0, 6)

        hits = answer("hits", "list", config=config)
        assert {hit["title"] for hit in hits} == news.on_topic
        assert {hit["lang"] for hit in hits} == {"en", "ru", "ka"}
        assert all(hit["reasons"] and not hit["partial"] for hit in hits)

        told = [line["title"] for r in hook.receipts for line in r.json["watcher"]["deliveries"]]
        by_mail = "\n".join(receipt.part("plain") for receipt in mail.receipts)
        stories = {hit["story_id"] for hit in hits}
        assert len(told) == len(stories)
        assert set(told) <= news.on_topic
        assert all(title in by_mail for title in told)

        # The second pass: nothing changed, nothing is sent.
        news.web.forget()
        poll("--all", config=config, fresh=fresh)
        assert len(news.web.requests) == 3
        assert all("if-none-match" in seen.headers for seen in news.web.requests)
        assert len(hook.receipts) == len(mail.receipts) == 1

        # Something new is told, and only that.
        news.pieces.append(NEW)
        news.publish()
        summary = poll("--all", config=config, fresh=fresh)
        assert summary["pages"] == 1
        assert NEW.title in {hit["title"] for hit in answer("hits", config=config)}
        for receipt in hook.receipts[1:]:
            assert [d["title"] for d in receipt.json["watcher"]["deliveries"]] == [NEW.title]


def test_mail_is_readable_in_cyrillic_and_georgian(news: NewsWeb, tmp_path: Path) -> None:
    with MailServer() as mail:
        config = write_config(tmp_path, news.feeds[1:], [("mail", mail.url)])
        poll(config=config)
        [receipt] = mail.receipts
        text, html = receipt.part("plain"), receipt.part("html")
        titles = [hit["title"] for hit in answer("hits", config=config)]
        assert len(titles) == 2
        assert any(title in text for title in titles)
        assert any(title in html for title in titles)
        assert "?" * 3 not in text
        assert str(receipt.message["Subject"])
        assert receipt.message["Message-ID"]


def test_the_first_sight_of_a_feed_stores_its_backlog_and_tells_nobody_of_it(
    news: NewsWeb, tmp_path: Path
) -> None:
    news.pieces = [OLD]
    news.publish()
    with WebhookServer() as hook:
        config = write_config(tmp_path, news.feeds[:1], [("hook", hook.url)])
        poll(config=config)
        [hit] = answer("hits", config=config)
        assert (hit["title"], hit["silent_reason"]) == (OLD.title, "backlog")
        assert hook.receipts == []
        assert "backlog" in watcher("why", str(hit["id"]), config=config).stdout


def test_alert_backlog_overrides(news: NewsWeb, tmp_path: Path) -> None:
    news.pieces = [OLD]
    news.publish()
    with WebhookServer() as hook:
        config = write_config(tmp_path, news.feeds[:1], [("hook", hook.url)])
        poll("--alert-backlog", config=config)
        assert len(hook.receipts) == 1


def test_no_send_leaves_the_alerts_waiting(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer() as hook:
        config = write_config(tmp_path, news.feeds, [("hook", hook.url)])
        poll("--no-send", config=config)
        assert hook.receipts == []
        waiting = answer("alerts", "preview", config=config)
        assert {row["receiver"] for row in waiting} == {"hook"}
        poll(config=config)
        assert len(hook.receipts) == 1
        assert answer("alerts", "preview", config=config) == []


def test_a_page_that_cannot_be_read_is_scored_on_what_the_feed_says(
    news: NewsWeb, tmp_path: Path
) -> None:
    piece = news.pieces[0]
    news.web.serve(f"/en/{piece.slug}", "no", status=500)
    with WebhookServer() as hook:
        config = write_config(tmp_path, news.feeds[:1], [("hook", hook.url)])
        poll(config=config)
        [hit] = answer("hits", config=config)
        assert (hit["title"], hit["partial"]) == (piece.title, True)
        assert len(hook.receipts) == 1
        status = answer("status", config=config)
        assert status["backlog"]["entries"] == 0


def test_a_reviewed_hit_keeps_its_verdict(news: NewsWeb, tmp_path: Path) -> None:
    config = write_config(tmp_path, news.feeds, [])
    poll(config=config)
    hit = answer("hits", config=config)[0]
    watcher("hits", "mark", str(hit["id"]), "irrelevant", config=config)
    assert answer("hits", "--verdict", "irrelevant", config=config)[0]["id"] == hit["id"]
    done = watcher("hits", "mark", str(hit["id"]), "irelevant", config=config, code=2)
    assert "did you mean irrelevant?" in done.stderr


def test_the_atom_file_follows_the_hits(news: NewsWeb, tmp_path: Path) -> None:
    config = write_config(tmp_path, news.feeds, [], extra='[output]\natom = "hits.atom"\n')
    poll(config=config)
    tree = ElementTree.parse(tmp_path / "hits.atom")
    space = "{http://www.w3.org/2005/Atom}"
    assert {
        entry.findtext(f"{space}title") for entry in tree.iter(f"{space}entry")
    } == news.on_topic
    (tmp_path / "hits.atom").unlink()
    (tmp_path / "hits.atom").mkdir()
    done = watcher("poll", "--all", config=config, fresh=True)
    assert "hits.atom" in done.stderr, "said, and nothing else is stopped by it"


def start_service(config: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [str(WATCHER), "-c", str(config), "run"], stdout=subprocess.DEVNULL, stderr=out
        )


def stop_service(service: subprocess.Popen[bytes], log: Path) -> str:
    service.send_signal(signal.SIGTERM)
    code = service.wait(40)
    said = log.read_text("utf-8")
    assert code == 0, said
    assert "Traceback" not in said
    return said


def test_the_service_watches_and_stops_cleanly(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer() as hook:
        group = f'\n[[receivers]]\nname = "quick"\nurl = "{hook.url}"\ngroup_wait = "1s"\n'
        config = write_config(tmp_path, news.feeds, [], extra=group)
        service = start_service(config, log := tmp_path / "log")
        try:
            hook.wait_for(1, PATIENCE)
            second = watcher("poll", config=config, code=1, fresh=True)
            assert "another watcher" in second.stderr
            assert answer("status", config=config)["running"] == service.pid
            said = stop_service(service, log)
        finally:
            service.kill()
        assert "stopped" in said
        titles = {hit["title"] for hit in answer("hits", config=config)}
        assert titles == news.on_topic


def test_a_reload_takes_up_new_feeds_and_refuses_a_broken_file(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    good = config.read_text()
    service = start_service(config, log := tmp_path / "log")
    try:
        wait_until(lambda: news.web.requests_for("/en/feed"), PATIENCE)
        config.write_text(good + "\n[[feed]]\nurl = 1\n")
        service.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload refused" in log.read_text("utf-8"), PATIENCE)
        write_config(tmp_path, news.feeds[:2], [])
        service.send_signal(signal.SIGHUP)
        wait_until(lambda: news.web.requests_for("/ru/feed"), PATIENCE)
        said = stop_service(service, log)
    finally:
        service.kill()
    assert "configuration reloaded: 2 feeds" in said


def wait_until(true: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def test_a_feed_too_large_for_one_parse_loses_nothing(news: NewsWeb, tmp_path: Path) -> None:
    items = "".join(
        f"<item><title>Entry {n}</title><guid>g{n}</guid><description>{'x' * 200}</description></item>"
        for n in range(3500)
    )
    body = f'<rss version="2.0"><channel><title>Archive</title>{items}</channel></rss>'
    url = news.web.serve("/archive", body, content_type="application/rss+xml", etag='"a"')
    config = write_config(tmp_path, [url], [])
    config.write_text(config.read_text().replace("[[topics]]", 'read = "never"\n[[topics]]', 1))
    assert poll(config=config)["entries"] == 3500
    assert answer("feeds", config=config)[0]["entries_24h"] == 3500
    news.web.forget()
    assert poll("--all", config=config)["unchanged"] == 1
