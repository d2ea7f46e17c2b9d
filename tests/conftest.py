"""Settings for every test."""

from __future__ import annotations

from hypothesis import settings

# The same examples for everyone, so that what was green stays green until the code changes. How
# long one example takes says more about the machine than about the code: no deadline.
settings.register_profile("watcher", deadline=None, derandomize=True)
# New examples at every run, and many: pytest --hypothesis-profile=explore
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile("watcher")
