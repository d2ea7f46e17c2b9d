"""Receivers for tests: real HTTP and SMTP servers on loopback with scripted faults.

With ``log`` every receipt is appended to a JSON-lines file and fsynced *before* the server answers,
so the log outlives a kill of either side and says what really arrived. Use as context managers::

    with WebhookServer(replies=[Reply(status=503), Reply()]) as hook:
        send_to(hook.url)
        assert hook.receipts[1].json["title"]

    with MailServer(faults=[MailFault.DROP_AFTER_DATA]) as mail:
        send_to(mail.url)  # an apprise mailto:// URL
        assert mail.receipts[0].message["Subject"]

Replies and faults are used up in turn; after the last one everything is accepted.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

T = TypeVar("T")

# ------------------------------------------------------------------------------ webhook


class Fault(StrEnum):
    """What an HTTP server does instead of answering properly."""

    HANG = "hang"  # takes the request, never answers
    DRIP = "drip"  # answers one byte at a time, for ever
    RESET = "reset"  # takes the request, then RST
    DROP = "drop"  # takes the request, then closes without an answer
    REFUSE = "refuse"  # resets before the request is read: nothing was received


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def delivery_ids(self) -> tuple[int, ...]:
        return ids_of_header(self.headers.get("x-watcher-delivery", ""))


def ids_of_header(value: str) -> tuple[int, ...]:
    """``"3, 4"`` -> ``(3, 4)``; empty for a message without deliveries."""
    return tuple(int(part) for part in value.replace(",", " ").split() if part.isdigit())


class ReceiptLog:
    """Append-only JSON lines, each one fsynced before ``add`` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def add(self, row: Mapping[str, Any]) -> None:
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        with self._lock, self.path.open("ab") as out:
            out.write(line)
            out.flush()
            os.fsync(out.fileno())

    def rows(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]


