"""Article pages to text and metadata, the language of a text, the feeds of a site.

Pure: bytes in, data out. What a hostile page costs is bounded here where that is cheap and by
the worker's limits everywhere else.
"""

from __future__ import annotations

from watcher.extract.discover import discover_feeds
from watcher.extract.lang import detect_lang
from watcher.extract.page import extract_page

__all__ = ["detect_lang", "discover_feeds", "extract_page"]
