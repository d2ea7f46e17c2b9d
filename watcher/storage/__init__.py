"""Storage: the only SQL. ``Store`` opens a database; records are what it takes and gives."""

from watcher.storage.decisions import Deciding, EarlierHit, MemberRecord, ToldRecord
from watcher.storage.engine import shown
from watcher.storage.records import (
    ADDRESS,
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
    KnownArticle,
    PollOutcome,
    ReadOutcome,
    StoryRecord,
    VerdictRecord,
    score_of,
)
from watcher.storage.regrouping import Judgement, Judging, Telling, ToldHit
from watcher.storage.store import Store
from watcher.storage.upkeep import CheckOutcome, CheckRecord

__all__ = [
    "ADDRESS",
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
    "Judgement",
    "Judging",
    "KnownArticle",
    "MemberRecord",
    "PollOutcome",
    "ReadOutcome",
    "Store",
    "StoryRecord",
    "Telling",
    "ToldHit",
    "ToldRecord",
    "VerdictRecord",
    "score_of",
    "shown",
]
