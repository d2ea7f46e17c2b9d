"""Article pages to text and metadata; what is no article is told apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storable import check_page

from watcher.extract import discover_feeds, extract_page
from watcher.model import Failure, FailureReason, PageData
from watcher.urls import canonical, is_web_url

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://www.example.org/politics/2026/story-of-the-day"
SENTENCES = [
    "The president of the breakaway republic said on Monday that a referendum would be held.",
    "Officials in Tbilisi called the plan illegal and asked their partners to condemn it.",
    "Observers noted that similar announcements had been made and withdrawn three times before.",
    "A spokesman in Moscow said that the neighbouring state would respect any decision.",
    "Residents of the capital interviewed on the square gave very different answers.",
    "The election commission is to publish the wording of the question next Thursday.",
]
TEXT = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
LONG = "".join(
    f"<p>{sentence} This is paragraph {n} of the story.</p>"
    for n in range(8)
    for sentence in SENTENCES
)


def page(
    text: str = LONG, head: str = "", heading: str = "Referendum is announced again", **more: str
) -> str:
    title = more.get("title", f"{heading} | Example News")
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}
    </head><body><header><nav><a href="/">Home</a><a href="/politics">Politics</a></nav></header>
    <main><article><h1>{heading}</h1>{text}</article></main>
    <aside><h3>Related articles</h3><a href="/other">Something else entirely happened</a></aside>
    <footer>Copyright Example News. All rights reserved.</footer></body></html>"""


def extracted(html: str | bytes, url: str = URL, **more: Any) -> PageData:
    body = html.encode() if isinstance(html, str) else html
    data = extract_page(body, url=url, content_type=more.pop("content_type", ""), now=NOW, **more)
    assert isinstance(data, PageData), data
    return data


def json_ld(**fields: Any) -> str:
    node = {"@context": "https://schema.org", "@type": "NewsArticle", **fields}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


# ----------------------------------------------------------------------------------- the article


def test_an_article() -> None:
    head = (
        '<meta property="og:site_name" content="Example News">'
        '<meta property="og:title" content="Referendum is announced again &amp;amp; again">'
        '<link rel="canonical" href="/politics/2026/story-of-the-day?utm_source=x">'
        + json_ld(
            headline="Referendum is announced again",
            datePublished="2026-11-20T10:30:00+04:00",
            author=[{"@type": "Person", "name": "Ann Author"}, {"name": "Bob Writer"}],
            publisher={"name": "Example Publishing"},
        )
    )
    data = extracted(page(head=head))
    assert data.title == "Referendum is announced again"
    assert data.text.split("\n\n")[0].endswith("This is paragraph 0 of the story.")
    assert data.text.count("\n\n") == len(SENTENCES) * 8 - 1
    assert "Related" not in data.text
    assert "Copyright" not in data.text
    assert (data.author, data.site, data.lang) == ("Ann Author, Bob Writer", "Example News", "en")
    assert data.published_at == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    assert (
        data.canonical_url == "https://www.example.org/politics/2026/story-of-the-day?utm_source=x"
    )
    assert (data.partial, data.reason) == (False, None)


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2026-11-20T06:30:00Z">',
        '<meta name="pubdate" content="Fri, 20 Nov 2026 10:30:00 +0400">',
        '<meta itemprop="datePublished" content="2026-11-20 06:30">',
        json_ld(datePublished="2026-11-20T10:30+04:00"),
        '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":'
        '"WebPage"},{"@type":["ReportageNewsArticle"],"datePublished":"2026-11-20T06:30:00Z"}]}</script>',
        '<script type="application/ld+json">{broken</script>'
        '<meta property="article:published_time" content="2026-11-20T06:30:00Z">',
    ],
)
def test_stated_times(head: str) -> None:
    assert extracted(page(head=head)).published_at == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def test_days_from_a_time_element_the_address_or_the_text() -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    marked = page(text='<time datetime="2026-11-20">Friday</time>' + TEXT)
    assert extracted(marked).published_at == day
    assert extracted(page(), url="https://example.org/2026/11/20/story").published_at == day
    visible = page(text='<div class="date">20 November 2026</div>' + TEXT)
    assert extracted(visible).published_at == day


@pytest.mark.parametrize("date", ["2031-01-01", "0000-00-00", "1066-10-14", "never", ""])
def test_dates_that_cannot_be_are_not_believed(date: str) -> None:
    head = f'<meta property="article:published_time" content="{date}">'
    assert extracted(page(head=head)).published_at is None


