"""What the repository promises outside its code: README, packaging, continuous integration."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest

from watcher.config import models, reference

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def command(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```sh\n(.+?)\n```", README, re.DOTALL)
    assert found, f"README.md has no command behind <!-- {marker} -->"
    return found.group(1)


def test_the_readme_has_its_two_one_line_commands() -> None:
    run, test = command("run"), command("test")
    assert "\n" not in run + test
    assert run.endswith("watcher demo && .venv/bin/watcher run")
    assert test.endswith(".venv/bin/pytest")
    for line in (run, test):
        assert line.startswith(
            "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e "
        )


def test_continuous_integration_runs_the_readmes_command() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    extract = next(line for line in script.read_text("utf-8").splitlines() if "awk" in line)
    result = subprocess.run(
        ["bash", "-c", f'{extract}\nprintf %s "$test_command"'],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert result.stdout == command("test")


def test_every_configuration_key_is_documented() -> None:
    renewed = reference.update(README)
    assert renewed == README, "run: .venv/bin/python -m watcher.config.reference README.md"
    for table in models.Table.__subclasses__():
        if table is models.ConfigFile:
            continue
        for name, field in table.model_fields.items():
            assert field.description, f"{table.__name__}.{name} has no description"
            assert f"| `{name}` |" in README


def test_every_section_of_the_file_is_in_the_reference() -> None:
    for name in models.ConfigFile.model_fields:
        assert re.search(rf"\*\*`\[+{name}\]+`\*\*", README)


def test_the_default_configuration_names_only_keys_that_exist() -> None:
    # Loading refuses unknown keys; commented examples must not name any either.
    known = {name for table in models.Table.__subclasses__() for name in table.model_fields} | {
        "place",
        "person",
        "event",
    }
    for path in (ROOT / "config.toml", ROOT / "watcher" / "config" / "starter" / "config.toml"):
        for line in path.read_text("utf-8").splitlines():
            found = re.match(r"# ([a-z_]+) = ", line)
            assert not found or found.group(1) in known, f"{path.name}: {line}"


def test_constraints_pin_every_direct_dependency() -> None:
    pinned = {
        normal(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dev"], *extras["postgres"]]
    names = {normal(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in wanted}  # type: ignore[index]
    assert names <= pinned


def test_constraints_pin_what_those_depend_on() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {normal(line.partition("==")[0]) for line in lines if "==" in line}
    missing = set()
    for name in pinned:
        try:
            needed = requires(name) or []
        except ModuleNotFoundError:
            pytest.skip(f"{name} is not installed here")
        for requirement in needed:
            if ";" not in requirement:
                missing.add(normal(re.match(r"[A-Za-z0-9._-]+", requirement)[0]))  # type: ignore[index]
    assert missing <= pinned


def test_the_wheel_takes_the_migrations_and_all_package_data() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert wheel["packages"] == ["watcher"]
    assert wheel["force-include"] == {"db/migrations": "watcher/migrations"}
    assert (ROOT / "db" / "migrations" / "env.py").is_file()


def test_nothing_that_is_ignored_by_git_is_needed_by_the_package() -> None:
    result = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "watcher", "db/migrations", "seeds"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    if result.returncode:
        pytest.skip("not a git checkout")
    ignored = [name for name in result.stdout.splitlines() if "__pycache__" not in name]
    assert ignored == []


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
