"""An article as sentences that know where they stand: title, lead, body, or page furniture.

Furniture (links to other stories, navigation, lists of keywords) is told by its shape, and by the
usual headings over it; search bait is nothing else. It earns nothing, so what makes a line furniture errs on the strict side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ..model import ArticleText
from ..text.words import Words, fold, paragraphs, sentences, tokenise
from . import background
from .bait import Wares, is_bait, wares

MAX_CHARS = 60_000
"""Text past this is not read: a live blog of a week, or an attack."""
_LEAD_WORDS, _OPENS = 25, 8  # sentences among which the lead is
_SHORT_LINE = 18
_SUMMARY_ONLY_UNDER = 200

_RELATED = re.compile(
    r"(?:related\b|you (?:may|might) also|read (?:also|more|next)|also read|see also|more (?:on|from|stories)"
    r"|most (?:read|popular|viewed)|recommended|trending|popular (?:now|stories)|in other news|don.t miss|latest (?:news|stories)"
    r"|editor.?s.? (?:picks|choice)|what to read|further reading|tags?:|topics?:|keywords?:"
    r"|читайте (?:также|еще|ещё|по теме)|чита[йи]те також|(?:материалы|новости|статьи|еще|ещё) по теме|по теме\b|также по теме|смотрите также"
    r"|другие (?:новости|материалы)|главн(?:ое|ые) (?:за|новости)|самое (?:читаемое|популярное)|популярное|теги\b|метки\b|рекомендуем"
    r"|(?:новини|матеріали|більше) (?:за темою|по темі|на тему)|за темою|дивіться також|інші новини|популярні новини"
    r"|ასევე წაიკითხეთ|წაიკითხეთ (?:ასევე|აგრეთვე)|იხილეთ (?:ასევე|აგრეთვე)|ამავე თემაზე|მსგავსი (?:სიახლეები|ამბები)|სხვა (?:სიახლეები|ამბები)|თეგები|დღის (?:ამბები|სიახლეები)|ყველაზე კითხვადი|პოპულარული"
    r"|lire aussi|à lire (?:aussi|également)|a lire aussi|sur le même sujet|les plus lus|voir aussi|articles liés|à voir aussi"
    r"|lea también|lee también|le puede interesar|te puede interesar|noticias relacionadas|más (?:noticias|leídas|información)|ver también"
    r"|leggi anche|potrebbe interessarti|articoli correlati|notizie correlate|i più letti|vedi anche"
    r"|leia (?:também|mais)|veja também|notícias relacionadas|saiba mais|mais lidas"
    r"|lesen sie (?:auch|mehr)|mehr zum thema|das könnte sie|auch interessant|zum thema\b|verwandte (?:artikel|themen)|meistgelesen|weitere (?:artikel|themen|nachrichten|meldungen)|schlagw[oö]rter"
    r"|czytaj (?:też|także|również|więcej)|zobacz (?:też|także|również)|przeczytaj|powiązane|najczęściej czytane|polecamy|na ten temat|warto przeczytać"
    r"|ayrıca (?:bak|oku)|ilgili haber|(?:bunları|bunu) da oku|diğer haberler|çok okunanlar|öne çıkan|etiketler"
    r"|čtěte také|mohlo by vás|přečtěte|související|lees ook|zie ook|läs (?:också|mer|även)|les også|læs også|lue myös|citește și|olvassa|прочетете още|още по темата|прочитајте"
    r"|կարդացեք նաև|oxşar xəbərlər|həmçinin oxu|διαβάστε επίσης|اقرأ أيضا|مواضيع ذات صلة|相关新闻|相关阅读|関連記事)"
)
_BULLET = re.compile(r"^\s*(?:[-*•▪●►▶→»›·–]\s+|\d{1,2}[.)]\s+)")
_SIGNS = re.compile(r"[|•·/»›]")
_SEPARATORS = re.compile(r"\s[|•·/»›]\s|\s[-–—]\s?\|")
_OPENERS = " \t-–—•*►▶>»«\"'“„([#"
_CLOSERS = " \t»”“\"’')]"
_STOPS = tuple(".!?…:;։។。！？")
# Shares of function words under which a paragraph, or a whole article, is no prose but a list of
# keywords: below all but 2 in 1,000 real articles, in languages whose function words are words.
_IN_LINE = (
    dict.fromkeys(("fr", "es", "it"), 0.18)
    | dict.fromkeys(("en", "de", "nl", "pt", "ro"), 0.12)
    | dict.fromkeys(("ru", "uk", "bg", "pl", "cs"), 0.06)
)
_IN_ALL = (
    dict.fromkeys(("fr", "es", "it", "pt"), 0.25)
    | dict.fromkeys(("en", "de", "nl", "ro", "bg"), 0.19)
    | dict.fromkeys(("ru", "uk", "pl", "cs"), 0.125)
)
_KEYWORDS_FROM = 18


class _Least(NamedTuple):
    """Such shares by language, of a line and of a page."""

    line: Mapping[str, float]
    page: Mapping[str, float]


_LEAST, _UNKNOWN = _Least(_IN_LINE, _IN_ALL), _Least({}, {})
LABEL_WORDS, _HEADING_WORDS, _LEAST_SECTIONS = 3, 9, 3
_DATELINE = re.compile(
    r"\s*(?P<place>[^\W\d_][\w'’.\- ]{1,30}?)"
    r"(?P<more>,\s(?:\d{1,2}\.?\s[^\W\d_]{3,12}|[^\W\d_]{3,12}\.?\s\d{1,2})(?:\s\d{4})?|\s\([^)]{2,25}\))*[.,]?"
    r"(?:\s?[—–]\s|\s-\s|\s?/[^/]{2,25}/)"
)
_TIME = re.compile(r"\W?\d{1,2}[:.]\d\d\b")
SECTION_LEAD = 3
"""Sentences of a section that count as its lead, its label among them."""
_JUNK_FROM, _HEAD = 50, 80
_PROSE_FROM = 30
"""Words of prose that make an article of a page which is mostly a list."""
_LISTED_WORDS = 8
"""Words of a list's item from which on it tells something, if it ends as a sentence does."""