def test_the_date_of_the_page_is_checked_against_that_of_the_feed() -> None:
    stated = datetime(2026, 11, 20, 9, tzinfo=timezone(timedelta(hours=4)))
    exact = page(head='<meta property="article:published_time" content="2026-11-19T06:30:00Z">')
    day = page(head='<meta property="article:published_time" content="2026-11-19">')
    other = page(head='<meta property="article:published_time" content="2024-05-01">')
    found = [extracted(html, entry_published=stated).published_at for html in (exact, day, other)]
    assert found == [
        datetime(2026, 11, 19, 6, 30, tzinfo=UTC),
        stated,
        datetime(2024, 5, 1, tzinfo=UTC),
    ]
    assert extracted(page(), entry_published=stated).published_at == stated


@pytest.mark.parametrize(
    ("title", "heading", "found"),
    [
        ("Headline words here | Example", "", "Headline words here"),
        ("Headline words here - example.org", "", "Headline words here"),
        ("Headline words here — Politics", "", "Headline words here — Politics"),
        ("Example: Headline words here", "Headline words here", "Headline words here"),
        ("One – two | Example News", "", "One – two"),
        ("", "Only a heading", "Only a heading"),
    ],
)
def test_titles_lose_the_name_of_the_site(title: str, heading: str, found: str) -> None:
    assert extracted(page(title=title, heading=heading)).title == found


def test_a_page_without_any_title_gets_that_of_its_entry() -> None:
    data = extracted(page(title="", heading=""), entry_title="As the feed has it")
    assert data.title == "As the feed has it"


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("https://example.org/story", "https://example.org/story"),
        ("/story", "https://www.example.org/story"),
        ("https://evil.example/story", None),
        ("https://www.example.org/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_only_a_plausible_canonical_address_counts(href: str, canonical: str | None) -> None:
    data = extracted(page(head=f'<link rel="canonical" href="{href}">'))
    assert data.canonical_url == canonical


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="Canonical" href="/sub/story">',
        '<link rel="shortlink CANONICAL nofollow" href="/sub/story">',
        '<base href="/sub/"><link rel="canonical" href="story">',
        '<base target="_top"><base href="https://example.org/sub/"><link rel="canonical" href="story">',
        '<base href="javascript:x"><link rel="canonical" href="/sub/story">',
    ],
)
def test_a_canonical_link_may_be_written_in_many_ways(head: str) -> None:
    address = extracted(page(head=head), url="https://example.org/amp/1").canonical_url
    assert address == "https://example.org/sub/story"


def test_amp_pages_name_their_canonical_page() -> None:
    amp = page(head=f'<link rel="canonical" href="{URL}">')
    assert extracted(amp, url="https://www.example.org/amp/story").canonical_url == URL


# -------------------------------------------------------------------------------- charset damage

RUSSIAN = "Президент республики подписал указ о назначении референдума на весну будущего года. "
LEGACY = (
    "<html><head>{meta}<title>Указ подписан</title></head><body><article><h1>Указ подписан</h1>"
    + "".join(f"<p>{RUSSIAN}Абзац номер {n}.</p>" for n in range(5))
    + "</article></body></html>"
)


@pytest.mark.parametrize(
    ("meta", "content_type", "real"),
    [
        ('<meta charset="windows-1251">', "", "windows-1251"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
            "",
            "windows-1251",
        ),
        ("", "text/html; charset=windows-1251", "windows-1251"),
        ("", "text/html; charset=koi8-r", "koi8-r"),
        ('<meta charset="koi8-r">', "text/html; charset=utf-8", "koi8-r"),
        ("", "", "windows-1251"),
        ("", "", "koi8-r"),
        ("", "text/html; charset=iso-8859-1", "windows-1251"),
        ('<meta charset="utf-8">', "", "windows-1251"),
        ('<meta charset="windows-1251">', "text/html; charset=windows-1251", "utf-8"),
        ("", "", "utf-16"),
        ('<meta charset="utf-7">', "", "utf-8"),
    ],
)
def test_charsets_declared_missing_and_wrong(meta: str, content_type: str, real: str) -> None:
    body = LEGACY.format(meta=meta).encode(real)
    data = extracted(body, content_type=content_type)
    assert data.title == "Указ подписан"
    assert data.text.startswith(RUSSIAN + "Абзац номер 0.")
    assert data.lang == "ru"


