"""HTML to a tree, with the inputs disarmed that make the parser itself slow."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree, html

MAX_PAGE = 5 * 1024 * 1024
"""Characters of a page that are looked at."""
MAX_TAGS = 150_000
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
# libxml2 compares every attribute of a tag with every other: 50,000 take it ten seconds. Long
# tags with few attributes are honest (images inside of addresses).
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{20000,}>?")
_MAX_ATTRIBUTES = 1_000


def parse_html(text: str) -> Any | None:
    """lxml tree of a decoded page, cut where it is absurdly long; None if there is nothing in it.

    A charset that the page declares has no effect: the text is decoded already.
    """
    text = _CONTROL.sub("", _DECLARATION.sub("", text[:MAX_PAGE]))
    tags = text.count("<")
    if tags > MAX_TAGS:
        text = text[: len(text) * MAX_TAGS // tags]
    text = _LONG_TAG.sub(_disarm, text)
    parser = html.HTMLParser(
        collect_ids=False, encoding="utf-8", remove_comments=True, remove_pis=True
    )
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    return tree if len(tree) else None


def base_href(tree: Any) -> str:
    """What the page's links are relative to, as its ``<base>`` states it; empty if it has none."""
    return next((base.get("href") for base in tree.iter("base") if base.get("href")), "")


def _disarm(tag: re.Match[str]) -> str:
    return tag.group() if tag.group().count("=") <= _MAX_ATTRIBUTES else "<div>"
