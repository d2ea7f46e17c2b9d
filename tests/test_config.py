"""Loading config.toml: what is said is what is meant, and all that is wrong is told at once."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher.config import Settings, find, load, write_starter
from watcher.errors import ConfigError, Problem, UsageError
from watcher.model import FeedKind, ReadPolicy
from watcher.notify import validate_receiver

CONTRACT = """\
[watcher]
database = "sqlite:///db/watcher.sqlite3"     # or postgresql+psycopg://...
[fetch]
contact = "desk@example.org"                  # goes into the User-Agent
timeout = "30s"
max_bytes = "10MB"
concurrency = 64
per_host = 2
per_host_delay = "1s"
allow_private_addresses = []                  # e.g. ["127.0.0.0/8"] for tests and intranets
[[feeds]]
url = "https://example.org/rss"
name = "Example"
publisher = "example.org"                     # default: registered domain
every = "15m"                                 # default: adaptive between 10m and 24h
topics = ["south-ossetia"]                    # default: all
read = "all"                                  # all | plausible | never (fetch article pages)
[[topics]]
id = "south-ossetia"
name = "South Ossetia: annexation and referendum"
seeds = "seeds/south-ossetia"
threshold = 50
max_age = "3d"
[topics.terms]                                # groups of names and phrases, any language
place = ["South Ossetia", "Южн* Осети*"]
person = ["Bibilov", "Бибилов*"]
event = ["referendum", "annex*", "референдум*"]
[[receivers]]
name = "desk"
url = "${WATCHER_MAIL_URL}"                   # any apprise URL
topics = ["south-ossetia"]
min_score = 60
when = "now"                                  # now | hourly | daily at HH:MM
quiet = "22:00-07:00"
"""
MINIMAL = """\
[[feeds]]
url = "https://news.example.org/rss"
[[topics]]
id = "t"
terms = { place = ["Tskhinval*"] }
"""
MAIL = {"WATCHER_MAIL_URL": "mailtos://user:pa55-w0rd@smtp.example.org"}


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = tmp_path / "seeds" / "south-ossetia" / "one.txt"
    seed.parent.mkdir(parents=True)
    seed.write_text("The council of South Ossetia votes.", "utf-8")
    monkeypatch.chdir(tmp_path)


def loaded(text: str, environ: dict[str, str] | None = None, **options: Any) -> Settings:
    Path("config.toml").write_text(text, "utf-8")
    return load(Path("config.toml"), environ=environ or {}, **options)


def problems(text: str, environ: dict[str, str] | None = None, **options: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(text, environ, **options)
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


# ------------------------------------------------------------------------------- what is meant


def test_the_contracts_configuration_means_what_it_says() -> None:
    found = loaded(CONTRACT, MAIL)
    assert found.watcher.database == f"sqlite:///{Path.cwd()}/db/watcher.sqlite3"
    assert found.fetch.contact == "desk@example.org"
    assert found.fetch.timeout == timedelta(seconds=30)
    assert found.fetch.max_bytes == 10_000_000
    [feed] = found.feeds
    assert (feed.name, feed.publisher, feed.every) == (
        "Example",
        "example.org",
        timedelta(minutes=15),
    )
    assert (feed.topics, feed.read, feed.kind) == (
        ("south-ossetia",),
        ReadPolicy.ALL,
        FeedKind.FEED,
    )
    [topic] = found.topics
    assert topic.threshold == 50.0
    assert topic.max_age == timedelta(days=3)
    assert list(topic.terms) == ["place", "person", "event"]
    assert topic.terms["place"] == ("South Ossetia", "Южн* Осети*")
    assert [seed.text for seed in topic.seeds] == ["The council of South Ossetia votes."]
    [receiver] = found.receivers
    assert receiver.url == MAIL["WATCHER_MAIL_URL"]
    assert (receiver.min_score, receiver.when, receiver.quiet) == (60.0, "now", "22:00-07:00")


def test_what_is_left_out_has_the_contracts_default() -> None:
    found = loaded(MINIMAL)
    explicit = loaded(CONTRACT, MAIL)
    assert found.watcher == explicit.watcher
    for key in ("timeout", "max_bytes", "concurrency", "per_host", "per_host_delay"):
        assert getattr(found.fetch, key) == getattr(explicit.fetch, key)
    assert found.fetch.min_every == timedelta(minutes=10)
    assert found.fetch.max_every == timedelta(hours=24)
    [feed] = found.feeds
    assert (feed.name, feed.publisher, feed.every, feed.topics) == (
        "news.example.org", "example.org", None, (),
    )  # fmt: skip
    [topic] = found.topics
    assert (topic.name, topic.threshold, topic.max_age) == ("t", 50.0, timedelta(days=3))
    assert found.receivers == ()


def test_every_other_key() -> None:
    Path("message.txt").write_text("{{ headline }}", "utf-8")
    found = loaded(
        """\
