"""OPML: lists of feeds as other readers write and read them. Folders are tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from lxml import etree

from watcher.text.clean import clean_line
from watcher.urls import clean_link

_MOST_FEEDS = 20_000
_DEEPEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list."""

    url: str
    title: str = ""
    tags: tuple[str, ...] = ()


def read_opml(body: bytes) -> tuple[list[Outline], list[str]]:
    """The feeds of an OPML file, and one line for each outline that can't be used.

    Raises ValueError with the line where the file isn't XML or isn't OPML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"line {error.lineno}: not well-formed XML: {error.msg}") from None
    if root.tag != "opml":
        raise ValueError(f"expected an OPML list, found <{clean_line(str(root.tag), 60)}>")
    found: dict[str, Outline] = {}
    problems: list[str] = []
    for element, folders in _outlines(root, ()):
        stated = element.get("xmlUrl") or ""
        url = clean_link(stated, stated)
        title = clean_line(element.get("title") or element.get("text") or "", 200)
        if url is None:
            line = element.sourceline
            problems.append(
                f"line {line}: {clean_line(stated, 100) or '(none)'}: not a web address"
            )
        elif len(found) < _MOST_FEEDS:
            found.setdefault(url, Outline(url=url, title=title, tags=folders))
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


def write_opml(feeds: Iterable[Outline], *, title: str) -> str:
    """An OPML 2.0 list; a feed stands in the folder of its first tag."""
    folders: dict[str, list[Outline]] = {}
    for feed in feeds:
        folders.setdefault(feed.tags[0] if feed.tags else "", []).append(feed)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"  <head><title>{_escaped(title)}</title></head>",
        "  <body>",
    ]
    for folder, members in sorted(folders.items()):
        indent = "      " if folder else "    "
        if folder:
            lines.append(f"    <outline text={quoteattr(folder)}>")
        lines += [
            f'{indent}<outline type="rss" text={quoteattr(m.title or m.url)} '
            f"xmlUrl={quoteattr(m.url)}/>"
            for m in members
        ]
        if folder:
            lines.append("    </outline>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _escaped(text: str) -> str:
    return quoteattr(text)[1:-1]
