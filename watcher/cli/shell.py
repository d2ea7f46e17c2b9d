"""The root command: where the configuration is, which errors are whose, and what exit code."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from typer.core import TyperGroup

from watcher.errors import NoDatabaseError, WatcherError

if TYPE_CHECKING:
    from watcher.config import Settings
    from watcher.model import StageSpec
    from watcher.storage import Store
    from watcher.workers.embedding import Embedder


T = TypeVar("T")


class Root:
    """What every command may ask for; nothing is opened before it is asked for."""

    def __init__(self, config: Path | None) -> None:
        self._named = config
        self._settings: Settings | None = None

    @property
    def path(self) -> Path:
        """The configuration file that is meant."""
        from watcher.config import find

        return find(self._named, environ=os.environ)

    def load(self) -> Settings:
        """Read the configuration anew; raises ConfigError."""
        from watcher.config import load

        return load(
            self.path,
            environ=os.environ,
            check_receiver=_check_receiver,
            check_template=_check_template,
            check_embedding=_check_embedding,
        )

    @property
    def settings(self) -> Settings:
        """The configuration, read once."""
        if self._settings is None:
            self._settings = self.load()
        return self._settings

    @property
    def embed(self) -> Embedder | None:
        """The embedding model, where one is configured; raises WatcherError if it can't be read.

        For commands that score by themselves. The service leaves it to its workers.
        """
        if self.settings.semantic.model is None:
            return None
        from watcher.workers.embedding import load

        return load(self.settings.semantic.model)

    def store(self, *, create: bool = False) -> Store:
        """The database, for commands that only look or correct."""
        from watcher.storage import Store

        return Store(self.database, create=create)

    def look_up(self, look: Callable[[Store], T]) -> T | None:
        """What a listing reads; None, and a hint how to begin, where nothing is stored yet.

        For lack of a database no question fails that has an answer without one. A configuration that
        is wrong is told of first: its database may be another.
        """
        try:
            with closing(self.store()) as store:
                return look(store)
        except NoDatabaseError as error:
            _ = self.settings
            typer.echo(str(error), err=True)
            return None

    @cached_property
    def stages(self) -> dict[str, tuple[StageSpec, ...]]:
        """Every topic's ladder; needs less of the configuration than ``settings``."""
        from watcher.config.quick import stages_of

        return stages_of(self.path)

    def stage_name(self, topic: str, stage: str | None) -> str:
        """The name of a stage; its id where the configuration has forgotten it, empty for none."""
        names = {rung.id: rung.name for rung in self.stages.get(topic, ())}
        return names.get(stage, stage) if stage else ""

    @property
    def database(self) -> str:
        """The database's address; needs less of the configuration than ``settings``."""
        if self._settings is None:
            from watcher.config.quick import database_of

            found = database_of(self.path)
            if found is not None:
                return found
        return self.settings.watcher.database


# Late, since many configurations have neither, and templates bring Jinja along.


def _check_receiver(url: str) -> str | None:
    from watcher.notify import validate_receiver

    return validate_receiver(url)


def _check_template(text: str) -> str | None:
    from watcher.notify import check_template

    return check_template(text)


def _check_embedding(folder: Path) -> str | None:
    from watcher.workers.embedding import examine

    return examine(folder)


def root(context: typer.Context) -> Root:
    """The Root of this invocation."""
    found = context.find_object(Root)
    assert found is not None  # noqa: S101  # the callback set it
    return found


class NounGroup(TyperGroup):
    """``watcher hits`` is ``watcher hits list``: a noun alone lists, with the list's options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        helps = {"--help", "-h"}
        # Completion parses what is there so far: it wants the commands of the noun.
        completing = ctx.resilient_parsing
        if "list" in self.commands and not completing and not helps & set(args[:1]):
            first = args[0] if args else ""
            if first.startswith("-") or not first:
                args = ["list", *args]
        return super().parse_args(ctx, args)


def noun(help_text: str) -> typer.Typer:
    """A group of commands about one noun."""
    return typer.Typer(cls=NounGroup, help=help_text, no_args_is_help=False, rich_markup_mode=None)


app = typer.Typer(
    help="Watches news feeds for a subject, in every language, and tells the right people once.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from watcher import __version__

        typer.echo(f"watcher {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def callback(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration file."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Watches news feeds for a subject, in every language, and tells the right people once."""
    del version
    context.obj = Root(config)
    set_up_logging(logging.INFO if verbose else logging.WARNING)
    if context.invoked_subcommand is None:
        from watcher.cli.welcome import next_step

        next_step(context.obj)