[watcher]
database = "postgresql+psycopg://${DB_USER}:${DB_PASSWORD}@db.example.org/watcher"
workers = 3
[fetch]
max_bytes = "5MiB"
allow_private_addresses = ["127.0.0.0/8", "fd00::1/8"]
min_every = "1h30m"
max_every = "2d"
robots = false
[[feeds]]
url = "https://example.org/news"
kind = "listing"
selector = "h2 a"
tags = ["georgia"]
robots = false
[[topics]]
id = "t"
near_miss = 20
terms = { place = ["x"], "!veto" = ["football"] }
[[topics.stages]]
id = "talk"
name = "Talk"
cues = ["may join"]
[[topics.stages]]
id = "denial"
cues = ["ruled out"]
reversal = true
[[receivers]]
name = "chat"
url = "json://example.org"
langs = ["ru", "ka"]
tags = ["georgia"]
reasons = ["new-hit", "stage-change"]
when = "mon,wed at 08:30"
timezone = "Asia/Tbilisi"
breakthrough = 85
breakthrough_stage = true
group_wait = "0s"
max_per_hour = 0
template = "message.txt"
[operator]
receiver = "chat"
[output]
atom = "hits.atom"
""",
        {"DB_USER": "watcher", "DB_PASSWORD": "s3cr3t!"},
    )
    assert found.watcher.database == "postgresql+psycopg://watcher:s3cr3t!@db.example.org/watcher"
    assert found.watcher.workers == 3
    assert found.fetch.max_bytes == 5 * 2**20
    assert found.fetch.allow_private_addresses == (
        ip_network("127.0.0.0/8"),
        ip_network("fd00::/8"),
    )
    assert (found.fetch.min_every, found.fetch.max_every) == (
        timedelta(minutes=90),
        timedelta(days=2),
    )
    assert not found.fetch.robots
    [feed] = found.feeds
    assert (feed.kind, feed.selector, feed.tags) == (FeedKind.LISTING, "h2 a", ("georgia",))
    assert feed.ignore_robots
    [topic] = found.topics
    assert topic.near_miss == 20.0
    assert [(s.id, s.name, s.reversal) for s in topic.stages] == [
        ("talk", "Talk", False), ("denial", "denial", True),
    ]  # fmt: skip
    [receiver] = found.receivers
    assert receiver.langs == ("ru", "ka")
    assert receiver.reasons == ("new-hit", "stage-change")
    assert (receiver.timezone, receiver.breakthrough) == ("Asia/Tbilisi", 85.0)
    assert receiver.breakthrough_stage
    assert receiver.group_wait == timedelta(0)
    assert receiver.template == "{{ headline }}"
    assert found.operator.receiver == "chat"
    assert found.output.atom == Path.cwd() / "hits.atom"


def test_feeds_without_a_name_get_different_ones() -> None:
    addresses = [
        "https://www.a.org/rss",
        "https://a.org/rss/",
        "https://a.org/rss?x=1",
        "http://a.org/",
    ]
    text = "".join(f'[[feeds]]\nurl = "{address}"\n' for address in addresses)
    found = loaded(f'{text}[[topics]]\nid = "t"\nterms = {{ a = ["b"] }}\n')
    assert len({feed.name for feed in found.feeds}) == len(addresses)
    assert {feed.publisher for feed in found.feeds} == {"a.org"}


def test_a_search_stands_for_the_feeds_of_the_engines() -> None:
    found = loaded(
        MINIMAL.replace(
            '"https://news.example.org/rss"', """'news-search:"South Ossetia" lang=ru'"""
        )
    )
    assert [feed.name for feed in found.feeds] == [
        "South Ossetia (Google News)", "South Ossetia (Bing News)",
    ]  # fmt: skip
    assert found.feeds[0].url == (
        "https://news.google.com/rss/search?q=%22South%20Ossetia%22&hl=ru&gl=RU&ceid=RU:ru"
    )
    assert found.feeds[1].url.endswith("&format=rss&mkt=ru-RU")


# -------------------------------------------------------------------------------- what is wrong


def test_all_problems_come_at_once_each_with_line_and_key() -> None:
    assert problems(
        """\
