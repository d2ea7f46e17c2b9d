"""Ten passes over feeds of which 5% hang, 5% fail and 2% attack: who waits, and how much memory.

    python benchmarks/bench_hostile.py               # 1,000 feeds, 3 s of patience: a minute
    python benchmarks/bench_hostile.py --full        # 10,000 feeds, 30 s of patience

"Last well" is when the last healthy feed of a pass was polled; it has to be within the shortest
interval, which is ten minutes for 10,000 feeds and one for 1,000.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psutil
from contenders import Watcher
from hostile import kind
from measure import Watch, keep, machine, table
from web import _await_port, _free_port, address

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--keep", action="store_true", help="write the table to README.md")
    options = parser.parse_args()
    feeds, patience = (10_000, 30) if options.full else (1_000, 3)
    interval = 600 if options.full else 60
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    port = _free_port()
    server = subprocess.Popen([sys.executable, str(HERE / "hostile.py"), str(port)])
    try:
        _await_port(port)
        urls = [f"http://{address(number)}:{port}/feed.xml" for number in range(feeds)]
        watcher = Watcher(folder / "watcher", urls, fetch=f'timeout = "{patience}s"')
        rows = run_passes(watcher, options.passes, feeds)
    finally:
        server.terminate()
        shutil.rmtree(folder)
    head = [
        "pass",
        "last well after s",
        "pass s",
        "healthy polled",
        "failed",
        "memory MB",
        "peak MB",
    ]
    text = (
        f"{table(head, rows)}\n\n{feeds} feeds, {patience} s of patience; healthy feeds are due "
        f"every {interval} s at the soonest. {machine()}.\n"
    )
    print(text)
    if options.keep:
        keep("hostile", text)


def run_passes(watcher: Watcher, passes: int, feeds: int) -> list[list[str]]:
    well = sum(kind(number) == "well" for number in range(feeds))
    command = [sys.executable, str(HERE / "inside.py"), str(watcher.config("never"))]
    rows: list[list[str]] = []
    with subprocess.Popen(
        [*command, *["poll"] * passes], stdout=subprocess.PIPE, text=True
    ) as process:
        watch = Watch(psutil.Process(process.pid), every=0.5)  # each look costs a few ms
        watch.start()
        assert process.stdout is not None
        for number, line in enumerate(process.stdout, 1):
            done = json.loads(line)
            polled, last = healthy(watcher.folder / "watcher.sqlite3", done["at"])
            if polled != well:
                raise SystemExit(f"pass {number}: {polled} of {well} healthy feeds polled")
            figures = [f"{last:.1f}", f"{done['seconds']:.1f}", f"{polled} of {well}"]
            rows.append([str(number), *figures, str(done["failed"]), f"{watch.look():.0f}"])
            rows[-1].append(f"{watch.peak_mb:.0f}")
            print(" ".join(rows[-1]), file=sys.stderr, flush=True)
        watch.stop()
    return rows


def healthy(database: Path, started: float) -> tuple[int, float]:
    """How many feeds were polled well since then, and after how many seconds the last."""
    since = datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    query = "select id, last_polled_at from feeds where last_polled_at >= ? and last_error is null"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        # Ids are given in the order of the configuration.
        found = [at for id_, at in connection.execute(query, [since]) if kind(id_ - 1) == "well"]
    last = datetime.fromisoformat(max(found)).replace(tzinfo=UTC) if found else None
    return len(found), last.timestamp() - started if last else 0.0


if __name__ == "__main__":
    main()
