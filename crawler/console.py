"""The live console: accounts with quota bars, tasks with progress, waits, and the last events."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from crawler.progress import MOST_PENDING, AccountView, RateMeter, Snapshot, TaskView
from crawler.texts import Texts
from storage.records import AccountStatus, SegmentState, TaskStatus, TaskType, WaitingFor

BAR_FULL, BAR_EMPTY = "━", "─"
STATE_STYLES = {
    AccountStatus.IDLE: "dim",
    AccountStatus.INGESTING: "cyan",
    AccountStatus.EXPORTING: "green",
    AccountStatus.DISABLED: "red",
}
TASK_STYLES = {
    TaskStatus.PENDING: "dim",
    TaskStatus.IN_PROGRESS: "cyan",
    TaskStatus.PAUSED: "yellow",
    TaskStatus.COMPLETED: "green",
    TaskStatus.FAILED: "red",
}
STATE_ORDER = (
    AccountStatus.EXPORTING, AccountStatus.INGESTING, AccountStatus.IDLE, AccountStatus.DISABLED,
)  # fmt: skip
WIDE_COLUMNS = 100
EXPLAINED_WAITS = (WaitingFor.ACCOUNT, WaitingFor.DISK, WaitingFor.PLATFORM)


class Console:
    """Draws snapshots. `zone` is the one in which times are shown."""

    def __init__(self, texts: Texts, zone: ZoneInfo) -> None:
        self._texts = texts
        self._zone = zone
        self._rates = RateMeter()

    def render(self, snapshot: Snapshot, width: int, height: int, message: str = "") -> Group:
        """The whole screen, for a terminal of that size."""
        self._rates.note(snapshot)
        tasks_height = max(1, 3 * len(snapshot.tasks)) + 3
        room = max(3, height - tasks_height - len(snapshot.events) - 8)
        parts: list[RenderableType] = [
            self._accounts(snapshot, width, room),
            self._tasks(snapshot, width),
            self._events(snapshot, width),
        ]
        if message:
            parts.append(Text(message, style="bold yellow"))
        return Group(*parts)

    def line(self, snapshot: Snapshot) -> str:
        """The same in one plain line, for logs and pipes."""
        self._rates.note(snapshot)
        parts = [f"{snapshot.now.astimezone(self._zone):%H:%M:%S}"]
        for view in snapshot.tasks:
            parts.append(
                f"{self._title(view)} {self._progress_text(view)} {self._rate(view)}".rstrip()
            )
            wait = self._wait(view, snapshot.now)
            if wait:
                parts[-1] += f" ({wait})"
        states = Counter(view.account.status for view in snapshot.accounts)
        counted = [f"{states[s]} {self._texts.account_states[s]}" for s in STATE_ORDER if states[s]]
        parts.append(f"{self._texts.accounts}: {', '.join(counted) or 0}")
        return " | ".join(parts)

    def _accounts(self, snapshot: Snapshot, width: int, room: int) -> RenderableType:
        texts = self._texts
        if not snapshot.accounts:
            return Text(texts.no_accounts, style="yellow")
        table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=False, padding=(0, 1))
        table.add_column(texts.account, no_wrap=True, max_width=24, overflow="ellipsis")
        table.add_column(texts.state, no_wrap=True)
        table.add_column(texts.quota, no_wrap=True)
        table.add_column(texts.note, no_wrap=True, ratio=1, overflow="ellipsis")
        ordered = sorted(snapshot.accounts, key=lambda v: STATE_ORDER.index(v.account.status))
        for view in ordered[:room]:
            account = view.account
            state = Text(texts.account_states[account.status], style=STATE_STYLES[account.status])
            table.add_row(
                escape(account.username), state, self._quota(view, width),
                escape(self._account_note(view, snapshot.now)),
            )  # fmt: skip
        if len(ordered) > room:
            table.add_row(texts.more.format(n=len(ordered) - room), "", "", "")
        return table

    def _quota(self, view: AccountView, width: int) -> Text:
        limit = view.account.daily_export_limit
        share = view.used / limit if limit else 1.0
        style = "green" if share < 0.9 else "yellow" if share < 1 else "red"
        bar = _bar(share, 24 if width >= WIDE_COLUMNS else 10, style)
        digits = len(f"{limit:,}")
        return bar + Text(f" {view.used:>{digits},} / {limit:,}")

    def _account_note(self, view: AccountView, now: datetime) -> str:
        account = view.account
        if account.status is AccountStatus.DISABLED:
            return account.disabled_reason or ""
        if account.cooldown_until is not None and account.cooldown_until > now:
            rests = self._texts.event_kinds["cooldown"]
            return f"{rests} {self._texts.until} {self._moment(account.cooldown_until, now)}"
        if view.used >= account.daily_export_limit:
            return self._texts.spent
        return ""

    def _tasks(self, snapshot: Snapshot, width: int) -> RenderableType:
        texts = self._texts
        if not snapshot.tasks:
            return Text(texts.no_tasks, style="dim")
        table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=False, padding=(0, 1))
        table.add_column(texts.task, no_wrap=True, max_width=30, overflow="ellipsis")
        table.add_column(texts.state, no_wrap=True)
        table.add_column(texts.progress, ratio=1, overflow="fold")
        table.add_column(texts.rate, justify="right", no_wrap=True)
        for view in snapshot.tasks:
            status = view.task.status
            progress = Text(self._progress_text(view))
            share = _share(view)
            if share is not None:
                bar = _bar(share, 20 if width >= WIDE_COLUMNS else 8, TASK_STYLES[status])
                progress = bar + Text(" ") + progress
            wait = self._wait(view, snapshot.now)
            if wait:
                progress += Text(f"\n{wait}", style="yellow")
            if status is TaskStatus.FAILED and view.error:
                progress += Text(f"\n{_one_line(view.error)}", style="red")
            table.add_row(
                escape(self._title(view)), Text(texts.task_states[status], TASK_STYLES[status]),
                progress, self._rate(view),
            )  # fmt: skip
        return table

    def _events(self, snapshot: Snapshot, width: int) -> RenderableType:
        texts = self._texts
        happened = [
            (event.created_at,
             f"{event.username}  {texts.event_kinds.get(event.kind, event.kind)}: {event.detail}")
            for event in snapshot.events
        ]  # fmt: skip
        happened += [
            (segment.end_time, f"{segment.file_path}  {texts.sealed}, {segment.exported_count:,}"
             f" {texts.rows}")
            for segment in snapshot.segments
            if segment.state is SegmentState.SEALED and segment.end_time is not None
        ]  # fmt: skip
        happened.sort(key=lambda pair: pair[0], reverse=True)
        lines = Text(no_wrap=True, overflow="ellipsis", style="dim")
        for moment, what in happened[: max(1, len(snapshot.events))]:
            lines.append(f"{moment.astimezone(self._zone):%H:%M:%S}  {_one_line(what)}\n")
        footer = f"{texts.quota_day_turns} {self._moment(snapshot.day_ends, snapshot.now)}"
        lines.append(f"{snapshot.now.astimezone(self._zone):%H:%M:%S %Z}  {footer}")
        return lines

    def _title(self, view: TaskView) -> str:
        return f"#{view.task.id} {self._texts.task_types[view.task.task_type]} {view.task.domain}"

    def _progress_text(self, view: TaskView) -> str:
        texts = self._texts
        if view.task.task_type is TaskType.INGESTION:
            total = f"/{view.task.page_to:,}" if view.task.page_to is not None else ""
            return (
                f"{view.pages_done:,}{total} {texts.pages}, {view.items:,} {texts.creators}"
                f" ({view.new:,} {texts.new})"
            )
        text = f"{view.items:,} {texts.rows}"
        if view.pending_rows:
            more = "+" if view.pending_rows >= MOST_PENDING else ""
            text += f", {view.pending_rows:,}{more} {texts.rows_waiting}"
        return text

    def _rate(self, view: TaskView) -> str:
        if view.task.status is not TaskStatus.IN_PROGRESS:
            return ""
        return f"{self._rates.per_sec(view.task.id):,.0f}{self._texts.per_sec}"

    def _wait(self, view: TaskView, now: datetime) -> str:
        if view.waiting_for is None:
            return ""
        text = self._texts.waits[view.waiting_for]
        if view.error and view.waiting_for in EXPLAINED_WAITS:
            text += f": {_one_line(view.error)}"
        if view.not_before is not None and (view.not_before - now).total_seconds() > 2:
            text += f", {self._texts.until} {self._moment(view.not_before, now)}"
        return text

    def _moment(self, moment: datetime, now: datetime) -> str:
        local, today = moment.astimezone(self._zone), now.astimezone(self._zone)
        form = "%H:%M:%S" if local.date() == today.date() else "%Y-%m-%d %H:%M"
        return local.strftime(form)


def _bar(share: float, cells: int, style: str) -> Text:
    full = min(cells, int(max(0.0, share) * cells + 1e-9))
    return Text(BAR_FULL * full, style) + Text(BAR_EMPTY * (cells - full), "dim")


def _share(view: TaskView) -> float | None:
    if view.task.task_type is TaskType.INGESTION:
        if not view.task.page_to:
            return None
        return view.pages_done / view.task.page_to
    everything = view.items + view.pending_rows
    return view.items / everything if everything else None


def _one_line(text: str) -> str:
    return "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text)
