"""The floor: aiohttp asks for every feed and keeps nothing but the validators.

python floor.py URLS STATE
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import aiohttp

AT_ONCE = 64


async def poll(urls: list[str], known: dict[str, str]) -> None:
    todo = iter(urls)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for url in todo:
                headers = {"If-None-Match": known[url]} if url in known else {}
                async with session.get(url, headers=headers) as answer:
                    await answer.read()
                    known[url] = answer.headers.get("ETag", "")

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


state = Path(sys.argv[2])
validators = json.loads(state.read_text()) if state.exists() else {}
asyncio.run(poll(Path(sys.argv[1]).read_text().split(), validators))
state.write_text(json.dumps(validators))
