"""A small news web for acceptance tests: one scripted server, several outlets, three languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

from webserver import LoopbackWeb

SEEDS = {
    "announcement.txt": """Breakaway region's leader seeks union with Russia

Anatoly Bibilov, the leader of South Ossetia, announced that the region would take legal steps to
join Russia and hold a referendum on accession. Moscow recognised South Ossetia in 2008 after its
war with Georgia. The Kremlin said it respected the choice of the South Ossetian people, while
Tbilisi called any referendum on annexation illegal. Bibilov said unification with Russia was the
strategic goal of the South Ossetian people.
""",
}

TERMS = {
    "place": ["South Ossetia*", "Tskhinvali", "Южн* Осети*", "Цхинвал*", "სამხრეთ ოსეთ*", "ცხინვალ*"],
    "person": ["Bibilov", "Бибилов*", "ბიბილოვ*"],
    "event": [
        "referendum", "annex*", "join Russia", "accession", "референдум*", "присоединен*",
        "вхожден* в состав", "რეფერენდუმ*", "ანექსი*", "რუსეთთან შეერთებ*",
    ],
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One article of the sample web."""

    slug: str
    lang: str
    title: str
    text: str
    on_topic: bool = False
    age: timedelta = timedelta(hours=1)


PIECES = [
    Piece(
        slug="referendum-set",
        lang="en",
        on_topic=True,
        title="South Ossetia sets date for referendum on joining Russia",
        text="""The leader of South Ossetia signed a decree on Friday that sets a referendum on joining Russia for the summer, his office in Tskhinvali said.

Voters in the breakaway region will be asked whether South Ossetia should become part of the Russian Federation. Anatoly Bibilov, who announced the plan in the spring, called the vote a historic choice of the Ossetian people.

Georgia's foreign ministry said that a referendum on the annexation of its territory has no legal force. The Kremlin said it had taken no steps.""",
    ),
    Piece(
        slug="bibilov-ru",
        lang="ru",
        on_topic=True,
        title="Бибилов: референдум о вхождении Южной Осетии в состав России пройдёт летом",
        text="""Анатолий Бибилов заявил, что референдум о вхождении Южной Осетии в состав России пройдёт этим летом. Об этом он сообщил журналистам в Цхинвале.

По его словам, присоединение к России является стратегической целью народа Южной Осетии, и юридические процедуры уже начаты.

В Тбилиси заявили, что любые референдумы на оккупированной территории незаконны и не будут иметь последствий.""",
    ),
    Piece(
        slug="tbilisi-ka",
        lang="ka",
        on_topic=True,
        title="თბილისი: სამხრეთ ოსეთში რეფერენდუმს რუსეთთან შეერთების შესახებ ძალა არ აქვს",
        text="""საქართველოს საგარეო საქმეთა სამინისტრომ განაცხადა, რომ სამხრეთ ოსეთში დაგეგმილ რეფერენდუმს რუსეთთან შეერთების შესახებ იურიდიული ძალა არ ექნება.

ცხინვალში დე ფაქტო ლიდერმა ანატოლი ბიბილოვმა განაცხადა, რომ ხალხი რუსეთის შემადგენლობაში შესვლას მხარს დაუჭერს.

თბილისში აცხადებენ, რომ ანექსია საერთაშორისო სამართლის უხეში დარღვევაა.""",
    ),
    Piece(
        slug="harvest",
        lang="en",
        title="Wine harvest in Kakheti begins two weeks early",
        text="""Growers in eastern Georgia began to pick grapes two weeks earlier than usual after a dry summer, the agriculture ministry said on Monday.

Officials expect a harvest of about two hundred thousand tons. Prices are set by the market, with a subsidy for small farms.""",
    ),
    Piece(
        slug="football-ru",
        lang="ru",
        title="«Алания» посетила Сочи и сыграла вничью",
        text="""Футбольный клуб «Алания» из Владикавказа сыграл вничью в гостях. Команда посетила Сочи впервые за два года, болельщиков было немного.

Главный тренер отметил, что игроки устали после долгой дороги, но довольны очком.""",
    ),
    Piece(
        slug="weather-ka",
        lang="ka",
        title="თბილისში ხვალ წვიმაა მოსალოდნელი",
        text="""სინოპტიკოსების ინფორმაციით, ხვალ თბილისში წვიმიანი ამინდია მოსალოდნელი, ტემპერატურა ოც გრადუსს არ გადააჭარბებს.

უქმე დღეებში ამინდი გამოიდარებს და დათბება.""",
    ),
]


