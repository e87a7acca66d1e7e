"""What faults act on in a round, and how they are undone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_plan import RoundPlan, Step
from tests.chaos.crew import Crew
from tests.chaos.eye import Eye, Platform
from tests.chaos.hosts import Host
from tests.chaos.receivers import Receiver
from tests.chaos.stages import Stage
from tests.support.processes.launcher import Process

EMPTY_PAGE, MAX_EMPTY_PAGES = "null_result", 2


@dataclass
class Later:
    """Something to undo when its time has come (monotonic seconds)."""

    due: float
    act: Callable[[], None]


@dataclass(kw_only=True)
class Scene:
    """The installation of a round, as the acts see it.

    `errands` are commands that a fault has started beside the crew: each must end by itself.
    """

    plan: RoundPlan
    hosts: list[Host]
    crew: Crew
    stage: Stage
    platform: Platform
    receiver: Receiver
    outside: Eye
    counts: Counts
    chance: random.Random
    ordered: int = 0
    empty_pages: int = 0
    problems: list[str] = field(default_factory=list)
    errands: list[Process] = field(default_factory=list)
    _later: list[Later] = field(default_factory=list)

    def host(self, step: Step) -> Host:
        """The host that a step hits."""
        return self.hosts[int(step.pick * len(self.hosts))]

    def undo_after(self, secs: float, act: Callable[[], None]) -> None:
        self._later.append(Later(time.monotonic() + secs, act))

    def undo_what_is_due(self) -> None:
        for later in [one for one in self._later if one.due <= time.monotonic()]:
            self._later.remove(later)
            later.act()

    def undo_everything(self) -> None:
        while self._later:
            self._later.pop(0).act()

    def order_faults(self, *orders: dict[str, object]) -> None:
        believable = [order for order in orders if self._is_believable(order)]
        self.platform.order_faults(*believable)
        self.ordered += sum(int(str(order["times"])) for order in believable)

    def _is_believable(self, order: dict[str, object]) -> bool:
        """False for a lie told so often that it is the truth: three empty pages end a crawl."""
        if order["kind"] != EMPTY_PAGE:
            return True
        self.empty_pages += int(str(order["times"]))
        return self.empty_pages <= MAX_EMPTY_PAGES
