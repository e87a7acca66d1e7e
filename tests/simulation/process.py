"""A simulated process: its App, its clock, and its one thread as a coroutine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from greenlet import greenlet

from app.container import App
from crawler.runtime.lease_renewer import LeaseRenewer
from tests.simulation.process_clock import ProcessClock

RENEWAL_SECS = 10.0


class Died(BaseException):
    """The process ends here: no code of ours may catch it."""


@dataclass(eq=False)
class Process:
    """A process whose thread runs until its next step, whenever it is resumed.

    Args:
        name: for the trace.
        body: what the thread does; when it returns, the process has ended.
        asleep_until: the step of the schedule before which it stands still.
        has_no_work: it has written nothing since it looked for work in vain.
        stands_before: what it does when it goes on; empty before its first step.
        is_dead: its next step raises Died, and its clean-up does nothing.
    """

    name: str
    app: App
    clock: ProcessClock
    body: Callable[[Process], None]
    asleep_until: int = 0
    is_dead: bool = False
    has_no_work: bool = False
    stands_before: str = ""

    def __post_init__(self) -> None:
        self._thread = greenlet(self._run)
        self._renewal_due_secs = 0.0

    @property
    def has_ended(self) -> bool:
        return bool(self._thread.dead)

    def is_awake_at(self, step: int) -> bool:
        """Return whether it goes on at that step of the schedule, or is started again."""
        has_finished = self.has_ended and not self.is_dead
        return self.asleep_until <= step and not has_finished

    @cached_property
    def lease_renewer(self) -> LeaseRenewer:
        return self.app.crawling.lease_renewer("export")

    def resume(self) -> None:
        """Let it run to its next step."""
        self._thread.switch()

    def pause(self) -> None:
        """Let others run; called by the process itself."""
        self._thread.parent.switch()

    def renew_leases_if_due(self) -> bool:
        """Renew what it holds and reap what others held, at each third of a lease's life.

        Return False when it was not due, it has ended, or it holds nothing.
        """
        now_secs = self.clock.monotonic()
        if now_secs < self._renewal_due_secs or self.has_ended or not self.app.leases.held():
            return False
        self._renewal_due_secs = now_secs + RENEWAL_SECS
        self.lease_renewer.renew_once()
        return True

    def kill(self) -> None:
        """End it at the step where it stands."""
        self.is_dead = True
        if self._thread and not self._thread.dead:
            with suppress(Died):
                self._thread.throw(Died)

    def _run(self) -> None:
        with suppress(Died):
            self.body(self)
