"""Settings for every test."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import forks
import pytest
from databases import database, remember_migrations, share_statements
from hypothesis import settings
from newsweb import NewsWeb
from webserver import LoopbackWeb

from watcher.storage import Store

# The same examples for everyone, so that what was green stays green until the code changes. How
# long one example takes says more about the machine than about the code: no deadline.
settings.register_profile("watcher", deadline=None, derandomize=True)
# New examples at every run, and many: pytest --hypothesis-profile=explore
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile("watcher")

remember_migrations()
share_statements()


LONGEST = (
    "test_faults_kill", "test_faults_hostile", "test_faults_clock", "test_faults_service",
    "test_gate", "test_extract_corpora", "test_acceptance", "test_usage", "test_workers",
)  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes or waits longest begins first, so that no process works at it alone at the end.

    xdist begins by giving each process a run of neighbours.
    """
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    longest = [item for item in items if item.path.stem in LONGEST]
    others = [item for item in items if item.path.stem not in LONGEST]
    share = -(-len(others) // count)
    items[:] = [
        item
        for n in range(count)
        for item in (*longest[n::count], *others[n * share : (n + 1) * share])
    ]


def pytest_collection_finish() -> None:
    """What all tests are made of is no garbage: collections need not look through it each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def pytest_configure(config: pytest.Config) -> None:
    """One forge for the run; xdist's workers find its address in their environment."""
    if not hasattr(config, "workerinput"):
        # For the processes of the run: each would compile all tests anew, which takes longer than
        # to import what they test.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        stack = ExitStack()
        stack.enter_context(forks.forge())
        config.add_cleanup(stack.close)


@pytest.fixture(scope="session")
def warm_forge() -> None:
    """Loading takes seconds, which no test that counts time is to wait for."""
    forks.Forked("builtins:bool", streams=[0, 1, 2], environment={}).wait()


@pytest.fixture
def forked_helpers(warm_forge: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes of the test's own process have their helpers forked: for tests about something else."""
    forks.fork_helpers(monkeypatch.setattr)


@pytest.fixture
def news() -> Iterator[NewsWeb]:
    """Some outlets on loopback, with all their pieces published."""
    with LoopbackWeb() as web:
        found = NewsWeb(web)
        found.publish()
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each of the two databases."""
    with database(request.param, tmp_path) as url:
        opened = Store(url)
        yield opened
        opened.close()
