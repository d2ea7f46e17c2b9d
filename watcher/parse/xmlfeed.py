"""RSS, Atom and RDF: scan, cut out what is known, let feedparser read the rest."""

from __future__ import annotations

import contextlib
import html.entities
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import feedparser

from watcher.parse.scan import (
    RawItem,
    Scan,
    UnscannableError,
    assemble,
    scan_feed,
    slice_feed,
)
from watcher.parse.stated import NotThisKindError, Stated, hashed
from watcher.text.charset import Decoded
from watcher.text.dates import from_struct

# At every parse feedparser looks for a parser that Python has not had for twenty years: 0.1 ms.
feedparser.api.PREFERRED_XML_PARSERS.clear()

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
"""feedparser believes the charset."""
_BASE = re.compile(rb"\bbase\s*=")
MAX_PROLOG = 20_000
_ROOT = re.compile(r"<(\w[\w.:-]{0,60})")
_PAGES = frozenset({"html", "head", "body", "script", "div", "p", "table", "meta", "link", "title"})
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)?")
_LEADS_TO_IT = {"alternate", "related", "via"}
_OWN_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}


class FeedparserError(Exception):
    """feedparser raised: it is not total (lone surrogates, huge references, odd charsets)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A feed's body as UTF-8, scanned where it is well-formed or could be repaired."""

    body: bytes
    scan: Scan | None
    malformed: bool


def prepare(decoded: Decoded) -> Prepared:
    """Bring the body into the one shape that scanner and feedparser agree on.

    Raises NotThisKindError for HTML: only an unclosed feed looks as broken as most pages do.
    """
    start, declares = _prolog(decoded.text)
    root = _ROOT.match(decoded.text, start)
    if root is None or root.group(1).lower() in _PAGES:
        raise NotThisKindError(f"not a feed but {root.group(1) if root else 'something else'}")
    # Entities that feedparser can replace are declared in the prolog; else it only costs time.
    text = decoded.text[start if not declares or start > MAX_PROLOG else 0 :]
    body = text.encode("utf-8", "replace")
    try:
        return Prepared(body=body, scan=scan_feed(body), malformed=False)
    except UnscannableError:
        body = repair(text).encode("utf-8", "replace")
    for scanner in (scan_feed, slice_feed):
        with contextlib.suppress(UnscannableError):
            return Prepared(body=body, scan=scanner(body), malformed=True)
    return Prepared(body=body, scan=None, malformed=True)


def _prolog(text: str) -> tuple[int, bool]:
    """Where the root element starts, and whether entities are declared before it."""
    at = max(text.find("<"), 0)
    declares = False
    while at < len(text):
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            end = text.find("?>", at)
        elif text.startswith("<!DOCTYPE", at):
            end = text.find(">", at)
            if "[" in text[at:end]:
                declares = True
                end = text.find("]", at)
        elif text.startswith("<!", at):
            end = text.find(">", at)
        else:
            break
        if end < 0:
            return len(text), declares
        at = text.find("<", end)
        if at < 0:
            return len(text), declares
    return at, declares


def repair(text: str) -> str:
    """Undo what most often breaks a feed: control characters, bare ampersands, HTML entities."""
    first, *rest = _NOT_XML.sub("", text).split("<![CDATA[")
    out = [_REFERENCE.sub(_repair_reference, first)]
    for part in rest:
        inside, end, after = part.partition("]]>")
        out.append(f"<![CDATA[{inside}{end}{_REFERENCE.sub(_repair_reference, after)}")
    return "".join(out)


def _repair_reference(match: re.Match[str]) -> str:
    name = (match.group(1) or "").rstrip(";")
    if not name:
        return "&amp;"
    if name in _OWN_ENTITIES:
        return match.group()
    if name[0] == "#":
        code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
        return match.group() if allowed or 0x10000 <= code < 0x110000 else ""
    return html.entities.html5.get(f"{name};", f"&amp;{name};")


def read_items(
    scan: Scan, items: Sequence[RawItem], *, base: str, now: datetime
) -> list[tuple[RawItem, Stated]]:
    """The items, which must be in document order, as feedparser reads them; without those that
    make it raise.

    Raises FeedparserError if it finds another number of entries than the scan did: then nothing
    says which is which.
    """
    if not items:
        return []
    broken = [item for item in items if item.malformed]
    if broken and len(broken) < len(items):
        sound = [item for item in items if not item.malformed]
        return _read_parts(scan, sound, broken, base=base, now=now)
    try:
        entries = run_feedparser(assemble(scan, items), base)["entries"]
    except FeedparserError:
        if len(items) == 1:
            return []
        half = len(items) // 2
        return _read_parts(scan, items[:half], items[half:], base=base, now=now)
    if len(entries) != len(items):
        raise FeedparserError(f"{len(entries)} entries in {len(items)} items")
    return [(item, to_stated(entry, now)) for item, entry in zip(items, entries, strict=True)]


def _read_parts(
    scan: Scan, *parts: Sequence[RawItem], base: str, now: datetime
) -> list[tuple[RawItem, Stated]]:
    return [pair for part in parts for pair in read_items(scan, part, base=base, now=now)]


def run_feedparser(body: bytes, base: str) -> Mapping[str, Any]:
    """feedparser on bytes only (a path or address would be opened), its repairs switched off.

    Sanitising and link resolution double its time and the first is quadratic; texts are made
    plain afterwards anyhow. The feed's address it would join to itself at every tag, a third of
    its time: it is told only where it may meet an ``xml:base``; links are made whole later anyhow.
    """
    headers = {**_HEADERS, "content-location": base} if _BASE.search(body) else _HEADERS
    try:
        parsed: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(body),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # it raises whatever its dozen helpers happen to raise
        raise FeedparserError(f"{type(error).__name__}: {error}") from None
    return parsed


def read_whole(body: bytes, *, base: str, now: datetime) -> tuple[Mapping[str, Any], list[Stated]]:
    """feedparser on the whole body: its result, and the entries with a hash of their fields."""
    parsed = run_feedparser(body, base)
    return parsed, [hashed(to_stated(entry, now)) for entry in parsed["entries"]]


def to_stated(entry: dict[str, Any], now: datetime) -> Stated:
    """A feedparser entry as Stated. Plain dict access: its own one maps names and warns."""

    def text(key: str) -> str:
        value = dict.get(entry, key)
        return value if isinstance(value, str) else ""

    def when(key: str) -> datetime | None:
        return from_struct(dict.get(entry, key), now)

    contents = [part.get("value") or "" for part in dict.get(entry, "content", ())]
    title_detail = dict.get(entry, "title_detail") or {}
    updated = when("updated_parsed")
    return Stated(
        guid=text("id"),
        link=text("feedburner_origlink") or text("link") or _first_link(entry),
        title=text("title"),
        summary=text("summary"),
        content=max(contents, key=len, default=""),
        author=text("author"),
        lang=title_detail.get("language") or "",
        published=text("published"),
        published_at=when("published_parsed") or when("created_parsed") or updated,
        updated_at=updated,
    )


def _first_link(entry: dict[str, Any]) -> str:
    """The first link to another form of the entry, such as a PDF: not to sound or to itself."""
    links = (link for link in dict.get(entry, "links", ()) if link.get("href"))
    return next((link["href"] for link in links if link.get("rel") in _LEADS_TO_IT), "")
