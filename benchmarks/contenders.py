"""The programs that poll the same web, each as a command for each pass."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from measure import run

PEERS = Path(__file__).with_name("peers")
INSIDE = Path(__file__).with_name("inside.py")

_CONFIG = """
[watcher]
database = "sqlite:///watcher.sqlite3"
[fetch]
contact = "bench@example.org"
allow_private_addresses = ["127.0.0.0/8"]
per_host_delay = "0s"
{fetch}
[[topics]]
id = "bridges"
name = "Bridges"
seeds = "seeds"
[topics.terms]
thing = ["bridge*", "viaduct*"]
event = ["collaps*", "closed for traffic"]
"""


class Watcher:
    """This project, with all that it does for a feed but one: no pause between two requests to one
    host, since a feed and its page share one here and no peer pauses."""

    name = "watcher"

    def __init__(self, folder: Path, urls: Sequence[str], *, fetch: str = "") -> None:
        self.folder = folder
        (folder / "seeds").mkdir(parents=True)
        seed = "A bridge collapsed on Monday. The viaduct is closed for traffic, the town said. "
        (folder / "seeds" / "one.txt").write_text(seed * 5)
        for read in ("never", "all"):
            feeds = "".join(f'[[feeds]]\nurl = "{url}"\nread = "{read}"\n' for url in urls)
            self.config(read).write_text(_CONFIG.format(fetch=fetch) + feeds)

    def config(self, read: str) -> Path:
        """The configuration that reads the pages of ``all`` or of ``never``."""
        return self.folder / f"{read}.toml"

    def command(self, wanted: str) -> list[str]:
        """A whole pass of the program; the ``first`` one ends when all entries are stored, as that
        of the others does, and does not go on to score them."""
        if wanted == "first":
            return [sys.executable, str(INSIDE), str(self.config("never")), "poll"]
        watcher = str(Path(sys.executable).with_name("watcher"))
        return [watcher, "-c", str(self.config("all")), "poll", "--all", "--no-send", "--json"]

    def settle(self) -> None:
        """After the first pass: its entries count as dealt with, and from now on pages are read."""
        self.forget()
        run(self.command("all"), timeout=120)

    def forget(self) -> None:
        """What is stored and waits to be read or scored no longer does."""
        with contextlib.closing(sqlite3.connect(self.folder / "watcher.sqlite3")) as connection:
            connection.execute("update entries set next_try_at = null, state = 'skipped'")
            connection.commit()


class Peer:
    """A program in ``peers/`` that takes a file of addresses and a file of its own."""

    def __init__(
        self, name: str, program: str, folder: Path, urls: Sequence[str], python: str
    ) -> None:
        self.name = name
        folder.mkdir(parents=True)
        listed = folder / "urls.txt"
        listed.write_text("\n".join(urls))
        self._program = [python, str(PEERS / program), str(listed), str(folder / "state")]

    def command(self, wanted: str) -> list[str]:
        """What runs one pass."""
        extra = {"new": ["pages"]}.get(wanted, [])
        return [*self._program, *extra]

    def settle(self) -> None:
        """Nothing to do."""


class Reader(Peer):
    """lemon24/reader; its feeds are added before the clock starts."""

    def __init__(self, folder: Path, urls: Sequence[str], python: str) -> None:
        super().__init__("reader", "reader_poll.py", folder, urls, python)
        run([*self._program, "add"], timeout=120)

    def command(self, wanted: str) -> list[str]:
        """The same for every pass: it reads no pages."""
        del wanted
        return [*self._program, "poll"]
