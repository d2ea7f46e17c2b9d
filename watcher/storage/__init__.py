"""Storage: the only SQL. ``Store`` opens a database; records are what it takes and gives."""

from watcher.storage.decisions import Deciding, EarlierHit, MemberRecord
from watcher.storage.engine import shown
from watcher.storage.records import (
    AlertOutcome,
    AlertRecord,
    ArticleData,
    ArticleRecord,
    Batch,
    Counts,
    DeliveryOutcome,
    DeliveryRecord,
    EntryRecord,
    FeedRecord,
    HitFilter,
    HitOutcome,
    HitRecord,
    Moment,
    PastScore,
    PollOutcome,
    ReadOutcome,
    StoryRecord,
    VerdictRecord,
    score_of,
)
from watcher.storage.store import Store
from watcher.storage.upkeep import CheckOutcome, CheckRecord

__all__ = [
    "AlertOutcome",
    "AlertRecord",
    "ArticleData",
    "ArticleRecord",
    "Batch",
    "CheckOutcome",
    "CheckRecord",
    "Counts",
    "Deciding",
    "DeliveryOutcome",
    "DeliveryRecord",
    "EarlierHit",
    "EntryRecord",
    "FeedRecord",
    "HitFilter",
    "HitOutcome",
    "HitRecord",
    "MemberRecord",
    "Moment",
    "PastScore",
    "PollOutcome",
    "ReadOutcome",
    "Store",
    "StoryRecord",
    "VerdictRecord",
    "score_of",
    "shown",
]
