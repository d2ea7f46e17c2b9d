"""Feeds made of pages: public Telegram channels and plain lists of links."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector

from watcher.parse.stated import Listing, NotThisKindError, Stated, hashed
from watcher.text.clean import clean_line
from watcher.text.dates import parse_date
from watcher.text.page import base_href, parse_html
from watcher.urls import canonical, clean_link

_HEADLINE = 200
_MIN_WORDS = 2
_MIN_UNSPACED = 5
# Scripts without spaces between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=\S)")


def _tree(text: str) -> Any:
    tree = parse_html(text)
    if tree is None:
        raise NotThisKindError("no page but something else")
    return tree


def _all(tree: Any, selector: str) -> list[Any]:
    return list(CSSSelector(selector)(tree))


def _first_text(tree: Any, selector: str) -> str:
    return next((element.text_content() for element in _all(tree, selector)), "")


# ------------------------------------------------------------------------------------ Telegram


_TEXT_CLASS = "tgme_widget_message_text"


def read_telegram(text: str, url: str, now: datetime) -> Listing:
    """The preview page of a public channel, ``https://t.me/s/NAME``, newest message last."""
    tree = _tree(text)
    messages = _all(tree, ".tgme_widget_message[data-post]")
    title = _first_text(tree, ".tgme_channel_info_header_title")
    if not messages and not title:
        raise NotThisKindError(
            "no public channel preview: the channel is private or its preview is switched off"
        )
    entries = [_telegram_entry(message, url, now) for message in messages]
    return Listing(entries=[entry for entry in entries if entry], title=title)


def _telegram_entry(message: Any, url: str, now: datetime) -> Stated | None:
    for line_break in message.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    # A reply quotes the earlier message in an element of the same class; some stand nested.
    texts = [
        element.text_content()
        for element in _all(message, ".tgme_widget_message_text")
        if "js-message_reply_text" not in (element.get("class") or "")
        and not any(_TEXT_CLASS in (a.get("class") or "") for a in element.iterancestors())
    ]
    body = "\n\n".join(texts).strip()
    preview = _first_text(message, ".link_preview_title")
    if not body and not preview:
        return None
    post = message.get("data-post")
    date = next((t.get("datetime") for t in _all(message, "time[datetime]")), "")
    return hashed(
        Stated(
            guid=f"telegram {post}",
            link=clean_link(url, f"https://t.me/{post}") or "",
            title=headline(body or preview),
            content=_escape("\n\n".join(part for part in (body, preview) if part)),
            author=_first_text(message, ".tgme_widget_message_owner_name"),
            published=date,
            published_at=parse_date(date, now),
        )
    )


def headline(text: str) -> str:
    """The first line of a text, or its first sentence where the line is long."""
    line = clean_line(text.strip().partition("\n")[0], 2_000)
    if len(line) > _HEADLINE:
        line = _SENTENCE_END.split(line, maxsplit=1)[0]
    return line if len(line) <= _HEADLINE else line[:_HEADLINE].rpartition(" ")[0] + "…"


def _escape(text: str) -> str:
    """Plain text as markup, since entries are made plain later; every line break is kept."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br><br>")


# ------------------------------------------------------------------------------------- listing


def read_listing(text: str, url: str, selector: str, now: datetime) -> Listing:
    """Links of a page that a CSS selector picks: the links themselves or what holds them."""
    tree = _tree(text)
    try:
        picked = _all(tree, selector)
    except (SelectorError, etree.LxmlError) as error:
        raise NotThisKindError(f"selector {selector!r}: {error}") from None
    if not picked:
        raise NotThisKindError(f"selector {selector!r} picks nothing on this page")
    base = clean_link(url, base_href(tree)) or url
    entries: dict[str, Stated] = {}
    for element in picked:
        entry = _listing_entry(element, base, now)
        if entry is not None:
            entries.setdefault(canonical(entry.link), entry)
    return Listing(
        entries=list(entries.values()),
        title=next((t.text_content() for t in tree.iter("title")), ""),
        lang=tree.get("lang") or "",
    )


def _listing_entry(element: Any, base: str, now: datetime) -> Stated | None:
    links = [element] if element.tag == "a" else list(element.iter("a"))
    titled = max(links, key=lambda a: len(_link_text(a)), default=None)
    if titled is None:
        return None
    link = clean_link(base, titled.get("href") or "")
    title = _link_text(titled)
    leads_away = link and urlsplit(link).path.strip("/") + urlsplit(link).query
    if not link or not leads_away or not _is_headline(title):
        return None
    date = next((t.get("datetime") or t.text_content() for t in element.iter("time")), "")
    around = "" if element is titled else clean_line(element.text_content(), 1_000)
    return hashed(
        Stated(
            link=link,
            title=title,
            summary=_escape(around.replace(title, "", 1).strip()),
            published=date,
            published_at=parse_date(date, now),
        )
    )


def _is_headline(text: str) -> bool:
    """More than the single word of a menu."""
    return len(text.split()) >= _MIN_WORDS or len(_UNSPACED.findall(text)) >= _MIN_UNSPACED


def _link_text(link: Any) -> str:
    return clean_line(link.text_content() or link.get("title") or "")
