"""The full-screen review: a Textual application over the store.

A verdict is shown only once it is stored, so nothing on the screen can be lost with the terminal.
Text from outside is always a ``Text``: a plain string would be read as markup.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from watcher.cli.output import now_utc
from watcher.cli.panels import HELP, article_text, hit_prompt, matches, why_text
from watcher.errors import WatcherError
from watcher.model import HitId, Verdict
from watcher.storage import HitFilter, HitRecord, Store
from watcher.text.words import fold


class ReviewApp(App[None]):
    """List on the left, article on the right; see ``panels.HELP`` for the keys."""

    TITLE = "watcher review"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #status { height: 1; background: $panel; padding: 0 1; }
    #hits { width: 42%; min-width: 30; max-width: 70; border: none; padding: 0;
            scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    #hits > .option-list--option { padding: 0 1 0 0; }
    #article { width: 1fr; padding: 0 1; scrollbar-size-vertical: 1; border-left: solid $panel; }
    #why { display: none; margin-bottom: 1; }
    #why.shown { display: block; }
    #filter { display: none; height: 1; border: none; padding: 0 1; }
    #filter.shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "mark('relevant')", "Relevant"),
        Binding("e", "mark('related')", "Related"),
        Binding("i", "mark('irrelevant')", "Irrel"),
        Binding("d", "mark('duplicate')", "Dupl"),
        Binding("c", "mark('')", "Clear", show=False),
        Binding("u", "undo", "Undo"),
        Binding("n", "next_open", "Next"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("w", "why", "Why"),
        Binding("m", "inbox", "Near"),
        Binding("o", "open", "Open", show=False),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("space", "page(1)", "Page down", show=False),
        Binding("b", "page(-1)", "Page up", show=False),
        Binding("question_mark", "help", "Help", show=False),
        Binding("escape", "leave", "Leave", show=False),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self, store: Store, wanted: HitFilter, stage_name: Callable[[str, str | None], str]
    ) -> None:
        """``stage_name`` says in words what a topic's stage is: see ``shell.Root``."""
        super().__init__()
        self._stage_name = stage_name
        self._store = store
        self._wanted = wanted
        self._all: list[HitRecord] = []
        self._shown: list[HitRecord] = []
        self._words: tuple[str, ...] = ()
        self._undo: list[tuple[HitId, Verdict | None]] = []
        self._help = False
        self._cursor: int | None = None

    def compose(self) -> ComposeResult:
        """The widgets, top to bottom."""
        yield Static(id="status", markup=False)
        with Horizontal():
            yield OptionList(id="hits", markup=False)
            with VerticalScroll(id="article", can_focus=True):
                yield Static(id="why", markup=False)
                yield Static(id="text", markup=False)
        yield Input(id="filter", placeholder="words of headline, publisher, topic, language")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Load, and begin at the first hit without a verdict."""
        self._load()
        self._list.focus()

    # ------------------------------------------------------------------------- what is shown

    @property
    def _list(self) -> OptionList:
        return self.query_one("#hits", OptionList)

    @property
    def current(self) -> HitRecord | None:
        """The hit under the cursor."""
        at = self._list.highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    def _load(self) -> None:
        self._all = self._store.review.hits(self._wanted)
        self._refill(self._first_open(self._all))

    @staticmethod
    def _first_open(found: Sequence[HitRecord]) -> HitId | None:
        return next((hit.id for hit in found if hit.verdict is None), None)

    def _refill(self, keep: HitId | None) -> None:
        """Show what passes the filter, with the cursor on the hit to keep, if it is there."""
        self._shown = [hit for hit in self._all if matches(hit, self._words)]
        self._list.clear_options()
        self._cursor = None
        self._list.add_options([Option(hit_prompt(hit)) for hit in self._shown])
        ids = [hit.id for hit in self._shown]
        if ids:
            self._list.highlighted = ids.index(keep) if keep in ids else 0
        self._show_current()
        self._show_status()

    def _show_status(self) -> None:
        left = sum(hit.verdict is None for hit in self._shown)
        what = "near misses" if self._wanted.near_misses else "hits"
        words = f'  filter "{" ".join(self._words)}"' if self._words else ""
        topic = f"  topic {self._wanted.topic}" if self._wanted.topic else ""
        text = f"{left} of {len(self._shown)} {what} to review{topic}{words}   ? help"
        self.query_one("#status", Static).update(Text(text, no_wrap=True, overflow="ellipsis"))

    def _show_current(self) -> None:
        hit = self.current
        why, text = self.query_one("#why", Static), self.query_one("#text", Static)
        self.query_one("#article", VerticalScroll).scroll_home(animate=False)
        if self._help or hit is None:
            nothing = "Nothing here." if self._words or self._all else "Nothing to review."
            text.update(Text(HELP if self._help else nothing))
            why.update(Text(""))
            return
        try:
            [article] = self._store.articles.by_ids([hit.article_id])
        except (WatcherError, ValueError) as error:
            text.update(Text(f"It can't be read: {error}"))
            return
        why.update(why_text(hit))
        text.update(article_text(hit, article, self._stage_name(hit.topic, hit.stage)))

    @on(OptionList.OptionHighlighted, "#hits")
    def _moved(self) -> None:
        self._help = False
        self._point()
        self._show_current()

    def _point(self) -> None:
        """Move the sign before the current hit, for terminals that show no colours."""
        for at in (self._cursor, self._list.highlighted):
            if at is not None and at < len(self._shown):
                current = at == self._list.highlighted
                self._list.replace_option_prompt_at_index(
                    at, hit_prompt(self._shown[at], current=current)
                )
        self._cursor = self._list.highlighted

    # ------------------------------------------------------------------------------- actions

    async def action_mark(self, verdict: str) -> None:
        """Store a verdict, then go on to the next hit without one."""
        hit = self.current
        if hit is None:
            return
        if await self._store_verdict(hit.id, Verdict(verdict) if verdict else None):
            self._undo.append((hit.id, hit.verdict))
            if verdict:
                self.action_next_open()

    async def action_undo(self) -> None:
        """Take the last verdict of this session back, whatever it replaced."""
        if not self._undo:
            self.notify("Nothing to undo.", timeout=2)
            return
        hit_id, before = self._undo[-1]
        if await self._store_verdict(hit_id, before):
            self._undo.pop()
            self._go_to(hit_id)

    async def _store_verdict(self, hit_id: HitId, verdict: Verdict | None) -> bool:
        mark = self._store.review.mark
        try:
            # In a thread: another writer may hold the database for a moment.
            stored = await asyncio.to_thread(mark, hit_id, verdict, now=now_utc())
        except WatcherError as error:
            self.notify(str(error), severity="error", markup=False)
            return False
        self._replace(stored)
        return True

    def _replace(self, hit: HitRecord) -> None:
        self._all = [hit if one.id == hit.id else one for one in self._all]
        for at, one in enumerate(self._shown):
            if one.id == hit.id:
                self._shown[at] = hit
                current = at == self._list.highlighted
                prompt = hit_prompt(hit, current=current)
                self._list.replace_option_prompt_at_index(at, prompt)
        self._show_status()

    def _go_to(self, hit_id: HitId) -> None:
        ids = [hit.id for hit in self._shown]
        if hit_id in ids:
            self._list.highlighted = ids.index(hit_id)

    def action_next_open(self) -> None:
        """Move to the next hit without a verdict, from the top again after the last."""
        at = self._list.highlighted or 0
        for step in range(1, len(self._shown) + 1):
            index = (at + step) % len(self._shown)
            if self._shown[index].verdict is None:
                self._list.highlighted = index
                return
        self.notify("All of these are reviewed.", timeout=3)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self._shown:
            at = (self._list.highlighted or 0) + by
            self._list.highlighted = min(max(at, 0), len(self._shown) - 1)

    def action_page(self, by: int) -> None:
        """Turn a page of the article."""
        article = self.query_one("#article", VerticalScroll)
        (article.scroll_page_down if by > 0 else article.scroll_page_up)(animate=False)

    def action_why(self) -> None:
        """Show or hide the reasons."""
        self.query_one("#why", Static).toggle_class("shown")

    def action_help(self) -> None:
        """Show the keys in place of the article, or the article again."""
        self._help = not self._help
        self._show_current()

    def action_inbox(self) -> None:
        """Change between hits and near misses."""
        self._wanted = replace(self._wanted, near_misses=not self._wanted.near_misses)
        self._load()

    def action_open(self) -> None:
        """Open the link in a browser."""
        import webbrowser

        from watcher.urls import is_web_url

        hit = self.current
        if hit is not None and is_web_url(hit.url) and not webbrowser.open(hit.url):
            self.notify(f"No browser here: {hit.url}", markup=False)

    def action_filter(self) -> None:
        """Type to filter."""
        field = self.query_one("#filter", Input)
        field.add_class("shown")
        field.focus()

    def action_leave(self) -> None:
        """Leave help, or end the filter."""
        if self._help:
            self.action_help()
            return
        field = self.query_one("#filter", Input)
        field.value = ""
        field.remove_class("shown")
        self._list.focus()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        keep = self.current
        self._words = tuple(fold(event.value).split())
        self._refill(keep.id if keep else None)

    @on(Input.Submitted, "#filter")
    def _entered(self) -> None:
        self._list.focus()
