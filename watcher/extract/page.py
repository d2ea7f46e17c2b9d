"""An article page to text and metadata."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import unquote

import trafilatura

from watcher.extract.metadata import Metadata, read_metadata
from watcher.extract.signs import not_the_article
from watcher.model import Failure, FailureReason, PageData
from watcher.text.charset import decode
from watcher.text.clean import clean_line, clean_text
from watcher.text.lang import detect_lang
from watcher.text.page import MAX_PAGE, parse_html

HEAVY = 40_000
"""Tags. Above this trafilatura could take minutes (100,000 links: 44 s), so paragraphs are read plainly."""
_MIN_PARAGRAPH = 40
_WORTH_KEEPING = 80

_OTHER_TYPES = re.compile(
    r"^(?:image|audio|video|font)/|^application/(?!xhtml|xml|octet-stream)", re.IGNORECASE
)
_BINARY = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b")

# Its warnings quote what pages hold; the reasons are told by the returned values.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def extract_page(
    body: bytes,
    *,
    url: str,
    content_type: str,
    now: datetime,
    entry_title: str = "",
    entry_published: datetime | None = None,
) -> PageData | Failure:
    """Text and metadata of an article page, given as bytes (never as address or path).

    If the fragment of ``url`` names an element, that one is read (a post of a live blog).
    What is no page is Failure(NOT_A_PAGE). A page that is not the article or not all of it is
    PageData with ``partial`` and the reason; its text is empty unless it is a teaser.
    """
    if not body.strip():
        return Failure(reason=FailureReason.EMPTY, detail="the answer has no content", url=url)
    if _OTHER_TYPES.match(content_type.strip()) or body.lstrip()[:4].startswith(_BINARY):
        kind = clean_line(content_type.partition(";")[0], 60) or "binary"
        return Failure(reason=FailureReason.NOT_A_PAGE, detail=f"{kind}, not a page", url=url)
    text = decode(body[: 2 * MAX_PAGE], content_type).text[:MAX_PAGE]
    tree = parse_html(text)
    if tree is None:
        return Failure(reason=FailureReason.NOT_A_PAGE, detail="no HTML in the answer", url=url)
    url, _, fragment = url.partition("#")
    metadata = read_metadata(tree, url=url, now=now)
    if fragment and len(part := _named_part(tree, fragment)) >= _WORTH_KEEPING:
        return PageData(
            url=url,
            title=clean_line(entry_title) or metadata.title,
            text=part,
            lang=detect_lang(part),
            site=metadata.site,
            published_at=entry_published or metadata.published_at,
            part=True,
        )
    visible = " ".join(islice(_visible(tree), 200))
    # trafilatura ends a paragraph with one line break; ours end with an empty line.
    article = main_text(tree, heavy=text.count("<") > HEAVY).replace("\n", "\n\n")
    article = _without_headline(clean_text(article), metadata)
    reason = not_the_article(article, visible, metadata, url=url, announced=entry_title)
    if reason in (FailureReason.SOFT_404, FailureReason.CONSENT, FailureReason.BLOCKED):
        article = ""
    elif reason is FailureReason.NO_TEXT and len(article) < _WORTH_KEEPING:
        article = metadata.description  # else it would be the words of some menu
    title = metadata.title or metadata.heading or clean_line(entry_title)
    return PageData(
        url=url,
        title=title,
        text=article,
        lang=detect_lang(article or f"{title} {metadata.description}"),
        author=metadata.author,
        site=metadata.site,
        canonical_url=metadata.canonical_url,
        published_at=_published(metadata, entry_published),
        partial=reason is not None,
        reason=reason,
    )


def _named_part(tree: Any, name: str) -> str:
    """The text of the element with that id, by paragraphs where it has any."""
    found = tree.xpath("//*[@id=$name]", name=unquote(name))
    if not found:
        return ""
    paragraphs = list(islice(found[0].iter("p", "h2", "h3", "li", "blockquote"), 500))
    texts = [clean_line(e.text_content(), 5_000) for e in paragraphs or found]
    return clean_text("\n\n".join(dict.fromkeys(texts)))


def _without_headline(text: str, metadata: Metadata) -> str:
    """Many pages hold the headline inside of the article: it is no paragraph of the text."""
    first, _, rest = text.partition("\n\n")
    return rest if first and first in (metadata.title, metadata.heading) else text


def _visible(tree: Any) -> Any:
    """Pieces of text in the body, in order, without those of scripts and styles."""
    for element in tree.iter("title", "p", "h1", "h2", "h3", "li", "span", "div", "button", "a"):
        if element.text and not element.text.isspace():
            yield clean_line(element.text, 300)


def main_text(tree: Any, *, heavy: bool) -> str:
    """The article's text, a paragraph a line; ``heavy`` pages are read by paragraphs alone."""
    if heavy:
        return _paragraphs(tree)
    try:
        document: Any = trafilatura.bare_extraction(
            tree, fast=True, include_comments=False, with_metadata=False
        )
    except Exception:  # it raises whatever its dozen helpers happen to raise
        return _paragraphs(tree)
    return (document.text or "") if document is not None else ""


def _paragraphs(tree: Any) -> str:
    """Linear: paragraphs and headings with at least a few words."""
    found = next(tree.iter("article", "main"), tree)
    texts = (element.text_content() for element in islice(found.iter("p", "h2", "h3"), 5_000))
    return "\n".join(
        line for text in texts if len(line := clean_line(text, 5_000)) > _MIN_PARAGRAPH
    )


def _published(metadata: Metadata, entry_published: datetime | None) -> datetime | None:
    """The page's time where it states one; a bare day only refutes a feed that is days off, and
    a time that nothing marks as the article's refutes none."""
    page = metadata.published_at
    if page is None or entry_published is None:
        return page or entry_published
    same_day = metadata.published_day and abs(page - entry_published) < timedelta(days=2)
    return entry_published if same_day or metadata.published_guess else page