def test_a_few_broken_bytes_do_not_spoil_a_page() -> None:
    body = LEGACY.format(meta='<meta charset="utf-8">').encode()
    at = body.index("номер 3".encode())
    data = extracted(body[: at + 1] + body[at + 2 :])
    assert RUSSIAN.strip() in data.text


GEORGIAN = "რესპუბლიკის პრეზიდენტმა ხელი მოაწერა ბრძანებულებას რეფერენდუმის შესახებ. "


@pytest.mark.parametrize("text", [RUSSIAN, GEORGIAN, "La société française a déjà élu. «É» "])
@pytest.mark.parametrize("taken_for", ["latin-1", "cp1252 where defined", "latin-1 twice"])
def test_text_that_was_encoded_twice_is_decoded_twice(text: str, taken_for: str) -> None:
    damaged = text * 6
    for _ in range(2 if taken_for.endswith("twice") else 1):
        damaged = damaged.encode().decode("latin-1")
        if taken_for.startswith("cp1252"):
            damaged = "".join(as_windows_shows(char) for char in damaged)
    # The template around it may be sound, and in Cyrillic.
    html = page(text=f"<p>{damaged}</p>", heading="Указ подписан")
    data = extracted(html, content_type="text/html; charset=utf-8")
    assert data.title == "Указ подписан"
    assert data.text == (text * 6).strip()


def as_windows_shows(char: str) -> str:
    try:
        return char.encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:
        return char


def test_bytes_that_were_lost_on_the_way_are_seen_as_lost() -> None:
    damaged = (RUSSIAN * 6).encode().decode("cp1252", "replace")
    text = extracted(page(text=f"<p>{damaged}</p>")).text
    assert text.startswith("Президент")
    assert "Ð" not in text


def test_cyrillic_that_was_encoded_as_western_is_cyrillic_again() -> None:
    damaged = (RUSSIAN * 6).encode("cp1251").decode("cp1252")
    html = page(text=f"<p>{damaged}</p>", heading="Plain words")
    assert extracted(html).text == (RUSSIAN * 6).strip()


@pytest.mark.parametrize(
    "text",
    [
        "Perché il presidente è così: la società non può più, però già è lì, là, giù in città. ",
        "Le président a déjà été élu à Genève, où L’ÉTAT «CAFÉ» brûle très tôt à côté d’élèves. ",
        "Über die größten Straßen führen schöne Brücken für «ÄÖÜ» — früher übten wir dafür. ",
        "Þetta er ágætt íslenskt mál með ð og þ, æ og ö: það má á það ýmist lítið eða ekki. ",
        "Não há informações: a situação é à mão, já às três da manhã, até lá. ",
    ],
)
def test_honest_accents_stay_as_they_are(text: str) -> None:
    for encoding in ("utf-8", "iso-8859-1", "cp1252"):
        if encoding == "iso-8859-1":
            text = text.replace("’", "'").replace("—", "-")
        html = page(text=f"<p>{text * 6}</p>").replace('<meta charset="utf-8">', "")
        data = extracted(html.encode(encoding), content_type=f"text/html; charset={encoding}")
        assert data.text == (text * 6).strip()


# ----------------------------------------------------------------------------- not the article

PAYWALL = '<div class="paywall"><p>Subscribe now to continue reading this story.</p></div>'
CONSENT = (
    "<p>We value your privacy. We and our 832 partners store information on a device.</p>"
    "<button>Accept all cookies</button><a>Manage your privacy settings</a>"
)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (page(text="<p>Sorry.</p>", heading="Page not found"), FailureReason.SOFT_404),
        (page(text="<p>Ой!</p>", heading="Ошибка 404"), FailureReason.SOFT_404),
        (page(text="", heading="გვერდი ვერ მოიძებნა"), FailureReason.SOFT_404),
        (
            page(
                text="<p>The page you are looking for is no longer available here.</p>",
                heading="Oops",
            ),
            FailureReason.SOFT_404,
        ),
        (
            page(
                text="<p>The best of today and tomorrow, chosen for you.</p>",
                head='<link rel="canonical" href="https://www.example.org/">',
                heading="Example News",
            ),
            FailureReason.SOFT_404,
        ),
        (page(text=CONSENT, heading="Before you continue"), FailureReason.CONSENT),
        (page(text=CONSENT, heading="Example News"), FailureReason.CONSENT),
        (page(text="", heading="Just a moment..."), FailureReason.BLOCKED),
        (
            page(text="<p>Please complete the captcha to go on.</p>", heading="Example"),
            FailureReason.BLOCKED,
        ),
        (page(text=TEXT + PAYWALL), FailureReason.PAYWALL),
        (page(text=TEXT, head=json_ld(isAccessibleForFree=False)), FailureReason.PAYWALL),
        (page(text=TEXT, head=json_ld(isAccessibleForFree="False")), FailureReason.PAYWALL),
        (
            page(text=f"<p>{RUSSIAN * 3}</p><p>Полный текст доступен по подписке.</p>"),
            FailureReason.PAYWALL,
        ),
        (page(text="<div id='app'></div>"), FailureReason.NO_TEXT),
    ],
)
def test_what_is_not_the_article_is_partial_with_its_reason(
    html: str, reason: FailureReason
) -> None:
    data = extracted(html)
    assert (data.partial, data.reason) == (True, reason)
    assert bool(data.text) == (reason is FailureReason.PAYWALL)


