"""``watcher alerts``: who was told what, and what still waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.filters import JsonFlag
from watcher.cli.output import (
    ago,
    console,
    due,
    emit,
    note,
    now_utc,
    plural,
    safe,
    say,
    short_time,
    table,
)
from watcher.cli.shell import noun, root
from watcher.cli.times import parse_span
from watcher.cli.topics import find_topic
from watcher.cli.words import held_for, why_silent, why_told
from watcher.errors import NotFoundError, UsageError, WatcherError
from watcher.model import (
    AlertId,
    AlertReason,
    DeliveryState,
    HitId,
    ReceiverSpec,
    StoryId,
    TopicId,
)

if TYPE_CHECKING:
    from watcher.storage import AlertRecord, DeliveryRecord, Store

app = noun("Alerts: list, show, preview, route, retry, cancel, silence, test.")


@app.command("list")
def list_alerts(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only with a dead delivery.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List alerts and their deliveries, newest first: 50 of them, or 10,000 as JSON."""
    limit = limit or (10_000 if as_json else 50)
    found = root(context).look_up(lambda store: store.outbox.alerts(limit=limit, dead=dead)) or []
    if as_json:
        emit([alert_json(alert) for alert in found])
    elif not found:
        say("No alert has a dead delivery." if dead else "No alerts yet.")
    else:
        print_alerts(found)


def print_alerts(found: list[AlertRecord]) -> None:
    """Alerts as a table, a line per delivery."""
    now = now_utc()
    made = table(
        ("id", {"justify": "right"}),
        "made",
        "why",
        ("hit", {"justify": "right"}),
        ("receiver", {"max_width": 16}),
        "state",
        ("detail", {"ratio": 1}),
    )
    made.expand = True
    for alert in found:
        first = True
        for delivery in alert.deliveries:
            made.add_row(
                str(alert.id) if first else "",
                ago(alert.created_at, now) if first else "",
                why_told(alert.reason) if first else "",
                str(alert.hit_id or "") if first else "",
                safe(delivery.receiver),
                str(delivery.state),
                _detail(delivery, now),
            )
            first = False
    console().print(made)


def _detail(delivery: DeliveryRecord, now: Any) -> str:
    if delivery.state == DeliveryState.SENT:
        but = f", but: {delivery.last_error}" if delivery.last_error else ""
        return safe(f"{ago(delivery.sent_at, now)} ago{but}")
    when = f"due {due(delivery.next_try_at, now)}" if delivery.next_try_at else ""
    if when and delivery.held:
        when = f"waits for {held_for(delivery.held)}, {when}"
    error = delivery.last_error or ""
    if error and delivery.attempts:
        error = f"after {plural(delivery.attempts, 'try', 'tries')}: {error}"
    return safe(" ".join(part for part in (when, error) if part))