[fetch]
timeout = "30x"
per_hots = 3
concurrency = 0
allow_private_addresses = ["127.0.0.0/8", "nope"]
[[feeds]]
url = "https://example.org/rss"
evry = "15m"
every = 15
read = "allways"
topics = ["sauth"]
[[feeds]]
url = "https://example.org/rss"
robots = "yes"
[[feeds]]
name = "x"
[[topics]]
id = "south"
seeds = "seeds/none"
threshold = 500
terms = { place = "foo" }
[[receivers]]
name = "desk"
url = "${WATCHER_MAIL_URL}"
timezone = "Asia/Tblisi"
quiet = "late"
[operator]
receiver = "dsk"
"""
    ) == [
        'config.toml:2: fetch.timeout: expected a duration such as "30s", "15m", "1h30m" or "3d", got "30x"',
        "config.toml:3: fetch.per_hots: unknown key; did you mean per_host?",
        "config.toml:4: fetch.concurrency: must be at least 1, got 0",
        'config.toml:5: fetch.allow_private_addresses[1]: expected a network such as "127.0.0.0/8" or "fd00::/8", got "nope"',
        "config.toml:8: feeds[0].evry: unknown key; did you mean every?",
        'config.toml:9: feeds[0].every: expected a duration in quotes, such as "30s", "15m", "1h30m" or "3d", got 15',
        "config.toml:10: feeds[0].read: expected one of 'all', 'plausible', 'never', got \"allways\"; did you mean \"all\"?",
        'config.toml:11: feeds[0].topics[0]: no topic has the id "sauth"; did you mean "south"?',
        "config.toml:13: feeds[1].url: is the same as in line 7: each must be its own",
        'config.toml:14: feeds[1].robots: expected true or false, got "yes"',
        'config.toml:15: feeds[2].url: is missing: Address of the feed, or a search: `news-search:"South Ossetia" lang=ru`',
        'config.toml:19: topics[0].seeds: the seeds folder "seeds/none" does not exist: create it and put one example article per file into it',
        "config.toml:20: topics[0].threshold: must be at most 100, got 500",
        'config.toml:21: topics[0].terms.place: expected a list in [brackets], got "foo"',
        "config.toml:24: receivers[0].url: WATCHER_MAIL_URL is not set: set the environment variable, or use $CREDENTIALS_DIRECTORY/WATCHER_MAIL_URL",
        'config.toml:25: receivers[0].timezone: expected a time zone such as "Asia/Tbilisi" or "UTC", got "Asia/Tblisi"',
        'config.toml:26: receivers[0].quiet: "late" are no quiet hours; use two times such as "22:00-07:00"',
        'config.toml:28: operator.receiver: no receiver has the name "dsk"; did you mean "desk"?',
    ]


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        ("[fech]\n", "fech: unknown key; did you mean fetch?"),
        ("watcher = 3\n", "watcher: expected a table of keys, got 3"),
        ("[watcher]\ndatabase = 'mysql://x'\n", "watcher.database: expected sqlite:///PATH"),
        ("[watcher]\ndatabase = 'sqlite://'\n", "watcher.database: expected sqlite:/// followed by"),
        ("[watcher]\ndatabase = 'postgresql://x'\n", "watcher.database: write postgresql+psycopg://"),
        ("[watcher]\nworkers = 1.5\n", "watcher.workers: expected a whole number, got 1.5"),
        ("[fetch]\nmax_bytes = '10 apples'\n", "fetch.max_bytes: expected a size such as"),
        ("[fetch]\nmax_bytes = true\n", "fetch.max_bytes: expected a size in quotes"),
        ("[fetch]\ncontact = 'a\\nb'\n", None),
        ("[fetch]\ncontact = \"a\\nb\"\n", "fetch.contact: must be one line"),
        ("[fetch]\nmin_every = '2d'\nmax_every = '1d'\n", "fetch: min_every is longer than max_every"),
        ("[fetch]\ntimeout = '0s'\n", "fetch.timeout: must be between"),
        ("[[receivers]]\nname = 'a'\n", "receivers[0].url: is missing"),
        ("[[receivers]]\nname = 'a'\nurl = 'json://x'\ntopics = ['z']\n", "receivers[0].topics[0]: no topic has the id"),
        ("[[receivers]]\nname = 'a'\nurl = 'json://x'\nwhen = 'often'\n", "receivers[0].when: "),
        ("[[receivers]]\nname = 'a'\nurl = 'json://x'\nlangs = ['English']\n", "receivers[0].langs[0]: expected a language code"),
        ("[[receivers]]\nname = 'a'\nurl = 'json://x'\nreasons = ['hit']\n", "receivers[0].reasons[0]: expected one of"),
        ("[[receivers]]\nname = 'a'\nurl = 'json://x'\ntemplate = 'no.txt'\n", 'receivers[0].template: can\'t read "no.txt": No such file'),
        ("[[receivers]]\nname = 'a'\nurl = 'json://x'\n[[receivers]]\nname = 'a'\nurl = 'json://y'\n", "receivers[1].name: is the same as in line 7"),
        ("[[topics]]\nid = 't'\nterms = {a = ['b']}\n", "topics[1].id: is the same as in line 4"),
        ("[[topics]]\nid = 'B B'\nterms = {a = ['b']}\n", "topics[1].id: expected lower-case letters"),
        ("[[topics]]\nid = 'u'\n", "topics[1]: has neither seeds nor terms"),
        ("[[topics]]\nid = 'u'\nterms = {a = ['']}\n", "topics[1].terms.a[0]: is empty"),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b', '*']}\n", 'topics[1].terms.a[1]: has no word to look for, got "*"'),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b^x']}\n", 'topics[1].terms.a[0]: expected a number behind "^"'),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b^0.5', 'b...c', '100']}\n", None),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b']}\nlearned = 'no.json'\n", 'topics[1].learned: can\'t read "no.json": No such file'),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b']}\nlearned = 'config.toml'\n", '"config.toml" is not what `topics train --out` writes'),
        ("[[topics]]\nid = 'u'\nseeds = 'config.toml'\n", "is a file, but a folder is needed"),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b']}\n[[topics.stages]]\nid = 's'\ncues = ['@cancl + b']\n", 'topics[1].stages[0].cues: "@cancl" is no meaning; did you mean @cancel?'),
        ("[[topics]]\nid = 'u'\nterms = {a = ['b']}\n[topics.stages]\nid = 's'\ncues = ['b']\n", "topics[1].stages: there may be several: write [[topics.stages]], with two brackets"),
        ("[receivers]\nname = 'a'\nurl = 'json://x'\n", "receivers: there may be several: write [[receivers]], with two brackets"),
        ("[[feeds]]\nurl = 'ftp://x.org/'\n", "feeds[1].url: expected a web address"),
        ("[[feeds]]\nurl = 'https://user:pw@x.org/'\n", "feeds[1].url: expected a web address"),
        ("[[feeds]]\nurl = 'news-search: lang=ru'\n", "feeds[1].url: expected a query"),
        ("[[feeds]]\nurl = 'news-search:x engine=altavista'\n", "feeds[1].url: the engine is one of"),
        ("[[feeds]]\nurl = 'https://x.org/'\nkind = 'listing'\n", "feeds[1]: kind = \"listing\" and a selector"),
        ("[[feeds]]\nurl = 'https://x.org/'\nselector = 'a'\n", "feeds[1]: kind = \"listing\" and a selector"),
    ],
)  # fmt: skip
def test_one_wrong_thing_is_one_clear_line(addition: str, expected: str | None) -> None:
    text = addition + MINIMAL if addition.startswith("watcher =") else MINIMAL + addition
    if expected is None:
        assert loaded(text)
        return
    [problem] = problems(text)
    assert problem.startswith("config.toml:")
    assert expected in problem
    assert "got a list" not in problem or "expected" in problem, "that a list is one is no news"


def test_an_empty_file_asks_for_topics() -> None:
    assert problems("") == [
        'config.toml: topics: no topics: add at least one [[topics]] table with id = "..." and terms',
    ]


def test_a_file_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file.*watcher init"):
        load(Path("nowhere.toml"), environ={})
    with pytest.raises(ConfigError, match="can't be read"):
        load(Path("seeds"), environ={})


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (b"[fetch]\ntimeout = 30s\n", "config.toml:2", "not valid TOML"),
        (b"[fetch]\n[fetch]\n", "config.toml:2", "not valid TOML"),
        (b"a = [1,\n\n", "config.toml:3", "not valid TOML"),
        (b"# caf\xe9\n", "config.toml:1", "not UTF-8"),
        (b"x = " + b"[" * 100_000, "config.toml", "not valid TOML"),
        (b"x = " + b"9" * 100_000, "config.toml", "not valid TOML"),
        (b"#" * 5_000_001, "config.toml", "over 5 MB"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(content: bytes, where: str, message: str) -> None:
    Path("config.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(Path("config.toml"), environ={})
    [problem] = caught.value.problems
    assert problem.where == where
    assert message in problem.message


def test_a_bad_seed_is_named_with_its_file() -> None:
    Path("seeds/south-ossetia/two.txt").write_bytes(b"\xff\xfe")
    assert problems(CONTRACT, MAIL) == [
        "seeds/south-ossetia/two.txt: the seed is not UTF-8 (line 1): save it again as UTF-8 text"
    ]


# ------------------------------------------------------------------------- references, secrets


def test_references_are_read_from_a_credential_file_too(tmp_path: Path) -> None:
    (tmp_path / "WATCHER_MAIL_URL").write_text("json://from-a-file.example.org\n", "utf-8")
    found = loaded(CONTRACT, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found.receivers[0].url == "json://from-a-file.example.org"
    both = {"CREDENTIALS_DIRECTORY": str(tmp_path), **MAIL}
    assert loaded(CONTRACT, both).receivers[0].url == MAIL["WATCHER_MAIL_URL"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "WATCHER_MAIL_URL is not set"),
        ({"WATCHER_MAIL_URL": ""}, "WATCHER_MAIL_URL is empty"),
        ({"CREDENTIALS_DIRECTORY": "/nowhere"}, "put a file WATCHER_MAIL_URL into /nowhere"),
    ],
)
def test_a_reference_to_nothing_names_its_variable(environ: dict[str, str], expected: str) -> None:
    [problem] = problems(CONTRACT, environ)
    assert problem.startswith("config.toml:30: receivers[0].url: ")
    assert expected in problem


def test_a_reference_can_not_leave_the_credentials_folder() -> None:
    [problem] = problems(CONTRACT.replace("${WATCHER_MAIL_URL}", "${../../etc/passwd}"))
    assert "a reference is written ${NAME}" in problem


def test_a_refused_receiver_is_told_without_its_secret() -> None:
    def refuse(url: str) -> str:
        return f"the address {url} with token {url.split(':')[2]} is refused"

    [problem] = problems(CONTRACT, MAIL, check_receiver=refuse)
    assert "is refused" in problem
    assert "pa55-w0rd" not in problem
    assert loaded(CONTRACT, MAIL, check_receiver=lambda _url: None)


def test_an_address_that_hides_nothing_is_not_struck_out_of_what_is_said_of_it() -> None:
    bare = CONTRACT.replace("${WATCHER_MAIL_URL}", "json://")
    [problem] = problems(bare, check_receiver=validate_receiver)
    assert "the form is json://{host}" in problem


def test_no_secret_is_in_any_text() -> None:
    secret = "tok3n-Aa11"
    environ = {"SECRET": secret}
    found = loaded(CONTRACT.replace("${WATCHER_MAIL_URL}", "tgram://${SECRET}/1"), environ)
    assert secret in found.receivers[0].url
    assert secret not in repr(found)
    assert secret not in str(found)
    assert secret in found.secrets
    every_key_wrong = f"""\
