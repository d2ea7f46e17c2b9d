"""One pass of expat over an XML feed: where each item lies, who it is, what must not be parsed.

feedparser takes about 0.6 ms an item and cannot be told to skip one, so items whose bytes did
not change are cut out before it sees them. expat reports byte offsets, so what is left reaches
feedparser exactly as it was sent: nothing is re-serialised.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from xml.parsers import expat

from watcher.parse.stated import Identity

MAX_ATTRIBUTES = 200
MAX_DEPTH = 200
MAX_OUTSIDE = 20_000
"""Elements outside of items."""
MAX_ITEM_BYTES = 2_000_000
MAX_ITEM_ELEMENTS = 10_000
MAX_CHILD_BYTES = 1_000_000
MAX_CHILD_ELEMENTS = 4_000
_SMALL = 4_000
"""An element that carries no text for readers is cut when it is longer than this."""
_SMALL_AUTHOR = 600
"""feedparser's search for a mail address in a name is quadratic: 16 kB take it 3.4 s."""

MAX_BROKEN_BYTES = 200_000
"""feedparser's parser for malformed markup is slow, and its input may be anything."""

_ITEM_TAG = re.compile(rb"<((?:[\w.-]{1,40}:)?(?:item|entry))(?=[\s>])", re.IGNORECASE)
_IDENTITY_WITHIN = 20_000
_IDENTITY_ELEMENT = re.compile(
    rb"<(guid|id|link|title|pubdate|published)\b[^<>]{0,300}>\s{0,20}(?:<!\[CDATA\[)?([^<>\]]{1,2000})",
    re.IGNORECASE,
)
_ITEMS = frozenset({"item", "entry"})
_CAPTURED = frozenset(
    {
        "guid",
        "id",
        "link",
        "feedburner:origlink",
        "title",
        "pubdate",
        "published",
        "issued",
        "dc:date",
    }
)
_CHANNEL = frozenset({"title", "language", "dc:language", "ttl", "hour", "day"})
_CHANNEL_PARENTS = frozenset({"channel", "feed", "skiphours", "skipdays"})
# They count readers and comments: a change is no edit.
_VOLATILE = frozenset(
    {
        "slash:comments",
        "slash:hit_parade",
        "thr:total",
        "media:community",
        "media:statistics",
        "media:starrating",
        "post-views",
    }
)
_AUTHORS = frozenset(
    {
        "author",
        "creator",
        "contributor",
        "publisher",
        "managingeditor",
        "webmaster",
        "owner",
        "name",
        "email",
    }
)
# feedparser spends 60 us on each, and nobody here reads them.
_UNREAD = _VOLATILE | {"category", "dc:subject", "comments", "wfw:commentrss"}
_TEXTUAL = frozenset(
    {
        "title",
        "description",
        "summary",
        "content",
        "content:encoded",
        "body",
        "xhtml:body",
        "fullitem",
        "abstract",
        "dc:description",
        "tagline",
        "subtitle",
        "dcterms:abstract",
        "itunes:summary",
    }
)


class HostileFeedError(Exception):
    """The body would cost far more than any honest feed does."""


class UnscannableError(Exception):
    """Not well-formed, or built so that items can't be cut out safely."""


@dataclass(slots=True, kw_only=True)
class RawItem(Identity):
    """An item by its place in the body, with what identifies it as the feed wrote it."""

    start: int
    end: int = 0
    elements: int = 0
    refused: bool = False
    """Too big or too strange to be parsed."""
    malformed: bool = False
    cuts: list[tuple[int, int]] = field(default_factory=list)
    """Children that only cost time: byte ranges to leave out."""
    linked: bool = False
    """Has a link that feedparser takes for the entry's, whatever the guid says."""
    guids: list[tuple[int, int]] = field(default_factory=list)
    volatile: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """What one pass over the body found."""

    body: bytes
    root: str = ""
    root_start: int = 0
    items: list[RawItem] = field(default_factory=list)
    channel: dict[str, list[str]] = field(default_factory=dict)
    """Texts of title, language, ttl, hour (skipHours) and day (skipDays) outside of items."""
    cuts: list[tuple[int, int]] = field(default_factory=list)
    lang: str = ""
    closing: bytes | None = None
    """End tags that follow the items, where the body itself does not end well."""


