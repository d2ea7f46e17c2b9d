"""Other processes as tests see them: each may end between any two questions about it."""

from __future__ import annotations

from contextlib import suppress

import psutil


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that only waits to be buried does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def parent_of(process: psutil.Process) -> int | None:
    """The number of its parent; None where it has just ended."""
    with suppress(psutil.NoSuchProcess):
        return int(process.ppid())
    return None


def descendants(pid: int | None = None) -> list[psutil.Process]:
    """What a process (default: this one) has started and what those have, as far as they run."""
    return [p for p in psutil.Process(pid).children(recursive=True) if is_alive(p)]
