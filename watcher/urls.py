"""Addresses: which are safe to follow, and which mean the same page.

``canonical`` makes a key for comparing, not an address to fetch: it may fold ``http`` into
``https`` and ``m.`` into nothing where the real server would not answer.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import ipaddress
import re
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from watcher.model import CanonicalUrl, EntryKey

MAX_URL = 2_000
_WEB = ("http", "https")
_WHOLE = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)

# ------------------------------------------------------------------------------- safe links


def is_web_url(url: str) -> bool:
    """Whether it is an absolute http(s) address without user, backslash or odd characters."""
    return clean_link("", url) == url


def clean_link(base: str, href: str) -> str | None:
    """The absolute http(s) address that ``href`` means on the page ``base``; None if unsafe.

    Refused: other schemes, user and password, backslashes (browsers and libraries disagree about
    them), control characters, no host, a port out of range, more than 2,000 characters. Tabs and
    line breaks in a link are left out, as browsers do.
    """
    href = href.strip()
    if not href or len(href) > MAX_URL or "\\" in href:
        return None
    try:
        # Joining takes both addresses apart; most links are whole, and need none of that.
        parts = urlsplit(href if _WHOLE.match(href) or not base else urljoin(base, href))
        url = parts.geturl() if base else href
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return None
    host = parts.netloc
    if (
        parts.scheme not in _WEB
        or not parts.hostname
        or not port_fits
        or "@" in host
        or " " in host
    ):
        return None
    # Other scripts may stand in an address; control, bidi and private characters may not.
    if not url.isprintable() or len(url) > MAX_URL:
        return None
    return url.replace(" ", "%20")


# -------------------------------------------------------------------------------- wrapped links

_QUERY_WRAPPERS = {
    # host ending: query fields that may hold the real address
    "google.com": ("url", "q"),
    "bing.com": ("url",),
    "facebook.com": ("u",),
    "vk.com": ("to",),
    "t.me": ("url",),
    "safelinks.protection.outlook.com": ("url",),
    "linkedin.com": ("url",),
    "out.reddit.com": ("url",),
}
_WRAPPER_PATHS = re.compile(
    r"^/(?:url|l\.php|away(?:\.php)?|iv|news/apiclick\.aspx|redir|redirect|redir/redirect|"
    r"share|linkfilter/?|)$"
)
_AMP_CACHE = re.compile(r"^/(?:c|v|i|amp)/(?:s/)?([^/]+\.[^/]+/.*)$")
_GOOGLE_NEWS = re.compile(r"^/(?:rss/|__i/rss/rd/)?articles/(CBM[\w-]+={0,2})")
_URL_IN_BYTES = re.compile(rb"https?://[\x21-\x7e]+")


def unwrap(url: str) -> str:
    """The address inside a redirecting link, where it can be told without asking anyone."""
    for _ in range(3):
        inner = _unwrap_once(url)
        if inner is None or not is_web_url(inner):
            return url
        url = inner
    return url


def _unwrap_once(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host, path = parts.hostname or "", parts.path
    if host.endswith("cdn.ampproject.org") or (_is(host, "google.com") and path[:5] == "/amp/"):
        match = _AMP_CACHE.match(path)
        return f"https://{match.group(1)}" if match else None
    if host == "news.google.com" and (match := _GOOGLE_NEWS.match(path)):
        return _google_news(match.group(1))
    if host == "r.search.yahoo.com" and (match := re.search(r"/RU=([^/]+)/", path)):
        return unquote(match.group(1))
    if not parts.query or not _WRAPPER_PATHS.match(path):
        return None
    fields = next((f for end, f in _QUERY_WRAPPERS.items() if _is(host, end)), ())
    query = dict(parse_qsl(parts.query, max_num_fields=None)) if fields else {}
    return next((query[f] for f in fields if query.get(f, "").startswith("http")), None)


def _is(host: str, ending: str) -> bool:
    return host == ending or host.endswith("." + ending)


def _google_news(token: str) -> str | None:
    """Older Google News links carry the address inside; newer ones only a reference to it."""
    try:
        inside = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    # Protobuf: tag 0x22, a length byte or two, the address; then 0xd2 and the AMP address.
    found = _URL_IN_BYTES.search(inside)
    return found.group().decode("ascii") if found else None


# ------------------------------------------------------------------------------- canonical form

_TRACKING = re.compile(
    r"^(?:utm_\w+|at_(?:medium|campaign|custom\d|link_\w+|bbc_team|ptr_name|format|campaign_type)"
    r"|(?:fb|g|d|y|tw|tt)clid|msclkid|igshid|gclsrc|wbraid|gbraid|fb_(?:action_ids|"
    r"action_types|source|ref)|mc_(?:cid|eid)|_hs(?:enc|mi)|hs_?ctatracking|mkt_tok|yadclid|"
    r"_openstat|from_?(?:rss|feed)|rss|ref_?(?:src|url)|__twitter_impression|cmpid|cmp|ocid|"
    r"ncid|icid|intcid|ito|xtor|s_?cid|smid|partner_?rss|feed(?:type|name)|wt_?(?:mc|zmc)|"
    r"traffic_?source|spm|share_?(?:id|source)|ns_(?:source|mchannel|campaign|linkname|fee)|"
    r"soc_(?:src|trk)|guccounter|guce_referrer(?:_sig)?|_ga|_gl|campaign_?id|echobox|amp|"
    r"output_?type|usqp|amp_js_v|amp_gsa)$",
    re.IGNORECASE,
)
_MOBILE = re.compile(r"^(?:www\d?|m|mobile|amp|touch|wap|pda)\.")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_AMP_PATH = re.compile(r"(?:/amp(?:/|\.html?)?|\.amp)$|(?<=\.)amp\.(?=html?$)")
_UNRESERVED_ESCAPE = re.compile(r"%(?:2[dDeE]|3\d|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")


@lru_cache(maxsize=4_096)
def canonical(url: str) -> CanonicalUrl:
    """One form for every spelling of a page's address; what is no web address stays as it is.

    Folded: wrappers, http, www and mobile hosts, AMP variants, default ports, tracking parameters
    and their order, fragments, index pages, trailing slashes, needless escapes.
    """
    url = unwrap(url.strip())
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return CanonicalUrl(url)
    if parts.scheme not in _WEB or not parts.hostname:
        return CanonicalUrl(url)
    host = _canonical_host(parts.hostname)
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    query = _canonical_query(parts.query)
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return CanonicalUrl(f"https://{where}{_canonical_path(parts.path)}{query}{fragment}")


def _canonical_host(host: str) -> str:
    host = host.rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    bare = _MOBILE.sub("", host)
    # "www.com" and "m.ge" are names of their own: without the prefix only a suffix would be left.
    return host if "." not in bare or bare in _suffix_rules() else bare


def _canonical_path(path: str) -> str:
    path = _UNRESERVED_ESCAPE.sub(lambda m: chr(int(m.group()[1:], 16)), path)
    path = quote(path, safe="/%:@!$&'()*+,;=~-._")
    path = re.sub(r"/{2,}", "/", path)
    path = _INDEX.sub("/", path)
    path = _AMP_PATH.sub("", path.rstrip("/"))
    return path.rstrip("/")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    kept = sorted(
        (name, value)
        # Bytes that are no UTF-8 (windows-1251 is still about) come out as they went in.
        for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        if not _TRACKING.match(name)
    )
    return f"?{urlencode(kept, errors='surrogateescape')}" if kept else ""


# A fragment that names a place on every page, or a highlight, says nothing about what is meant.
_IDLE_FRAGMENT = re.compile(r"(?:rss|top|comments|respond|disqus_thread|more-\d+|:~:.*|)", re.I)
_TRACKING_FRAGMENT = re.compile(r"(?:ref|src|source|via|from)", re.I)
_COUNTER = re.compile(r"\d{1,2}")


def article_address(url: str) -> str:
    """What identifies an article by its link: the canonical address, with the fragment where that
    names one of several on a page (the posts of a live blog)."""
    base, fragment = canonical(url), url.partition("#")[2]
    return base if "#" in base or _is_idle(fragment) else f"{base}#{fragment}"


def _is_idle(fragment: str) -> bool:
    if _IDLE_FRAGMENT.fullmatch(fragment):
        return True
    names = [pair.partition("=")[0] for pair in fragment.split("&")]
    return "=" in fragment and all(
        _TRACKING.match(name) or _TRACKING_FRAGMENT.fullmatch(name) for name in names
    )


def names_a_page(url: str) -> bool:
    """Whether the address means more than the front page of a site."""
    try:
        parts = urlsplit(article_address(url))
    except ValueError:
        return True
    return bool(parts.path.strip("/") or parts.query or parts.fragment)


# ----------------------------------------------------------------------------- registered domain


@cache
def _suffix_rules() -> frozenset[str]:
    """The Public Suffix List, private section too, from the data file of the ``tld`` package.

    Read here since importing that package costs 100 ms and 14 MB, and this 5 ms and 2 MB.
    """
    spec = importlib.util.find_spec("tld")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ModuleNotFoundError("the package tld, which holds the Public Suffix List, is missing")
    listing = Path(folders[0], "res", "effective_tld_names.dat.txt").read_text("utf-8")
    rules = (line.strip() for line in listing.splitlines() if line and line[:2] != "//")
    return frozenset(_to_ascii(rule) for rule in rules if rule)


def _to_ascii(name: str) -> str:
    return name if name.isascii() else name.encode("idna").decode("ascii")


def registered_domain(host_or_url: str) -> str:
    """``news.bbc.co.uk`` -> ``bbc.co.uk``; an IP address or a single name is its own domain."""
    host = host_or_url.strip().lower()
    if "/" in host or "@" in host:
        try:
            host = urlsplit(host if "//" in host else f"//{host}").hostname or ""
        except ValueError:
            return ""
    return _registered(host)


@lru_cache(maxsize=16_384)
def _registered(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        host = host.partition(":")[0].rstrip(".")
    try:
        labels = _to_ascii(host).split(".")
    except UnicodeError:
        labels = host.split(".")
    rules = _suffix_rules()
    for start in range(len(labels)):
        suffix = ".".join(labels[start:])
        wild = ".".join(["*", *labels[start + 1 :]])
        if f"!{suffix}" in rules:
            return suffix
        if suffix in rules or wild in rules:
            return ".".join(labels[max(start - 1, 0) :])
    return ".".join(labels[-2:])


# ---------------------------------------------------------------------------------- identity


def entry_key(guid: str | None, url: str | None, title: str, published: str = "") -> EntryKey:
    """Identity of an entry inside its feed, from the best that the feed states.

    The guid, else the link where it names more than a site's home page, else title and date. A
    guid that is an address is compared as one, so it survives http to https, www and tracking,
    and equals the link of an entry without guid.
    """
    guid, link = (guid or "").strip(), (url or "").strip()
    if guid:
        return _digest(_guid_identity(guid) if _looks_like_address(guid) else f"guid {guid}")
    if link and names_a_page(link):
        return _digest(article_address(link))
    words = " ".join(title.casefold().split())
    return _digest(f"title {words} {published.strip()} {canonical(link) if link else ''}")


def _looks_like_address(guid: str) -> bool:
    return guid[:7].lower() == "http://" or guid[:8].lower() == "https://"


def _guid_identity(guid: str) -> str:
    # The BBC counts the revisions of a story in the fragment of its guid; in links nobody does.
    base, _, fragment = guid.partition("#")
    return article_address(base if _COUNTER.fullmatch(fragment) else guid)


def _digest(identity: str) -> EntryKey:
    return EntryKey(blake2b(identity.encode("utf-8", "replace"), digest_size=8).hexdigest())
