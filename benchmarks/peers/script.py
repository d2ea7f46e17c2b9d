"""The plain script that anybody would write: feedparser in threads, SQLite, trafilatura.

    python script.py URLS DATABASE [pages]

Conditional requests by urllib, whole feeds by feedparser, with ``pages`` new entries' pages by
trafilatura in its default setting.
"""

from __future__ import annotations

import sqlite3
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any


def poll(job: tuple[str, str | None, str | None]) -> tuple[str, Any, Any, list[Any]] | None:
    url, etag, modified = job
    request = urllib.request.Request(url)
    if etag:
        request.add_header("If-None-Match", etag)
    if modified:
        request.add_header("If-Modified-Since", modified)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            body, headers = answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return None
        raise
    import feedparser

    entries = feedparser.parse(BytesIO(body)).entries
    return url, headers.get("ETag"), headers.get("Last-Modified"), entries


def read(link: str) -> str:
    import trafilatura

    with urllib.request.urlopen(link, timeout=30) as answer:
        return trafilatura.extract(answer.read(), with_metadata=True) or ""


def main() -> None:
    urls = Path(sys.argv[1]).read_text().split()
    database = sqlite3.connect(sys.argv[2])
    database.execute("create table if not exists feeds (url primary key, etag, modified)")
    database.execute(
        "create table if not exists entries (id primary key, feed, title, link, summary, text)"
    )
    stored = {row[0]: row for row in database.execute("select url, etag, modified from feeds")}
    known = {row[0] for row in database.execute("select id from entries")}
    with ThreadPoolExecutor(10) as threads:
        for found in threads.map(poll, [stored.get(url, (url, None, None)) for url in urls]):
            if found is None:
                continue
            url, etag, modified, entries = found
            new = [e for e in entries if e.get("id", e.link) not in known]
            texts = threads.map(read, [e.link for e in new]) if "pages" in sys.argv else [""] * 999
            database.executemany(
                "insert or ignore into entries values (?, ?, ?, ?, ?, ?)",
                [
                    (e.get("id", e.link), url, e.title, e.link, e.summary, text)
                    for e, text in zip(new, texts, strict=False)
                ],
            )
            database.execute("replace into feeds values (?, ?, ?)", (url, etag, modified))
            database.commit()


main()
