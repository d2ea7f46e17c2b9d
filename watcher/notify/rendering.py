"""Messages as text and HTML, through sandboxed Jinja2 templates.

A receiver may bring a template of its own: its source replaces the text of the message (and the
HTML of mails where it starts with ``<!doctype`` or ``<html``). It sees one variable, ``message``
(a ``MessageView``), in which everything is already harmless for the channel.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from watcher.model import DeliveryId, StoryId
from watcher.notify.channels import Channel, Dialect, neutral, size
from watcher.notify.message import Message, MessageKind, Notice, Other
from watcher.notify.view import (
    FULL_PER_STORY,
    LineView,
    MessageView,
    NoticeView,
    StoryView,
    Style,
    best_first,
    message_view,
    subject_of,
)
from watcher.text.clean import clean_line, strip_html

TEMPLATES = Path(__file__).with_name("templates")
SUBJECT_LIMIT = 150
FEW_PARTS = 3
_MAIL_HTML = Style(
    dialect=Dialect.MAIL,
    open='<mark style="background-color:#fff3b0;color:#1a1a1a;padding:0 1px">',
    close="</mark>",
    html=True,
)
_STYLES = {
    Dialect.MAIL: Style(dialect=Dialect.MAIL),
    Dialect.PLAIN: Style(dialect=Dialect.PLAIN),
    Dialect.HTML: Style(dialect=Dialect.HTML, open="<b>", close="</b>", html=True),
    Dialect.MARKDOWN: Style(dialect=Dialect.MARKDOWN, open="**", close="**"),
    Dialect.CARD: Style(dialect=Dialect.CARD, open="**", close="**"),
}

_FORMATS = {
    Dialect.PLAIN: "text",
    Dialect.HTML: "html",
    # Discord and Mattermost read Markdown in what apprise passes on as it is.
    Dialect.MARKDOWN: "text",
    Dialect.CARD: "markdown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What goes over the wire."""

    subject: str
    text: str
    html: str | None = None
    """Only for mail."""
    format: str = "text"
    """What the text is written in, in apprise's words: text, html or markdown."""
    trouble: str = ""
    """Why the receiver's own template was not used."""


_NOTHING = "it writes nothing"
# A macro that calls itself without end is a RuntimeError; a text too large to be held the last.
_BREAKS = (
    *(TemplateError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError),
    MemoryError,
)


def render(message: Message, channel: Channel, template: str | None = None) -> Rendered:
    """Write the message for the channel. A broken template of the receiver's costs no alert:
    the built-in one is used instead and ``trouble`` says so."""
    plain = _render(message, channel)
    if not template or message.kind in (MessageKind.OPERATOR, MessageKind.TEST):
        return plain
    try:
        return _render_own(message, channel, template, plain)
    except _BREAKS as error:
        return replace(plain, trouble=f"template: {_trouble(error)}")


_MISSING = re.compile(r"'[\w.]*\.(\w+) object' has no attribute '(\w+)'|'(\w+)' is undefined")
_NAMES = {
    "MessageView": ("message", MessageView),
    "StoryView": ("a story", StoryView),
    "NoticeView": ("a notice", NoticeView),
    "LineView": ("a follow-up", LineView),
}


def _trouble(error: Exception) -> str:
    """What is wrong with a template, in the words of who writes one."""
    line = getattr(error, "lineno", None)
    where = f"line {line}: " if line else ""
    missing = _MISSING.search(str(error))
    if missing is None:
        return where + clean_line(str(error), 200)
    kind, name, variable = missing.groups()
    if variable:
        return f'{where}there is no variable "{variable}"; the only one is "message"'
    told, view = _NAMES.get(kind, (kind, None))
    known = [field.name for field in fields(view)] if view else []
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else f"; it has {', '.join(known)}"
    return f'{where}{told} has no "{name}"{hint}'


