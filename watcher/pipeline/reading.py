"""Read: from entries to articles. A page that can't be read is no reason to miss its news."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from watcher.decide.backoff import entry_retry
from watcher.errors import StorageError, WatcherError
from watcher.fetch import Request
from watcher.model import (
    ArticleId,
    ArticleText,
    EntryState,
    Failure,
    FailureReason,
    FeedKind,
    PageData,
    ReadPolicy,
)
from watcher.pipeline.context import LEASE, Context, Tally
from watcher.pipeline.flow import Flow, Stage, write_each
from watcher.storage import ArticleData, EntryRecord, ReadOutcome
from watcher.urls import canonical, registered_domain

INTAKE = 256
"""Entries in hand at once; the fetcher limits what is really open."""

# Tried again, these could turn out well; the others say something final about the address.
_FINAL = {
    FailureReason.READ_NEVER,
    FailureReason.NOT_PLAUSIBLE,
    FailureReason.NO_LINK,
    FailureReason.BAD_URL,
    FailureReason.ROBOTS,
    FailureReason.NOT_A_PAGE,
    FailureReason.HTTP_410,
    FailureReason.FORBIDDEN_ADDRESS,
}

_log = logging.getLogger(__name__)

_VANISHED = {FailureReason.HTTP_404, FailureReason.HTTP_410, FailureReason.SOFT_404}


class Reading:
    """Fetches the pages of due entries and stores their articles."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._being_read: dict[str, asyncio.Event] = {}

    async def run(self, tally: Tally) -> int:
        """Read what is due; returns how many entries were done."""
        context = self._context

        async def claim(room: int, full: Collection[str]) -> Sequence[EntryRecord]:
            return await context.stored(
                context.store.articles.claim_entries,
                now=context.clock(),
                limit=room,
                lease=LEASE,
                full=full,
            )

        async def record(batch: list[tuple[EntryRecord, ReadOutcome]]) -> None:
            outcomes = [outcome for _entry, outcome in batch]
            await write_each(batch, self._write, self._give_up)
            for entry, _outcome in batch:
                self._let_go(entry)
            _count(outcomes, tally)
            context.progress("read", len(outcomes))

        async def release(entries: list[EntryRecord]) -> None:
            for entry in entries:
                self._let_go(entry)
            ids = [entry.id for entry in entries]
            await context.stored(context.store.articles.release_entries, ids)

        stage = Stage(
            intake=INTAKE,
            identify=lambda entry: entry.id,
            claim=claim,
            work=self._read_safely,
            record=record,
            release=release,
            host=lambda entry: entry.host,
            gather=0.25,
        )
        return await Flow(stage, context.stopping).run()

    async def _write(self, batch: Sequence[tuple[EntryRecord, ReadOutcome]]) -> None:
        outcomes = [outcome for _entry, outcome in batch]
        articles = self._context.store.articles
        await self._context.stored(articles.record_reads, outcomes, now=self._context.clock())

    async def _give_up(self, read: tuple[EntryRecord, ReadOutcome]) -> None:
        """What was read can't be stored: try again later, and in the end let it be."""
        entry, _outcome = read
        _log.error("entry %s: its article can't be stored", entry.url)
        await self._write([(entry, self._fault(entry))])

    async def _read_safely(self, entry: EntryRecord) -> ReadOutcome:
        try:
            return await self._read_once(entry)
        except StorageError:
            raise
        except Exception as error:
            # An unknown fault costs this page only, loudly: the feed's own words are scored.
            trace = None if isinstance(error, WatcherError) else error
            _log.error("entry %s: unexpected fault: %s", entry.url, error, exc_info=trace)
            fault = self._fault(entry)
            article = article_from(entry, None, self._context.clock(), fault.reason)
            return replace(fault, article=article)

    def _fault(self, entry: EntryRecord) -> ReadOutcome:
        return ReadOutcome(
            entry_id=entry.id,
            state=EntryState.UNREADABLE,
            reason=FailureReason.PARSE_ERROR,
            detail="unexpected fault, see log",
            next_try_at=entry_retry(entry.attempts + 1, self._context.clock()),
            known_article=entry.article_id,
        )

    async def _read_once(self, entry: EntryRecord) -> ReadOutcome:
        """Two feeds often bring the same page: the first entry reads it, the others find it."""
        if entry.url is None:
            return await self._read(entry)
        address = str(canonical(entry.url))
        known = entry.known_article
        while (other := self._being_read.get(address)) is not None:
            await other.wait()
            articles = self._context.store.articles
            known = (await self._context.stored(articles.known, [address])).get(address)
        self._being_read[address] = asyncio.Event()
        if known is None:
            return await self._read(entry)
        if known == entry.article_id or entry.revision > 1:
            return await self._read_again(entry, known)
        return ReadOutcome(entry_id=entry.id, state=EntryState.READ, known_article=known)

    async def _read_again(self, entry: EntryRecord, known: ArticleId) -> ReadOutcome:
        """Look at a page that was read before: its feed edited the entry, or edit watch asks."""
        page = await self._page(entry)
        now = self._context.clock()
        if isinstance(page, PageData) and not page.partial:
            return ReadOutcome(
                entry_id=entry.id, state=EntryState.READ, article=article_from(entry, page, now)
            )
        return ReadOutcome(
            entry_id=entry.id,
            state=EntryState.SCORED,
            reason=page.reason,
            known_article=known,
            vanished=page.reason in _VANISHED,
        )

    def _let_go(self, entry: EntryRecord) -> None:
        if entry.url is not None:
            event = self._being_read.pop(str(canonical(entry.url)), None)
            if event is not None:
                event.set()

    async def _read(self, entry: EntryRecord) -> ReadOutcome:
        page = await self._page(entry)
        now = self._context.clock()
        if isinstance(page, PageData) and not page.partial:
            return ReadOutcome(
                entry_id=entry.id, state=EntryState.READ, article=article_from(entry, page, now)
            )
        reason = page.reason or FailureReason.NO_TEXT
        detail = page.detail if isinstance(page, Failure) else ""
        asked = reason is not FailureReason.HELD_BACK
        tries = entry.attempts + asked
        wait = page.retry_after if isinstance(page, Failure) else None
        retry = None if reason in _FINAL else entry_retry(tries, now, wait)
        skipped = reason in (FailureReason.READ_NEVER, FailureReason.NOT_PLAUSIBLE)
        return ReadOutcome(
            entry_id=entry.id,
            state=EntryState.SKIPPED if skipped else EntryState.UNREADABLE,
            reason=reason,
            detail=detail,
            asked=asked,
            next_try_at=retry,
            article=article_from(entry, page if isinstance(page, PageData) else None, now, reason),
        )

    async def _page(self, entry: EntryRecord) -> PageData | Failure:
        spec = entry.feed.spec
        if entry.url is None:
            return Failure(reason=FailureReason.NO_LINK)
        if spec.kind == FeedKind.TELEGRAM and entry.content:
            # The feed is the page; a message's own page has its text for search engines only.
            return PageData(text=entry.content)
        if not spec.reads_pages:
            return Failure(reason=FailureReason.READ_NEVER, url=entry.url)
        if spec.read == ReadPolicy.PLAUSIBLE and not await self._plausible(entry):
            return Failure(reason=FailureReason.NOT_PLAUSIBLE, url=entry.url)
        self._context.workers.expect_pages()
        now = self._context.clock()
        response = await self._context.fetcher.fetch(
            Request(url=entry.url, accept="page", ignore_robots=spec.ignore_robots), now=now
        )
        if isinstance(response, Failure):
            return response
        return await self._context.workers.extract_page(
            response.body or b"",
            url=response.url,
            content_type=response.content_type,
            now=now,
            entry_title=entry.title,
            entry_published=entry.published_at,
        )

    async def _plausible(self, entry: EntryRecord) -> bool:
        stated = ArticleText(
            title=entry.title, text=entry.content, summary=entry.summary, url=entry.url or ""
        )
        topics = tuple(entry.feed.spec.topics)
        return await self._context.workers.plausible(stated, topics)


