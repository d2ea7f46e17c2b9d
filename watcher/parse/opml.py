"""OPML: lists of feeds as other readers write and read them. Folders are tags.

What OPML has no word for (the kind, a selector, what is read) stands in attributes of our own
namespace, which others pass over, so that an exported list can be imported again as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from watcher.model import FeedKind, FeedSpec, ReadPolicy, TopicId
from watcher.text.clean import clean_line
from watcher.urls import clean_link, registered_domain

_MOST_FEEDS = 20_000
_DEEPEST = 20
_NAMESPACE = "urn:watcher:feed"


def read_opml(body: bytes) -> tuple[list[FeedSpec], list[str]]:
    """The feeds of an OPML file, and one line for each outline that can't be used.

    A feed that stands in several folders has the tags of all. Raises ValueError with the line
    where the file isn't XML or isn't OPML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"line {error.lineno}: not well-formed XML: {error.msg}") from None
    if root.tag != "opml":
        raise ValueError(f"expected an OPML list, found <{clean_line(str(root.tag), 60)}>")
    found: dict[str, FeedSpec] = {}
    problems: list[str] = []
    for element, folders in _outlines(root, ()):
        try:
            feed = _feed(element, folders)
        except ValueError as error:
            problems.append(f"line {element.sourceline}: {error}")
            continue
        if (met := found.get(feed.url)) is not None:
            found[feed.url] = replace(met, tags=_distinct([*met.tags, *feed.tags]))
        elif len(found) < _MOST_FEEDS:
            found[feed.url] = feed
    return list(found.values()), problems


def _outlines(
    element: etree._Element, folders: tuple[str, ...]
) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    if len(folders) > _DEEPEST:
        return
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.get("xmlUrl") is not None:
            yield child, folders
        elif child.tag == "outline":
            name = clean_line(child.get("text") or child.get("title") or "", 60)
            yield from _outlines(child, (*folders, name) if name else folders)
        else:
            yield from _outlines(child, folders)


def _feed(element: etree._Element, folders: tuple[str, ...]) -> FeedSpec:
    """The feed of an outline; ValueError says what is wrong with it."""
    stated = element.get("xmlUrl") or ""
    url = clean_link(stated, stated)
    if url is None:
        raise ValueError(f"{clean_line(stated, 100) or '(none)'}: not a web address")
    try:
        kind = FeedKind(_own(element, "kind") or FeedKind.FEED)
        read = ReadPolicy(_own(element, "read") or ReadPolicy.ALL)
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from None
    selector = _own(element, "selector") or None
    if (kind is FeedKind.LISTING) != (selector is not None):
        raise ValueError(f"{url}: a listing and a selector go together")
    every = _own(element, "every")
    if every and not (every.isascii() and every.isdigit() and len(every) < 9):
        raise ValueError(f"{url}: every is a number of seconds, not {every}")
    return FeedSpec(
        url=url,
        name=clean_line(element.get("title") or element.get("text") or "", 200)
        or registered_domain(url),
        publisher=_own(element, "publisher") or registered_domain(url),
        every=timedelta(seconds=int(every)) if every else None,
        topics=tuple(map(TopicId, _listed(_own(element, "topics")))),
        read=read,
        kind=kind,
        selector=selector,
        tags=_distinct([*folders, *_listed(element.get("category") or "")]),
        ignore_robots=_own(element, "robots") == "false",
        origin="cli",
    )


def _own(element: etree._Element, name: str) -> str:
    return clean_line(element.get(f"{{{_NAMESPACE}}}{name}") or "", 500)


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def write_opml(feeds: Iterable[FeedSpec], *, title: str) -> str:
    """An OPML 2.0 list. A feed stands in the folder of its first tag, the others are categories."""
    folders: dict[str, list[FeedSpec]] = {}
    for feed in feeds:
        folders.setdefault(feed.tags[0] if feed.tags else "", []).append(feed)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:watcher="{_NAMESPACE}">',
        f"  <head><title>{escape(title)}</title></head>",
        "  <body>",
    ]
    for folder, members in sorted(folders.items()):
        indent = "      " if folder else "    "
        if folder:
            lines.append(f"    <outline text={quoteattr(folder)}>")
        lines += [f"{indent}<outline {_attributes(feed)}/>" for feed in members]
        if folder:
            lines.append("    </outline>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _attributes(feed: FeedSpec) -> str:
    """An outline's attributes; those of our own only where they say something."""
    stated = {
        "type": "rss",
        "text": feed.name,
        "xmlUrl": feed.url,
        "category": _joined(feed.tags[1:]),
        "watcher:publisher": feed.publisher
        if feed.publisher != registered_domain(feed.url)
        else "",
        "watcher:kind": feed.kind if feed.kind is not FeedKind.FEED else "",
        "watcher:selector": feed.selector or "",
        "watcher:read": feed.read if feed.read is not ReadPolicy.ALL else "",
        "watcher:every": "" if feed.every is None else f"{feed.every.total_seconds():.0f}",
        "watcher:topics": _joined(feed.topics),
        "watcher:robots": "false" if feed.ignore_robots else "",
    }
    return " ".join(f"{name}={quoteattr(value)}" for name, value in stated.items() if value)


def _joined(names: Iterable[str]) -> str:
    """A list with commas, as OPML has its categories; what divides them is spelt out in a name."""
    return ",".join(
        name.replace("%", "%25").replace(",", "%2C").replace("/", "%2F") for name in names
    )


def _listed(text: str) -> list[str]:
    """The names in such a list; others also write paths: ``/World/Caucasus`` is two names."""
    names = (name for path in text.split(",") for name in path.split("/"))
    listed = (
        clean_line(name.replace("%2F", "/").replace("%2C", ",").replace("%25", "%"), 60)
        for name in names
    )
    return [name for name in listed if name]
