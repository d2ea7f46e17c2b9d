"""Messages as people get them: complete, harmless, within each service's limits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model import AlertReason, DeliveryId, HitId, StoryId
from watcher.notify import (
    Message,
    MessageKind,
    Notice,
    Other,
    channel_of,
    check_template,
    render,
    rendering,
    sample_message,
    strength,
)
from watcher.notify.channels import Channel, Dialect, safe_link, size
from watcher.notify.message import webhook_object
from watcher.notify.rendering import split

NOW = datetime(2026, 11, 21, 11, 5, tzinfo=UTC)
RU = "Бибилов: референдум о вхождении Южной Осетии в состав России пройдёт осенью"
KA = "სამხრეთ ოსეთი რუსეთთან შეერთების რეფერენდუმს ჩაატარებს"
URLS = {
    "mail": "mailto://user:pass@example.org",
    "json": "json://localhost",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12345",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "mattermost": "mmost://localhost/3ccdd113474722377935511fc85d3dd4",
    "teams": "workflows://prod.westus.logic.azure.com:443/643e69f83c8944/30f29de3e15e4c/",
    "matrix": "matrix://user:token@localhost/!room",
    "ntfy": "ntfy://localhost/topic",
    "gotify": "gotify://localhost/token",
    "pushover": "pover://user@token",
    "unheard": "signal://localhost",
}
CHANNELS = {name: channel_of(url) for name, url in URLS.items()}
CHATS = [name for name in URLS if name != "mail"]


def notice(number: int = 45, **facts: Any) -> Notice:
    given_: dict[str, Any] = {
        "headline": RU,
        "url": "https://ekho.example/a_b/%D0%BE?x=1&y=2",
        "publisher": "ekhokavkaza.com",
        "score": 87.4,
        "word": "strong",
        "delivery_id": DeliveryId(number),
        "hit_id": HitId(number + 100),
        "story_id": StoryId(7),
        "topic": "South Ossetia",
        "topic_id": "south-ossetia",
        "lang": "ru",
        "published_at": NOW - timedelta(hours=2),
        "first_seen_at": NOW,
        "why": "place, person and event in the title",
        "sentences": ("Президент Южной Осетии Анатолий Бибилов назвал дату.", "Второе."),
        "matched": ("Бибилов", "Южной Осетии"),
        "publishers": ("tass.ru", "civil.ge"),
        **facts,
    }
    return Notice(**given_)


def message(*lines: Notice, **facts: Any) -> Message:
    chosen = lines or (notice(),)
    kind = MessageKind.SINGLE if len(chosen) == 1 else MessageKind.DIGEST
    given_ = {
        "message_id": "m45-abc", "receiver": "desk", "topic": "South Ossetia", "kind": kind,
        "lines": tuple(chosen), **facts,
    }  # fmt: skip
    return Message(**given_)


class Page(HTMLParser):
    """Tags, attributes and text of a page, and whether its tags are balanced."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.balanced = True
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced = self.balanced and bool(self._open) and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


# ------------------------------------------------------------------------------- content


@pytest.mark.parametrize("name", [*CHANNELS])
def test_every_channel_says_what_one_needs_to_judge(name: str) -> None:
    rendered = render(message(), CHANNELS[name])
    plain = re.sub(r"[*\\]|</?\w+[^>]*>", "", f"{rendered.subject}\n{rendered.text}")
    for wanted in (
        RU, "[South Ossetia]", "ekhokavkaza.com, Russian", "published 09:05, seen 11:05 UTC",
        "strong", "score 87", "place, person and event", "Анатолий Бибилов назвал дату",
        "tass.ru, civil.ge", "watcher hits mark 145 irrelevant", "m45-abc",
    ):  # fmt: skip
        assert wanted.lower() in plain.lower(), f"{name} lacks {wanted}"
    assert "https://ekho.example/a_b/%D0%BE?x=1" in rendered.text.replace("&amp;", "&")
    assert rendered.trouble == ""


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("mail", "Анатолий *Бибилов* назвал"),
        ("ntfy", "Анатолий *Бибилов* назвал"),
        ("discord", "Анатолий **Бибилов** назвал"),
        ("telegram", "Анатолий <b>Бибилов</b> назвал"),
    ],
)
def test_matches_are_marked(name: str, marked: str) -> None:
    assert marked in render(message(), CHANNELS[name]).text


