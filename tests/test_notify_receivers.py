"""The test receivers themselves: what is faulty must be the sender, never the ruler."""

from __future__ import annotations

import json
import smtplib
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from receivers import (
    Fault,
    MailFault,
    MailServer,
    ReceiptLog,
    Reply,
    WebhookServer,
    self_signed,
)

MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nX-Watcher-Delivery: 7, 8\r\n\r\nhello\r\n"


def post(hook: WebhookServer) -> int:
    request = urllib.request.Request(
        f"http://{hook.address}/hook",
        data=b'{"a": 1}',
        headers={"X-Watcher-Delivery": "5"},
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        return int(reply.status)


def test_webhook_records_before_it_answers_and_replies_in_turn(tmp_path: Path) -> None:
    replies = [Reply(status=503), Reply(fault=Fault.DROP), Reply()]
    log = tmp_path / "hook.log"
    with WebhookServer(replies=replies, log=log) as hook:
        with pytest.raises(urllib.error.HTTPError):
            post(hook)
        with pytest.raises(ConnectionError):
            post(hook)
        assert post(hook) == 200
        assert post(hook) == 200
    assert [row["deliveries"] for row in ReceiptLog(log).rows()] == [[5]] * 4
    assert hook.receipts[0].json == {"a": 1}


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.RESET, Fault.REFUSE])
def test_webhook_faults_are_faults(fault: Fault) -> None:
    with WebhookServer(replies=[Reply(fault=fault)]) as hook:
        with pytest.raises(OSError):  # noqa: PT011 - which of its many kinds is not the point
            urllib.request.urlopen(f"http://{hook.address}/", data=b"x", timeout=0.3)
        taken = 0 if fault is Fault.REFUSE else 1
        hook.wait_for(taken)  # who has lost patience may be ahead of a server on a slow machine
        assert len(hook.receipts) == taken


def mail(server: MailServer, *, patience: float = 20) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=patience) as client:
        client.sendmail("a@example.org", ["b@example.org"], MAIL)


def test_mail_server_takes_mail(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    with MailServer(log=log) as server:
        mail(server)
    assert server.receipts[0].delivery_ids == (7, 8)
    assert ReceiptLog(log).rows()[0]["deliveries"] == [7, 8]


@pytest.mark.parametrize(
    "fault", [f for f in MailFault if f not in (MailFault.NONE, MailFault.DRIP_DATA)]
)
def test_mail_faults_are_faults(fault: MailFault) -> None:
    taken = fault in {MailFault.HANG_DATA, MailFault.DROP_AFTER_DATA}
    hangs = fault in {MailFault.HANG_DATA, MailFault.HANG_GREETING}
    with MailServer(faults=[fault]) as server:
        with pytest.raises(OSError):  # noqa: PT011 - smtplib's errors are OSErrors
            mail(server, patience=2 if hangs else 20)
        server.wait_for(taken)
        assert len(server.receipts) == taken
        mail(server)


def test_mail_server_speaks_tls_and_asks_for_a_login(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with (
        MailServer(tls=context, login=("desk", "s3cret")) as server,
        smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client,
    ):
        client.starttls()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("desk", "wrong")
        client.login("desk", "s3cret")
        client.sendmail("a@example.org", ["b@example.org"], MAIL)
    assert len(server.receipts) == 1


# What a dying sender left half said has not arrived.

BODY = json.dumps({"watcher": {"deliveries": []}}).encode()
HEAD = b"POST /hook HTTP/1.1\r\nHost: x\r\nX-Watcher-Delivery: 7\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


def say(port: int, said: bytes) -> None:
    """Send, and die."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        line.settimeout(5)
        while line.recv(4096):
            pass


@pytest.mark.parametrize(
    "said",
    [WHOLE[:-1], WHOLE[: -len(BODY)], HEAD + b"Content-Length: 4", HEAD, HEAD[:40]],
    ids=["body cut", "no body", "length cut", "no length", "head cut"],
)
def test_half_a_request_is_no_receipt(said: bytes) -> None:
    with WebhookServer() as hook:
        say(hook.port, said)
        say(hook.port, WHOLE)
        assert [receipt.body for receipt in hook.wait_for(1)] == [BODY]


def test_half_a_letter_is_no_receipt() -> None:
    begun = b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    with MailServer() as mail:
        say(mail.port, begun + b"Subject: half\r\n\r\nThe parl")
        say(mail.port, begun + b"Subject: whole\r\n\r\nThe parliament voted.\r\n.\r\nQUIT\r\n")
        assert [receipt.message["Subject"] for receipt in mail.wait_for(1)] == ["whole"]
