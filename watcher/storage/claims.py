"""Which due rows a claim takes: the longest overdue, but of no host more than its share.

A host is asked at its own pace, so whatever is claimed of it beyond that only waits. Taken in the
order of time alone, the backlog of one host would fill every place and keep all others waiting.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from watcher.storage.database import Database
from watcher.storage.tables import UtcTime

SHARE = 16
"""Rows of one host that a claim takes at most: what it can be asked before the next claim."""
_LOOK_AT = 4
"""Times as many rows are looked at as may be taken, so that a claim costs the same whatever waits.
Rows of hosts that have enough in hand are passed over inside the index."""

NOW = bindparam("now", type_=UtcTime)


def free(table: Table) -> ColumnElement[bool]:
    """Nobody holds it, or its holder's lease has run out."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until <= NOW)


def fair_claim(
    table: Table, due_at: Column[Any], due: ColumnElement[bool], returning: Collection[Column[Any]]
) -> Any:
    """The statement that leases the first due row of every host, then the second of each, and so on.

    It takes what ``claim_of`` makes. Rows without a host ask none and have no share.
    """
    claimable = and_(due, free(table))
    full = bindparam("full", expanding=True, type_=Text)
    room = bindparam("room", type_=Integer)
    first = (
        select(table.c.id, table.c.host, due_at.label("due_at"))
        .where(claimable, or_(table.c.host.is_(None), table.c.host.not_in(full)))
        .order_by(due_at)
        .limit(room * _LOOK_AT)
        .subquery()
    )
    place = func.row_number().over(partition_by=first.c.host, order_by=(first.c.due_at, first.c.id))
    placed = select(first.c.id, first.c.host, first.c.due_at, place.label("place")).subquery()
    chosen = (
        select(placed.c.id)
        .where(or_(placed.c.place <= SHARE, placed.c.host.is_(None)))
        .order_by(placed.c.place, placed.c.due_at)
        .limit(room)
    )
    # Said again where the rows are locked: another watcher may have been first meanwhile.
    locked = (
        select(table.c.id)
        .where(table.c.id.in_(chosen.scalar_subquery()), claimable)
        .with_for_update(skip_locked=True)
    )
    return (
        update(table)
        .where(table.c.id.in_(locked.scalar_subquery()))
        .values(lease_until=bindparam("lease", type_=UtcTime))
        .returning(*returning)
    )


def claim_of(
    *, now: datetime, limit: int, lease: timedelta, full: Collection[str]
) -> dict[str, Any]:
    """What a claim is made with. Of ``full`` hosts it takes none: of those enough is in hand."""
    return {"now": now, "room": limit, "lease": now + lease, "full": list(full)}


def give_back(database: Database, table: Table, ids: Collection[int]) -> None:
    """End leases unfinished: the rows are as due as before."""
    with database.writing() as connection:
        connection.execute(update(table).where(table.c.id.in_(list(ids))).values(lease_until=None))
