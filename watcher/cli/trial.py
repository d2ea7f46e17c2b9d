"""``feeds test``: what a poll of an address would see, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watcher.cli.output import now_utc
from watcher.errors import UsageError, WatcherError
from watcher.model import EntryData, Failure, FeedData, FeedKind, FeedSpec, PageData
from watcher.urls import registered_domain

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.fetch import Fetcher, Request, Response
    from watcher.model import FoundFeed
    from watcher.workers import WorkerPool


class UnfetchedError(WatcherError):
    """Nothing came from the address; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.url}: {failure.reason}: {failure.detail}".rstrip(": "))
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One poll of an address, not stored."""

    url: str
    response: Response
    data: FeedData | Failure
    found: tuple[FoundFeed, ...] = ()
    """Feeds that the page points to, where it is a page."""
    article: EntryData | None = None
    page: PageData | Failure | None = None


async def try_feed(settings: Settings, spec: FeedSpec, *, read: bool = False) -> Trial:
    """Poll a feed once, as the service would; raises UnfetchedError where nothing comes."""
    from watcher.app import fetch_settings
    from watcher.fetch import Fetcher, Request
    from watcher.pipeline.polling import parse_body
    from watcher.workers import WorkerPool

    async with Fetcher(fetch_settings(settings)) as fetcher, WorkerPool(1) as workers:
        response = await _fetch(fetcher, Request(url=spec.url))
        data = await parse_body(workers, response, spec, window={}, clock=now_utc)
        found = await _discover(workers, response) if isinstance(data, Failure) else ()
        article, page = await _read(fetcher, workers, data, spec) if read else (None, None)
    return Trial(
        url=spec.url, response=response, data=data, found=found, article=article, page=page
    )


async def first_feed(
    settings: Settings, found: Sequence[FoundFeed], *, most: int = 8
) -> tuple[FoundFeed, Trial] | None:
    """The first of these addresses that really is a feed with entries or a title."""
    for feed in found[:most]:
        try:
            trial = await try_feed(settings, plain_spec(feed.url))
        except UnfetchedError:
            continue
        if isinstance(trial.data, FeedData):
            return feed, trial
    return None


def stated_specs(url: str, kind: FeedKind | None, selector: str | None) -> list[FeedSpec]:
    """What an address stands for by its looks alone: engines' feeds, a channel, a page, a feed."""
    from watcher.config.search import PREFIX, expand_search

    if url.startswith(PREFIX):
        try:
            searches = expand_search(url)
        except ValueError as error:
            raise UsageError(f"{url}: {error}") from None
        return [
            replace(plain_spec(s.url), name=f"{s.engine}: {s.query}", tags=("search",))
            for s in searches
        ]
    if selector and kind is None:
        kind = FeedKind.LISTING
    url, kind = telegram(url if "://" in url else f"https://{url}", kind)
    return [replace(plain_spec(url), kind=kind or FeedKind.FEED, selector=selector)]


def plain_spec(url: str) -> FeedSpec:
    """A feed of which nothing is known but the address."""
    domain = registered_domain(url)
    return FeedSpec(url=url, name=domain, publisher=domain)


def telegram(url: str, kind: FeedKind | None) -> tuple[str, FeedKind | None]:
    """A channel's public page is what can be polled: https://t.me/NAME is https://t.me/s/NAME."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, kind  # fetching it says what is wrong
    if parts.hostname != "t.me" or kind not in (None, FeedKind.TELEGRAM):
        return url, kind
    name = parts.path.removeprefix("/s/").strip("/")
    return f"https://t.me/s/{name}", FeedKind.TELEGRAM


async def _fetch(fetcher: Fetcher, request: Request) -> Response:
    response = await fetcher.fetch(request, now=now_utc())
    if isinstance(response, Failure):
        raise UnfetchedError(replace(response, url=request.url))
    return response


async def _discover(workers: WorkerPool, response: Response) -> tuple[FoundFeed, ...]:
    found = await workers.discover_feeds(
        response.body or b"", url=response.url, content_type=response.content_type
    )
    return () if isinstance(found, Failure) else tuple(found)


async def _read(
    fetcher: Fetcher, workers: WorkerPool, data: FeedData | Failure, spec: FeedSpec
) -> tuple[EntryData | None, PageData | Failure | None]:
    from watcher.fetch import Request

    if isinstance(data, Failure):
        return None, None
    entry = next((e for e in data.entries if e.url), None)
    if entry is None or entry.url is None:
        return None, None
    try:
        page_request = Request(url=entry.url, accept="page", ignore_robots=spec.ignore_robots)
        response = await _fetch(fetcher, page_request)
    except UnfetchedError as error:
        return entry, error.failure
    page = await workers.extract_page(
        response.body or b"",
        url=response.url,
        content_type=response.content_type,
        now=now_utc(),
        entry_title=entry.title,
        entry_published=entry.published_at,
    )
    return entry, page


def oddities(trial: Trial) -> list[str]:
    """What a careful person would want to know about this feed."""
    data, response = trial.data, trial.response
    if isinstance(data, Failure):
        return []
    odd = [*data.notes]
    if not data.entries:
        odd.append("no entries")
    if response.etag is None and response.last_modified is None:
        odd.append("no validators: every poll transfers the whole body")
    if response.redirects:
        kind = "for good" if response.permanent_url else "for now"
        odd.append(f"redirected {kind} to {response.url}")
    undated = sum(entry.published_at is None for entry in data.entries)
    if undated:
        odd.append(f"{undated} of {len(data.entries)} entries have no believable date")
    without = sum(entry.url is None for entry in data.entries)
    if without:
        odd.append(f"{without} of {len(data.entries)} entries have no link")
    return odd
