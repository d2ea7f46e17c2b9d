"""Sending against receivers that work, fail and misbehave: real sockets, a real child process."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import descendants, is_alive
from receivers import (
    Fault,
    MailFault,
    MailServer,
    Reply,
    WebhookServer,
    dead_port,
    eventually,
    self_signed,
)

from watcher.model import DeliveryId, HitId, ReceiverSpec, StoryId
from watcher.notify import (
    Message,
    MessageKind,
    Notice,
    Notifier,
    Outcome,
    SendResult,
    sample_message,
    validate_receiver,
)

NOW = datetime(2026, 11, 21, 11, 5, tzinfo=UTC)
HEADLINE = "Бибилов: референдум о вхождении Южной Осетии в состав России"
GEORGIAN = "სამხრეთ ოსეთში რეფერენდუმს ნიშნავენ"
CANARY = "s3cr3t-canary-42"


def notice(number: int = 45, **facts: Any) -> Notice:
    given: dict[str, Any] = {
        "headline": HEADLINE, "url": "https://ekho.example/a", "publisher": "ekho.example",
        "score": 87.0, "word": "strong", "delivery_id": DeliveryId(number),
        "hit_id": HitId(number), "story_id": StoryId(7), "topic": "South Ossetia",
        "topic_id": "south-ossetia", "lang": "ru", "first_seen_at": NOW,
        "sentences": (GEORGIAN,), **facts,
    }  # fmt: skip
    return Notice(**given)


def message(*lines: Notice, **facts: Any) -> Message:
    chosen = lines or (notice(),)
    kind = MessageKind.SINGLE if len(chosen) == 1 else MessageKind.DIGEST
    given: dict[str, Any] = {
        "message_id": "m45-abc", "receiver": "desk", "topic": "South Ossetia", "kind": kind,
        "lines": tuple(chosen), **facts,
    }  # fmt: skip
    return Message(**given)


def to(url: str, name: str = "desk", **wishes: Any) -> ReceiverSpec:
    return ReceiverSpec(name=name, url=url, **wishes)


Send = Callable[[str], Awaitable[SendResult]]


def run(job: Callable[[Notifier], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        async with Notifier(**options) as notifier:
            return await job(notifier)

    return asyncio.run(main())


def send(url: str, what: Message | None = None, **options: Any) -> SendResult:
    result = run(lambda notifier: notifier.send(to(url), what or message()), **options)
    assert isinstance(result, SendResult)
    return result


@pytest.fixture(scope="module")
def warm() -> Iterator[Send]:
    """One notifier for tests that look only at the outcome: its child is started once."""
    with asyncio.Runner() as runner:
        notifier = Notifier(deadline=timedelta(seconds=10))

        def warm_send(url: str, what: Message | None = None) -> SendResult:
            return runner.run(notifier.send(to(url), what or message()))

        yield warm_send  # type: ignore[misc]
        runner.run(notifier.close())


# ------------------------------------------------------------------------------- webhooks


def test_a_webhook_gets_apprises_keys_and_ours(warm: Any) -> None:
    with WebhookServer() as hook:
        result = warm(f"json://user:pw@{hook.address}/hook?+X-Team=desk&:channel=news&-k=v")
    assert result == SendResult(outcome=Outcome.SENT, sent=(DeliveryId(45),))
    (receipt,) = hook.receipts
    body = receipt.json
    assert body["version"] == "1.0"
    assert body["type"] == "info"
    assert HEADLINE in body["title"]
    assert GEORGIAN in body["message"]
    assert body["channel"] == "news"
    assert body["watcher"]["schema"] == 1
    assert body["watcher"]["deliveries"][0]["title"] == HEADLINE
    assert receipt.path == "/hook?k=v"
    assert receipt.delivery_ids == (45,)
    assert receipt.headers["x-watcher-message"] == "m45-abc"
    assert receipt.headers["x-team"] == "desk"
    assert receipt.headers["authorization"].startswith("Basic ")


def test_a_repeat_says_so_in_header_and_body(warm: Any) -> None:
    with WebhookServer() as hook:
        warm(hook.url, message(possible_repeat=True))
    assert hook.receipts[0].headers["x-watcher-repeat"] == "possible"
    assert hook.receipts[0].json["watcher"]["possible_repeat"] is True


@pytest.mark.parametrize("kind", ["json", "gotify", "form"])
@pytest.mark.parametrize(
    ("reply", "outcome", "ambiguous", "wait"),
    [
        (Reply(status=200), Outcome.SENT, False, None),
        (Reply(status=204, body=b""), Outcome.SENT, False, None),
        (Reply(status=400), Outcome.PERMANENT, False, None),
        (Reply(status=403), Outcome.PERMANENT, False, None),
        (Reply(status=404), Outcome.PERMANENT, False, None),
        (Reply(status=408), Outcome.RETRY, False, None),
        (Reply(status=410), Outcome.PERMANENT, False, None),
        (Reply(status=429), Outcome.RETRY, False, None),
        (Reply(status=429, headers={"Retry-After": "7"}), Outcome.RETRY, False, 7),
        (Reply(status=503, headers={"Retry-After": "120"}), Outcome.RETRY, False, 120),
        (Reply(status=429, body=b'{"parameters": {"retry_after": 31}}'), Outcome.RETRY, False, 31),
        (Reply(status=429, body=b'{"retry_after_ms": 2500}'), Outcome.RETRY, False, 2.5),
        (Reply(status=429, headers={"Retry-After": "soon"}), Outcome.RETRY, False, None),
        (Reply(status=500), Outcome.RETRY, False, None),
        (Reply(status=504), Outcome.RETRY, True, None),
        (Reply(status=302, headers={"Location": "/elsewhere"}), Outcome.RETRY, False, None),
        (Reply(fault=Fault.RESET), Outcome.RETRY, True, None),
        (Reply(fault=Fault.DROP), Outcome.RETRY, True, None),
    ],
)
def test_what_each_answer_means(
    warm: Any, kind: str, reply: Reply, outcome: Outcome, ambiguous: bool, wait: float | None
) -> None:
    if (kind, reply.status) == ("gotify", 204):
        pytest.skip("gotify itself answers 200 with a body")
    with WebhookServer(replies=[reply]) as hook:
        path = "tokenABCDEFGHIJ" if kind == "gotify" else ""
        result = warm(f"{kind}://{hook.address}/{path}")
    assert (result.outcome, result.ambiguous) == (outcome, ambiguous)
    assert result.retry_after == (None if wait is None else timedelta(seconds=wait))
    assert (result.detail == "") == (outcome is Outcome.SENT)
    assert len(hook.receipts) == 1, "a redirect is not followed, a failure not repeated"


def test_a_date_in_retry_after_is_understood(warm: Any) -> None:
    when = datetime.now(UTC) + timedelta(minutes=10)
    date = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
    with WebhookServer(replies=[Reply(status=503, headers={"Retry-After": date})]) as hook:
        result = warm(hook.url)
    assert timedelta(minutes=9) < result.retry_after <= timedelta(minutes=10)


def test_what_the_service_says_is_passed_on_without_the_address(warm: Any) -> None:
    echo = Reply(
        status=400, body=b'{"description": "chat %s not found\\u001b[31m"}' % CANARY.encode()
    )
    with WebhookServer(replies=[echo]) as hook:
        result = warm(f"json://{hook.address}/{CANARY}")
    assert result.detail == "HTTP 400: chat *** not found[31m"


def test_nobody_there(warm: Any) -> None:
    with dead_port() as port:
        for url in (
            f"json://127.0.0.1:{port}",
            f"mailto://127.0.0.1:{port}?to=a@b.org&from=c@d.org",
        ):
            result = warm(url)
            assert (result.outcome, result.ambiguous) == (Outcome.RETRY, False)
            assert "refused" in result.detail.lower()


@pytest.mark.parametrize("url", ["json://", "mailto://", "nonsense://x", "slack://x", "words"])
def test_an_address_that_is_none_is_permanent(warm: Any, url: str) -> None:
    result = warm(url)
    assert result.outcome is Outcome.PERMANENT
    assert "not valid" in result.detail


def test_an_untrusted_certificate_is_not_accepted(warm: Any, tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with MailServer(tls=context) as mail:
        url = f"mailtos://127.0.0.1:{mail.port}?to=a@b.org&from=c@d.org&mode=starttls"
        result = warm(url)
    assert (result.outcome, result.ambiguous, mail.receipts) == (Outcome.RETRY, False, [])
    assert "TLS" in result.detail


# ----------------------------------------------------------------------------------- mail


def test_mail_has_text_and_html_in_every_script(warm: Any) -> None:
    with MailServer() as mail:
        result = warm(mail.url, message(notice(45), notice(46, headline=GEORGIAN)))
    assert result.outcome is Outcome.SENT
    (receipt,) = mail.receipts
    mailed = receipt.message
    assert mailed["Subject"] == f"[South Ossetia] 2 alerts: {HEADLINE}"
    assert mailed["To"] == "desk@example.org"
    assert mailed["From"].addresses[0].addr_spec == "watcher@example.org"
    assert mailed["List-Id"] == "<south-ossetia.watcher.example.org>"
    assert mailed["References"] == mailed["In-Reply-To"] == "<story-7@watcher>"
    assert mailed["Auto-Submitted"] == "auto-generated"
    assert mailed["Date"].datetime.utcoffset() is not None
    assert receipt.delivery_ids == (45, 46)
    for kind in ("plain", "html"):
        assert HEADLINE in receipt.part(kind)
        assert GEORGIAN in receipt.part(kind)
    assert max(map(len, receipt.raw.split(b"\r\n"))) <= 998
    assert receipt.raw.isascii()


def test_the_message_id_of_a_repeat_is_the_same_and_of_another_database_is_not(warm: Any) -> None:
    with MailServer() as mail:
        warm(mail.url)
        warm(mail.url, message(possible_repeat=True))
        warm(mail.url, message(notice(first_seen_at=NOW + timedelta(days=1))))
    ids = [receipt.message["Message-ID"] for receipt in mail.receipts]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@example.org>")


def test_what_is_repeated_out_of_a_longer_message_keeps_its_message_id(warm: Any) -> None:
    with MailServer() as mail:
        warm(mail.url, message(message_id="m45-abc.2"))
        warm(mail.url, message(possible_repeat=True))
    first, second = (receipt.message["Message-ID"] for receipt in mail.receipts)
    assert first == second


def test_a_digest_of_several_stories_belongs_to_no_thread(warm: Any) -> None:
    with MailServer() as mail:
        warm(mail.url, message(notice(1), notice(2, story_id=StoryId(8))))
        warm(mail.url, message(notice(3, story_id=None)))
    assert [receipt.message["References"] for receipt in mail.receipts] == [None, None]


def test_headers_of_the_address_are_added_and_ours_cannot_be_replaced(warm: Any) -> None:
    with MailServer() as mail:
        extra = "&%2BX-Team=desk&+X-Ward=a%0d%0aBcc:evil@example.org&+Message-ID=x&name=Desk"
        warm(mail.url + extra + "&cc=c@example.org&bcc=b@example.org&reply=r@example.org")
    (receipt,) = mail.receipts
    assert receipt.message["X-Ward"] == "a Bcc:evil@example.org"
    assert receipt.message.get_all("Message-ID") != ["x"]
    assert len(receipt.message.get_all("Message-ID")) == 1
    assert receipt.message["Bcc"] is None
    assert receipt.message["Cc"] == "c@example.org"
    assert receipt.message["Reply-To"] == "r@example.org"
    assert set(receipt.recipients) == {"desk@example.org", "c@example.org", "b@example.org"}


def test_feed_text_adds_no_header(warm: Any) -> None:
    evil = notice(headline="x\r\nBcc: evil@example.org\r\n\r\nbody", topic="a\nb", topic_id="a\nb")
    with MailServer() as mail:
        assert warm(mail.url, message(evil, topic="a\r\nBcc: evil@example.org")).outcome == "sent"
    (receipt,) = mail.receipts
    assert receipt.recipients == ("desk@example.org",)
    assert receipt.message["Bcc"] is None
    assert receipt.message["List-Id"] == "<a-b.watcher.example.org>"


def test_lines_that_begin_with_a_dot_arrive_whole(warm: Any) -> None:
    with MailServer() as mail:
        warm(mail.url, message(notice(headline=".hidden", sentences=(". dot",)), topic=""))
    assert ".hidden" in mail.receipts[0].part("plain")
    assert "“. dot”" in mail.receipts[0].part("plain")


@pytest.mark.parametrize(
    ("fault", "outcome", "ambiguous", "word"),
    [
        (MailFault.RESET_CONNECT, Outcome.RETRY, False, "hung up"),
        (MailFault.BUSY_GREETING, Outcome.RETRY, False, "421"),
        (MailFault.TEMP_RCPT, Outcome.RETRY, False, "450"),
        (MailFault.BAD_RCPT, Outcome.PERMANENT, False, "550"),
        (MailFault.TEMP_DATA, Outcome.RETRY, False, "451"),
        (MailFault.BAD_DATA, Outcome.PERMANENT, False, "554"),
        (MailFault.DROP_BEFORE_DATA, Outcome.RETRY, False, "before"),
        (MailFault.DROP_AFTER_DATA, Outcome.RETRY, True, "after"),
    ],
)
def test_what_each_mail_fault_means(
    warm: Any, fault: MailFault, outcome: Outcome, ambiguous: bool, word: str
) -> None:
    with MailServer(faults=[fault]) as mail:
        result = warm(mail.url)
    assert (result.outcome, result.ambiguous) == (outcome, ambiguous)
    assert word in result.detail
    assert len(mail.receipts) == (1 if ambiguous else 0)


def test_a_refused_login_is_for_the_operator_to_put_right(warm: Any) -> None:
    with MailServer(login=("desk", "right")) as mail:
        url = mail.url.replace(":right@", f":{CANARY}@")
        result = warm(url)
        assert (result.outcome, result.ambiguous) == (Outcome.RETRY, False)
        assert "login" in result.detail
        assert CANARY not in result.detail
        assert warm(mail.url).outcome is Outcome.SENT


def test_tls_as_the_address_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for mode, implicit in (("starttls", False), ("ssl", True)):
        with MailServer(tls=context, implicit_tls=implicit, login=("u", "p")) as mail:
            url = f"mailtos://u:p@localhost:{mail.port}?to=a@b.org&from=c@d.org&mode={mode}"
            url = url.replace("localhost", "127.0.0.1")
            assert send(url).outcome is Outcome.SENT
            assert len(mail.receipts) == 1


def test_without_starttls_nothing_is_said_in_the_clear(warm: Any) -> None:
    with MailServer(login=("u", CANARY)) as mail:
        url = f"mailtos://u:{CANARY}@127.0.0.1:{mail.port}?to=a@b.org&from=c@d.org"
        result = warm(url)
    assert (result.outcome, mail.receipts) == (Outcome.RETRY, [])
    assert "STARTTLS" in result.detail


def test_who_was_put_off_gets_it_later_and_alone() -> None:
    async def job(notifier: Notifier) -> list[SendResult]:
        receiver = to(mail.url.replace("to=desk@example.org", "to=a@example.org,b@example.org"))
        first = await notifier.send(receiver, message())
        again = replace(message(), accepted=first.accepted)
        return [
            first,
            await notifier.send(receiver, again),
            await notifier.send(receiver, message()),
        ]

    with MailServer(put_off=["b@example.org"]) as mail:
        results = run(job)
    assert [result.outcome for result in results] == [Outcome.RETRY, Outcome.SENT, Outcome.SENT]
    assert "1 of 2 recipients put off" in results[0].detail
    assert len(results[0].accepted) == 1
    assert "a@example.org" not in results[0].accepted[0]
    assert [receipt.recipients for receipt in mail.receipts] == [
        ("a@example.org",),
        ("b@example.org",),
        ("a@example.org", "b@example.org"),  # another send of the same message begins anew
    ]


# ------------------------------------------------------------- slow, dead and hostile receivers


async def warmed(notifier: Notifier, url: str) -> None:
    """Its nursery runs: loading may take a slow machine longer than a short deadline."""
    while (await notifier.send(to(url, "sound"), message())).outcome is not Outcome.SENT:
        pass


def test_receivers_that_hang_or_drip_cost_no_more_than_the_deadline() -> None:
    webhooks = [WebhookServer(replies=[Reply(fault=fault)]) for fault in (Fault.HANG, Fault.DRIP)]
    silent = {MailFault.HANG_GREETING: False, MailFault.HANG_DATA: True, MailFault.DRIP_DATA: True}
    mails = [MailServer(faults=[fault]) for fault in silent]

    async def job(notifier: Notifier) -> list[SendResult]:
        nonlocal begun
        await warmed(notifier, fine.url)
        begun = time.monotonic()
        urls = [server.url for server in (*webhooks, *mails)]
        sends = (notifier.send(to(url, f"r{n}"), message()) for n, url in enumerate(urls))
        return await asyncio.gather(*sends)

    begun = 0.0
    with ExitStack() as stack, WebhookServer() as fine:
        for server in (*webhooks, *mails):
            stack.enter_context(server)
        results = run(job, deadline=timedelta(seconds=3))
        assert time.monotonic() - begun < 20  # side by side; each fault alone would go on for ever
    assert {result.outcome for result in results} == {Outcome.RETRY}
    assert [result.ambiguous for result in results] == [True, True, *silent.values()]
    assert all("3 s" in result.detail for result in results)


def test_receivers_do_not_wait_for_each_other_but_one_waits_for_itself() -> None:
    async def job(notifier: Notifier) -> list[str]:
        done: list[str] = []

        async def one(name: str, url: str) -> None:
            await notifier.send(to(url, name), message())
            done.append(name)

        await warmed(notifier, fine.url)
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(one(f"dead-{number}", dead.url))
            for number in range(4):
                group.create_task(one(f"fine-{number}", fine.url))
        return done

    with WebhookServer(answer=lambda _: Reply(fault=Fault.HANG)) as dead, WebhookServer() as fine:
        done = run(job, deadline=timedelta(seconds=3))
    assert {name[:4] for name in done[:4]} == {"fine"}
    assert {name[:4] for name in done[4:]} == {"dead"}


def test_one_receiver_gets_one_message_at_a_time() -> None:
    busy, most = [0], [0]

    def answer(_receipt: object) -> Reply:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        time.sleep(0.05)
        busy[0] -= 1
        return Reply()

    async def job(notifier: Notifier) -> None:
        await asyncio.gather(*(notifier.send(to(hook.url), message()) for _ in range(6)))

    with WebhookServer(answer=answer) as hook:
        run(job)
    assert (len(hook.receipts), most) == (6, [1])


def test_closing_kills_what_is_at_work_at_once() -> None:
    async def job() -> SendResult:
        notifier = Notifier()
        sending = asyncio.create_task(notifier.send(to(hook.url), message()))
        await asyncio.to_thread(hook.wait_for, 1)
        await notifier.close()
        return await asyncio.wait_for(sending, 5)

    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        result = asyncio.run(job())
    assert result == SendResult(outcome=Outcome.RETRY, ambiguous=True, detail="stopped")
    assert own_children() == []


def test_a_cancelled_send_leaves_no_child_at_work() -> None:
    async def job(notifier: Notifier) -> SendResult:
        sending = asyncio.create_task(notifier.send(to(hook.url), message()))
        await asyncio.to_thread(hook.wait_for, 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        return await notifier.send(to(hook.url), message())

    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        assert run(job).outcome is Outcome.SENT
    assert own_children() == []


def test_a_child_serves_many_messages_and_leaves_when_idle() -> None:
    async def stays(notifier: Notifier) -> None:
        for _ in range(5):
            await notifier.send(to(hook.url), message())
        await asyncio.to_thread(eventually, lambda: len(own_children()) == 1)  # the nursery

    async def leaves(notifier: Notifier) -> None:
        for _ in range(2):
            assert (await notifier.send(to(hook.url), message())).outcome is Outcome.SENT
            await asyncio.to_thread(eventually, lambda: not own_children())

    with WebhookServer() as hook:
        run(stays, idle=timedelta(minutes=5))
        run(leaves, idle=timedelta(seconds=0.2))
        assert len(hook.receipts) == 7


@pytest.mark.parametrize("victim", ["nursery", "fork"])
def test_a_process_that_dies_costs_one_try(victim: str) -> None:
    async def job(notifier: Notifier) -> list[SendResult]:
        sending = asyncio.create_task(notifier.send(to(hook.url), message()))
        await asyncio.to_thread(hook.wait_for, 1)
        nursery, child = oldest_first(own_children())
        {"nursery": nursery, "fork": child}[victim].kill()
        return [await sending, await notifier.send(to(hook.url), message())]

    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        first, second = run(job, deadline=timedelta(seconds=8))
    assert (first.outcome, first.ambiguous) == (Outcome.RETRY, True)
    assert second.outcome is Outcome.SENT
    assert own_children() == []


SERVICE = """
import asyncio, sys
from watcher.model import ReceiverSpec
from watcher.notify import Message, Notifier
async def main():
    await Notifier().send(
        ReceiverSpec(name="desk", url=sys.argv[1]), Message(message_id="m1", receiver="desk")
    )
