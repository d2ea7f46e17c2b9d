"""Pages that are not the article: error pages with status 200, consent and robot walls, stubs."""

from __future__ import annotations

import re

from watcher.extract.metadata import TITLE_SEPARATOR, Metadata, letters
from watcher.model import FailureReason
from watcher.urls import canonical

SHORT = 1_200
"""A page with more text than this is an article whatever its furniture says."""
TOO_SHORT = 150
"""Under this, nothing that could be called an article was found."""
STUB = 2_500
"""Under this, a page that says it costs money is taken for a teaser."""

# What an error page says of the page. News says that people and things were not found.
_LOST = re.compile(
    r"(?:page|(?:this|the|your) (?:article|story|content|link)) (?:not found|missing|unavailable|does ?n[o'’]t exist"
    r"|(?:is |was |has been )?no longer (?:exists?|available|here|online)|(?:that )?you(?:'re|’re| are| were)?"
    r" (?:looking|requested|tried|trying)|(?:could|can)(?: ?not|n['’]t) be found"
    r"|(?:has been|was|is) (?:removed|moved|deleted|unavailable|not available)|is ?n['’]t available)"
    r"|(?:find|found) (?:the|that|this) page"
    r"|(?:error|ошибка|помилка|fehler|erreur|błąd|hata) 404|404 (?:error|not found)"
    r"|страниц[аыу][^.]{0,30}(?:не (?:найдена|существует|доступна)|удалена)"
    r"|сторінк[аиу][^.]{0,30}(?:не (?:знайден[ао]|існує)|видален[ао])|გვერდი (?:ვერ|არ) [^.]{0,20}(?:მოიძებნა|არსებობს)"
    r"|seite (?:wurde )?nicht gefunden|page (?:introuvable|non trouvée)|página no (?:encontrada|existe)"
    r"|pagina non (?:trovata|esiste)|sayfa bulunamadı|nie znaleziono strony|strona nie istnieje"
    r"|էջը չի գտնվել|səhifə tapılmadı",
    re.IGNORECASE,
)
# Said of anything else than a page it must be the whole message.
_BARE_ERROR = re.compile(
    r"\W*(?:(?:http|error|ошибка|sorry|oops|404|410|gone|(?:article|story|content|file|news|post)"
    r"|(?:nothing|not) found|removed|deleted"
    r"|статья|новость|материал|публикаци[яи]|запись|файл|был[аи]?|ничего|не (?:найден[аоы]?|существует)|удал[её]н[аоы]?"
    r"|не знайдено|видалено|nicht gefunden|no encontrado|non trovato)\W*){1,4}",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|we value your privacy|your privacy (?:choices|matters)|cookie (?:consent|settings)"
    r"|accept (?:all )?cookies|manage (?:your )?(?:consent|privacy)|privacy settings|we and our (?:\d+ )?partners"
    r"|datenschutzeinstellungen|bevor sie fortfahren|ihre zustimmung|avant de continuer|respect de votre vie privée"
    r"|antes de continuar|prima di continuare|valoramos tu privacidad|szanujemy (?:twoją )?prywatność"
    r"|прежде чем продолжить|файлы cookie",
    re.IGNORECASE,
)
_CONSENT_HOST = re.compile(
    r"^https?://(?:consent|guce|privacy|cmp|myprivacy|choices)\.", re.IGNORECASE
)
_ROBOT = re.compile(
    r"just a moment|checking (?:if the site|your browser)|attention required|are you (?:a )?(?:human|robot)"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|enable javascript and cookies|access (?:to this page )?(?:has been )?denied"
    r"|ddos[- ]guard|security check|unusual traffic|captcha|pardon our interruption"
    r"|проверка (?:браузера|безопасности)|вы не робот|доступ (?:ограничен|запрещ[её]н)",
    re.IGNORECASE,
)
_PAY = re.compile(
    r"(?:subscribe|sign in|log in|register|become a (?:member|subscriber))[^.]{0,60}"
    r"(?:to (?:continue|read|keep reading|unlock|access)|for full access)|subscribers? only|(?:this|the) (?:article|story|content) is"
    r"(?: only)? (?:for|available to) (?:\w+ )?(?:subscribers|members)|already a (?:subscriber|member)"
    r"|\b(?:no|0|zero) (?:more )?(?:free )?articles? (?:left|remaining)|(?:reached|used)[^.]{0,40}(?:limit|free articles)"
    r"|continue reading (?:this|with|your)"
    r"|только (?:для|по) подпис|оформи(?:те|ть) подписку|полн(?:ая|ый) (?:версия|текст)[^.]{0,40}подпис"
    r"|nur für abonnenten|jetzt (?:weiterlesen|abonnieren)|réservé aux abonnés|il vous reste \d+ ?% de cet article"
    r"|solo para suscriptores|contenuto riservato agli abbonati|dostęp do pełnej|тільки для передплатників"
    r"|მხოლოდ გამომწერ",
    re.IGNORECASE,
)
# Whole articles end in these: what they sell or ask for is something else than the text.
_OTHER_OFFER = re.compile(
    r"newsletter|comment|discussion|\bmore (?:stories|news|articles|like this)|like this|podcast|telegram|youtube|whatsapp"
    r"|channel|e-?mail|рассылк|розсилк|комментар|коментар|телеграм|канал|подкаст|почт|пошт"
    r"|kommentar|kanal|commentaire|infolettre|comentario|boletín|commenti|komentarz|yorum|bülten"
    r"|გამოხმაურება|კომენტარ|մեկնաբան|şərh",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_PIECE_WORDS = 10
"""A longer headline tells a story, whatever phrase is in it."""


def not_the_article(
    text: str, visible: str, metadata: Metadata, *, url: str, announced: str = ""
) -> FailureReason | None:
    """Why the page is not the article, or only a part of it; None if it seems whole.

    ``text`` is what was extracted, ``visible`` the beginning of all text on the page: walls are
    often outside of what an extractor takes. ``announced`` is the headline that the feed gave.
    """
    if len(text) < SHORT and (wall := _wall(text, visible, metadata, url, announced)):
        return wall
    if len(text) < STUB and (metadata.free is False or _wants_money(text[-600:] or visible)):
        return FailureReason.PAYWALL
    return FailureReason.NO_TEXT if len(text) < TOO_SHORT else None


def _wall(
    text: str, visible: str, metadata: Metadata, url: str, announced: str
) -> FailureReason | None:
    """What a page with little text is instead of the article, if anything tells.

    News is full of the words of walls: something was not found, access was denied. So a headline
    tells only where it is nothing but the message, and a text only where it is hardly anything
    else. A page under the headline that was announced, or one that calls itself an article, is
    asked for more: walls are neither.
    """
    ours = _bears(announced, metadata)
    article = ours or metadata.is_article
    heads = () if ours else (metadata.title, metadata.heading)
    hardly = len(text) < TOO_SHORT
    around = "\n".join((*heads, text, visible if len(visible) < 2 * SHORT else ""))
    loose = hardly and not article
    found = {
        FailureReason.SOFT_404: any(map(_is_error, heads))
        or (not ours and _landed_elsewhere(metadata, url))
        or ((hardly or not article) and (_LOST.search(text[:300]) or _BARE_ERROR.fullmatch(text))),
        FailureReason.CONSENT: _CONSENT_HOST.match(url)
        or _made_of(_CONSENT, text)
        or (loose and len(_CONSENT.findall(around)) >= 2)
        or (
            not article and any(_opens(_CONSENT, head) for head in heads) and _CONSENT.search(text)
        ),
        FailureReason.BLOCKED: (loose and _ROBOT.search(around))
        or (not article and len({m.group().lower() for m in _ROBOT.finditer(around)}) >= 2),
    }
    return next((reason for reason, sign in found.items() if sign), None)


def _bears(announced: str, metadata: Metadata) -> bool:
    """Whether the page has the headline that its feed announced."""
    wanted = letters(announced)
    heads = [letters(head) for head in (metadata.title, metadata.heading)]
    return len(wanted) > 3 and any(
        wanted == head or (min(len(wanted), len(head)) >= 12 and (wanted in head or head in wanted))
        for head in heads
    )


def _is_error(head: str) -> bool:
    """``Page not found | Site`` and ``404``, but not ``Weapons not found at depot``."""
    return any(
        _BARE_ERROR.fullmatch(piece) or (_LOST.search(piece) and len(piece.split()) <= _PIECE_WORDS)
        for piece in TITLE_SEPARATOR.split(head)
    )


def _opens(phrases: re.Pattern[str], head: str) -> bool:
    return any(phrases.match(piece) for piece in TITLE_SEPARATOR.split(head))


def _made_of(phrases: re.Pattern[str], text: str) -> bool:
    """Whether a text is mostly paragraphs with such phrases, and more than one of these."""
    hits = [part for part in text.split("\n\n") if phrases.search(part)]
    distinct = {match.group().lower() for match in phrases.finditer(text)}
    return len(distinct) >= 2 and 2 * sum(map(len, hits)) >= len(text)


def _wants_money(text: str) -> bool:
    """Whether a sentence asks to pay or to log in for the rest of this very text."""
    sentences = _SENTENCE.split(text)
    return any(_PAY.search(said) and not _OTHER_OFFER.search(said) for said in sentences)


def _landed_elsewhere(metadata: Metadata, url: str) -> bool:
    """An article's address that shows the front page: its canonical link has no path."""
    return metadata.points_home and not metadata.is_article and canonical(url).count("/") > 3
