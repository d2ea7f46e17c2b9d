"""The installed service under faults: stops, kills, receivers that misbehave, a disk that fills."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from databases import database
from newsweb import NewsWeb, write_config
from processes import descendants, is_alive
from program import WATCHER, answer, watcher
from receivers import Fault, MailFault, MailServer, Reply, WebhookServer, eventually
from webserver import Answer

pytestmark = pytest.mark.timeout(300)
PATIENCE = 120.0


@contextmanager
def service(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service; killed at the end if it is still there, and then its log is shown."""
    with log_of(config).open("wb") as log:
        running = subprocess.Popen(
            [str(WATCHER), "-c", str(config), "run"], stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        print(log_of(config).read_text("utf-8"))


def log_of(config: Path) -> Path:
    return config.with_suffix(".log")


def stop(running: subprocess.Popen[bytes], config: Path) -> str:
    """SIGTERM, exit 0 within the time promised; returns the log."""
    running.send_signal(signal.SIGTERM)
    code = running.wait(30)
    log = log_of(config).read_text("utf-8")
    assert code == 0, log
    assert "Traceback" not in log, log
    assert "never retrieved" not in log, log
    return log


def family(running: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return descendants(running.pid)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(map(is_alive, processes))


def receiver(name: str, url: str) -> str:
    return f'\n[[receivers]]\nname = "{name}"\nurl = "{url}"\ngroup_wait = "0s"\n'


FOOTBALL = """
[[topics]]
id = "football"
name = "Alania"
threshold = 10
[topics.terms]
club = ["Алани*"]
game = ["ничь*", "тренер*"]
"""


def rows(config: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(config.parent / "watcher.sqlite3")) as db:
        return db.execute(query).fetchall()


def leased(config: Path) -> list[str]:
    return [
        table
        for table in ("feeds", "entries", "articles", "deliveries")
        if rows(config, f"SELECT 1 FROM {table} WHERE lease_until IS NOT NULL")
    ]


# ------------------------------------------------------------------------------- endings


def test_sigterm_amid_slow_feeds_pages_and_receivers_ends_cleanly(
    news: NewsWeb, tmp_path: Path
) -> None:
    """Everything is in hand at once: feeds and pages that drip, a receiver that hangs."""
    slow = [
        news.web.answer(f"/slow/{n}", Answer(body=b"x" * 9_000, drip=1.0), host=f"127.0.2.{n}")
        for n in range(1, 20)
    ]
    news.web.answer("/ru/bibilov-ru", Answer(body=b"y" * 9_000, drip=1.0), host="127.0.0.3")
    with WebhookServer(answer=lambda _: Reply(fault=Fault.HANG)) as hook:
        config = write_config(
            tmp_path, [*news.feeds, *slow], [], extra=receiver("desk", hook.url), workers=1
        )
        with service(config) as running:
            hook.wait_for(1, PATIENCE)
            children = family(running)
            assert len(children) >= 3
            stop(running, config)
            eventually(lambda: all_gone(children))
        assert leased(config) == []
        # What hung may have arrived: it is due again, and the repeat will say so.
        states = rows(config, "SELECT state, ambiguous FROM deliveries WHERE attempts > 0")
        assert states
        assert set(states) == {("pending", 1)}


def test_kill_9_leaves_no_process_and_no_lock_behind(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        config = write_config(tmp_path, news.feeds, [], extra=receiver("desk", hook.url))
        with service(config) as running:
            hook.wait_for(1, PATIENCE)
            children = family(running)
            assert len(children) >= 3
            running.kill()
            running.wait()
            eventually(lambda: all_gone(children), 20)
        with service(config) as running:
            eventually(lambda: "watching" in log_of(config).read_text("utf-8"), PATIENCE)
            assert answer("status", config=config)["running"] == running.pid
            stop(running, config)


def test_helpers_that_are_killed_are_replaced(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer(replies=[Reply(fault=Fault.HANG)]) as hook:
        config = write_config(tmp_path, news.feeds[:1], [], extra=receiver("desk", hook.url))
        with service(config) as running:
            hook.wait_for(1, PATIENCE)
            for child in family(running):
                child.kill()
            config.write_text(
                write_config(tmp_path, news.feeds, [], extra=receiver("desk", hook.url)).read_text()
            )
            running.send_signal(signal.SIGHUP)
            # New pages are read, scored and told by new helpers.
            hook.wait_for(2, PATIENCE)
            eventually(lambda: len(rows(config, "SELECT 1 FROM hits")) >= 3, PATIENCE)
            stop(running, config)


def test_a_storm_of_reloads_ends_with_the_newest_configuration(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    with service(config) as running:
        eventually(lambda: bool(news.web.requests_for("/en/feed")), PATIENCE)
        for count in (2, 1, 3, 1, 2):
            write_config(tmp_path, news.feeds[:count], [])
            running.send_signal(signal.SIGHUP)
        config.unlink()
        running.send_signal(signal.SIGHUP)
        eventually(lambda: "reload refused" in log_of(config).read_text("utf-8"), PATIENCE)
        write_config(tmp_path, news.feeds, [])
        running.send_signal(signal.SIGHUP)
        eventually(lambda: bool(news.web.requests_for("/ka/feed")), PATIENCE)
        stop(running, config)
    active = rows(config, "SELECT url FROM feeds WHERE state = 'ok'")
    assert {url for (url,) in active} == set(news.feeds)


# ----------------------------------------------------------------------------- receivers


def test_bad_receivers_delay_nobody_and_each_keeps_its_own_account(
    news: NewsWeb, tmp_path: Path
) -> None:
    """News that comes while others hang still reaches the good receiver at once."""
    with (
        WebhookServer() as good,
        WebhookServer(answer=lambda _: Reply(fault=Fault.HANG)) as hang,
        WebhookServer(answer=lambda _: Reply(fault=Fault.DRIP)) as drip,
        WebhookServer(answer=lambda _: Reply(status=404)) as never,
        WebhookServer(answer=lambda _: Reply(status=429, headers={"Retry-After": "900"})) as later,
        WebhookServer(answer=lambda _: Reply(status=503)) as down,
        MailServer(faults=[MailFault.DROP_AFTER_DATA]) as mail,
    ):
        names = {
            "good": good.url, "hang": hang.url, "drip": drip.url, "never": never.url,
            "later": later.url, "down": down.url, "mail": mail.url,
        }  # fmt: skip
        extra = FOOTBALL + "".join(receiver(name, url) for name, url in names.items())
        config = write_config(tmp_path, news.feeds[:1], [], extra=extra)
        with service(config) as running:
            for server in (hang, drip, never, later, down):
                server.wait_for(1, PATIENCE)
            good.wait_for(1, PATIENCE)
            # While two receivers hold their senders, another story comes in.
            write_config(tmp_path, news.feeds[:2], [], extra=extra)
            running.send_signal(signal.SIGHUP)
            good.wait_for(2, 25)
            mail.wait_for(1, PATIENCE)
            # What was answered is written down; what hangs is given back by the stop.
            answered = "SELECT 1 FROM deliveries WHERE alert_id = 1 AND state = "
            eventually(lambda: bool(rows(config, f"{answered} 'dead'")), PATIENCE)
            eventually(
                lambda: len(rows(config, f"{answered} 'pending' AND last_error <> ''")) >= 2,
                PATIENCE,
            )
            stop(running, config)
        found = rows(
            config,
            "SELECT receiver, state, ambiguous, last_error, attempts FROM deliveries "
            "WHERE alert_id = 1",
        )
        account = {str(row[0]): row[1:] for row in found}
        assert account["good"][0] == "sent"
        assert account["never"][0] == "dead"
        for waiting in ("hang", "drip", "later", "down"):
            assert account[waiting][0] == "pending", waiting
            assert account[waiting][2], waiting
        assert account["mail"][1]  # may have arrived
        [(wait,)] = rows(
            config,
            "SELECT max(unixepoch(next_try_at)) - unixepoch('now') FROM deliveries "
            "WHERE receiver = 'later'",
        )
        assert isinstance(wait, int)
        assert wait > 600
        assert (
            Counter(ids for r in good.receipts for ids in r.delivery_ids).most_common(1)[0][1] == 1
        )


@pytest.mark.postgres
def test_two_services_share_one_outbox_without_doubling(news: NewsWeb, tmp_path: Path) -> None:
    with database("postgres", tmp_path) as url, WebhookServer() as hook, MailServer() as mail:
        extra = receiver("hook", hook.url) + receiver("mail", mail.url)
        folders = [tmp_path / "one", tmp_path / "two"]
        configs = []
        for folder in folders:
            folder.mkdir()
            configs.append(
                write_config(folder, news.feeds, [], database=url, extra=extra, workers=1)
            )
        with service(configs[0]) as one, service(configs[1]) as two:
            hook.wait_for(1, PATIENCE)
            mail.wait_for(1, PATIENCE)
            eventually(lambda: len(answer("hits", config=configs[0])) == 3, PATIENCE, every=0.5)
            eventually(
                lambda: not answer("alerts", "preview", config=configs[0]), PATIENCE, every=0.5
            )
            stop(one, configs[0])
            stop(two, configs[1])
        for receipts in (hook.receipts, mail.receipts):
            copies = Counter(delivery for r in receipts for delivery in r.delivery_ids)
            assert copies
            assert set(copies.values()) == {1}
        assert len({hit["story_id"] for hit in answer("hits", config=configs[0])}) >= 1
        for path in ("/en/feed", "/ru/feed", "/ka/feed"):
            assert len(news.web.requests_for(path)) == 1


# ------------------------------------------------------------------------------ databases


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, where mounting is allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_in_one_line_and_work_goes_on_when_there_is_room(
    news: NewsWeb, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk, WebhookServer() as hook:
        config = write_config(
            tmp_path,
            news.feeds,
            [("hook", hook.url)],
            database=f"sqlite:///{disk / 'watcher.sqlite3'}",
        )
        watcher("db", "upgrade", config=config)
        ballast = disk / "ballast"
        ended = []
        # From the first statement on, and then somewhere in the middle of the work.
        for room in (0, 50_000, 100_000, 150_000, 200_000):
            fill(disk, ballast, leave=room)
            tried = watcher("poll", config=config, code=None)
            ended.append(tried.returncode)
            if tried.returncode:
                assert "the disk is full" in tried.stderr, tried.stderr
                assert len(tried.stderr.strip().splitlines()) <= 3
        assert ended[0] == 1
        ballast.unlink()
        answer("poll", config=config)
        assert {hit["title"] for hit in answer("hits", config=config)} == news.on_topic
        assert len(hook.receipts) == 1


def fill(disk: Path, ballast: Path, *, leave: int) -> None:
    ballast.unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free
    with ballast.open("wb", buffering=0) as out:
        while free > leave and out.write(b"x" * 4_096):
            free -= 4_096
            if shutil.disk_usage(disk).free <= leave:
                return


def test_a_read_only_disk_is_said_in_one_line(news: NewsWeb, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        config = write_config(
            tmp_path, news.feeds, [], database=f"sqlite:///{disk / 'watcher.sqlite3'}"
        )
        watcher("poll", config=config)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for command in ("poll", "run"):
            failed = watcher(command, config=config, code=1)
            assert any(word in failed.stderr for word in ("read-only", "can't be opened"))
            assert len(failed.stderr.strip().splitlines()) <= 3


def test_a_damaged_database_stops_the_service_before_it_does_harm(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds, [])
    watcher("poll", config=config)
    path = tmp_path / "watcher.sqlite3"
    whole = path.read_bytes()
    page = 4_096
    damaged = bytearray(whole)
    for number in range(8, len(whole) // page, 2):
        damaged[number * page : number * page + 200] = os.urandom(200)
    for broken in (bytes(damaged), b"not a database at all" * 400, whole[: len(whole) // 2]):
        path.write_bytes(broken)
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)
        failed = watcher("run", config=config, code=1)
        said = failed.stderr
        assert any(word in said for word in ("damaged", "malformed", "not an SQLite")), said
        assert path.read_bytes()[: len(broken)] == broken


def test_a_secret_that_comes_with_a_reload_stays_out_of_the_log_too(
    news: NewsWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "canary-of-the-reload-55e0"
    monkeypatch.setenv("LATE", canary)
    config = write_config(tmp_path, news.feeds[:1], [])
    with service(config) as running:
        eventually(lambda: bool(news.web.requests_for("/en/feed")), PATIENCE)
        write_config(tmp_path, news.feeds[:2], [("desk", "json://desk:${LATE}@127.0.0.1:9/x")])
        # A line that says it, whoever wrote it: here the name of a feed.
        config.write_text(config.read_text().replace('"feed 2"', f'"{canary}"'))
        running.send_signal(signal.SIGHUP)
        eventually(lambda: bool(news.web.requests_for("/ru/feed")), PATIENCE)
        eventually(lambda: len(rows(config, "SELECT 1 FROM hits")) >= 2, PATIENCE)
        log = stop(running, config)
    assert "feed ***: 2 new entries" in log
    assert canary not in log
