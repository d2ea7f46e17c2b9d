"""What the last parse of a feed saw, and which of today's items it already knew.

The window maps an entry key to a short hash of the raw item, followed by the key that the entry
has by its link, title and date alone: when a publisher renumbers its guids, that one still fits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from watcher.model import EntryKey
from watcher.parse.stated import Identity
from watcher.urls import article_address, entry_key, names_a_page

MAX_WINDOW = 10_000
_HASH = 12
ItemT = TypeVar("ItemT", bound=Identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting(Generic[ItemT]):
    """An item of this body with its key; ``known`` if the window holds the same bytes."""

    item: ItemT
    key: EntryKey
    value: str
    """Its value in the window."""
    known: bool


def recognise(items: Sequence[ItemT], window: Mapping[str, str]) -> list[Sighting[ItemT]]:
    """Give every distinct item its key, in order; repeated items are left out."""
    by_hash = {value[:_HASH]: key for key, value in window.items()}
    sightings: list[Sighting[ItemT] | None] = []
    taken: set[str] = set()
    for item in items:
        key = by_hash.get(item.hash)
        if key is not None and key not in taken:
            taken.add(key)
            sightings.append(Sighting(item=item, key=EntryKey(key), value=window[key], known=True))
        else:
            sightings.append(None)
    if None not in sightings:
        return [s for s in sightings if s]
    by_alias = {value[_HASH:]: key for key, value in window.items() if len(value) > _HASH}
    hashes = {s.item.hash for s in sightings if s}
    found = []
    for item, sighting in zip(items, sightings, strict=True):
        if sighting is not None:
            found.append(sighting)
        elif item.hash not in hashes:
            hashes.add(item.hash)
            new = _identify(item, window, by_alias, taken)
            if new is not None:
                taken.add(new.key)
                found.append(new)
    return found


def _identify(
    item: ItemT, window: Mapping[str, str], by_alias: Mapping[str, str], taken: set[str]
) -> Sighting[ItemT] | None:
    """The key of an item whose bytes are new; None if it repeats another of this body."""
    alias = _alias(item)
    # An item without any of these is known by its bytes alone.
    said = item.title or item.hash if not (item.guid or item.link) else item.title
    key = entry_key(item.guid, item.link, said, item.published)
    if key not in window and (former := by_alias.get(alias)) and former not in taken:
        key = EntryKey(former)
    # Some feeds give every item the same guid: fall back to what else tells them apart.
    for other in (alias, entry_key(None, None, item.hash)):
        if other and key in taken:
            key = EntryKey(other)
    if key in taken:
        return None
    return Sighting(item=item, key=key, value=item.hash + alias, known=False)


def _alias(item: Identity) -> str:
    """The key by link, title and date alone; empty where the item has only one of them.

    One alone repeats: untitled notes, a column's standing title, a link to the front page. What
    then came anew would be taken for an edit of what just scrolled out.
    """
    tells = (item.title, item.published, item.link and names_a_page(item.link))
    if sum(map(bool, tells)) < 2:
        return ""
    return entry_key(None, None, f"{item.title} {article_address(item.link)}", item.published)
