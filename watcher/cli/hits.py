"""``watcher hits``: look at what was found, find it again, hand it on, correct it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli import filters
from watcher.cli.export import as_csv, as_jsonl, hit_json
from watcher.cli.filters import parse_verdict
from watcher.cli.output import emit, note, now_utc, safe, say
from watcher.cli.shell import noun, root
from watcher.errors import UsageError
from watcher.model import HitId

if TYPE_CHECKING:
    from watcher.cli.shell import Root
    from watcher.storage import HitRecord

__all__ = ["app", "hit_json"]

app = noun("Hits: list, show, mark, search, export.")


@app.command("list")
@filters.choosing_hits(limit=50, of_data=filters.MOST)
def list_hits(
    context: typer.Context,
    wanted: filters.Wanted,
    as_json: filters.JsonFlag = False,
    csv: filters.CsvFlag = False,
    jsonl: filters.JsonlFlag = False,
    pager: filters.PagerFlag = True,
) -> None:
    """List hits, newest first: 50 of them, or all as JSON or CSV."""
    form = filters.one_format(as_json=as_json, csv=csv, jsonl=jsonl)
    cli = root(context)
    looked = cli.look_up(lambda store: (store.review.hits(wanted), store.review.topics()))
    found, topics = looked or ([], [])
    if wanted.topic and not found:
        filters.check_topic(cli, wanted.topic, topics)
    if form != "text":
        print_data(found, form)
    elif not found:
        say("No near misses." if wanted.near_misses else "No hits.")
        if looked and not topics:
            note("`watcher poll` makes a pass, `watcher status` says how things stand.")
    else:
        _print_list(found, more=len(found) == wanted.limit, pager=pager)


def _print_list(found: list[HitRecord], *, more: bool, pager: bool) -> None:
    from watcher.cli import screen
    from watcher.cli.listing import hit_lines

    with screen.pager(wanted=pager) as lines:
        lines.extend(hit_lines(found))
        if more:
            lines.append(screen.paint(f"The first {len(found)}; more with --limit.", "dim"))


def print_data(found: list[HitRecord], form: str) -> None:
    """Hits as JSON, JSON Lines or CSV on stdout."""
    if form == "json":
        emit([hit_json(hit) for hit in found])
    else:
        for line in as_csv(found) if form == "csv" else as_jsonl(found):
            say(line)


@app.command()
def show(
    context: typer.Context,
    hit_id: Annotated[int, typer.Argument(metavar="ID")],
    text: Annotated[bool, typer.Option("--text", help="With the whole stored text.")] = False,
    open_link: Annotated[bool, typer.Option("--open", help="Open the link in a browser.")] = False,
    as_json: filters.JsonFlag = False,
    pager: filters.PagerFlag = True,
) -> None:
    """Show one hit: why it is one, where it says so, what is new, who else reports it."""
    from watcher.cli.showing import details_of, shown_json, shown_lines

    details = details_of(root(context).store(), HitId(hit_id))
    if open_link:
        _open(details.hit.url)
    if as_json:
        emit(shown_json(details))
        return
    from watcher.cli import screen

    told = details.story.stage if details.story else None
    stage = root(context).stage_name(details.hit.topic, told)
    with screen.pager(wanted=pager) as lines:
        lines.extend(shown_lines(details, stage=stage, whole_text=text, now=now_utc()))


def _open(url: str) -> None:
    import webbrowser

    from watcher.urls import is_web_url

    if not is_web_url(url):
        raise UsageError("its link is no web address; it is not opened")
    if not webbrowser.open(url):
        note("no browser could be started here; the link is " + safe(url))


@app.command()
def mark(
    context: typer.Context,
    hit_id: Annotated[int, typer.Argument(metavar="ID")],
    verdict: Annotated[str, typer.Argument(help="relevant, related, irrelevant, duplicate, none")],
    more: Annotated[
        list[int] | None, typer.Option("--also", metavar="ID", help="These hits, too.")
    ] = None,
    comment: Annotated[str, typer.Option("--note", help="Why, for yourself.")] = "",
    as_json: filters.JsonFlag = False,
) -> None:
    """Say what a hit or near miss really is; the watcher learns from it."""
    wanted = None if verdict == "none" else parse_verdict(verdict, with_none=True)
    review = root(context).store().review
    chosen = list(dict.fromkeys(map(HitId, [hit_id, *(more or [])])))
    for one in chosen:  # all of them or none
        review.hit(one)
    marked = [review.mark(one, wanted, note=comment, now=now_utc()) for one in chosen]
    if as_json:
        emit(hit_json(marked[0]) if more is None else [hit_json(hit) for hit in marked])
        return
    for hit in marked:
        note(f"hit {hit.id} is now {hit.verdict or 'unmarked'}: {safe(hit.title)}")


@app.command()
@filters.choosing_hits(limit=20)
def search(
    context: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY")],
    wanted: filters.Wanted,
    as_json: filters.JsonFlag = False,
    pager: filters.PagerFlag = True,
) -> None:
    """Find hits by the words of their articles, in any of their forms; best match first.

    Words must all be there; "a phrase", this OR that, (groups), -without, begin*. A query that
    begins with a minus goes behind `--`.
    """
    from watcher.cli.searching import found_json, found_lines
    from watcher.text.query import parse_query

    # One argument with a space in it was quoted for the shell and is meant as a phrase only if
    # the query has other arguments, too: `search "South Ossetia" -Peskov`.
    words = [f'"{w}"' if " " in w and len(query) > 1 and '"' not in w else w for w in query]
    node = parse_query(" ".join(words))
    found = root(context).look_up(lambda store: store.search.find(node, wanted)) or []
    if as_json:
        emit([found_json(one, node) for one in found])
    elif not found:
        say("Nothing found." if wanted.near_misses else "Nothing found among the hits.")
    else:
        from watcher.cli import screen

        with screen.pager(wanted=pager) as lines:
            lines.extend(found_lines(found, node))


@app.command()
@filters.choosing_hits(limit=100_000)
def export(
    context: typer.Context,
    form: Annotated[
        str, typer.Option("--format", "-f", help="csv, jsonl, json, markdown, atom or opml.")
    ] = "csv",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File; default: stdout.")] = None,
    *,
    wanted: filters.Wanted,
) -> None:
    """Hand hits on: CSV that a spreadsheet opens safely, JSON Lines, Markdown, an Atom feed; or
    the feeds as OPML."""
    from watcher.cli.exporting import FORMATS, exported, write_out

    if form not in FORMATS:
        raise UsageError(
            f'"{form}" is no format; known are {", ".join(FORMATS)}'
            f"{filters.did_you_mean(form, FORMATS)}"
        )
    cli: Root = root(context)
    written = write_out(exported(cli.store(), form, wanted, now=now_utc()), out)
    if out is not None:
        note(f"wrote {written} lines to {out}")
