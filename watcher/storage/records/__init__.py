"""What the store takes and gives: frozen rows, one conversion each."""

from watcher.storage.records.alerts import (
    AlertOutcome,
    AlertRecord,
    Batch,
    DeliveryOutcome,
    DeliveryRecord,
)
from watcher.storage.records.articles import (
    ArticleData,
    ArticleFacts,
    ArticleRecord,
    EntryRecord,
    KnownArticle,
    PastScore,
    ReadOutcome,
    article_facts,
)
from watcher.storage.records.feeds import (
    ADDRESS,
    FeedRecord,
    PollOutcome,
)
from watcher.storage.records.hits import (
    HitFilter,
    HitOutcome,
    HitRecord,
    Moment,
    StoryRecord,
    VerdictRecord,
    contributions_from,
    explanation_json,
    score_of,
)

__all__ = [
    "ADDRESS",
    "AlertOutcome",
    "AlertRecord",
    "ArticleData",
    "ArticleFacts",
    "ArticleRecord",
    "Batch",
    "DeliveryOutcome",
    "DeliveryRecord",
    "EntryRecord",
    "FeedRecord",
    "HitFilter",
    "HitOutcome",
    "HitRecord",
    "KnownArticle",
    "Moment",
    "PastScore",
    "PollOutcome",
    "ReadOutcome",
    "StoryRecord",
    "VerdictRecord",
    "article_facts",
    "contributions_from",
    "explanation_json",
    "score_of",
]
