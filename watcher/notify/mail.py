"""Mail through the standard library, from the facts of an apprise mail URL.

apprise can't give a message its own Message-ID, References or a text and an HTML part of our
own, and doesn't tell a refusal from a lost line, so it only parses the URL here. Runs in the
sending child; socket timeouts are short and the parent kills what takes too long altogether.
"""

from __future__ import annotations

import email.utils
import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from functools import cache
from typing import Any

from watcher.notify.jobs import Job, Report

CONNECT_TIMEOUT = 10.0
# After the message is handed over a slow server may scan it for long: leave that to the deadline.
REPLY_TIMEOUT = 25.0
_OURS = {
    "message-id", "date", "from", "to", "cc", "bcc", "subject", "reply-to", "references",
    "in-reply-to", "list-id", "mime-version", "content-type", "content-transfer-encoding",
}  # fmt: skip


@dataclass(slots=True)
class _Progress:
    """How far the conversation got."""

    handed: bool = False
    taken: list[str] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)


def send_mail(plugin: Any, job: Job, handing: Callable[[], None]) -> Report:
    """One SMTP conversation; ``handing`` is called just before the message may be taken."""
    recipients = [r for r in _recipients(plugin) if _mark(r, job) not in job.skip]
    if not recipients:
        return Report(state="sent")
    progress = _Progress()
    try:
        with _connected(plugin) as smtp:
            return _converse(smtp, plugin, job, recipients, progress, handing)
    except (smtplib.SMTPException, OSError) as error:
        return _trouble(error, progress.handed)


def _trouble(error: Exception, handed: bool) -> Report:
    """All of it passes: what a person must put right (a password, a certificate) can be."""
    ambiguous = handed
    match error:
        case smtplib.SMTPAuthenticationError():
            detail, ambiguous = f"the mail server refused the login ({error.smtp_code})", False
        case smtplib.SMTPNotSupportedError():
            detail = f"the mail server can't do what is asked: {error}"
        case smtplib.SMTPResponseException():
            words = _words(error.smtp_code, error.smtp_error)
            detail = f"the mail server refused the conversation: {words}"
        case smtplib.SMTPServerDisconnected():
            where = "after it got the message" if handed else "before it took the message"
            detail = f"the mail server hung up or fell silent {where}"
        case ssl.SSLError():
            detail = f"TLS with the mail server failed: {error.reason or 'no reason given'}"
        case TimeoutError():
            detail = "the mail server did not answer in time"
        case OSError():
            detail = f"the mail server can't be reached: {error.strerror or type(error).__name__}"
        case _:
            detail = f"the mail server is not understood: {type(error).__name__}"
    return Report(state="retry", ambiguous=ambiguous, detail=detail)


def compose(plugin: Any, job: Job) -> EmailMessage:
    """The message with its headers; feed text can't add any, as line ends are cleaned away."""
    message = EmailMessage(policy=SMTP_POLICY)
    name, sender = plugin.from_addr
    domain = sender.rpartition("@")[2].encode("idna").decode() or "localhost"
    message["Subject"] = job.subject
    message["From"] = _address(name or "watcher", sender)
    message["To"] = [_address(name or "", address) for name, address in plugin.targets]
    if plugin.cc:
        message["Cc"] = [_address(plugin.names.get(a) or "", a) for a in sorted(plugin.cc)]
    if plugin.reply_to:
        message["Reply-To"] = [_address(plugin.names.get(a) or "", a) for a in plugin.reply_to]
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = f"<{job.message_id}@{domain}>"
    for story in job.stories[:1]:
        message["In-Reply-To"] = message["References"] = f"<{story}@watcher>"
    if job.list_id:
        message["List-Id"] = f"<{job.list_id}.watcher.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for header, value in (plugin.headers | job.headers).items():
        if header.lower() not in _OURS and header.isascii():
            message[header] = " ".join(str(value).split())
    message.set_content(job.text + "\n", cte=_transfer(job.text))
    if job.html:
        message.add_alternative(job.html, subtype="html", cte=_transfer(job.html))
    return message


def _transfer(text: str) -> str:
    """Cyrillic or Georgian takes six bytes a letter as quoted-printable, under three as base64."""
    foreign = sum(character > "\x7f" for character in text)
    return "base64" if foreign * 6 > len(text) else "quoted-printable"


