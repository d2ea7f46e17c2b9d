"""Settings for every test."""

from __future__ import annotations

from contextlib import ExitStack

import forks
import pytest
from databases import remember_migrations
from hypothesis import settings

# The same examples for everyone, so that what was green stays green until the code changes. How
# long one example takes says more about the machine than about the code: no deadline.
settings.register_profile("watcher", deadline=None, derandomize=True)
# New examples at every run, and many: pytest --hypothesis-profile=explore
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile("watcher")

remember_migrations()


def pytest_configure(config: pytest.Config) -> None:
    """One forge for the run; xdist's workers find its address in their environment."""
    if not hasattr(config, "workerinput"):
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
