"""Words of any script with their places in the text, folded so that spellings meet.

Words have two spellings. ``fold`` removes case, accents and compatibility forms inside its
own script. ``skeleton`` writes it in a rough Latin in which the usual transliterations of a name
agree: Bibilov, Bibiłow, Бібілов and ბიბილოვი all begin with ``bibilov``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import eq
from typing import Generic, TypeVar

import Stemmer
from anyascii import anyascii

# Scripts written without spaces: each sign is a word of its own, so that phrases still match.
_UNSPACED = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f"
# "об'єднання" and "п'ять" are one word; "d'Ossétie" and "Osetya'nın" are two.
_WORD = re.compile(
    rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[{_MARKS}])+"
    rf"(?:(?<=[\u0400-\u04ff])['’ʼ](?=[\u0400-\u04ff])[^\W_]+)*"
)

_PLAIN_WORD = re.compile(r"[^\W_]+")
# Two searches, each for one set of signs, take half the time of one for either.
_NOT_PLAIN = (
    re.compile(rf"[{_UNSPACED}{_MARKS}]"),
    re.compile(r"['’ʼ](?<=[\u0400-\u04ff].)[\u0400-\u04ff]"),
)

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian",
    "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "nl": "dutch",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip

# Endings of languages that Snowball has no stemmer for; the leftmost, so longest, match is cut.
_ENDINGS = {
    "ka": "(?:ებ)?(?:ისთვის|ისგან|იდან|ისკენ|მდე|თან|ისა|ით|ის|სა|მა|ად|ში|ზე|ვე|ს|ი|ა|ო|მ)",
    "uk": "ування|ення|ання|ями|ами|ого|ому|ими|ів|ою|ею|ої|их|им|ах|ях|ам|ям|ий|ій|[аяуюіїеєоиьй]",
    "os": "тимае|таем|таеи|тае|ты|имае|мае|аеи|аен|ыл|ау|ае|ы",
    "bg": "ията|ието|ите|ата|ето|ият|ия|ът|та|то|те|[аяоеиъ]",
}
_ENDINGS |= {"be": _ENDINGS["uk"], "mk": _ENDINGS["bg"], "sr": _ENDINGS["bg"]}
_MIN_STEM = 3
T = TypeVar("T")
_REMEMBERED = 30_000  # texts repeat their words, and so do texts of one language


class Remembered(dict[str, T], Generic[T]):
    """What a function tells of each word, by subscript, for so many words; then it begins anew.

    ``lru_cache`` would put its entries into order at every look: most of the cost, for hundreds of
    words a text.
    """

    def __init__(self, ask: Callable[[str], T], most: int = _REMEMBERED) -> None:
        self._ask, self._most = ask, most

    def __missing__(self, word: str) -> T:
        if len(self) >= self._most:
            self.clear()
        self[word] = told = self._ask(word)
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one text, in order: parallel sequences of equal length."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    folded: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The words inside two character offsets: number of the first, and of the first after."""
        return bisect_left(self.starts, start), bisect_right(self.ends, end)


def tokenise(text: str) -> Words:
    """Split a text into folded words with their character offsets."""
    # The plain pattern takes a third of the time and fits nearly every text.
    plain = text.isascii() or not any(signs.search(text) for signs in _NOT_PLAIN)
    found = list((_PLAIN_WORD if plain else _WORD).finditer(text))
    surfaces = list(map(re.Match.group, found))
    # All at once, since that runs in C; a sign that folds into several words spoils the count.
    folded = fold(" ".join(surfaces)).split(" ") if surfaces else []
    if len(folded) != len(surfaces):
        folded = [fold(surface).replace(" ", "") for surface in surfaces]
    return Words(
        text=text,
        starts=tuple(map(re.Match.start, found)),
        ends=tuple(map(re.Match.end, found)),
        folded=tuple(folded),
    )


# ------------------------------------------------------------------------------- spelling


