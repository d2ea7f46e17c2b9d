"""The shape of ``config.toml`` as pydantic models: types, ranges, defaults, descriptions.

Imported only where a configuration is loaded or documented: pydantic costs over 100 ms.
References between tables and files are checked in ``loading``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from watcher.config import search
from watcher.config.units import parse_duration, parse_size
from watcher.decide.when import WHEN_FORMS, parse_quiet, parse_when
from watcher.model import FEED_FALSE_ALARMS, AlertReason
from watcher.text.clean import clean_line
from watcher.urls import clean_link

SECRET: JsonDict = {"secret": True}
"""Mark of a field whose value is never shown in a message."""


def _reader(parse: Callable[[str], Any], expected: str) -> BeforeValidator:
    """Read text with ``parse``; other types are told what was expected."""

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError("expected", expected)
        return parse(value)

    return BeforeValidator(read)


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError('expected a network such as "127.0.0.0/8" or "fd00::/8"') from None
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise ValueError('expected a time zone such as "Asia/Tbilisi" or "UTC"') from None
    return text


def _feed_url(text: str) -> str:
    if text.startswith(search.PREFIX):
        search.expand_search(text)
        return text
    link = clean_link("", text)
    if link is None:
        raise ValueError(
            "expected a web address that begins with https:// or http://, without user name, "
            "password or backslash"
        )
    return link


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", text):
        raise ValueError('expected lower-case letters, digits and hyphens, such as "south-ossetia"')
    return text


def _database(text: str) -> str:
    scheme, separator, place = text.partition("://")
    if scheme in ("postgres", "postgresql"):
        raise ValueError("write postgresql+psycopg:// for PostgreSQL")
    if not separator or scheme not in ("sqlite", "postgresql+psycopg"):
        raise ValueError("expected sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    if scheme == "sqlite" and (not place.startswith("/") or place.strip("/:") in ("", "memory")):
        raise ValueError("expected sqlite:/// followed by the path of a file")
    return text


def _reason(text: str) -> str:
    known = [reason.value for reason in AlertReason]
    if text not in known:
        raise ValueError(f"expected one of {', '.join(known)}")
    return text


def _lang(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", text):
        raise ValueError('expected a language code such as "en", "ru" or "ka"')
    return text


def _schedule(text: str) -> str:
    parse_when(text)
    return text


def _quiet(text: str) -> str:
    parse_quiet(text)
    return text


def _name(text: str) -> str:
    # Names are printed: what could steer a terminal does not belong there.
    return _text(clean_line(text, 200))


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text.strip()


_WEIGHT = re.compile(r"\d*\.?\d+\s*")


def _term(value: str) -> str:
    text = _text(value)
    words, caret, weight = text.partition("^")
    if not any(letter.isalnum() for letter in words):
        raise ValueError("has no word to look for")
    if caret and not _WEIGHT.fullmatch(weight):
        raise ValueError('expected a number behind "^", such as "South Ossetia^0.5"')
    return text


_DURATION_HINT = 'expected a duration in quotes, such as "30s", "15m", "1h30m" or "3d"'


def _duration(least: str, most: str) -> BeforeValidator:
    shortest, longest = parse_duration(least), parse_duration(most)

    def parse(text: str) -> timedelta:
        value = parse_duration(text)
        if not shortest <= value <= longest:
            raise ValueError(f"must be between {least} and {most}")
        return value

    return _reader(parse, _DURATION_HINT)


Timeout = Annotated[timedelta, _duration("0.1s", "10m")]
Delay = Annotated[timedelta, _duration("0s", "10m")]
Interval = Annotated[timedelta, _duration("1s", "30d")]
Wait = Annotated[timedelta, _duration("0s", "1d")]
Age = Annotated[timedelta, _duration("1m", "36500d")]
Network = Annotated[str, _reader(_network, 'expected a network in quotes, such as "127.0.0.0/8"')]
TimeZone = Annotated[str, _reader(_timezone, 'expected a time zone in quotes, such as "UTC"')]
FeedUrl = Annotated[str, _reader(_feed_url, "expected a web address in quotes")]
Identifier = Annotated[str, _reader(_identifier, 'expected a name in quotes, such as "my-topic"')]
Lang = Annotated[str, _reader(_lang, 'expected a language code in quotes, such as "en"')]
Schedule = Annotated[str, _reader(_schedule, f"expected {WHEN_FORMS}")]
QuietHours = Annotated[str, _reader(_quiet, 'expected hours in quotes, such as "22:00-07:00"')]
Reason = Annotated[str, _reader(_reason, "expected a reason in quotes")]
Database = Annotated[str, _reader(_database, "expected an address in quotes")]
Name = Annotated[str, _reader(_name, "expected a name in quotes")]
Text = Annotated[str, _reader(_text, "expected text in quotes")]
TermText = Annotated[str, _reader(_term, 'expected a name or phrase in quotes, such as "annex*"')]


def _size(value: Any) -> Any:
    if isinstance(value, str):
        return parse_size(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("expected", 'expected a size in quotes, such as "10MB"')
    return value


Size = Annotated[int, BeforeValidator(_size)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WatcherTable(Table):
    """The program itself."""

    database: Database = Field(
        default="sqlite:///db/watcher.sqlite3",
        json_schema_extra=SECRET,
        description="Where everything is kept: `sqlite:///PATH` or "
        "`postgresql+psycopg://USER:PASSWORD@HOST/NAME`",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Worker processes that parse and score; default: one more than cores, at most 8",
    )


class FetchTable(Table):
    """How feeds and pages are fetched."""

    contact: str = Field(
        default="",
        max_length=200,
        pattern=r"^[^\r\n]*$",
        description="Mail or web address that goes into the User-Agent, so that a publisher can "
        "reach you",
    )
    timeout: Timeout = Field(
        default=timedelta(seconds=30),
        description="Deadline of one fetch, redirects included",
    )
    max_bytes: Size = Field(
        default=10_000_000,
        ge=100,
        le=1_000_000_000,
        description="A body over this size (unpacked) is refused",
    )
    concurrency: int = Field(default=64, ge=1, le=5000, description="Fetches under way at once")
    per_host: int = Field(
        default=2, ge=1, le=1000, description="Fetches under way at once per registered domain"
    )
    per_host_delay: Delay = Field(
        default=timedelta(seconds=1),
        description="Pause between two fetches from one registered domain",
    )
    allow_private_addresses: list[Network] = Field(
        default_factory=list,
        description='Networks that may be fetched from although not public: `["127.0.0.0/8"]` for '
        "tests and intranets",
    )
    min_every: Interval = Field(
        default=timedelta(minutes=10),
        description="The adaptive schedule polls no feed more often",
    )
    max_every: Interval = Field(
        default=timedelta(hours=24),
        description="The adaptive schedule polls every feed at least this often",
    )
    robots: bool = Field(default=True, description="Respect robots.txt for article pages")

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        if self.min_every > self.max_every:
            raise ValueError("min_every is longer than max_every")
        return self


class FeedTable(Table):
    """A feed."""

    url: FeedUrl = Field(
        description='Address of the feed, or a search: `news-search:"South Ossetia" lang=ru`'
    )
    name: Name | None = Field(
        default=None, description="Name in listings and commands; default: from the address"
    )
    publisher: Name | None = Field(
        default=None, description="Who publishes it; default: registered domain"
    )
    every: Interval | None = Field(
        default=None,
        description="Poll interval; default: adaptive between `fetch.min_every` and "
        "`fetch.max_every`",
    )
    topics: list[Text] = Field(
        default_factory=list, description="Topics its articles are scored for; default: all"
    )
    read: Literal["all", "plausible", "never"] = Field(
        default="all", description="Which article pages are fetched: `all`, `plausible`, `never`"
    )
    kind: Literal["feed", "sitemap", "telegram", "listing"] = Field(
        default="feed",
        description="`feed` (RSS, Atom, JSON Feed), `sitemap` (news sitemap), `telegram` (public "
        "channel, `https://t.me/s/NAME`), `listing` (page of links)",
    )
    selector: Text | None = Field(
        default=None, description="CSS selector of the links of a `listing`"
    )
    tags: list[Name] = Field(default_factory=list, description="Tags that receivers can choose by")
    robots: bool = Field(
        default=True, description="`false`: read this feed's articles whatever robots.txt says"
    )
    false_alarm_rate: float = Field(
        default=FEED_FALSE_ALARMS,
        gt=0,
        le=0.1,
        description="Chance, on a day like any other, that the operator hears it is silent",
    )

    @model_validator(mode="after")
    def _check_selector(self) -> Self:
        if (self.kind == "listing") != (self.selector is not None):
            raise ValueError('kind = "listing" and a selector go together, such as "h2 a"')
        return self


class StageTable(Table):
    """One rung of a topic's ladder, in order."""

    id: Identifier = Field(description="Short name")
    name: Name | None = Field(default=None, description="Name in alerts; default: the id")
    cues: list[Text] = Field(
        min_length=1, description="Words and phrases that show the stage was reached"
    )
    reversal: bool = Field(default=False, description="A step back: denial, postponement")

    @field_validator("cues")
    @classmethod
    def _check_meanings(cls, cues: list[str]) -> list[str]:
        named = {word[1:] for cue in cues for word in cue.split() if word.startswith("@")}
        if named:
            from difflib import get_close_matches

            from watcher.stories.lexicon import saga_words  # late: most topics name none

            known = sorted(saga_words())
            for word in sorted(named.difference(known)):
                near = get_close_matches(word, known, n=1)
                hint = f"did you mean @{near[0]}?" if near else f"known are @{', @'.join(known)}"
                raise PydanticCustomError("meaning", f'"@{word}" is no meaning; {hint}')
        return cues