def test_inflected_forms_are_marked_whole_and_parts_of_words_are_not() -> None:
    line = notice(sentences=("Бибилову и Габибилову верят.",), matched=("Бибилов",))
    assert "*Бибилову* и Габибилову верят" in render(message(line), CHANNELS["mail"]).text


def test_times_are_in_the_receivers_zone_with_their_day_when_it_differs() -> None:
    line = notice(published_at=NOW - timedelta(hours=20))
    text = render(message(line, timezone="Asia/Tbilisi"), CHANNELS["mail"]).text
    assert "published 20 Nov 2026 19:05, seen 21 Nov 2026 15:05 UTC+04" in text
    assert (
        "21 Nov 2026 11:05 UTC" in render(message(notice(published_at=None)), CHANNELS["mail"]).text
    )


def test_what_is_new_leads_and_nothing_is_said_twice() -> None:
    line = notice(
        reason=AlertReason.STORY_GREW,
        novelty=("Новое.", "Второе."),
        sentences=("Второе.", "Первое."),
    )
    rendered = render(message(line), CHANNELS["mail"])
    assert rendered.subject.startswith("[South Ossetia] Update: ")
    assert re.findall(r"“(.*?)”", rendered.text) == ["Новое.", "Второе.", "Первое."]


def test_stage_partial_text_and_possible_repeats_are_named() -> None:
    line = notice(reason=AlertReason.STAGE_CHANGE, stage="decree", partial=True)
    for name in ("mail", "slack"):
        rendered = render(message(line, possible_repeat=True), CHANNELS[name])
        assert "New stage:" in rendered.subject
        assert "Stage: decree" in rendered.text
        assert re.search("partial text|only title and summary", rendered.text)
        assert "ossible repeat" in rendered.text


def test_a_digest_has_contents_and_keeps_stories_together_best_first() -> None:
    lines = [
        notice(1, score=55.0, story_id=StoryId(1), headline="Weak"),
        notice(2, score=60.0, story_id=StoryId(2), headline="Strong, second telling"),
        notice(3, score=90.0, story_id=StoryId(2), headline="Strong"),
        notice(4, score=70.0, story_id=None, headline="Alone"),
    ]
    rendered = render(message(*lines, more=14), CHANNELS["mail"])
    assert rendered.subject == "[South Ossetia] 18 alerts: Strong"
    heads = re.findall(r"^(\d)\. (.+)$", rendered.text, re.M)
    assert heads == [
        ("1", "Strong"),
        ("2", "Strong, second telling"),
        ("3", "Alone"),
        ("4", "Weak"),
    ]
    contents = re.findall(r"^  (\d)\. (.+) \((\d)\)$", rendered.text, re.M)
    assert contents == [("1", "Strong", "2"), ("3", "Alone", "1"), ("4", "Weak", "1")]
    assert "and 14 more" in rendered.text
    assert rendered.html is not None
    assert "and 14 more" in rendered.html


@pytest.mark.parametrize("name", ["mail", "slack", "telegram"])
def test_what_a_story_has_grown_past_is_folded(name: str) -> None:
    lines = [
        notice(n, headline=f"Headline {n}.", publisher=f"p{n}.example", score=60.0 + n % 3,
               sentences=(f"Sentence {n}.",), story_id=StoryId(2))
        for n in range(1, 7)
    ]  # fmt: skip
    rendered = render(message(*lines), CHANNELS[name])
    told = re.findall(r"Sentence (\d)", rendered.text)
    assert told == ["2", "6"], "the best and the newest"
    for number in range(1, 7):
        assert f"p{number}.example" in rendered.text
        assert f"hit {number + 100}" in rendered.text or f"mark {number + 100}" in rendered.text
    if rendered.html is not None:
        assert all(f"Headline {number}." in rendered.html for number in range(1, 7))
        assert Page(rendered.html).balanced


@pytest.mark.parametrize("name", ["mail", "slack", "telegram", "discord"])
def test_what_changed_on_a_page_is_told(name: str) -> None:
    change = ("It will cost [-40-] {+95+} <b>million</b>.", "The page is gone.", *("More.",) * 40)
    one = notice(1, reason=AlertReason.REVISION, change=change, novelty=("It will cost 95.",))
    [(_, rendered)] = split(message(one), CHANNELS[name])
    for text in filter(None, (rendered.text, rendered.html)):
        assert "What changed:" in text
        assert "The page is gone." in text
        assert "It will cost 95." not in text, "the change says it"
    plain = rendered.text.replace("\\", "")
    assert "40" in plain
    assert "95" in plain
    assert rendered.html is None or "<b>million" not in rendered.html
    shorter = split(
        message(*(notice(n, change=("x" * 390,) * 4) for n in range(20))), CHANNELS[name]
    )
    assert len(shorter) <= 6