asyncio.run(main())
"""


def test_a_service_that_is_killed_leaves_nothing_behind() -> None:
    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        service = subprocess.Popen([sys.executable, "-c", SERVICE, hook.url])
        hook.wait_for(1)
        senders = oldest_first(descendants(service.pid))
        assert len(senders) == 2, "a nursery and its fork"
        service.kill()
        service.wait(10)
        eventually(lambda: not is_alive(senders[0]))
    # The message at work ends with its receiver, or by its own alarm.
    eventually(lambda: not any(map(is_alive, senders)))


def test_an_endless_answer_does_not_reach_the_service() -> None:
    # 2 GiB would be over the child's memory limit; the server stops when the child is gone.
    with WebhookServer(answer=lambda _: Reply(body=b"x" * (64 << 20))) as hook:
        result = send(hook.url)
    assert result.outcome is Outcome.SENT
    assert psutil.Process().memory_info().rss < 1 << 30


def oldest_first(processes: list[psutil.Process]) -> list[psutil.Process]:
    """A parent before its child, whose number may be the lower one: they begin anew at times."""
    return sorted(processes, key=lambda process: len(process.parents()))


def own_children() -> list[psutil.Process]:
    """The sending children that this test started, without the warm one."""
    return [child for child in _children() if child.pid not in _there_before]


_there_before: set[int] = set()


@pytest.fixture(autouse=True)
def _note_children() -> None:
    _there_before.clear()
    _there_before.update(child.pid for child in _children())


def _children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "watcher.notify.child" in " ".join(child.cmdline()):
                found.append(child)
    return found


# --------------------------------------------------------------------------------- secrets


@asynccontextmanager
async def hanging(url: str) -> AsyncIterator[None]:
    notifier = Notifier()
    sending = asyncio.create_task(notifier.send(to(url), message()))
    try:
        yield
    finally:
        await notifier.close()
        await sending


def test_no_secret_in_the_command_line_the_environment_or_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHER_OTHER_RECEIVER", CANARY)
    caplog.set_level(logging.DEBUG)

    async def job() -> str:
        async with hanging(f"json://user:{CANARY}@{hook.address}/{CANARY}"):
            await asyncio.to_thread(hook.wait_for, 1)
            return "".join(str(child.cmdline()) + str(child.environ()) for child in own_children())

    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        seen = asyncio.run(job())
    for url in (f"slack://{CANARY}", f"json://{CANARY}:x:y/{CANARY}", f"{CANARY}://x/{CANARY}"):
        result = send(url)
        seen += repr(result) + str(validate_receiver(url)) + repr(to(url))
    assert CANARY not in seen + caplog.text


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mailto://user:pass@example.org", None),
        ("mailto://127.0.0.1:2525?from=a@example.org&to=b@example.org", None),
        ("json://localhost:8080/hook", None),
        ("jsons://example.org", None),
        ("tgram://123456789:abcdefg_hijklmnop/12345", None),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", None),
        ("ntfys://ntfy.example.org/topic", None),
        ("", "empty"),
        ("desk@example.org", "mailto://"),
        ("https://example.org/hook", "jsons://"),
        ("discrod://a/b", "discord://"),
        ("slack://x", "slack://"),
        ("json://", r"json://\{host\}"),
        ("mailto://127.0.0.1?from=a@example.org&to=nobody", "no valid recipient"),
        ("json://host/\r\nX: y", "control character"),
        ("mailto://u:p@example.org?pgp=encrypt", "unencrypted"),
    ],
)
def test_receivers_are_checked(url: str, problem: str | None) -> None:
    found = validate_receiver(url)
    if problem is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(problem, found)


def test_the_sample_message_arrives(warm: Any) -> None:
    with WebhookServer() as hook:
        assert warm(hook.url, sample_message("desk", now=NOW)).outcome is Outcome.SENT
    assert "ქართული" in hook.receipts[0].json["message"]
    assert hook.receipts[0].delivery_ids == ()


def test_no_file_or_process_is_left_behind(warm: Any) -> None:
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with WebhookServer() as hook:
        for _ in range(20):
            warm(hook.url)
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 4
