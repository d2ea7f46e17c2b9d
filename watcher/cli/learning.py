"""``topics suggest``, ``train``, ``backtest``: what a topic learns, shown before it counts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.filters import JsonFlag
from watcher.cli.output import emit, note, now_utc, plural, safe, say
from watcher.cli.screen import indented, one_line, width, wrap
from watcher.cli.shell import Root, root
from watcher.cli.times import parse_span
from watcher.cli.topics import app, find_topic
from watcher.errors import UsageError, WatcherError
from watcher.model import HitKind, Verdict

if TYPE_CHECKING:
    from watcher.model import ArticleId, ArticleText, TopicSpec
    from watcher.relevance.backtest import BacktestReport, Trial
    from watcher.relevance.learning import Figures, RecallEstimate, TrainReport
    from watcher.relevance.suggest import Proposal
    from watcher.storage import ArticleRecord, Store
    from watcher.workers.embedding import Embedder

TopicArgument = Annotated[str, typer.Argument(metavar="TOPIC")]
MOST_ARTICLES = 20_000
MOST_REHEARSED = 2_000
"""The latest hits, each of which costs some milliseconds."""
SHOWN = 15
MOST_READ = 500
"""Confirmed hits to take terms from, and other articles to compare them with; the newest."""
OTHERS_SPAN = timedelta(days=30)


@app.command("backtest")
def backtest_topic(
    context: typer.Context,
    topic_id: TopicArgument,
    new: Annotated[
        Path | None, typer.Option("--config", help="A changed configuration; default: this one.")
    ] = None,
    span: Annotated[str, typer.Option("--since", help="How far back: 7d, 4w.")] = "30d",
    limit: Annotated[int, typer.Option(min=1, help="At most so many articles.")] = MOST_ARTICLES,
    rescore: Annotated[
        bool, typer.Option("--rescore", help="Then score these articles anew for real.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say what a topic, perhaps changed, would have done on the stored articles."""
    from watcher.relevance.backtest import backtest

    cli = root(context)
    changed = Root(new) if new is not None else cli
    topic = find_topic(changed, topic_id)
    store = cli.store()
    articles = store.articles.since(now_utc() - parse_span(span), limit=limit)
    wanted = [a for a in articles if not a.topics or topic.id in a.topics]
    trials = trials_of(store, topic, wanted, changed.embed)
    report = backtest(trials)
    titles = {article.id: article for article in wanted}
    told = rehearsed(topic, changed, trials, titles)
    if as_json:
        emit(report_json(report, titles) | told)
    else:
        print_backtest(report, titles, told)
    if rescore:
        if new is not None:
            raise UsageError("take the changed configuration into use first, then --rescore")
        store.articles.rescore([article.id for article in wanted], now=now_utc())
        note(
            f"{plural(len(wanted), 'article is', 'articles are')} due for scoring: "
            "`watcher poll` or the service does it"
        )


def trials_of(
    store: Store, topic: TopicSpec, articles: list[ArticleRecord], embed: Embedder | None
) -> list[Trial]:
    """Each article under the topic as it is now, beside what was decided then."""
    from watcher.relevance import Scorer
    from watcher.relevance.backtest import Trial

    scorer = Scorer.of([topic], store.review.learned(), embed)
    decided = store.review.decided(topic.id)
    trials = []
    for article in articles:
        [score] = scorer.score(article.as_text())
        kind, verdict = decided.get(article.id, (None, None))
        trials.append(
            Trial(
                article_id=article.id,
                seen_at=article.first_seen_at,
                score=score,
                was_hit=kind == HitKind.HIT,
                verdict=None if verdict is None else Verdict(verdict),
            )
        )
    return trials


def rehearsed(
    topic: TopicSpec,
    cli: Root,
    trials: Sequence[Trial],
    articles: Mapping[ArticleId, ArticleRecord],
) -> dict[str, Any]:
    """How many stories and alerts a day its hits would have made, and for which receivers."""
    from watcher.pipeline.rehearsal import PlayedHit, rehearse
    from watcher.relevance.backtest import days_of

    hits = sorted((t for t in trials if t.score.hit), key=lambda t: t.seen_at)
    played = hits[-MOST_REHEARSED:]
    # All hits: the days without one count, too. Only the latest: the days that they are from.
    days = days_of(trials if played == hits else played)
    found = rehearse(
        topic,
        cli.settings.receivers,
        [
            PlayedHit(article=articles[t.article_id], score=t.score, verdict=t.verdict)
            for t in played
        ],
    )
    return {
        "stories": found.stories,
        "alerts_per_day": round(sum(found.alerts.values()) / days, 2),
        "alerts": dict(found.alerts),
        "deliveries_per_day": {
            receiver: round(number / days, 2) for receiver, number in found.deliveries.items()
        },
    }


