"""Rebuild watcher/relevance/data/background.txt.gz: how common words are in ordinary language.

    pip install wordfreq ftfy langcodes locate msgpack      # not needed by watcher itself
    python benchmarks/build_background.py

Source: the word frequencies of the ``wordfreq`` package 3.1 (Robyn Speer; data CC BY-SA 4.0, built
from Wikipedia, subtitles, news, books and web text). Only numbers are taken: for each language the
commonest stems with their frequency on the Zipf scale (log10 of occurrences in 10^9 words), in
tenths. Georgian is not in wordfreq; its function words are listed below by hand.
"""

from __future__ import annotations

import gzip
import math
import re
from collections import defaultdict
from pathlib import Path

from wordfreq import get_frequency_dict

from watcher.text.words import fold, stem

OUT = Path(__file__).parents[1] / "watcher" / "relevance" / "data" / "background.txt.gz"
SIZES = {"en": 7000, "ru": 6000} | dict.fromkeys(
    ["de", "fr", "es", "it", "pt", "pl", "uk", "tr"], 3500
)
OTHERS = [
    "ar",
    "bg",
    "ca",
    "cs",
    "da",
    "el",
    "fa",
    "fi",
    "he",
    "hi",
    "hu",
    "id",
    "lt",
    "lv",
    "mk",
    "nb",
    "nl",
    "ro",
    "sh",
    "sk",
    "sl",
    "sv",
]
SIZES |= dict.fromkeys(OTHERS, 700)
STOPWORDS = 120
GEORGIAN_STOPWORDS = ["და", "არის", "რომ", "ეს", "რა", "ამ", "არ", "თუ", "მაგრამ", "რომელიც", "რომლის", "რომელსაც", "უნდა", "იყო", "მისი", "მის", "მას", "იმ", "იგი", "ის", "ისინი", "მათ", "მათი", "როგორც", "შემდეგ", "შესახებ", "მიერ", "ერთ", "ერთი", "ასევე", "კი", "ან", "რის", "რაც", "თავის", "უფრო", "ყველა", "სადაც", "როდესაც", "როცა", "უკვე", "მხოლოდ", "ხოლო", "იქნება", "აქვს", "მისმა", "მან", "მისთვის", "ვერ", "აღარ", "ამის", "ამას", "იმის", "იმას", "სხვა", "ბოლო", "გარდა", "დღეს", "წლის", "ჩვენ", "მე", "შენ", "თქვენ", "ჩვენი", "მეტი", "სულ", "კიდევ", "ძალიან", "ასე", "აქ", "იქ", "გამო", "მიხედვით", "შორის", "წინ", "თქმით", "განმარტებით", "ცნობით", "მიმართ", "დროს", "თანახმად", "რადგან", "რომლებიც", "რომლებიც", "მაინც", "თითქოს", "მდე", "შემდგომ", "ჯერ", "კვლავ", "ანუ", "აგრეთვე", "მიუხედავად", "იმისა", "ამასთან"]  # fmt: skip


def language(lang: str, size: int) -> tuple[list[str], dict[int, list[str]]]:
    """The commonest words as they stand, and the commonest stems by tenths of the Zipf scale."""
    frequencies: dict[str, float] = defaultdict(float)
    stopwords: list[str] = []
    for word, frequency in sorted(get_frequency_dict(lang, "small").items(), key=lambda p: -p[1]):
        folded = fold(word)
        if not re.fullmatch(r"[^\W\d_]+", folded):
            continue
        if len(stopwords) < STOPWORDS and folded not in stopwords:
            stopwords.append(folded)
        frequencies[stem(folded, lang)] += frequency
    steps: dict[int, list[str]] = defaultdict(list)
    for word in sorted(frequencies, key=lambda w: (-frequencies[w], w))[:size]:
        steps[round(10 * (math.log10(frequencies[word]) + 9))].append(word)
    return stopwords, steps


def main() -> None:
    lines = ["= ka", "! " + " ".join(GEORGIAN_STOPWORDS)]
    for lang, size in SIZES.items():
        stopwords, steps = language(lang, size)
        lines += [f"= {lang}", "! " + " ".join(stopwords)]
        lines += [f"{step} " + " ".join(sorted(steps[step])) for step in sorted(steps)]
    packed = gzip.compress("\n".join(lines).encode(), 9, mtime=0)
    OUT.write_bytes(packed)
    print(f"{OUT}: {len(packed)} bytes")


if __name__ == "__main__":
    main()