def set_up_logging(level: int) -> None:
    """Logs go to stderr. Libraries that print addresses or secrets stay silent below errors."""
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in (
        "apprise",
        "urllib3",
        "requests",
        "sqlalchemy",
        "apscheduler",
        "trafilatura",
        "alembic",
        "aiohttp",
        "asyncio",
        "htmldate",
        "courlan",
        "charset_normalizer",
    ):
        logging.getLogger(chatty).setLevel(max(level, logging.ERROR))
    # apprise logs a malformed URL whole, at ERROR.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)


_HOMES = {
    "run": "service",
    "poll": "service",
    "init": "state",
    "check": "state",
    "status": "state",
    "doctor": "state",
    "review": "state",
    "report": "state",
    "feeds": "feeds",
    "hits": "hits",
    "stories": "stories",
    "alerts": "alerts",
    "topics": "learning",  # adds to the commands of the module topics
    "db": "database",
}
"""Which module has a command; those not named here need all modules."""


def register(words: Sequence[str]) -> None:
    """Load the commands: the one that is meant, where that is plain, else all.

    Building them all costs 40 ms of CPU more than building those of ``poll``.
    """
    only = _HOMES.get(_named(words) or "")
    for name in ("service", "state", "relevance"):
        if only in (None, name):
            import_module(f"watcher.cli.{name}").register(app)
    for noun_name in ("feeds", "topics", "hits", "stories", "alerts", "db"):
        if only in (None, _HOMES[noun_name]):
            module = import_module(f"watcher.cli.{_HOMES[noun_name]}")
            app.add_typer(module.app, name=noun_name)


def _named(words: Sequence[str]) -> str | None:
    """The command among the words; None where an option before it may ask for the whole list."""
    rest = iter(words)
    for word in rest:
        if word in ("-c", "--config"):
            next(rest, None)
        elif word not in ("-v", "--verbose"):
            return word
    return None


def run() -> None:
    """Parse, call, exit. A user's mistake ends with one clear line, never a traceback."""
    _open_streams()
    signal.signal(signal.SIGTERM, _end)
    register(sys.argv[1:])
    # Most of what is imported comes later, with the command: at Python's own threshold of 700 the
    # collector would look through it again and again, for 5 % of a pass over 1,000 feeds.
    gc.set_threshold(50_000, 20, 20)
    gc.freeze()
    gc.enable()
    try:
        code: Any = app(standalone_mode=False, prog_name="watcher")
    except typer.Abort:
        code = _fail("stopped", 1)
    except typer.TyperException as error:
        usage = getattr(error, "ctx", None)
        hint = f"\nTry `{usage.command_path} --help`." if usage is not None else ""
        code = _fail(error.format_message() + hint, error.exit_code)
    except WatcherError as error:
        code = _fail(str(error), error.exit_code)
    except BrokenPipeError:
        code = _nobody_reads_on()
    except SystemExit as stop:
        # The library ends by itself when a pipe breaks, as if that were a failure.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        code = _nobody_reads_on()
    except OSError as error:
        # A full disk behind stdout; whatever a command opens by itself it explains by itself.
        code = _fail(f"can't write: {error.strerror or error}", 1)
    except KeyboardInterrupt:
        code = _fail("stopped", 130)
    sys.exit(code if isinstance(code, int) else 0)


def _end(number: int, _frame: object) -> NoReturn:
    """As Ctrl-C does: what a command holds (a lease, a temporary folder) is given back first."""
    raise SystemExit(128 + number)


def _nobody_reads_on() -> int:
    """`watcher hits list | head` is no failure; what is still in the buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _open_streams() -> None:
    """A parent may have closed standard streams: what is opened next must not take their numbers."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _fail(text: str, code: int) -> int:
    for line in text.splitlines():
        typer.echo(f"watcher: {line}", err=True)
    return code
