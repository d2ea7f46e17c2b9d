"""Pages that are not the article: error pages with status 200, consent and robot walls, stubs."""

from __future__ import annotations

import re

from watcher.extract.metadata import Metadata
from watcher.model import FailureReason
from watcher.urls import canonical

SHORT = 1_200
"""A page with more text than this is an article whatever its furniture says."""
TOO_SHORT = 150
"""Under this, nothing that could be called an article was found."""
STUB = 2_500
"""Under this, a page that says it costs money is taken for a teaser."""

_LOST = re.compile(
    r"\b404\b|\b410\b|not found|(?:page|article|story) (?:you|is|was|has been|no longer|does)[^.]{0,40}"
    r"(?:exist|available|removed|moved|unavailable|looking for)|page (?:missing|unavailable)"
    r"|страниц[аыу][^.]{0,20}не (?:найдена|существует)|не найдено|ошибка 404|материал удал[её]н"
    r"|сторінк[аиу][^.]{0,20}не (?:знайдено|існує)|გვერდი (?:ვერ|არ) [^.]{0,20}(?:მოიძებნა|არსებობს)"
    r"|seite (?:wurde )?nicht gefunden|page (?:introuvable|non trouvée)|página no encontrada"
    r"|pagina non trovata|sayfa bulunamadı|nie znaleziono strony|strona nie istnieje"
    r"|էջը չի գտնվել|səhifə tapılmadı",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|we value your privacy|your privacy (?:choices|matters)|cookie (?:consent|settings)"
    r"|accept (?:all )?cookies|manage (?:your )?(?:consent|privacy)|privacy settings|we and our (?:\d+ )?partners"
    r"|datenschutzeinstellungen|bevor sie fortfahren|zustimmung|avant de continuer|respect de votre vie privée"
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
    r"|(?:\d+|free) articles? (?:left|remaining|this month)|continue reading (?:this|with|your)"
    r"|только (?:для|по) подпис|оформи(?:те|ть) подписку|полн(?:ая|ый) (?:версия|текст)[^.]{0,40}подпис"
    r"|nur für abonnenten|jetzt (?:weiterlesen|abonnieren)|réservé aux abonnés|il vous reste \d+ ?% de cet article"
    r"|solo para suscriptores|contenuto riservato agli abbonati|dostęp do pełnej|тільки для передплатників"
    r"|მხოლოდ გამომწერ",
    re.IGNORECASE,
)


def not_the_article(
    text: str, visible: str, metadata: Metadata, *, url: str
) -> FailureReason | None:
    """Why the page is not the article, or only a part of it; None if it seems whole.

    ``text`` is what was extracted, ``visible`` the beginning of all text on the page: walls are
    often outside of what an extractor takes.
    """
    if len(text) < SHORT and (wall := _wall(text, visible, metadata, url)):
        return wall
    if len(text) < STUB and (metadata.free is False or _PAY.search(text[-600:] or visible)):
        return FailureReason.PAYWALL
    return FailureReason.NO_TEXT if len(text) < TOO_SHORT else None


def _wall(text: str, visible: str, metadata: Metadata, url: str) -> FailureReason | None:
    """What a page with little text is instead of the article, if anything tells."""
    head = f"{metadata.title}\n{metadata.heading}"
    around = f"{head}\n{text}\n{visible if len(visible) < 2 * SHORT else ''}"
    plain = not metadata.is_article
    found = {
        FailureReason.SOFT_404: _LOST.search(head)
        or _landed_elsewhere(metadata, url)
        or (plain and _LOST.search(text[:300])),
        FailureReason.CONSENT: _CONSENT_HOST.match(url)
        or _CONSENT.search(head)
        or (plain and len(_CONSENT.findall(around)) >= 2),
        FailureReason.BLOCKED: plain and _ROBOT.search(around),
    }
    return next((reason for reason, sign in found.items() if sign), None)


def _landed_elsewhere(metadata: Metadata, url: str) -> bool:
    """An article's address that shows the front page: its canonical link has no path."""
    return metadata.points_home and not metadata.is_article and canonical(url).count("/") > 3