@app.command()
def preview(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show what waits to be sent, to whom and when, without sending."""
    rows = root(context).look_up(_waiting) or []
    if as_json:
        emit(rows)
        return
    if not rows:
        say("Nothing waits to be sent.")
        return
    now = now_utc()
    made = table(
        ("receiver", {"max_width": 16}),
        ("due", {"max_width": 14}),
        ("alert", {"justify": "right"}),
        "why",
        ("score", {"justify": "right"}),
        ("headline", {"ratio": 1}),
    )
    made.expand = True
    for row in rows:
        made.add_row(
            safe(row["receiver"]),
            due(row["due_at"], now) + (f", {held_for(row['held'])}" if row["held"] else ""),
            str(row["alert"]),
            why_told(row["reason"]),
            f"{row['score']:.0f}",
            safe(row["title"]),
        )
    console().print(made)


def _waiting(store: Store) -> list[dict[str, Any]]:
    pending = store.outbox.pending()
    alerts = {
        alert.id: alert
        for alert in store.outbox.alerts(
            ids={delivery.alert_id for delivery in pending}, limit=10_000
        )
    }
    hits = store.review.hits_by_ids({a.hit_id for a in alerts.values() if a.hit_id is not None})
    rows: list[dict[str, Any]] = []
    for delivery in pending:
        alert = alerts[delivery.alert_id]
        hit = hits.get(alert.hit_id) if alert.hit_id is not None else None
        rows.append(
            {
                "receiver": delivery.receiver,
                "due_at": delivery.next_try_at,
                "held": delivery.held,
                "alert": alert.id,
                "reason": alert.reason,
                "score": round(alert.score, 1),
                "title": hit.title if hit else alert.detail,
                "url": hit.url if hit else None,
            }
        )
    return rows


@app.command()
def show(
    context: typer.Context,
    alert_id: Annotated[int, typer.Argument(metavar="ID")],
    as_json: JsonFlag = False,
) -> None:
    """Show one alert: what it told, to whom, and each delivery's fate."""
    store = root(context).store()
    alert = next(iter(store.outbox.alerts(ids=[AlertId(alert_id)])), None)
    if alert is None:
        raise NotFoundError("alert", alert_id)
    if as_json:
        emit(alert_json(alert))
        return
    say(f"Alert {alert.id}, made {short_time(alert.created_at)}: {why_told(alert.reason)}")
    if alert.hit_id is not None:
        hit = store.review.hit(alert.hit_id)
        say(f"Hit {hit.id}, {hit.score:.0f}: {safe(hit.title)}\n{safe(hit.url)}")
    for line in alert.detail.splitlines():
        say(safe(line))
    now = now_utc()
    for delivery in alert.deliveries:
        repeat = "; an earlier try may have arrived" if delivery.ambiguous else ""
        say(f"{safe(delivery.receiver)}: {delivery.state}, {_detail(delivery, now)}{repeat}")


@app.command("route")
def route_hit(
    context: typer.Context,
    hit_id: Annotated[int, typer.Argument(metavar="HIT_ID")],
    reason: Annotated[
        AlertReason, typer.Option(help="What it would be told as.")
    ] = AlertReason.NEW_HIT,
    as_json: JsonFlag = False,
) -> None:
    """Say for each receiver whether it would hear of a hit, when, and why or why not."""
    from watcher.decide.alerting import AlertCandidate, route

    cli = root(context)
    store, now = cli.store(), now_utc()
    hit = store.review.hit(HitId(hit_id))
    [article] = store.articles.by_ids([hit.article_id])
    silenced = [
        silence.until
        for silence in store.silences.active(now=now)
        if silence.topic == hit.topic or silence.story_id == hit.story_id
    ]
    told = store.outbox.alerts(hit_id=hit.id)
    candidate = AlertCandidate(
        reason=reason,
        # As the pipeline does: what was told is taken back from the same receivers.
        score=max([hit.score, *(alert.score for alert in told)]),
        topic=hit.topic,
        lang=hit.lang,
        feed_tags=article.tags,
        stage_change=reason is AlertReason.STAGE_CHANGE,
        story_id=hit.story_id,
        silenced_until=max(silenced, default=None),
    )
    operator = cli.settings.operator.receiver
    routings = route(candidate, cli.settings.receivers, now=now, operator=operator)
    if as_json:
        emit(
            [
                {
                    "receiver": r.receiver,
                    "due_at": r.due_at,
                    "held": r.held,
                    "reason": r.reason,
                    "detail": r.detail,
                }
                for r in routings
            ]
        )
        return
    say(f"Hit {hit.id}, {hit.score:.0f}, as “{why_told(reason)}”: {safe(hit.title)}")
    if hit.silent_reason:
        say(f"It told nobody when it was found: {why_silent(hit.silent_reason)}.")
    for alert in told:
        names = ", ".join(safe(delivery.receiver) for delivery in alert.deliveries)
        say(f"Told already: alert {alert.id} ({why_told(alert.reason)}) to {names or 'nobody'}.")
    if told:
        say("Were it told anew:")
    for routing in routings:
        answer = "no" if routing.due_at is None else f"yes, {due(routing.due_at, now)}"
        say(
            f"  {safe(routing.receiver)}: {answer} ({routing.detail or why_silent(routing.reason)})"
        )
    if not routings:
        say("No receivers are configured.")


@app.command()
def silence(
    context: typer.Context,
    topic: Annotated[str | None, typer.Option(help="Mute this topic.")] = None,
    story: Annotated[int | None, typer.Option(help="Mute this story.")] = None,
    span: Annotated[
        str | None, typer.Option("--for", help="How long: 12h, 2d, 1w; default: 1d.")
    ] = None,
    end: Annotated[int | None, typer.Option(help="Take back the silence with this id.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Mute a topic or a story for a while; alone, list what is muted."""
    cli = root(context)
    store, now = cli.store(), now_utc()
    if end is not None:
        store.silences.end(end)
        note(f"silence {end} taken back")
    elif topic or story is not None:
        if topic:
            find_topic(cli, topic)
        else:
            store.review.story(StoryId(story or 0))
        until = now + parse_span(span or "1d")
        made = store.silences.add(
            topic=TopicId(topic) if topic else None,
            story_id=None if topic else StoryId(story or 0),
            until=until,
            now=now,
        )
        note(f"silence {made}: {topic or f'story {story}'} is muted until {short_time(until)}")
    elif span is not None:
        raise UsageError("--for needs --topic or --story: what is to be muted?")
    else:
        active = store.silences.active(now=now)
        if as_json:
            emit(
                [
                    {"id": s.id, "topic": s.topic, "story_id": s.story_id, "until": s.until}
                    for s in active
                ]
            )
            return
        for held in active:
            say(
                f"{held.id}: {held.topic or f'story {held.story_id}'} until "
                f"{short_time(held.until)}"
            )
        if not active:
            say("Nothing is muted.")


@app.command()
def retry(context: typer.Context, alert_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Make an alert's unsent deliveries due now."""
    changed = root(context).store().outbox.retry(AlertId(alert_id), now=now_utc())
    note(
        f"{plural(changed, 'delivery', 'deliveries')} of alert {alert_id} due now; `watcher poll` or the running "
        "service sends them"
        if changed
        else f"alert {alert_id} has nothing left to send"
    )


@app.command()
def cancel(context: typer.Context, alert_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Stop an alert's deliveries that are not sent yet."""
    changed = root(context).store().outbox.cancel(AlertId(alert_id), why="cancelled by a person")
    note(f"{plural(changed, 'delivery', 'deliveries')} of alert {alert_id} cancelled")


@app.command("test")
def send_test(
    context: typer.Context, receiver: Annotated[str, typer.Argument(metavar="RECEIVER")]
) -> None:
    """Send a test message to a receiver and say what its server answered."""
    from watcher.notify import Notifier, Outcome, sample_message

    spec = find_receiver(root(context).settings.receivers, receiver)

    async def send() -> Any:
        notifier = Notifier()
        try:
            return await notifier.send(spec, sample_message(spec.name, now=now_utc()))
        finally:
            await notifier.close()

    result = asyncio.run(send())
    if result.outcome is not Outcome.SENT:
        raise WatcherError(f"receiver {receiver}: {result.detail or 'not delivered'}")
    note(f"receiver {receiver}: delivered")


def find_receiver(receivers: tuple[ReceiverSpec, ...], name: str) -> ReceiverSpec:
    """A configured receiver; raises UsageError naming those there are."""
    for receiver in receivers:
        if receiver.name == name:
            return receiver
    known = ", ".join(receiver.name for receiver in receivers) or "none is configured"
    raise UsageError(f"no receiver {name}; known: {known}")


def alert_json(alert: AlertRecord) -> dict[str, Any]:
    """An alert in the shape that the interface contract promises."""
    return {
        "id": alert.id,
        "topic": alert.topic,
        "story_id": alert.story_id,
        "hit_id": alert.hit_id,
        "reason": alert.reason,
        "detail": alert.detail,
        "score": round(alert.score, 1),
        "created_at": alert.created_at,
        "deliveries": [
            {
                "id": delivery.id,
                "receiver": delivery.receiver,
                "state": delivery.state.promised,
                "attempts": delivery.attempts,
                "next_try_at": delivery.next_try_at,
                "sent_at": delivery.sent_at,
                "last_error": delivery.last_error,
                "held": delivery.held,
                "message": delivery.message,
                "ambiguous": delivery.ambiguous,
            }
            for delivery in alert.deliveries
        ],
    }
