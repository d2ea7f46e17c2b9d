"""Article pages to text and metadata, the feeds of a site.

Pure: bytes in, data out. What a hostile page costs is bounded here where that is cheap and by
the worker's limits everywhere else.
"""

from __future__ import annotations

from watcher.extract.discover import discover_feeds
from watcher.extract.page import extract_page

__all__ = ["discover_feeds", "extract_page"]