[watcher]
database = "{secret}"
workers = "${{SECRET}}"
[fetch]
contact = "x"
timeout = "${{SECRET}}"
max_bytes = "${{SECRET}}"
allow_private_addresses = ["${{SECRET}}"]
[[feeds]]
url = "${{SECRET}}"
read = "${{SECRET}}"
topics = ["${{SECRET}}"]
[[topics]]
id = "${{SECRET}}"
seeds = "${{SECRET}}"
[[receivers]]
name = "a"
url = ["{secret}"]
when = "${{SECRET}}"
quiet = "${{SECRET}}"
timezone = "${{SECRET}}"
template = "${{SECRET}}"
[[receivers]]
name = "b"
url = "json://{secret}/"
[operator]
receiver = "${{SECRET}}"
"""
    found_problems = problems(every_key_wrong, environ, check_receiver=lambda url: f"no {url}")
    assert len(found_problems) >= 15
    assert secret not in "\n".join(found_problems)


# ------------------------------------------------------------------------------ any other input

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
    | st.sampled_from(["all", "1h", "now", "${X}", "https://a.org/", "x\n"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["url", "id", "name", "terms", "stages", "topics", "every", "quiet", "seeds", "template"]),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)  # fmt: skip
sections = st.sampled_from(
    ["watcher", "fetch", "feeds", "topics", "receivers", "operator", "output"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(sections, junk, max_size=5))
def test_any_toml_is_loaded_or_refused_with_problems(document: dict[str, Any]) -> None:
    text = "".join(f"{key} = {toml(value)}\n" for key, value in document.items())
    tomllib.loads(text)
    try:
        loaded(text)
        told = [Problem("", "", "it was loaded")]
    except ConfigError as error:
        told = error.problems
    assert told
    assert all(problem.message for problem in told)


def toml(value: Any) -> str:
    import json

    match value:
        case None:
            return "1979-05-27"
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{key} = {toml(inner)}' for key, inner in value.items())}}}"
    return str(value)


# ------------------------------------------------------------------ which file, starting from none


def test_which_file_is_meant(tmp_path: Path) -> None:
    assert find(Path("mine.toml"), environ={"WATCHER_CONFIG": "x.toml"}) == Path("mine.toml")
    assert find(None, environ={"WATCHER_CONFIG": "x.toml"}) == Path("x.toml")
    (tmp_path / "config.toml").touch()
    assert find(None, environ={}, folder=tmp_path) == tmp_path / "config.toml"


def test_the_starter_is_complete_and_never_overwrites(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "new")
    assert {path.relative_to(tmp_path / "new").as_posix() for path in written} == {
        "config.toml", "seeds/south-ossetia/README.md", "seeds/south-ossetia/example.txt",
    }  # fmt: skip
    found = load(tmp_path / "new" / "config.toml", environ={})
    assert len(found.feeds) >= 4
    assert [seed.name for seed in found.topics[0].seeds] == ["example.txt"]
    (tmp_path / "new" / "config.toml").unlink()
    with pytest.raises(UsageError, match=r"README\.md exists already, nothing was written"):
        write_starter(tmp_path / "new")
    assert not (tmp_path / "new" / "config.toml").exists()


def test_a_start_that_fails_half_way_leaves_nothing_in_the_way_of_the_next(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "seeds").write_text("a file where a folder should be", "utf-8")
    with pytest.raises(UsageError, match=r"new/seeds.*can't be written.*nothing was written"):
        write_starter(tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["seeds"]
    (tmp_path / "new" / "seeds").unlink()
    assert write_starter(tmp_path / "new")


def test_the_starters_commented_receiver_works_when_uncommented(tmp_path: Path) -> None:
    write_starter(tmp_path / "new")
    path = tmp_path / "new" / "config.toml"
    head, mark, tail = path.read_text("utf-8").partition("# [[receivers]]")
    path.write_text(head + (mark + tail).replace("# ", "", 1).replace("\n# ", "\n"), "utf-8")
    assert load(path, environ=MAIL).receivers[0].quiet == "22:00-07:00"


# --------------------------------------------------------------------------------------- warnings


def test_files_that_are_no_seeds_are_named_with_what_is_one() -> None:
    text = CONTRACT + "\n[[topics]]\nid = 'u'\nterms = { a = ['b'] }\n"
    assert not [each for each in loaded(text, MAIL).warnings if "not read" in str(each)]
    for name in "abcde":
        Path("seeds/south-ossetia", f"{name}.docx").write_bytes(b"PK")
    [warning] = [str(each) for each in loaded(text, MAIL).warnings if "not read" in str(each)]
    assert 'topics[0].seeds: not read: "a.docx", "b.docx", "c.docx" and 2 more; ' in warning
    assert ".txt, .md" in warning


def test_what_is_allowed_but_hardly_meant_is_a_warning() -> None:
    found = loaded(
        MINIMAL
        + """\
