"""One schedule: processes that are switched at each step, and what a seed lets happen to them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

from app.container import App
from core.errors import BatonError, CommitUnknownError
from crawler.tasks.submission import FiledTask
from tests.simulation.checks import problems
from tests.simulation.installation import (
    ACCOUNTS,
    CRAWL_ENDS,
    DOMAIN,
    EXPORT,
    INSERT_ROW,
    LATE_ROW,
    PLATFORM,
    QUOTA,
    Installation,
    open_app,
)
from tests.simulation.memory_engine import Answer, MemoryEngine
from tests.simulation.process_clock import ProcessClock
from tests.support.moving_clock import MovingClock

NEVER = threading.Event()
WORKERS = 2
MAX_STEPS = 4000
MAX_SLEEP_STEPS = 120
LEASE_SECS, HALF_A_DAY_SECS = 31.0, 12 * 3600.0
IDLE_BEFORE_MIDNIGHT = 60  # looks without work since the last file, as when all quota is spent
BURST = 0.7  # the chance that the same process goes on: whole take-overs happen in one go
DRAWN = {
    "die": 1,
    "freeze": 2,
    "lose answer": 1,
    "midnight": 1,
    "refresh": 2,
    "pause or cancel": 1,
    "replace task": 1,
    "spend quota": 1,
    "disk full": 1,
    "join": 1,
    "rebuild": 2,
    "lose file": 1,
}


class Died(BaseException):
    """The process ends here: no code of ours may catch it."""


@dataclass
class Process:
    """A simulated process: its App, its clock, and its thread as a coroutine."""

    app: App
    clock: ProcessClock
    thread: greenlet
    asleep_until: int = 0
    is_dead: bool = False


@dataclass
class Schedule:
    """Runs an installation under one seed until all exports have ended.

    The same seed gives the same trace. Budgets (`left`) bound what happens, so that a schedule ends
    unless the product does not.
    """

    seed: int
    installation: Installation
    keeps_trace: bool = False
    steps: int = 0
    idle_steps: int = 0
    trace: list[str] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=lambda: dict(DRAWN))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.clock = MovingClock()
        self._is_idle = False
        self._last = 0
        file_rows = self._random.choice(tuple(self.installation.settings))
        lanes = self._random.choice((1, 1, 2))
        self._settings = self.installation.settings[file_rows]
        self.engine = MemoryEngine(
            self.installation.images[lanes],
            before_unit=lambda: self.step("transaction"),
            answer=self._answer,
        )
        self._sql = self.engine.connection.execute
        self._operator = open_app(self._settings, self.engine, self.clock)
        self._processes = [self._start(n) for n in range(WORKERS + 1)]

    # The processes

    def step(self, what: str) -> None:
        """Let others come in between here, or let this process die; outside of one, do nothing."""
        me = self._current()
        if me is None:
            return
        if me.is_dead:
            raise Died
        self._note(what)
        self.idle_steps = 0 if what.startswith("rename") else self.idle_steps
        if self._draw("die", 0.01):
            me.is_dead = True
            raise Died
        me.thread.parent.switch()

    def is_dying(self) -> bool:
        """Return whether the running process has died, so that its clean-up must do nothing."""
        me = self._current()
        return me is not None and me.is_dead

    def is_disk_full(self) -> bool:
        """Draw whether the next call of the file system fails for lack of space."""
        return self._current() is not None and self._draw("disk full", 0.02)

    def run(self) -> list[str]:
        """Play the schedule; return what is wrong at its end."""
        while self._has_work():
            self.steps += 1
            if self.steps > MAX_STEPS:
                return ["it does not end"]
            number = self._next()
            self._processes[number].thread.switch()
            self._let_happen(number)
        self._tidy_up()
        return problems(self.engine.connection, self.installation.folder / "exports")

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.is_dead = True
            if process.thread and not process.thread.dead:
                with suppress(Died):
                    process.thread.throw(Died)
        self.engine.close()

    def _current(self) -> Process | None:
        me = getcurrent()
        return next((one for one in self._processes if one.thread is me), None)

    def _start(self, number: int) -> Process:
        clock = ProcessClock(self.clock)
        app = open_app(self._settings, self.engine, clock)
        main = self._work if number < WORKERS else self._operate
        return Process(app, clock, greenlet(lambda: main(app)))

    def _next(self) -> int:
        stays = self._random.random() < BURST
        number = self._last if stays else self._random.randrange(len(self._processes))
        if self._is_resting(number):
            number = (number + 1) % WORKERS
        if self._processes[number].thread.dead:
            self._processes[number] = self._start(number)
        self._last = number
        return number

    def _is_resting(self, number: int) -> bool:
        process = self._processes[number]
        has_ended = number == WORKERS and process.thread.dead and not self.left["rebuild"]
        return has_ended or process.asleep_until > self.steps

    def _work(self, app: App) -> None:
        worker = app.crawling.export_worker()
        with suppress(Died, CommitUnknownError):
            while True:
                if not worker.work_once(NEVER):
                    self._idle()

    def _operate(self, app: App) -> None:
        """Rebuild segments, and finish those of ended tasks, while the workers work."""
        with suppress(Died, CommitUnknownError):
            while self.left["rebuild"]:
                if self._draw("rebuild", 0.1):
                    self._rebuild(app)
                self._idle()

    def _rebuild(self, app: App) -> None:
        finalizer = app.crawling.segment_finalizer
        with suppress(BatonError):
            if self._random.random() < 0.3:
                finalizer.finalize_orphans(PLATFORM, DOMAIN)
                return
            count = self._sql("SELECT COALESCE(MAX(id),0) FROM export_logs").fetchone()[0]
            if count:
                finalizer.rebuild(self._random.randint(1, count))

    def _idle(self) -> None:
        self._is_idle = True
        self.step("idle")

    # What happens to them

    def _let_happen(self, number: int) -> None:
        idle, self._is_idle = self._is_idle, False
        self.idle_steps += idle
        if self.idle_steps > IDLE_BEFORE_MIDNIGHT:
            self.idle_steps = 0
            self._pass_time(HALF_A_DAY_SECS, alive=[])
        elif self._random.random() < (0.6 if idle else 0.15):
            for event in self._events(number):
                event()
        elif idle:
            self._pass_time(16, self._processes)

    def _events(self, number: int) -> list[Callable[[], None]]:
        drawn = [
            (self._draw("freeze", 0.25), lambda: self._freeze(self._processes[number])),
            (self._chance(0.1), lambda: self._pass_time(LEASE_SECS, self._processes)),
            (self._draw("midnight", 0.05), lambda: self._pass_time(HALF_A_DAY_SECS, [])),
            (self._draw("refresh", 0.2), self._refresh),
            (self._chance(0.2), self._commit_late_row),
            (self._draw("pause or cancel", 0.05), self._pause_or_cancel),
            (self._draw("replace task", 0.03), self._replace_task),
            (self._draw("spend quota", 0.05), self._spend_quota),
            (self._draw("join", 0.05), self._join),
            (self._draw("lose file", 0.03), self._lose_file),
        ]
        return [event for is_drawn, event in drawn if is_drawn]

    def _freeze(self, process: Process) -> None:
        """Let a process stand still until its leases have run out, with or without its clock."""
        process.asleep_until = self.steps + self._random.randrange(MAX_SLEEP_STEPS)
        self._pass_time(LEASE_SECS, [one for one in self._processes if one is not process])
        if self._chance(0.5):
            self._note("its clock stood still")
            process.clock.sleep_through(LEASE_SECS)

    def _refresh(self) -> None:
        self._sql("UPDATE influencers SET nickname=nickname||'新'")

    def _commit_late_row(self) -> None:
        self._sql("UPDATE influencers SET domain=? WHERE id=?", (DOMAIN, LATE_ROW))
        if self._chance(0.5):
            self._sql(CRAWL_ENDS)

    def _pause_or_cancel(self) -> None:
        control, task_id = self._operator.crawling.control, self._newest_export()
        act = self._random.choice((control.pause, control.cancel))
        for change in (act, control.resume):
            with suppress(BatonError):
                change(task_id)

    def _replace_task(self) -> None:
        with suppress(BatonError):
            self._operator.crawling.control.cancel(self._newest_export())
        self._file_export()

    def _spend_quota(self) -> None:
        manager = self._operator.pool.manager
        with suppress(BatonError):
            manager.update_export_count(self._random.randint(1, ACCOUNTS), 1)

    def _join(self) -> None:
        self._file_export()
        number = self._sql("SELECT MAX(id) FROM influencers").fetchone()[0] + 1
        self._sql(INSERT_ROW, (number, str(number), DOMAIN))

    def _lose_file(self) -> None:
        files = sorted((self.installation.folder / "exports").rglob("*.csv"))
        if files:
            lost = self._random.choice(files)
            lost.unlink()
            lost.with_name(f"{lost.name}.manifest.json").unlink(missing_ok=True)

    def _file_export(self) -> FiledTask:
        return self._operator.crawling.submitter.submit_export(PLATFORM, DOMAIN, EXPORT, 1)

    def _newest_export(self) -> int:
        found = self._sql(
            "SELECT MAX(id) FROM tasks WHERE task_type='export' AND parent_id IS NULL"
        ).fetchone()
        return int(found[0])

    def _pass_time(self, secs: float, alive: list[Process]) -> None:
        """Move the clock; who is alive keeps its leases, and reaps those of the dead."""
        renewals = 2 if secs >= LEASE_SECS else 1
        for _ in range(renewals):
            self.clock.move(secs / renewals)
            for process in alive:
                if process.app.foundation.leases.held() and not process.thread.dead:
                    process.app.crawling.lease_renewer("export").renew_once()
            if alive:
                self._operator.crawling.lease_renewer("export").renew_once()
        self._note(f"{secs:.0f} s pass")

    def _has_work(self) -> bool:
        return (
            self._sql(
                "SELECT 1 FROM tasks WHERE task_type='export' AND open_key IS NOT NULL"
            ).fetchone()
            is not None
        )

    def _tidy_up(self) -> None:
        """Do what comes with the next export: finish segments that ended tasks left open.

        Lost files are rebuilt, as the operator does whom `exports verify` tells of them.
        """
        self.clock.move(LEASE_SECS)
        finalizer = self._operator.crawling.segment_finalizer
        finalizer.finalize_orphans(PLATFORM, DOMAIN)
        exports = self.installation.folder / "exports"
        for segment in self._sql("SELECT id, file_path FROM export_logs").fetchall():
            path = exports / (segment["file_path"] or "none")
            if not (path.exists() and path.with_name(f"{path.name}.manifest.json").exists()):
                finalizer.rebuild(segment["id"])

    def _answer(self) -> Answer:
        if self._current() is None or not self._draw("lose answer", 0.03):
            return Answer.GIVEN
        return self._random.choice((Answer.LOST_COMMITTED, Answer.LOST_ROLLED_BACK))

    def _draw(self, what: str, chance: float) -> bool:
        if not self.left[what] or not self._chance(chance):
            return False
        self.left[what] -= 1
        self._note(what)
        return True

    def _chance(self, chance: float) -> bool:
        return self._random.random() < chance

    def _note(self, text: str) -> None:
        if self.keeps_trace:
            me = self._current()
            who = self._processes.index(me) if me else "-"
            self.trace.append(f"{self.steps:4} {who} {text}")


assert QUOTA < ACCOUNTS * QUOTA, "no account may export all rows"
