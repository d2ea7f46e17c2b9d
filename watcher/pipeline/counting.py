"""How usual the words of a topic's seeds are in the stored articles: counted now and then.

Strangers' texts are cut into words by the workers; here the counts are put together and kept.
"""

from __future__ import annotations

import logging

from watcher.errors import WatcherError
from watcher.model import ArticleId, Failure, TopicSpec
from watcher.pipeline.context import Context

CHUNK = 40
"""Articles per worker job."""

_log = logging.getLogger(__name__)


class Counting:
    """Keeps what the topics know of the store's own language."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> int:
        """Count for every topic that it is due for; returns how many were counted.

        That it fails stops nothing: the topics go on with what they knew.
        """
        from watcher.relevance.usage import is_due

        context = self._context
        learned = await context.stored(context.store.review.learned)
        due = [
            topic
            for topic in context.wishes.topics
            if is_due(topic, learned.get(topic.id), now=context.clock())
        ]
        done = 0
        for topic in due:
            try:
                done += await self._count(topic)
            except WatcherError as error:
                _log.error("%s: the seeds' words were not counted: %s", topic.id, error)
        return done

    async def _count(self, topic: TopicSpec) -> bool:
        from watcher.relevance.usage import (
            LEAST_ARTICLES,
            MOST_ARTICLES,
            MOST_OF_PUBLISHER,
            counted,
        )

        context, store = self._context, self._context.store
        sample = await context.stored(
            store.articles.ordinary, topic.id, of_publisher=MOST_OF_PUBLISHER, limit=MOST_ARTICLES
        )
        if len(sample) < LEAST_ARTICLES:
            return False
        found = []
        for begin in range(0, len(sample), CHUNK):
            if context.stopping.is_set():
                return False
            publishers: dict[ArticleId, str] = dict(sample[begin : begin + CHUNK])
            records = await context.stored(store.articles.by_ids, list(publishers))
            held = await context.workers.held([record.as_text() for record in records], topic)
            if isinstance(held, Failure):  # some page is a trap: its chunk is left out
                _log.warning("%s: words of 40 articles not counted: %s", topic.id, held.detail)
                continue
            found += [
                (publishers[record.id], one) for record, one in zip(records, held, strict=True)
            ]
        now = context.clock()
        learned = counted(topic, found, now=now)
        note = f"the seeds' words counted in {len(found)} stored articles"
        await context.stored(store.review.save_learned, topic.id, learned, note=note, now=now)
        _log.info("%s: %s", topic.id, note)
        return True
