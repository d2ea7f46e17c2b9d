"""``parse_feed``: which reader a body needs, which of its entries are new, what to say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any

from watcher.model import EntryData, EntryKey, Failure, FailureReason, FeedData, FeedKind
from watcher.parse.htmlkinds import read_listing, read_telegram
from watcher.parse.otherkinds import read_json_feed, read_sitemap
from watcher.parse.scan import HostileFeedError, RawItem, Scan
from watcher.parse.stated import (
    Listing,
    NotThisKindError,
    Stated,
    finish,
    language_code,
    within_budget,
)
from watcher.parse.window import MAX_WINDOW, Sighting, recognise
from watcher.parse.xmlfeed import FeedparserError, Prepared, prepare, read_items, read_whole
from watcher.text.charset import Decoded, decode
from watcher.text.clean import clean_line, strip_html
from watcher.text.dates import parse_date

MAX_NEW = 1_000
"""Entries handed out by one parse."""
MAX_RAW = 4_000_000
MAX_ELEMENTS = 60_000
"""What feedparser is given at most in one parse: bytes and elements (about 2 s)."""
_FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What came with the body."""

    url: str
    window: Mapping[str, str]
    now: datetime
    kind: FeedKind
    selector: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What the body says about its feed."""

    title: str = ""
    lang: str | None = None
    channel: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def parse_feed(
    body: bytes,
    *,
    url: str,
    content_type: str,
    window: Mapping[str, str],
    now: datetime,
    kind: FeedKind = FeedKind.FEED,
    selector: str | None = None,
) -> FeedData | Failure:
    """Entries of a feed's body that are new or changed since ``window`` was returned.

    ``window`` is FeedData.window of the last parse, or empty: items whose bytes are the same are
    only counted (``known``). What exceeds the limits of one parse is counted in ``remaining`` and
    is not in the returned window: parsing the same body with it hands out more. A valid feed
    without entries is FeedData; HTML instead of a feed is Failure(NOT_A_FEED).
    """
    if not body.strip():
        return Failure(reason=FailureReason.EMPTY, detail="the answer has no content", url=url)
    asked = _Asked(url=url, window=window, now=now, kind=kind, selector=selector)
    decoded = decode(body, content_type)
    try:
        if kind is FeedKind.FEED and _is_xml(decoded.text):
            return _parse_xml(decoded, asked)
        return _parse_other(decoded, asked)
    except NotThisKindError as error:
        reason, detail = FailureReason.NOT_A_FEED, str(error)
    except HostileFeedError as error:
        reason, detail = FailureReason.PARSE_LIMIT, str(error)
    except (FeedparserError, RecursionError) as error:
        reason, detail = FailureReason.PARSE_ERROR, str(error)
    return Failure(reason=reason, detail=clean_line(detail, 300), url=url)


def _is_xml(text: str) -> bool:
    return text[:1_000].lstrip("\ufeff \t\r\n")[:1] not in ("{", "[")


# -------------------------------------------------------------------------------- every kind


def _parse_other(decoded: Decoded, asked: _Asked, kind: FeedKind | None = None) -> FeedData:
    """The kinds that are cheap to read in full: only what is new is then cleaned."""
    listing = _listing(decoded.text, asked, kind or asked.kind)
    about = _About(
        title=listing.title, lang=language_code(listing.lang), notes=_charset_notes(decoded)
    )
    return _from_stated(listing.entries, about, asked)


def _listing(text: str, asked: _Asked, kind: FeedKind) -> Listing:
    if kind is FeedKind.SITEMAP:
        return read_sitemap(text, asked.now)
    if kind is FeedKind.TELEGRAM:
        return read_telegram(text, asked.url, asked.now)
    if kind is FeedKind.LISTING:
        return read_listing(text, asked.url, asked.selector or "a", asked.now)
    return read_json_feed(text, asked.now)


def _from_stated(stated: Sequence[Stated], about: _About, asked: _Asked) -> FeedData:
    """FeedData of entries that were read in full: only those that are new are handed out."""
    items = newest(stated, asked.now)
    sightings = recognise(items, asked.window)
    new = [s for s in sightings if not s.known]
    finished = [finish(s.item, s.key, base=asked.url, lang=about.lang) for s in new[:MAX_NEW]]
    later = {s.key for s in new[MAX_NEW:]}
    return _feed_data(about, sightings, finished, later, beyond=len(stated) - len(items))


def newest_first(items: Sequence[Any], now: datetime) -> Sequence[Any]:
    """The items with the newest first, if the feed lists them the other way round."""
    if len(items) < 2:
        return items
    first = parse_date(items[0].published, now)
    last = parse_date(items[-1].published, now)
    return items[::-1] if first and last and first < last else items


def newest(items: Sequence[Any], now: datetime) -> Sequence[Any]:
    """The newest items, as many as a window holds.

    An archive may list them in any order, and then dates decide. Where those are missing nothing
    says at which end the new stands: both ends are kept, so that it is seen at either.
    """
    if len(items) <= MAX_WINDOW:
        return newest_first(items, now)
    dates = [(parse_date(item.published, now), item) for item in items]
    dated = [(date, item) for date, item in dates if date is not None]
    dated.sort(key=itemgetter(0), reverse=True)
    undated = [item for date, item in dates if date is None]
    room = max(MAX_WINDOW - len(dated), MAX_WINDOW // 2)
    if len(undated) > room:
        undated = undated[: room // 2] + undated[-(room // 2) :]
    return [*undated, *(item for _date, item in dated)][:MAX_WINDOW]


def _feed_data(
    about: _About,
    sightings: Sequence[Sighting[Any]],
    finished: Sequence[EntryData],
    later: set[EntryKey],
    *,
    beyond: int = 0,
) -> FeedData:
    """Everything known about the body, with as many of the finished entries as one reply holds.

    ``later`` holds the keys of new entries that were not tried. New ones that are neither there
    nor finished can't be read: they count as known from now on, so that they are told of once.
    """
    entries = within_budget(finished)
    new = sum(not s.known for s in sightings)
    dropped = new - len(later) - len(finished)
    later = later | {entry.key for entry in finished[len(entries) :]}
    return FeedData(
        title=clean_line(strip_html(about.title)),
        lang=about.lang,
        entries=tuple(entry for entry in entries if entry.title or entry.url),
        window={s.key: s.value for s in sightings if s.key not in later},
        known=len(sightings) - new,
        remaining=len(later),
        ttl=_ttl(about.channel.get("ttl", ())),
        skip_hours=_skip_hours(about.channel.get("hour", ())),
        skip_days=_skip_days(about.channel.get("day", ())),
        notes=(
            *about.notes,
            *([f"entries-dropped:{dropped}"] if dropped else ()),
            *([f"entries-beyond:{beyond}"] if beyond else ()),
        ),
    )


# ------------------------------------------------------------------------------- RSS, Atom, RDF


def _parse_xml(decoded: Decoded, asked: _Asked) -> FeedData:
    prepared = prepare(decoded)
    scan = prepared.scan
    notes = (*(["malformed"] if prepared.malformed else ()), *_charset_notes(decoded))
    if scan is not None and scan.root in _SITEMAP_ROOTS:
        return _parse_other(decoded, asked, FeedKind.SITEMAP)
    if scan is not None and scan.root in _FEED_ROOTS:
        try:
            return _parse_scanned(scan, asked, notes)
        except FeedparserError:
            pass  # scanner and feedparser disagree about what is an entry: ask only the latter
    return _parse_whole(prepared, asked, notes)


def _parse_scanned(scan: Scan, asked: _Asked, notes: tuple[str, ...]) -> FeedData:
    about = _About(
        title=_first(scan.channel, "title"),
        lang=_declared_lang(scan),
        channel=scan.channel,
        notes=notes,
    )
    items = newest(scan.items, asked.now)
    sightings = recognise(items, asked.window)
    new = [s for s in sightings if not s.known and not s.item.refused]
    wanted = list(_affordable(new))
    in_order = sorted((s.item for s in wanted), key=lambda item: item.start)
    read = read_items(scan, in_order, base=asked.url, now=asked.now)
    stated = {id(item): entry for item, entry in read}
    finished = [
        finish(stated[id(s.item)], s.key, base=asked.url, lang=about.lang)
        for s in wanted
        if id(s.item) in stated
    ]
    later = {s.key for s in new[len(wanted) :]}
    return _feed_data(about, sightings, finished, later, beyond=len(scan.items) - len(items))


def _affordable(new: Sequence[Sighting[RawItem]]) -> Iterator[Sighting[RawItem]]:
    """The first of the new items, as many as feedparser can read in reasonable time."""
    size = elements = 0
    for sighting in islice(new, MAX_NEW):
        size += sighting.item.end - sighting.item.start
        elements += sighting.item.elements
        if size > MAX_RAW or elements > MAX_ELEMENTS:
            return
        yield sighting


def _parse_whole(prepared: Prepared, asked: _Asked, notes: tuple[str, ...]) -> FeedData:
    parsed, stated = read_whole(prepared.body, base=asked.url, now=asked.now)
    if not stated and not parsed.get("version"):
        root = f"<{prepared.scan.root}>" if prepared.scan else "something malformed"
        raise NotThisKindError(f"not a feed but {root}")
    feed = parsed["feed"]
    about = _About(
        title=feed.get("title") or "",
        lang=language_code(feed.get("language")),
        channel={"ttl": [feed.get("ttl") or ""]},
        notes=notes,
    )
    return _from_stated(stated, about, asked)


def _charset_notes(decoded: Decoded) -> tuple[str, ...]:
    return ("wrong-charset",) if decoded.wrong else ()


def _first(channel: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(channel.get(name, ())), "")


def _declared_lang(scan: Scan) -> str | None:
    named = _first(scan.channel, "language") or _first(scan.channel, "dc:language")
    return language_code(named or scan.lang)


def _ttl(values: Sequence[str]) -> timedelta | None:
    for value in values:
        minutes = _number(value)
        if minutes is not None and 0 < minutes <= 7 * 24 * 60:
            return timedelta(minutes=minutes)
    return None


def _skip_hours(values: Sequence[str]) -> tuple[int, ...]:
    hours = {_number(value) for value in values}
    return tuple(sorted({hour % 24 for hour in hours if hour is not None and hour <= 24}))


def _skip_days(values: Sequence[str]) -> tuple[int, ...]:
    days = {value.strip().lower() for value in values}
    return tuple(number for number, name in enumerate(_DAYS) if name in days)


def _number(text: str) -> int | None:
    text = text.strip()[:9]
    return int(text) if text.isascii() and text.isdigit() else None
