"""``watcher feeds``: what is polled and how it fares."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.advice import advice_for
from watcher.cli.filters import JsonFlag, PagerFlag
from watcher.cli.output import emit, note, now_utc, plural, safe, say, short_time
from watcher.cli.shell import Root, noun, root
from watcher.cli.topics import find_topic
from watcher.errors import ConfigError, NoDatabaseError, UsageError, WatcherError
from watcher.model import (
    Failure,
    FeedData,
    FeedKind,
    FeedSpec,
    FeedState,
    PageData,
    ReadPolicy,
    TopicId,
)

if TYPE_CHECKING:
    from watcher.cli.trial import Trial
    from watcher.storage import FeedRecord, Store

app = noun("Feeds: list, add, remove, pause, resume, discover, import, export, test.")

FeedArgument = Annotated[str, typer.Argument(metavar="FEED", help="Its id, name or address.")]


@app.command("list")
def list_feeds(context: typer.Context, as_json: JsonFlag = False, pager: PagerFlag = True) -> None:
    """List feeds with their health: newest entry, interval, failures, unusual silence."""
    from watcher.cli import screen
    from watcher.cli.feedlines import feed_json, feed_lines, new_feed_json

    cli = root(context)
    now = now_utc()
    found, fresh = _stored(cli, now)
    ahead = _ahead(cli, found)
    if as_json:
        polled = [feed_json(feed, fresh.get(feed.id, 0), now) for feed in found]
        emit([*polled, *(new_feed_json(spec, now) for spec in ahead)])
        return
    if not found and not ahead:
        say("No feeds yet: `watcher feeds add URL`, or [[feeds]] tables in the configuration.")
        return
    with screen.pager(wanted=pager) as lines:
        if found:
            lines.extend(feed_lines(found, fresh, now))
        if ahead:
            lines.append("Polled for the first time at the next pass:")
            lines.extend(f"  {safe(spec.name)}  {spec.url}" for spec in ahead)


def _stored(cli: Root, now: datetime) -> tuple[list[FeedRecord], dict[int, int]]:
    """The stored feeds, and the new entries of a day by their ids."""
    try:
        with closing(cli.store()) as store:
            return store.feeds.all(), store.feeds.entries_since(now - timedelta(days=1))
    except NoDatabaseError:
        return [], {}


def _ahead(cli: Root, found: Sequence[FeedRecord]) -> list[FeedSpec]:
    """The feeds that the next pass will store."""
    # With nothing stored a broken file is told of: "no feeds" may be untrue of it.
    return configured(cli, without=found) if found else list(cli.settings.feeds)


def configured(cli: Root, *, without: Sequence[FeedRecord]) -> list[FeedSpec]:
    """The feeds of the configuration that no pass has stored yet; none where it can't be read."""
    from watcher.config.quick import feed_urls_of

    known = {feed.spec.url for feed in without}
    if feed_urls_of(cli.path) <= known:
        return []
    try:
        return [spec for spec in cli.settings.feeds if spec.url not in known]
    except ConfigError:
        return []


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help='A feed, a site, or news-search:"…"')],
    name: Annotated[str | None, typer.Option(help="How to call it.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Default: its domain.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Only for this topic.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A label; repeatable.")] = None,
    read: Annotated[ReadPolicy, typer.Option(help="Which article pages to read.")] = ReadPolicy.ALL,
    kind: Annotated[FeedKind | None, typer.Option(help="Default: found out.")] = None,
    selector: Annotated[
        str | None, typer.Option(help="CSS selector of the links of a listing page.")
    ] = None,
    robots: Annotated[
        bool, typer.Option(help="Respect robots.txt when reading its article pages.")
    ] = True,
) -> None:
    """Add a feed; a site's address is searched for its feed."""
    cli = root(context)
    for wanted in topic or []:
        find_topic(cli, wanted)
    options: dict[str, Any] = {
        "topics": tuple(TopicId(wanted) for wanted in topic or ()),
        "tags": tuple(tag or ()),
        "read": read,
        "ignore_robots": not robots,
        "origin": "cli",
    }
    specs = asyncio.run(find_specs(cli, url, kind, selector))
    store = cli.store(create=True)
    stored = store.feeds.all()
    taken, known = {feed.spec.name for feed in stored}, {f.spec.url: f.spec.name for f in stored}
    for spec in specs:
        if spec.url in known:
            note(f"known already as {safe(known[spec.url])} ({spec.url})")
            continue
        chosen = unused(name or spec.name, taken)
        taken.add(chosen)
        wanted_tags = tuple(dict.fromkeys([*spec.tags, *options["tags"]]))
        added = store.feeds.add(
            replace(
                spec,
                **options | {"tags": wanted_tags},
                name=chosen,
                publisher=publisher or spec.publisher,
            ),
            now=now_utc(),
        )
        note(f"added {safe(added.spec.name)} ({added.spec.url}); it is polled at the next pass")