every = "1s"
[[topics]]
id = "lonely"
terms = { a = ["b"] }
[[receivers]]
name = "r"
url = "json://x"
topics = ["t"]
tags = ["gone"]
[fetch]
contact = "you@example.org"
""".replace('every = "1s"\n', "")
    )
    assert [str(warning).partition(" ")[2] for warning in found.warnings] == [
        "fetch.contact: put your own address here: publishers see it and can write before they block",
        'topics[1]: no receiver is told about "lonely"',
        'receivers[0].tags[0]: no feed is tagged "gone"',
    ]


@pytest.mark.parametrize(
    ("reasons", "warned"),
    [
        ('["story-grew", "operator", "revision"]', ["reasons[0]", "reasons[2]"]),
        ('["new-hit", "story-grew", "revision"]', []),
        ('["stage-change", "revision"]', []),
        ('["operator", "spike"]', []),
        ("[]", []),
    ],
)
def test_a_reason_that_can_never_come_is_a_warning(reasons: str, warned: list[str]) -> None:
    text = f'{MINIMAL}\n[[receivers]]\nname = "r"\nurl = "json://x"\nreasons = {reasons}\n'
    lines = [str(each) for each in loaded(text).warnings if "told of the story" in str(each)]
    assert [line.split("receivers[0].")[1].partition(":")[0] for line in lines] == warned


def test_a_file_without_feeds_is_allowed_since_feeds_can_be_added_by_command() -> None:
    found = loaded("[[topics]]\nid = 't'\nterms = {a = ['b']}\n")
    assert found.feeds == ()
    [warning] = [str(each) for each in found.warnings if "feed" in str(each)]
    assert warning.startswith("config.toml: feeds: no feeds: only what `watcher feeds add`")


def test_the_default_configuration_is_fit_for_its_subject() -> None:
    root = Path(__file__).parent.parent
    found = load(root / "config.toml", environ={})
    assert len({feed.publisher for feed in found.feeds}) >= 25
    assert len(found.feeds) == len({feed.url for feed in found.feeds})
    assert len(found.feeds) == len({feed.name for feed in found.feeds})
    [topic] = found.topics
    assert len(topic.seeds) == 2
    together = " ".join(term for group in topic.terms.values() for term in group)
    for name in ("South Ossetia", "Осети", "ოსეთ", "Ирыстон", "Südosset", "Ossétie", "Bibilov"):
        assert name in together
    assert {str(warning).partition(": ")[2].partition(":")[0] for warning in found.warnings} == {
        "fetch.contact", "receivers",
    }  # fmt: skip


def test_the_default_configurations_commented_receivers_work_when_uncommented() -> None:
    root = Path(__file__).parent.parent
    text = (
        (root / "config.toml")
        .read_text("utf-8")
        .replace("seeds/south-ossetia", str(root / "seeds/south-ossetia"))
    )
    lines = [
        line.removeprefix("# ") if line.startswith("# [") or " = " in line[:20] else line
        for line in text.splitlines()
    ]
    environ = {
        "WATCHER_MAIL_URL": "mailtos://user:password@smtp.example.org?to=desk@example.org", "WATCHER_TELEGRAM_URL": "tgram://123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr/-1001234567890",
        "WATCHER_SLACK_URL": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#news",
    }  # fmt: skip
    found = loaded("\n".join(lines), environ, check_receiver=validate_receiver)
    assert [receiver.name for receiver in found.receivers] == ["desk", "telegram", "slack"]
    assert found.operator.receiver == "desk"
    assert found.output.atom is not None


def test_a_broken_template_is_told_with_its_line() -> None:
    Path("message.txt").write_text("{{ broken", "utf-8")
    text = MINIMAL + "[[receivers]]\nname = 'a'\nurl = 'json://x'\ntemplate = 'message.txt'\n"
    [problem] = problems(text, check_template=lambda source: f"no end in {source[-6:]}")
    assert problem == (
        'config.toml:9: receivers[0].template: the template "message.txt": no end in broken'
    )


def test_searches_that_overlap_are_polled_once() -> None:
    text = MINIMAL + "".join(
        f"[[feeds]]\nurl = 'news-search:Tskhinvali{options}'\nname = 'S{options}'\n"
        for options in ("", " engine=google", " engine=bing lang=ru")
    )
    assert [feed.name for feed in loaded(text).feeds] == [
        "news.example.org", "S (Google News)", "S (Bing News)", "S engine=bing lang=ru (Bing News)",
    ]  # fmt: skip


def test_a_name_can_not_steer_a_terminal() -> None:
    text = MINIMAL.replace("[[topics]]", 'name = "a\\u001b[31m\\nb"\n[[topics]]')
    assert loaded(text).feeds[0].name == "a[31m b"
