"""Sending: one child process at work per receiver, killed when it takes too long.

A receiver that hangs costs its own lane at most the deadline and nobody else anything; closing
kills what is still at work, so that no receiver can delay the end of the service.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from watcher.model import DeliveryId, ReceiverSpec
from watcher.notify.addresses import redacted
from watcher.notify.channels import Channel, channel_of
from watcher.notify.jobs import Job, Report
from watcher.notify.message import Message, MessageKind, Outcome, SendResult, webhook_object
from watcher.notify.nursery import Child, Nursery
from watcher.text.clean import clean_line

if TYPE_CHECKING:
    from watcher.notify.rendering import Rendered

DEADLINE = timedelta(seconds=30)
IDLE = timedelta(seconds=60)
MAX_CHILDREN = 8


@dataclass(slots=True)
class _Lane:
    """What belongs to one receiver: its turn, and when it may have the next message."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0


class Notifier:
    """Sends messages; one at a time per receiver, receivers side by side.

    ``rewrite_hosts`` is for tests only: ``{"api.telegram.org": "http://127.0.0.1:8080"}`` makes
    the child reach a service with a fixed address at a local server instead.
    """

    def __init__(
        self,
        *,
        deadline: timedelta = DEADLINE,
        idle: timedelta = IDLE,
        max_children: int = MAX_CHILDREN,
        rewrite_hosts: Mapping[str, str] | None = None,
    ) -> None:
        self._deadline = deadline.total_seconds()
        self._rewrite_hosts = dict(rewrite_hosts or {})
        self._slots = asyncio.Semaphore(max_children)
        self._lanes: dict[str, _Lane] = {}
        self._nursery = Nursery(idle.total_seconds())
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.close()

    async def send(self, receiver: ReceiverSpec, message: Message) -> SendResult:
        """Send one message within the deadline; never raises for trouble with the receiver.

        A message over the channel's size limit goes out in parts. ``SendResult.sent`` then tells
        which deliveries went through before a part failed: those must not be repeated.
        """
        lane = self._lanes.setdefault(receiver.name, _Lane())
        async with lane.turn:
            return await self._send_parts(receiver, message, lane)

    async def close(self) -> None:
        """Kill every child, also those at work: their sends end as "retry, may have arrived"."""
        self._closed = True
        self._nursery.stop()

    async def _send_parts(
        self, receiver: ReceiverSpec, message: Message, lane: _Lane
    ) -> SendResult:
        # Late: most passes send nothing, and Jinja is 60 ms of their start-up.
        from watcher.notify.rendering import split

        loop = asyncio.get_running_loop()
        channel = channel_of(receiver.url)
        ends_at = loop.time() + self._deadline
        localised = replace(message, timezone=receiver.timezone)
        parts = await asyncio.to_thread(split, localised, channel, receiver.template)
        sent: list[DeliveryId] = []
        trouble = parts[0][1].trouble
        for part, rendered in parts:
            pause = lane.free_at - loop.time()
            if pause > 0 and loop.time() + pause < ends_at:
                await asyncio.sleep(pause)
            result = await self._send_part(receiver, part, rendered, channel, ends_at - loop.time())
            lane.free_at = loop.time() + channel.pause
            if result.outcome is not Outcome.SENT:
                return replace(result, sent=tuple(sent))
            sent.extend(part.deliveries)
            trouble = trouble or result.detail
        return SendResult(outcome=Outcome.SENT, sent=tuple(sent), detail=trouble)

    async def _send_part(
        self,
        receiver: ReceiverSpec,
        message: Message,
        rendered: Rendered,
        channel: Channel,
        seconds: float,
    ) -> SendResult:
        job = replace(
            _job(receiver, message, rendered, channel),
            skip=message.accepted,
            rewrite_hosts=self._rewrite_hosts,
        )
        report = await self._run(job, seconds)
        return SendResult(
            outcome=Outcome(report.state),
            ambiguous=report.ambiguous,
            detail=clean_line(redacted(report.detail, receiver.url), 300),
            retry_after=None
            if report.retry_after is None
            else timedelta(seconds=min(report.retry_after, 86_400)),
            accepted=report.accepted,
        )

    async def _run(self, job: Job, seconds: float) -> Report:
        child: Child | None = None
        report: Report | None = None
        try:
            async with asyncio.timeout(max(seconds, 0)), self._slots:
                if not self._closed:
                    child = await self._nursery.fork()
                    report = await child.run(job)
        except TimeoutError:
            handed = child is not None and child.handed
            detail = f"no result within {self._deadline:g} s"
            return Report(state="retry", ambiguous=handed, detail=detail)
        except OSError as error:
            detail = f"no process to send with: {error.strerror or error}"
            return Report(state="retry", detail=detail)
        finally:
            if child is not None:
                self._nursery.end(child)
        if report is None:
            detail = "stopped" if self._closed else "the sending process died"
            handed = child is not None and child.handed
            return Report(state="retry", ambiguous=handed, detail=detail)
        return report


def _job(receiver: ReceiverSpec, message: Message, rendered: Rendered, channel: Channel) -> Job:
    headers = {"X-Watcher-Message": message.message_id}
    if message.deliveries:
        headers["X-Watcher-Delivery"] = ", ".join(map(str, message.deliveries))
    if message.possible_repeat:
        headers["X-Watcher-Repeat"] = "possible"
    kind = {"mail": "mail", "json": "json"}.get(channel.name, "apprise")
    return Job(
        url=receiver.url,
        kind=kind,
        subject=rendered.subject if channel.titled else "",
        text=rendered.text,
        html=rendered.html,
        format=rendered.format,
        level="warning" if message.kind is MessageKind.OPERATOR else "info",
        message_id=_mail_id(message) if kind == "mail" else message.message_id,
        stories=_stories(message),
        list_id=_list_id(message),
        headers=headers,
        payload=webhook_object(message) if kind == "json" else {},
        split=channel.split,
    )


def _mail_id(message: Message) -> str:
    """The same for a repeat of the same deliveries, in whatever part of whatever message, and
    another one after the database was made anew: mail servers drop a Message-ID they know."""
    base = message.message_id.partition(".")[0]
    facts = [f"{line.delivery_id} {line.first_seen_at} {line.url}" for line in message.lines]
    digest = hashlib.sha256("\n".join([message.subject, *sorted(facts)]).encode()).hexdigest()[:12]
    return f"{base}.{digest}"


def _stories(message: Message) -> tuple[str, ...]:
    """The thread of a mail: the story, where all of it is about one."""
    ids = {line.story_id for line in message.lines}
    return tuple(f"story-{story}" for story in ids if story is not None) if len(ids) == 1 else ()


def _list_id(message: Message) -> str:
    topics = {line.topic_id for line in message.lines}
    name = topics.pop() if len(topics) == 1 else ""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "alerts"
