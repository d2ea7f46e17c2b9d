"""Feeds and pages of one outlet, as bytes: no sockets, and the time comes from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from watcher.demo.content import FeedFormat, Outlet, SampleEntry, furniture, template

FEED_PATHS: Mapping[FeedFormat, str] = {
    FeedFormat.RSS: "/rss.xml",
    FeedFormat.ATOM: "/feed.atom",
    FeedFormat.RDF: "/index.rdf",
    FeedFormat.JSON: "/feed.json",
}
FEED_TYPES: Mapping[FeedFormat, str] = {
    FeedFormat.RSS: "application/rss+xml",
    FeedFormat.ATOM: "application/atom+xml",
    FeedFormat.RDF: "application/rdf+xml",
    FeedFormat.JSON: "application/feed+json",
}
ROBOTS = "User-agent: *\nDisallow: /private/\n"
_TEMPLATES = ("page.html", "home.html", "rss.xml", "atom.xml", "rdf.xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What one path answers with."""

    content: bytes
    content_type: str
    modified: datetime
    etag: str
    """Without its quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEntry:
    """An entry of the outlet with the time it was published."""

    entry: SampleEntry
    published: datetime


class SiteRenderer:
    """Renders an outlet that answers under ``base`` (``http://127.0.0.12:4711``)."""

    def __init__(self, outlet: Outlet, base: str) -> None:
        self.outlet = outlet
        self.base = base
        self._zone = timezone(timedelta(hours=outlet.utc_offset))
        self._words = furniture()[outlet.lang]

    @property
    def feed_path(self) -> str:
        return FEED_PATHS[self.outlet.format]

    def site(self, placed: Sequence[PlacedEntry]) -> dict[str, Body]:
        """Path -> body for the feed, the front page, robots.txt and every article page."""
        newest_first = sorted(placed, key=lambda one: one.published, reverse=True)
        newest = newest_first[0].published
        bodies = {
            self.feed_path: self._body(
                self._feed(newest_first), FEED_TYPES[self.outlet.format], newest
            ),
            "/": self._body(self._home(newest_first), "text/html", newest),
            "/robots.txt": self._body(ROBOTS, "text/plain", newest),
        }
        for one in newest_first:
            if not one.entry.gone:
                html = self._page(one, newest_first)
                bodies[one.entry.path] = self._body(html, "text/html", one.published)
        return bodies

    def _body(self, text: str, content_type: str, modified: datetime) -> Body:
        content = text.encode(self.outlet.charset, "xmlcharrefreplace")
        digest = sha256(content).hexdigest()[:16]
        return Body(content=content, content_type=content_type, modified=modified, etag=digest)

    def _feed(self, placed: Sequence[PlacedEntry]) -> str:
        if self.outlet.format is FeedFormat.JSON:
            return self._json_feed(placed)
        return self._render(
            f"{self.outlet.format}.xml",
            entries=_entries(placed),
            dates={one.entry.slug: self._local(one.published) for one in placed},
            newest=self._local(placed[0].published),
        )

    def _json_feed(self, placed: Sequence[PlacedEntry]) -> str:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.outlet.name,
            "description": self.outlet.tagline,
            "language": self.outlet.lang,
            "home_page_url": f"{self.base}/",
            "feed_url": self.base + self.feed_path,
            "items": [self._json_entry(one) for one in placed],
        }
        return json.dumps(feed, ensure_ascii=False, indent=1)

    def _json_entry(self, one: PlacedEntry) -> dict[str, Any]:
        entry = one.entry
        stated = {
            "id": f"{self.outlet.id}:{entry.slug}",
            "url": self.base + entry.link,
            "title": entry.title,
            "summary": entry.summary,
            "date_published": self._local(one.published).isoformat(),
            "authors": [{"name": entry.author or self.outlet.name}],
            "tags": [entry.section],
            "language": self.outlet.lang,
        }
        # The format wants a content field in every item; a short one is the common practice.
        content = _html_body(entry) if self.outlet.full_content else _paragraph(entry.summary)
        return {**stated, "content_html": content}

    def _home(self, placed: Sequence[PlacedEntry]) -> str:
        return self._render("home.html", entries=_entries(placed))

    def _page(self, one: PlacedEntry, placed: Sequence[PlacedEntry]) -> str:
        entry = one.entry
        at = placed.index(one)
        neighbours = _entries([*placed[at + 1 :], *placed[:at]])
        published = self._local(one.published)
        return self._render(
            "page.html",
            entry=entry,
            published=published,
            related=[{"path": "/", "title": title} for title in entry.related] or neighbours[:4],
            most_read=neighbours[4:7],
            json_ld=self._json_ld(entry, published),
        )

    def _json_ld(self, entry: SampleEntry, published: datetime) -> dict[str, Any]:
        return {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": entry.title,
            "inLanguage": self.outlet.lang,
            "articleSection": entry.section,
            "datePublished": published.isoformat(),
            "mainEntityOfPage": self.base + entry.path,
            "author": {"@type": "Person", "name": entry.author or self.outlet.name},
            "publisher": {"@type": "Organization", "name": self.outlet.name},
        }

    def _render(self, name: str, **values: Any) -> str:
        return (
            _environment()
            .get_template(name)
            .render(
                outlet=self.outlet,
                base=self.base,
                words=self._words,
                feed_path=self.feed_path,
                feed_type=FEED_TYPES[self.outlet.format],
                **values,
            )
        )

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)


def _entries(placed: Sequence[PlacedEntry]) -> list[SampleEntry]:
    return [one.entry for one in placed]


def _html_body(entry: SampleEntry) -> str:
    return "".join(map(_paragraph, entry.paragraphs))


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=DictLoader({name: template(name) for name in _TEMPLATES}),
    )
    environment.filters["rfc822"] = format_datetime
    environment.filters["paragraph"] = _paragraph
    environment.filters["html_body"] = _html_body
    return environment
