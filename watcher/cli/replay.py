"""Replaying a decision: every stage that an article passed, and what was decided there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from watcher.cli.explain import print_score, score_json
from watcher.cli.output import emit, safe, say, short_time
from watcher.cli.words import held_for, why_silent, why_told
from watcher.model import ArticleText, HitId, Score
from watcher.storage import ArticleRecord, HitRecord, Store, score_of
from watcher.urls import canonical

Steps = list[dict[str, Any]]


def replay_hit(store: Store, hit_id: HitId, *, as_json: bool) -> None:
    """Explain one stored hit from its entries to its deliveries."""
    hit = store.review.hit(hit_id)
    article = store.articles.by_ids([hit.article_id])[0]
    steps = [*_entry_steps(store, [], article), _article_step(article), *_hit_steps(store, hit)]
    _show(steps, [score_of(hit)], as_json=as_json)


def replay_url(
    store: Store,
    url: str,
    score: Callable[[ArticleText], Sequence[Score]],
    *,
    as_json: bool,
) -> None:
    """Explain why an address did or did not become an alert."""
    address = str(canonical(url))
    article = store.articles.by_url(url)
    steps = _entry_steps(store, [url, address], article)
    if not steps and article is None:
        steps.append(
            {
                "stage": "poll",
                "text": "no feed has listed this address; see `watcher feeds` for failing feeds, or "
                "`watcher score URL` for what it would score",
            }
        )
        _show(steps, [], as_json=as_json)
        return
    if article is None:
        steps.append({"stage": "read", "text": "not read yet; it waits its turn"})
        _show(steps, [], as_json=as_json)
        return
    steps.append(_article_step(article))
    decided = {hit.topic: hit for hit in store.review.hits_of_article(article.id)}
    scores = []
    for now in score(article.as_text()):
        hit = decided.get(now.topic)
        if hit is not None:
            steps += _hit_steps(store, hit)
            scores.append(score_of(hit))
        else:
            steps.append(
                {
                    "stage": "score",
                    "text": f"{now.topic}: {now.value:.0f}, too far under the threshold "
                    f"{now.threshold:g} to be kept",
                }
            )
            scores.append(now)
    _show(steps, scores, as_json=as_json)


def _entry_steps(store: Store, urls: Sequence[str], article: ArticleRecord | None) -> Steps:
    rows = store.articles.entries_at(urls, article.id if article else None)
    return [
        {
            "stage": "poll",
            "text": f"{row.feed_name} listed it as “{row.title}”, seen "
            f"{short_time(row.first_seen_at)}"
            + (", with the first sight of the feed" if row.backlog else "")
            + f"; now {row.state}"
            + (f" ({row.reason})" if row.reason else ""),
        }
        for row in rows
    ]


def _article_step(article: ArticleRecord) -> dict[str, Any]:
    words = len(article.text.split())
    how = f"in part only ({article.reason})" if article.partial else "in full"
    return {
        "stage": "read",
        "text": f"read {how}: {words} words, {article.lang or 'language unknown'}, published "
        f"{short_time(article.published_at) or 'unknown'}",
    }


def _hit_steps(store: Store, hit: HitRecord) -> Steps:
    steps: Steps = [
        {
            "stage": "score",
            "text": f"{hit.topic}: {hit.score:.0f}, threshold {hit.threshold:g}: {hit.kind} "
            f"(profile {hit.profile_version}, {short_time(hit.decided_at)})",
        }
    ]
    if hit.story_id is not None:
        steps.append({"stage": "group", "text": f"belongs to story {hit.story_id}"})
    sent = store.outbox.alerts(hit_id=hit.id)
    if not sent:
        steps.append({"stage": "decide", "text": f"no alert: {why_silent(hit.silent_reason)}"})
    for alert in sent:
        steps.append({"stage": "decide", "text": f"alert {alert.id}: {why_told(alert.reason)}"})
        steps += [
            {
                "stage": "deliver",
                "text": f"{d.receiver}: {d.state}"
                + (f" at {short_time(d.sent_at)}" if d.sent_at else "")
                + (f", waits for {held_for(d.held)}" if d.held else "")
                + (f", {d.last_error}" if d.last_error else ""),
            }
            for d in alert.deliveries
        ]
    if hit.verdict:
        steps.append({"stage": "review", "text": f"marked {hit.verdict}"})
    return steps


def _show(steps: Steps, scores: Sequence[Score], *, as_json: bool) -> None:
    if as_json:
        emit({"steps": steps, "scores": [score_json(score) for score in scores]})
        return
    for step in steps:
        say(f"{step['stage']:<8} {safe(step['text'])}")
    for score in scores:
        say("")
        print_score(score, title=score.topic)
