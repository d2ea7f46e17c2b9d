"""A webhook server on loopback that keeps the alerts it was sent, to show what arrived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from watcher.demo.web import loopback_listener

_PATH = "/alerts"
_GRACE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedAlert:
    """One alert as it came over the wire."""

    title: str
    message: str
    fields: dict[str, Any]
    """The whole JSON body."""


class AlertReceiver:
    """Listens while the ``async with`` block runs."""

    def __init__(self) -> None:
        self.alerts: list[ReceivedAlert] = []
        self.refused = 0
        """Requests that weren't an alert."""
        self._port = 0
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=_GRACE)

    async def __aenter__(self) -> Self:
        listener = loopback_listener()
        self._port = listener.getsockname()[1]
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The address as a receiver's ``url`` in a configuration."""
        return f"json://127.0.0.1:{self._port}{_PATH}"

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        alert = _alert(await request.text()) if request.method == "POST" else None
        if alert is None or request.path != _PATH:
            self.refused += 1
            return web.Response(status=400, text="expected a JSON alert")
        self.alerts.append(alert)
        return web.Response(status=200)


def _alert(text: str) -> ReceivedAlert | None:
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not fields.get("message"):
        return None
    return ReceivedAlert(
        title=str(fields.get("title", "")), message=str(fields["message"]), fields=fields
    )