class Place(IntEnum):
    """Where a sentence stands."""

    TITLE = 0
    LEAD = 1
    BODY = 2
    FURNITURE = 3


class Sentence(NamedTuple):
    """One sentence: offsets into the words' text, its words by number, its paragraph."""

    start: int
    end: int
    first: int
    stop: int
    place: Place
    paragraph: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole article as one run of words, cut into sentences."""

    words: Words
    lang: str
    """As guessed from its function words; empty where there are none."""
    sentences: tuple[Sentence, ...]
    sentence_of: tuple[int, ...]
    """Number of the sentence of each word."""
    fields: tuple[tuple[str, int, int], ...]
    """Name, start and end of each field of the article inside ``words.text``."""
    length: int
    """Sentences of its lead and body."""
    sections: tuple[tuple[int, int], ...]
    """Of a round-up: first sentence of each section, and the one after its last."""
    dateline: tuple[int, int] = (0, 0)
    """The words, by number, of "TSKHINVALI, July 3 (Agency) -", which say where it was written."""

    def place_of(self, n: int) -> Place:
        """Where a word stands, by its number."""
        return self.sentences[self.sentence_of[n]].place

    def field_at(self, start: int) -> tuple[str, int]:
        """Which field an offset is in, and where that field begins."""
        for name, begin, end in self.fields:
            if begin <= start <= end:
                return name, begin
        return self.fields[-1][0], self.fields[-1][1]


def lay_out(article: ArticleText) -> Layout:
    """Cut an article into placed sentences; time and memory are linear in its bounded length."""
    fields = _fields(article)
    words = tokenise("\n".join(text for _, text in fields))
    dateline = (0, 0)
    lang = background.guess_language(words.folded)
    sold = wares(words.folded)
    # Prose of a language without such shares looks like a list of keywords of its neighbour's.
    least = _LEAST if not article.lang or article.lang in _IN_ALL else _UNKNOWN
    junk = _begins_as_junk(words, sold, least)
    listed = not junk and _is_mostly_junk(words, lang, sold, least)
    spans: list[tuple[str, int, int]] = []
    placed: list[Sentence] = []
    begin = 0
    for name, text in fields:
        spans.append((name, begin, begin + len(text)))
        if name == "text" and (length := _dateline_length(text)):
            dateline = words.between(begin, begin + length)
        bounds = paragraphs(words.text[begin : begin + len(text)])
        lines = [(begin + start, begin + end) for start, end in bounds]
        furniture = (
            [junk] * len(lines)
            if name == "title" or junk
            else _furniture(words, lines, lang, sold, least, only_prose=listed)
        )
        for line, is_furniture in zip(lines, furniture, strict=True):
            place = Place.TITLE if name == "title" else Place.BODY
            _place(words, line, Place.FURNITURE if is_furniture else place, placed)
        begin += len(text) + 1
    if listed and sum(s.stop - s.first for s in placed if _is_story(s)) < _PROSE_FROM:
        placed = [sentence._replace(place=Place.FURNITURE) for sentence in placed]
    return Layout(
        words=words,
        lang=lang,
        sentences=tuple(placed),
        sentence_of=_sentence_of(words, placed),
        fields=tuple(spans),
        length=sum(map(_is_story, placed)),
        sections=_sections(words.text, placed),
        dateline=dateline,
    )


def _dateline_length(text: str) -> int:
    """How many characters of the text are its dateline: a place in capitals, or one with a date or
    an agency behind it, up to a dash or a slash."""
    found = _DATELINE.match(text)
    if not found or not (found["place"].isupper() or found["more"]):
        return 0
    return found.end()


def _begins_as_junk(words: Words, sold: Wares, least: _Least) -> bool:
    """Whether the page begins with nothing but keywords or bait. Prose behind that, of whatever,
    makes no article of it."""
    head = (0, min(len(words), _HEAD))
    begins_in = background.guess_language(words.folded[:_HEAD])
    keywords = _is_keywords(words, head, begins_in, least.line, _JUNK_FROM)
    return keywords or is_bait(sold, *head)


def _is_mostly_junk(words: Words, lang: str, sold: Wares, least: _Least) -> bool:
    """Whether the page, taken as a whole, is keywords or bait. It may be an article all the same,
    above a table of results or a list of names: then its paragraphs of prose tell."""
    whole = (0, len(words))
    return _is_keywords(words, whole, lang, least.page, _JUNK_FROM) or is_bait(sold, *whole)


def _is_story(sentence: Sentence) -> bool:
    return sentence.place in (Place.LEAD, Place.BODY)


def _fields(article: ArticleText) -> list[tuple[str, str]]:
    """The fields to read: a summary that the text repeats is left out, as is an overlong rest."""
    text = article.text[:MAX_CHARS]
    fields = [("title", article.title[:1000])]
    opening = fold(article.summary[:80]).strip()
    repeated = len(text) >= _SUMMARY_ONLY_UNDER and (
        not article.partial or opening[:60] in fold(text[:3000])
    )
    if opening and not repeated and opening != fold(article.title[:80]).strip():
        fields.append(("summary", article.summary[:MAX_CHARS]))
    if text:
        fields.append(("text", text))
    return fields


def _place(words: Words, line: tuple[int, int], place: Place, placed: list[Sentence]) -> None:
    """Add the sentences of one line; the first forty words of the body are the lead."""
    paragraph = placed[-1].paragraph + 1 if placed else 0
    read = (
        sum(s.stop - s.first for s in placed if s.place in (Place.LEAD, Place.BODY))
        if len(placed) < _OPENS
        else _LEAD_WORDS
    )
    for begin, stop in sentences(words.text, *line):
        first, past = words.between(begin, stop)
        if past == first:
            continue
        here = place
        said = words.text[begin:stop]
        if place is Place.BODY and ":" in said and _related(said) is Related.WITH_COLON:
            here = Place.FURNITURE
        elif place is Place.BODY and len(placed) < _OPENS and read < _LEAD_WORDS:
            here = Place.LEAD
            read += past - first
        placed.append(Sentence(begin, stop, first, past, here, paragraph))


def _sections(text: str, placed: Sequence[Sentence]) -> tuple[tuple[int, int], ...]:
    """Where paragraphs open with a label ("CLIMATE.", "14:22", a heading), if several do."""
    starts = []
    for n, sentence in enumerate(placed):
        opens = n == 0 or placed[n - 1].paragraph != sentence.paragraph
        if opens and sentence.place in (Place.LEAD, Place.BODY):
            words = sentence.stop - sentence.first
            line = text[sentence.start : sentence.end].strip()
            label = words <= LABEL_WORDS and (n + 1 < len(placed))
            heading = words <= _HEADING_WORDS and not ends_well(line)
            if label or heading or _TIME.match(line) or _is_told_item(line, words):
                starts.append(n)
    if len(starts) < _LEAST_SECTIONS:
        return ()
    last = max(n for n, s in enumerate(placed) if s.place in (Place.LEAD, Place.BODY)) + 1
    return tuple(zip(starts, [*starts[1:], last], strict=True))


def _sentence_of(words: Words, placed: Sequence[Sentence]) -> tuple[int, ...]:
    owner = [0] * len(words)
    for number, sentence in enumerate(placed):
        owner[sentence.first : sentence.stop] = [number] * (sentence.stop - sentence.first)
    return tuple(owner)


def _furniture(
    words: Words,
    lines: Sequence[tuple[int, int]],
    lang: str,
    sold: Wares,
    least: _Least,
    *,
    only_prose: bool,
) -> list[bool]:
    """Which lines of one field are no part of its story; ``only_prose``: all but plain prose."""
    share, enough = (least.page, 1) if only_prose else (least.line, _KEYWORDS_FROM)
    text = words.text
    parts = [words.between(*line) for line in lines]
    counts = [stop - first for first, stop in parts]
    prose = [_is_prose(text[start:end], n) for (start, end), n in zip(lines, counts, strict=True)]
    flags: list[bool] = []
    after_heading = False
    for (start, end), part, is_prose in zip(lines, parts, prose, strict=True):
        line = text[start:end]
        related = _related(line)
        if related is Related.WITH_COLON or (related and not is_prose):
            after_heading = True
            flags.append(True)
            continue
        after_heading = after_heading and not is_prose
        flags.append(
            after_heading
            or _is_list(line, part[1] - part[0])
            or (only_prose and not is_prose)
            or _is_keywords(words, part, lang, share, enough)
            or is_bait(sold, *part)
        )
    return _with_trailing_links(text, lines, counts, prose, flags)


class Related(IntEnum):
    """Whether a line begins as the heading over links to other stories does."""

    NO = 0
    YES = 1
    WITH_COLON = 2


def _related(line: str) -> Related:
    opening = line[:90].lstrip(_OPENERS).lower()
    found = _RELATED.match(opening)
    if not found:
        return Related.NO
    return Related.WITH_COLON if ":" in opening[: found.end() + 25] else Related.YES


def ends_well(line: str) -> bool:
    """Whether the line ends as prose does, with a stop and perhaps a closing quotation mark."""
    return line.rstrip(_CLOSERS)[-1:] in _STOPS


def _is_prose(line: str, count: int) -> bool:
    return count >= 12 and ends_well(line) and not _BULLET.match(line)


def _is_told_item(line: str, count: int) -> bool:
    """Whether it is an item of a list, and a whole sentence: one piece of news of several."""
    return bool(_BULLET.match(line)) and count >= _LISTED_WORDS and ends_well(line)


def _is_list(line: str, count: int) -> bool:
    """A row of links or tags: several separators between short pieces."""
    if not _SIGNS.search(line):
        return False
    pieces = len(_SEPARATORS.findall(line)) + 1
    stops = sum(line.count(stop) for stop in ".!?…։")
    return pieces >= 3 and count / pieces <= _SHORT_LINE and stops < pieces


def _is_keywords(
    words: Words, part: tuple[int, int], lang: str, least: Mapping[str, float], enough: int
) -> bool:
    """Whether these words, by number, hold next to no function words of their language, and are
    ``enough`` to tell."""
    first, stop = part
    if stop - first < enough:
        return False
    known = background.backgrounds()
    if (
        lang not in known
        or background.main_script(words.folded[first:stop]) not in known[lang].scripts
    ):
        lang = background.guess_language(words.folded[first:stop])  # what follows is of another one
    if lang not in least:
        return False
    stopwords = known[lang].stopwords
    folded = words.folded[first:stop]
    count = sum(map(stopwords.__contains__, folded))
    if count >= least[lang] * (stop - first):
        return False
    said = sum(not word.isdigit() for word in folded)  # figures are no keywords
    return said >= enough and count < least[lang] * said


def _with_trailing_links(
    text: str,
    lines: Sequence[tuple[int, int]],
    counts: Sequence[int],
    prose: Sequence[bool],
    flags: list[bool],
) -> list[bool]:
    """Short lines without a full stop that end the text are teasers of other stories."""
    if not any(prose):
        return flags
    for n in range(len(lines) - 1, 0, -1):
        line = text[slice(*lines[n])]
        closed = ends_well(line)
        if flags[n]:
            continue
        listed = _BULLET.match(line) and counts[n] < _LISTED_WORDS
        if prose[n] or counts[n] > _SHORT_LINE or (closed and not listed):
            break
        flags[n] = True
    return flags