class _Scanner:
    """Handlers for expat. Only direct children of an item, and the channel, are looked at."""

    def __init__(self, body: bytes) -> None:
        self.scan = Scan(body)
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.depth = 0
        self.path: list[str] = []
        """Open elements outside of items."""
        self.outside = 0
        self.leaf = False
        """Whether nothing was nested in the element that is about to end."""
        self.item: RawItem | None = None
        self.item_depth = 0
        self.prefix = ""
        """Of the open item's tag: its fields have the same (``<a:entry><a:title>``)."""
        self.child_start = 0
        self.child_elements = 0
        self.child_strange = False
        """Too deep, or with too many attributes."""
        self.captured: list[str] | None = None
        self.capture_depth = 0

    @staticmethod
    def refuse_doctype(*_declaration: object) -> None:
        """Entities would make byte offsets meaningless."""
        raise UnscannableError("declares entities")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        item = self.item
        if item is None:
            self.start_outside(name, attributes)
            return
        item.elements += 1
        self.child_elements += 1
        if self.depth == self.item_depth + 1:
            self.start_child(item, self.field_name(name), attributes)
        if len(attributes) > MAX_ATTRIBUTES or self.depth > MAX_DEPTH:
            self.child_strange = True

    def start_child(self, item: RawItem, name: str, attributes: Mapping[str, str]) -> None:
        self.child_start = self.parser.CurrentByteIndex
        self.child_elements = 1
        self.child_strange = False
        if name not in _CAPTURED:
            return
        if name != "link" or "href" not in attributes:
            self.capture()
        elif attributes.get("rel", "alternate") == "alternate" and not item.link:
            item.link = attributes["href"]
            item.linked = bool(item.link) and attributes.get("type", "text/html") == "text/html"

    def start_outside(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2].lower()
        self.outside += 1
        if len(attributes) > MAX_ATTRIBUTES:
            raise HostileFeedError(f"{len(attributes)} attributes on one element")
        if self.depth > MAX_DEPTH or self.outside > MAX_OUTSIDE:
            raise HostileFeedError("too many elements that are no items")
        if self.depth == 1:
            self.scan.root = local
            self.scan.root_start = self.parser.CurrentByteIndex
            self.scan.lang = attributes.get("xml:lang", "")
        elif local in _ITEMS and self.depth <= 4:
            start = self.parser.CurrentByteIndex
            self.item = RawItem(start=start, guid=attributes.get("rdf:about", ""))
            self.item_depth = self.depth
            self.prefix = name[: name.rfind(":") + 1]
            self.leaf = False
            self.outside -= 1
            return
        parent = self.path[-1].lower() if self.path else ""
        self.path.append(name)
        self.child_start = self.parser.CurrentByteIndex
        self.leaf = True
        if name.lower() in _CHANNEL and parent in _CHANNEL_PARENTS:
            self.capture()

    def field_name(self, tag: str) -> str:
        """A child of the item by the name that it has in the item's own vocabulary."""
        return tag.removeprefix(self.prefix).lower()

    def capture(self) -> None:
        self.captured = []
        self.capture_depth = self.depth
        self.parser.CharacterDataHandler = self.captured.append

    def captured_text(self) -> str | None:
        """The text between the tags that just closed, if it was asked for."""
        if self.captured is None or self.depth != self.capture_depth:
            return None
        text = "".join(self.captured).strip()
        self.captured = None
        self.parser.CharacterDataHandler = None
        return text

    def end(self, name: str) -> None:
        item = self.item
        if item is None:
            self.end_outside(name)
        elif self.depth == self.item_depth:
            self.end_item(item, name)
        elif self.depth == self.item_depth + 1:
            self.end_child(item, name)
        self.depth -= 1

    def end_of_tag(self, name: str) -> int:
        """Where the element that just ended ends: an empty one ends where expat stands."""
        index = self.parser.CurrentByteIndex
        if self.scan.body.startswith(b"</%s" % name.encode(), index):
            return self.scan.body.index(b">", index) + 1
        return index

    def end_outside(self, name: str) -> None:
        text = self.captured_text()
        if text is not None:
            self.scan.channel.setdefault(name.lower(), []).append(text[:1_000])
        size = self.parser.CurrentByteIndex - self.child_start
        if self.leaf and _only_costs(name.lower(), size):
            self.scan.cuts.append((self.child_start, self.end_of_tag(name)))
        self.leaf = False
        self.path.pop()

    def end_child(self, item: RawItem, tag: str) -> None:
        name = self.field_name(tag)
        text = self.captured_text()
        if text is not None:
            self.keep(item, name, text)
        size = self.parser.CurrentByteIndex - self.child_start
        strange = self.child_strange or self.child_elements > MAX_CHILD_ELEMENTS
        if name in _VOLATILE:
            item.volatile.append((self.child_start, self.end_of_tag(tag)))
        if name in ("guid", "id"):
            item.guids.append((self.child_start, self.end_of_tag(tag)))
        unread = name in _UNREAD and self.child_elements == 1
        if strange or unread or _only_costs(name, size):
            item.cuts.append((self.child_start, self.end_of_tag(tag)))
            item.elements -= self.child_elements

    @staticmethod
    def keep(item: RawItem, name: str, text: str) -> None:
        if name in ("guid", "id"):
            item.guid = text
        elif name == "title":
            item.title = item.title or text
        elif name == "feedburner:origlink" or (name == "link" and not item.link):
            item.link = text
            item.linked = item.linked or (name == "link" and bool(text))
        elif name != "link":
            item.published = item.published or text

    def end_item(self, item: RawItem, tag: str) -> None:
        item.end = self.end_of_tag(tag)
        item.hash = self.hash_of(item)
        if item.end - item.start > MAX_ITEM_BYTES or item.elements > MAX_ITEM_ELEMENTS:
            item.refused = True
        if item.linked:  # the guid is known by now, and feedparser would need it for nothing else
            item.cuts.extend(item.guids)
        self.scan.items.append(item)
        self.item = None

    def hash_of(self, item: RawItem) -> str:
        digest = blake2b(digest_size=6)
        for start, end in kept_ranges(item.start, item.end, item.volatile):
            digest.update(self.scan.body[start:end])
        return digest.hexdigest()


