"""Webhooks and, through apprise, every other service. Runs in the sending child.

apprise says only whether it worked. What a failure means is in the HTTP answers, so requests'
``Session.send`` is watched in this process, which does nothing else and is thrown away.
"""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests import exceptions
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError

from watcher.notify.addresses import APP, redacted
from watcher.notify.jobs import Job, Report
from watcher.text.clean import clean_line, strip_html

TIMEOUT = (10.0, 20.0)
# Client errors that say "later", not "never".
PASSING = frozenset({408, 425, 429})
# The gateway gave up waiting: what stands behind it may have taken the message.
UNCERTAIN = frozenset({502, 504})
_INVALID = Report(state="permanent", detail="the receiver's URL is not valid")
_real_send = requests.Session.send


@dataclass(slots=True)
class _Watch:
    """What was seen on the wire during one job."""

    job: Job
    handing: Callable[[], None]
    several: bool = False
    """More than one message is sent, so that one may arrive and another not."""
    answers: list[requests.Response] = field(default_factory=list)
    errors: list[requests.RequestException] = field(default_factory=list)

    def send(
        self, session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Stands in for ``Session.send``: notes answer or error, and never follows a redirect."""
        if any(answer.status_code == 429 for answer in self.answers):
            raise requests.ConnectionError("told to wait")  # some plugins would try again at once
        self._redirect_for_tests(request)
        # Read at once, since it is looked at twice; the process's memory limit guards its size.
        options.update(allow_redirects=False, timeout=TIMEOUT, stream=False)
        self.handing()
        try:
            answer = _real_send(session, request, **options)
        except requests.RequestException as error:
            self.errors.append(error)
            raise
        self.answers.append(answer)
        return answer

    def _redirect_for_tests(self, request: requests.PreparedRequest) -> None:
        parts = urlsplit(request.url or "")
        target = self.job.rewrite_hosts.get(parts.hostname or "")
        if target:
            to = urlsplit(target)
            request.headers["Host"] = parts.netloc
            request.url = urlunsplit((to.scheme, to.netloc, parts.path, parts.query, ""))


def send_chat(plugin: Any, job: Job, handing: Callable[[], None]) -> Report:
    """One message through apprise."""
    from apprise import Apprise, NotifyFormat, NotifyType, OverflowMode

    plugin.overflow_mode = OverflowMode.SPLIT if job.split else OverflowMode.UPSTREAM
    watch = _watched(job, handing)
    watch.several = job.split or len(plugin) > 1
    # Not plugin.notify(): called directly, some plugins skip the conversion that escapes markup.
    service = Apprise(asset=plugin.asset)
    service.add(plugin)
    try:
        result = service.notify(
            body=job.text,
            title=job.subject,
            body_format=NotifyFormat(job.format),
            notify_type=NotifyType(job.level),
        )
    except Exception:
        # Some plugins stumble over a refusal; what was answered says more than their error.
        if not watch.answers and not watch.errors:
            raise
        return _judged(False, watch)
    return _judged(bool(result), watch)


def send_webhook(plugin: Any, job: Job, handing: Callable[[], None]) -> Report:
    """POST our own JSON body: apprise's keys and, under ``watcher``, ours."""
    scheme = "https" if plugin.secure else "http"
    port = f":{plugin.port}" if isinstance(plugin.port, int) else ""
    headers = {"User-Agent": APP, "Content-Type": "application/json; charset=utf-8"}
    watch = _watched(job, handing)
    try:
        answer = requests.request(
            plugin.method,
            f"{scheme}://{plugin.host}{port}{plugin.fullpath}",
            data=json.dumps(_webhook_body(plugin, job), ensure_ascii=False).encode(),
            params=plugin.params,
            headers=headers | job.headers | plugin.headers,
            auth=(plugin.user, plugin.password or "") if plugin.user else None,
            verify=plugin.verify_certificate,
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException:
        return _judged(False, watch)
    return _judged(200 <= answer.status_code < 300, watch)


def _webhook_body(plugin: Any, job: Job) -> dict[str, Any]:
    body: dict[str, Any] = {
        "version": "1.0",
        "title": job.subject,
        "message": job.text,
        "attachments": [],
        "type": job.level,
        "watcher": job.payload,
    }
    # apprise's ":key=value": drop a key, give it another name, or add one.
    for key, value in plugin.payload_extras.items():
        if key not in body:
            body[key] = value
        else:
            held = body.pop(key)
            body.update({value: held} if value else {})
    return body


def _watched(job: Job, handing: Callable[[], None]) -> _Watch:
    watch = _Watch(job=job, handing=handing)

    def send(session: requests.Session, request: Any, **options: Any) -> requests.Response:
        return watch.send(session, request, **options)

    requests.Session.send = send  # type: ignore[method-assign, assignment]
    return watch


def _judged(worked: bool, watch: _Watch) -> Report:
    """What the answers mean: sent, try again, or never."""
    if worked:
        return Report(state="sent")
    failed = [answer for answer in watch.answers if not 200 <= answer.status_code < 300]
    some = watch.several and any(
        answer not in failed and answer.request.method != "GET" for answer in watch.answers
    )
    limited = next((answer for answer in failed if answer.status_code == 429), None)
    if limited is not None:
        return _answered(limited, watch, some)
    if watch.errors:
        return _unanswered(watch.errors[-1], some)
    if failed:
        return _answered(failed[-1], watch, some)
    if watch.answers:
        words = _words(watch.answers[-1], watch.job.url)
        return Report(state="retry", detail=f"the service did not accept it: {words}")
    return Report(state="retry", ambiguous=True, detail="apprise reports a failure, without reason")


def _answered(answer: requests.Response, watch: _Watch, some: bool) -> Report:
    status = answer.status_code
    permanent = 400 <= status < 500 and status not in PASSING
    return Report(
        state="permanent" if permanent else "retry",
        ambiguous=some or status in UNCERTAIN,
        detail=f"HTTP {status}{_words(answer, watch.job.url, ': ')}",
        retry_after=_retry_after(answer),
    )


def _unanswered(error: requests.RequestException, some: bool) -> Report:
    """Never the error's own text: it holds the address."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    reached = False  # whether the request can have arrived
    match error, cause:
        case ((exceptions.InvalidURL() | exceptions.InvalidSchema()), _):
            return _INVALID
        case exceptions.SSLError(), _:
            detail = "TLS failed: the certificate or the protocol version is not accepted"
        case _, NameResolutionError():
            detail = "the host name can't be resolved"
        case _, (NewConnectionError() | ProxyError()):
            detail = "the connection was refused"
        case exceptions.ConnectTimeout(), _:
            detail = "connecting took too long"
        case exceptions.ReadTimeout(), _:
            detail, reached = "no answer in time", True
        case _:
            detail, reached = "the connection broke before an answer", True
    return Report(state="retry", ambiguous=some or reached, detail=detail)


def _words(answer: requests.Response, url: str, before: str = "") -> str:
    """What the service says about it, in a few clean words."""
    text = _explanation(answer)
    return before + redacted(clean_line(text, 160), url) if text else ""


def _explanation(answer: requests.Response) -> str:
    raw = answer.content[:4_000].decode("utf-8", "replace")
    try:
        body = json.loads(raw)
    except ValueError:
        return strip_html(raw)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]  # Teams and Google nest it
    if not isinstance(body, dict):
        return str(body)
    named = ("description", "errorDescription", "error_description", "message", "error")
    return next((str(body[key]) for key in named if isinstance(body.get(key), str)), "")


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds, from the header (number or date) or from the body (Telegram, Discord, Matrix)."""
    header = answer.headers.get("Retry-After", "")
    seconds = _number(header)
    if seconds is None and header:
        try:
            seconds = (
                email.utils.parsedate_to_datetime(header) - datetime.now(UTC)
            ).total_seconds()
        except (ValueError, TypeError):
            seconds = None
    if seconds is None:
        seconds = _retry_after_in(answer)
    return None if seconds is None else max(seconds, 0.0)


def _retry_after_in(answer: requests.Response) -> float | None:
    try:
        body = json.loads(answer.content[:4_000])
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    inner = body.get("parameters")
    nested = inner.get("retry_after") if isinstance(inner, dict) else None
    seconds = _number(body.get("retry_after", nested))
    if seconds is not None:
        return seconds
    milliseconds = _number(body.get("retry_after_ms"))
    return None if milliseconds is None else milliseconds / 1000


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
