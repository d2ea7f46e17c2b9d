"""JSON Feed and news sitemaps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.parsers import expat

from watcher.parse.stated import Listing, NotThisKindError, Stated, hashed
from watcher.text.dates import parse_date

# ------------------------------------------------------------------------------------ JSON Feed


def read_json_feed(text: str, now: datetime) -> Listing:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org)."""
    try:
        feed = json.loads(text.lstrip("\ufeff \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise NotThisKindError(f"not JSON: {error}") from None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotThisKindError("JSON without the list of items that a JSON Feed has")
    items = [item for item in feed["items"] if isinstance(item, dict)]
    return Listing(
        entries=[_json_entry(item, now) for item in items],
        title=_text(feed, "title"),
        lang=_text(feed, "language"),
    )


def _json_entry(item: Mapping[str, Any], now: datetime) -> Stated:
    content = _text(item, "content_html") or _text(item, "content_text")
    return hashed(
        Stated(
            guid=_text(item, "id"),
            link=_text(item, "url") or _text(item, "external_url"),
            title=_text(item, "title"),
            summary=_text(item, "summary"),
            content=content,
            author=", ".join(_json_authors(item)),
            lang=_text(item, "language"),
            published=_text(item, "date_published"),
            published_at=parse_date(_text(item, "date_published"), now),
            updated_at=parse_date(_text(item, "date_modified"), now),
        )
    )


def _json_authors(item: Mapping[str, Any]) -> Iterator[str]:
    authors = item.get("authors")
    for author in authors[:10] if isinstance(authors, list) else [item.get("author")]:
        if isinstance(author, dict) and (name := _text(author, "name")):
            yield name


def _text(value: Mapping[str, Any], key: str) -> str:
    """A field that should be text; ids are numbers in some feeds."""
    found = value.get(key)
    if isinstance(found, str):
        # JSON can spell lone surrogates, which nothing after this could encode.
        return found.encode("utf-8", "replace").decode("utf-8")
    is_number = isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63
    return str(found) if is_number else ""


# -------------------------------------------------------------------------------- news sitemap

_FIELDS = {
    "loc": "link",
    "lastmod": "updated",
    "news:title": "title",
    "news:publication_date": "published",
    "news:language": "lang",
    "news:name": "publication",
    "news:keywords": "keywords",
}


def read_sitemap(text: str, now: datetime) -> Listing:
    """News sitemap (``urlset`` with the Google News extension); without titles, links alone."""
    reader = _SitemapReader()
    try:
        reader.parse(text)
    except expat.ExpatError as error:
        raise NotThisKindError(f"not well-formed: {error}") from None
    if reader.root == "sitemapindex":
        first = next((url["link"] for url in reader.urls if url.get("link")), "none")
        raise NotThisKindError(f"an index of sitemaps, add those that it lists, such as {first}")
    if reader.root != "urlset":
        raise NotThisKindError(f"not a sitemap but {reader.root}")
    linked = [url for url in reader.urls if url.get("link")]
    if reader.urls and not linked:
        raise NotThisKindError("a sitemap, but none of its entries has an address")
    return Listing(
        entries=[_sitemap_entry(url, now) for url in linked],
        title=next((url["publication"] for url in reader.urls if "publication" in url), ""),
    )


def _sitemap_entry(url: Mapping[str, str], now: datetime) -> Stated:
    published = url.get("published") or url.get("updated") or ""
    return hashed(
        Stated(
            link=url["link"],
            title=url.get("title") or _title_from_link(url["link"]),
            lang=url.get("lang", ""),
            published=published,
            published_at=parse_date(published, now),
            updated_at=parse_date(url.get("updated", ""), now),
        )
    )


def _title_from_link(link: str) -> str:
    """``/2024/05/some-words-here.html`` -> ``some words here``: better than nothing to judge by."""
    last = link.rstrip("/").rpartition("/")[2].partition("?")[0].rpartition(".")
    return (last[0] or last[2]).replace("-", " ").replace("_", " ")


class _SitemapReader:
    """Prefixes are free to choose, so names are told by the namespaces that they stand for.

    A prefix that is declared nowhere is let pass: the customary ones are clear enough.
    """

    def __init__(self) -> None:
        self.root = ""
        self.urls: list[dict[str, str]] = []
        self.pieces: list[str] = []
        self.depth = 0
        self.own = ""
        """The prefix of the root element, hence of what is the sitemap's own."""
        self.news = {"news", "n"}
        """Prefixes of the Google News extension."""

    def parse(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.pieces.append
        start = max(text.find("<"), 0)
        parser.Parse(text[start:].encode("utf-8", "replace"), True)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        self.pieces.clear()
        self.note_prefixes(attributes)
        prefix, _, local = name.rpartition(":")
        if self.depth == 1:
            self.root, self.own = local, prefix
        elif local in ("url", "sitemap") and self.depth == 2:
            self.urls.append({})

    def note_prefixes(self, attributes: Mapping[str, str]) -> None:
        for name, namespace in attributes.items():
            declared, _, prefix = name.partition(":")
            if declared == "xmlns" and "sitemap-news" in namespace:
                self.news.add(prefix)
            elif declared == "xmlns":
                self.news.discard(prefix)

    def end(self, name: str) -> None:
        # "image:loc" and "video:title" must not be mistaken for the page's own.
        prefix, _, local = name.rpartition(":")
        own = _FIELDS.get(local) if prefix == self.own else None
        wanted = own or (_FIELDS.get(f"news:{local}") if prefix in self.news else None)
        if wanted and self.urls:
            self.urls[-1].setdefault(wanted, "".join(self.pieces).strip())
        self.pieces.clear()
        self.depth -= 1