def test_a_consent_host_is_known_by_its_name() -> None:
    html = page(text="<p>Google uses data to deliver services.</p>", heading="Google")
    data = extracted(html, url="https://consent.google.com/m?continue=https://news.google.com/x")
    assert data.reason is FailureReason.CONSENT


@pytest.mark.parametrize(
    "heading",
    [
        "Minister: page not found in the archive of the scandal",
        "Are you a robot? How captchas conquered the web",
        "We value your privacy, says the company that sold it",
    ],
)
def test_a_long_article_about_such_things_is_an_article(heading: str) -> None:
    data = extracted(page(heading=heading))
    assert (data.partial, data.reason) == (False, None)
    assert data.title == heading


ARTICLE = '<meta property="og:type" content="article">'
ODD_HEADINGS = [
    "Weapons not found at Tskhinvali depot, EUMM says",
    "410 ceasefire violations recorded near South Ossetia",
    "OSCE counts 404 shells",
    "Article was removed from the constitution",
    "Запись удалена из блога Бибилова",
    "Тело пропавшего журналиста не найдено",
    "Материалы дела не найдены, заявил адвокат",
    "Missing page of Bible found",
    "Access to Roki tunnel denied",
    "Доступ ограничен для наблюдателей",
    "Security check at Ergneti reopened",
    "Cookie settings: EU court rules",
    "Duma kündigt Zustimmung an",
    "Are you a robot? AI debate",
]


@pytest.mark.parametrize("heading", ODD_HEADINGS)
@pytest.mark.parametrize("head", [ARTICLE, json_ld(), ""])
def test_a_short_article_about_such_things_is_an_article(heading: str, head: str) -> None:
    data = extracted(page(text=TEXT, head=head, heading=heading))
    assert (data.partial, data.reason) == (False, None)
    assert data.text.startswith(SENTENCES[0])


@pytest.mark.parametrize("heading", ["Not found", "Page not found in archive", "Just a moment"])
def test_the_headline_that_the_feed_announced_is_that_of_the_article(heading: str) -> None:
    html = page(text=TEXT, heading=heading)
    assert extracted(html, entry_title=f"{heading}!").text.startswith(SENTENCES[0])


def test_a_banner_beside_a_short_article_is_not_the_article() -> None:
    data = extracted(page(text=TEXT).replace("<footer>", f"{CONSENT}<footer>"))
    assert (data.partial, data.reason) == (False, None)
    assert SENTENCES[-1] in data.text


def test_a_wall_under_the_right_headline_is_a_wall() -> None:
    html = page(text=CONSENT, head=ARTICLE)
    data = extracted(html, entry_title="Referendum is announced again")
    assert (data.text, data.reason) == ("", FailureReason.CONSENT)
    html = page(text="<p>This story is no longer available.</p>", head=ARTICLE)
    data = extracted(html, entry_title="Referendum is announced again")
    assert (data.text, data.reason) == ("", FailureReason.SOFT_404)


@pytest.mark.parametrize(
    "message",
    [
        "Page not found",
        "404 Not Found",
        "404",
        "Error 404 — Example",
        "Oops! We can’t find the page you’re looking for",
        "Sorry, this page isn't available",
        "This article has been removed",
        "Страница, которую вы ищете, не найдена",
        "Материал удалён",
        "Сторінку не знайдено",
        "Seite nicht gefunden",
    ],
)
@pytest.mark.parametrize("head", [ARTICLE, ""])
def test_an_error_page_is_one_by_its_headline_alone(message: str, head: str) -> None:
    data = extracted(page(text=TEXT, head=head, heading=message))
    assert (data.text, data.reason) == ("", FailureReason.SOFT_404)


