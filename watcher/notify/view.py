"""A message as templates see it: every value is already harmless in the dialect it is made for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from watcher.model import AlertReason
from watcher.notify.channels import Dialect, escaped, neutral, safe_link
from watcher.notify.message import Message, Notice, Other

LANGUAGES = {
    "ab": "Abkhaz", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian",
    "cs": "Czech", "de": "German", "en": "English", "es": "Spanish", "et": "Estonian",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hy": "Armenian",
    "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "lt": "Lithuanian",
    "lv": "Latvian", "nl": "Dutch", "os": "Ossetian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sr": "Serbian", "sv": "Swedish",
    "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
REASONS = {
    AlertReason.NEW_HIT: "",
    AlertReason.STORY_GREW: "Update",
    AlertReason.STAGE_CHANGE: "New stage",
    AlertReason.REVISION: "Changed",
    AlertReason.SPIKE: "Unusual volume",
    AlertReason.OPERATOR: "Operator",
}
SHOWN_PUBLISHERS = 4
SHOWN_CHANGES = 4
# In a digest a story is told by its best and its newest article; the others are named.
FULL_PER_STORY = 2
# Claimed times further from the sighting than this are shown; nearer ones only repeat it.
_NEAR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The dialect of a rendering and what surrounds a marked match in it."""

    dialect: Dialect
    open: str = "*"
    close: str = "*"
    html: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """One article of a message, ready to print."""

    number: int
    headline: str
    link: str | None
    topic: str
    label: str
    """Why it is told, where that isn't simply that it is new."""
    publisher: str
    language: str
    when: str
    """Published and seen, in the receiver's time zone."""
    score: int
    word: str
    why: str
    changes: tuple[str, ...]
    """What its publisher changed since it was told, a line each."""
    sentences: tuple[str, ...]
    also: str
    """Other publishers of the story in one line."""
    others: tuple[str, ...]
    """Other articles of the story: publisher and headline."""
    stage: str
    partial: bool
    hit_id: int | None
    delivery_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """The notices of one story."""

    headline: str
    topic: str
    stage: str
    notices: tuple[NoticeView, ...]
    """To be told in full: the best one, and the newest where that is another."""
    folded: tuple[NoticeView, ...]
    """Superseded by those, to be named only."""

    @property
    def size(self) -> int:
        """How many articles there are."""
        return len(self.notices) + len(self.folded)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """An article that is only named."""

    text: str
    """Publisher and headline."""
    link: str | None
    new: str = ""
    """The sentence that brings most to its story, where one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """The whole message, ready to print. This is what a template of your own gets."""

    subject: str
    kind: str
    topic: str
    receiver: str
    message_id: str
    possible_repeat: bool
    brief: tuple[NoticeView, ...]
    """Told in a line each, after the stories. Empty for a template of your own, which gets all of
    them in ``stories`` and ``notices``."""
    updates: tuple[LineView, ...]
    """What brought something new to stories that were told before."""
    follow_ups: tuple[LineView, ...]
    """What brought nothing new to them."""
    more: int
    """How many further ones there was no line for."""
    part: int
    parts: int
    body: tuple[str, ...]
    stories: tuple[StoryView, ...]
    notices: tuple[NoticeView, ...]
    """Those of the stories, in their order, folded ones included."""
    deliveries: tuple[int, ...]


def message_view(message: Message, style: Style) -> MessageView:
    """Everything a template may print, best story first."""
    stories: list[StoryView] = []
    number = 1
    for lines in _by_story(message.lines):
        stories.append(_story_view(message, lines, style, number))
        number += stories[-1].size
    zone = ZoneInfo(message.timezone)
    brief = [
        _notice_view(message, line, style, zone, number + offset)
        for offset, line in enumerate(best_first(message.brief))
    ]
    return MessageView(
        subject=_text(subject_of(message), style),
        kind=message.kind.value,
        topic=_text(message.topic, style),
        receiver=_text(message.receiver, style),
        message_id=_text(message.message_id, style),
        possible_repeat=message.possible_repeat,
        brief=tuple(brief),
        updates=tuple(_line_view(other, style) for other in message.follow_ups if other.new),
        follow_ups=tuple(_line_view(other, style) for other in message.follow_ups if not other.new),
        more=message.more,
        part=message.part,
        parts=message.parts,
        body=tuple(_text(paragraph, style, 2_000) for paragraph in message.body),
        stories=tuple(stories),
        notices=tuple(n for story in stories for n in (*story.notices, *story.folded)),
        deliveries=message.deliveries,
    )


def subject_of(message: Message) -> str:
    """The plain subject: topic and headline, and for several how many."""
    if message.subject or not message.lines:
        return message.subject or "watcher"
    stories = _by_story(message.lines)
    best = stories[0][0]
    topic = _short(message.topic or best.topic)
    part = f" ({message.part}/{message.parts})" if message.parts > 1 else ""
    further = len(message.brief) + message.more
    # A story and its new stage are one piece of news.
    if not further and (len(message.lines) == 1 or (len(stories) == 1 and _is_stage(best))):
        label = f"{REASONS[best.reason]}: " if REASONS[best.reason] else ""
        return (f"[{topic}] " if topic else "") + label + best.headline[:140] + part
    count = len(message.lines) + further
    told = (*message.lines, *message.brief)
    topics = {line.topic_id or line.topic or message.topic for line in told}
    prefix = f"[{topic}] " if topic and len(topics) == 1 else ""
    return f"{prefix}{count} alerts{part}: {best.headline}"


def _short(topic: str) -> str:
    """Long names such as "South Ossetia: annexation and referendum" give what precedes the colon."""
    return topic.partition(":")[0] if len(topic) > 30 else topic


def best_first(lines: Iterable[Notice]) -> list[Notice]:
    """By score, then by age: the older one was first with the news."""
    return sorted(lines, key=lambda line: (-line.score, line.delivery_id))


def _story_view(message: Message, lines: Sequence[Notice], style: Style, number: int) -> StoryView:
    """``lines`` come best first; the numbers go on from ``number``."""
    newest = max(lines, key=lambda line: line.delivery_id)
    if _is_stage(lines[0]):
        full = [lines[0]]  # it says what the story has come to; the others led there
    elif len(lines) <= FULL_PER_STORY:
        full = list(lines)
    else:
        full = [lines[0]] + [newest] * (newest is not lines[0])
    told = {line.hit_id for line in full if line.hit_id is not None}
    # One article may make two deliveries, as a new hit and as a new stage: it is named once.
    ordered = full + [line for line in lines if line not in full and line.hit_id not in told]
    zone = ZoneInfo(message.timezone)
    views = [
        _notice_view(message, line, style, zone, number + offset)
        for offset, line in enumerate(ordered)
    ]
    return StoryView(
        headline=_text(lines[0].story or lines[0].headline, style),
        topic=views[0].topic,
        stage=_text(newest.stage, style, 200),
        notices=tuple(views[: len(full)]),
        folded=tuple(views[len(full) :]),
    )


def _is_stage(line: Notice) -> bool:
    return line.reason is AlertReason.STAGE_CHANGE


def _by_story(lines: Sequence[Notice]) -> list[list[Notice]]:
    """Best story first, and in each the newest stage before the best article."""
    stories: dict[object, list[Notice]] = {}
    for line in best_first(lines):
        key = ("story", line.story_id) if line.story_id is not None else ("own", line.delivery_id)
        stories.setdefault(key, []).append(line)
    return [_led(lines) for lines in stories.values()]


def _led(lines: list[Notice]) -> list[Notice]:
    stages = [line for line in lines if _is_stage(line)]
    if not stages:
        return lines
    lead = max(stages, key=lambda line: line.delivery_id)
    return [lead, *(line for line in lines if line is not lead)]


def _notice_view(
    message: Message, line: Notice, style: Style, zone: ZoneInfo, number: int
) -> NoticeView:
    return NoticeView(
        number=number,
        headline=_text(line.headline, style),
        link=safe_link(line.url),
        topic=_text(line.topic or message.topic, style),
        label=REASONS[line.reason],
        publisher=_text(line.publisher, style, 100),
        language=LANGUAGES.get(line.lang or "", (line.lang or "")[:8]),
        when=_when(line.published_at, line.first_seen_at, zone),
        score=round(line.score),
        word=_text(line.word, style, 20),
        why=_text(line.why, style, 300),
        changes=tuple(_text(change, style, 400) for change in line.change[:SHOWN_CHANGES]),
        # What is new leads; a sentence that is in both is not said twice. Of a changed page the
        # changes say what is new.
        sentences=tuple(
            _marked(sentence, line.matched, style, 400)
            for sentence in dict.fromkeys(
                (*(() if line.change else line.novelty[:2]), *line.sentences[:2])
            )
        ),
        also=_text(_also(_unnamed(line)), style, 300),
        others=tuple(_named(other, style) for other in line.others),
        stage=_text(line.stage, style, 200),
        partial=line.partial,
        hit_id=line.hit_id,
        delivery_id=line.delivery_id,
    )


def _line_view(other: Other, style: Style) -> LineView:
    new = _text(other.new, style, 300)
    return LineView(text=_named(other, style), link=safe_link(other.url), new=new)


def _named(other: Other, style: Style) -> str:
    return f"{_text(other.publisher, style, 60)}: {_text(other.headline, style, 160)}"


def _unnamed(line: Notice) -> tuple[str, ...]:
    """Publishers of whom no article is named."""
    named = {other.publisher for other in line.others}
    return tuple(name for name in line.publishers if name not in named)


def _also(publishers: Sequence[str]) -> str:
    shown = ", ".join(publishers[:SHOWN_PUBLISHERS])
    rest = len(publishers) - SHOWN_PUBLISHERS
    return f"{shown} and {rest} more" if rest > 0 else shown


def _when(published: datetime | None, seen: datetime | None, zone: ZoneInfo) -> str:
    """``21 Nov 2026, published 13:05, seen 15:05 MSK``; one time where they are the same."""
    if published is None or seen is None or abs(seen - published) <= _NEAR:
        moment = seen or published
        return (
            f"{_day(moment.astimezone(zone))} {_clock(moment.astimezone(zone))}" if moment else ""
        )
    first, last = published.astimezone(zone), seen.astimezone(zone)
    if first.date() == last.date():
        return f"{_day(last)}, published {first:%H:%M}, seen {_clock(last)}"
    return f"published {_day(first)} {first:%H:%M}, seen {_day(last)} {_clock(last)}"


def _day(local: datetime) -> str:
    return f"{local.day} {local:%b %Y}"


def _clock(local: datetime) -> str:
    # Zones without an abbreviation of their own give "+04"; say what that is.
    name = local.tzname() or ""
    return f"{local:%H:%M} {'UTC' + name if name[:1] in ('+', '-') else name}".rstrip()


def _text(value: str, style: Style, limit: int = 1_000) -> str:
    # HTML is escaped by the template's autoescape, as the values are plain strings.
    line = neutral(value, style.dialect, limit)
    return line if style.html else escaped(line, style.dialect)


def _marked(value: str, matched: Sequence[str], style: Style, limit: int = 500) -> str:
    """The text with its matches marked; Markup where the style is HTML."""
    line = neutral(value, style.dialect, limit)
    pattern = _match_pattern(matched)
    pieces = pattern.split(line) if pattern else [line]
    if style.html:
        # Only the marks are markup; the pieces are escaped one by one.
        left, right = Markup(style.open), Markup(style.close)  # noqa: S704
        safe = [left + p + right if i % 2 else escape(p) for i, p in enumerate(pieces)]
        return Markup().join(safe)
    parts = [escaped(piece, style.dialect) for piece in pieces]
    return "".join(f"{style.open}{p}{style.close}" if i % 2 else p for i, p in enumerate(parts))


def _match_pattern(matched: Sequence[str]) -> re.Pattern[str] | None:
    """One group, so that ``split`` alternates text and match. Whole words only."""
    forms = sorted({form for form in matched[:50] if len(form) > 1}, key=len, reverse=True)
    if not forms:
        return None
    alternatives = "|".join(re.escape(form) for form in forms)
    return re.compile(rf"(?<!\w)((?:{alternatives})\w*)", re.I)