def _fold_table() -> dict[int, str]:
    """Letters of Latin, Greek and Arabic script without their accents; stress marks to nothing."""
    pairs = "ł=l ø=o đ=d ı=i ŀ=l ħ=h ŧ=t ə=e أ=ا إ=ا آ=ا ٱ=ا ى=ي ة=ه ک=ك ی=ي æ=ae œ=oe þ=th ð=d ё=е ӕ=ае"
    table = {ord(pair[0]): pair[2:] for pair in pairs.split(" ")}
    marks = [*range(0x300, 0x370), *range(0x64B, 0x660), 0x670, 0x640, 0xAD]
    table |= dict.fromkeys([*marks, *map(ord, "'’ʼ")], "")
    for code in [*range(0xC0, 0x250), *range(0x370, 0x400), *range(0x1E00, 0x2000)]:
        letters = unicodedata.normalize("NFD", chr(code))
        plain = "".join(char for char in letters if unicodedata.category(char) != "Mn")
        if plain and plain != chr(code):
            table.setdefault(code, plain)
    return table


_FOLD = _fold_table()
# Few letters of a text are in the table: to look for them costs less than to look up each letter.
_FOLDING = re.compile(f"[{''.join(map(chr, _FOLD))}]")


def fold(text: str) -> str:
    """One spelling per word inside its own script: no case, no accents, no compatibility forms."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if _CYRILLIC.search(folded) and _MIXING.search(folded):
        folded = _MIXED.sub(lambda word: word.group().translate(_LOOKALIKE), folded)
    return _FOLDING.sub(lambda sign: _FOLD[ord(sign.group())], folded)


# Latin letters inside a Cyrillic word are there to deceive filters, or by a slip of the keyboard.
_MIXED = re.compile(r"[a-z]*(?:[a-z][\u0430-\u0459]|[\u0430-\u0459][a-z])[a-z\u0430-\u0459]*")
_CYRILLIC, _MIXING = (
    re.compile(r"[\u0430-\u0459]"),
    re.compile(r"[a-z](?:(?=[\u0430-\u0459])|(?<=[\u0430-\u0459].))"),
)
_LOOKALIKE = str.maketrans("aceopxyikmtbh", "асеорхуікмтвн")


class _Latin(dict[int, str]):
    """Letter to rough Latin, filled on demand: no script costs memory before it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        written = char if char.isspace() else anyascii(char).lower().replace(" ", "")
        self[code] = written
        return written


_LATIN = _Latin()
_LATIN.update(
    (ord(pair[0]), pair[2:])
    for pair in [
        "а=a",
        "б=b",
        "в=v",
        "г=g",
        "ґ=g",
        "д=d",
        "е=e",
        "є=e",
        "ж=z",
        "з=z",
        "и=i",
        "й=i",
        "і=i",
        "ї=i",
        "к=k",
        "л=l",
        "м=m",
        "н=n",
        "о=o",
        "п=p",
        "р=r",
        "с=s",
        "т=t",
        "у=u",
        "ф=f",
        "х=h",
        "ц=c",
        "ч=c",
        "ш=s",
        "щ=s",
        "ъ=",
        "ы=i",
        "ь=",
        "э=e",
        "ю=iu",
        "я=ia",
        "ў=u",
        "ј=i",
        "љ=l",
        "њ=n",
        "ћ=c",
        "ђ=z",
        "џ=z",
        "қ=k",
        "ғ=g",
        "ң=n",
        "ү=u",
        "ұ=u",
        "ө=o",
        "һ=h",
        "ა=a",
        "ბ=b",
        "გ=g",
        "დ=d",
        "ე=e",
        "ვ=v",
        "ზ=z",
        "თ=t",
        "ი=i",
        "კ=k",
        "ლ=l",
        "მ=m",
        "ნ=n",
        "ო=o",
        "პ=p",
        "ჟ=z",
        "რ=r",
        "ს=s",
        "ტ=t",
        "უ=u",
        "ფ=f",
        "ქ=k",
        "ღ=g",
        "ყ=k",
        "შ=s",
        "ჩ=c",
        "ც=c",
        "ძ=z",
        "წ=c",
        "ჭ=c",
        "ხ=h",
        "ჯ=z",
        "ჰ=h",
    ]
)
# What transliteration schemes disagree on; the order matters ("tskh" is ts + kh).
_MERGED = [
    pair.split("=")
    for pair in [
        "tsch=c",
        "shch=s",
        "sch=s",
        "kh=h",
        "gh=g",
        "zh=z",
        "sh=s",
        "ts=c",
        "tz=c",
        "tch=c",
        "cz=c",
        "ch=c",
        "sz=s",
        "dz=z",
        "ph=f",
        "th=t",
        "ck=k",
        "w=v",
        "x=ks",
        "q=k",
        "y=i",
        "j=i",
        "ie=e",
    ]
]
# "ოსეთში" is "Oset" with an ending, and holds no "ts".
_CASE_BEHIND_T = re.compile("(?<=[თტ])(?=[სშ])")
_DOUBLED = re.compile(r"([a-z])\1+")