def report_json(report: BacktestReport, titles: dict[Any, ArticleRecord]) -> dict[str, Any]:
    """A backtest as data."""

    def listed(trials: tuple[Trial, ...]) -> list[dict[str, Any]]:
        return [
            {
                "article": trial.article_id,
                "title": titles[trial.article_id].title,
                "url": titles[trial.article_id].url,
                "score": round(trial.score.value, 1),
                "verdict": trial.verdict,
            }
            for trial in trials
        ]

    return {
        "articles": report.articles,
        "days": round(report.days, 2),
        "hits_before": report.hits_before,
        "hits_after": report.hits_after,
        "hits_per_day": round(report.hits_per_day, 2),
        "precision": report.precision,
        "recall": report.recall,
        "suggested_threshold": report.threshold,
        "gained": listed(report.gained),
        "lost": listed(report.lost),
    }


def print_backtest(
    report: BacktestReport, titles: dict[Any, ArticleRecord], told: Mapping[str, Any]
) -> None:
    """A backtest for people."""
    receivers = ", ".join(
        f"{number:.1f} to {one_line(name)}" for name, number in told["deliveries_per_day"].items()
    )
    for text in (
        f"{plural(report.articles, 'article')} of {plural(round(report.days), 'day')}: "
        f"{plural(report.hits_before, 'hit')} before, {report.hits_after} after, "
        f"{report.hits_per_day:.1f} a day",
        f"{plural(told['stories'], 'story', 'stories')}, {told['alerts_per_day']:.1f} alerts a day: "
        f"{receivers or 'there is no receiver'}",
    ):
        say(indented(wrap(text, width() - 2), 2))
    for name, trials in (("Gained", report.gained), ("Lost", report.lost)):
        say(f"{name}: {len(trials)}")
        for trial in trials[:SHOWN]:
            article = titles[trial.article_id]
            mark = f" [{trial.verdict}]" if trial.verdict else ""
            title = f"{one_line(article.publisher)}: {one_line(article.title)}{mark}"
            say(f"  {trial.score.value:5.1f}  " + indented(wrap(title, width() - 9), 9))
        if len(trials) > SHOWN:
            say(f"  and {len(trials) - SHOWN} more (--json lists all)")
    if report.precision is not None or report.recall is not None:
        say(
            f"On the verdicts: precision {_share(report.precision)}, recall {_share(report.recall)}"
        )
    if report.threshold is not None:
        say(f"The verdicts suggest threshold = {report.threshold:g}")


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


# ------------------------------------------------------------------------------------ train


