"""``watcher alerts``: routing explained, silences, failed deliveries brought back."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsweb import NewsWeb, write_config
from program import answer, watcher
from receivers import MailServer, Reply, WebhookServer
from sqlalchemy import update

from watcher.model import AlertReason
from watcher.storage import Store
from watcher.storage.tables import hits

DEAF = (
    '[[receivers]]\nname = "deaf"\nurl = "json://127.0.0.1:9/x"\nmin_score = 100\nlangs = ["fr"]\n'
)


def test_route_says_for_each_receiver_why_or_why_not(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer() as hook:
        config = write_config(tmp_path, news.feeds[:1], [("desk", hook.url)], extra=DEAF)
        answer("poll", "--no-send", config=config)
        [hit] = answer("hits", config=config)
        routes = {
            r["receiver"]: r for r in answer("alerts", "route", str(hit["id"]), config=config)
        }
        assert routes["desk"]["due_at"]
        assert routes["deaf"]["reason"] in ("under-min-score", "other-language")
        said = watcher("alerts", "route", str(hit["id"]), config=config).stdout
        assert "deaf: no" in said
        assert "Told already: alert 1 (new story) to " in said
        assert hook.receipts == []


def test_route_answers_for_every_reason_that_there_is(news: NewsWeb, tmp_path: Path) -> None:
    curious = '[[receivers]]\nname = "curious"\nurl = "json://127.0.0.1:9/x"\n'
    curious += 'reasons = ["revision", "stage-change"]\nmin_score = 40\n'
    extra = curious + '[operator]\nreceiver = "desk"\n'
    receivers = [("desk", "json://127.0.0.1:9/y")]
    config = write_config(tmp_path, news.feeds[:1], receivers, extra=extra)
    answer("poll", "--no-send", config=config)
    [hit] = answer("hits", config=config)

    def told(*words: str) -> set[str]:
        routes = answer("alerts", "route", str(hit["id"]), *words, config=config)
        for one in routes:
            assert set(one) == {"receiver", "due_at", "held", "reason", "detail"}
            assert (one["due_at"] is None) == (one["reason"] is not None)
        return {one["receiver"] for one in routes if one["due_at"]}

    assert told() == told("--reason", "new-hit") == {"desk"}
    assert told("--reason", "stage-change") == {"desk", "curious"}
    assert told("--reason", "revision") == {"curious"}
    assert told("--reason", "operator") == {"desk"}
    # A page that was edited under every min_score is taken back from whom it was told.
    store = Store(f"sqlite:///{tmp_path / 'watcher.sqlite3'}")
    with store.decisions.deciding() as tx:
        tx.connection.execute(update(hits).values(score=12.0))
    store.close()
    assert told("--reason", "revision") == {"curious"}
    wrong = watcher("alerts", "route", str(hit["id"]), "--reason", "whim", config=config, code=2)
    assert all(reason in wrong.stderr for reason in AlertReason)


def test_a_silenced_topic_is_found_but_not_told(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer() as hook:
        config = write_config(tmp_path, news.feeds[:1], [("desk", hook.url)])
        watcher("db", "upgrade", config=config)
        watcher("alerts", "silence", "--topic", "so", "--for", "2d", config=config)
        answer("poll", config=config)
        [hit] = answer("hits", config=config)
        assert hit["silent_reason"] == "silenced"
        assert hook.receipts == []
        [held] = answer("alerts", "silence", config=config)
        assert held["topic"] == "so"
        watcher("alerts", "silence", "--end", str(held["id"]), config=config)
        assert answer("alerts", "silence", config=config) == []
        done = watcher("alerts", "silence", "--topic", "os", config=config, code=2)
        assert "known are so" in done.stderr
        done = watcher("alerts", "silence", "--for", "1h", config=config, code=2)
        assert "--for needs --topic or --story" in done.stderr
        routed = watcher("alerts", "route", str(hit["id"]), config=config).stdout
        assert "told nobody when it was found: the topic or story was muted." in routed


def test_a_refused_delivery_is_dead_shown_and_can_be_sent_again(
    news: NewsWeb, tmp_path: Path
) -> None:
    with WebhookServer(replies=[Reply(status=404)]) as hook:
        config = write_config(tmp_path, news.feeds[:1], [("desk", hook.url)])
        summary = answer("poll", config=config)
        assert (summary["undelivered"], summary["given_up"]) == (1, 1)
        [alert] = answer("alerts", config=config)
        [delivery] = alert["deliveries"]
        assert (delivery["state"], delivery["attempts"]) == ("dead", 1)
        assert "404" in delivery["last_error"]
        assert answer("status", config=config)["backlog"]["deliveries_dead"] == 1
        watcher("alerts", "retry", str(alert["id"]), config=config)
        answer("poll", config=config)
        shown = answer("alerts", "show", str(alert["id"]), config=config)
        assert shown["deliveries"][0]["state"] == "sent"
        assert len(hook.receipts) == 2


def test_who_has_a_mail_is_spared_when_it_is_tried_again_for_the_others(
    news: NewsWeb, tmp_path: Path
) -> None:
    """Each pass is a process of its own: a full mailbox must not repeat the mail to all others."""
    with MailServer(put_off=["b@example.org", "b@example.org"]) as mail:
        url = mail.url.replace("to=desk@example.org", "to=a@example.org,b@example.org")
        config = write_config(tmp_path, news.feeds[:1], [("desk", url)])
        watcher("poll", config=config)
        for _ in range(2):
            watcher("alerts", "retry", "1", config=config)
            watcher("poll", config=config)
        assert [receipt.recipients for receipt in mail.receipts] == [
            ("a@example.org",),
            ("b@example.org",),
        ]
        [alert] = answer("alerts", config=config)
        [delivery] = alert["deliveries"]
        assert (delivery["state"], delivery["attempts"]) == ("sent", 3)
        assert b"a@example.org" not in (tmp_path / "watcher.sqlite3").read_bytes()


def test_the_summary_of_a_pass_tells_what_is_given_up_from_what_is_tried_again(
    news: NewsWeb, tmp_path: Path
) -> None:
    with (
        WebhookServer(replies=[Reply(status=404)]) as gone,
        WebhookServer(replies=[Reply(status=503)]) as busy,
    ):
        config = write_config(tmp_path, news.feeds[:1], [("gone", gone.url), ("busy", busy.url)])
        said = watcher("poll", config=config).stdout
        assert "1 delivery failed, to be tried again, 1 delivery given up (watcher doctor)." in said


def test_a_held_delivery_whose_receiver_left_the_configuration_waits_for_nothing(
    news: NewsWeb, tmp_path: Path
) -> None:
    with WebhookServer() as hook:
        daily = f'[[receivers]]\nname = "desk"\nurl = "{hook.url}"\nwhen = "daily at 00:00"\n'
        config = write_config(tmp_path, news.feeds[:1], [], extra=daily)
        answer("poll", config=config)
        assert "waits for the next digest, due in" in watcher("alerts", config=config).stdout
        config.write_text(config.read_text().replace('name = "desk"', 'name = "office"'))
        [alert] = answer("alerts", config=config)
        watcher("alerts", "retry", str(alert["id"]), config=config)
        assert "1 delivery given up" in watcher("poll", config=config).stdout
        said = watcher("alerts", "show", str(alert["id"]), config=config).stdout
        assert "desk: dead, after 1 try: this receiver is no longer in the configuration" in said
        assert hook.receipts == []


def test_a_passing_failure_is_tried_again_later(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer(replies=[Reply(status=503)]) as hook:
        config = write_config(tmp_path, news.feeds[:1], [("desk", hook.url)])
        answer("poll", config=config)
        [alert] = answer("alerts", config=config)
        [delivery] = alert["deliveries"]
        assert (delivery["state"], delivery["held"]) == ("pending", None)
        assert delivery["next_try_at"]
        backlog = answer("status", config=config)["backlog"]
        assert (backlog["deliveries"], backlog["deliveries_retrying"]) == (1, 1)
        watcher("alerts", "cancel", str(alert["id"]), config=config)
        assert answer("alerts", "preview", config=config) == []
        assert answer("alerts", config=config)[0]["deliveries"][0]["state"] == "failed"
        assert len(hook.receipts) == 1


def test_what_was_being_sent_when_the_sender_died_is_pending(news: NewsWeb, tmp_path: Path) -> None:
    """Only the database knows a fifth state; programs are promised four."""
    config = write_config(tmp_path, news.feeds[:1], [("desk", "json://127.0.0.1:9/x")])
    answer("poll", "--no-send", config=config)
    assert answer("status", config=config)["backlog"]["deliveries"] == 1
    later = datetime.now(UTC) + timedelta(minutes=2)  # its group is complete by then
    with closing(Store(f"sqlite:///{tmp_path / 'watcher.sqlite3'}")) as store:
        assert store.outbox.claim("desk", now=later, lease=timedelta(minutes=5))
    [alert] = answer("alerts", config=config)
    assert alert["deliveries"][0]["state"] == "pending"
    shown = answer("hits", "show", str(alert["hit_id"]), config=config)
    assert [told["state"] for told in shown["deliveries"]] == ["pending"]
    assert "sending" in watcher("alerts", config=config, env={"COLUMNS": "140"}).stdout
    assert answer("status", config=config)["backlog"]["deliveries"] == 1


def test_a_test_message_says_what_the_server_answered(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer(replies=[Reply(), Reply(status=403)]) as hook:
        config = write_config(tmp_path, news.feeds[:1], [("desk", hook.url)])
        assert "delivered" in watcher("alerts", "test", "desk", config=config).stderr
        assert "403" in watcher("alerts", "test", "desk", config=config, code=1).stderr
        done = watcher("alerts", "test", "dosk", config=config, code=2)
        assert "known: desk" in done.stderr
        assert len(hook.receipts) == 2


def test_what_is_not_there_is_said_in_words(news: NewsWeb, tmp_path: Path) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    assert "no database yet" in watcher("alerts", "show", "7", config=config, code=1).stderr
    watcher("db", "upgrade", config=config)
    assert "no alert 7" in watcher("alerts", "show", "7", config=config, code=1).stderr
    assert "no hit 7" in watcher("alerts", "route", "7", config=config, code=1).stderr