def _connected(plugin: Any) -> smtplib.SMTP:
    """A connection that is secured and logged in as the URL says."""
    if plugin.secure_mode == "ssl":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            plugin.smtp_host,
            plugin.port,
            timeout=CONNECT_TIMEOUT,
            context=_tls(plugin.verify_certificate),
        )
    else:
        smtp = smtplib.SMTP(plugin.smtp_host, plugin.port, timeout=CONNECT_TIMEOUT)
    try:
        if plugin.secure_mode == "starttls":
            smtp.starttls(context=_tls(plugin.verify_certificate))
        if plugin.user and plugin.password:
            smtp.login(plugin.user, plugin.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


@cache
def _tls(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _converse(
    smtp: smtplib.SMTP,
    plugin: Any,
    job: Job,
    recipients: list[str],
    progress: _Progress,
    handing: Callable[[], None],
) -> Report:
    """MAIL, RCPT, DATA by hand: ``sendmail`` would not tell at which of them it went wrong."""
    smtp.ehlo_or_helo_if_needed()
    message = compose(plugin, job)
    unicode_needed = not "".join((plugin.from_addr[1], *recipients)).isascii()
    options = ["SMTPUTF8", "BODY=8BITMIME"] if unicode_needed and smtp.has_extn("smtputf8") else []
    code, reply = smtp.mail(plugin.from_addr[1], options)
    if code >= 400:
        # The sender address is a matter of configuration: it can be put right, then go out.
        return Report(state="retry", detail=f"sender refused: {_words(code, reply)}")
    for recipient in recipients:
        code, reply = smtp.rcpt(recipient)
        if code >= 400:
            progress.refused[recipient] = (code, _words(code, reply))
        else:
            progress.taken.append(recipient)
    if not progress.taken:
        return _all_refused(progress)
    code, reply = smtp.docmd("data")
    if code != 354:
        return _refusal(code, reply)
    handing()
    progress.handed = True
    if smtp.sock is not None:
        smtp.sock.settimeout(REPLY_TIMEOUT)
    smtp.send(_on_the_wire(message.as_bytes(policy=SMTP_POLICY.clone(utf8=bool(options)))))
    code, reply = smtp.getreply()
    if code != 250:
        return _refusal(code, reply)
    return _taken(progress, job)


def _on_the_wire(payload: bytes) -> bytes:
    """Leading dots doubled, ended by a line with a dot (RFC 5321, 4.5.2)."""
    ended = payload if payload.endswith(b"\r\n") else payload + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"


def _taken(progress: _Progress, job: Job) -> Report:
    """The message is with the server. Who was put off gets it in a later try, alone."""
    later = [reason for code, reason in progress.refused.values() if code < 500]
    never = [reason for code, reason in progress.refused.values() if code >= 500]
    count = len(progress.taken) + len(progress.refused)
    accepted = tuple(_mark(recipient, job) for recipient in progress.taken)
    if later:
        detail = f"{len(later)} of {count} recipients put off: {later[0]}"
        return Report(state="retry", detail=detail, accepted=accepted)
    detail = f"{len(never)} of {count} recipients refused: {never[0]}" if never else ""
    return Report(state="sent", detail=detail, accepted=accepted)


def _all_refused(progress: _Progress) -> Report:
    _, reason = next(iter(progress.refused.values()))
    passing = any(code < 500 for code, _ in progress.refused.values())
    state = "retry" if passing else "permanent"
    return Report(state=state, detail=f"recipient refused: {reason}")


def _refusal(code: int, reply: bytes | str) -> Report:
    state = "permanent" if code >= 500 else "retry"
    return Report(state=state, detail=f"message refused: {_words(code, reply)}")


def _words(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())[:160]}"


def _recipients(plugin: Any) -> list[str]:
    """Everyone who gets it, once, in a stable order."""
    direct = [address for _, address in plugin.targets]
    return list(dict.fromkeys([*direct, *sorted(plugin.cc), *sorted(plugin.bcc)]))


def _mark(recipient: str, job: Job) -> str:
    """Who has this message, without the address, which is nobody else's business."""
    told = f"{job.message_id} {recipient}".encode()
    return hashlib.blake2b(told, digest_size=8).hexdigest()


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = domain.encode("idna").decode()
    return Address(" ".join(str(name).split()), local, domain)