def _only_costs(name: str, size: int) -> bool:
    """Whether an element of that many bytes is cut: long, and not there to be read."""
    if not _SMALL_AUTHOR < size < MAX_CHILD_BYTES:
        return size >= MAX_CHILD_BYTES
    return name.rpartition(":")[2] in _AUTHORS or (size > _SMALL and name not in _TEXTUAL)


def kept_ranges(start: int, end: int, cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of [start, end) without the cuts, which are in order and don't overlap."""
    kept = []
    for cut_start, cut_end in cuts:
        if start < cut_start:
            kept.append((start, cut_start))
        start = cut_end
    if start < end:
        kept.append((start, end))
    return kept


def scan_feed(body: bytes) -> Scan:
    """Scan well-formed UTF-8 XML without a document type declaration."""
    scanner = _Scanner(body)
    try:
        scanner.parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as error:
        raise UnscannableError(str(error)) from None
    return scanner.scan


def slice_feed(body: bytes) -> Scan:
    """Scan a malformed feed: its items by their tags alone, each then on its own.

    So one broken item, or a missing end, does not take the others with it, and what is known is
    cut out here too. An item inside of a CDATA section would be mistaken for one; then feedparser
    finds another number of entries, and is given the whole.
    """
    tags = list(_ITEM_TAG.finditer(body))
    if not tags:
        raise UnscannableError("no items")
    header = _Scanner(body[: tags[0].start()])
    with contextlib.suppress(expat.ExpatError, ValueError):
        header.parser.Parse(header.scan.body, False)
    scan = header.scan
    scan.body = body
    scan.closing = b"".join(b"</%s>" % name.encode() for name in reversed(header.path))
    for tag, following in zip(tags, [*(t.start() for t in tags[1:]), len(body)], strict=True):
        end_tag = b"</%s>" % tag.group(1)
        end = body.find(end_tag, tag.end(), following)
        scan.items.append(_slice(body, tag.start(), end + len(end_tag) if end > 0 else following))
    return scan


def _slice(body: bytes, start: int, end: int) -> RawItem:
    fragment = b"<x>%s</x>" % body[start:end]
    scanner = _Scanner(fragment)
    try:
        scanner.parser.Parse(fragment, True)
        (item,) = scanner.scan.items
    except (expat.ExpatError, UnscannableError, HostileFeedError, ValueError):
        return _broken_slice(body[start:end], start, end)
    shift = start - len("<x>")
    item.start, item.end = item.start + shift, item.end + shift
    item.cuts = [(first + shift, last + shift) for first, last in item.cuts]
    return item


def _broken_slice(text: bytes, start: int, end: int) -> RawItem:
    """An item that is not well-formed: what identifies it, as far as can be told."""
    said: dict[bytes, str] = {}
    for name, value in _IDENTITY_ELEMENT.findall(text[:_IDENTITY_WITHIN]):
        said.setdefault(name.lower(), value.decode("utf-8", "replace").strip())
    return RawItem(
        start=start,
        end=end,
        hash=blake2b(text, digest_size=6).hexdigest(),
        guid=said.get(b"guid") or said.get(b"id") or "",
        link=said.get(b"link", ""),
        title=said.get(b"title", ""),
        published=said.get(b"pubdate") or said.get(b"published") or "",
        elements=text.count(b"<"),
        refused=end - start > MAX_BROKEN_BYTES,
        malformed=True,
    )


def assemble(scan: Scan, wanted: Sequence[RawItem]) -> bytes:
    """The body with only the wanted items, without what costs and says nothing."""
    kept = {id(item) for item in wanted}
    cuts = list(scan.cuts)
    for item in scan.items:
        cuts.extend(item.cuts if id(item) in kept else [(item.start, item.end)])
    end = len(scan.body) if scan.closing is None else scan.items[-1].end
    ranges = kept_ranges(scan.root_start, end, sorted(cuts))
    head = b"<?xml version='1.0' encoding='utf-8'?>\n"
    return head + b"".join(scan.body[a:b] for a, b in ranges) + (scan.closing or b"")
