"""Exceptions and status codes of a fetch as reason codes, with a line for people."""

from __future__ import annotations

import os
import socket
import ssl
from http import HTTPStatus

import aiohttp

from watcher.model import FailureReason

from .body import DamagedBodyError, TooLargeError
from .guard import ForbiddenAddressError

_BY_STATUS = {
    401: FailureReason.HTTP_401,
    403: FailureReason.HTTP_403,
    404: FailureReason.HTTP_404,
    410: FailureReason.HTTP_410,
    429: FailureReason.HTTP_429,
}

EXPECTED = (aiohttp.ClientError, OSError, ValueError, TooLargeError, DamagedBodyError)
"""What a fetch may raise because of the web; TimeoutError and ssl.SSLError are OSErrors."""

# The first that fits counts: several of these are kinds of one another.
_BY_ERROR: tuple[tuple[type[BaseException], FailureReason], ...] = (
    (ForbiddenAddressError, FailureReason.FORBIDDEN_ADDRESS),
    (socket.gaierror, FailureReason.DNS),
    (ssl.SSLError, FailureReason.TLS),
    (aiohttp.InvalidURL, FailureReason.BAD_URL),
    (TimeoutError, FailureReason.TIMEOUT),
    (aiohttp.ClientConnectorError, FailureReason.CONNECT),
    (TooLargeError, FailureReason.TOO_LARGE),
)


def explained(error: Exception) -> tuple[FailureReason, str]:
    """Reason and detail of one of ``EXPECTED``. Details never quote what the server sent."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    for kind, reason in _BY_ERROR:
        if isinstance(cause, kind) or isinstance(error, kind):
            return reason, _DETAILS.get(reason, _plain)(cause)
    return FailureReason.PROTOCOL, _protocol_detail(error)


def reason_of_status(status: int) -> FailureReason:
    """The reason code of a status that is neither success nor redirect."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if 400 <= status < 500:
        return FailureReason.HTTP_4XX
    return FailureReason.HTTP_5XX if 500 <= status < 600 else FailureReason.PROTOCOL


def status_line(status: int) -> str:
    """``503 Service Unavailable``: our words, not the server's."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _plain(cause: Exception) -> str:
    if isinstance(cause, OSError):
        return cause.strerror or type(cause).__name__
    return str(cause)


def _connect_detail(cause: Exception) -> str:
    number = cause.errno if isinstance(cause, OSError) else None
    return os.strerror(number) if number else "can't connect"


def _tls_detail(cause: Exception) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate: {cause.verify_message}"
    reason = cause.reason if isinstance(cause, ssl.SSLError) else None
    return (reason or "handshake failed").replace("_", " ").lower()


def _url_detail(cause: Exception) -> str:
    description = cause.description if isinstance(cause, aiohttp.InvalidURL) else None
    return description or "not a web address"


def _timeout_detail(cause: Exception) -> str:
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(cause, aiohttp.SocketTimeoutError):
        return "the server fell silent"
    return "not finished in time"


_DETAILS = {
    FailureReason.CONNECT: _connect_detail,
    FailureReason.TLS: _tls_detail,
    FailureReason.BAD_URL: _url_detail,
    FailureReason.TIMEOUT: _timeout_detail,
}


def _protocol_detail(error: Exception) -> str:
    if isinstance(error, DamagedBodyError):
        return str(error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server hung up without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the body ends too early or is damaged"
    if isinstance(error, OSError):
        return f"the connection broke ({error.strerror or type(error).__name__})"
    return "the answer is not proper HTTP"
