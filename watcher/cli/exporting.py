"""``hits export``: which writer makes which format, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from watcher.cli.export import as_csv, as_jsonl, as_markdown, as_opml
from watcher.cli.output import say
from watcher.errors import WatcherError
from watcher.storage import HitFilter, Store

FORMATS = ("csv", "jsonl", "json", "markdown", "atom", "opml")


def exported(store: Store, form: str, wanted: HitFilter, *, now: datetime) -> Iterable[str]:
    """The lines of one format."""
    if form == "opml":
        return as_opml(feed.spec for feed in store.feeds.all())
    found = store.review.hits(wanted)
    if form == "csv":
        return as_csv(found)
    if form == "jsonl":
        return as_jsonl(found)
    if form == "json":
        return _array(as_jsonl(found))
    if form == "markdown":
        return as_markdown(found)
    from watcher.output import atom
    from watcher.pipeline.following import NAME, entry_of

    return atom([entry_of(hit) for hit in found], name=NAME, now=now).splitlines()


def _array(lines: Iterable[str]) -> Iterator[str]:
    """JSON objects as one array, written as it comes."""
    yield "["
    last = None
    for line in lines:
        if last is not None:
            yield f"  {last},"
        last = line
    if last is not None:
        yield f"  {last}"
    yield "]"


def write_out(lines: Iterable[str], out: Path | None) -> int:
    """Write the lines to a file, or to stdout (also for ``-``); returns how many."""
    if out is None or out == Path("-"):
        count = 0
        for line in lines:
            say(line)
            count += 1
        sys.stdout.flush()
        return count
    try:
        with out.open("w", encoding="utf-8", newline="\n") as stream:
            count = 0
            for line in lines:
                stream.write(line + "\n")
                count += 1
    except OSError as error:
        raise WatcherError(f"{out}: can't be written: {error.strerror}") from None
    return count
