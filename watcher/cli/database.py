"""``watcher db``: the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from watcher.cli.filters import JsonFlag
from watcher.cli.output import emit, is_interactive, note, now_utc, plural, say
from watcher.cli.shell import noun, root
from watcher.cli.times import parse_span
from watcher.errors import StorageError

app = noun("The database: upgrade, check, backup, restore, prune, reindex.")


@app.command()
def upgrade(context: typer.Context) -> None:
    """Create the database or bring its schema up to date."""
    from watcher.storage import Store

    store = Store(root(context).database)
    say(f"{store.address}: schema {store.schema}")
    store.close()


@app.command()
def check(context: typer.Context) -> None:
    """Read the whole database and say whether it is sound."""
    store = root(context).store()
    found = store.check()
    if found != "ok":
        raise StorageError(f"{store.address}: {found}; restore a backup")
    say(f"{store.address}: ok")


@app.command()
def backup(context: typer.Context, target: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Copy the database to a new file while the service runs."""
    root(context).store().backup(target)
    note(f"backed up to {target}")


@app.command()
def restore(
    context: typer.Context, source: Annotated[Path, typer.Argument(metavar="FILE")]
) -> None:
    """Put a backup in the database's place; the present one is kept beside it."""
    from watcher.storage import Store
    from watcher.storage.engine import InstanceLock, database_path
    from watcher.storage.maintenance import restore as put_back

    address = root(context).database
    path = database_path(address)
    if path is None:
        raise StorageError("a PostgreSQL database is restored with pg_restore")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = InstanceLock(address)
    lock.acquire()
    try:
        kept = put_back(source, path, now=now_utc())
        store = Store(address)
        note(f"restored {path} from {source}, schema {store.schema}")
        store.close()
    finally:
        lock.release()
    if kept is not None:
        note(f"the database that was there is now {kept}")


@app.command()
def prune(
    context: typer.Context,
    older: Annotated[str, typer.Option(help="What was first seen longer ago: 180d, 26w.")] = "180d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much.")] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Give the space back to the disk (SQLite).")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Drop old entries and articles that led to no hit; hits and their articles stay."""
    store = root(context).store()

    def progress(count: int) -> None:
        if is_interactive():
            typer.echo(f"\r{count} entries", nl=False, err=True)

    before = now_utc() - parse_span(older)
    dropped = store.maintenance.prune(before=before, dry_run=dry_run, progress=progress)
    if is_interactive():
        typer.echo("\r\x1b[K", nl=False, err=True)
    if compact and not dry_run and store.path is not None:
        from watcher.storage.maintenance import compact as shrink

        path = store.path
        store.close()
        shrink(path)
    if as_json:
        emit(dropped)
    else:
        entries = plural(dropped.entries, "entry", "entries")
        verb = "would drop" if dry_run else "dropped"
        say(f"{verb} {entries} and {plural(dropped.articles, 'article')} without a hit")


@app.command()
def reindex(context: typer.Context) -> None:
    """Bring the search index up to date, after an update that changed how words are indexed."""
    store = root(context).store()
    say(f"indexed {plural(store.search.rebuild(), 'article')} anew")