def check_template(source: str) -> str | None:
    """What is wrong with a receiver's template, or None; tried on a message with one notice and
    on one with something in every list, as a loop over nothing hides what is wrong in it."""
    sample = Notice(
        headline="Headline", url="https://example.org/", publisher="example.org", score=80.0,
        delivery_id=DeliveryId(1), topic="Topic", sentences=("A sentence.",),
        change=("A [-changed-] {+new+} sentence.",),
    )  # fmt: skip
    other = Other(headline="Headline", publisher="example.org", url="https://example.org/")
    story = [
        replace(sample, delivery_id=DeliveryId(n), story_id=StoryId(1), others=(other,))
        for n in range(1, FULL_PER_STORY + 2)
    ]
    single = Message(message_id="m1", receiver="desk", topic="Topic", lines=(sample,))
    digest = replace(
        single, kind=MessageKind.DIGEST, lines=tuple(story), brief=(sample,),
        follow_ups=(other, replace(other, new="A sentence.")), more=1, body=("A notice.",),
    )  # fmt: skip
    channel = Channel(name="mail", dialect=Dialect.MAIL)
    troubles = (render(message, channel, source).trouble for message in (single, digest))
    found = [trouble.removeprefix("template: ") for trouble in troubles if trouble]
    # What is wrong inside of a loop says more than that the loop wrote nothing elsewhere.
    return min(found, key=_NOTHING.__eq__, default=None)


def split(
    message: Message, channel: Channel, template: str | None = None
) -> list[tuple[Message, Rendered]]:
    """The message in as few parts as the channel's size limit allows, best first.

    Rather than flood a chat, a digest says less of each article: sentences go first, links never.
    """
    ordered = replace(
        message,
        lines=tuple(best_first(message.lines)),
        brief=tuple(best_first(message.brief)),
    )
    whole = render(ordered, channel, template)
    if _fits(whole, channel):
        return [(ordered, whole)]
    if not message.lines:
        return [(ordered, _cut(whole, channel))]
    for lines in _ever_shorter(ordered.lines):
        groups = _grouped(replace(ordered, lines=lines, brief=(), follow_ups=()), channel, template)
        if len(groups) <= FEW_PARTS:
            break
    parts = [_part(ordered, groups, index) for index in range(len(groups))]
    return [_fitting(part, channel, template) for part in parts]


def _grouped(message: Message, channel: Channel, template: str | None) -> list[tuple[Notice, ...]]:
    """The lines, as many to a part as fit."""
    groups: list[tuple[Notice, ...]] = [()]
    for line in message.lines:
        longer = (*groups[-1], line)
        # Numbered as high as it can get, so that the numbers can't push a part over the limit.
        trial = replace(message, lines=longer, part=99, parts=99)
        if groups[-1] and not _fits(render(trial, channel, template), channel):
            groups.append((line,))
        else:
            groups[-1] = longer
    return groups


def _part(message: Message, groups: list[tuple[Notice, ...]], index: int) -> Message:
    last = index == len(groups) - 1
    return replace(
        message,
        message_id=message.message_id if index == 0 else f"{message.message_id}.{index + 1}",
        lines=groups[index],
        part=index + 1,
        parts=len(groups),
        brief=message.brief if last else (),
        follow_ups=message.follow_ups if last else (),
        more=message.more if last else 0,
        delivery_ids=message.delivery_ids if last else (),
    )


def _fitting(message: Message, channel: Channel, template: str | None) -> tuple[Message, Rendered]:
    """The part as it fits: rather than shorten what is told in full, fewer get a line of their own."""
    for lines in _ever_shorter(message.lines):
        for fewer in _ever_fewer(message):
            rendered = render(replace(fewer, lines=lines), channel, template)
            if _fits(rendered, channel):
                return fewer, rendered
    return fewer, _cut(rendered, channel)


