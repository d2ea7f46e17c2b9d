"""``score``, ``eval``, ``why``, ``why-not``: how relevance is decided, and how well."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.explain import print_score, score_json
from watcher.cli.filters import JsonFlag
from watcher.cli.output import console, emit, now_utc, plural, safe, say, table
from watcher.cli.screen import indented, one_line, width, wrap
from watcher.cli.shell import Root, root
from watcher.errors import UsageError, WatcherError
from watcher.model import ArticleText, Failure, HitId, Score, TopicId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.relevance import EvalReport, Scorer

RIGHT: dict[str, Any] = {"justify": "right"}
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|article|h1|p)[\s>]", re.IGNORECASE)
FIGURES = {
    "average_precision": "average precision",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "recall_at_precision_95": "recall at precision .95",
    "related_hit_rate": "related articles told",
    "b_cubed_f1": "B-cubed F1",
    "pairwise_precision": "pairwise precision",
    "pairwise_recall": "pairwise recall",
}


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command()(score)
    app.command("eval")(evaluate_file)
    app.command()(why)
    app.command("why-not")(why_not)


def score(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="URL_OR_FILE_OR_-")],
    as_json: JsonFlag = False,
) -> None:
    """Score one article against every topic and explain the result."""
    cli = root(context)
    article = read_article(cli, subject)
    found = scorer_of(cli).score(article)
    if as_json:
        emit(
            {
                "title": article.title,
                "lang": article.lang,
                "url": article.url or None,
                "topics": [score_json(one) for one in found],
            }
        )
        return
    say(
        f"{safe(article.title) or '(no title)'} ({article.lang or 'language unknown'}, "
        f"{plural(len(article.text.split()), 'word')})"
    )
    for one in found:
        say("")
        print_score(one, title=one.topic)


def scorer_of(cli: Root) -> Scorer:
    """A scorer over the configured topics, with what was learned where there is a database."""
    from watcher.relevance import Scorer

    return Scorer.of(cli.settings.topics, learned_of(cli), cli.embed)


def learned_of(cli: Root) -> Mapping[TopicId, Mapping[str, Any]]:
    """What the topics have learned; nothing where there is no database yet."""
    with contextlib.suppress(WatcherError):
        return cli.store().review.learned()
    return {}


def read_article(cli: Root, subject: str) -> ArticleText:
    """An article from an address, a file (HTML or text, title first) or standard input."""
    if subject.startswith(("http://", "https://")):
        return asyncio.run(_fetch_article(cli, subject))
    if subject == "-":
        body = sys.stdin.buffer.read(20_000_000)
    else:
        try:
            body = Path(subject).read_bytes()
        except OSError as error:
            raise UsageError(f"{subject}: {error.strerror or 'cannot be read'}") from None
    if not body.strip():
        raise UsageError(f"{subject}: there is nothing in it")
    if _MARKUP.search(body, 0, 5000):
        return asyncio.run(_extract_article(body, "file"))
    return _plain_article(body)


def _plain_article(body: bytes) -> ArticleText:
    """A text whose first line is its title, or one that begins with ``key: value`` lines as seeds do."""
    from watcher.config.seeds import split_header
    from watcher.text.charset import decode
    from watcher.text.clean import clean_line, clean_text
    from watcher.text.lang import detect_lang

    header, article = split_header(decode(body).text)
    title, rest = header.get("title"), article
    if not title:
        title, _, rest = article.partition("\n")
    text = clean_text(rest)
    return ArticleText(title=clean_line(title), text=text, lang=detect_lang(text or title))


async def _fetch_article(cli: Root, url: str) -> ArticleText:
    from watcher.app import fetch_settings
    from watcher.fetch import Fetcher, Request

    async with Fetcher(fetch_settings(cli.settings)) as fetcher:
        response = await fetcher.fetch(Request(url=url, accept="page"), now=now_utc())
    if isinstance(response, Failure):
        raise WatcherError(f"{url}: {response.reason}: {response.detail}".rstrip(": "))
    return await _extract_article(response.body or b"", response.url, response.content_type)


async def _extract_article(body: bytes, url: str, content_type: str = "text/html") -> ArticleText:
    from watcher.workers import WorkerPool

    pool = WorkerPool(1)
    try:
        page = await pool.extract_page(body, url=url, content_type=content_type, now=now_utc())
    finally:
        await pool.close()
    if isinstance(page, Failure):
        raise WatcherError(f"{url}: {page.reason}: {page.detail}".rstrip(": "))
    return ArticleText(
        title=page.title,
        text=page.text,
        lang=page.lang,
        url=url,
        published_at=page.published_at,
        partial=page.partial,
    )


def why(
    context: typer.Context,
    hit_id: Annotated[int, typer.Argument(metavar="HIT_ID")],
    as_json: JsonFlag = False,
) -> None:
    """Replay the decision on a hit, stage by stage."""
    from watcher.cli.replay import replay_hit

    cli = root(context)
    replay_hit(cli.store(), HitId(hit_id), cli.stage_name, as_json=as_json)


def why_not(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL")],
    as_json: JsonFlag = False,
) -> None:
    """Say at which stage an article did not become an alert, and why."""
    from watcher.cli.replay import replay_url

    cli = root(context)
    replay_url(
        cli.store(),
        url,
        lambda article: scorer_of(cli).score(article),
        cli.stage_name,
        as_json=as_json,
    )


def evaluate_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl")],
    topic: Annotated[
        str | None, typer.Option(help="The topic to measure; default: the only one.")
    ] = None,
    stories: Annotated[
        bool, typer.Option("--stories", help="Measure the grouping into stories instead.")
    ] = False,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Without the weights that `topics train` learned.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Measure relevance, or grouping into stories, on labelled articles."""
    from watcher.cli.topics import find_topic
    from watcher.relevance import Scorer, evaluate

    cli = root(context)
    rows = read_rows(file, story_problem if stories else label_problem)
    if stories:
        print_stories(rows, as_json=as_json)
        return
    if topic is None:
        if len(cli.settings.topics) != 1:
            raise UsageError("there are several topics: say which with --topic")
        topic = cli.settings.topics[0].id
    learned = {} if defaults else learned_of(cli)
    scorer = Scorer.of([find_topic(cli, topic)], learned, cli.embed)
    articles = [row_article(row) for row in rows]
    scores: list[Score] = [scorer.score(article)[0] for article in articles]
    # A row need not state its language; it counts under the one that its text was scored in.
    told = [row | {"lang": article.lang} for row, article in zip(rows, articles, strict=True)]
    report = evaluate(told, scores)
    if as_json:
        stated = {str(row["id"]): row["id"] for row in rows}  # a number stays one
        errors = {
            "misses": [stated[name] for name in report.misses],
            "false_alarms": [stated[name] for name in report.false_alarms],
        }
        emit(report.to_json() | errors | {"profile_version": scores[0].profile_version})
    else:
        print_report(report, profile=scores[0].profile_version)


