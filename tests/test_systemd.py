"""The service unit is well formed and as locked up as an Internet client can be."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "systemd" / "watcher.service"
EXPOSURE = 15
"""Tenths: 1.5. What remains is Internet access itself."""


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed (apt-get install systemd)")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def directives() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    return parser


def test_exposure() -> None:
    result = analyze(
        "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(UNIT)
    )
    summary = result.stdout.strip().splitlines()[-1] if result.stdout else result.stderr
    found = re.search(r"exposure level for watcher\.service: (\d+\.\d)", summary)
    assert found, summary
    assert float(found.group(1)) * 10 <= EXPOSURE
    assert result.returncode == 0, summary


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    # Only the program itself isn't where it will be installed.
    text = UNIT.read_text("utf-8").replace("/opt/watcher/bin/watcher", "/bin/true")
    copy = tmp_path / UNIT.name
    copy.write_text(text, "utf-8")
    result = analyze("verify", str(copy))
    about_ours = [line for line in result.stderr.splitlines() if UNIT.name in line]
    assert about_ours == []


def test_the_watcher_has_time_to_stop_and_is_watched() -> None:
    service = directives()["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) == 60
    assert int(service["TimeoutStopSec"]) > 30  # SIGTERM gives back leases within 30 s
    assert "2" in service["RestartPreventExitStatus"].split()  # a bad configuration
    assert service["SuccessExitStatus"] == "143"  # SIGTERM before the service listens for it
    assert service["OOMPolicy"] == "continue"  # a killed worker is not a killed service


def test_the_dependencies_do_without_writable_executable_memory() -> None:
    assert directives()["Service"]["MemoryDenyWriteExecute"] == "yes"
    # The same promise, made to the kernel by the process itself (Linux 6.3).
    program = """
import ctypes, importlib, mmap, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit("the kernel does not keep the promise")
except OSError:
    pass
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
    modules = (
        "aiohttp", "alembic.command", "anyascii", "apprise", "apscheduler.schedulers.asyncio",
        "ahocorasick", "brotli", "feedparser", "jinja2.sandbox", "lxml.html", "py3langid",
        "pydantic", "rapidfuzz.fuzz", "snowballstemmer", "sqlalchemy", "Stemmer", "trafilatura",
    )  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", program, *modules],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if result.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert result.returncode == 0, result.stderr
