"""Telling people: the only package that sends mail and chat messages.

``Notifier.send`` takes a ``Message`` and says what became of it; what it says is stored by the
caller. The sending child imports this package too, so what is heavy is loaded when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watcher.notify.message import (
    Message,
    MessageKind,
    Notice,
    Other,
    Outcome,
    SendResult,
    sample_message,
    strength,
)

if TYPE_CHECKING:
    from watcher.notify.addresses import validate_receiver
    from watcher.notify.channels import channel_of
    from watcher.notify.notifier import Notifier
    from watcher.notify.rendering import Rendered, check_template, render

__all__ = [
    "Message",
    "MessageKind",
    "Notice",
    "Notifier",
    "Other",
    "Outcome",
    "Rendered",
    "SendResult",
    "channel_of",
    "check_template",
    "render",
    "sample_message",
    "strength",
    "validate_receiver",
]

_HOMES = {
    "Notifier": "notifier",
    "Rendered": "rendering",
    "channel_of": "channels",
    "check_template": "rendering",
    "render": "rendering",
    "validate_receiver": "addresses",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
