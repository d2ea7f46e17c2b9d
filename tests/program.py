"""The installed program as a subprocess."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WATCHER = Path(sys.executable).with_name("watcher")


def watcher(
    *words: str | Path,
    config: Path | None = None,
    code: int | None = 0,
    env: dict[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 90,
) -> subprocess.CompletedProcess[str]:
    """Run ``watcher``; the exit code must be ``code`` (None: whatever)."""
    command = [str(WATCHER), *(["-c", str(config)] if config else []), *map(str, words)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin,
        env=os.environ | {"COLUMNS": "100", "PYTHONWARNINGS": "default"} | (env or {}),
    )
    if code is not None:
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def answer(*words: str | Path, config: Path, **options: Any) -> Any:
    """The JSON document that a command prints."""
    return json.loads(watcher(*words, "--json", config=config, **options).stdout)
