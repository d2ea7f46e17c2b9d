"""The process pool in which strangers' bytes are read, with limits of time and memory."""

from __future__ import annotations

from watcher.workers.nursery import WorkerLimits
from watcher.workers.pool import WorkerPool

__all__ = ["WorkerLimits", "WorkerPool"]