def print_stories(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Group the articles as the watcher would and compare with their story labels."""
    from watcher.stories import evaluate_stories

    told = [row | {"lang": row_article(row).lang} for row in rows]
    found = json.loads(evaluate_stories(told).to_json())
    stated = {str(row["id"]): row["id"] for row in rows}  # a number stays one
    for wrong in ("wrong_merges", "wrong_splits"):
        found[wrong] = [[stated[name] for name in pair] for pair in found[wrong]]
    if as_json:
        emit(found)
        return
    say(f"{plural(found['n'], 'article')} in {plural(found['stories'], 'story', 'stories')}")
    print_figures(found, ("b_cubed_f1", "pairwise_precision", "pairwise_recall"))
    pairs = table("languages", *((name, RIGHT) for name in ("pairs", "precision", "recall")))
    for name, part in sorted(found["by_language_pair"].items()):
        pairs.add_row(
            safe(name), f"{part['pairs']:g}", _figure(part["precision"]), _figure(part["recall"])
        )
    console().print(pairs)
    for title, key in (("Wrongly merged", "wrong_merges"), ("Wrongly split", "wrong_splits")):
        print_ids(title, [" + ".join(map(str, pair)) for pair in found[key]])


def read_rows(file: Path, problem_of: Callable[[Any], str | None]) -> list[dict[str, Any]]:
    """Labelled articles, one JSON object a line; raises UsageError naming file and line."""
    try:
        # Not splitlines: JSON lines may hold other line separators (U+2028) as they are.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{file}:{number}: not JSON: {error}") from None
        problem = problem_of(row)
        if problem:
            raise UsageError(f"{file}:{number}: {problem}")
        rows.append(row)
    if not rows:
        raise UsageError(f"{file}: no labelled articles in it")
    return rows


def label_problem(row: Any) -> str | None:
    """What keeps a row from measuring relevance."""
    problem = _missing(row, "id", "title", "text", "label")
    if problem is None and (row["label"] not in (0, 1, 2, 3) or isinstance(row["label"], bool)):
        return f"label is {row['label']!r}, expected 0, 1, 2 or 3"
    return problem


def story_problem(row: Any) -> str | None:
    """What keeps a row from measuring stories; its label plays no part in it."""
    problem = _missing(row, "id", "title", "text")
    if problem is not None:
        return problem
    for key in ("title", "text", "lang", "outlet", "url"):
        if not isinstance(row.get(key), str | None):
            return f"{key} is {row[key]!r}, expected a text"
    if row.get("published") in (None, ""):
        return None
    try:
        datetime.fromisoformat(row["published"])
    except (TypeError, ValueError):
        return f"published is {row['published']!r}, expected a time such as 2026-11-20T08:00:00Z"
    return None


def _missing(row: Any, *keys: str) -> str | None:
    if not isinstance(row, dict):
        return f"expected an object with {', '.join(keys[:-1])} and {keys[-1]}"
    missing = [key for key in keys if key not in row]
    return f"missing {', '.join(missing)}" if missing else None


def row_article(row: dict[str, Any]) -> ArticleText:
    """A labelled row as an article."""
    from watcher.text.clean import clean_line, clean_text
    from watcher.text.lang import detect_lang

    title, text = clean_line(str(row["title"] or "")), clean_text(str(row["text"] or ""))
    return ArticleText(
        title=title,
        text=text,
        lang=row.get("lang") or detect_lang(text or title),
        url=str(row.get("url") or ""),
    )


def print_report(report: EvalReport, *, profile: str) -> None:
    """The figures, by language, and the traps: those that were fallen into first."""
    for line in wrap(
        f"{safe(report.topic)}: {plural(report.n, 'article')}, {report.positives} on topic, "
        f"threshold {report.threshold:g}, profile {profile}",
        width(),
    ):
        say(line)
    print_figures(
        report.to_json(),
        (
            "average_precision",
            "f1",
            "precision",
            "recall",
            "recall_at_precision_95",
            "related_hit_rate",
        ),
    )
    if report.by_language:
        print_parts("language", report.by_language)
    failing = {trap: part for trap, part in report.by_trap.items() if _failed(part)}
    if failing:
        print_parts("trap", failing)
    clean = [
        f"{trap} ({part['n']:g})" for trap, part in report.by_trap.items() if trap not in failing
    ]
    if report.by_trap:
        print_ids("Traps without an error (articles)", clean)
    print_ids("Missed", report.misses)
    print_ids("False alarms", report.false_alarms)


def print_figures(found: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Figures of the whole file, one a line: six side by side are too wide for most terminals."""
    for key in keys:
        say(f"  {FIGURES[key]:<26}{_figure(found[key])}")


def print_parts(kind: str, parts: Mapping[str, Mapping[str, float]]) -> None:
    """Languages or traps, most errors first: errors of how many, and figures that need articles
    on topic only where there are some."""
    columns = ("articles", "missed", "false alarms", "F1", "AP")
    made = table((kind, {"ratio": 1}), *((name, RIGHT) for name in columns))
    for name, part in sorted(parts.items(), key=lambda pair: (-_failed(pair[1]), pair[0])):
        positives = int(part["positives"])
        negatives = int(part["n"]) - positives
        made.add_row(
            safe(name),
            f"{part['n']:g}",
            f"{part['misses']:g} of {positives}" if positives else "",
            f"{part['false_alarms']:g} of {negatives}" if negatives else "",
            _figure(part["f1"]) if positives else "",
            _figure(part["average_precision"]) if positives else "",
        )
    console().print(made)


def _failed(part: Mapping[str, float]) -> float:
    return part["misses"] + part["false_alarms"]


def print_ids(title: str, ids: Sequence[str]) -> None:
    """A wrapped list of ids."""
    text = ", ".join(map(one_line, ids)) or "none"
    say(indented(wrap(f"{title}: {text}", width() - 2), 2))


def _figure(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
