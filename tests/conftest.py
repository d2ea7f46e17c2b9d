"""Settings for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import database
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