@pytest.mark.parametrize("name", ["mail", "slack", "telegram"])
def test_what_is_new_on_stories_that_are_known_is_told_before_what_brings_nothing(
    name: str,
) -> None:
    lines = [
        Other(headline=f"Head {n}", publisher="p.example", new="<i>95</i> million." * (n % 2))
        for n in range(4)
    ]
    told = message(notice(1), notice(2, story_id=StoryId(9)), follow_ups=tuple(lines))
    [(_, rendered)] = split(told, CHANNELS[name])
    for text in filter(None, (rendered.text, rendered.html)):
        new, _, nothing = text.partition("Nothing new, on stories you know")
        _, _, new = new.partition("New on stories you know")
        assert new.count("million") == 2
        assert "Head 1" in new
        assert "Head 3" in new
        assert "Head 0" in nothing
        assert "Head 2" in nothing
    assert rendered.html is None or "<i>" not in rendered.html


@pytest.mark.parametrize("name", ["mail", "slack", "telegram"])
def test_what_brings_nothing_new_is_named_last_and_goes_first(name: str) -> None:
    follow = Other(
        headline="The <b>same</b> again", publisher="p.example", url="https://p.example/1"
    )
    told = message(notice(1), notice(2, story_id=StoryId(9)), follow_ups=(follow,) * 2)
    [(_, rendered)] = split(told, CHANNELS[name])
    for text in filter(None, (rendered.text, rendered.html)):
        assert text.count("p.example: The") == 2
        assert "Nothing new, on stories you know" in text
    assert rendered.html is None or "<b>same" not in rendered.html
    many = message(*long_lines(40), follow_ups=(follow,) * 300)
    parts = split(many, CHANNELS[name])
    named = [text.text for _, text in parts if "Nothing new" in text.text]
    assert len(named) == (name == "mail"), "rather than cut what is told, they are left out"


@pytest.mark.parametrize("name", ["mail", "slack", "telegram", "discord"])
def test_what_is_told_in_brief_has_a_line_each_as_far_as_there_is_room(name: str) -> None:
    full = [notice(n, headline=f"Full {n}.", story_id=StoryId(n)) for n in range(1, 4)]
    brief = tuple(
        notice(n, headline=f"Brief {n} {'x' * 60}.", score=51.0, story_id=StoryId(n))
        for n in range(4, 104)
    )
    whole = message(*full, brief=brief)
    parts = split(whole, CHANNELS[name])
    last, rendered = parts[-1]
    lines = len(re.findall(r"Brief \d+ x", rendered.text))
    assert "and 100 more" in rendered.text
    assert lines + last.more == 100
    assert lines == 100 if name == "mail" else 0 < lines < 100
    told = [delivery for part, _ in parts for delivery in part.deliveries]
    assert sorted(told) == list(range(1, 104)), "what is only counted is told too"
    if rendered.html is not None:
        assert Page(rendered.html).balanced
        assert len(re.findall(r">Brief \d+ x", rendered.html)) == 100
    if name == "telegram":
        assert rendered.text.count("<a ") == rendered.text.count("</a>") >= lines
    assert parts[0][1].subject.startswith("[South Ossetia] 103 alerts")


@pytest.mark.parametrize("name", [*CHANNELS])
def test_a_digest_over_topics_names_each_lines_topic(name: str) -> None:
    """One article may stand in it twice, as a hit of each topic."""
    lines = [notice(1), notice(2, topic="Bird flu", topic_id="flu", story_id=StoryId(9))]
    rendered = render(message(*lines, topic=""), CHANNELS[name])
    assert rendered.subject.startswith("2 alerts: ")
    assert rendered.text.count("Bird flu") == 1
    assert rendered.text.count("South Ossetia") == 1


def test_operator_notices_and_tests_are_plain_words() -> None:
    sample = sample_message("desk", now=NOW)
    for channel in CHANNELS.values():
        rendered = render(sample, channel)
        assert "ქართული" in rendered.text
        assert "hits mark" not in rendered.text


def test_long_topic_names_are_shortened_in_the_subject_only() -> None:
    name = "South Ossetia: annexation and referendum"
    rendered = render(message(notice(topic=name), topic=name), CHANNELS["mail"])
    assert rendered.subject == f"[South Ossetia] {RU}"
    assert rendered.html is not None
    assert name in rendered.html


