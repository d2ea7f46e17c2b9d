"""Feeds, and what a poll brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.model import Failure, FailureReason, FeedData, FeedId, FeedSpec, FeedState

ADDRESS = "address"
"""In a feed's schedule: the address to poll instead of what the user wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """A feed with all its state."""

    id: FeedId
    spec: FeedSpec
    state: FeedState
    next_poll_at: datetime
    first_polled_at: datetime | None
    last_polled_at: datetime | None
    last_new_at: datetime | None
    last_error: str | None
    last_error_detail: str | None
    failures: int
    title: str | None
    lang: str | None
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    schedule: Mapping[str, Any]
    host: str | None = None
    """What its requests are paced by."""

    @property
    def address(self) -> str:
        """Where it is polled: its server may have moved it for good."""
        return self.schedule.get(ADDRESS) or self.spec.url


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """One poll, about to be written in one transaction with its entries."""

    feed_id: FeedId
    at: datetime
    next_poll_at: datetime
    schedule: Mapping[str, Any]
    failure: Failure | None = None
    data: FeedData | None = None
    """None: nothing new was in the answer (304 or the same body)."""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    first_sight: bool = False
    address: str | None = None
    """Where it is asked next time; None: where it was."""
    last_new_at: datetime | None = None
    """When its newest entry came, as far as is known; None: as before."""
    missed: bool = False
    """Entries may have come and gone since the poll before."""
    pages: bool = True
    """The pages of its entries are fetched."""

    @property
    def asked(self) -> bool:
        """Whether its server was asked at all: not where its site wants no request for a while."""
        return self.failure is None or self.failure.reason is not FailureReason.HELD_BACK
