"""One schedule: which process goes on at each step, and what a seed lets happen in between."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.actors import Actors
from tests.simulation.checks import Checks
from tests.simulation.events import LEASE_SECS, Events
from tests.simulation.fake_platform import FakePlatform
from tests.simulation.installation import DOMAIN, PLATFORM, Installation
from tests.simulation.memory_engine import Answer, MemoryEngine
from tests.simulation.plan import Plan, World
from tests.simulation.process import Died, Process
from tests.simulation.process_clock import ProcessClock
from tests.support.moving_clock import MovingClock

MAX_STEPS = 4000
BURST = 0.7  # the chance that the same process goes on: whole take-overs happen in one go
SWITCH_AT_READ = 0.4  # most reads are followed by a write, before which there is a step as well
BUSY_FIRST = 0.7  # the chance that none of those goes on who have just found no work
EVENT, EVENT_IN_IDLENESS = 0.15, 0.6  # the chance that something may happen after a step


@dataclass
class Schedule:
    """Runs an installation under one seed until all its tasks have ended.

    The same seed gives the same trace. Budgets (`left`) bound what happens, so that a schedule ends
    unless the product does not.
    """

    seed: int
    installation: Installation
    keeps_trace: bool = False
    steps: int = 0
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draws = random.Random(self.seed)
        random.seed(self.seed)  # the product's own jitter
        self.plan = Plan.draw(self._draws)
        self.left = dict(self.plan.budgets)
        self.clock = MovingClock()
        self.platform = FakePlatform(before_answer=lambda: self.step("request"), fails=self._fails)
        self.engine = MemoryEngine(
            self.installation.images[self.plan.world],
            before_unit=self._before_unit,
            before_write=lambda: self.step("write"),
            answer=self._answer,
        )
        self._sql = self.engine.connection.execute
        self._running: Process | None = None
        self._last: Process | None = None
        self._is_idle = False
        self._operator = self.installation.open_app(self.plan, self.engine, self.clock)
        self.checks = Checks(self.engine.connection, self.installation.exports, self.platform)
        self._events = self._make_events()
        self._processes = self._make_processes()
        self._note(f"{self.plan}")

    # What the instruments in the product call

    def step(self, what: str) -> None:
        """Let others come in between here, or let this process die; outside of one, do nothing."""
        me = self._running
        if me is None:
            return
        if me.is_dead:
            raise Died
        self._note(what)
        if self._draw("die", 0.01):
            me.is_dead = True
            raise Died
        me.stands_before = what
        me.pause()

    def is_dying(self) -> bool:
        """Return whether the running process has died, so that its clean-up must do nothing."""
        return self._running is not None and self._running.is_dead

    def is_disk_full(self) -> bool:
        """Draw whether the next call of the file system fails for lack of space."""
        return self._running is not None and self._draw("disk full", 0.03)

    def note_renamed(self, target: Path) -> None:
        """Look at a file that has just got its name, unless files were lost as well."""
        if "lose file" not in self.plan.budgets:
            self.checks.note_renamed(target)

    # The schedule itself

    def run(self) -> list[str]:
        """Play the schedule; return what is wrong at its end."""
        while not self._is_idle or self._has_work() or self._is_rebuilding():
            self.steps += 1
            if self.steps > MAX_STEPS:
                return ["it does not end"]
            process = self._next()
            self._is_idle = False
            self._running = process
            process.resume()
            self._running = None
            self._let_happen(process)
        self._tidy_up()
        return self.checks.problems()

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            self._running = process
            process.kill()
        self._running = None
        self.engine.close()

    def _make_events(self) -> Events:
        return Events(
            plan=self.plan,
            installation=self.installation,
            operator=self._operator,
            reaper=self._operator.crawling.lease_renewer("export"),
            connection=self.engine.connection,
            clock=self.clock,
            draws=self._draws,
            draw=self._draw,
            note=self._note,
            platform=self.platform,
        )

    def _make_processes(self) -> list[Process]:
        actors = Actors(
            idle=self._idle,
            draws=self._draws,
            may_rebuild=self._may_rebuild,
            segments=self._segments,
        )
        bodies = [("export 1", actors.export), ("export 2", actors.export)]
        if self.plan.world is World.CRAWL:
            bodies += [("crawl 1", actors.crawl), ("crawl 2", actors.crawl)]
        if self.plan.world is World.REBUILDS:
            bodies += [("rebuild", actors.rebuild)]
        return [self._start(name, body) for name, body in bodies]

    def _start(self, name: str, body: Callable[[Process], None]) -> Process:
        clock = ProcessClock(self.clock)
        app = self.installation.open_app(self.plan, self.engine, clock)
        process = Process(name, app, clock, body)
        if self.plan.world is World.CRAWL:
            self.platform.connect(process)
        return process

    def _awake(self) -> list[Process]:
        return [one for one in self._processes if one.is_awake_at(self.steps)]

    def _next(self) -> Process:
        """Return the process that goes on; one that has died is started again."""
        awake = self._awake()
        if not awake:
            self._wake_up()
            awake = self._awake()
        busy = [one for one in awake if not one.has_no_work]
        if self._last in busy and self._draws.random() < BURST:
            process = self._last
        elif busy and self._draws.random() < BUSY_FIRST:
            process = self._draws.choice(busy)
        else:
            process = self._draws.choice(awake)
        if process.has_ended:
            number = self._processes.index(process)
            process = self._processes[number] = self._start(process.name, process.body)
        self._last = process
        return process

    def _idle(self) -> None:
        self._is_idle = True
        if self._running is not None:
            self._running.has_no_work = True
        self.step("idle")

    def _let_happen(self, process: Process) -> None:
        is_still = self._is_idle and all(one.has_no_work for one in self._awake())
        if self._draws.random() < (EVENT_IN_IDLENESS if self._is_idle else EVENT):
            self._events.happen(process, self._awake(), self.steps)
        elif self._is_idle:
            self._events.wait_for_work(self._awake(), is_still=is_still)
        if is_still:  # nothing happens any more without those who sleep
            self._wake_up()

    def _wake_up(self) -> None:
        for one in self._processes:
            one.asleep_until = 0

    def _has_work(self) -> bool:
        found = self._sql("SELECT 1 FROM tasks WHERE open_key IS NOT NULL LIMIT 1").fetchone()
        return found is not None

    def _is_rebuilding(self) -> bool:
        """Return whether a rebuild has begun and not ended: its file may lie there before its row
        tells of it."""
        return any(
            one.name == "rebuild" and not one.has_ended and one.stands_before not in ("", "idle")
            for one in self._processes
        )

    def _tidy_up(self) -> None:
        """Do what comes with the next export: finish segments that ended tasks left open.

        Lost files are rebuilt, as the operator does whom `exports verify` tells of them. What must
        not need mending is looked at before.
        """
        self.checks.note_completed()
        self.clock.move(LEASE_SECS)
        finalizer = self._operator.crawling.segment_finalizer
        finalizer.finalize_orphans(PLATFORM, DOMAIN)
        if "lose file" in self.plan.budgets:
            for segment_id in self.checks.segments_without_files():
                finalizer.rebuild(segment_id)

    # What is drawn

    def _before_unit(self) -> None:
        if self._draws.random() < SWITCH_AT_READ:
            self.step("unit")

    def _may_rebuild(self) -> bool | None:
        return self._draw("rebuild", 0.1) if self.left["rebuild"] else None

    def _segments(self) -> int:
        count: int = self._sql("SELECT COALESCE(MAX(id), 0) FROM export_logs").fetchone()[0]
        return count

    def _fails(self, what: str) -> bool:
        return self._draw(what, 0.05)

    def _answer(self) -> Answer:
        if self._running is None:
            return Answer.GIVEN
        self._running.has_no_work = False
        if not self._draw("lose answer", 0.03):
            return Answer.GIVEN
        return self._draws.choice((Answer.LOST_COMMITTED, Answer.LOST_ROLLED_BACK))

    def _draw(self, what: str, chance: float) -> bool:
        if not self.left.get(what) or self._draws.random() >= chance:
            return False
        self.left[what] -= 1
        self._note(what)
        return True

    def _note(self, text: str) -> None:
        if self.keeps_trace:
            who = self._running.name if self._running else "-"
            self.trace.append(f"{self.steps:4} {who:9} {text}")
