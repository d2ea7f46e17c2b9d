"""From checked models to the frozen data that the rest of the program works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from watcher.config.models import ConfigFile, FeedTable, FetchTable, ReceiverTable, TopicTable
from watcher.config.search import PREFIX, expand_search
from watcher.config.settings import (
    FetchSection,
    OperatorSection,
    OutputSection,
    SemanticSection,
    Settings,
    WatcherSection,
)
from watcher.model import (
    FeedKind,
    FeedSpec,
    ReadPolicy,
    ReceiverSpec,
    SeedData,
    StageSpec,
    TopicId,
    TopicSpec,
)
from watcher.urls import registered_domain

SQLITE = "sqlite:///"


def build_settings(
    config: ConfigFile,
    *,
    path: Path,
    base: Path,
    seeds: Mapping[int, tuple[SeedData, ...]],
    learned: Mapping[int, Mapping[str, Any]],
    templates: Mapping[int, str],
    secrets: tuple[str, ...],
) -> Settings:
    """Settings of a configuration in which nothing is wrong."""
    atom, model = config.output.atom, config.semantic.model
    return Settings(
        path=path.absolute(),
        base=base,
        watcher=WatcherSection(
            database=_database(config.watcher.database, base), workers=config.watcher.workers
        ),
        fetch=_fetch(config.fetch),
        feeds=_feeds(config.feeds),
        topics=tuple(
            _topic(topic, seeds.get(index, ()), learned.get(index, {}))
            for index, topic in enumerate(config.topics)
        ),
        receivers=tuple(
            _receiver(receiver, templates.get(index))
            for index, receiver in enumerate(config.receivers)
        ),
        operator=OperatorSection(receiver=config.operator.receiver),
        output=OutputSection(atom=base / atom if atom else None),
        semantic=SemanticSection(model=base / model if model else None),
        secrets=secrets,
    )


def _database(url: str, base: Path) -> str:
    """An SQLite path starts from the folder of the config file."""
    if not url.startswith(SQLITE):
        return url
    name, mark, options = url.removeprefix(SQLITE).partition("?")
    return f"{SQLITE}{base / name}{mark}{options}"


def _fetch(table: FetchTable) -> FetchSection:
    return FetchSection(
        contact=table.contact,
        timeout=table.timeout,
        max_bytes=table.max_bytes,
        concurrency=table.concurrency,
        per_host=table.per_host,
        per_host_delay=table.per_host_delay,
        allow_private_addresses=tuple(
            ip_network(network, strict=False) for network in table.allow_private_addresses
        ),
        min_every=table.min_every,
        max_every=table.max_every,
        robots=table.robots,
    )


def _feeds(rows: Sequence[FeedTable]) -> tuple[FeedSpec, ...]:
    taken = {row.name for row in rows if row.name}
    feeds: list[FeedSpec] = []
    for row in rows:
        if row.url.startswith(PREFIX):
            found = expand_search(row.url)
            named = row.name or found[0].query.replace('"', "")
            feeds += [_feed(row, feed.url, f"{named} ({feed.engine})") for feed in found]
        else:
            name = row.name or _default_name(row.url, taken)
            taken.add(name)
            feeds.append(_feed(row, row.url, name))
    # Two searches may stand for the same feed.
    unique: dict[str, FeedSpec] = {}
    for feed in feeds:
        unique.setdefault(feed.url, feed)
    return tuple(unique.values())


def _default_name(url: str, taken: set[str]) -> str:
    parts = urlsplit(url)
    host = parts.netloc.removeprefix("www.")
    candidates = (host, f"{host}{parts.path.rstrip('/')}", url)
    return next(name for name in candidates if name not in taken or name == url)


def _feed(row: FeedTable, url: str, name: str) -> FeedSpec:
    return FeedSpec(
        url=url,
        name=name,
        publisher=row.publisher or registered_domain(url),
        every=row.every,
        topics=tuple(TopicId(topic) for topic in row.topics),
        read=ReadPolicy(row.read),
        kind=FeedKind(row.kind),
        selector=row.selector,
        tags=tuple(row.tags),
        ignore_robots=not row.robots,
        false_alarm_rate=row.false_alarm_rate,
    )


def _topic(row: TopicTable, seeds: tuple[SeedData, ...], learned: Mapping[str, Any]) -> TopicSpec:
    return TopicSpec(
        id=TopicId(row.id),
        name=row.name or row.id,
        seeds=seeds,
        learned=learned,
        terms={group: tuple(words) for group, words in row.terms.items()},
        threshold=row.threshold,
        near_miss=row.near_miss,
        max_age=row.max_age,
        false_alarm_rate=row.false_alarm_rate,
        stages=tuple(
            StageSpec(
                id=stage.id,
                name=stage.name or stage.id,
                cues=tuple(stage.cues),
                reversal=stage.reversal,
            )
            for stage in row.stages
        ),
    )


def _receiver(row: ReceiverTable, template: str | None) -> ReceiverSpec:
    return ReceiverSpec(
        name=row.name,
        url=row.url,
        topics=tuple(TopicId(topic) for topic in row.topics),
        min_score=row.min_score,
        langs=tuple(row.langs),
        tags=tuple(row.tags),
        reasons=tuple(row.reasons),
        when=row.when,
        quiet=row.quiet,
        timezone=row.timezone,
        breakthrough=row.breakthrough,
        breakthrough_stage=row.breakthrough_stage,
        group_wait=row.group_wait,
        max_per_hour=row.max_per_hour,
        template=template,
    )