class TopicTable(Table):
    """What is watched for."""

    id: Identifier = Field(description="Short name, used in commands and by feeds and receivers")
    name: Name | None = Field(default=None, description="Name in alerts; default: the id")
    seeds: Text | None = Field(
        default=None,
        description="Folder of example articles (`.txt`, `.md`, `.html`); counter-examples in its "
        "`negative` subfolder",
    )
    learned: Text | None = Field(
        default=None,
        description="File with what was learned of the topic before (`topics train --out`); verdicts "
        "of this watcher go on from there",
    )
    threshold: float = Field(default=50.0, ge=0, le=100, description="Score from which it is a hit")
    near_miss: float = Field(
        default=15.0,
        ge=0,
        le=100,
        description="Points under the threshold that are still kept as near misses",
    )
    max_age: Age = Field(
        default=timedelta(days=3),
        description="Older entries found at first sight of a feed are stored, but alert nobody; "
        "nor does an older article that scoring anew makes a hit",
    )
    false_alarm_rate: float = Field(
        default=0.001,
        gt=0,
        le=0.1,
        description="Chance, on a day like any other, of a notice of unusual volume or silence",
    )
    terms: dict[str, list[TermText]] = Field(
        default_factory=dict,
        description="Groups of names and phrases, any language; `*` ends a word stem; a group "
        "whose name begins with `!` speaks against the topic",
    )
    stages: list[StageTable] = Field(
        default_factory=list, description="The ladder of a saga: `[[topics.stages]]`"
    )

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if not self.seeds and not any(self.terms.values()):
            raise ValueError("has neither seeds nor terms: give it a seeds folder, terms, or both")
        return self