def test_an_error_page_may_call_itself_an_article() -> None:
    html = page(text=TEXT, head=ARTICLE, heading="Sorry, the page you are looking for is gone")
    assert extracted(html).reason is FailureReason.SOFT_404


@pytest.mark.parametrize(
    "last",
    [
        "Subscribe to our newsletter to read more stories like this.",
        "Log in to read comments.",
        "3 free articles remaining this month",
        "Оформите подписку на наш телеграм-канал.",
    ],
)
def test_a_whole_article_may_end_in_an_offer(last: str) -> None:
    data = extracted(page(text=f"{TEXT * 3}<p>{last}</p>"))
    assert (data.partial, data.reason) == (False, None)


def test_a_long_article_behind_a_stated_price_is_whole() -> None:
    assert extracted(page(head=json_ld(isAccessibleForFree=False))).reason is None


def test_where_no_text_is_found_the_description_stands_in() -> None:
    words = "What the story is about, in one sentence of the publisher."
    head = f'<meta property="og:description" content="{words}">'
    data = extracted(page(text="<div id='app'></div>", head=head))
    assert (data.text, data.reason) == (words, FailureReason.NO_TEXT)


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "text/html", FailureReason.EMPTY),
        (b"  \n", "text/html", FailureReason.EMPTY),
        (b"%PDF-1.7 ...", "", FailureReason.NOT_A_PAGE),
        (b"x", "application/pdf", FailureReason.NOT_A_PAGE),
        (b"x", "image/jpeg", FailureReason.NOT_A_PAGE),
        (b"\x89PNG\r\n", "text/html", FailureReason.NOT_A_PAGE),
        (b"PK\x03\x04", "text/html", FailureReason.NOT_A_PAGE),
        (b"{}", "application/json", FailureReason.NOT_A_PAGE),
    ],
)
def test_what_is_no_page_is_a_failure(
    body: bytes, content_type: str, reason: FailureReason
) -> None:
    data = extract_page(body, url=URL, content_type=content_type, now=NOW)
    assert isinstance(data, Failure)
    assert (data.reason, data.url) == (reason, URL)


# ---------------------------------------------------------------------------------- discovery


def test_feeds_that_a_page_declares_come_first_and_those_of_comments_last_of_them() -> None:
    html = """<html><head><base href="https://example.org/blog/">
      <link rel="alternate" type="application/rss+xml" title="Comments" href="comments/feed/">
      <link rel="alternate" type="application/rss+xml" title="All &amp; more" href="feed/">
      <link rel="alternate" type="application/feed+json" href="https://example.org/feed.json">
      <link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">
      <link rel="alternate" hreflang="ru" href="/ru/"><link rel="stylesheet" href="/x.css">
      <link rel="alternate" type="application/atom+xml" href="javascript:alert(1)"></head>
      <body><a href="/rss/politics.xml">Politics (RSS)</a><a href="/about">About</a>
      <a href="https://other.example/rss">Theirs</a></body></html>"""
    found = discover_feeds(html.encode(), "https://www.example.org/blog/")
    assert [(feed.url, feed.title) for feed in found if feed.stated] == [
        ("https://example.org/blog/feed/", "All & more"),
        ("https://example.org/feed.json", ""),
        ("https://example.org/blog/comments/feed/", "Comments"),
    ]
    guesses = [feed.url for feed in found if not feed.stated]
    assert guesses[0] == "https://example.org/rss/politics.xml"
    assert "https://www.example.org/rss.xml" in guesses
    assert not any("other.example" in url for url in guesses)


def test_a_site_that_names_no_feed_still_has_likely_addresses() -> None:
    assert len(discover_feeds(b"", "https://example.org/")) > 3


# ------------------------------------------------------------------------------------ anything


@settings(max_examples=150)
@given(st.text(alphabet="<>/ab =\"'&;!-[]{}:,@", max_size=300), st.booleans())
def test_markup_of_any_shape_is_read_or_refused(markup: str, scripted: bool) -> None:
    if scripted:
        markup = f'<script type="application/ld+json">{markup}</script>'
    check_page(extract_page(markup.encode(), url=URL, content_type="", now=NOW), NOW)
    found = [feed.url for feed in discover_feeds(markup.encode(), URL)]
    assert all(map(is_web_url, found))
    assert len({canonical(url) for url in found}) == len(found) > 3
