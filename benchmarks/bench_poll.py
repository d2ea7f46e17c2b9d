"""Poll a loopback web of 1,000 feeds, beside others that poll the same web in the same minutes.

    python benchmarks/bench_poll.py --reader READER/bin/python     # about 5 minutes
    python benchmarks/bench_poll.py --only watcher,floor --passes nothing-new

Each pass is a command of its own, start-up included. ``--keep`` writes the table to README.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contenders import Peer, Reader, Watcher
from measure import Cost, keep, machine, median, run, table
from web import Farm

PASSES = {
    "first": "first pass, pages not read",
    "nothing-new": "nothing new, 304",
    "new": "5% have one new entry, its page read",
    "resent": "same bodies sent again",
    "changed": "bodies changed, no new entry",
}
SLOWEST = 180


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the farm goes with us
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with Farm(options.feeds) as farm:
            contenders = ready(options, folder, farm)
            costs = run_passes(options, farm, contenders)
        report(options, farm.kind, [c.name for c in contenders], costs)
    finally:
        shutil.rmtree(folder)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many")
    parser.add_argument("--reader", help="a Python that has lemon24/reader")
    parser.add_argument("--only", default="watcher,floor,script,reader")
    parser.add_argument("--passes", default=",".join(PASSES))
    parser.add_argument("--keep", action="store_true", help="write the table to README.md")
    return parser.parse_args()


def ready(options: argparse.Namespace, folder: Path, farm: Farm) -> list[Any]:
    wanted = options.only.split(",")
    found: list[Any] = []
    if "watcher" in wanted:
        found.append(Watcher(folder / "watcher", farm.urls))
    for name, program in (("floor", "floor.py"), ("script", "script.py")):
        if name in wanted:
            found.append(Peer(name, program, folder / name, farm.urls, sys.executable))
    if "reader" in wanted and options.reader:
        found.append(Reader(folder / "reader", farm.urls, options.reader))
    return found


def run_passes(
    options: argparse.Namespace, farm: Farm, contenders: list[Any]
) -> dict[str, dict[str, list[Cost]]]:
    costs: dict[str, dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))

    def take(wanted: str, only: list[Any], new: int = 0) -> None:
        for contender in only:
            cost = run(contender.command(wanted), timeout=SLOWEST)
            if contender.name == "watcher":
                check(json.loads(cost.output), len(farm.urls), new)
            costs[wanted][contender.name].append(cost)
            say(f"{wanted}: {contender.name} {cost.seconds:.2f} s, {cost.cpu:.2f} s of CPU")

    take("first", contenders, new=20 * len(farm.urls))
    for contender in contenders:
        contender.settle()
    # The bodies change last: reader keeps no validator of an answer without new entries, and asks
    # in vain for ever after.
    changes: dict[str, Callable[[], int | None]] = {
        "nothing-new": lambda: 0,
        "new": lambda: farm.publish(0.05),
        "resent": farm.resend,
        "changed": farm.reshuffle,
    }
    for wanted, change in changes.items():
        for turn in range(options.rounds if wanted in options.passes.split(",") else 0):
            new = change() or 0
            slow = turn and wanted in ("resent", "changed")  # half a minute each for the peers
            quick = [c for c in contenders if not slow or c.name in ("watcher", "floor")]
            take(wanted, quick, new=new)
    return costs


def check(tally: dict[str, Any], feeds: int, new: int) -> None:
    """A pass that did not do its work has no figure."""
    done = (tally["polled"], tally["failed"], tally["entries"])
    if done != (feeds, 0, new):
        raise SystemExit(f"polled, failed, entries: {done} instead of {(feeds, 0, new)}: {tally}")


def report(
    options: argparse.Namespace,
    kind: str,
    names: list[str],
    costs: dict[str, dict[str, list[Cost]]],
) -> None:
    rows = []
    for wanted, title in PASSES.items():
        middle = {name: median(found) for name, found in costs.get(wanted, {}).items()}
        for name in names if wanted in costs else []:
            cost = middle[name]
            ours = middle.get("watcher", cost)
            ratios = [f"{cost.seconds / ours.seconds:.2f}", f"{cost.cpu / ours.cpu:.2f}"]
            figures = (options.feeds / cost.seconds, cost.seconds, cost.cpu, cost.peak_mb)
            texts = [f"{f:.{digits}f}" for f, digits in zip(figures, (0, 2, 2, 0), strict=True)]
            rows.append([title if name == names[0] else "", name, *texts, *ratios])
    head = ["pass", "program", "feeds/s", "seconds", "CPU s", "peak MB"]
    head += ["time / watcher's", "CPU / watcher's"]
    text = f"{table(head, rows)}\n\n{options.feeds} feeds, web by {kind}. {machine()}.\n"
    print(f"\n{text}")
    if options.keep:
        keep("poll", text)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