class LearnedWords(BaseModel):
    """What each stem of one language says for or against a topic."""

    model_config = ConfigDict(extra="forbid")

    bias: FiniteFloat
    stems: dict[str, FiniteFloat]


class LearnedFile(BaseModel):
    """A file that ``learned`` names."""

    model: str
    weights: dict[str, FiniteFloat] = {}
    words: dict[str, LearnedWords] = {}


class ReceiverTable(Table):
    """Who is told."""

    name: Name = Field(description="Name in listings and commands")
    url: Text = Field(
        json_schema_extra=SECRET,
        description="Any apprise URL: `mailtos://`, `tgram://`, `slack://`, `json://`, ...; best "
        "as `${NAME}`",
    )
    topics: list[Text] = Field(default_factory=list, description="Topics; default: all")
    min_score: float = Field(default=0.0, ge=0, le=100, description="Only hits from this score")
    langs: list[Lang] = Field(default_factory=list, description="Languages; default: all")
    tags: list[Name] = Field(default_factory=list, description="Feed tags; default: all")
    reasons: list[Reason] = Field(
        default_factory=list,
        description="Alert reasons: " + ", ".join(f"`{r.value}`" for r in AlertReason) + "; "
        "default: `new-hit` and `stage-change`",
    )
    when: Schedule = Field(
        default="now",
        description="`now`, `hourly`, `daily at HH:MM`, `weekdays at HH:MM`, `mon,wed at HH:MM`",
    )
    quiet: QuietHours | None = Field(
        default=None, description="Hours in which alerts are held for a digest: `22:00-07:00`"
    )
    timezone: TimeZone = Field(default="UTC", description="Time zone of `when` and `quiet`")
    breakthrough: float | None = Field(
        default=None, ge=0, le=100, description="Score from which an alert ignores `quiet`"
    )
    breakthrough_stage: bool = Field(default=False, description="Stage changes ignore `quiet` too")
    group_wait: Wait = Field(
        default=timedelta(seconds=60),
        description="Alerts of one burst are gathered this long into one message",
    )
    max_per_hour: int = Field(
        default=30,
        ge=0,
        le=10_000,
        description="Messages an hour, the rest waits for a digest; 0: no limit",
    )
    template: Text | None = Field(
        default=None, description="Jinja2 file for the message, relative to the config file"
    )


class OperatorTable(Table):
    """Who hears of trouble with the watcher itself."""

    receiver: Name | None = Field(default=None, description="Name of a receiver")


class SemanticTable(Table):
    """Optional: sentence embeddings, for on-topic articles without any of the topic's words."""

    model: Text | None = Field(
        default=None,
        description="Folder of a model2vec, ONNX or sentence-transformers model; needs "
        "`watcher[semantic]`. Nothing is downloaded",
    )


class OutputTable(Table):
    """Files that are kept up to date."""

    atom: Text | None = Field(default=None, description="Atom feed of the hits")


class ConfigFile(Table):
    """The whole file."""

    watcher: WatcherTable = WatcherTable()
    fetch: FetchTable = FetchTable()
    feeds: list[FeedTable] = Field(default_factory=list)
    topics: list[TopicTable] = Field(default_factory=list)
    receivers: list[ReceiverTable] = Field(default_factory=list)
    semantic: SemanticTable = SemanticTable()
    operator: OperatorTable = OperatorTable()
    output: OutputTable = OutputTable()
