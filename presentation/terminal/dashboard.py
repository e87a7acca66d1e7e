"""The live screen: today's sums, accounts, tasks with progress, and the latest events."""

from __future__ import annotations

import io
from collections.abc import Collection

from rich.console import Console as Terminal
from rich.console import Group, RenderableType
from rich.text import Text

from core.attribution import ALL, CircuitUnit
from presentation.i18n.alert_messages import AlertRenderer
from presentation.i18n.renderer import Renderer
from presentation.snapshot import RateMeter, Snapshot, TaskView
from presentation.terminal import account_table, alert_lines, egress_lines, event_lines, task_table
from presentation.terminal.alert_lines import AlertNews
from presentation.terminal.layout import Page, Space
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, TaskType
from storage.operations.alerts import Alert, AlertKind

FRAME_LINES = 6  # the first and the last line, and the empty ones between the parts
MIN_LINES = 3  # of accounts, and of events
MAX_EVENTS = 20
MAX_ALERTS = 4
PIPE_CELLS = 80  # of bars and rules in a pipe


class Dashboard:
    """Draws snapshots for a terminal, in the renderer's language and time zone."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._rates = RateMeter()
        self._alert_news = AlertNews(AlertRenderer(renderer))

    def render(
        self,
        snapshot: Snapshot,
        width: int,
        height: int,
        message: str = "",
        *,
        banner: str = "",
        own: Collection[int] = (),
    ) -> Group:
        """Return the whole screen, for a terminal of `width` cells and `height` lines.

        Args:
            message: a last line, such as what Ctrl-C does; empty for none.
            banner: what stands above all else, as that the snapshot is old; no speed is shown then.
            own: ids of the tasks that stand first.
        """
        if banner:
            self._rates = RateMeter()
        self._rates.record(snapshot)
        page = Page(renderer=self._renderer, width=width, now=snapshot.now)
        alerts = self._faults(page, snapshot, max(MAX_ALERTS, height // 4))
        top = [Text(banner, style="bold red")] if banner else []
        room = height - FRAME_LINES - account_table.HEAD_LINES - bool(message) - len(alerts)
        room -= sum(_lines(line, width) for line in top)
        tasks = self._tasks(page, snapshot, room - 2 * MIN_LINES, own)
        room -= len(tasks)
        events = min(MAX_EVENTS, len(event_lines.happened(page, snapshot)))
        for_events = max(min(events, MIN_LINES), min(events, room - len(snapshot.accounts)))
        for_accounts = max(MIN_LINES, room - for_events)
        parts: list[RenderableType] = [
            *top,
            *self._today(page, snapshot),
            *alerts,
            "",
            *account_table.draw(page, snapshot.accounts, for_accounts),
            "",
            *tasks,
            "",
            *event_lines.draw(page, snapshot, for_events),
            *self._footer(page, snapshot),
        ]
        if message:
            parts.append(Text(message, style="bold yellow"))
        return Group(*parts)

    def report(self, snapshot: Snapshot, width: int | None) -> list[Text]:
        """Return all of a snapshot, no word cut, for a window of `width` cells; None: a pipe."""
        page = Page(
            renderer=self._renderer,
            width=width or PIPE_CELLS,
            now=snapshot.now,
            space=Space.WINDOW if width else Space.PIPE,
        )
        number = len(snapshot.accounts) + len(snapshot.tasks)
        return [
            *self._today(page, snapshot),
            *self._faults(page, snapshot, number),
            Text(),
            *account_table.draw(page, snapshot.accounts, number),
            Text(),
            *task_table.draw(page, snapshot.tasks, self._rates, number),
            Text(),
            *event_lines.draw(page, snapshot, MAX_EVENTS),
            *self._footer(page, snapshot),
        ]

    def _faults(self, page: Page, snapshot: Snapshot, room: int) -> list[Text]:
        """Return the alerts, and what is left alone; each fault once."""
        alerts = [alert for alert in snapshot.alerts if not _is_told_beside(alert, snapshot)]
        return alert_lines.draw(page, alerts, room) + egress_lines.draw(page, snapshot)

    def line(self, snapshot: Snapshot, only: Collection[int] = ()) -> str:
        """Return the snapshot as one plain line, for logs and pipes.

        Each call is also a measuring point for the rates that later lines show.

        Args:
            only: ids of the tasks to show; empty for all.
        """
        self._rates.record(snapshot)
        page = Page(renderer=self._renderer, width=0, now=snapshot.now)
        return f"{page.clock(snapshot.now)} | {self._plain(page, snapshot, only, rates=True)}"

    def news(self, snapshot: Snapshot, only: Collection[int] = ()) -> str:
        """Return what `line` does without clock and rates, so that it differs only after a
        change."""
        page = Page(renderer=self._renderer, width=0, now=snapshot.now)
        return self._plain(page, snapshot, only, rates=False)

    def alert_news(self, snapshot: Snapshot) -> list[str]:
        """Return plain lines for the alerts that began or ended since the last call."""
        page = Page(renderer=self._renderer, width=0, now=snapshot.now)
        return self._alert_news.lines(page, snapshot.alerts)

    def _plain(self, page: Page, snapshot: Snapshot, only: Collection[int], *, rates: bool) -> str:
        parts = []
        for view in snapshot.tasks:
            if only and view.task.id not in only:
                continue
            text = f"{task_table.title(page, view)} {task_table.progress_text(page, view)}"
            rate = task_table.rate(page, view, self._rates) if rates else ""
            wait = task_table.wait_text(page, view)
            parts.append(text + (f" {rate}" if rate else "") + (f" ({wait})" if wait else ""))
        counts = account_table.counted(page, snapshot.accounts) or "0"
        parts.append(f"{self._renderer.say('screen_accounts')}: {counts}")
        return " | ".join(parts)

    def _tasks(self, page: Page, snapshot: Snapshot, room: int, own: Collection[int]) -> list[Text]:
        """Return as many tasks as fit into `room` lines; one at least."""
        max_tasks = max(1, len(snapshot.tasks))
        while True:
            drawn = task_table.draw(page, snapshot.tasks, self._rates, max_tasks, own)
            if max_tasks == 1 or len(drawn) <= room:
                return drawn
            max_tasks -= 1

    def _today(self, page: Page, snapshot: Snapshot) -> list[Text]:
        usable = [
            view for view in snapshot.accounts if view.account.status is not AccountStatus.DISABLED
        ]
        left = [view.left for view in usable]
        parts = [
            self._renderer.say(
                "screen_today",
                exported=f"{sum(view.used for view in snapshot.accounts):,}",
                left=f"{sum(left):,}",
                accounts=self._renderer.count("account", sum(1 for rows in left if rows)),
            ),
            *(self._done_in(snapshot, task_type) for task_type in TaskType),
        ]
        text = " · ".join(part for part in parts if part)
        return page.line(text, "bold")

    def _done_in(self, snapshot: Snapshot, task_type: TaskType) -> str:
        """Return when the running tasks of that type will be done; empty when not known."""
        running = [
            view
            for view in snapshot.tasks
            if view.task.task_type is task_type and _is_at_work(view)
        ]
        secs = self._rates.secs_left(running, snapshot)
        if secs is None:
            return ""
        kind = self._renderer.word("task_type", task_type)
        return self._renderer.say("screen_done_in", kind=kind, time=self._renderer.duration(secs))

    def _footer(self, page: Page, snapshot: Snapshot) -> list[Text]:
        now, end = page.clock(snapshot.now), page.moment(snapshot.day_ends)
        if page.is_screen and not any(_is_at_work(view) for view in snapshot.tasks):
            now = now[: -len(":00")]  # else the seconds alone would have it drawn again
        zone = str(self._renderer.zone)
        text = self._renderer.say("screen_now_and_day_end", now=now, zone=zone, end=end)
        return page.line(text, "dim")


def _is_at_work(view: TaskView) -> bool:
    return view.task.status is TaskStatus.IN_PROGRESS and view.attended


def _is_told_beside(alert: Alert, snapshot: Snapshot) -> bool:
    """Return whether a line about a circuit, a route or an account tells what an alert says."""
    facts = alert.facts
    if alert.kind is AlertKind.ACCOUNTS_SUSPECT:
        suspect = [view for view in snapshot.accounts if view.is_suspect(snapshot.now)]
        return any(view.account.platform == facts.get("platform") for view in suspect)
    if alert.kind is AlertKind.CIRCUIT_OPEN:
        unit = CircuitUnit(
            str(facts.get("platform")),
            str(facts.get("way") or ALL),
            str(facts.get("endpoint") or ALL),
        )
        return unit in {circuit.unit for circuit in snapshot.circuits}
    routes = {route.egress for route in (*snapshot.routes, *snapshot.unproven_routes)}
    routes |= {route.gateway for route in snapshot.routes}
    is_of_route = alert.kind in (AlertKind.EGRESS_DOWN, AlertKind.EGRESS_REFUSED)
    return is_of_route and facts.get("egress") in routes


def _lines(drawn: RenderableType, width: int) -> int:
    # How many lines a table takes at a width is known only when it is rendered.
    """Return the number of lines that a table takes at a width."""
    measure = Terminal(width=width, file=io.StringIO(), color_system=None)
    return len(measure.render_lines(drawn, pad=False))
