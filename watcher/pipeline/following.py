"""The Atom feed that follows the hits: written anew whenever a pass changed them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from watcher.output import NEWEST, AtomEntry, write_atom
from watcher.storage import HitFilter, HitRecord, Store

NAME = "hits"


def follow(store: Store, path: Path, *, now: datetime) -> bool:
    """Bring the Atom file up to date with the newest hits; returns whether it changed.

    Cheap where nothing did: one indexed read and a comparison with the file. Raises WatcherError
    where the file can't be written.
    """
    newest = store.review.hits(HitFilter(limit=NEWEST))
    return write_atom(path, [entry_of(hit) for hit in newest], name=NAME, now=now)


def entry_of(hit: HitRecord) -> AtomEntry:
    """A hit as an entry: its best sentences, then why it is one."""
    why = "; ".join(hit.reasons[:5])
    paragraphs = [*hit.sentences, f"Score {hit.score:.0f}. {why}".strip()]
    return AtomEntry(
        id=hit.id,
        title=hit.title,
        url=hit.url,
        publisher=hit.publisher,
        lang=hit.lang,
        topic=hit.topic,
        summary="\n\n".join(paragraphs),
        updated_at=hit.decided_at,
        published_at=hit.published_at,
    )