def _ever_fewer(message: Message) -> Iterator[Message]:
    """The same message with less and less told in a line each, the rest only counted; follow-ups go
    first, those that bring nothing new before the others."""
    yield message
    if any(other.new for other in message.follow_ups):
        yield replace(message, follow_ups=tuple(other for other in message.follow_ups if other.new))
    message = replace(message, follow_ups=())
    yield message
    kept = len(message.brief)
    while kept:
        kept = kept * 3 // 4
        counted = message.brief[kept:]
        yield replace(
            message,
            brief=message.brief[:kept],
            more=message.more + len(counted),
            delivery_ids=message.delivery_ids + tuple(line.delivery_id for line in counted),
        )


def _ever_shorter(lines: tuple[Notice, ...]) -> Iterator[tuple[Notice, ...]]:
    """The same notices with less and less in them."""
    yield lines
    one = [
        replace(n, sentences=n.sentences[:1], novelty=n.novelty[:1], change=n.change[:2])
        for n in lines
    ]
    yield tuple(replace(n, sentences=()) if n.novelty else n for n in one)
    none = [
        replace(
            n,
            sentences=(),
            novelty=(),
            change=n.change[:1],
            publishers=(),
            others=(),
            why=n.why[:100],
        )
        for n in one
    ]
    yield tuple(none)
    yield tuple(
        replace(
            n, why="", stage="", change=(), headline=n.headline[:200], publisher=n.publisher[:40]
        )
        for n in none
    )


def _fits(rendered: Rendered, channel: Channel) -> bool:
    total = size(rendered.text, channel.measure) + size(rendered.subject, channel.measure)
    return total + size(rendered.html or "", channel.measure) <= channel.limit


def _cut(rendered: Rendered, channel: Channel) -> Rendered:
    """The last resort for operator notices and templates that write too much."""
    room = channel.limit - size(rendered.subject, channel.measure) - 4
    text = rendered.text
    while size(text, channel.measure) > room:
        text = text[: len(text) * 9 // 10]
    if channel.dialect is Dialect.HTML:
        text = escape(strip_html(text.rpartition("<")[0]))  # the cut may be inside a tag
    return replace(rendered, text=text.rstrip() + " …", html=None)


def _render(message: Message, channel: Channel) -> Rendered:
    dialect = channel.dialect
    view = message_view(message, _STYLES[dialect])
    subject = neutral(subject_of(message), dialect, SUBJECT_LIMIT)
    if dialect is Dialect.MAIL:
        html_view = message_view(message, _MAIL_HTML)
        return Rendered(
            subject=subject,
            text=_tidy(_environment().get_template("mail.txt.j2").render(message=view)),
            html=_environment(html=True).get_template("mail.html.j2").render(message=html_view),
        )
    template = _environment(html=dialect is Dialect.HTML).get_template("chat.j2")
    text = template.render(message=view, titled=channel.titled, dialect=dialect.value)
    return Rendered(subject=subject, text=_tidy(text), format=_FORMATS[dialect])


def _render_own(message: Message, channel: Channel, source: str, plain: Rendered) -> Rendered:
    """The receiver's template. Chats get its text as plain text, whatever their own markup."""
    is_html = source.lstrip()[:9].lower().startswith(("<!doctype", "<html"))
    mail = channel.dialect is Dialect.MAIL
    if is_html and not mail:
        return replace(plain, trouble="template: HTML suits mail only")
    style = _MAIL_HTML if is_html else _STYLES[Dialect.MAIL if mail else Dialect.PLAIN]
    template = _environment(html=is_html).from_string(source)
    view = message_view(message, style)
    written = template.render(message=view)
    # Beside articles a template easily forgets what is told in words only, such as a spike.
    body = [str(escape(paragraph)) if is_html else paragraph for paragraph in view.body]
    untold = [paragraph for paragraph in body if paragraph not in written]
    if not written.strip() and (message.lines or not untold):
        raise ValueError(_NOTHING)
    if is_html:
        return replace(plain, html=written + "".join(f"\n<p>{p}</p>" for p in untold))
    text = _tidy("\n\n".join([written, *untold]))
    return replace(plain, text=text, html=None, format="text")


def _tidy(text: str) -> str:
    """No trailing blanks, no more than one empty line in a row."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()


@cache
def _environment(*, html: bool = False) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