async def find_specs(
    cli: Root, url: str, kind: FeedKind | None, selector: str | None
) -> list[FeedSpec]:
    """The feeds that an address stands for; raises WatcherError saying what it found instead."""
    from watcher.cli.trial import first_feed, plain_spec, stated_specs, try_feed
    from watcher.config.search import PREFIX

    specs = stated_specs(url, kind, selector)
    if url.startswith(PREFIX):  # the engines are known to have them
        return specs
    [spec] = specs
    trial = await try_feed(cli.settings, spec)
    if isinstance(trial.data, FeedData):
        return [replace(spec, name=trial.data.title or spec.name)]
    if kind is None and spec.kind is FeedKind.FEED:
        found = await first_feed(cli.settings, trial.found)
        if found is not None and isinstance(found[1].data, FeedData):
            feed = plain_spec(found[0].url)
            return [replace(feed, name=found[1].data.title or found[0].title or feed.name)]
    raise WatcherError(
        f"{spec.url}: {trial.data.reason}: {trial.data.detail}; no feed was found there. "
        "A page of links can be added with --selector 'CSS'"
    )


def unused(name: str, taken: set[str]) -> str:
    """The name, numbered where another feed has it."""
    numbered = (name if n == 1 else f"{name} {n}" for n in range(1, len(taken) + 3))
    return next(candidate for candidate in numbered if candidate not in taken)


@app.command()
def remove(context: typer.Context, feed: FeedArgument) -> None:
    """Stop polling a feed that was added by command; what it brought stays."""
    cli = root(context)
    store = cli.store()
    found = pick(store.feeds.all(), feed)
    if found.spec.origin == "config":
        raise UsageError(
            f"{found.spec.name} stands in {cli.path}: take it out there, or `watcher feeds pause`"
        )
    store.feeds.set_state(found.id, FeedState.RETIRED, now=now_utc())
    note(f"removed {safe(found.spec.name)}")


@app.command()
def pause(context: typer.Context, feed: FeedArgument) -> None:
    """Stop polling a feed until it is resumed."""
    _set_state(context, feed, FeedState.PAUSED)


@app.command()
def resume(context: typer.Context, feed: FeedArgument) -> None:
    """Poll a paused or failing feed again, at the next pass."""
    _set_state(context, feed, FeedState.OK)


def _set_state(context: typer.Context, feed: str, state: FeedState) -> None:
    cli = root(context)
    store, found = _store_with(cli, feed)
    store.feeds.set_state(found.id, state, now=now_utc())
    note(f"{safe(found.spec.name)} is {'paused' if state == FeedState.PAUSED else 'due now'}")


def _store_with(cli: Root, feed: str) -> tuple[Store, FeedRecord]:
    """The database and that feed in it, also where no pass has stored it yet."""
    known, _fresh = _stored(cli, now_utc())
    new = (spec for spec in configured(cli, without=known) if feed in (spec.name, spec.url))
    if (spec := next(new, None)) is not None:
        store = cli.store(create=True)
        return store, store.feeds.add(spec, now=now_utc())
    store = cli.store()
    return store, pick(known, feed)