# ------------------------------------------------------------------------------ harmless

HOSTILE = (
    "@everyone @here @channel @room <!channel> <!everyone> <@U024BE7LH> <users/all> "
    "[safe](http://evil.example) <http://evil.example|safe> <script>alert(1)</script> "
    "<b>bold</b> **bold** __u__ `code` ||spoiler|| > quote # head &lt;i&gt; {{ 7*7 }} \u202e"
)


def hostile() -> Message:
    line = notice(
        headline=HOSTILE + "\r\nBcc: victim@example.org",
        publisher=HOSTILE[:80],
        why=HOSTILE,
        sentences=(HOSTILE, HOSTILE + "\n\n"),
        matched=("bold", "<b>", "*"),
        publishers=(HOSTILE[:60],),
        stage=HOSTILE,
        topic=HOSTILE[:60],
        url='javascript:alert("1")',
    )
    return message(line, topic=HOSTILE[:60], receiver="<desk>")


def test_feed_text_cannot_become_markup_in_mail() -> None:
    rendered = render(hostile(), CHANNELS["mail"])
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject
    assert rendered.html is not None
    page = Page(rendered.html)
    assert page.balanced
    allowed = {
        "html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "br", "strong",
        "mark", "code", "span", "a", "ol", "li",
    }  # fmt: skip
    assert set(page.tags) <= allowed
    assert page.links == []
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text, "shown as the characters they are"
    assert "{{ 7*7 }}" in page.text
    assert "\u202e" not in rendered.html + rendered.text


def test_mail_loads_nothing_from_anywhere() -> None:
    html = render(message(notice(1), notice(2)), CHANNELS["mail"]).html
    assert html is not None
    page = Page(html)
    assert all(link.startswith("https://ekho.example/") for link in page.links)
    assert "img" not in page.tags
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize("name", CHATS)
def test_feed_text_mentions_nobody_and_hides_no_link_in_chats(name: str) -> None:
    rendered = render(hostile(), CHANNELS[name])
    for text in (rendered.subject, rendered.text):
        assert not re.search(r"@\w", text), "a mention"
        if CHANNELS[name].dialect is not Dialect.HTML:
            assert "](http://evil" not in text, "a link with another text"
            assert "<!" not in text
            assert not re.search(r"<(?!https://)", text)


def test_telegram_gets_only_its_own_tags_balanced() -> None:
    page = Page(render(hostile(), CHANNELS["telegram"]).text)
    assert page.balanced
    assert set(page.tags) <= {"b", "a"}


@pytest.mark.parametrize("name", ["discord", "mattermost", "teams"])
def test_markdown_of_feeds_is_text(name: str) -> None:
    text = render(message(notice(sentences=("a **b** _c_ `d` ~~e~~ [f](g) ||h||",), matched=())),
                  CHANNELS[name]).text  # fmt: skip
    assert r"a \*\*b\*\* \_c\_ \`d\` \~\~e\~\~ \[f\] (g) \|\|h\|\|" in text


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("https://example.org/@user/(x)*_[y]", "https://example.org/%40user/%28x%29%2A_%5By%5D"),
        ("https://example.org/новости", "https://example.org/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://user:pw@example.org/", None),
        ("javascript:alert(1)", None),
        ("https://exa<b>mple.org/", None),
        ("https://[broken", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_links_hold_nothing_that_could_be_markup(url: str | None, safe: str | None) -> None:
    assert safe_link(url) == safe


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=4))
def test_any_text_renders_on_every_channel(text: str, matched: list[str]) -> None:
    line = notice(headline=text, sentences=(text,), why=text, matched=tuple(matched))
    for channel in CHANNELS.values():
        rendered = render(message(line), channel)
        both = rendered.subject + rendered.text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", both)
        assert "\n" not in rendered.subject
        if channel.dialect is Dialect.HTML:
            page = Page(rendered.text)
            assert page.balanced
            assert set(page.tags) <= {"b", "a"}


# -------------------------------------------------------------------------- size and parts


def long_lines(count: int) -> list[Notice]:
    return [
        notice(n, story_id=StoryId(n), headline=f"{n} {RU}", score=50.0 + n / 10,
               sentences=(f"{RU}. " * 5, f"{KA}. " * 5))
        for n in range(1, count + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*CHANNELS])
