"""The full-screen review, driven by Textual's pilot over a real store."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sqlite3
import struct
import subprocess
import termios
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from program import WATCHER
from stored import NOW, keep
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from watcher.cli.fullscreen import ReviewApp
from watcher.model import HitKind, Verdict
from watcher.storage import HitFilter, Store

HOSTILE = "[bold]Not[/bold] [@click=app.quit]markup[/] \x1b[31m\u202eevil"
TITLES = [
    "Итоги референдума в Южной Осетии",
    "Südossetien kündigt Referendum an",
    "რეფერენდუმი სამხრეთ ოსეთში",
    HOSTILE,
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")
    for number, title in enumerate(TITLES):
        keep(
            opened,
            f"k{number}",
            title=title,
            text=f"Text of number {number} says Бибилов. " * 30,
            evidence="Бибилов",
            at=NOW - timedelta(minutes=number),
            stage="decree" if number == 1 else None,
        )
    keep(opened, "near", title="A near miss", text="Text.", kind=HitKind.NEAR_MISS, value=40)
    yield opened
    opened.close()


def stage_name(topic: str, stage: str | None) -> str:
    return {("t", "decree"): "Decree signed or date set"}.get((topic, stage or ""), "")


def drive(
    store: Store,
    steps: Callable[[ReviewApp, Pilot[None]], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    wanted: HitFilter | None = None,
) -> None:
    async def run() -> None:
        app = ReviewApp(store, wanted or HitFilter(limit=500), stage_name)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(app, pilot)

    asyncio.run(run())


def verdicts(store: Store) -> list[str | None]:
    return [hit.verdict for hit in store.review.hits(HitFilter())]


def shown(app: ReviewApp, name: str) -> str:
    return str(app.query_one(f"#{name}", Static).render())


def test_one_key_stores_a_verdict_at_once_and_goes_on(store: Store) -> None:
    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        # Another reader sees it while the screen is still open.
        assert verdicts(store) == ["relevant", None, None, None]
        assert app.query_one(OptionList).highlighted == 1
        await pilot.press("i", "e", "d")
        assert verdicts(store) == ["relevant", "irrelevant", "related", "duplicate"]
        assert "0 of 4" in shown(app, "status")

    drive(store, steps)


def test_an_article_tells_its_stage_by_name(store: Store) -> None:
    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        assert "stage" not in shown(app, "text")
        await pilot.press("j")
        assert "stage “Decree signed or date set”" in shown(app, "text")

    drive(store, steps)


def test_undo_brings_back_what_was_there_before(store: Store) -> None:
    [first, *_] = store.review.hits(HitFilter())
    store.review.mark(first.id, Verdict.RELATED, now=NOW)

    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        await pilot.press("k", "k", "i", "r", "u", "u", "u")
        assert verdicts(store) == ["related", None, None, None]
        assert app.query_one(OptionList).highlighted == 0
        await pilot.press("c")
        assert verdicts(store) == [None] * 4

    drive(store, steps)
    history = [verdict.verdict for verdict in store.review.verdicts(first.id)]
    assert history == ["related", "irrelevant", "related", None]


def test_it_begins_at_the_first_hit_without_a_verdict_and_finds_the_next(store: Store) -> None:
    hits = store.review.hits(HitFilter())
    for hit in (hits[0], hits[2]):
        store.review.mark(hit.id, Verdict.RELEVANT, now=NOW)

    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        listed = app.query_one(OptionList)
        assert listed.highlighted == 1
        await pilot.press("n")
        assert listed.highlighted == 3
        await pilot.press("n")
        assert listed.highlighted == 1

    drive(store, steps)


def test_typing_filters_and_escape_ends_it(store: Store) -> None:
    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        listed = app.query_one(OptionList)
        await pilot.press("slash", *"осетии")
        assert listed.option_count == 1
        await pilot.press("enter", "r")
        assert verdicts(store)[0] == "relevant"
        await pilot.press("slash")
        assert isinstance(app.focused, Input)
        await pilot.press("escape")
        assert listed.option_count == 4
        await pilot.press("slash", *"sudossetien")
        assert listed.option_count == 1
        await pilot.press(*"zzz")
        assert listed.option_count == 0
        # Nothing is under the cursor: keys do no harm.
        await pilot.press("enter", "r", "n", "w", "j")
        assert verdicts(store).count("relevant") == 1

    drive(store, steps)


def test_why_help_and_near_misses(store: Store) -> None:
    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        assert not app.query_one("#why").display
        await pilot.press("w")
        assert app.query_one("#why").display
        assert "+3.00" in shown(app, "why")
        assert "Бибилов" in shown(app, "why")
        await pilot.press("question_mark")
        assert "irrelevant" in shown(app, "text")
        await pilot.press("escape")
        assert "Text of number 0" in shown(app, "text")
        await pilot.press("m")
        assert "near misses" in shown(app, "status")
        await pilot.press("r")
        near = store.review.hits(HitFilter(near_misses=True))
        assert [hit.verdict for hit in near] == ["relevant"]
        await pilot.press("m")
        assert app.query_one(OptionList).option_count == 4

    drive(store, steps)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 60)])
def test_any_size_and_hostile_text_are_shown_as_they_are(
    store: Store, size: tuple[int, int]
) -> None:
    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        await pilot.press("j", "j", "j")
        text = shown(app, "text")
        assert "[bold]Not[/bold] [@click=app.quit]markup[/] [31mevil" in text
        assert "\x1b" not in text
        await pilot.press("space", "b")

    drive(store, steps, size=size)


def test_the_mouse_chooses_a_hit(store: Store) -> None:
    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        await pilot.click("#hits", offset=(10, 4))
        assert app.current is not None
        assert app.current.title == TITLES[2]

    drive(store, steps)


def test_a_verdict_that_cannot_be_stored_is_not_shown(store: Store) -> None:
    assert store.path is not None
    store._database.engine.dispose()

    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        with sqlite3.connect(store.path) as other:
            other.execute("DROP TABLE verdicts")
        await pilot.press("r")
        assert "4 of 4" in shown(app, "status")
        assert verdicts(store) == [None] * 4

    drive(store, steps)


def test_an_empty_store_is_no_trouble(tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'e.sqlite3'}")

    async def steps(app: ReviewApp, pilot: Pilot[None]) -> None:
        await pilot.press("r", "u", "n", "w", "j", "k", "space", "c", "m", "o")
        assert "Nothing to review." in shown(app, "text")

    drive(empty, steps)
    empty.close()


@pytest.mark.parametrize("hangups", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_terminal_that_dies_loses_no_verdict(
    store: Store, tmp_path: Path, hangups: signal.Handlers
) -> None:
    def at_its_own_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, hangups)

    config = tmp_path / "config.toml"
    config.write_text(f'[watcher]\ndatabase = "sqlite:///{store.path}"\n', "utf-8")
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [str(WATCHER), "-c", str(config), "review"],
        stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
        preexec_fn=at_its_own_terminal,  # noqa: PLW1509  # no threads
        env=os.environ | {"TERM": "xterm-256color"},
    ) as process:  # fmt: skip
        os.close(follower)
        screen = b""
        while b"Quit" not in screen:
            screen += os.read(leader, 65536)
        os.write(leader, b"r")
        while verdicts(store)[0] is None:
            os.read(leader, 65536)
        # The connection is gone: the kernel hangs up on the program.
        os.close(leader)
        process.wait(30)
    assert verdicts(store) == ["relevant", None, None, None]
    assert store.check() == "ok"
