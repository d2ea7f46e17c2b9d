"""Run stages of the pipeline inside one process, as the service does, and time each.

    python inside.py CONFIG STEP...

A step is ``poll`` (all feeds, polling only), ``rest`` (pages, scoring, alerts until quiet) or
``wait`` (until a line comes in on standard input). Prints one JSON object a step.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from watcher.app import App, make_app
from watcher.config import load
from watcher.pipeline import Tally
from watcher.pipeline.polling import Polling


async def step(app: App, wanted: str) -> dict[str, object]:
    tally = Tally()
    if wanted == "poll":
        feeds = await app.context.stored(app.store.feeds.active_ids)
        await Polling(app.context).run(tally, only=feeds)
    elif wanted == "rest":
        tally = await app.pipeline.run_once(only=(), send=False)
    elif wanted == "wait":
        await asyncio.to_thread(sys.stdin.readline)
    return {name: getattr(tally, name) for name in ("polled", "failed", "entries", "scored")}


async def main(config: Path, steps: list[str]) -> None:
    async with make_app(load(config, environ=os.environ)) as app:
        for wanted in steps:
            at, started, used = time.time(), time.monotonic(), time.process_time()
            done = await step(app, wanted)
            seconds, cpu = time.monotonic() - started, time.process_time() - used
            figures = {"step": wanted, "at": at, "seconds": seconds, "cpu": cpu}
            print(json.dumps(figures | done), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