def pick(stored: list[FeedRecord], name: str) -> FeedRecord:
    """One feed by id, name or address; raises UsageError naming the nearest."""
    for feed in stored:
        if name in (str(feed.id), feed.spec.name, feed.spec.url):
            return feed
    near = difflib.get_close_matches(name, [feed.spec.name for feed in stored], n=1)
    hint = f"; did you mean {near[0]}?" if near else "; see `watcher feeds`"
    raise UsageError(f"no feed {name}{hint}")


@app.command()
def discover(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL")],
    as_json: JsonFlag = False,
) -> None:
    """Name the feeds that a site points to."""
    from watcher.cli.trial import plain_spec, try_feed

    address = url if "://" in url else f"https://{url}"
    trial = asyncio.run(try_feed(root(context).settings, plain_spec(address)))
    found = [{"url": f.url, "title": f.title, "stated": f.stated} for f in trial.found]
    if isinstance(trial.data, FeedData):
        found = [{"url": trial.response.url, "title": trial.data.title, "stated": True}]
    if as_json:
        emit(found)
        return
    stated = [feed for feed in found if feed["stated"]]
    guesses = [feed for feed in found if not feed["stated"]]
    for feed in stated:
        say(f"{feed['url']}  {safe(feed['title'])}".rstrip())
    if not stated:
        say("No feed is stated there.")
    if guesses:
        note("Not stated and not tried, but usual for such a site (`feeds add` tries them):")
        for feed in guesses:
            note(f"  {feed['url']}")


