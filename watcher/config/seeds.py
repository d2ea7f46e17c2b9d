"""Seeds: labelled example articles, one file each, kept as published.

A file may begin with ``key: value`` lines (title, source, author, url, published) closed by a
``---`` line. Its text is kept faithful; what surrounds an article on a page is cut when read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from watcher.model import SeedData

SUFFIXES = (".txt", ".md", ".htm", ".html")
NEGATIVE_FOLDER = "negative"
MAX_BYTES = 1_000_000

_HEADER_LINE = re.compile(r"([A-Za-z][A-Za-z_-]{1,30}):[ \t]*(.*)")
_TAIL_HEADINGS = frozenset(
    """related articles|related|related stories|related news|related content|related topics
    |read more|read also|read next|more on this topic|more from|more stories|see also|also read
    |recommended|most read|most popular|popular|latest news|trending|share this|share|tags|comments
    |original url|original article|sources|about the author|follow us|subscribe
    |читайте также|читать также|читать далее|по теме|материалы по теме|еще по теме|ещё по теме
    |другие новости|другие материалы|похожие новости|похожие материалы|новости по теме
    |популярное|самое читаемое|главное сегодня|поделиться|теги|комментарии|источник|подписывайтесь
    |читайте також|читати також|за темою|схожі новини|більше новин
    |ასევე იხილეთ|იხილეთ აგრეთვე|იხილეთ ასევე|წაიკითხეთ აგრეთვე|წაიკითხეთ ასევე|ამავე თემაზე
    |მსგავსი სიახლეები|დაკავშირებული სიახლეები|სხვა სიახლეები|გაზიარება
    |mehr zum thema|lesen sie auch|weitere artikel|lire aussi|à lire aussi|sur le même sujet
    |leer también|lea también|más noticias|leggi anche|articoli correlati|leia também|leia mais
    |czytaj także|czytaj też|zobacz też|zobacz także|powiązane artykuły|ilgili haberler
    |ayrıca okuyun""".replace("\n", "").split("|")
)
_TAIL_HEADINGS = frozenset(" ".join(heading.split()) for heading in _TAIL_HEADINGS)
_CREDIT = re.compile(
    r"""(?: (?:author|by|image\ source|image|photo|photo\ credit|photograph|source|credit
           |published|updated|related\ article|original\ url
           |автор|фото|источник|изображение|опубликовано|обновлено|ავტორი|ფოტო|წყარო
           |foto|autor|auteur|crédit|quelle|kaynak)
        \s* [:©] .{0,200} )
      | (?: by \s+ \w+ (?:\s+\w+){1,3} )
      | (?: .{0,250} \*\* [^*]* / [^*]* \*\* )
      | (?: \(?(?:photo|фото|foto|ფოტო)\b .{0,150} / .{0,100} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DATE_LINE = re.compile(
    r"""(?: \w+\.? \s+ \d{1,2} ,? \s+ \d{4} | \d{1,2}\.? \s+ (?:de\s+)? \w+\.? ,? \s+ (?:de\s+)? \d{4}
        | \d{1,4}[./-]\d{1,2}[./-]\d{1,4} )
        (?: \s* [,|·-]? \s* (?:at\s+)? \d{1,2}:\d{2} (?:\s*(?:[ap]m|gmt|utc|msk))? )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LINK_LINE = re.compile(r"<?(?:https?://|www\.)\S+>?")
_REPEAT_WINDOW = 5
"""A headline is repeated (as slug, as heading) within this many lines from the top."""


def split_header(text: str) -> tuple[dict[str, str], str]:
    """The ``key: value`` lines above a ``---`` line, and the text below it."""
    lines = text.lstrip("\ufeff").splitlines()
    start = 1 if lines and lines[0].strip() == "---" else 0
    header: dict[str, str] = {}
    for number, line in enumerate(lines[start:], start):
        if line.strip() == "---":
            return header, "\n".join(lines[number + 1 :]).strip()
        found = _HEADER_LINE.fullmatch(line.strip())
        if not found:
            break
        header[found.group(1).lower()] = found.group(2).strip()
    return {}, "\n".join(lines).strip()


def strip_furniture(text: str, header: Mapping[str, str] | None = None) -> str:
    """The article without what a page puts around it: related links, credits, dates, bylines.

    The first tail heading (``Related Articles``, ``Читайте также``) ends the article, unless
    nothing stood before it. Lines that the header states already are dropped too.
    """
    stated = {_plain(value) for value in (header or {}).values() if value}
    kept: list[str] = []
    for line in text.splitlines():
        plain = _plain(line)
        if plain in _TAIL_HEADINGS and any(kept):
            break
        if plain and not _is_furniture(line.strip(), plain, stated):
            _drop_repeat(kept, plain)
            kept.append(line.strip())
        elif not plain:
            kept.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _is_furniture(line: str, plain: str, stated: set[str]) -> bool:
    return plain in stated or any(
        pattern.fullmatch(line) for pattern in (_CREDIT, _DATE_LINE, _LINK_LINE)
    )


def _drop_repeat(kept: list[str], plain: str) -> None:
    lines = [number for number, line in enumerate(kept) if line]
    if len(lines) < _REPEAT_WINDOW:
        for number in lines:
            if _plain(kept[number]) == plain:
                kept[number] = ""


def _plain(line: str) -> str:
    return " ".join(line.casefold().split()).strip("*#_ :·|—-–…>")


def read_seeds(folder: Path, shown: str) -> tuple[list[SeedData], list[tuple[str, str]]]:
    """Every seed of the folder and of its ``negative`` subfolder, and what is wrong with them.

    ``shown`` is the folder as the user wrote it. A problem is a pair of the seed's file (empty
    where the folder itself is meant) and a message.
    """
    if not folder.is_dir():
        what = "is a file, but a folder is needed" if folder.exists() else "does not exist"
        advice = "create it and put one example article per file into it"
        return [], [("", f'the seeds folder "{shown}" {what}: {advice}')]
    seeds: list[SeedData] = []
    problems: list[tuple[str, str]] = []
    try:
        files = _seed_files(folder)
    except OSError as error:
        return [], [("", f'the seeds folder "{shown}" can\'t be read: {error.strerror}')]
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            text = _read_text(path)
        except ValueError as error:
            problems.append((f"{shown}/{name}", f"the seed {error}"))
            continue
        seeds.append(SeedData(name=name, text=text, negative=path.parent != folder))
    if not problems and all(seed.negative for seed in seeds):
        kinds = ", ".join(SUFFIXES)
        problems.append(
            ("", f'the seeds folder "{shown}" has no example article: add at least one ({kinds})')
        )
    return seeds, problems


def _seed_files(folder: Path) -> list[Path]:
    candidates = [*folder.iterdir()]
    negative = folder / NEGATIVE_FOLDER
    if negative.is_dir():
        candidates += negative.iterdir()
    return sorted(
        path
        for path in candidates
        if path.suffix.lower() in SUFFIXES and path.is_file() and not _is_note(path)
    )


def unread_in(folder: Path) -> list[str]:
    """What lies in a seeds folder and is read by nobody: other kinds of files, other subfolders."""
    negative = folder / NEGATIVE_FOLDER
    try:
        found = [*folder.iterdir(), *(negative.iterdir() if negative.is_dir() else ())]
    except OSError:
        return []
    read = {negative, *_seed_files(folder)}
    return sorted(
        path.relative_to(folder).as_posix()
        for path in found
        if path not in read and not _is_note(path)
    )


def _is_note(path: Path) -> bool:
    return path.name.startswith((".", "_")) or path.stem.upper() == "README"


def _read_text(path: Path) -> str:
    """Text of one seed without header and furniture; ValueError says what is wrong with it."""
    try:
        with path.open("rb") as stream:
            body = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    if len(body) > MAX_BYTES:
        raise ValueError("is over 1 MB: a seed is one article, save it as text")
    if b"\0" in body:
        raise ValueError("is not text (it holds NUL bytes): save the article as plain text")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not UTF-8 (line {line}): save it again as UTF-8 text") from None
    header, article = split_header(text)
    if path.suffix.lower() in (".htm", ".html"):
        from watcher.text.clean import strip_html

        article = strip_html(article)
    article = strip_furniture(article, header)
    if not article:
        raise ValueError("is empty: put an article into it, or remove it")
    # Where the text repeats its title, that line went with the furniture.
    return f"{header['title']}\n\n{article}" if header.get("title") else article