def _count(outcomes: Sequence[ReadOutcome], tally: Tally) -> None:
    for outcome in outcomes:
        if outcome.article is None:
            tally.reread += 1
        elif outcome.article.partial:
            tally.partial += 1
        else:
            tally.pages += 1


def article_from(
    entry: EntryRecord,
    page: PageData | None,
    now: datetime,
    reason: FailureReason | None = None,
) -> ArticleData:
    """The article of an entry: what its page says, else what the feed says of it."""
    url = entry.url or ""
    own = str(canonical(url)) if url else f"entry:{entry.feed.id}:{entry.key}"
    stated = entry.content or ""
    text, title, lang, author = stated, entry.title, entry.lang or entry.feed.lang, entry.author
    published, canonical_url, read = entry.published_at, own, False
    if page is not None:
        # A cut-off page can say less than the feed itself.
        if len(page.text) > len(stated) or not page.partial:
            text, read = page.text, True
        title = entry.title or page.title
        lang = page.lang or lang
        author = page.author or author
        published = entry.published_at or page.published_at
        canonical_url = _claimed(page.canonical_url, url) or own
    fetched = page is not None
    return ArticleData(
        canonical_url=canonical_url,
        urls=(own,),
        url=url,
        feed_id=entry.feed.id,
        title=title,
        summary=entry.summary,
        text=text,
        lang=_short(lang),
        author=author,
        publisher=_publisher(entry),
        published_at=published,
        first_seen_at=entry.first_seen_at,
        fetched_at=now if fetched else None,
        partial=not read or (page is not None and page.partial),
        reason=reason,
        backlog=entry.backlog,
        content_hash=_hash(title, page.title if page else "", entry.summary, text),
        page_title=page.title if page else "",
    )


def _claimed(claimed: str | None, url: str) -> str | None:
    """The page's own canonical address, unless it names somebody else's site or only a home page.

    A hostile page could otherwise claim the address of another publisher's article, which would
    then count as read.
    """
    if not claimed or registered_domain(claimed) != registered_domain(url):
        return None
    address = str(canonical(claimed))
    return address if address.split("://", 1)[-1].rstrip("/").count("/") else None


def _publisher(entry: EntryRecord) -> str:
    # A search feed or an aggregator speaks for many publishers: the link says which.
    own = registered_domain(entry.url) if entry.url else ""
    spec = entry.feed.spec
    if "search" in spec.tags and own and own != registered_domain(spec.url):
        return own
    return spec.publisher


def _short(lang: str | None) -> str | None:
    return lang.split("-")[0].split("_")[0].lower()[:3] or None if lang else None


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