@app.command("import")
def import_opml(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE.opml")]
) -> None:
    """Add the feeds of an OPML list; its folders and categories become tags."""
    from watcher.cli.trial import telegram
    from watcher.parse.opml import read_opml

    cli = root(context)
    try:
        listed, problems = read_opml(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from None
    named = any(feed.topics for feed in listed)
    topics = {topic.id for topic in cli.settings.topics} if named else set()
    store = cli.store(create=True)
    stored = store.feeds.all()
    known, taken = {feed.spec.url for feed in stored}, {feed.spec.name for feed in stored}
    added = 0
    for listed_feed in listed:
        url, kind = telegram(listed_feed.url, None)
        if url in known:
            continue
        for gone in set(listed_feed.topics) - topics:
            problems.append(f"{listed_feed.name}: no topic {gone} here")
        spec = replace(
            listed_feed,
            url=url,
            kind=kind or listed_feed.kind,
            name=unused(listed_feed.name, taken),
            topics=tuple(topic for topic in listed_feed.topics if topic in topics),
        )
        known.add(url)
        taken.add(spec.name)
        store.feeds.add(spec, now=now_utc())
        added += 1
    for problem in problems:
        note(f"{file}: {safe(problem)}; left out")
    note(f"{plural(added, 'feed')} added, {len(listed) - added} known before")


@app.command("export")
def export_opml(context: typer.Context) -> None:
    """Print the feeds as an OPML list, which can be imported again as it was."""
    from watcher.cli.export import as_opml

    cli = root(context)
    found, _fresh = _stored(cli, now_utc())
    say("\n".join(as_opml([*(feed.spec for feed in found), *_ahead(cli, found)])))


@app.command("test")
def show_trial(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="An address, or a feed's name.")],
    kind: Annotated[FeedKind | None, typer.Option(help="Default: found out.")] = None,
    selector: Annotated[str | None, typer.Option(help="CSS selector for a listing.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Print what a poll would see: timing, size, validators, entries, one article, oddities.

    A search stands for several feeds: then the JSON is a list."""
    from watcher.cli.trial import UnfetchedError, oddities, try_feed

    cli = root(context)
    trials, failed = [], []
    for spec in specs_to_try(cli, url, kind, selector):
        try:
            trial = asyncio.run(try_feed(cli.settings, spec, read=True))
        except UnfetchedError as error:
            failed.append(str(error))
            trials.append(unfetched_json(error.failure))
            continue
        trials.append(trial_json(trial, oddities(trial)))
        if not as_json:
            print_trial(trial, oddities(trial))
        if isinstance(trial.data, Failure):
            failed.append(f"{spec.url}: {trial.data.reason}: {trial.data.detail}".rstrip(": "))
    if as_json:
        emit(trials[0] if len(trials) == 1 else trials)
    if failed:
        raise WatcherError("; ".join(failed))


def specs_to_try(
    cli: Root, url: str, kind: FeedKind | None, selector: str | None
) -> list[FeedSpec]:
    """The feed of that name or address, as it is polled; else what the address looks like."""
    from watcher.cli.trial import stated_specs
    from watcher.config.search import PREFIX

    if kind is None and selector is None:
        known = [*cli.settings.feeds, *_stored_specs(cli)]
        named = next((spec for spec in known if url in (spec.name, spec.url)), None)
        if named is not None:
            return [named]
    if "://" not in url and not url.startswith(PREFIX):
        raise UsageError(f"{url}: neither a feed's name nor an address such as https://…")
    return stated_specs(url, kind, selector)


def _stored_specs(cli: Root) -> list[FeedSpec]:
    """The feeds in the database, if there is one by now."""
    return [feed.spec for feed in _stored(cli, now_utc())[0]]


def unfetched_json(failure: Failure) -> dict[str, Any]:
    """A trial of which nothing came, in the same shape."""
    return {
        "url": failure.url,
        "final_url": None,
        "status": failure.status,
        "seconds": None,
        "bytes": 0,
        "wire_bytes": 0,
        "etag": None,
        "last_modified": None,
        **_trouble_json(failure),
        "title": None,
        "lang": None,
        "entries": [],
        "feeds": [],
        "odd": [],
    }


def _trouble_json(failure: Failure | None) -> dict[str, Any]:
    return {
        "reason": failure.reason if failure else None,
        "detail": failure.detail if failure else None,
        "advice": advice_for(failure.reason) if failure else None,
    }


def trial_json(trial: Trial, odd: list[str]) -> dict[str, Any]:
    """A trial as data."""
    data, response = trial.data, trial.response
    entries = () if isinstance(data, Failure) else data.entries
    return {
        "url": trial.url,
        "final_url": response.url,
        "status": response.status,
        "seconds": round(response.elapsed.total_seconds(), 3),
        "bytes": len(response.body or b""),
        "wire_bytes": response.wire_bytes,
        "etag": response.etag,
        "last_modified": response.last_modified,
        **_trouble_json(data if isinstance(data, Failure) else None),
        "title": None if isinstance(data, Failure) else data.title,
        "lang": None if isinstance(data, Failure) else data.lang,
        "entries": [
            {"title": e.title, "url": e.url, "published_at": e.published_at} for e in entries
        ],
        "feeds": [feed.url for feed in trial.found],
        "odd": odd,
    }


def print_trial(trial: Trial, odd: list[str]) -> None:
    """A trial for people."""
    data, response = trial.data, trial.response
    say(
        f"{safe(response.url)}: HTTP {response.status} in {response.elapsed.total_seconds():.2f} s, "
        f"{len(response.body or b''):,} bytes ({response.wire_bytes:,} on the wire)"
    )
    say(
        f"validators: ETag {safe(response.etag or 'none')}, "
        f"Last-Modified {safe(response.last_modified or 'none')}"
    )
    if isinstance(data, Failure):
        for feed in trial.found[:10]:
            how = "points to" if feed.stated else "may have"
            say(f"{how}: {safe(feed.url)}  {safe(feed.title)}".rstrip())
        return
    say(
        f"{safe(data.title) or '(no title)'}, language {data.lang or 'not stated'}, "
        f"{plural(len(data.entries), 'entry', 'entries')}"
    )
    for entry in data.entries[:5]:
        say(f"  {short_time(entry.published_at) or 'no date':<16} {safe(entry.title)}")
    if isinstance(trial.page, PageData) and trial.article is not None:
        say(
            f"read “{safe(trial.article.title)}”: {plural(len(trial.page.text.split()), 'word')}, "
            f"{trial.page.lang or 'language unknown'}"
            + (f", in part ({trial.page.reason})" if trial.page.partial else "")
        )
    elif isinstance(trial.page, Failure):
        say(f"the newest article can't be read: {trial.page.reason} {safe(trial.page.detail)}")
    for line in odd:
        say(f"odd: {safe(line)}")
