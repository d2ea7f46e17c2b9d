"""What a worker can do. Runs in the child, where strangers' bytes are read."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from watcher.model import Analysis, ArticleText, Failure, FailureReason, TopicId, TopicSpec

# Imports are late: a worker that only parses feeds stays without the extractor's 100 MB.


class NotConfiguredError(Exception):
    """Articles came before the topics did."""


class Topics:
    """The compiled topics of this worker."""

    def __init__(
        self,
        specs: Sequence[TopicSpec],
        learned: Mapping[TopicId, Mapping[str, Any]],
        model: Path | None,
    ) -> None:
        from watcher.relevance import Scorer
        from watcher.workers.embedding import load

        self.near_miss = {spec.id: spec.threshold - spec.near_miss for spec in specs}
        self.scorer = Scorer.of(specs, learned, load(model) if model else None)

    def analyse(self, article: ArticleText, topics: Sequence[TopicId]) -> Analysis:
        """Scores for those topics (none named: all), and a fingerprint if one comes close."""
        from dataclasses import replace

        from watcher.stories import fingerprint
        from watcher.text.lang import detect_lang

        if article.lang is None:
            text = article.text or f"{article.title} {article.summary}"
            article = replace(article, lang=detect_lang(text))
        scores = self.scorer.score(article, topics or None)
        close = any(score.value >= self.near_miss[score.topic] for score in scores)
        return Analysis(
            scores=scores,
            fingerprint=fingerprint(article).to_json() if close else None,
            lang=article.lang,
        )

    def plausible(self, article: ArticleText, topics: Sequence[TopicId]) -> bool:
        """Any term of a topic is enough: the page may say the rest."""
        scores = self.scorer.score(article, topics or None)
        return any(s.matched or s.value >= self.near_miss[s.topic] for s in scores)


_topics: list[Topics] = []


def configure(packed: bytes) -> bool:
    """Compile the topics; ``packed`` is a pickle of ours: (specs, learned, folder of the model)."""
    specs, learned, model = pickle.loads(packed)  # noqa: S301  # written by the parent, not from outside
    _topics[:] = [Topics(specs, learned, model)]
    return True


def _configured() -> Topics:
    if not _topics:
        raise NotConfiguredError("no topics were configured")
    return _topics[0]


def parse_feed(**arguments: Any) -> Any:
    from watcher.parse import parse_feed

    return parse_feed(**arguments)


def extract_page(**arguments: Any) -> Any:
    from watcher.extract import extract_page

    return extract_page(**arguments)


def discover_feeds(**arguments: Any) -> Any:
    from watcher.extract import discover_feeds

    return discover_feeds(**arguments)


def analyse(articles: Sequence[ArticleText], topics: Sequence[Sequence[TopicId]]) -> list[Analysis]:
    """An Analysis each; an article that breaks the scorer does not break the others."""
    configured = _configured()
    found = []
    for article, wanted in zip(articles, topics, strict=True):
        try:
            found.append(configured.analyse(article, wanted))
        except Exception as error:  # told with the article, so that it is shown and not lost
            detail = f"{type(error).__name__}: {error}"[:300]
            failure = Failure(reason=FailureReason.PARSE_ERROR, detail=detail, url=article.url)
            found.append(Analysis(lang=article.lang, failure=failure))
    return found


def held(articles: Sequence[ArticleText], topic: TopicSpec) -> list[Any]:
    from watcher.relevance.usage import held_by

    return held_by(topic, articles)


def plausible(article: ArticleText, topics: Sequence[TopicId]) -> bool:
    """Whether what the feed says leaves it possible that the page is on topic."""
    return _configured().plausible(article, topics)


JOBS: dict[str, Callable[..., Any]] = {
    "configure": configure,
    "parse_feed": parse_feed,
    "extract_page": extract_page,
    "discover_feeds": discover_feeds,
    "analyse": analyse,
    "plausible": plausible,
    "held": held,
}


def preload(level: int) -> None:
    """Import before forking, so that all children share the work and the memory of it.

    Level 0 parses feeds, level 1 reads pages too.
    """
    import watcher.parse  # noqa: F401

    if level < 1:
        return
    from watcher.text.lang import detect_lang

    # Unpacking the language model is half of the work and leaves the interpreter to the imports.
    with ThreadPoolExecutor(1) as beside:
        model = beside.submit(detect_lang, "It is loaded by looking at some text.")
        from watcher.relevance.background import backgrounds

        backgrounds()
        model.result()