@app.command("train")
def train_topic(
    context: typer.Context,
    topic_id: TopicArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write all that the topic has learned to a file, for `learned`."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Learn a topic's words and weights from the verdicts, and estimate its recall."""
    from watcher.relevance.learning import train

    cli = root(context)
    topic = find_topic(cli, topic_id)
    store = cli.store()
    decided = store.review.decided(topic.id)
    verdicts = {key: verdict for key, (_, verdict) in decided.items() if verdict is not None}
    judged = [
        (article.as_text(), verdicts[article.id]) for article in store.articles.by_ids(verdicts)
    ]
    current = store.review.learned().get(topic.id)
    report = train(topic, judged, current=current, embed=cli.embed)
    recall = recall_of(decided, store.review.looked_at(topic.id))
    saved = report.better and not dry_run and report.learned is not None
    if saved and report.learned is not None:
        store.review.save_learned(topic.id, report.learned, note=report.reason, now=now_utc())
    if out is not None:
        known = {**topic.learned, **store.review.learned().get(topic.id, {})}
        write_learned(out, known)
    if as_json:
        emit({"topic": topic.id, "saved": saved, **asdict(report), "recall": asdict(recall)})
        return
    print_training(report, topic, saved=saved)
    print_recall(recall)


def write_learned(path: Path, known: Mapping[str, Any]) -> None:
    """What a topic has learned, without what belongs to this watcher's own store."""
    from watcher.relevance.weights import MODEL_VERSION

    stated = {"model": MODEL_VERSION, "weights": {}, "words": {}}
    handed_on = {key: known.get(key, value) for key, value in stated.items()}
    try:
        path.write_text(json.dumps(handed_on, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be written'}") from None


def recall_of(
    decided: Mapping[ArticleId, tuple[HitKind, Verdict | None]], looked_at: int
) -> RecallEstimate:
    """The share of relevant articles that became hits, as far as verdicts tell.

    ``looked_at`` articles were scored; what was not kept of them only the samples speak for.
    """
    from watcher.relevance.learning import Stratum, estimate_recall

    kinds = [kind for kind, _ in decided.values()]
    kept = len(kinds) - kinds.count(HitKind.SAMPLE)

    def stratum(name: str, kind: HitKind, population: int | None = None) -> Stratum:
        mine = [verdict for one, verdict in decided.values() if one is kind]
        judged = [verdict for verdict in mine if verdict is not None]
        # A duplicate of a relevant article is one that could have been missed as well.
        good = sum(verdict in (Verdict.RELEVANT, Verdict.DUPLICATE) for verdict in judged)
        size = max(len(mine), population or 0)
        return Stratum(name=name, population=size, judged=len(judged), relevant=good)

    return estimate_recall(
        stratum("hits", HitKind.HIT),
        stratum("near misses", HitKind.NEAR_MISS),
        stratum("former hits and near misses", HitKind.FORMER),
        stratum("sampled rejects", HitKind.SAMPLE, looked_at - kept),
    )


def print_training(report: TrainReport, topic: TopicSpec, *, saved: bool) -> None:
    """Before and after, and what became of it."""
    say(f"{topic.id}: {report.n_relevant} relevant and {report.n_irrelevant} irrelevant verdicts")
    for name, figures in (("before", report.before), ("after", report.after)):
        if figures:
            say(f"{name:>7}: " + indented(wrap(_figures_line(figures), width() - 9), 9))
    if report.after:
        say(f"After is measured on verdicts not learned from, in {report.folds} folds.")
    if saved:
        say(f"Saved: {report.reason}. A running watcher takes the weights at its next reload")
        say("(SIGHUP, `systemctl reload watcher`); stored articles keep their scores until")
        say(f"`watcher topics backtest {topic.id} --rescore`.")
    elif report.better:
        say(f"Would be saved: {report.reason}.")
    else:
        say(f"Nothing changed: {report.reason}.")


def _figures_line(figures: Figures) -> str:
    return (
        f"log loss {figures.log_loss:.3f}, F1 {figures.f1:.3f}, precision {figures.precision:.3f}, "
        f"recall {figures.recall:.3f}, average precision {figures.average_precision:.3f}"
    )


def print_recall(found: RecallEstimate) -> None:
    """Estimated recall with its interval, and the verdicts it stands on."""
    if found.recall is None or found.low is None or found.high is None:
        missing = ", ".join(found.unjudged) or "anything relevant"
        say(f"Recall over all articles: unknown, there are no verdicts on {missing}.")
    else:
        say(
            f"Recall over all articles: {found.recall:.2f} "
            f"(between {found.low:.2f} and {found.high:.2f}, 95 in 100)"
        )
    for stratum in found.strata:
        say(
            f"  {stratum.name}: {stratum.relevant} relevant of {stratum.judged} judged, "
            f"standing for {stratum.population}"
        )


# ---------------------------------------------------------------------------------- suggest


@app.command("suggest")
def suggest_terms(
    context: typer.Context,
    topic_id: TopicArgument,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many terms.")] = 30,
    as_json: JsonFlag = False,
) -> None:
    """Propose terms from the seeds and the hits confirmed as relevant, ready to paste."""
    from watcher.relevance.suggest import suggest

    cli = root(context)
    topic = find_topic(cli, topic_id)
    texts: list[ArticleText] = []
    others: list[ArticleText] = []
    with contextlib.suppress(WatcherError):  # no database yet: the seeds alone
        store = cli.store()
        judged = store.review.judged(topic.id)
        confirmed = sorted(key for key, verdict in judged if verdict is Verdict.RELEVANT)
        texts = [a.as_text() for a in store.articles.by_ids(confirmed[-MOST_READ:])]
        decided = store.review.decided(topic.id)
        recent = store.articles.since(now_utc() - OTHERS_SPAN, limit=MOST_READ)
        others = [a.as_text() for a in recent if a.id not in decided]
    proposals = suggest(topic, texts, others=others, limit=limit)
    if as_json:
        emit({"topic": topic.id, "confirmed": len(texts), "terms": proposals})
        return
    if proposals:
        for line in fragment(proposals):
            say(line)
    note(
        f"{plural(len(proposals), 'term') if proposals else 'No terms to propose'} from "
        f"{plural(len(topic.seeds), 'seed')} and {plural(len(texts), 'confirmed hit')}"
    )


def fragment(proposals: Sequence[Proposal]) -> list[str]:
    """Proposals as TOML, each with its evidence as a comment."""
    lines = ["[topics.terms]"]
    groups: dict[str | None, list[Proposal]] = {}
    for proposal in proposals:
        groups.setdefault(proposal.group, []).append(proposal)
    for group, mine in groups.items():
        if group is None:
            lines.append("# Move each to the group it belongs to: a group of its own would be one")
            lines.append("# more thing that can meet the others.")
        lines.append(f"{_toml_key(group or 'suggested')} = [")
        lines += [
            f"  {json.dumps(safe(p.term), ensure_ascii=False)},"
            f"  # {p.lang or p.script}, in {p.support}: {safe(p.evidence)}"
            for p in mine
        ]
        lines.append("]")
    return lines


def _toml_key(name: str) -> str:
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else json.dumps(name, ensure_ascii=False)
