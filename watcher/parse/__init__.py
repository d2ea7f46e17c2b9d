"""Feeds of every kind to entries: a body goes in, what the caller did not know comes out.

Pure: no network, no clock. Whatever the body holds, the answer is FeedData or a Failure; what
costs too much time or memory is for the worker's limits.
"""

from __future__ import annotations

from watcher.parse.feed import parse_feed

__all__ = ["parse_feed"]
