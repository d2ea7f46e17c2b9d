"""Run a program and say what it cost: time, CPU of all its processes, most memory at one moment."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one run."""

    seconds: float
    cpu: float
    """Seconds, of the program and its children; those that end unwaited for count to their last
    look, at most 50 ms before their end."""
    peak_mb: float
    """Proportional set size of all processes together: shared pages count once."""
    output: str = ""


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float) -> Cost:
    """Run a command to its end; SystemExit with its output where it fails."""
    # Modules are compiled once, as on any machine, whatever the shell of the developer says.
    usual = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = monotonic()
    process = psutil.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**usual, **(env or {})},
    )
    watch = Watch(process)
    watch.start()
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit(f"{' '.join(command)}: took over {timeout:.0f} s") from None
    seconds = monotonic() - started
    watch.stop()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{output}")
    return Cost(seconds=seconds, cpu=watch.cpu, peak_mb=watch.peak_mb, output=output)


class Watch(threading.Thread):
    """Looks at a process and its descendants while they live, ``every`` so many seconds."""

    def __init__(self, process: psutil.Process, *, every: float = 0.05) -> None:
        super().__init__(daemon=True)
        self._every = every
        self._process = process
        self._ended = threading.Event()
        self._cpu: dict[int, float] = {}
        self.peak_mb = 0.0

    @property
    def cpu(self) -> float:
        """Seconds so far, of all of them."""
        return sum(self._cpu.values())

    def run(self) -> None:
        while not self._ended.is_set():
            self.look()
            self._ended.wait(self._every)

    def look(self) -> float:
        """Megabytes now."""
        total = 0.0
        try:
            family = [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return 0.0
        for process in family:
            try:
                times = process.cpu_times()
                self._cpu[process.pid] = times.user + times.system
                total += process.memory_full_info().pss / 1e6
            except (psutil.Error, OSError):
                continue
        self.peak_mb = max(self.peak_mb, total)
        return total

    def stop(self) -> None:
        self._ended.set()
        self.join()


def median(costs: Sequence[Cost]) -> Cost:
    """The middle of each figure."""
    return Cost(
        seconds=statistics.median(cost.seconds for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
    )


def machine() -> str:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GB, Linux, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def keep(name: str, text: str) -> None:
    """Put a result into README.md, in place of the last one of that name."""
    path = Path(__file__).with_name("README.md")
    before, start, rest = path.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    _old, end, after = rest.partition(f"<!-- end of {name} -->")
    if not end:
        raise SystemExit(f"README.md has no place for {name}")
    path.write_text(f"{before}{start}{text}\n{end}{after}", encoding="utf-8")
