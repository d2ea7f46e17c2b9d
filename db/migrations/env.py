"""Alembic environment: always online, on the connection that the program hands over."""

from __future__ import annotations

from alembic import context

from watcher.storage.tables import metadata

# The tables name the condition of a partial index for SQLite only; it is the same here.
for table in metadata.tables.values():
    for index in table.indexes:
        where = index.dialect_options["sqlite"]["where"]
        if where is not None:
            index.dialect_kwargs["postgresql_where"] = where

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
