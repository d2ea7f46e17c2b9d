"""The long-running service: polls a second without start-up, over TLS too, memory, growth.

    python benchmarks/bench_service.py               # about two minutes
    python benchmarks/bench_service.py --only polls,tls

``polls``: passes over 1,000 feeds in one process. ``idle``: memory of ``watcher run`` when nothing
is due. ``growth``: a pass with nothing new over 200 feeds, with 10,000 and with a million entries
stored.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from contenders import Watcher
from measure import Watch, keep, machine, table
from web import Farm

INSIDE = str(Path(__file__).with_name("inside.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="polls,tls,idle,growth")
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--keep", action="store_true", help="write the table to README.md")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    rows: list[list[str]] = []
    try:
        if {"polls", "idle"} & set(options.only.split(",")):
            with Farm(options.feeds) as farm:
                watcher = Watcher(folder / "polls", farm.urls)
                rows += polls(watcher, farm)
                rows += idle(watcher, options.feeds)
        if "tls" in options.only:
            rows += over_tls(folder)
        if "growth" in options.only:
            rows += growth(folder)
    finally:
        shutil.rmtree(folder)
    text = f"{table(['what', 'a second', 'CPU ms each', 'MB'], rows)}\n\n{machine()}.\n"
    print(text)
    if options.keep:
        keep("service", text)


def polls(watcher: Watcher, farm: Farm) -> list[list[str]]:
    """One process; the web changes between its passes."""
    changes: list[tuple[str, Callable[[], object]]] = [
        ("first pass, entries stored", lambda: None),
        *[("nothing new, 304", lambda: None)] * 5,
        *[("same bodies sent again", farm.resend)] * 3,
        *[("bodies changed, no new entry", farm.reshuffle)] * 3,
    ]
    found: dict[str, list[dict[str, Any]]] = {}
    peaks: dict[str, float] = {}
    with inside(watcher, ["wait", "poll"] * len(changes)) as (process, watch):
        for name, change in changes:
            change()
            watch.peak_mb = 0.0
            print(file=process.stdin, flush=True)
            process.stdout.readline()
            found.setdefault(name, []).append(json.loads(process.stdout.readline()))
            peaks[name] = max(watch.peak_mb, peaks.get(name, 0.0))
    watcher.forget()
    return [figures(name, steps, f"{peaks[name]:.0f}") for name, steps in found.items()]


def figures(name: str, steps: Sequence[Mapping[str, Any]], memory: str = "") -> list[str]:
    for step in steps:
        if step["failed"]:
            raise SystemExit(f"{name}: {step}")
    seconds = statistics.median(step["seconds"] / step["polled"] for step in steps)
    cpu = statistics.median(step["cpu"] / step["polled"] for step in steps)
    return [name, f"{1 / seconds:.0f}", f"{cpu * 1000:.2f}", memory]


def over_tls(folder: Path) -> list[list[str]]:
    """A handshake with every poll; few hosts, since one certificate names them all."""
    with Farm(100, tls=True) as farm:
        watcher = Watcher(folder / "tls", farm.urls)
        trust = {"SSL_CERT_FILE": str(farm.certificate)}
        with inside(watcher, ["poll"] * 9, trust) as (process, _watch):
            steps = [json.loads(line) for line in process.stdout]
    return [figures("nothing new, 304, over TLS", steps[1:])]


def idle(watcher: Watcher, feeds: int) -> list[list[str]]:
    """``watcher run`` with everything polled a moment ago."""
    command = [*watcher.command("all")[:3], "run"]
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    watch = Watch(psutil.Process(service.pid))
    time.sleep(10)
    memory = watch.look()
    service.terminate()
    service.wait(30)
    return [[f"idle service of {feeds:,} feeds", "", "", f"{memory:.0f}"]]


def growth(folder: Path) -> list[list[str]]:
    """Nothing new, everything asked: polling, reading, scoring, sending."""
    rows = []
    with Farm(200) as farm:
        watcher = Watcher(folder / "growth", farm.urls)
        with inside(watcher, ["poll"]) as (process, _watch):
            process.stdout.readline()
        watcher.forget()
        for entries in (10_000, 1_000_000):
            store(watcher, entries)
            with inside(watcher, ["poll", "rest"] * 5) as (process, _watch):
                steps = [json.loads(line) for line in process.stdout]
            passes = [
                {key: poll[key] + rest[key] for key in ("seconds", "cpu", "polled", "failed")}
                for poll, rest in zip(steps[::2], steps[1::2], strict=True)
            ]
            rows.append(figures(f"nothing new, {entries:,} entries stored", passes[1:]))
    return rows


def store(watcher: Watcher, entries: int) -> None:
    """So many entries, all dealt with, and an article for every tenth."""
    with contextlib.closing(sqlite3.connect(watcher.folder / "watcher.sqlite3")) as connection:
        connection.execute("pragma synchronous=off")
        last = connection.execute("select max(id) from entries").fetchone()[0]
        _copy(connection, "entries", "entry_key", last, entries)
        needed = connection.execute("pragma table_info(articles)").fetchall()
        article = {
            **{
                name: "0" if kind in ("INTEGER", "BOOLEAN") else "''"
                for _, name, kind, must, *_ in needed
                if must
            },
            **dict.fromkeys(["canonical_url", "url"], "'http://paper.example/' || n"),
            "text": "'" + "Something happened in town. " * 20 + "'",
            "first_seen_at": "'2026-01-01 00:00:00.000000'",
        }
        del article["id"]
        had = connection.execute("select count(*) from articles").fetchone()[0]
        connection.execute(
            f"with recursive c(n) as (select {had + 1} union all select n + 1 from c where n < ?)"
            f" insert into articles ({', '.join(article)}) select {', '.join(article.values())}"
            " from c",
            [max(entries // 10, had + 1)],
        )
        connection.execute("analyze")
        connection.commit()


def _copy(connection: sqlite3.Connection, name: str, key: str, last: int, wanted: int) -> None:
    """Rows up to ``wanted``, each like an existing one but for its key."""
    columns = [row[1] for row in connection.execute(f"pragma table_info({name})") if row[1] != "id"]
    values = ["'k' || n" if column == key else column for column in columns]
    connection.execute(
        f"with recursive c(n) as (select {last + 1} union all select n + 1 from c where n < ?)"
        f" insert into {name} ({', '.join(columns)})"
        f" select {', '.join(values)} from c join {name} old on old.id = 1 + n % 1000",
        [wanted],
    )


@contextlib.contextmanager
def inside(watcher: Watcher, steps: Sequence[str], env: Mapping[str, str] | None = None) -> Any:
    """The stages in a process of their own, watched."""
    process = subprocess.Popen(
        [sys.executable, INSIDE, str(watcher.config("all")), *steps],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    watch = Watch(psutil.Process(process.pid))
    watch.start()
    try:
        yield process, watch
        process.stdin.close()  # type: ignore[union-attr]
        if process.wait(60):
            raise SystemExit(f"inside.py ended with {process.returncode}")
    finally:
        watch.stop()
        process.kill()


if __name__ == "__main__":
    main()
