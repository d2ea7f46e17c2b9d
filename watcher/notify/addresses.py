"""Receiver addresses: reading them through apprise, and saying what is wrong without a secret.

apprise logs a malformed address whole and at ERROR, so its logger is off while it looks at one.
"""

from __future__ import annotations

import contextlib
import difflib
import logging
import re
from collections.abc import Iterator
from typing import Any

from watcher.notify.channels import schema_of

APP = "watcher"
_LOGGERS = ("apprise", "urllib3", "requests")
# Words of an address that are no secret and that an error text may well contain.
_COMMON = frozenset({"https", "services", "webhooks", "example", "localhost", "hooks", "format"})


def plugin_of(url: str) -> Any:
    """apprise's plugin object for an address, set up for one try without tricks; None if invalid.

    No redirects (a 302 would count as success after a GET), no retries and no pauses of
    apprise's own: the outbox does that, durably.
    """
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(
        app_id=APP,
        app_desc="news watcher",
        app_url="",
        http_redirects=False,
        async_mode=False,
        service_timeout=0,
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
    )
    with quiet_loggers():
        plugin = Apprise.instantiate(url.strip(), asset=asset)
    if plugin is None:
        return None
    plugin.redirects = False
    plugin.retry = 0
    plugin.request_rate_per_sec = 0
    if hasattr(plugin, "include_image"):
        plugin.include_image = False  # icons would be loaded from a stranger's server
    return plugin


def validate_receiver(url: str) -> str | None:
    """What is wrong with a receiver's address, in words that hold nothing of the address."""
    problem = _glance(url)
    if problem is not None:
        return problem
    schema = schema_of(url)
    try:
        plugin = plugin_of(url)
    except Exception:
        plugin = None
    if plugin is None:
        return _problem(schema)
    return _problem_of(plugin, schema)


def _glance(url: str) -> str | None:
    """What can be seen without loading apprise, which takes 0.4 s of CPU."""
    if not url.strip():
        return "it is empty"
    if re.search(r"[\x00-\x1f\x7f]", url.strip()):
        return "it contains a line break or a control character"
    if not schema_of(url):
        return (
            "it does not begin with a kind such as mailto://, tgram:// or json:// "
            "(see https://appriseit.com/services/)"
        )
    return None


def wants_pgp(plugin: Any) -> bool:
    """Whether a mail address asks for signing or encryption, which our own mails don't do."""
    return str(getattr(plugin, "pgp_mode", "no")) != "no"


def redacted(text: str, url: str) -> str:
    """The text with every longer piece of the address struck out, in case something echoes it."""
    pieces = {piece for piece in re.split(r"[/:@?&=#,;%+\s]+", url) if len(piece) >= 6}
    for piece in sorted(pieces - _COMMON, key=len, reverse=True):
        text = text.replace(piece, "***")
    return text


@contextlib.contextmanager
def quiet_loggers() -> Iterator[None]:
    """No word from the libraries that would print an address."""
    before = {name: logging.getLogger(name).disabled for name in _LOGGERS}
    try:
        for name in _LOGGERS:
            logging.getLogger(name).disabled = True
        yield
    finally:
        for name, disabled in before.items():
            logging.getLogger(name).disabled = disabled


def _problem(schema: str) -> str:
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    with quiet_loggers():
        known = schema in manager
    if known:
        return f"{_expected(manager[schema], schema)}"
    if schema in ("http", "https"):
        return (
            "it is a web address of no service known here; "
            "for a webhook of your own write json:// or jsons:// instead of http:// or https://"
        )
    near = difflib.get_close_matches(schema, [str(s) for s in manager.schemas()], n=1)
    # A kind that resembles none is not repeated: it may be a token pasted in the wrong place.
    hint = f" ({schema}://); did you mean {near[0]}://?" if near else ""
    return f"it begins with no kind of receiver that apprise knows{hint}"


def _expected(plugin: Any, schema: str) -> str:
    """The shortest form that the service documents."""
    forms = sorted((str(form) for form in plugin.templates), key=len)
    shape = forms[0].replace("{schema}", schema) if forms else f"{schema}://"
    return f"it is incomplete or malformed for {plugin.service_name}; the form is {shape}"


def _problem_of(plugin: Any, schema: str) -> str | None:
    if schema in ("mailto", "mailtos") and not plugin.targets:
        return "it names no valid recipient; add ?to=name@example.org"
    if wants_pgp(plugin):
        return "pgp= is not supported: the mail would go out unencrypted"
    if len(plugin) < 1:
        return "it names nobody to send to"
    return None
