"""How the demonstration tells what happened. Fits 80 columns and uses more where there are more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from watcher.demo.receiver import ReceivedAlert
from watcher.demo.web import Fact, SampleWeb
from watcher.model import SilentReason
from watcher.storage import HitRecord
from watcher.text.clean import terminal_safe
from watcher.urls import canonical

_LANGUAGES = {"en": "English", "ru": "Russian", "ka": "Georgian", "de": "German"}
_TOLD = {
    SilentReason.BACKLOG: "too old",
    SilentReason.SAME_STORY: "same story",
}
_FORMATS = {"rss": "RSS", "atom": "Atom", "rdf": "RDF", "json": "JSON Feed"}
_TRAPS = {
    "other-referendum": "referendums elsewhere",
    "south-georgia-island": "the island of South Georgia",
    "related-links-only": "the topic only among related links",
    "us-state-georgia": "the US state of Georgia",
    "abkhazia-only": "Abkhazia",
    "alania-football": "a football club",
    "north-ossetia-local": "local news of North Ossetia",
    "ossetian-cuisine": "Ossetian pies",
    "namesake": "a pianist named Bibilov",
    "same-place-other-subject": "daily life in Tskhinvali",
    "osetr-words": "words that only look like Ossetia",
    "georgia-travel": "a hike in Georgia",
}
_STAGES = {"poll": "feeds polled", "read": "pages read", "score": "articles scored"}
_STRONGEST = 6
"""So many contributions explain a score well enough for a first look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the watcher found, held against what is true about the sample web."""

    found: tuple[Fact, ...]
    missed: tuple[Fact, ...]
    false_alarms: tuple[Fact, ...]
    kept_out: tuple[Fact, ...]
    """Traps that did not become hits."""


def judge(hits: Sequence[HitRecord], facts: Sequence[Fact]) -> Judgement:
    """Compare hits with facts by the address of the article."""
    hit = {canonical(one.url) for one in hits}
    inside = [fact for fact in facts if canonical(fact.url) in hit]
    outside = [fact for fact in facts if canonical(fact.url) not in hit]
    return Judgement(
        found=tuple(fact for fact in inside if fact.on_topic),
        missed=tuple(fact for fact in outside if fact.on_topic),
        false_alarms=tuple(fact for fact in inside if not fact.on_topic),
        kept_out=tuple(fact for fact in outside if fact.trap),
    )


def opening(console: Console, web: SampleWeb) -> None:
    """What is about to be shown, and that none of it is news."""
    facts = web.facts()
    langs = [name for lang, name in _LANGUAGES.items() if lang in {f.lang for f in web.feeds}]
    formats = [name for key, name in _FORMATS.items() if key in {f.format for f in web.feeds}]
    console.print(
        "A sample news web runs on this machine: no network, no configuration.", style="bold"
    )
    console.print(
        f"{len(web.feeds)} feeds ({', '.join(formats)}) in {_listed(langs)} "
        f"with {len(facts)} articles. Outlets and stories are invented."
    )
    console.print("Topic: South Ossetia joining Russia, the referendum on it, Anatoly Bibilov.")


def heading(console: Console, text: str) -> None:
    """A new part of the demonstration."""
    console.print()
    console.print(text, style="bold cyan")


@contextmanager
def progress(console: Console, totals: Mapping[str, int]) -> Iterator[Callable[[str, int], None]]:
    """Bars for the stages while they work, where somebody watches; otherwise nothing."""
    columns = (TextColumn("{task.description:>16}"), BarColumn(28), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        tasks = {stage: bars.add_task(_STAGES[stage], total=n) for stage, n in totals.items()}

        def advance(stage: str, done: int) -> None:
            if stage in tasks:
                bars.advance(tasks[stage], done)

        yield advance


def hits(console: Console, found: Sequence[HitRecord], facts: Sequence[Fact]) -> None:
    """The hit table, one block per story, the first told story first."""
    made = _table()
    made.add_column("score", justify="right", no_wrap=True)
    made.add_column("lang", no_wrap=True)
    made.add_column("outlet", no_wrap=True, max_width=24 if console.width >= 110 else 18)
    made.add_column("headline", ratio=1, no_wrap=True, overflow="ellipsis")
    made.add_column("alert", no_wrap=True)
    names = {canonical(fact.url): fact.title for fact in facts}
    for story in stories(found):
        for one in story:
            title = terminal_safe(one.title or names.get(canonical(one.url), ""))
            made.add_row(
                f"{one.score:.0f}", one.lang or "?", terminal_safe(one.feed), title, _told(one)
            )
        made.add_section()
    console.print(made)


def stories(found: Sequence[HitRecord]) -> list[list[HitRecord]]:
    """Hits by story: the story with most tellings first; inside it, what was told first."""
    by_story = sorted(found, key=lambda one: (one.story_id or 0, _published(one)))
    blocks = [list(block) for _, block in groupby(by_story, key=lambda one: one.story_id)]
    told_first = [sorted(block, key=lambda one: one.silent_reason is not None) for block in blocks]
    return sorted(told_first, key=lambda block: (-len(block), _published(block[0])))


def verdict(console: Console, judged: Judgement) -> None:
    """The result against the truth, in words."""
    on_topic = len(judged.found) + len(judged.missed)
    console.print(f"{len(judged.found)} of {on_topic} articles on the topic were found.")
    traps = dict.fromkeys(fact.trap for fact in judged.kept_out if fact.trap)
    console.print(
        f"{len(judged.kept_out)} look-alikes stayed out: "
        f"{', '.join(_TRAPS.get(trap, trap) for trap in traps)}."
    )
    for label, facts in (("Missed", judged.missed), ("False alarm", judged.false_alarms)):
        for fact in facts:
            console.print(f"{label}: {fact.title}", style="yellow")


def score(console: Console, one: HitRecord) -> None:
    """Why a hit got its score: the strongest contributions, and the sentences that show it."""
    console.print(
        f"“{terminal_safe(one.title)}” scored {one.score:.0f} of 100 (threshold {one.threshold:g}):"
    )
    strongest = sorted(one.contributions, key=lambda c: -abs(c.points))
    largest = abs(strongest[0].points) or 1.0
    made = _table()
    made.add_column("points", justify="right", no_wrap=True)
    made.add_column("", no_wrap=True, width=10)
    made.add_column("reason", max_width=28)
    made.add_column("evidence", ratio=1)
    for contribution in strongest[:_STRONGEST]:
        bar = "█" * max(1, round(abs(contribution.points) / largest * 10))
        colour = "green" if contribution.points > 0 else "red"
        made.add_row(
            f"{contribution.points:+.2f}",
            Text(bar, colour),
            terminal_safe(contribution.name),
            terminal_safe(contribution.evidence),
        )
    rest = strongest[_STRONGEST:]
    if rest:
        made.add_row(f"{sum(c.points for c in rest):+.2f}", "", f"{len(rest)} smaller ones", "")
    total = sum(contribution.points for contribution in strongest)
    made.add_row(f"{total:+.2f}", "", "sum", f"100 / (1 + exp(-sum)) = {one.score:.1f}")
    console.print(made)
    for sentence in one.sentences:
        console.print(Padding(f"“{terminal_safe(sentence)}”", (0, 2)), style="italic")


def alert(console: Console, received: ReceivedAlert) -> None:
    """A message as the receiver got it."""
    title = Text(terminal_safe(received.title), overflow="ellipsis", no_wrap=True)
    body = Text("\n".join(terminal_safe(line) for line in _excerpt(received.message)))
    console.print(Panel(body, title=title, title_align="left", box=box.ROUNDED))


def next_steps(console: Console) -> None:
    """What to try now."""
    made = Table.grid(padding=(0, 2))
    for command, purpose in (
        ("watcher init my-watch", "write a configuration and a seeds folder"),
        ("cd my-watch; edit config.toml", "your address, your feeds, your receiver"),
        ("watcher check --online", "is everything right, does every feed answer?"),
        ("watcher poll --no-send", "one pass that tells nobody"),
        ("watcher hits", "what it found, and why: watcher hits show ID"),
        ("watcher run", "the service, until you stop it"),
    ):
        made.add_row(Text(f"  {command}", "bold"), purpose)
    console.print(made)


def _table() -> Table:
    return Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=True, header_style="bold"
    )


def _excerpt(message: str) -> list[str]:
    """The first article of a message whole, of the others only the headlines."""
    first, *rest = message.strip().split("\n\n")
    lines = first.splitlines()
    for block in rest:
        told = block.splitlines()
        lines += ["", *([f"{told[0]} ..."] if told[0][:1].isdigit() else told)]
    return lines


def _told(one: HitRecord) -> str:
    if one.silent_reason is None:
        return "sent"
    return _TOLD.get(one.silent_reason, str(one.silent_reason))


def _published(one: HitRecord) -> datetime:
    return one.published_at or one.first_seen_at


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