class Arrivals(Generic[T]):
    """What a server was sent, for tests that wait for it."""

    def __init__(self, log: Path | None) -> None:
        self.log = ReceiptLog(log) if log else None
        self.receipts: list[T] = []
        self._arrived = threading.Condition()

    def wait_for(self, count: int, seconds: float = 60.0) -> list[T]:
        """Block until that many arrived (raises TimeoutError)."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.receipts) >= count, seconds):
                raise TimeoutError(f"{len(self.receipts)} of {count} arrived")
            return list(self.receipts)

    def _keep(self, receipt: T, row: Mapping[str, Any]) -> None:
        """Durably first, where a log is kept: a process that is killed here can be asked what it
        had."""
        if self.log is not None:
            self.log.add(row)
        with self._arrived:
            self.receipts.append(receipt)
            self._arrived.notify_all()


class WebhookServer(Arrivals[Receipt]):
    """Records every request; answers from ``replies``, else from ``answer``, else 200 ``{}``."""

    def __init__(
        self,
        *,
        replies: Iterable[Reply] = (),
        answer: Callable[[Receipt], Reply] | None = None,
        log: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.replies = deque(replies)
        self.answer = answer or (lambda _receipt: Reply())
        super().__init__(log)
        self.connections = 0
        self.stopping = threading.Event()
        self._server = _HttpServer((host, port), _HttpHandler)
        self._server.owner = self
        self.host, self.port = str(self._server.server_address[0]), self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT``"""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The apprise URL of this server as a JSON webhook."""
        return f"json://{self.address}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, receipt: Receipt) -> Reply:
        """Record durably, then say what to answer."""
        row = {
            "path": receipt.path,
            "deliveries": receipt.delivery_ids,
            "body": receipt.body.decode("utf-8", "replace"),
        }
        with self._arrived:  # who waits for it finds its answer used up
            self._keep(receipt, row)
            return self.replies.popleft() if self.replies else self.answer(receipt)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    owner: WebhookServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away (a killed child) is part of the tests, not news."""


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def handle(self) -> None:
        owner = self.server.owner
        owner.connections += 1
        if owner.replies and owner.replies[0].fault is Fault.REFUSE:
            owner.replies.popleft()
            self._reset()
            return
        super().handle()

    def _any(self) -> None:
        stated = self.headers.get("Content-Length", "0" if self.command == "GET" else "")
        body = self.rfile.read(int(stated or 0))
        if not stated or len(body) < int(stated):
            self.close_connection = True
            return  # the sender died in the middle of it: nothing was received
        receipt = Receipt(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        self._act(self.server.owner.take(receipt))

    do_GET = do_POST = do_PUT = do_PATCH = _any

    def _act(self, reply: Reply) -> None:
        if reply.fault is None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.close_connection = True
        if reply.fault is Fault.HANG:
            self.server.owner.stopping.wait(120)
        elif reply.fault is Fault.DRIP:
            self._drip()
        elif reply.fault is Fault.RESET:
            self._reset()

    def _drip(self) -> None:
        """Each byte comes sooner than any read timeout: only a total deadline helps."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.owner.stopping.wait(0.2):
            self.wfile.write(b"x")
            self.wfile.flush()

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass


# --------------------------------------------------------------------------------- mail


class MailFault(StrEnum):
    """Where and how an SMTP conversation goes wrong."""

    HANG_GREETING = "hang-greeting"  # accepts the connection, says nothing
    HANG_DATA = "hang-data"  # takes the message, never answers
    DRIP_DATA = "drip-data"  # takes the message, answers byte by byte, for ever
    RESET_CONNECT = "reset-connect"
    BUSY_GREETING = "busy-greeting"  # 421 at once
    TEMP_RCPT = "temp-rcpt"  # 450: greylisting
    BAD_RCPT = "bad-rcpt"  # 550: no such mailbox
    TEMP_DATA = "temp-data"  # 451 after the message
    BAD_DATA = "bad-data"  # 554 after the message
    DROP_AFTER_DATA = "drop-after-data"  # takes the message, then the line goes dead
    DROP_BEFORE_DATA = "drop-before-data"  # the line goes dead at RCPT
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReceipt:
    """One message that the server took over."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def delivery_ids(self) -> tuple[int, ...]:
        return ids_of_header(str(self.message.get("X-Watcher-Delivery", "")))

    def part(self, subtype: str) -> str:
        """The decoded text of the ``plain`` or ``html`` part."""
        body = self.message.get_body(preferencelist=(subtype,))
        assert body is not None, f"no text/{subtype} part"
        return str(body.get_content())


class MailServer(Arrivals[MailReceipt]):
    """An SMTP server; ``faults`` are used up one per connection.

    Each recipient in ``put_off`` is refused with 452 once, while the others are taken.
    """

    def __init__(
        self,
        *,
        faults: Iterable[MailFault] = (),
        put_off: Iterable[str] = (),
        log: Path | None = None,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        port: int = 0,
    ) -> None:
        self.faults = deque(faults)
        self.put_off = list(put_off)
        super().__init__(log)
        self.connections = 0
        self.login = login
        self._tls = tls
        self._implicit = implicit_tls
        self._wanted_port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """An apprise URL that sends to desk@example.org through this server."""
        login = f"{self.login[0]}:{self.login[1]}@" if self.login else ""
        return (
            f"mailto://{login}127.0.0.1:{self.port}"
            "?from=watcher@example.org&to=desk@example.org&mode=insecure"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _start(self) -> None:
        self._server = await self._loop.create_server(
            self._connected,
            "127.0.0.1",
            self._wanted_port,
            ssl=self._tls if self._implicit else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connected(self) -> asyncio.Protocol:
        self.connections += 1
        fault = self.faults.popleft() if self.faults else MailFault.NONE
        if fault in (MailFault.HANG_GREETING, MailFault.RESET_CONNECT, MailFault.BUSY_GREETING):
            return _RudeProtocol(fault)
        return _QuietSMTP(
            _MailHandler(self, fault),
            hostname="mail.test",
            loop=self._loop,
            tls_context=None if self._implicit else self._tls,
            authenticator=self._authenticate if self.login else None,
            auth_require_tls=False,
            enable_SMTPUTF8=True,
        )

    def _authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    def take(self, receipt: MailReceipt) -> None:
        """Record durably; only then may the handler answer 250."""
        self._keep(
            receipt,
            {
                "to": receipt.recipients,
                "deliveries": receipt.delivery_ids,
                "raw": base64.b64encode(receipt.raw).decode(),
            },
        )


class _QuietSMTP(SMTP):
    """aiosmtpd logs a client that goes away as an error; here that is part of the test."""

    async def _handle_client(self) -> None:
        with contextlib.suppress(ConnectionError, OSError, asyncio.CancelledError):
            await super()._handle_client()


class _RudeProtocol(asyncio.Protocol):
    """Doesn't get as far as a conversation."""

    def __init__(self, fault: MailFault) -> None:
        self.fault = fault

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self.fault is MailFault.BUSY_GREETING:
            transport.write(b"421 too busy, come back later\r\n")
            transport.close()
        elif self.fault is MailFault.RESET_CONNECT:
            transport.abort()


class _MailHandler:
    def __init__(self, owner: MailServer, fault: MailFault) -> None:
        self.owner = owner
        self.fault = fault

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        # Not aiosmtpd's auth_required: without TLS that is a warning, and warnings are errors here.
        if self.owner.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.fault is MailFault.TEMP_RCPT:
            return "450 4.2.0 greylisted, try again later"
        if self.fault is MailFault.BAD_RCPT:
            return "550 5.1.1 no such mailbox"
        if address in self.owner.put_off:
            self.owner.put_off.remove(address)
            return "452 4.2.2 mailbox full"
        if self.fault is MailFault.DROP_BEFORE_DATA:
            _abort(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = {
            MailFault.TEMP_DATA: "451 4.3.0 try again later",
            MailFault.BAD_DATA: "554 5.6.0 message refused",
        }.get(self.fault)
        if refusal:
            return refusal
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self.owner.take(
            MailReceipt(
                sender=envelope.mail_from or "",
                recipients=tuple(str(r) for r in envelope.rcpt_tos),
                raw=raw,
            )
        )
        if self.fault is MailFault.DROP_AFTER_DATA:
            _abort(server)
        elif self.fault is MailFault.HANG_DATA:
            await asyncio.sleep(120)
        elif self.fault is MailFault.DRIP_DATA:
            await _drip(server)
        return "250 OK taken"


def _abort(server: SMTP) -> None:
    transport = server.transport
    assert transport is not None
    transport.abort()


async def _drip(server: SMTP) -> None:
    for _ in range(600):
        transport = server.transport
        if transport is None or transport.is_closing():
            return
        transport.write(b"2")
        await asyncio.sleep(0.2)


# ---------------------------------------------------------------------------------- TLS


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context for ``localhost``/``127.0.0.1`` and the path of its certificate (PEM)."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


@contextlib.contextmanager
def dead_port() -> Iterator[int]:
    """A loopback port on which connecting is refused for as long as the block runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # bound, never listening
        yield holder.getsockname()[1]


def eventually(check: Callable[[], bool], seconds: float = 10.0, *, every: float = 0.02) -> None:
    """Poll until the check holds; AssertionError after the deadline."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "condition did not come true in time"
        time.sleep(every)
