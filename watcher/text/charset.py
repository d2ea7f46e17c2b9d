"""Bytes to text when the declared charset may be wrong, missing or hostile."""

from __future__ import annotations

import codecs
import contextlib
import re
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How "<?" or "<h" begins in wide encodings without a mark.
_WIDE = (
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[^\0]"), "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})"""
    rb"""|<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_IN_HEADER = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# As browsers do: the larger set that pages labelled with the smaller one really use.
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
# Codecs of Python that are no charset of the web; some raise what no decoder should.
_REFUSED = re.compile(r"^(?:utf_?7|punycode|idna|undefined|mbcs|oem|.*unicode_escape|palmos)$")
_SEVEN_BIT = ("iso2022", "hz")
_CYRILLIC_FREQUENT = frozenset("оеаинтсрвлОЕАИНТСРВЛ")
_MIXED = re.compile("[A-Za-z][А-яЁё]|[А-яЁё][A-Za-z]")
_ACCENTED_ALONE = re.compile("(?<![A-Za-z])[À-ÿ]{3,}(?![A-Za-z])")
# UTF-8 that was taken for a legacy charset and encoded again: each letter is now two or three
# characters, the first of which is an accented capital or such.
_AS_BYTE = {ord(bytes([byte]).decode("latin-1")): byte for byte in range(0x80, 0x100)} | {
    ord(char): byte
    for byte in range(0x80, 0xA0)
    if (char := bytes([byte]).decode("cp1252", "replace")) != "\ufffd"
}
_TAIL = (
    "["
    + "".join(re.escape(chr(code)) for code, byte in _AS_BYTE.items() if byte < 0xC0)
    + "\ufffd]"
)
_TWICE = re.compile(f"[\xc2-\xdf]{_TAIL}|[\xe0-\xef]{_TAIL}{{2}}|[\xf0-\xf4]{_TAIL}{{3}}")
_LEADS = re.compile("[\xc2-\xf4]")
_FEW = 8
"""Under this many such pairs the text may be honest: a French capital before a quotation mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text of a body, and whether a declared charset turned out to be wrong."""

    text: str
    charset: str
    wrong: bool = False


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Byte order mark, else valid UTF-8, else what is declared and fits, else a guess.

    Valid UTF-8 beats every other declaration, since other text is hardly ever valid UTF-8.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return Decoded(
                text=body[len(mark) :].decode(charset, "replace"), charset=charset, wrong=False
            )
    for shape, charset in _WIDE:
        if shape.match(body):
            return Decoded(text=body.decode(charset, "replace"), charset=charset)
    declared = _declared(body, content_type)
    seven_bit = next((name for name in declared if name.startswith(_SEVEN_BIT)), None)
    if seven_bit:
        return Decoded(text=body.decode(seven_bit, "replace"), charset=seven_bit)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(body, declared)
    if body.isascii():
        return Decoded(text=text, charset="utf-8")
    repaired = _repaired(text)
    wrong = repaired is not text or (bool(declared) and "utf-8" not in declared)
    return Decoded(text=repaired, charset="utf-8", wrong=wrong)


def _declared(body: bytes, content_type: str) -> list[str]:
    """Charsets named by the body, then by the header: servers know less than authors."""
    names = []
    if found := _DECLARED.search(body[:4_096]):
        names.append((found.group(1) or found.group(2)).decode("ascii"))
    if in_header := _IN_HEADER.search(content_type):
        names.append(in_header.group(1))
    return [known for name in names if (known := _known(name))]


def _known(name: str) -> str | None:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if _REFUSED.match(info.name.replace("-", "_")) or not getattr(info, "_is_text_encoding", True):
        return None
    return _LARGER.get(info.name, info.name)


def _decode_legacy(body: bytes, declared: list[str]) -> Decoded:
    mostly_utf8 = _mostly_utf8(body)
    if mostly_utf8 is not None and (not declared or "utf-8" in declared):
        return Decoded(text=_repaired(mostly_utf8), charset="utf-8", wrong=True)
    for charset in declared:
        if charset == "utf-8":
            continue
        text = _strict(body, charset)
        if text is not None:
            if charset == "cp1252" and (cyrillic := _cyrillic_in_disguise(body)):
                return cyrillic
            return Decoded(text=text, charset=charset, wrong=charset != declared[0])
    if cyrillic := _cyrillic_in_disguise(body):
        return cyrillic
    if mostly_utf8 is not None:
        return Decoded(text=mostly_utf8, charset="utf-8", wrong=True)
    fallback = next((name for name in declared if name != "utf-8"), "cp1252")
    return Decoded(text=body.decode(fallback, "replace"), charset=fallback, wrong=True)


def _strict(body: bytes, charset: str) -> str | None:
    # Five bytes of cp1252 mean nothing, and pages hold them all the same: browsers show controls.
    errors = "replace" if charset == "cp1252" else "strict"
    try:
        return body.decode(charset, errors)
    except (UnicodeError, ValueError):
        return None


def _mostly_utf8(body: bytes) -> str | None:
    """UTF-8 text with a few broken bytes (cut by a database column), else None."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = len(body) - len(text) + broken
    return text if broken * 20 <= beyond_ascii else None


def _cyrillic_in_disguise(body: bytes) -> Decoded | None:
    """Cyrillic in a legacy charset that says it is something else or nothing: told by letters.

    Read as the wrong one of the two, small letters turn into capitals and rare ones abound.
    """
    high_bytes = sum(byte >= 0x80 for byte in body[:200_000])
    for charset in ("cp1251", "koi8-r"):
        text = body.decode(charset, "replace")
        letters = [c for c in text[:200_000] if "А" <= c <= "я"]
        if len(letters) < 40 or len(letters) < 0.7 * high_bytes:
            continue
        # Accented letters of Italian are frequent ones of Russian, but stand within Latin words.
        if len(_MIXED.findall(text[:200_000])) > 0.1 * len(letters):
            continue
        frequent = sum(c in _CYRILLIC_FREQUENT for c in letters)
        small = sum(c >= "а" for c in letters)
        if frequent > 0.5 * len(letters) and small > 0.6 * len(letters):
            return Decoded(text=text, charset=charset, wrong=True)
    return None


def _repaired(text: str) -> str:
    """The text with what was encoded twice decoded once more; the same object if nothing was."""
    for _ in range(2):
        again = _once_more(text)
        if again is None:
            break
        text = again
    return text


def _once_more(text: str) -> str | None:
    leads = len(_LEADS.findall(text))
    if leads < _FEW:
        return None
    if len(_TWICE.findall(text)) >= max(_FEW, 0.9 * leads):
        return _TWICE.sub(_as_meant, text)
    # Cyrillic of one byte a letter: whole words of accented letters, which no language has.
    if sum(map(len, _ACCENTED_ALONE.findall(text))) > 0.7 * leads:
        with contextlib.suppress(UnicodeEncodeError):
            found = _cyrillic_in_disguise(text.encode("cp1252"))
            return found.text if found else None
    return None


def _as_meant(match: re.Match[str]) -> str:
    try:
        return bytes(_AS_BYTE[ord(char)] for char in match.group()).decode("utf-8")
    except KeyError:  # a byte was lost when it was encoded again
        return "\ufffd"
    except UnicodeDecodeError:
        return match.group()
