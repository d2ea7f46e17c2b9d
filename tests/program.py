"""The program as a subprocess: its own pid, environment, streams and exit code.

``watcher`` has it forked (``forks``); with ``fresh=True`` it starts the installed script, which is
how the acceptance tests have the main job done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from forks import Forked

WATCHER = Path(sys.executable).with_name("watcher")


def watcher(
    *words: str | Path,
    config: Path | None = None,
    code: int | None = 0,
    env: dict[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 90,
    fresh: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run ``watcher``; the exit code must be ``code`` (None: whatever)."""
    command = [str(WATCHER), *(["-c", str(config)] if config else []), *map(str, words)]
    environment = os.environ | {"COLUMNS": "100", "PYTHONWARNINGS": "default"} | (env or {})
    run = _started if fresh else _forked
    done = run(command, environment, stdin, timeout)
    if code is not None:
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def answer(*words: str | Path, config: Path, **options: Any) -> Any:
    """The JSON document that a command prints."""
    return json.loads(watcher(*words, "--json", config=config, **options).stdout)


def _started(
    command: Sequence[str], environment: dict[str, str], stdin: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, input=stdin, env=environment
    )


def _forked(
    command: Sequence[str], environment: dict[str, str], stdin: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    with (
        tempfile.TemporaryFile() as come_in,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        come_in.write((stdin or "").encode())
        come_in.seek(0)
        program = Forked(
            "watcher.cli:main",
            streams=[stream.fileno() for stream in (come_in, out, err)],
            environment=environment,
            arguments=command,
            cwd=Path.cwd(),
        )
        try:
            code = program.wait(timeout)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait(10)
            raise subprocess.TimeoutExpired(command, timeout, _text(out), _text(err)) from None
        return subprocess.CompletedProcess(command, code, _text(out), _text(err))


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()
