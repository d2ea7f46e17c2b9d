"""What to do about each reason for which a feed can't be polled."""

from __future__ import annotations

from watcher.model import FailureReason

ADVICE = {
    FailureReason.DNS: "check the address; the site may have moved: `watcher feeds discover SITE`",
    FailureReason.CONNECT: "the server does not answer; wait, or check this machine's network",
    FailureReason.TLS: "its certificate is not trusted here; check the address in a browser",
    FailureReason.TIMEOUT: "the server is slow; raise fetch.timeout if it stays so",
    FailureReason.TOO_LARGE: "raise fetch.max_bytes, or look for a smaller feed of this site",
    FailureReason.BAD_URL: "correct the address in the configuration",
    FailureReason.FORBIDDEN_ADDRESS: "it leads to a private network; if that is meant, add it to "
    "fetch.allow_private_addresses",
    FailureReason.TOO_MANY_REDIRECTS: "open it in a browser and take the final address",
    FailureReason.PROTOCOL: "the server's answer is broken; tell the publisher if it stays so",
    FailureReason.HTTP_401: "it wants a login; look for a public feed",
    FailureReason.HTTP_403: "it refuses robots; set fetch.contact, or ask the publisher",
    FailureReason.HTTP_404: "the feed has moved: `watcher feeds discover SITE`",
    FailureReason.HTTP_410: "the feed was given up: `watcher feeds remove` it",
    FailureReason.HTTP_429: "asked too often; give the feed a longer `every`",
    FailureReason.HELD_BACK: "its site asked for patience; it is asked again when that is over",
    FailureReason.HTTP_4XX: "open it in a browser; the address may be wrong",
    FailureReason.HTTP_5XX: "the server is in trouble; it is tried again by itself",
    FailureReason.ROBOTS: "its robots.txt forbids it",
    FailureReason.NOT_A_FEED: "the address is a web page: `watcher feeds discover` it",
    FailureReason.BLOCKED: "it wants proof of not being a robot; look for another feed",
    FailureReason.PARSE_LIMIT: "the feed is too heavy to parse; look for a smaller one",
    FailureReason.PARSE_ERROR: "the feed is broken; tell the publisher if it stays so",
    FailureReason.EMPTY: "the answer is empty; it is tried again by itself",
}
_OTHERWISE = "`watcher feeds test` it for details"


def advice_for(error: str) -> str:
    """What a person can do about a stored failure reason."""
    try:
        return ADVICE.get(FailureReason(error), _OTHERWISE)
    except ValueError:
        return _OTHERWISE
