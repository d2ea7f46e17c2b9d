"""The tests' own receivers: what a dying sender left half said has not arrived."""

from __future__ import annotations

import json
import socket

import pytest
from receivers import MailServer, WebhookServer

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
        assert len(hook.log.rows()) == 1


def test_half_a_letter_is_no_receipt() -> None:
    begun = b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    with MailServer() as mail:
        say(mail.port, begun + b"Subject: half\r\n\r\nThe parl")
        say(mail.port, begun + b"Subject: whole\r\n\r\nThe parliament voted.\r\n.\r\nQUIT\r\n")
        assert [receipt.message["Subject"] for receipt in mail.wait_for(1)] == ["whole"]
        assert len(mail.log.rows()) == 1