def skeleton(folded: str) -> str:
    """A folded word in rough Latin, where transliterations of one name agree up to its ending.

    Several words, parted by a blank, give their skeletons, parted so: many for the price of few.
    """
    written = folded if folded.isascii() else _CASE_BEHIND_T.sub("|", folded).translate(_LATIN)
    for spelling, merged in _MERGED:
        written = written.replace(spelling, merged)
    return _DOUBLED.sub(r"\1", written.replace("|", ""))


@lru_cache(maxsize=4096)
def script_of(word: str) -> str:
    """``latin``, ``cyrillic``, ``georgian`` or ``other``, by the first letter of the word."""
    code = ord(word[0]) if word else 0
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        return "latin"
    if 0x400 <= code < 0x530:
        return "cyrillic"
    return "georgian" if 0x10A0 <= code < 0x1100 else "other"


# ------------------------------------------------------------------------------- stemming


@cache
def _stemmer(lang: str) -> Callable[[str], str]:
    if lang in _ENDINGS:
        ending = re.compile(rf"(?:{_ENDINGS[lang]})$")
        return lambda word: cut if len(cut := ending.sub("", word)) >= _MIN_STEM else word
    if lang in _STEMMERS:
        snowball: Callable[[str], str] = Stemmer.Stemmer(_STEMMERS[lang], 0).stemWord
        return snowball
    return lambda word: word


@lru_cache(maxsize=_REMEMBERED)
def stem(folded: str, lang: str | None) -> str:
    """The stem of a folded word in a language (ISO 639-1); the word itself where none is known."""
    return _stemmer(lang or "")(folded)


LANGS_OF_SCRIPT = {
    "latin": ("en", "de", "fr", "es", "it", "pt", "pl", "tr", "nl", "sv", "ro", "cs", "hu"),
    "cyrillic": ("ru", "uk", "bg", "os"),
    "georgian": ("ka",),
    "other": ("hy", "el", "ar", "fa", "hi"),
}


def same_stem(left: str, right: str, script: str) -> bool:
    """Whether two folded words share a stem in any language that is written in the script."""
    return any(map(eq, _stems(left, script), _stems(right, script)))


@lru_cache(maxsize=_REMEMBERED)
def _stems(folded: str, script: str) -> tuple[str, ...]:
    return tuple([_stemmer(lang)(folded) for lang in LANGS_OF_SCRIPT[script]])


# ------------------------------------------------------------------- sentences, paragraphs

# Patterns that begin with one sign, or one of a set, skip over what is none of it.
_BREAK = re.compile(r"\n\s*")
_STOP = re.compile(r"[.!?…։。！？](?:(?<=[。！？])|[»”\"’')\]]*[ \t]+(?=[^\s\da-zа-яіїє]))")


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Offsets of the text's paragraphs, which are its non-empty lines."""
    bounds = []
    start = 0
    for match in _BREAK.finditer(text):
        end = start + len(text[start : match.start()].rstrip())
        if end > start:
            bounds.append((start, end))
        start = match.end()
    if len(text) > start:
        bounds.append((start, len(text)))
    return bounds


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Offsets of the sentences between two offsets of a text (one paragraph, as a rule)."""
    end = len(text) if end is None else end
    bounds = []
    for match in _STOP.finditer(text, start, end):
        if not (_is_initial(text, match.start()) or _is_day(text, match)):
            bounds.append((start, match.end()))
            start = match.end()
    if end > start:
        bounds.append((start, end))
    return bounds


_GERMAN_MONTH = re.compile(r"(?:J[aä]n|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)")


def _is_day(text: str, stop: re.Match[str]) -> bool:
    """Whether the full stop makes a number the day of a month: "am 17. Juli"."""
    dot = stop.start()
    return dot > 0 and text[dot - 1].isdigit() and bool(_GERMAN_MONTH.match(text, stop.end()))


def _is_initial(text: str, dot: int) -> bool:
    """Whether the full stop follows a single letter, as in "T. Bibilov", and so ends nothing."""
    if text[dot] != "." or dot == 0 or not text[dot - 1].isalpha():
        return False
    return dot == 1 or not text[dot - 2].isalnum()
