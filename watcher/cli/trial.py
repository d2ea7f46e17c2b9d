"""``feeds test``: what a poll of an address would see, and what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.cli.output import now_utc
from watcher.errors import WatcherError
from watcher.model import EntryData, Failure, FeedData, FeedKind, PageData

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.fetch import Fetcher, Response
    from watcher.model import FoundFeed
    from watcher.workers import WorkerPool


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


async def try_feed(
    settings: Settings,
    url: str,
    *,
    kind: FeedKind = FeedKind.FEED,
    selector: str | None = None,
    read: bool = False,
) -> Trial:
    """Poll an address once; raises WatcherError where it can't be fetched."""
    from watcher.app import fetch_settings
    from watcher.fetch import Fetcher
    from watcher.workers import WorkerPool

    async with Fetcher(fetch_settings(settings)) as fetcher, WorkerPool(1) as workers:
        response = await _fetch(fetcher, url, "feed")
        data = await workers.parse_feed(
            response.body or b"",
            url=response.url,
            content_type=response.content_type,
            window={},
            now=now_utc(),
            kind=kind,
            selector=selector,
        )
        found = await _discover(workers, response) if isinstance(data, Failure) else ()
        article, page = await _read(fetcher, workers, data) if read else (None, None)
    return Trial(url=url, response=response, data=data, found=found, article=article, page=page)


async def first_feed(
    settings: Settings, found: Sequence[FoundFeed], *, most: int = 8
) -> tuple[FoundFeed, Trial] | None:
    """The first of these addresses that really is a feed with entries or a title."""
    for feed in found[:most]:
        try:
            trial = await try_feed(settings, feed.url)
        except WatcherError:
            continue
        if isinstance(trial.data, FeedData):
            return feed, trial
    return None


async def _fetch(fetcher: Fetcher, url: str, accept: Any) -> Response:
    from watcher.fetch import Request

    response = await fetcher.fetch(Request(url=url, accept=accept), now=now_utc())
    if isinstance(response, Failure):
        raise WatcherError(f"{url}: {response.reason}: {response.detail}".rstrip(": "))
    return response


async def _discover(workers: WorkerPool, response: Response) -> tuple[FoundFeed, ...]:
    found = await workers.discover_feeds(
        response.body or b"", url=response.url, content_type=response.content_type
    )
    return () if isinstance(found, Failure) else tuple(found)


async def _read(
    fetcher: Fetcher, workers: WorkerPool, data: FeedData | Failure
) -> tuple[EntryData | None, PageData | Failure | None]:
    if isinstance(data, Failure):
        return None, None
    entry = next((e for e in data.entries if e.url), None)
    if entry is None or entry.url is None:
        return None, None
    try:
        response = await _fetch(fetcher, entry.url, "page")
    except WatcherError as error:
        from watcher.model import FailureReason

        return entry, Failure(reason=FailureReason.NO_TEXT, detail=str(error), url=entry.url)
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
