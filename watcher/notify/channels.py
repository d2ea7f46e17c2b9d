"""What each kind of receiver can show: its markup, its size limit, its pace.

Limits are the services' own (Telegram 4,096 UTF-16 units, Discord 2,000 characters, ntfy 4,096
bytes before it makes an attachment, Matrix 65 kB per event; Gmail hides what is over 102 kB of
HTML), each with room left for the title that apprise puts in front.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

from markupsafe import escape

from watcher.text.clean import clean_line, neutralise_mentions


class Dialect(StrEnum):
    """The markup that a body is written in."""

    MAIL = "mail"  # text and HTML alternatives
    PLAIN = "plain"  # nothing is markup
    HTML = "html"  # Telegram's few tags
    MARKDOWN = "markdown"  # Discord, Mattermost
    CARD = "card"  # Markdown of Teams cards: links only in [text](address) form


class Measure(StrEnum):
    """What a size limit counts."""

    BYTES = "bytes"
    UTF16 = "utf16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How to write for one kind of receiver."""

    name: str
    dialect: Dialect = Dialect.PLAIN
    titled: bool = True
    """The service shows a title of its own, so the body need not begin with one."""
    limit: int = 2_000
    measure: Measure = Measure.UTF16
    pause: float = 0.0
    """Seconds between two messages to the same receiver."""
    split: bool = False
    """Let apprise cut what is over the plugin's own limit (for kinds not known here)."""


_KNOWN = (
    Channel(name="mail", dialect=Dialect.MAIL, limit=110_000, measure=Measure.BYTES),
    Channel(name="json", limit=1_000_000, measure=Measure.BYTES),
    Channel(name="telegram", dialect=Dialect.HTML, titled=False, limit=3_900, pause=1.0),
    Channel(name="slack", limit=7_000, pause=1.0),
    Channel(name="discord", dialect=Dialect.MARKDOWN, titled=False, limit=1_900, pause=0.5),
    Channel(name="mattermost", dialect=Dialect.MARKDOWN, titled=False, limit=3_800, pause=0.2),
    Channel(name="teams", dialect=Dialect.CARD, limit=8_000, pause=0.5),
    Channel(name="matrix", limit=30_000, measure=Measure.BYTES, pause=0.2),
    Channel(name="ntfy", limit=3_800, measure=Measure.BYTES, pause=0.2),
    Channel(name="gotify", limit=8_000),
    Channel(name="pushover", limit=1_000),
)
_BY_NAME = {channel.name: channel for channel in _KNOWN}
_SCHEMAS = {
    "mailto": "mail",
    "mailtos": "mail",
    "json": "json",
    "jsons": "json",
    "tgram": "telegram",
    "slack": "slack",
    "discord": "discord",
    "mmost": "mattermost",
    "mmosts": "mattermost",
    "workflow": "teams",
    "workflows": "teams",
    "matrix": "matrix",
    "matrixs": "matrix",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "gotify",
    "gotifys": "gotify",
    "pover": "pushover",
}
# The addresses that the services hand out themselves, which apprise takes as they are.
_NATIVE = (
    (re.compile(r"https://hooks\.slack(-gov)?\.com/", re.I), "slack"),
    (re.compile(r"https://(\w+\.)?discord(app)?\.com/api/webhooks/", re.I), "discord"),
    (re.compile(r"https://[^/]+\.(logic\.azure|powerplatform)\.com", re.I), "teams"),
    (re.compile(r"https://ntfy\.sh/", re.I), "ntfy"),
    (re.compile(r"https://[^/]+/hooks/[a-z0-9]{20,}", re.I), "mattermost"),
)


def schema_of(url: str) -> str:
    """The part before ``://`` in lower case; empty where there is none."""
    match = re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.-]{0,30})://", url)
    return match[1].lower() if match else ""


def channel_of(url: str) -> Channel:
    """How to write for this receiver address; unknown kinds get short plain text."""
    schema = schema_of(url)
    if schema in _SCHEMAS:
        return _BY_NAME[_SCHEMAS[schema]]
    native = next((name for pattern, name in _NATIVE if pattern.match(url.strip())), None)
    return _BY_NAME[native] if native else Channel(name=schema or "unknown", split=True)


def size(text: str, measure: Measure) -> int:
    """How much of the channel's limit a text takes."""
    if measure is Measure.BYTES:
        return len(text.encode())
    return len(text.encode("utf-16-le")) // 2


# ------------------------------------------------------------------------------ neutralising

_MARKDOWN = re.compile(r"([\\`*_~|\[\]#>])")
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})


def neutral(text: str, dialect: Dialect, limit: int = 1_000) -> str:
    """One line that mentions nobody and links nowhere, whatever a service makes of plain text.

    Mail clients read no mentions in text, so mail keeps it as it was written.
    """
    line = clean_line(text, limit)
    if dialect is Dialect.MAIL:
        return line
    line = neutralise_mentions(line)
    return line if dialect is Dialect.HTML else line.translate(_NO_TAGS).replace("](", "] (")


def escaped(text: str, dialect: Dialect) -> str:
    """Markup characters as the characters they are; Markup where the dialect is HTML."""
    if dialect is Dialect.HTML:
        return escape(text)
    if dialect in (Dialect.MARKDOWN, Dialect.CARD):
        return _MARKDOWN.sub(r"\\\1", text)
    return text


def safe_link(url: str | None) -> str | None:
    """A web address in which nothing can be read as markup or a mention; None if it is none."""
    if not url:
        return None
    try:
        parts = urlsplit(clean_line(url, 4_000))
        host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.-]+(:\d+)?", host):
        return None
    keep = "/%:;,=+!$-._~&?"
    path, query, fragment = (quote(p, safe=keep) for p in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, path, query, fragment))
