"""Which language a text is in."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

SAMPLE = 500
_MIN_LETTERS = 12

# A script used by one language (of news) decides at once, and needs no model.
_SCRIPTS = (
    ("ka", "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f"),
    ("hy", "\u0530-\u058f"),
    ("el", "\u0370-\u03ff\u1f00-\u1fff"),
    ("he", "\u0590-\u05ff"),
    ("ko", "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"),
    ("ja", "\u3040-\u30ff"),
    ("th", "\u0e00-\u0e7f"),
    ("am", "\u1200-\u137f"),
    ("ta", "\u0b80-\u0bff"),
    ("te", "\u0c00-\u0c7f"),
    ("ml", "\u0d00-\u0d7f"),
    ("kn", "\u0c80-\u0cff"),
    ("gu", "\u0a80-\u0aff"),
    ("pa", "\u0a00-\u0a7f"),
    ("bn", "\u0980-\u09ff"),
    ("si", "\u0d80-\u0dff"),
    ("km", "\u1780-\u17ff"),
    ("lo", "\u0e80-\u0eff"),
    ("my", "\u1000-\u109f"),
    ("zh", "\u4e00-\u9fff"),
)
_BY_SCRIPT = [(lang, re.compile(f"[{chars}]")) for lang, chars in _SCRIPTS]
_LATIN_OR_SHARED = re.compile("[A-Za-z\u00c0-\u024f\u0400-\u052f\u0600-\u06ff\u0900-\u097f]")
# Languages of the Caucasus that the model does not know, told from Russian by their letters.
_CYRILLIC_MARKS = (
    ("os", re.compile("[ӕӔæÆ]")),
    ("ab", re.compile("[ҩҨҵҴӷӶҭҬҟҞҽҼҿҾ]")),
    ("ce", re.compile("[ӀӏI1](?=[а-яА-Я])|(?<=[кпцчхтКПЦЧХТ])[ӀӏI1]")),
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_MODEL_LANGUAGES = (
    "af ar az be bg bs ca cs cy da de en es et eu fa fi fr ga gl hi hr hu id is it kk ku ky "
    "lt lv mk mn mr ms mt ne nl no pl ps pt ro ru sk sl sq sr sv sw tr tg ug uk ur uz vi"
)


def detect_lang(text: str) -> str | None:
    """ISO 639-1 code of the language, from at most 500 characters; None for too little text."""
    sample = _sample(text)
    letters = sum(map(str.isalpha, sample))
    if letters < _MIN_LETTERS:
        return None
    cyrillic = len(_CYRILLIC.findall(sample))
    if cyrillic * 2 > letters:
        for marked, marks in _CYRILLIC_MARKS:
            if len(marks.findall(sample)) * 60 > cyrillic:
                return marked
    elif max(sample) > "\u0370" and (lang := _by_script(sample, letters)):
        return lang
    code, _score = _identifier().classify(sample)
    return "no" if code in ("nb", "nn") else str(code)


def _by_script(sample: str, letters: int) -> str | None:
    counts = Counter({lang: len(found.findall(sample)) for lang, found in _BY_SCRIPT})
    if counts["ja"] * 10 > letters:  # Japanese is written with Chinese characters too
        return "ja"
    lang, count = counts.most_common(1)[0]
    return lang if count > len(_LATIN_OR_SHARED.findall(sample)) else None


def _sample(text: str) -> str:
    """From the middle of a long text: its beginning may be a dateline or a menu."""
    if len(text) <= SAMPLE:
        return text
    start = min(len(text) // 4, len(text) - SAMPLE)
    return text[start : start + SAMPLE]


@cache
def _identifier() -> Any:
    """py3langid's model; loading it takes a second and 75 MB, hence late and once."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.labels)
    identifier.set_languages([lang for lang in _MODEL_LANGUAGES.split() if lang in known])
    return identifier