@dataclass
class NewsWeb:
    """Outlets on one loopback server: an English RSS, a Russian Atom, a Georgian JSON feed."""

    web: LoopbackWeb
    pieces: list[Piece] = field(default_factory=lambda: list(PIECES))
    version: int = 1

    def publish(self) -> None:
        """Serve every feed and page as they are now; validators change with the version."""
        for piece in self.pieces:
            self.web.serve(f"/{piece.lang}/{piece.slug}", page(piece))
        for lang in ("en", "ru", "ka"):
            mine = [piece for piece in self.pieces if piece.lang == lang]
            body, kind = {"en": self._rss, "ru": self._atom, "ka": self._json}[lang](mine)
            etag = f'"{lang}-{len(mine)}"'
            self.web.serve(f"/{lang}/feed", body, content_type=kind, etag=etag)

    def link(self, piece: Piece) -> str:
        """Address of a piece."""
        return self.web.url(f"/{piece.lang}/{piece.slug}", host=HOSTS[piece.lang])

    @property
    def feeds(self) -> list[str]:
        """Addresses of the feeds."""
        return [self.web.url(f"/{lang}/feed", host=HOSTS[lang]) for lang in ("en", "ru", "ka")]

    @property
    def on_topic(self) -> set[str]:
        """Titles that belong to the topic."""
        return {piece.title for piece in self.pieces if piece.on_topic}

    def _rss(self, pieces: list[Piece]) -> tuple[str, str]:
        items = "".join(
            f"<item><title>{escape(p.title)}</title><link>{self.link(p)}</link>"
            f"<guid>{self.link(p)}</guid><pubDate>{format_datetime(stamp(p))}</pubDate>"
            f"<description>{escape(p.text.split('. ')[0])}.</description></item>"
            for p in pieces
        )
        return (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>Courier</title>'
            f"<link>http://courier.example/</link><description>d</description>{items}"
            "</channel></rss>",
            "application/rss+xml",
        )

    def _atom(self, pieces: list[Piece]) -> tuple[str, str]:
        entries = "".join(
            f"<entry><title>{escape(p.title)}</title><id>urn:{p.slug}</id>"
            f'<link href="{self.link(p)}"/><updated>{stamp(p).isoformat()}</updated>'
            f"<published>{stamp(p).isoformat()}</published>"
            f"<summary>{escape(p.text.split('. ')[0])}.</summary></entry>"
            for p in pieces
        )
        return (
            '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru">'
            f"<title>Вестник</title><id>urn:v</id><updated>{datetime.now(UTC).isoformat()}</updated>"
            f"{entries}</feed>",
            "application/atom+xml",
        )

    def _json(self, pieces: list[Piece]) -> tuple[str, str]:
        items = [
            {
                "id": p.slug,
                "url": self.link(p),
                "title": p.title,
                "summary": p.text.split(". ")[0] + ".",
                "date_published": stamp(p).isoformat(),
            }
            for p in pieces
        ]
        return (
            json.dumps(
                {"version": "https://jsonfeed.org/version/1.1", "title": "მაცნე", "items": items},
                ensure_ascii=False,
            ),
            "application/feed+json",
        )


HOSTS = {"en": "127.0.0.2", "ru": "127.0.0.3", "ka": "127.0.0.4"}
STARTED = datetime.now(UTC)


def stamp(piece: Piece) -> datetime:
    """When a piece claims to be from."""
    return (STARTED - piece.age).replace(microsecond=0)


def page(piece: Piece) -> str:
    """The article page with the furniture of a real one."""
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in piece.text.split("\n\n"))
    return f"""<!doctype html><html lang="{piece.lang}"><head><meta charset="utf-8">
<title>{escape(piece.title)} | Outlet</title></head><body>
<nav><a href="/">Home</a> <a href="/world">World</a> <a href="/sport">Sport</a></nav>
<main><article><h1>{escape(piece.title)}</h1>{paragraphs}</article></main>
<aside><h2>Read also</h2><ul><li><a href="/x">Ten recipes for the autumn</a></li></ul></aside>
<footer>All rights reserved</footer></body></html>"""


def write_config(
    folder: Path,
    feeds: list[str],
    receivers: list[tuple[str, str]],
    *,
    database: str | None = None,
    extra: str = "",
    workers: int = 2,
    terms: Mapping[str, list[str]] = TERMS,
) -> Path:
    """A configuration for the sample web; returns its path."""
    seeds = folder / "seeds"
    seeds.mkdir(exist_ok=True)
    for name, text in SEEDS.items():
        (seeds / name).write_text(text, encoding="utf-8")
    lines = [
        "[watcher]",
        f"database = {json.dumps(database or 'sqlite:///watcher.sqlite3')}",
        f"workers = {workers}",
        "[fetch]",
        'contact = "tests@example.org"',
        'per_host_delay = "0s"',
        'allow_private_addresses = ["127.0.0.0/8"]',
        'timeout = "10s"',
    ]
    for number, url in enumerate(feeds, 1):
        lines += ["[[feeds]]", f"url = {json.dumps(url)}", f'name = "feed {number}"',
                  f'publisher = "outlet{number}.example"']  # fmt: skip
    lines += ["[[topics]]", 'id = "so"', 'name = "South Ossetia"', 'seeds = "seeds"']
    lines += ["[topics.terms]"]
    lines += [
        f"{group} = {json.dumps(words, ensure_ascii=False)}" for group, words in terms.items()
    ]
    for name, url in receivers:
        lines += ["[[receivers]]", f"name = {json.dumps(name)}", f"url = {json.dumps(url)}"]
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n" + extra, encoding="utf-8")
    return path
