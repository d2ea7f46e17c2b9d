"""``status``, ``doctor``, ``db`` and ``watcher`` alone, by the installed program."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import database
from program import WATCHER, answer, watcher
from stored import NOW, keep
from test_storage import make_older

from watcher.cli.advice import ADVICE, advice_for
from watcher.model import DeliveryId, Failure, FailureReason, FeedSpec, HitKind
from watcher.storage import HitFilter, PollOutcome, Store
from watcher.storage.engine import SCHEMA

STATUS_KEYS = {
    "version", "database", "schema", "feeds", "backlog", "last_poll_at", "hits_24h", "alerts_24h",
}  # fmt: skip


def write_config(folder: Path, **extra: str) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{folder / "w.sqlite3"}"\n'
        '[fetch]\ncontact = "desk@news.test"\n'
        '[[feeds]]\nurl = "https://a.example/rss"\nname = "Feed A"\n'
        '[[topics]]\nid = "t"\n[topics.terms]\nplace = ["Tskhinvali"]\n' + extra.get("more", ""),
        "utf-8",
    )
    return path


def filled(folder: Path, *, at: datetime) -> Store:
    store = Store(f"sqlite:///{folder / 'w.sqlite3'}")
    keep(store, "k1", title="A headline", text="Text", at=at, receivers=("desk",))
    return store


def claimed(store: Store) -> list[DeliveryId]:
    batch = store.outbox.claim("desk", now=datetime.now(UTC), lease=timedelta(minutes=1))
    assert batch is not None
    return [delivery.id for delivery in batch.deliveries]


def findings(config: Path, *, code: int | None = None) -> dict[str, str]:
    found = answer("doctor", config=config, code=code)
    return {f["subject"]: f["found"] for f in found["findings"] if f["level"] == "problem"}


def test_each_state_has_its_next_step(tmp_path: Path) -> None:
    nowhere = watcher(config=tmp_path / "none.toml").stdout
    assert "watcher init" in nowhere
    config = write_config(tmp_path)
    first = watcher(config=config).stdout
    assert "watcher poll" in first
    assert "is fine: 1 feed, 1 topic. " in " ".join(first.split())
    assert ": 1 feed, 1 topic, 0 receivers: fine" in watcher("check", config=config).stdout
    watcher("db", "upgrade", config=config)
    assert "polled yet" in watcher(config=config).stdout
    store = filled(tmp_path, at=datetime.now(UTC))
    assert "watcher review" in watcher(config=config).stdout
    [hit] = store.review.hits(HitFilter())
    store.close()
    assert ": 1 article, 1 publisher" in watcher("hits", "show", str(hit.id), config=config).stdout
    watcher("hits", "mark", str(hit.id), "relevant", config=config)
    assert "reviewed" in watcher(config=config).stdout
    text = config.read_text("utf-8")
    nobody = text.replace("sqlite:///", "postgresql+psycopg://127.0.0.1:1/")
    assert nobody != text
    config.write_text(nobody, "utf-8")
    said = watcher(config=config).stdout
    assert "watcher doctor" in said
    assert "polled" not in said
    config.write_text(text, "utf-8")
    config.write_text(config.read_text("utf-8").replace("topics", "tropics"), "utf-8")
    assert "watcher check" in watcher(config=config).stdout


def test_status_keeps_its_contract(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    filled(tmp_path, at=datetime.now(UTC)).close()
    found = answer("status", config=config)
    assert set(found) >= STATUS_KEYS
    assert found["feeds"] == {"total": 1, "ok": 1, "failing": 0, "paused": 0}
    assert found["backlog"]["deliveries"] == 1
    assert (found["hits_24h"], found["alerts_24h"]) == (1, 1)
    text = watcher("status", config=config, env={"COLUMNS": "80"}).stdout
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) < 24


@pytest.mark.postgres
def test_who_works_on_a_server_is_not_known_and_not_denied(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with database("postgres", tmp_path) as address:
        store = Store(address)
        keep(store, "k1", title="A headline", text="Text", at=NOW, receivers=("desk",))
        store.close()
        text = config.read_text("utf-8")
        config.write_text(text.replace(f"sqlite:///{tmp_path / 'w.sqlite3'}", address), "utf-8")
        assert "running    not known here" in watcher("status", config=config).stdout
        doctor = watcher("doctor", config=config, code=1).stdout
        assert "due work waits" in doctor
        assert "no service runs" not in doctor


def test_a_healthy_watcher_has_no_findings(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    store = filled(tmp_path, at=datetime.now(UTC))
    store.outbox.record_sent(claimed(store), now=NOW)
    store.close()
    assert findings(config, code=0) == {}
    assert "Nothing is wrong." in watcher("doctor", config=config).stdout


def test_doctor_names_each_trouble_and_what_to_do(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    past = datetime.now(UTC) - timedelta(hours=5)
    store = filled(tmp_path, at=past)
    store.outbox.record_dead(claimed(store), error="550 \x1b[31mno such user")
    [feed] = store.feeds.all()
    gone = Failure(reason=FailureReason.HTTP_404, detail="not found")
    for _ in range(3):
        store.feeds.record(
            [PollOutcome(feed_id=feed.id, at=past, next_poll_at=past, schedule={}, failure=gone)]
        )
    store.close()
    (tmp_path / "w.sqlite3").chmod(0o644)
    found = findings(config, code=1)
    assert "3 times" in found["feeds failing: http-404"]
    assert "550 [31mno such user" in found["receiver desk"]
    assert "feeds since 5 h" in found["backlog"]
    assert "read by everybody" in found["database"]
    text = watcher("doctor", config=config, code=1).stdout
    assert "feeds discover" in text
    assert "alerts retry 1" in text
    assert "\x1b" not in text


def test_what_the_first_page_counts_as_trouble_doctor_names(tmp_path: Path) -> None:
    """A feed that failed once is no problem yet, but "nothing is wrong" alone would be untrue."""
    config = write_config(tmp_path)
    now = datetime.now(UTC)
    store = filled(tmp_path, at=now)
    store.outbox.record_sent(claimed(store), now=NOW)
    [feed] = store.feeds.all()
    gone = Failure(reason=FailureReason.HTTP_404, detail="not found")
    others = [
        FeedSpec(url=f"https://{n}.example/rss", name=f"Feed {n}", publisher=f"{n}.example")
        for n in "BC"
    ]
    store.feeds.sync([feed.spec, *others], now=now + timedelta(hours=1))
    store.feeds.record(
        [PollOutcome(feed_id=feed.id, at=now, next_poll_at=now, schedule={}, failure=gone)]
    )
    store.close()
    assert "1 feed or delivery is in trouble" in watcher(config=config).stdout
    said = watcher("doctor", config=config).stdout
    assert "failed of late, to be tried again: Feed A" in said
    assert "watcher feeds" in said


def test_a_database_of_another_release_is_named_as_such_with_the_way_out(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    store = filled(tmp_path, at=datetime.now(UTC))
    make_older(store, "0003")
    store.close()
    done = watcher("hits", config=config, code=1)
    assert "older than this program; `watcher db upgrade`" in done.stderr
    assert findings(config, code=1) == {"database": f"schema 0003, this program is for {SCHEMA}"}
    watcher("db", "upgrade", config=config)
    assert len(answer("hits", config=config)) == 1
    with closing(sqlite3.connect(tmp_path / "w.sqlite3")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0099'")
    [newer] = [
        finding
        for finding in answer("doctor", config=config, code=None)["findings"]
        if "0099" in finding["found"]
    ]
    assert newer["advice"] == "update the program"


def test_doctor_sees_a_clock_that_went_back(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    filled(tmp_path, at=datetime.now(UTC) + timedelta(days=1)).close()
    assert "clock" in findings(config, code=1)


def test_doctor_sees_damage_and_what_is_missing(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    assert "no database yet" in findings(config, code=1)["database"]
    filled(tmp_path, at=datetime.now(UTC)).close()
    with sqlite3.connect(tmp_path / "w.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    assert "schema 0000" in findings(config, code=1)["database"]
    (tmp_path / "w.sqlite3").write_bytes(b"no database at all" * 100)
    assert "database" in findings(config, code=1)
    config.write_text("nonsense", "utf-8")
    assert "configuration" in findings(config, code=1)


def test_a_database_that_cannot_be_opened_says_why_and_doctor_what_to_do(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    (tmp_path / "w.sqlite3").mkdir()
    assert "a folder, where the database file" in watcher("hits", config=config, code=1).stderr
    assert "a folder, where the database file" in findings(config, code=1)["database"]
    said = watcher("doctor", config=config, code=1).stdout
    assert "or set watcher.database" in said
    # Where nobody may write beside it, it can't be read either.
    (tmp_path / "w.sqlite3").rmdir()
    filled(tmp_path, at=NOW).close()
    (tmp_path / "w.sqlite3-wal").mkdir()
    assert "write to it and its folder" in watcher("hits", config=config, code=1).stderr
    text = config.read_text("utf-8")
    config.write_text(text.replace("sqlite:///", "postgresql+psycopg://127.0.0.1:1/"), "utf-8")
    said = " ".join(watcher("doctor", config=config, code=1).stdout.split())
    assert "Connection refused" in said
    assert "see that the server runs" in said
    assert "backup" not in said


def test_every_reason_has_advice() -> None:
    assert all(advice_for(reason) for reason in FailureReason)
    assert advice_for("something-new")
    assert set(ADVICE) <= set(FailureReason)


def test_a_backup_comes_back_and_what_was_there_is_kept(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    store = filled(tmp_path, at=NOW)
    backup = tmp_path / "backup.sqlite3"
    watcher("db", "backup", backup, config=config)
    keep(store, "k2", title="Later", text="Text")
    store.close()
    assert len(answer("hits", config=config)) == 2
    watcher("db", "restore", backup, config=config)
    assert [hit["title"] for hit in answer("hits", config=config)] == ["A headline"]
    [kept] = [path for path in tmp_path.glob("w.sqlite3.before-*") if path.suffix != ".lock"]
    with sqlite3.connect(kept) as old:
        assert old.execute("SELECT count(*) FROM hits").fetchone() == (2,)
    assert (tmp_path / "w.sqlite3").stat().st_mode & 0o077 == 0
    watcher("db", "check", config=config)


@pytest.mark.parametrize("trouble", ["missing", "no database", "damaged", "running", "itself"])
def test_a_restore_that_would_do_harm_is_refused(tmp_path: Path, trouble: str) -> None:
    config = write_config(tmp_path)
    store = filled(tmp_path, at=NOW)
    backup = tmp_path / "backup.sqlite3"
    store.backup(backup)
    if trouble == "missing":
        backup.unlink()
    elif trouble == "no database":
        backup.write_text("hello", "utf-8")
    elif trouble == "damaged":
        body = bytearray(backup.read_bytes())
        body[8192:40_000] = b"\x55" * (40_000 - 8192)
        backup.write_bytes(body)
    elif trouble == "running":
        store.lock.acquire()
    source = tmp_path / "w.sqlite3" if trouble == "itself" else backup
    watcher("db", "restore", source, config=config, code=1)
    assert len(store.review.hits(HitFilter())) == 1
    store.close()


def test_pruning_keeps_hits_and_what_feeds_still_list(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    store = filled(tmp_path, at=NOW)
    keep(store, "near", title="Near", text="x", kind=HitKind.NEAR_MISS)
    for name in ("old1", "old2", "listed"):
        keep(store, name, title=f"About {name}", text="x", kind=HitKind.SAMPLE)
    with store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM hits WHERE kind = 'sample'")
    store.close()
    would = answer("db", "prune", "--older", "1d", "--dry-run", config=config)
    assert would["entries"] == 2
    # The window of the last poll holds the key "listed": a reader would meet it again.
    done = answer("db", "prune", "--older", "1d", "--compact", config=config)
    assert (done["entries"], done["articles"]) == (2, 2)
    assert answer("db", "prune", "--older", "1d", config=config) == {"entries": 0, "articles": 0}
    assert len(answer("hits", config=config)) == 1
    assert len(answer("hits", "--near-misses", config=config)) == 1
    with sqlite3.connect(tmp_path / "w.sqlite3") as connection:
        keys = connection.execute("SELECT entry_key FROM entries ORDER BY id").fetchall()
    assert keys == [("k1",), ("near",), ("listed",)]
    assert "0 articles" in watcher("db", "reindex", config=config).stdout


@pytest.mark.parametrize(
    "words",
    ["hits", "hits search war", "stories", "alerts", "alerts preview", "feeds"],
)
def test_where_nothing_is_stored_yet_a_listing_is_empty_and_says_how_to_begin(
    tmp_path: Path, words: str
) -> None:
    config = write_config(tmp_path)
    text = config.read_text(encoding="utf-8")
    feed = text[text.index("[[feeds]]") : text.index("[[topics]]")]
    config.write_text(text.replace(feed, ""), encoding="utf-8")
    said = watcher(*words.split(), config=config)
    assert said.stdout.lower().startswith("no"), said.stdout
    listed = watcher(*words.split(), "--json", config=config)
    assert json.loads(listed.stdout) == []
    if words != "feeds":  # which are known without a database
        assert "watcher poll" in said.stderr
        assert "watcher poll" in listed.stderr
    assert not list(tmp_path.glob("**/*sqlite3*")), "to look makes no file"
    # Of a broken configuration it may be untrue that nothing is stored.
    config.write_text(text.replace("contact", "contcat"), encoding="utf-8")
    assert "contcat" in watcher(*words.split(), config=config, code=2).stderr


@pytest.mark.parametrize("noun", ["hits", "stories"])
def test_a_topic_that_nobody_knows_is_refused_where_nothing_is_stored_too(
    tmp_path: Path, noun: str
) -> None:
    config = write_config(tmp_path)
    assert answer(noun, "--topic", "t", config=config) == []
    assert "no topic x" in watcher(noun, "--topic", "x", config=config, code=2).stderr


def test_mistakes_end_with_one_clear_line(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    wrong = watcher("staus", config=config, code=2)
    assert "status" in wrong.stderr
    assert "no database yet" in watcher("status", config=config, code=1).stderr
    filled(tmp_path, at=NOW).close()
    assert "needs a terminal" in watcher("review", config=config, code=2).stderr
    assert "30m" in watcher("db", "prune", "--older", "soon", config=config, code=2).stderr
    report = watcher("report", "--out", tmp_path / "no" / "r.html", config=config, code=1)
    assert "can't be written" in report.stderr
    watcher("report", "--out", tmp_path / "r.html", "--since", "900d", config=config)
    assert "A headline" in (tmp_path / "r.html").read_text("utf-8")
    shutil.rmtree(tmp_path)
    assert json.loads(watcher("doctor", "--json", config=config, code=1).stdout)["ok"] is False


def test_numbers_times_and_addresses_beyond_all_bounds_are_refused_in_a_line(
    tmp_path: Path,
) -> None:
    config = write_config(tmp_path)
    filled(tmp_path, at=datetime.now(UTC)).close()
    nobody = "99999999999999999999"
    for words in (("why", nobody), ("alerts", "retry", nobody), ("hits", "--story", nobody)):
        assert "too large" in watcher(*words, config=config, code=1).stderr
    for words in (
        ("hits", "--since", "99999999d"),
        ("hits", "--until", "0001-01-01"),
        ("alerts", "silence", "--topic", "t", "--for", "99999999d"),
        ("topics", "timeline", "t", "--since", "9999999w"),
    ):
        said = watcher(*words, config=config, code=2, env={"TZ": "Asia/Tokyo"}).stderr
        assert words[-1] in said
    for command in ("test", "add", "discover"):
        assert "bad-url" in watcher("feeds", command, "http://[::1", config=config, code=1).stderr


def test_a_reader_that_leaves_and_streams_that_are_closed_are_no_failure(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    filled(tmp_path, at=datetime.now(UTC)).close()

    def shell(words: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-o", "pipefail", "-c", f"'{WATCHER}' -c '{config}' {words}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    for words in ("why 1 | true", "hits --json | true", "feeds >&-", "why 1 >&-", "status 2>&-"):
        done = shell(words)
        assert (done.returncode, done.stderr) == (0, ""), words
    assert "there is nothing in it" in shell("score - <&-").stderr
