"""What may be stored and shown: every string from outside passes through here.

Nothing in this module is slower than linear in its input, whatever that input is: it runs on
text that strangers wrote.
"""

from __future__ import annotations

import html
import re
import unicodedata

# Categories Cc, Cf, Cs, Co, Zl and Zp of Unicode 14, without the joiners U+200C and U+200D that
# Persian and the Indic scripts need, and without what counts as white space (it becomes a space).
# Written out since looking up 1.1 million characters at import would cost 0.2 s; a test compares.
_DROPPED = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ud800-\uf8ff\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    "\U000f0000-\U000ffffd\U00100000-\U0010fffd"
)
_DROP = re.compile(f"[{_DROPPED}]+")
_LINE_END = "(?:\r\n|[\n\r\x85\u2028])"
_PARAGRAPH = re.compile(rf"{_LINE_END}[^\S\n\r\x85\u2028]*{_LINE_END}\s*")


def _safe(text: str) -> str:
    # What is printable has none of the characters to drop, and most text is: asking is C.
    if not text.isprintable():
        text = _DROP.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def clean_line(text: str, limit: int = 500) -> str:
    """One line: NFC, no control, format, private or lone surrogate characters, single spaces."""
    # Decomposed text shrinks when composed, so a generous cut first keeps huge input cheap.
    line = " ".join(_safe(text[: limit * 20]).split())
    return line if len(line) <= limit else line[:limit].rstrip()


def clean_text(text: str, limit: int = 200_000) -> str:
    """Paragraphs, each one clean line, joined by one empty line; a lone line break is a space."""
    kept = _safe(text[: limit * 5].replace("\u2029", "\n\n").strip())
    parts = [kept] if kept.isprintable() else _PARAGRAPH.split(kept)  # no line break, no paragraphs
    paragraphs = (" ".join(part.split()) for part in parts)
    cleaned = "\n\n".join(part for part in paragraphs if part)
    return cleaned if len(cleaned) <= limit else cleaned[:limit].rstrip()


def terminal_safe(text: str) -> str:
    """For a terminal: no escape sequences, no bidi tricks; line breaks and tabs stay."""
    kept = _DROP.sub("", text.replace("\r\n", "\n"))
    return re.sub(r"[\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]", " ", kept)


def neutralise_mentions(text: str) -> str:
    """Break what chats read as a mention of people (``@everyone``, ``<!channel>``, ``<@U1>``)."""
    return re.sub(r"@(?=\S)|<(?=[!@#])", "\\g<0>\u200b", text)


# --------------------------------------------------------------------------- HTML to plain text

_BLOCK = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd details dialog div dl dt fieldset"
        " figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p"
        " pre section summary table tbody tfoot thead tr ul",
    )
)
_STANDS_FOR = dict.fromkeys(_BLOCK, "\n\n") | {"br": "\n", "td": " ", "th": " ", "img": " "}
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object"})
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]*)")
# int() refuses absurdly long numbers and Unicode ends at 0x10FFFF: no reference needs 9 digits.
_LONG_REFERENCE = re.compile(r"&#(?:[xX][0-9a-fA-F]{9,}|[0-9]{9,});?")
_ESCAPED_MARKUP = re.compile(
    r"</?(?:p|div|br|a|img|span|strong|em|b|i|ul|ol|li|h[1-6])\b[^<>]*>", re.I
)


def unescape(text: str) -> str:
    """Character references to characters; never raises."""
    return html.unescape(_LONG_REFERENCE.sub("", text)) if "&" in text else text


def strip_html(markup: str) -> str:
    """Plain text of an HTML fragment, with an empty line where a block ends and begins.

    Markup that was escaped twice (common in feeds) is undone once more.
    """
    text = _strip(markup)
    if "<" in text and _ESCAPED_MARKUP.search(text):
        text = _strip(text)
    return text


def _strip(markup: str) -> str:
    if "<" not in markup:
        return unescape(markup)
    first, *pieces = markup.split("<")
    out = [unescape(first)]
    hidden = ""  # what ends the stretch being skipped: a closing tag or the end of a comment
    for piece in pieces:
        if hidden:
            visible, hidden = _leave_hidden(piece, hidden)
            out.append(unescape(visible))
            continue
        if piece[:3] == "!--":
            visible, hidden = _leave_hidden(piece[3:], "-->")
            out.append(unescape(visible))
            continue
        space, rest, hidden = _tag(piece)
        out.append(space)
        if not hidden:
            out.append(unescape(rest))
    return "".join(out)


def _leave_hidden(piece: str, until: str) -> tuple[str, str]:
    """What of the piece is visible, and what is still waited for."""
    if until == "-->":
        _, found, rest = piece.partition(until)
        return (rest, "") if found else ("", until)
    if piece[: len(until)].lower() == until:
        return piece.partition(">")[2], ""
    return "", until


def _tag(piece: str) -> tuple[str, str, str]:
    """What follows one ``<``: (text the tag stands for, text after it, what hides the rest)."""
    match = _TAG_NAME.match(piece)
    if match is None:
        return _not_a_tag(piece)
    name = match.group(1).lower()
    inside, rest = _split_tag(piece)
    if name in _HIDDEN and piece[0] != "/" and not inside.endswith("/"):
        return "", "", f"/{name}"
    return _STANDS_FOR.get(name, ""), rest, ""


def _not_a_tag(piece: str) -> tuple[str, str, str]:
    if piece[:8] == "![CDATA[":
        return "", piece[8:].replace("]]>", ""), ""
    if piece[:1] in ("!", "?"):
        return "", piece.partition(">")[2], ""
    return "<", piece, ""


def _split_tag(piece: str) -> tuple[str, str]:
    """Split at the ``>`` that ends the tag, not at one inside a quoted attribute."""
    end = piece.find(">")
    if end < 0:
        return piece, ""
    first, quotes, start = end, 0, 0
    while end >= 0:
        quotes += piece.count('"', start, end)
        if quotes % 2 == 0:
            return piece[:end], piece[end + 1 :]
        start, end = end, piece.find(">", end + 1)
    return piece[:first], piece[first + 1 :]
