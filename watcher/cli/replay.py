"""Replaying a decision: every stage that an article passed, and what was decided there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from watcher.cli.explain import print_score, score_json
from watcher.cli.output import emit, plural, say, short_time
from watcher.cli.screen import indented, one_line, width, wrap
from watcher.cli.words import held_for, why_silent, why_told
from watcher.model import ArticleText, HitId, HitKind, Score
from watcher.storage import ArticleRecord, HitRecord, PastScore, Store, score_of
from watcher.stories.reading import as_written
from watcher.urls import canonical

THEN, TODAY = "then", "today"
"""Whether a score is the stored one, or what the article scores now where none was kept."""
Step = dict[str, Any]
StageName = Callable[[str, str | None], str]
"""The name of a topic's stage by its id."""


def replay_hit(store: Store, hit_id: HitId, stage_name: StageName, *, as_json: bool) -> None:
    """Explain one stored hit from its entries to its deliveries."""
    hit = store.review.hit(hit_id)
    article = store.articles.by_ids([hit.article_id])[0]
    steps = [
        *_entry_steps(store, [], article),
        _article_step(article),
        *_hit_steps(store, hit, article, stage_name),
    ]
    _show(steps, [(score_of(hit), THEN)], as_json=as_json)


def replay_url(
    store: Store,
    url: str,
    score: Callable[[ArticleText], Sequence[Score]],
    stage_name: StageName,
    *,
    as_json: bool,
) -> None:
    """Explain why an address did or did not become an alert."""
    address = str(canonical(url))
    article = store.articles.by_url(url)
    steps = _entry_steps(store, [url, address], article)
    if not steps and article is None:
        text = (
            "no feed has listed this address; see `watcher feeds` for failing feeds, or "
            "`watcher score URL` for what it would score"
        )
        _show([_step("poll", text)], [], as_json=as_json)
        return
    if article is None:
        steps.append(_step("read", "not read yet; it waits its turn"))
        _show(steps, [], as_json=as_json)
        return
    steps.append(_article_step(article))
    decided = {hit.topic: hit for hit in store.review.hits_of_article(article.id)}
    scores: list[tuple[Score, str]] = []
    for now in score(article.as_text()):
        hit = decided.pop(now.topic, None)
        if hit is not None:
            steps += _hit_steps(store, hit, article, stage_name)
            scores.append((score_of(hit), THEN))
            kept: PastScore | None = PastScore(
                value=hit.score, threshold=hit.threshold, profile_version=hit.profile_version
            )
        else:
            kept = (article.scores or {}).get(now.topic)
            steps.append(_step("score", f"{now.topic}: {_why_no_row(article, now, kept)}"))
            scores.append((now, TODAY))
        if kept is not None and kept.profile_version != now.profile_version:
            steps.append(_step("score", _today(now)))
    for hit in decided.values():  # of topics that left the configuration since
        steps += _hit_steps(store, hit, article, stage_name)
        scores.append((score_of(hit), THEN))
    _show(steps, scores, as_json=as_json)


def _why_no_row(article: ArticleRecord, now: Score, kept: PastScore | None) -> str:
    """Why nothing is stored for a topic: what happened then, never what would happen today."""
    would = f"today it scores {now.value:.0f} of the {now.threshold:g} needed"
    if article.topics and now.topic not in article.topics:
        return f"not scored for it: its feed is only for {', '.join(article.topics)}; {would}"
    if article.next_score_at is not None:
        due = short_time(article.next_score_at)
        return f"waits to be scored, due {due}; {would}"
    if kept is not None:
        return (
            f"{kept.value:.0f}, too far under the threshold {kept.threshold:g} to be kept "
            f"(profile {kept.profile_version})"
        )
    if article.scores is None:
        return f"not kept, and what it scored then is not known any more; {would}"
    if not article.scores:
        reason = f" ({article.reason})" if article.reason else ""
        return f"could not be scored{reason}; `watcher doctor` tells more"
    return f"not scored for it: it was not watched for then; {would}"


def _today(now: Score) -> str:
    said = "a hit" if now.hit else "no hit"
    return (
        f"{now.topic}: with today's configuration and weights {now.value:.0f} of the "
        f"{now.threshold:g} needed, {said} (profile {now.profile_version}); "
        f"`watcher topics backtest {now.topic} --rescore` scores what is stored anew"
    )


def _step(stage: str, text: str, **more: Any) -> Step:
    return {"stage": stage, "text": text} | more


def _entry_steps(store: Store, urls: Sequence[str], article: ArticleRecord | None) -> list[Step]:
    rows = store.entries.at(urls, article.id if article else None)
    return [
        _step(
            "poll",
            f"{row.feed_name} listed it as “{row.title}”, seen {short_time(row.first_seen_at)}"
            + (", with the first sight of the feed" if row.backlog else "")
            + f"; now {row.state}"
            + (f" ({row.reason})" if row.reason else ""),
        )
        for row in rows
    ]


