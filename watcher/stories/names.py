"""Names of people and places in a form that agrees across scripts and transliterations.

``name_key`` keeps the leading vowel's class and the consonants, in classes that the usual schemes
do not cross: Гаглоев, Gagloyev, Gaglojew and გაგლოევმა all give ``gglv``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from anyascii import anyascii

from watcher.text.words import script_of

# Case endings that would leave consonants behind; the first that leaves four letters is cut.
_ENDINGS = {
    "georgian": [
        "ისთვის",
        "ისგან",
        "იდან",
        "ისკენ",
        "ებმა",
        "ებს",
        "ების",
        "თან",
        "ზე",
        "ში",
        "მდე",
        "ისა",
        "ით",
        "ის",
        "სა",
        "მა",
        "ად",
        "ს",
        "მ",
    ],
    "cyrillic": [
        "ыми",
        "ими",
        "ами",
        "ями",
        "ого",
        "ему",
        "ому",
        "ым",
        "им",
        "ом",
        "ем",
        "ой",
        "ей",
        "ых",
        "их",
        "ах",
        "ям",
        "ам",
    ],
}
_LATIN_ENDINGS = {
    "pl": ["ami", "iem", "em", "ego", "emu", "ym", "im", "ach", "om"],
    "tr": ["nin", "nun", "den", "dan", "tan", "ten", "lar", "ler"],
    "de": ["s"],
    "en": ["s"],
}
_MIN_LEFT = 4

_CYRILLIC = dict(
    pair.split("=")
    for pair in [
        "б=b",
        "в=v",
        "г=g",
        "ґ=g",
        "д=d",
        "ж=C",
        "з=S",
        "й=",
        "к=k",
        "л=l",
        "м=m",
        "н=n",
        "п=p",
        "р=r",
        "с=S",
        "т=t",
        "ф=p",
        "х=g",
        "ц=S",
        "ч=C",
        "ш=C",
        "щ=C",
        "ь=",
        "ъ=",
        "а=a",
        "е=e",
        "ё=o",
        "є=e",
        "и=e",
        "і=e",
        "ї=e",
        "о=o",
        "у=o",
        "ы=e",
        "э=e",
        "ю=o",
        "я=a",
        "ў=o",
    ]
)
_GEORGIAN = dict(
    pair.split("=")
    for pair in [
        "ა=a",
        "ბ=b",
        "გ=g",
        "დ=d",
        "ე=e",
        "ვ=v",
        "ზ=S",
        "თ=t",
        "ი=e",
        "კ=k",
        "ლ=l",
        "მ=m",
        "ნ=n",
        "ო=o",
        "პ=p",
        "ჟ=C",
        "რ=r",
        "ს=S",
        "ტ=t",
        "უ=o",
        "ფ=p",
        "ქ=k",
        "ღ=g",
        "ყ=k",
        "შ=C",
        "ჩ=C",
        "ც=S",
        "ძ=S",
        "წ=S",
        "ჭ=C",
        "ხ=g",
        "ჯ=C",
        "ჰ=g",
    ]
)
_HARD_CH = frozenset({"de", "pl", "cs", "sk", "nl"})
_J_IS_VOWEL = frozenset(
    {"de", "pl", "cs", "sk", "sl", "hr", "lt", "lv", "nl", "sv", "no", "da", "fi", "it"}
)
_COMMON_LATIN = [
    pair.split("=")
    for pair in [
        "tsch=C",
        "cz=C",
        "dsch=C",
        "shch=C",
        "szcz=C",
        "sch=C",
        "tch=C",
        "dzh=C",
        "zh=C",
        "sh=C",
        "kh=g",
        "gh=g",
        "ph=p",
        "th=t",
        "tz=S",
        "ts=S",
        "ck=k",
        "qu=k",
        "x=kS",
    ]
]
_LETTERS = dict(
    pair.split("=")
    for pair in [
        "b=b",
        "c=k",
        "d=d",
        "f=p",
        "g=g",
        "h=g",
        "j=C",
        "k=k",
        "l=l",
        "m=m",
        "n=n",
        "p=p",
        "q=k",
        "r=r",
        "s=S",
        "t=t",
        "v=v",
        "w=v",
        "x=kS",
        "z=S",
        "y=",
        "a=a",
        "e=e",
        "i=e",
        "o=o",
        "u=o",
        "C=C",
        "S=S",
    ]
)
# Names that other languages write as their own does: Grzelak, Malešević, Banja Luka.
_POLISH_RZ = re.compile(r"(?<=[bgkptw])rz")
_SLAVIC_IC = re.compile(r"(?<=[cv])ic$")
_J_IS_SOUNDED = frozenset({"fr", "tr"})
"""Benjamin, Banjul."""
_SLAVIC_J = re.compile(r"(?<=[ln])j(?=[aeou])")
_SOFT_C = re.compile(r"c(?=[eiy])")
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aeo]")
_VOWEL_RUN = re.compile(r"([aeo])[aeo]+")
_ENOUGH = 3
_OFF = re.compile(r"off$")


def _latin_sounds(word: str, lang: str | None) -> str:
    """Latin spelling to sound classes, by what the language means by its letters."""
    if lang in _HARD_CH:
        word = re.sub(r"(?<!ts)(?<!s)ch", "h", word)
    if lang == "pl":
        for spelling, sound in (("cz", "C"), ("sz", "C"), ("rz", "C"), ("dz", "S"), ("c", "S")):
            word = word.replace(spelling, sound)
    elif lang == "tr":
        word = word.replace("c", "C")
    word = _POLISH_RZ.sub("C", _SLAVIC_IC.sub("iC", word))
    if lang not in _J_IS_SOUNDED:
        word = _SLAVIC_J.sub("", word)
    for spelling, sound in _COMMON_LATIN:
        word = word.replace(spelling, sound)
    word = word.replace("ch", "k" if lang == "it" else "C")
    word = _SOFT_C.sub("C" if lang == "it" else "S", word)
    if lang == "es":
        word = word.replace("j", "g")
    elif lang in _J_IS_VOWEL:
        word = word.replace("j", "")
    return "".join(_LETTERS.get(char, "") for char in word)


def _without_ending(word: str, script: str, lang: str | None) -> str:
    endings = _LATIN_ENDINGS.get(lang or "", []) if script == "latin" else _ENDINGS.get(script, [])
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_LEFT:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=20_000)
def name_key(folded: str, lang: str | None) -> str:
    """The sound key of a folded word: its first vowel if it leads, then consonant classes."""
    script = script_of(folded)
    word = _without_ending(folded, script, lang)
    if script == "cyrillic":
        sounds = "".join(_CYRILLIC.get(char, "") for char in word)
    elif script == "georgian":
        sounds = "".join(_GEORGIAN.get(char, "") for char in word)
    elif script == "latin":
        sounds = _latin_sounds(_OFF.sub("ov", word), lang)
    else:
        sounds = _latin_sounds(anyascii(word).lower(), lang)
    if sounds[:2] in {"ea", "eo", "ee"}:  # Yanukovych, Yuri, Yevgeny: the glide is no sound here
        sounds = sounds[1:]
    # Folding took the marks off "ş" and "š", so hissing sounds cannot be told apart.
    sounds = _DOUBLED.sub(r"\1", sounds.replace("C", "S"))
    key = sounds[:1] + _VOWELS.sub("", sounds[1:])
    return key if len(key) >= _ENOUGH else _VOWEL_RUN.sub(r"\1", sounds)


def alike(left: str, right: str) -> bool:
    """Whether two keys may be one name: equal, or apart by an ending of at most two sounds."""
    if left == right:
        return True
    short, long = (left, right) if len(left) <= len(right) else (right, left)
    return len(short) >= 3 and len(long) - len(short) <= 2 and long.startswith(short)