def test_a_long_digest_is_cut_into_parts_that_fit_and_loses_nothing(name: str) -> None:
    channel = CHANNELS[name]
    whole = message(*long_lines(40), more=3)
    parts = split(whole, channel)
    for part, rendered in parts:
        total = size(rendered.text, channel.measure) + size(rendered.html or "", channel.measure)
        assert total <= channel.limit
        assert (part.parts, part.kind) == (len(parts), MessageKind.DIGEST)
    ids = [line.delivery_id for part, _ in parts for line in part.lines]
    assert sorted(ids) == sorted(whole.deliveries)
    scores = [line.score for part, _ in parts for line in part.lines]
    assert scores == sorted(scores, reverse=True)
    assert len({part.message_id for part, _ in parts}) == len(parts)
    assert [part.more for part, _ in parts] == [0] * (len(parts) - 1) + [3]
    if name == "json":
        assert len(parts) == 1
    else:
        assert len(parts) > 1
        assert f"(1/{len(parts)})" in parts[0][1].subject
    if channel.limit >= 3_800:
        assert len(parts) <= 6, "a flood"


def test_parts_are_the_same_for_a_repeat() -> None:
    whole = message(*long_lines(20))
    again = replace(whole, possible_repeat=True)
    channel = CHANNELS["discord"]
    first = [part.deliveries for part, _ in split(whole, channel)]
    assert [part.deliveries for part, _ in split(whole, channel)] == first
    covered = {d for part, _ in split(again, channel) for d in part.deliveries}
    assert covered == set(whole.deliveries)


@pytest.mark.parametrize("name", [*CHATS])
def test_one_notice_that_is_too_long_is_shortened_but_keeps_its_link(name: str) -> None:
    monster = notice(
        headline="A" * 490, why="w" * 300, sentences=("s" * 400, "t" * 400),
        novelty=("n" * 400, "m" * 400), publishers=("p" * 60,) * 9, stage="g" * 200,
    )  # fmt: skip
    channel = replace(CHANNELS[name], limit=900)
    ((part, rendered),) = split(message(monster), channel)
    assert size(rendered.text, channel.measure) <= 900
    assert "https://ekho.example/a_b/" in rendered.text
    assert part.deliveries == (45,)


def test_a_long_operator_notice_is_cut() -> None:
    notice_ = Message(
        message_id="m1", receiver="ops", kind=MessageKind.OPERATOR, subject="watcher: 9 feeds fail",
        body=tuple(f"{RU} {n}" for n in range(200)), delivery_ids=(DeliveryId(1),),
    )  # fmt: skip
    for name in ("discord", "telegram", "ntfy"):
        ((_, rendered),) = split(notice_, CHANNELS[name])
        assert size(rendered.text, CHANNELS[name].measure) <= CHANNELS[name].limit
        assert rendered.text.endswith("…")


@given(st.integers(1, 12), st.integers(400, 3_000), st.sampled_from(CHATS))
def test_no_part_is_over_any_limit(count: int, limit: int, name: str) -> None:
    channel: Channel = replace(CHANNELS[name], limit=limit)
    for _, rendered in split(message(*long_lines(count)), channel):
        total = size(rendered.text, channel.measure) + size(rendered.subject, channel.measure)
        assert total <= limit


# ------------------------------------------------------------------------------- templates


def test_a_template_of_the_receivers_replaces_the_text() -> None:
    source = (
        "{% for n in message.notices %}{{ n.score }} {{ n.headline }} {{ n.link }}\n{% endfor %}"
    )
    rendered = render(message(), CHANNELS["slack"], source)
    assert rendered.text == f"87 {RU} https://ekho.example/a_b/%D0%BE?x=1&y=2"
    mail = render(message(), CHANNELS["mail"], source)
    assert (mail.html, mail.trouble) == (None, "")


def test_an_html_template_is_the_html_of_mails_and_is_escaped() -> None:
    source = "<!doctype html><p>{{ message.notices[0].headline }}</p>"
    rendered = render(message(notice(headline="a <b> & c")), CHANNELS["mail"], source)
    assert rendered.html == "<!doctype html><p>a &lt;b&gt; &amp; c</p>"
    assert "a <b> & c" in rendered.text
    assert "suits mail" in render(message(), CHANNELS["slack"], source).trouble


def test_what_is_told_in_words_is_added_where_a_template_leaves_it_out() -> None:
    spike = message(notice(headline="One"), body=("Far more <than> usual",))
    text = render(spike, CHANNELS["mail"], "{{ message.notices[0].headline }}").text
    assert text == "One\n\nFar more <than> usual"
    html = render(spike, CHANNELS["mail"], "<html>{{ message.notices[0].headline }}").html
    assert html == "<html>One\n<p>Far more &lt;than&gt; usual</p>"
    for source in ("{{ message.body[0] }}", "<html>{{ message.body[0] }}"):
        told = render(spike, CHANNELS["mail"], source)
        assert (told.html or told.text).count("Far more") == 1


