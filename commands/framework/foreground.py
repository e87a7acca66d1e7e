"""Work in the foreground: the engine under a live screen, until the work ends or a signal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from accounts.account_lease import Purpose
from app.container import App
from commands.framework.context import Exit, is_animated, stderr_terminal
from commands.framework.late_answers import LateAnswers
from commands.framework.reader import shown, text_of
from commands.framework.signals import drain_on_signals, suspendable
from core.errors import BatonError, DatabaseError
from core.logs import redact, service_log
from core.messages import Message
from core.supervision.internal_errors import lacks_resources
from crawler.runtime.engine import Engine
from presentation.i18n.renderer import renderer_for
from presentation.snapshot import Snapshot, TaskView
from presentation.terminal.dashboard import Dashboard
from storage.crawling import tasks
from storage.models.tasks import Task, TaskStatus, TaskType, WaitingFor

if TYPE_CHECKING:
    from rich.console import Console as Terminal
    from rich.console import ConsoleDimensions, Group
    from rich.live import Live
    from rich.segment import Segment

log = service_log("screen")
REFRESH_SECS = 0.25
IDLE_REFRESH_SECS = 1.0
PLAIN_LINE_SECS = 5.0
# A line is a sign of life even when nothing has changed.
UNCHANGED_LINE_SECS = 30.0
EVENTS = 20
ANSWER_SECS = 3.0  # without an answer for longer, the screen says that its numbers are old
BANNER_LINE_SECS = 60.0


@dataclass(frozen=True)
class ForegroundResult:
    """The end of a foreground run: an exit code, and a text for people (empty for none)."""

    code: Exit
    message: str = ""


class LiveFrames:
    """Draws the frames of a live screen, each only when it differs from the one before."""

    def __init__(self, *, terminal: Terminal, live: Live) -> None:
        self._terminal = terminal
        self._live = live
        self._shown: list[list[Segment]] = []
        self._size: ConsoleDimensions | None = None
        self._is_spoilt = False

    def forget(self) -> None:
        """Take the window as it is for spoilt: the next frame is drawn on an empty one."""
        self._is_spoilt = True

    def show(self, drawn: Group, size: ConsoleDimensions) -> None:
        """Draw a frame for a window of that size, unless it stands there already."""
        lines = self._terminal.render_lines(drawn, pad=False)
        # A window of another width has broken the lines of the last frame anew.
        is_spoilt = self._is_spoilt or (bool(self._shown) and size != self._size)
        if lines == self._shown and not is_spoilt:
            return
        if is_spoilt:
            self._terminal.clear()
        self._shown, self._size, self._is_spoilt = lines, size, False
        self._live.update(drawn, refresh=True)


@dataclass(frozen=True)
class Look:
    """What one look at the database shows: the snapshot, and how the run ends by it, if it does."""

    snapshot: Snapshot
    ending: ForegroundResult | None

    @property
    def is_busy(self) -> bool:
        """Return whether a task is worked on."""
        return any(view.task.status is TaskStatus.IN_PROGRESS for view in self.snapshot.tasks)


class Foreground:
    """Runs an engine and shows its progress: a live screen, or plain lines without a terminal.

    `last` is the newest snapshot; None before the first.

    Args:
        works_on: the types of tasks that the engine works on.
        wait: continue on the next quota day when all quota is used up, instead of ending.
    """

    def __init__(self, *, app: App, works_on: tuple[TaskType, ...], wait: bool) -> None:
        self._app = app
        self._works_on = works_on
        self._wait = wait
        self._renderer = renderer_for(app.settings.language, app.calendar.zone)
        self._dashboard = Dashboard(self._renderer)
        self._errors = app.foundation.errors_of("screen")
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._error: DatabaseError | None = None
        self._is_short = False
        self.last: Snapshot | None = None

    def failed(self, error: BaseException) -> None:
        """Have `run` stop all services, because one ended by `error`; return at once.

        It is called in that service's thread. The run's exit code is ERROR then.
        """
        self._failure = error
        self._stop.set()

    def run(self, engine: Engine, task_ids: tuple[int, ...]) -> ForegroundResult:
        """Work until all tasks of `task_ids` have ended; until a signal when it is empty.

        It also ends when a task can go on only by a person, or, without `wait`, when all quota is
        used up. The first signal lets workers finish the page or batch in hand, the second ends the
        process at once. Return the worst ending of the tasks.
        """
        drain_on_signals(self._stop.set)
        self._looks = LateAnswers(partial(self._look, task_ids))
        live = _live_screen(stderr_terminal())
        engine.start()
        ending = None
        try:
            ending = self._watch(task_ids, live)
        finally:
            stopped = engine.stop()
        if self._failure is not None:
            detail = redact(repr(self._failure))
            return ForegroundResult(
                Exit.ERROR, text_of(Message.of("stopped_by_internal_error", detail=detail))
            )
        if not stopped:
            return ForegroundResult(Exit.ERROR, text_of(Message.of("worker_not_ended")))
        self._contained_look(lambda _snapshot: None)
        return ending or ForegroundResult(
            Exit.INTERRUPTED, self._renderer.say("screen_interrupted")
        )

    def _watch(self, task_ids: tuple[int, ...], live: Live | None) -> ForegroundResult | None:
        if live is None:
            show = self._plain_line_printer(task_ids)
            return self._until_done(show, self._plain_pause(task_ids))
        resumed, terminal = threading.Event(), live.console
        with live, suspendable(resumed.set):
            frames = LiveFrames(terminal=terminal, live=live)

            def show(snapshot: Snapshot) -> None:
                if resumed.is_set():
                    resumed.clear()
                    frames.forget()  # the shell has written over the last frame
                note = self._renderer.say("screen_draining") if self._stop.is_set() else ""
                size = terminal.size
                drawn = self._dashboard.render(
                    snapshot,
                    size.width,
                    size.height,
                    note,
                    banner=self._banner(snapshot),
                    own=task_ids,
                )
                frames.show(drawn, size)

            return self._until_done(show, self._short_pause)

    def _until_done(
        self, show: Callable[[Snapshot], None], pause: Callable[[Look | None], None]
    ) -> ForegroundResult | None:
        while True:
            # Read before drawing, so that the last frame shows that the work is ending.
            stopping = self._stop.is_set()
            look = self._contained_look(show)
            if stopping:
                return None
            if look is not None and look.ending is not None:
                return look.ending
            pause(look)

    def _short_pause(self, look: Look | None) -> None:
        busy = look is not None and look.is_busy
        self._app.clock.wait(self._stop, REFRESH_SECS if busy else IDLE_REFRESH_SECS)

    def _plain_pause(self, task_ids: tuple[int, ...]) -> Callable[[Look | None], None]:
        """Return what waits for the next look of plain lines.

        That is the time of a line, as all that is seen more often is thrown away; or less, when
        one of the tasks changes its status, which may be its end.
        """

        def read() -> Mapping[int, TaskStatus]:
            with self._app.database.patience(0):
                return self._app.database.read(tasks.statuses, task_ids)

        statuses = LateAnswers(read)

        def changed(since: Look) -> bool:
            try:
                now = statuses.ask(ANSWER_SECS)
            except Exception:  # noqa: BLE001 (the look that follows tells it, and contains it)
                return True
            return now != _statuses(since.snapshot, task_ids)

        def pause(look: Look | None) -> None:
            if not task_ids:
                self._app.clock.wait(self._stop, PLAIN_LINE_SECS)
                return
            until = self._app.host_clock.monotonic() + PLAIN_LINE_SECS
            while True:
                self._short_pause(look)
                is_due = self._app.host_clock.monotonic() >= until
                if look is None or is_due or self._stop.is_set() or changed(look):
                    return

        return pause

    def _contained_look(self, show: Callable[[Snapshot], None]) -> Look | None:
        """Look, and show what is known; return the look, None without one.

        What the screen cannot do costs a frame, not the work behind it.

        Raises:
            Exception: the fifth unexpected error in a row; a host that lacks descriptors or memory
                is waited for.
        """
        try:
            look = self._refresh()
            if self.last is not None:
                show(self.last)
        except Exception as error:  # noqa: BLE001 (a screen must not end the work that it shows)
            if lacks_resources(error):
                self._errors.settled(error)
                if not self._is_short:  # once, and not for each frame
                    log.warning("frames are left out: %s", error)
                self._is_short = True
            else:
                self._app.clock.wait(self._stop, self._errors.escaped(error))
            return None
        self._errors.succeeded()
        self._is_short = False
        return look

    def _look(self, task_ids: tuple[int, ...]) -> Look:
        # The screen tells of a lost database at once; the workers wait for it.
        with self._app.database.patience(0):
            snapshot = self._app.crawling.snapshots.snapshot(
                task_ids, EVENTS, self._works_on, self._app.settings.lease_secs
            )
            return Look(snapshot, self._ending(snapshot, task_ids))

    def _refresh(self) -> Look | None:
        """Return a new look; None while the database gives none."""
        try:
            look = self._looks.ask(ANSWER_SECS)
        except DatabaseError as error:
            self._error = error
            return None
        if look is not None:
            self.last, self._error = look.snapshot, None
        return look

    def _banner(self, snapshot: Snapshot) -> str:
        """Return what the screen says above all else: that the database cannot be used."""
        outage = self._app.database.outages.current
        old_secs = (self._app.clock.now() - snapshot.now).total_seconds()
        if outage is not None:
            return self._renderer.say(
                "database_in_trouble", since=outage.began_at, cause=outage.cause
            )
        if self._error is not None and old_secs >= ANSWER_SECS:
            return self._renderer.say("database_in_trouble", since=snapshot.now, cause=self._error)
        if old_secs >= ANSWER_SECS:
            return self._renderer.say("screen_without_answer", since=snapshot.now)
        return ""

    def _plain_line_printer(self, task_ids: tuple[int, ...]) -> Callable[[Snapshot], None]:
        shown_at, shown = -UNCHANGED_LINE_SECS, ""
        banner_at = -BANNER_LINE_SECS

        def show(snapshot: Snapshot) -> None:
            nonlocal shown_at, shown, banner_at
            now = self._app.host_clock.monotonic()
            banner = self._banner(snapshot)
            if banner and now - banner_at >= BANNER_LINE_SECS:
                banner_at = now
                print(banner, file=sys.stderr, flush=True)
            if banner:
                return  # old numbers are no sign of life
            for alert in self._dashboard.alert_news(snapshot):
                print(alert, file=sys.stderr, flush=True)
            line = self._dashboard.line(snapshot, task_ids)
            news = self._dashboard.news(snapshot, task_ids)
            min_secs = PLAIN_LINE_SECS if news != shown else UNCHANGED_LINE_SECS
            if shown and now - shown_at < min_secs and not self._stop.is_set():
                return
            shown_at, shown = now, news
            print(line, file=sys.stderr, flush=True)

        return show

    def _ending(self, snapshot: Snapshot, task_ids: tuple[int, ...]) -> ForegroundResult | None:
        """Return the worst of the tasks' endings once all of them have one; None before that."""
        awaited = [view for view in snapshot.tasks if view.task.id in task_ids]
        if not awaited:
            return None
        endings = [self._task_ending(view) for view in awaited]
        reached = [ending for ending in endings if ending is not None]
        return max(reached, key=lambda ending: ending.code) if reached == endings else None

    def _task_ending(self, view: TaskView) -> ForegroundResult | None:
        """Return the ending that a task's state means; None while it may still go on by itself."""
        task = view.task
        if task.status is TaskStatus.COMPLETED:
            return ForegroundResult(Exit.OK)
        if task.status is TaskStatus.FAILED:
            text = self._renderer.say(
                "screen_task_failed", id=task.id, error=shown(task.last_error)
            )
            return ForegroundResult(Exit.ERROR, text)
        if (
            task.status is TaskStatus.PAUSED
            and view.waiting_for is None
            and view.not_before is None
        ):
            text = self._renderer.say("screen_task_paused", id=task.id)
            return ForegroundResult(Exit.PARTIAL, text)
        if view.waiting_for is WaitingFor.QUOTA and task.status is TaskStatus.PAUSED:
            return None if self._wait else self._quota_used_up(view)
        if view.waiting_for is WaitingFor.ACCOUNT:
            return self._without_accounts(task)
        return None

    def _quota_used_up(self, view: TaskView) -> ForegroundResult:
        until = ""
        if view.not_before is not None:
            until = f"{view.not_before.astimezone(self._app.calendar.zone):%Y-%m-%d %H:%M}"
            until += f" ({self._app.settings.quota_timezone})"
        return ForegroundResult(Exit.PARTIAL, self._renderer.say("screen_all_spent", until=until))

    def _without_accounts(self, task: Task) -> ForegroundResult | None:
        """Return an ending when only a person can help: no account, or all are disabled."""
        crawl = task.task_type is TaskType.INGESTION
        purpose = Purpose.INGESTING if crawl else Purpose.EXPORTING
        try:
            shortage = self._app.pool.manager.shortage(purpose, task.platform, pin=task.pin)
        except BatonError:
            return None
        if shortage.busy or shortage.until is not None:
            return None
        text = self._renderer.say("screen_person_needed", reason=shortage.reason)
        return ForegroundResult(Exit.CREDENTIALS, text)


def _live_screen(terminal: Terminal) -> Live | None:
    """Return the live screen of a terminal, not yet shown; None where nothing can be drawn over.

    It is loaded before the work begins: later the host may lack the descriptors for it.
    """
    if not is_animated(terminal):
        return None
    from rich.live import Live

    return Live(console=terminal, auto_refresh=False, transient=False)


def _statuses(snapshot: Snapshot, task_ids: tuple[int, ...]) -> Mapping[int, TaskStatus]:
    return {view.task.id: view.task.status for view in snapshot.tasks if view.task.id in task_ids}
