"""Who really reported: editions of one house, and copies of one wire text, count once."""

from __future__ import annotations

import re

_FAMILIES = (
    "reuters thomsonreuters",
    "apnews associatedpress ap",
    "afp france24 rfi mc-doualiya",
    "bbc bbcrussian",
    "rferl svoboda azattyq azatutyun azattyk radiosvoboda radiotavisupleba ekhokavkaza kavkazr krymr currenttime severreal sibreal idelreal rferlazattyq golosameriki voanews amerikiskhma",
    "dw deutschewelle",
    "tass itar-tass tass-ru",
    "ria rian sputniknews sputnik sputnik-georgia sputnik-ossetia sputnik-abkhazia rt rtrussian ukraina inosmi riafan1",
    "interfax interfax-russia",
    "kommersant",
    "nytimes iht",
    "guardian theguardian observer",
    "thetimes thesundaytimes timesonline",
    "lemonde",
    "elpais",
    "spiegel manager-magazin",
    "aa anadolu aaenglish trt trtworld trthaber",
    "xinhua xinhuanet news-cn",
    "aljazeera ajplus",
    "ukrinform",
    "pravda eurointegration epravda",
    "cominf res osinform",
    "imedi imedinews",
    "interpressnews ipn",
    "politico politicoeurope",
    "bloomberg businessweek",
    "cnn cnnespanol cnnturk",
    "yahoo yahoonews aol",
    "msn microsoftstart",
)
_FAMILY = {name: names.split()[0] for names in _FAMILIES for name in names.split()}
# Second-level labels under which countries sell names: bbc.co.uk belongs to bbc.
_SECOND_LEVEL = frozenset(["co", "com", "org", "net", "gov", "edu", "ac", "in"])
_EDITION = re.compile(
    r"^(?:www|m|mobile|amp|edition|news|en|ru|ka|de|fr|es|it|pt|pl|tr|uk|ua|ge|us|int|international|eng|rus|geo|feeds?|rss)$"
)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def publisher_family(publisher: str) -> str:
    """The house behind a publisher's name or domain: ``russian.rt.com`` and ``ria.ru`` are one."""
    name = publisher.strip().casefold()
    if _HOST.fullmatch(name):
        labels = name.split(".")[:-1]
        if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
            labels.pop()
        core = next(
            (label for label in reversed(labels) if not _EDITION.fullmatch(label)), labels[-1]
        )
        return _FAMILY.get(core, core)
    compact = re.sub(r"\W+", "", name)
    return _FAMILY.get(compact, compact)