@pytest.mark.parametrize(
    ("source", "trouble"),
    [
        ("{{ message.subject }}", None),
        ("{{ message.nonsense }}", 'message has no "nonsense"; it has subject, kind, topic'),
        ("{{ nothing }}", 'there is no variable "nothing"; the only one is "message"'),
        ("{{ message.notices[0].headlin }}", 'a notice has no "headlin"; did you mean "headline"'),
        ("{% for %}", "Expected"),
        ("{{ 1 // 0 }}", "zero"),
        ("{{ message.__class__.__mro__ }}", "unsafe"),
        ("{{ ''.__class__.__base__.__subclasses__() }}", "unsafe"),
        ("{% include '/etc/passwd' %}", "passwd"),
        ("{{ message.notices[7].headline }}", "7|no element"),
        ("{{ message.brief[0].headline }}", "no element"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "recursion"),
        ("{% set x = 1 %}\n", "it writes nothing"),
    ],
)
def test_templates_are_checked_and_cannot_reach_out(source: str, trouble: str | None) -> None:
    found = check_template(source)
    if trouble is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(trouble, found)
        # An alert is never lost to its template.
        assert RU in render(message(), CHANNELS["mail"], source).text


@pytest.mark.parametrize(
    ("source", "trouble"),
    [
        ("{% for n in message.brief %}{{ n.headlin }}{% endfor %}", 'mean "headline"'),
        ("{% for f in message.follow_ups %}{{ f.txt }}{% endfor %}", 'a follow-up has no "txt"'),
        ("{% for n in message.stories[0].folded %}{{ n.lnk }}{% endfor %}", 'mean "link"'),
        ("{% for n in message.notices %}{% for o in n.others %}{{ o.url }}{% endfor %}{% endfor %}",
         'has no "url"|no attribute'),
    ],
)  # fmt: skip
def test_loops_of_templates_are_checked_though_most_messages_leave_them_empty(
    source: str, trouble: str
) -> None:
    assert re.search(trouble, check_template(source) or "")


# --------------------------------------------------------------------------------- schema


TYPES: dict[str, Any] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict, "null": type(None),
}  # fmt: skip


def check(value: Any, schema: dict[str, Any], where: str = "watcher") -> None:
    """As much of JSON Schema as the documented one uses, and strict about unknown keys."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert isinstance(value, tuple(TYPES[kind] for kind in kinds)), where
    assert value in schema.get("enum", [value]), where
    if isinstance(value, dict):
        assert set(schema["required"]) == set(value) == set(schema["properties"]), where
        for key, inner in value.items():
            check(inner, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list):
        for inner in value:
            check(inner, schema["items"], f"{where}[]")


def test_webhook_bodies_are_what_the_schema_says() -> None:
    schema = json.loads((Path(rendering.__file__).parent / "webhook.schema.json").read_bytes())
    bare = Notice(headline="x", url=None, publisher="", score=51.0, delivery_id=DeliveryId(1))
    operator = Message(message_id="m1", receiver="ops", body=("a",), kind=MessageKind.OPERATOR)
    for what in (message(), message(notice(1), bare), operator, sample_message("x", now=NOW)):
        check(json.loads(json.dumps(webhook_object(what))), schema)


def test_the_webhook_schema_is_stable() -> None:
    body = json.loads(json.dumps(webhook_object(message(possible_repeat=True))))
    assert body["schema"] == 1
    assert body["delivery_ids"] == [45]
    (delivery,) = body["deliveries"]
    assert set(delivery) >= {
        "delivery_id", "hit_id", "story_id", "topic", "score", "title", "url", "publisher", "lang",
        "published_at", "first_seen_at", "reason", "why", "sentences", "possible_repeat",
    }  # fmt: skip
    assert delivery["topic"] == "south-ossetia"
    assert delivery["published_at"] == "2026-11-21T09:05:00Z"
    assert delivery["possible_repeat"] is True


@pytest.mark.parametrize(
    ("score", "word"),
    [(49, ""), (50, "borderline"), (64, "borderline"), (66, "likely"), (90, "strong")],
)
def test_words_for_scores(score: float, word: str) -> None:
    assert strength(score, 50.0) == word
