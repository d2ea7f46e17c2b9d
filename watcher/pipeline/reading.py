"""Read: from entries to articles. A page that can't be read is no reason to miss its news."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from watcher.decide.backoff import entry_retry
from watcher.decide.sameness import Met, meet, same_headline
from watcher.errors import StorageError, WatcherError
from watcher.fetch import Request
from watcher.model import (
    ArticleId,
    ArticleText,
    EntryId,
    EntryState,
    Failure,
    FailureReason,
    FeedKind,
    PageData,
    ReadPolicy,
)
from watcher.pipeline.context import LEASE, Context, Tally
from watcher.pipeline.flow import Flow, Stage, write_each
from watcher.storage import ArticleData, EntryRecord, KnownArticle, ReadOutcome
from watcher.urls import article_address, canonical, names_a_page, registered_domain

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

_WALLS = {FailureReason.SOFT_404, FailureReason.CONSENT, FailureReason.BLOCKED}
_VANISHED = {FailureReason.HTTP_404, FailureReason.HTTP_410, FailureReason.SOFT_404}


class Reading:
    """Fetches the pages of due entries and stores their articles."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._being_read: dict[str, tuple[EntryId, asyncio.Event]] = {}

    async def run(self, tally: Tally) -> int:
        """Read what is due; returns how many entries were done."""
        context = self._context

        async def claim(room: int, full: Collection[str]) -> Sequence[EntryRecord]:
            return await context.stored(
                context.store.entries.claim,
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
            await context.stored(context.store.entries.release, ids)

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
        entries = self._context.store.entries
        await self._context.stored(entries.record, outcomes, now=self._context.clock())

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
            known_article=_id(entry.own),
        )

    async def _read_once(self, entry: EntryRecord) -> ReadOutcome:
        """Two feeds often bring the same page: the first entry reads it, the others find it."""
        if entry.own is not None and not entry.own.partial:
            return await self._read_again(entry, entry.own)
        if entry.own is not None or not _links_to_a_page(entry):
            return await self._read(entry)
        address, known = article_address(entry.url or ""), entry.known
        while (other := self._being_read.get(address)) is not None:
            await other[1].wait()
            entries = self._context.store.entries
            known = (await self._context.stored(entries.known, [address])).get(address)
        if known is not None and (met := meet(entry.words, known.met)) is not Met.UNREAD:
            return await self._meet(entry, known, met)
        self._being_read[address] = entry.id, asyncio.Event()
        return await self._read(entry)

    async def _meet(self, entry: EntryRecord, known: KnownArticle, met: Met) -> ReadOutcome:
        if met is Met.SAME:
            return ReadOutcome(entry_id=entry.id, state=EntryState.READ, known_article=known.id)
        if met is Met.STANDING:
            return await self._read_again(entry, known)
        if met is Met.BEING_TRIED:
            return self._leave_to_another(entry, known)
        shared = Failure(reason=FailureReason.NO_LINK, detail="it links to another's page")
        return self._unread(entry, shared, apart=True)

    def _leave_to_another(self, entry: EntryRecord, known: KnownArticle) -> ReadOutcome:
        """The page could not be read, and another entry tries it again: only the words are new."""
        reason = known.met.reason or FailureReason.NO_TEXT
        return ReadOutcome(
            entry_id=entry.id,
            state=EntryState.UNREADABLE,
            reason=reason,
            known_article=known.id,
            article=article_from(entry, None, self._context.clock(), reason),
        )

    async def _read_again(self, entry: EntryRecord, known: KnownArticle) -> ReadOutcome:
        """Look at a page that was read before: its feed edited the entry, or edit watch asks."""
        page = await self._page(entry)
        now = self._context.clock()
        if isinstance(page, PageData) and not page.partial:
            return ReadOutcome(
                entry_id=entry.id,
                state=EntryState.READ,
                known_article=known.id,
                article=article_from(entry, page, now),
            )
        if entry.watched:
            return ReadOutcome(
                entry_id=entry.id,
                state=EntryState.SCORED,
                reason=page.reason,
                known_article=known.id,
                vanished=page.reason in _VANISHED,
            )
        # What the feed says now counts at once, and the page is tried again like any other.
        vanished = page.reason in _VANISHED and entry.attempts == 0
        return replace(self._unread(entry, page), vanished=vanished)

    def _let_go(self, entry: EntryRecord) -> None:
        address = article_address(entry.url or "")
        reader, event = self._being_read.get(address, (None, None))
        if event is not None and reader == entry.id:
            del self._being_read[address]
            event.set()

    async def _read(self, entry: EntryRecord) -> ReadOutcome:
        """Read a page for the first time, or once more."""
        page = await self._page(entry)
        if not isinstance(page, PageData) or page.partial:
            return self._unread(entry, page)
        return ReadOutcome(
            entry_id=entry.id,
            state=EntryState.READ,
            known_article=_id(entry.own),
            article=article_from(entry, page, self._context.clock()),
        )

    def _unread(
        self, entry: EntryRecord, page: PageData | Failure, *, apart: bool = False
    ) -> ReadOutcome:
        """What the feed says is scored meanwhile."""
        now = self._context.clock()
        reason = page.reason or FailureReason.NO_TEXT
        asked = reason is not FailureReason.HELD_BACK
        tries = entry.attempts + asked
        wait = page.retry_after if isinstance(page, Failure) else None
        skipped = reason in (FailureReason.READ_NEVER, FailureReason.NOT_PLAUSIBLE)
        found = page if isinstance(page, PageData) else None
        return ReadOutcome(
            entry_id=entry.id,
            state=EntryState.SKIPPED if skipped else EntryState.UNREADABLE,
            reason=reason,
            detail=page.detail if isinstance(page, Failure) else "",
            asked=asked,
            next_try_at=None if reason in _FINAL else entry_retry(tries, now, wait),
            known_article=_id(entry.own),
            article=article_from(entry, found, now, reason, apart=apart),
        )

    async def _page(self, entry: EntryRecord) -> PageData | Failure:
        spec = entry.feed.spec
        if entry.url is None or not _links_to_a_page(entry):
            return Failure(reason=FailureReason.NO_LINK)
        if spec.kind == FeedKind.TELEGRAM and entry.content:
            # The feed is the page; a message's own page has its text for search engines only.
            return PageData(text=entry.content)
        if not spec.reads_pages:
            return Failure(reason=FailureReason.READ_NEVER, url=entry.url)
        if spec.read == ReadPolicy.PLAUSIBLE and not await self._plausible(entry):
            return Failure(reason=FailureReason.NOT_PLAUSIBLE, url=entry.url)
        page = await self._fetched(entry, entry.url)
        name = _part_named(entry.url)
        if (
            isinstance(page, Failure)
            or page.part
            or not name
            or same_headline(entry.title, page.title)
        ):
            return page
        # The page of many posts, of which this one can't be told from the others.
        return Failure(reason=FailureReason.NO_LINK, detail=f"the page shows no {name}")

    async def _fetched(self, entry: EntryRecord, url: str) -> PageData | Failure:
        self._context.workers.expect_pages()
        now = self._context.clock()
        response = await self._context.fetcher.fetch(
            Request(url=url, accept="page", ignore_robots=entry.feed.spec.ignore_robots), now=now
        )
        if isinstance(response, Failure):
            return response
        return await self._context.workers.extract_page(
            response.body or b"",
            url=response.url.partition("#")[0] + _part_named(url),
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
    *,
    apart: bool = False,
) -> ArticleData:
    """The article of an entry: what its page says, else what the feed says of it.

    ``apart``: its address is that of another article.
    """
    linked = _links_to_a_page(entry) and not apart
    own = article_address(entry.url or "") if linked else entry.name
    stated = entry.content or ""
    text, title, lang, author = stated, entry.title, entry.lang or entry.feed.lang, entry.author
    published, page_title, read = entry.published_at, "", False
    claims: tuple[str, ...] = ()
    if page is not None:
        # A cut-off page can say less than the feed itself.
        if len(page.text) > len(stated) or not page.partial:
            text, read = page.text, True
        lang = page.lang or lang
    if page is not None and page.reason not in _WALLS:  # which say nothing of the article
        page_title = page.title
        title = entry.title or page_title
        author = page.author or author
        published = page.published_at or published
        # What a page says of itself holds for none of the posts on it.
        claims = _claims(page, own) if own == canonical(entry.url or "") else ()
    fetched = page is not None
    return ArticleData(
        canonical_url=claims[0] if claims else own,
        urls=(own, *claims[1:]),
        claims=claims,
        url=entry.url or "",
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
        content_hash=_hash(title, page_title, entry.summary, text),
        page_title=page_title,
        edited=entry.revision > 1 and not entry.watched,
    )


def _claims(page: PageData, own: str) -> tuple[str, ...]:
    """Other addresses of a page, the best first: its canonical one, and where redirects led.

    Only on the site that answered: a hostile page could otherwise claim the address of another
    publisher's article, which would then count as read.
    """
    canonical_url = page.canonical_url or ""
    if registered_domain(canonical_url) != registered_domain(page.url):
        canonical_url = ""
    named = [str(canonical(url)) for url in (canonical_url, page.url) if url and names_a_page(url)]
    return tuple(address for address in dict.fromkeys(named) if address != own)


def _links_to_a_page(entry: EntryRecord) -> bool:
    """Whether it has a link of its own: the front page of a site is nobody's article."""
    return entry.url is not None and names_a_page(entry.url) and not entry.apart


def _part_named(url: str) -> str:
    """The fragment of a link to one of several posts on a page, else nothing."""
    return article_address(url).removeprefix(canonical(url))


def _id(article: KnownArticle | None) -> ArticleId | None:
    return article.id if article is not None else None


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
