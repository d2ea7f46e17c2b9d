"""Every command is documented, and the documents are what the commands say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from program import WATCHER

from watcher.cli.reference import commands, documents
from watcher.config import models

DOCS = Path(__file__).parent.parent / "docs"


def test_the_documents_are_current() -> None:
    for name, text in documents().items():
        assert (DOCS / name).read_text("utf-8") == text, (
            "run: .venv/bin/python -m watcher.cli.reference docs"
        )


def test_every_command_and_every_option_says_what_it_does() -> None:
    for command in commands():
        assert command.about.endswith("."), command.path
        for name, about in command.options:
            assert about.strip(), f"{command.path}: {name} has no help"


def test_every_listing_has_json() -> None:
    for command in commands():
        if command.path.split()[-1:] in (["list"], ["show"], ["search"], ["status"], ["doctor"]):
            assert any(name == "--json" for name, _ in command.options), command.path


def test_the_interface_contract_is_complete() -> None:
    contract = """init check demo run poll feeds-list feeds-add feeds-remove feeds-pause feeds-resume
        feeds-discover feeds-import feeds-export feeds-test topics-list topics-show topics-suggest
        topics-train topics-backtest hits-list hits-show hits-mark hits-search hits-export
        stories-list stories-show alerts-list alerts-preview alerts-retry alerts-test score why
        why-not eval review report status doctor db-upgrade db-backup db-restore db-check
        db-prune"""
    there = {command.path.replace(" ", "-") for command in commands()}
    assert set(contract.split()) <= there


def test_every_key_of_the_configuration_is_in_the_readme() -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    for table in models.Table.__subclasses__():
        for name in table.model_fields:
            assert f"`{name}`" in readme or f"`[{name}]`" in readme or f"`[[{name}]]`" in readme


@pytest.mark.skipif(shutil.which("man") is None, reason="no man here")
def test_the_man_page_is_read_without_a_warning() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-l", str(DOCS / "watcher.1")],
        capture_output=True, text=True, timeout=60, env=os.environ | {"MANWIDTH": "80"},
    )  # fmt: skip
    if "minimized" in done.stdout:
        pytest.skip("this system has no man pages")
    assert done.stderr == ""
    assert re.search(r"watcher hits list \[OPTIONS\]", done.stdout)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("watcher hi", "hits"),
        ("watcher hits se", "search"),
        ("watcher hits list --unr", "--unreviewed"),
    ],
)
def test_the_shell_completes_commands_and_options(words: str, expected: str) -> None:
    done = subprocess.run(
        [str(WATCHER)], capture_output=True, text=True, timeout=60,
        env=os.environ | {
            "COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")),
            "_WATCHER_COMPLETE": "complete_bash",
        },
    )  # fmt: skip
    assert expected in done.stdout.split()
