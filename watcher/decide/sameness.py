"""Whether what is met at a known address is the known article: an address alone does not tell.

Some feeds link every entry to one page, some sites name one canonical address for all pages, dead
links lead to an archive. Taken for the known article, news would be lost without a trace; taken
for another one, the same article is read and stored twice, and grouped into one story. So what
does not clearly say the same is another article.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.model import FailureReason

_WORD = re.compile(r"\w+")
_TELLING = 3
"""Words of a headline that can't be part of another one by chance."""
_LONG = 4
_SAME_TEXT = 0.5
"""Share of the shorter text's three-word runs in the longer one: a print version, an update."""
_COMPARED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What an article, or an entry on its way to one, says of itself."""

    feed: int | None
    """The feed that brought it first."""
    seen_at: datetime
    title: str
    """As its feed has it, else its page."""
    page_title: str = ""
    summary: str = ""
    text: str = ""
    """Of its page; empty where that was not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stored article, and how far its page was read."""

    words: Words
    partial: bool
    reason: FailureReason | None
    being_tried: bool
    """An entry waits to read its page, perhaps once more."""
    claimed: bool = False
    """Nobody linked it by this address: its page or a redirect named it."""


class Met(StrEnum):
    """What an entry finds at its address."""

    SAME = "same"
    STANDING = "standing"  # the same page, with something new on it: such as a forecast
    BEING_TRIED = "being-tried"  # it could not be read, and another entry tries it again
    UNREAD = "unread"
    ANOTHER = "another"


def meet(new: Words, known: Known) -> Met:
    """Whether an entry with the link of a known article means that article.

    One feed lists an article once, unless it exchanged the guid; then it says the same. Another
    feed may say it in other words, if the page at this address was an article of its own: one whose
    headline is that of the entry which led there first.
    """
    said = known.words
    one_feed = new.feed == said.feed
    if one_feed:
        same = _headline_of(new, said) and _folded(new.summary) in ("", _folded(said.summary))
    else:
        own_page = not known.claimed and same_headline(said.title, said.page_title)
        same = own_page or _headline_of(new, said)
    if known.partial and not known.being_tried:
        return Met.ANOTHER if one_feed and not same else Met.UNREAD
    if not same:
        return Met.ANOTHER
    if known.partial:
        return Met.BEING_TRIED
    return Met.STANDING if one_feed and said.seen_at < new.seen_at else Met.SAME


def same_headline(one: str, other: str) -> bool:
    """Whether two headlines are one, perhaps cut off or with the name of the site."""
    shorter, longer = sorted((_folded(one), _folded(other)), key=len)
    if shorter == longer:
        return bool(shorter)
    return shorter.count(" ") + 1 >= _TELLING and f" {shorter} " in f" {longer} "


def same_page(new: Words, known: Words) -> bool:
    """Whether a page that claims the address of a known article, or redirected there, is it."""
    if new.text and known.text and not _same_text(new.text, known.text):
        return False
    if _headline_of(new, known):
        return True
    return new.feed != known.feed and same_headline(known.title, known.page_title)


def covers(old: str, new: str) -> bool:
    """Whether an old text still holds what is said now: most of its longer words stand there."""
    said = {word for word in _words(new) if len(word) >= _LONG}
    return 2 * len(said.intersection(_words(old))) >= len(said)


def _headline_of(new: Words, known: Words) -> bool:
    if not _folded(new.title):
        return True
    return any(same_headline(new.title, title) for title in (known.title, known.page_title))


def _same_text(one: str, other: str) -> bool:
    # Late: most pages name no address but their own, and need no stories.
    from watcher.stories.sketch import overlap, sketch

    first, second = (sketch(_words(text[:_COMPARED])) for text in (one, other))
    return overlap(first, second)[1] >= _SAME_TEXT


def _folded(text: str) -> str:
    return " ".join(_words(text))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
