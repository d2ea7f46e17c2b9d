"""The demonstration whole: the real pipeline on the sample web, and what it tells the user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from watcher.demo.runner import DemoResult, run_demo


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoResult, str, Path]]:
    folder = tmp_path_factory.mktemp("demo")
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        printed = StringIO()
        result = run_demo(Console(file=printed, width=80, markup=False, highlight=False))
        yield result, printed.getvalue(), folder
    finally:
        tempfile.tempdir = before


def test_finds_what_is_on_topic_and_nothing_else(shown: tuple[DemoResult, str, Path]) -> None:
    judgement = shown[0].judgement
    assert not judgement.missed
    assert not judgement.false_alarms
    assert len(judgement.found) == 12
    assert len(judgement.kept_out) == 26


def test_alerts_arrive_and_the_second_poll_is_frugal(
    shown: tuple[DemoResult, str, Path],
) -> None:
    result = shown[0]
    assert result.alerts >= 1
    assert result.later_alerts == 1
    assert result.unchanged == 12


def test_tells_it_in_eighty_columns(shown: tuple[DemoResult, str, Path]) -> None:
    printed = shown[1]
    assert max(cell_len(line) for line in printed.splitlines()) <= 80
    for part in ("Hits, by story", "Why?", "What the local receiver got", "watcher init"):
        assert part in printed
    assert "12 of 12 articles on the topic were found." in printed


def test_leaves_nothing_behind(shown: tuple[DemoResult, str, Path]) -> None:
    assert list(shown[2].iterdir()) == []
    assert os.environ.get("NO_PROXY") != "127.0.0.1"


def test_says_in_one_line_that_loopback_is_missing() -> None:
    # A fresh network namespace has a loopback device, but it is down.
    enclosed = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*enclosed, "true"]).returncode:
        pytest.skip("no network namespaces here")
    command = [sys.executable, "-c", "from watcher.cli import main; main()", "demo"]
    done = subprocess.run([*enclosed, *command], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the demo needs the loopback address 127.0.0.1" in done.stderr
    assert done.stderr.count("\n") == 1
