"""Cleaning: whatever comes in, what goes out may be stored and shown."""

from __future__ import annotations

import html
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storable import forbidden_in

from watcher.text.clean import (
    clean_line,
    clean_text,
    neutralise_mentions,
    strip_html,
    terminal_safe,
    unescape,
)

# Any code point, lone surrogates too, with more of the troublesome ones than chance would give.
anything = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x00\x1b\x85\xad\u200b\u200d\u202e\u2028\u2029\ud800\ue000\ufeff \n\r\t<>&;\"'/!-"
        ),
    )
)


def test_every_forbidden_code_point_is_dropped_or_a_space_and_every_other_stays() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        cleaned = clean_line(f"a{char}b")
        if char.isspace():
            assert cleaned == "a b", hex(code)
        elif forbidden_in(char):
            assert cleaned == "ab", hex(code)
        elif unicodedata.category(char) != "Cn":  # later Unicode versions may forbid it
            assert cleaned == unicodedata.normalize("NFC", f"a{char}b"), hex(code)


@given(anything)
def test_a_line_is_clean_and_stays_as_it_is(text: str) -> None:
    line = clean_line(text)
    assert not forbidden_in(line)
    assert line == " ".join(line.split())
    assert unicodedata.is_normalized("NFC", line)
    assert clean_line(line) == line


@given(anything)
def test_a_text_is_clean_and_keeps_only_paragraph_breaks(text: str) -> None:
    cleaned = clean_text(text)
    assert not forbidden_in(cleaned, allowed="\n")
    assert "\n" not in cleaned.replace("\n\n", "")
    assert "\n\n\n" not in cleaned
    assert clean_text(cleaned) == cleaned


@given(anything, st.integers(1, 30))
def test_limits_hold(text: str, limit: int) -> None:
    assert len(clean_line(text, limit)) <= limit
    assert len(clean_text(text, limit)) <= limit


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("one\ntwo", "one two"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("one\r\n \t\r\ntwo", "one\n\ntwo"),
        ("one\u2029two\u2028three", "one\n\ntwo three"),
        ("\n\n  a  b \n\n\n\n c\n\n", "a b\n\nc"),
    ],
)
def test_paragraphs(given_text: str, expected: str) -> None:
    assert clean_text(given_text) == expected


@given(anything)
def test_nothing_reaches_a_terminal_but_text_line_breaks_and_tabs(text: str) -> None:
    assert not forbidden_in(terminal_safe(text), allowed="\n\t")


@pytest.mark.parametrize("mention", ["@everyone", "<!channel>", "<@U123>", "<#C1>", "a @здесь"])
def test_mentions_are_broken_but_read_the_same(mention: str) -> None:
    broken = neutralise_mentions(mention)
    assert mention not in broken
    assert broken.replace("\u200b", "") == mention


@given(anything)
def test_stripping_and_unescaping_shorten_anything_and_undo_escapes(text: str) -> None:
    assert len(strip_html(text)) <= len(text)
    assert len(unescape(text)) <= len(text)
    plain = text.replace("<", "")
    assert strip_html(html.escape(plain, quote=False)) == plain
    assert unescape(html.escape(text)) == text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("plain &amp; simple", "plain & simple"),
        ("<p>One.</p><p>Two &quot;quoted&quot;.</p>", 'One.\n\nTwo "quoted".'),
        ("a<br>b<br/><br />c", "a b\n\nc"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ('<a title="a > b" href=x>link</a> end', "link end"),
        ("x<script>var a = '<p>no</p>'; if (a < b) {}</script>y", "xy"),
        ("x<style>p > a { color: red }</style>y", "xy"),
        ("x<!-- a <b> c -->y<!---->z", "xyz"),
        ("<![CDATA[inside]]> out", "inside out"),
        ("&lt;p&gt;twice &amp;amp; escaped&lt;/p&gt;", "twice & escaped"),
        ("<td>a</td><td>b</td>", "a b"),
        ("un<b>break</b>able", "unbreakable"),
        ("cut <a href='http://exam", "cut"),
        ("&#xD800;&#99999999999;&#x110000;ok&nosuch;", "\ufffd\ufffdok&nosuch;"),
    ],
)
def test_html_becomes_plain_text(markup: str, expected: str) -> None:
    text = clean_text(strip_html(markup))
    assert text == expected


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<!--",
        "<a ",
        '<a "',
        "<script>",
        "&",
        "&#",
        "&#1",
        "<p",
        "</",
        '">',
        "\n \r",
        "&lt;",
        " ",
        "\n",
        "\u2029",
        "\xa0\n",
    ],
)
def test_hostile_repetition_costs_linear_time(unit: str) -> None:
    """Twenty times the input may cost far more than twenty times the CPU only by being quadratic."""

    def cpu(count: int) -> float:
        began = time.process_time()
        clean_text(strip_html(unit * count))
        return time.process_time() - began

    assert cpu(400_000) < 5.0
