"""Search feeds: ``news-search:"South Ossetia" lang=ru`` stands for public search engines' feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

PREFIX = "news-search:"

_OPTION = re.compile(r"\s+(lang|engine)=(\S+)\s*$")
_EDITIONS = {
    # language: Google's country, Bing's market. Google has no edition for the languages that are
    # not listed; a query in their own script finds their pages in the American edition too.
    "de": ("DE", "de-DE"),
    "en": ("US", "en-US"),
    "es": ("ES", "es-ES"),
    "fr": ("FR", "fr-FR"),
    "it": ("IT", "it-IT"),
    "pl": ("PL", "pl-PL"),
    "pt": ("PT", "pt-PT"),
    "ru": ("RU", "ru-RU"),
    "tr": ("TR", "tr-TR"),
    "uk": ("UA", "uk-UA"),
}
_ENGINES = ("google", "bing")
_NAMES = {"google": "Google News", "bing": "Bing News"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFeed:
    """One engine's feed for a query."""

    engine: str
    """Name for people: ``Google News``."""
    query: str
    url: str


def expand_search(text: str) -> tuple[SearchFeed, ...]:
    """The feeds that a ``news-search:`` address stands for; ValueError says what is wrong.

    Options stand at the end: ``lang=ru`` (default ``en``), ``engine=google`` (default both).
    """
    query = text.removeprefix(PREFIX)
    options = {"lang": "en", "engine": "all"}
    while found := _OPTION.search(query):
        options[found.group(1)] = found.group(2)
        query = query[: found.start()]
    query = " ".join(query.split())
    if not query or not text.startswith(PREFIX):
        raise ValueError(f'expected a query, such as {PREFIX}"South Ossetia" lang=ru')
    if not re.fullmatch(r"[a-z]{2}", options["lang"]):
        raise ValueError("expected a language code of two letters, such as lang=ru")
    if options["engine"] not in (*_ENGINES, "all"):
        raise ValueError(f"the engine is one of {', '.join(_ENGINES)} or all")
    engines = _ENGINES if options["engine"] == "all" else (options["engine"],)
    return tuple(
        SearchFeed(engine=_NAMES[engine], query=query, url=_url(engine, query, options["lang"]))
        for engine in engines
    )


def _url(engine: str, query: str, lang: str) -> str:
    edition = lang if lang in _EDITIONS else "en"
    country, market = _EDITIONS[edition]
    words = quote(query, safe="")
    if engine == "google":
        return (
            f"https://news.google.com/rss/search?q={words}"
            f"&hl={edition}&gl={country}&ceid={country}:{edition}"
        )
    return f"https://www.bing.com/news/search?q={words}&format=rss&mkt={market}"