def _article_step(article: ArticleRecord) -> Step:
    how = f"in part only ({article.reason})" if article.partial else "in full"
    return _step(
        "read",
        f"read {how}: {plural(len(article.text.split()), 'word')}, "
        f"{article.lang or 'language unknown'}, published "
        f"{short_time(article.published_at) or 'unknown'}",
    )


def _hit_steps(
    store: Store, hit: HitRecord, article: ArticleRecord, stage_name: StageName
) -> list[Step]:
    sent = store.outbox.alerts(hit_id=hit.id)
    steps = [
        _step(
            "score",
            f"{hit.topic}: {hit.score:.0f}, threshold {hit.threshold:g}: "
            f"{_kind(hit, told=bool(sent))} (profile {hit.profile_version}, {short_time(hit.decided_at)})",
        )
    ]
    if hit.story_id is not None:
        steps.append(_group_step(hit, article))
    if hit.novelty:
        steps += _novelty_steps(hit)
    if hit.stage:
        said = (hit.novelty or {}).get("stage")
        quoted = f": “{said}”" if said else ""
        steps.append(_step("stage", f"tells of “{stage_name(hit.topic, hit.stage)}”{quoted}"))
    changed = store.articles.revisions(hit.article_id)
    steps += [
        _step(
            "revise",
            f"until {short_time(row.at)} its page said “{row.title}”"
            + ("; then it was gone" if (row.change or {}).get("vanished") else ""),
            change=row.change,
        )
        for row in changed
    ]
    if not sent:
        steps.append(_step("decide", f"no alert: {why_silent(hit.silent_reason)}"))
    for alert in reversed(sent):  # as it came about
        steps.append(_step("decide", f"alert {alert.id}: {why_told(alert.reason)}"))
        steps += [
            _step(
                "deliver",
                f"{d.receiver}: {d.state}"
                + (f" at {short_time(d.sent_at)}" if d.sent_at else "")
                + (f", waits for {held_for(d.held)}" if d.held and d.next_try_at else "")
                + (f", {d.last_error}" if d.last_error else ""),
            )
            for d in alert.deliveries
        ]
    if hit.verdict:
        steps.append(_step("review", f"marked {hit.verdict}"))
    return steps


def _kind(hit: HitRecord, *, told: bool) -> str:
    """What it was decided to be. One whose page was edited under the threshold stays a hit."""
    if hit.kind is not HitKind.HIT or score_of(hit).hit:
        return hit.kind
    return f"a hit when it was {'told' if told else 'found'}, now under the threshold"


def _group_step(hit: HitRecord, article: ArticleRecord) -> Step:
    """The story, and the comparison that led there: kept from when the hit was put into one."""
    found = hit.grouping
    if not found:
        return _step("group", f"belongs to story {hit.story_id}")
    evidence = "".join(found["evidence"][:1])
    names = as_written(article.as_text(), found["shared"])
    if names:
        evidence += f"; both name {', '.join(names)}"
    alike = f"{found['similarity']:.2f} alike, {found['threshold']:.2f} needed"
    if found["duplicate_of"] is not None:
        text = f"joined story {found['story']} as a copy: {evidence}"
    elif found["joined"]:
        text = f"joined story {found['story']} ({alike}): {evidence}"
    elif evidence:
        text = f"opened story {found['story']}; the nearest other was {alike}: {evidence}"
    else:
        text = f"opened story {found['story']}: no story of these days shares anything with it"
    if hit.story_id != found["story"]:
        text += f"; moved to story {hit.story_id} by hand"
    return _step("group", text, grouping=found)


def _novelty_steps(hit: HitRecord) -> list[Step]:
    found = hit.novelty or {}
    told = list(zip(found.get("sentences", ()), found.get("facts", ()), strict=False))
    score = f"{found['score']:.2f} new" if "score" in found else "new"
    if not told:
        return [_step("novelty", f"{score}: nothing that had not been told before")]
    return [
        _step("novelty", f"{score}: “{sentence}”" + (f" ({', '.join(facts)})" if facts else ""))
        for sentence, facts in told
    ]


def _show(steps: Sequence[Step], scores: Sequence[tuple[Score, str]], *, as_json: bool) -> None:
    if as_json:
        found = [score_json(score) | {"as_of": as_of} for score, as_of in scores]
        emit({"steps": steps, "scores": found})
        return
    columns = min(width(), 120)
    for step in steps:
        say(f"{step['stage']:<8} " + indented(wrap(one_line(step["text"]), columns - 9), 9))
    for score, as_of in scores:
        say("")
        print_score(score, title=score.topic + (" today" if as_of == TODAY else ""))
