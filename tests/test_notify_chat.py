"""Chats: local servers that speak each service's HTTP shape, limits and errors included.

Services with an address of their own (Telegram, Slack, Discord, Teams) are reached through
``Notifier(rewrite_hosts=...)``; the others are named by their address. What the servers check
and answer follows the services' public documentation.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from receivers import Receipt, Reply, WebhookServer

from watcher.model import DeliveryId, HitId, ReceiverSpec, StoryId
from watcher.notify import Message, MessageKind, Notice, Notifier, Outcome, SendResult

NOW = datetime(2026, 11, 21, 11, 5, tzinfo=UTC)
HEADLINE = "Бибилов: референдум о вхождении Южной Осетии в состав России"
LINK = "https://ekho.example/a_b/%D0%BE?x=1"
HOSTILE = (
    "@everyone @here @room <!channel> <@U024BE7LH> [safe](http://evil.example) "
    "<http://evil.example|safe> <b>bold</b> </b> <i> **b** `c` & < > \" '"
)


def notice(number: int, **facts: Any) -> Notice:
    given: dict[str, Any] = {
        "headline": f"{HEADLINE} {number}", "url": LINK, "publisher": "ekho.example",
        "score": 87.0, "word": "strong", "delivery_id": DeliveryId(number),
        "hit_id": HitId(number), "story_id": StoryId(number), "topic": "South Ossetia",
        "topic_id": "south-ossetia", "lang": "ru", "first_seen_at": NOW, "why": "place and act",
        "sentences": ("Дата названа Бибиловым в Цхинвале.", HOSTILE), "matched": ("Бибилов",),
        **facts,
    }  # fmt: skip
    return Notice(**given)


def message(*lines: Notice) -> Message:
    chosen = lines or (notice(1),)
    kind = MessageKind.SINGLE if len(chosen) == 1 else MessageKind.DIGEST
    return Message(
        message_id="m1-abc", receiver="desk", topic="South Ossetia", kind=kind, lines=chosen
    )


def digest(count: int) -> Message:
    return message(*(notice(n, headline=f"{n} {HEADLINE} {HOSTILE}") for n in range(1, count + 1)))


# ------------------------------------------------------------------- what the services check


class Balanced(HTMLParser):
    """Telegram refuses a message with tags that it doesn't know or that don't match."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.fine = True
        self.text = ""
        self._open: list[str] = []
        self.feed(markup)
        self.close()
        self.fine = self.fine and not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.fine = self.fine and tag in ("b", "a", "i", "u", "s", "code", "pre", "blockquote")

    def handle_endtag(self, tag: str) -> None:
        self.fine = self.fine and bool(self._open) and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def reply(status: int, body: Any, **headers: str) -> Reply:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Reply(
        status=status, body=raw, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def telegram(receipt: Receipt) -> Reply:
    body = receipt.json
    page = Balanced(body["text"])

    def refused(why: str) -> Reply:
        return reply(400, {"ok": False, "error_code": 400, "description": f"Bad Request: {why}"})

    if not receipt.path.endswith("/sendMessage") or body["parse_mode"] != "HTML":
        return refused("unexpected")
    if not page.fine:
        return refused("can't parse entities")
    if utf16(page.text) > 4096:
        return refused("message is too long")
    return reply(200, {"ok": True, "result": {"message_id": 7}})


def slack(receipt: Receipt) -> Reply:
    body = receipt.json
    texts = [body.get("text", "")] + [a.get("text", "") for a in body.get("attachments", ())]
    if not any(texts) or max(map(len, texts)) > 40_000:
        return reply(400, "invalid_payload")
    return reply(200, "ok")


def discord(receipt: Receipt) -> Reply:
    content = receipt.json.get("content", "")
    if not content or len(content) > 2000:
        error = {"message": "Invalid Form Body", "code": 50035}
        return reply(400, {**error, "errors": {"content": "Must be 2000 or fewer in length."}})
    return Reply(status=204, body=b"")


def mattermost(receipt: Receipt) -> Reply:
    if not 0 < len(receipt.json.get("text", "")) <= 4000:
        return reply(400, {"id": "web.incoming_webhook.text.length", "message": "Too long."})
    return reply(200, "ok")


def teams(receipt: Receipt) -> Reply:
    card = receipt.json["attachments"][0]
    if card["contentType"] != "application/vnd.microsoft.card.adaptive":
        return reply(400, {"error": {"code": "Invalid", "message": "no card"}})
    if len(receipt.body) > 28_000:
        return reply(413, {"error": {"code": "TooLarge", "message": "Message too large"}})
    return reply(202, "")


def matrix(receipt: Receipt) -> Reply:
    if receipt.path.endswith("/login"):
        return reply(200, {"user_id": "@w:x", "access_token": "t", "device_id": "D"})
    if "/join/" in receipt.path:
        return reply(200, {"room_id": "!room:x"})
    if "/send/m.room.message/" in receipt.path:
        if len(receipt.body) > 65_536:
            return reply(413, {"errcode": "M_TOO_LARGE", "error": "event too large"})
        return reply(200, {"event_id": "$1"})
    return reply(200, {})


def ntfy(receipt: Receipt) -> Reply:
    if len(receipt.json["message"].encode()) > 4096:
        return reply(413, {"code": 41301, "http": 413, "error": "message too large"})
    return reply(200, {"id": "x", "event": "message"})


def gotify(receipt: Receipt) -> Reply:
    return reply(200, {"id": 1, "message": receipt.json["message"]})


def telegram_text(receipt: Receipt) -> str:
    return Balanced(receipt.json["text"]).text


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    """With ``{host}`` where the service has no address of its own."""
    answer: Callable[[Receipt], Reply]
    text: Callable[[Receipt], str]
    host: str = ""
    """The service's own address, else empty."""


SERVICES = {
    "telegram": Service(
        "tgram://123456789:abcdefg_hijklmnop/12345", telegram, telegram_text, "api.telegram.org"
    ),
    "slack": Service(
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        slack,
        lambda r: r.json["attachments"][0]["title"] + "\n" + r.json["attachments"][0]["text"],
        "hooks.slack.com",
    ),
    "discord": Service(
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        discord,
        lambda r: str(r.json["content"]),
        "discord.com",
    ),
    "teams": Service(
        "workflows://prod-00.westus.logic.azure.com:443/643e69f83c8944/30f29de3e15e4c/",
        teams,
        lambda r: "\n".join(
            block["text"]
            for block in r.json["attachments"][0]["content"]["body"]
            if block["type"] == "TextBlock"
        ),
        "prod-00.westus.logic.azure.com",
    ),
    "mattermost": Service(
        "mmost://{host}/3ccdd113474722377935511fc85d3dd4", mattermost, lambda r: str(r.json["text"])
    ),
    "matrix": Service("matrix://user:token@{host}/!room:x", matrix, lambda r: str(r.json["body"])),
    "ntfy": Service(
        "ntfy://{host}/topic", ntfy, lambda r: r.json["title"] + "\n" + r.json["message"]
    ),
    "gotify": Service(
        "gotify://{host}/tokenABCDEFGHIJ",
        gotify,
        lambda r: r.json["title"] + "\n" + r.json["message"],
    ),
}


class Bench:
    """One server that plays any service and one notifier, started once for all tests."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.server = WebhookServer()
        target = f"http://{self.server.address}"
        hosts = [service.host for service in SERVICES.values() if service.host]
        self.notifier = Notifier(rewrite_hosts=dict.fromkeys(hosts, target))
        self._runner = runner
        self._receiver = 0

    def play(self, answer: Callable[[Receipt], Reply], *replies: Reply) -> None:
        """Forget what was received; answer like this from now on."""
        self.server.receipts.clear()
        self.server.replies.clear()
        self.server.replies.extend(replies)
        self.server.answer = answer

    def send(self, url: str, what: Message) -> SendResult:
        """To a receiver of a new name each time, so that no test waits for another's pace."""
        self._receiver += 1
        receiver = ReceiverSpec(
            name=f"r{self._receiver}", url=url.replace("{host}", self.server.address)
        )
        return self._runner.run(self.notifier.send(receiver, what))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        made = Bench(runner)
        with made.server:
            yield made
            runner.run(made.notifier.close())


def messages(service: Service, bench: Bench) -> Iterator[str]:
    """The texts of the posted messages, without Matrix's logins and joins."""
    for receipt in bench.server.receipts:
        if service is not SERVICES["matrix"] or "/send/" in receipt.path:
            yield service.text(receipt)


@pytest.mark.parametrize("name", SERVICES)
def test_a_hostile_digest_arrives_whole_harmless_and_within_the_limits(
    bench: Bench, name: str
) -> None:
    service = SERVICES[name]
    what = digest(6)
    bench.play(service.answer)
    result = bench.send(service.url, what)
    assert result == SendResult(outcome=Outcome.SENT, sent=what.deliveries)
    texts = list(messages(service, bench))
    assert 1 <= len(texts) <= 4
    joined = "\n".join(texts)
    plain = joined.replace("\\", "")
    for number in range(1, 7):
        assert f"{number} {HEADLINE}" in plain
    assert joined.count("https://ekho.example/a_b/") >= 6
    assert not re.search(r"@(everyone|here|room|U0)", joined)
    assert not re.search(r"<[!@]", joined)
    if name != "telegram":  # in whose HTML neither is markup
        assert "](http://evil" not in joined
        assert "<http://evil" not in joined


@pytest.mark.parametrize("name", SERVICES)
def test_one_alert_reads_well(bench: Bench, name: str) -> None:
    service = SERVICES[name]
    bench.play(service.answer)
    assert bench.send(service.url, message()).outcome is Outcome.SENT
    (text,) = messages(service, bench)
    plain = re.sub(r"\\|\*", "", text)
    for wanted in (
        f"[South Ossetia] {HEADLINE} 1", "ekho.example, Russian", "strong, score 87",
        "Дата названа Бибиловым в Цхинвале.", "Why: place and act", "watcher hits mark 1 irrelevant",
        "m1-abc",
    ):  # fmt: skip
        assert wanted in plain, f"{name}: {wanted}"
    assert "\n\n\n" not in text.replace("\r\n", "\n")


ERRORS: dict[str, list[tuple[Reply, Outcome, float | None, str]]] = {
    "telegram": [
        (reply(400, {"ok": False, "description": "Bad Request: chat not found"}),
         Outcome.PERMANENT, None, "chat not found"),
        (reply(403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}),
         Outcome.PERMANENT, None, "blocked"),
        (reply(429, {"ok": False, "description": "Too Many Requests: retry after 35",
                     "parameters": {"retry_after": 35}}), Outcome.RETRY, 35, "Too Many"),
        (reply(502, "<html><h1>Bad Gateway</h1></html>"), Outcome.RETRY, None, "Bad Gateway"),
    ],
    "slack": [
        (reply(404, "no_service"), Outcome.PERMANENT, None, "no_service"),
        (reply(410, "channel_is_archived"), Outcome.PERMANENT, None, "archived"),
        (reply(429, "rate_limited", Retry_After="30"), Outcome.RETRY, 30, "rate_limited"),
        (reply(500, "rollup_error"), Outcome.RETRY, None, "rollup"),
    ],
    "discord": [
        (reply(404, {"message": "Unknown Webhook", "code": 10015}),
         Outcome.PERMANENT, None, "Unknown Webhook"),
        (reply(429, {"message": "You are being rate limited.", "retry_after": 0.75}),
         Outcome.RETRY, 0.75, "rate limited"),
        (reply(500, {"message": "Internal"}), Outcome.RETRY, None, "Internal"),
    ],
    "teams": [
        (reply(400, {"error": {"code": "X", "message": "The trigger is not enabled."}}),
         Outcome.PERMANENT, None, "not enabled"),
        (reply(429, {"error": {"code": "Y", "message": "Rate limit"}}, Retry_After="17"),
         Outcome.RETRY, 17, "Rate limit"),
    ],
    "mattermost": [
        (reply(400, {"id": "x", "message": "Invalid webhook.", "status_code": 400}),
         Outcome.PERMANENT, None, "Invalid webhook"),
        (reply(429, "limit exceeded", Retry_After="1"), Outcome.RETRY, 1, "limit"),
    ],
    "ntfy": [
        (reply(403, {"code": 40301, "http": 403, "error": "forbidden"}),
         Outcome.PERMANENT, None, "forbidden"),
        (reply(429, {"code": 42901, "http": 429, "error": "limit reached"}),
         Outcome.RETRY, None, "limit reached"),
        (reply(507, {"error": "insufficient storage"}), Outcome.RETRY, None, "storage"),
    ],
    "gotify": [
        (reply(401, {"error": "Unauthorized", "errorDescription": "you need a valid token"}),
         Outcome.PERMANENT, None, "valid token"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_what_the_service_says_is_understood(bench: Bench, name: str) -> None:
    service = SERVICES[name]
    for error, outcome, wait, words in ERRORS[name]:
        bench.play(service.answer, error)
        result = bench.send(service.url, message())
        assert result.outcome is outcome, result
        assert result.retry_after == (None if wait is None else timedelta(seconds=wait))
        assert words in result.detail
        assert len(bench.server.receipts) == 1, "nothing is sent twice in one try"


def test_matrix_says_later_or_never_at_any_step(bench: Bench) -> None:
    url = SERVICES["matrix"].url
    limited = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many", "retry_after_ms": 2500}
    forbidden = {"errcode": "M_FORBIDDEN", "error": "not in the room"}

    def failing(step: str, failure: Reply) -> Callable[[Receipt], Reply]:
        return lambda receipt: failure if step in receipt.path else matrix(receipt)

    for step in ("/send/", "/join/", "/login"):
        bench.play(failing(step, reply(429, limited)))
        result = bench.send(url, message())
        assert (result.outcome, result.ambiguous) == (Outcome.RETRY, False)
        assert result.retry_after == timedelta(seconds=2.5)
    bench.play(failing("/send/", reply(403, forbidden)))
    result = bench.send(url, message())
    assert (result.outcome, "not in the room" in result.detail) == (Outcome.PERMANENT, True)


def test_after_a_part_failed_only_the_rest_is_to_be_repeated(bench: Bench) -> None:
    service = SERVICES["discord"]
    bench.play(discord, Reply(status=204, body=b""), reply(429, {"retry_after": 1}))
    result = bench.send(service.url, digest(6))
    assert result.outcome is Outcome.RETRY
    assert 0 < len(result.sent) < 6
    first = service.text(bench.server.receipts[0])
    for number in range(1, 7):
        assert (f"{number} {HEADLINE}" in first.replace("\\", "")) == (number in result.sent)


def test_of_several_targets_one_may_have_it_already(bench: Bench) -> None:
    bench.play(mattermost, reply(200, "ok"), reply(503, "busy"))
    result = bench.send(SERVICES["mattermost"].url + "?to=one,two", message())
    assert (result.outcome, result.ambiguous) == (Outcome.RETRY, True)


def test_the_services_own_addresses_work_too(bench: Bench) -> None:
    bench.play(slack)
    url = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert bench.send(url, message()).outcome is Outcome.SENT
    assert bench.server.receipts[0].headers["host"] == "hooks.slack.com"


def test_a_kind_that_is_not_known_here_gets_plain_text_in_pieces_that_it_can_take(
    bench: Bench,
) -> None:
    bench.play(gotify)
    url = "signal://{host}/+15551234567/+15557654321"
    assert bench.send(url, digest(8)).outcome is Outcome.SENT
    texts = [receipt.json["message"] for receipt in bench.server.receipts]
    assert max(map(len, texts)) <= 2_300
    assert all(any(f"{n} {HEADLINE}" in text for text in texts) for n in range(1, 9))
