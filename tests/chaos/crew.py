"""The processes of a round: kept running, killed, frozen, thawed, and listened to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.chaos_counts import Counts
from tests.chaos.eye import Eye
from tests.chaos.hosts import Host
from tests.support.processes.launcher import Process

RESTART_PAUSE_SECS = 0.5
# Endings that a fault explains: done, an error that was told, a folder that cannot be written,
# unfinished (all quota used up), no account left, interrupted (while it was starting or ending,
# when it has no handler: -2), killed.
EXPLAINED = {0, 1, 2, 3, 4, 130, -2, -9}
BUGS = ("Traceback (most recent call last)", "internal error")


@dataclass
class Role:
    """A command that is kept running on a host for as long as `wanted` says."""

    host: Host
    args: tuple[object, ...]
    wanted: Callable[[], bool]
    process: Process | None = None
    ended_at: float = 0.0
    past: list[Process] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.code is None


@dataclass
class Frozen:
    process: Process
    since: float
    thaw_at: float
    held_something: bool


class Crew:
    """All processes of Baton in a round."""

    def __init__(self, roles: list[Role], outside: Eye, counts: Counts, lease: float) -> None:
        self._roles = roles
        self._outside = outside
        self._counts = counts
        self._lease_secs = lease
        self._frozen: list[Frozen] = []
        self.problems: list[str] = []

    def keep_running(self, env: dict[str, str]) -> None:
        """Start what is missing, wake who has slept long enough."""
        for role in self._roles:
            if role.is_running:
                continue
            if role.process is not None:
                self._listen(role)
                role.past.append(role.process)
                role.process, role.ended_at = None, time.monotonic()
            if time.monotonic() - role.ended_at >= RESTART_PAUSE_SECS and role.wanted():
                role.process = role.host.start(*role.args, env=env)
                self._counts.note("restarts")
        self._wake()

    def kill(self, pick: float, *, any_age: bool = False) -> None:
        """kill -9 of one, of those that hold a lease if there are any, unless `any_age`."""
        victim = None if any_age else self._choose(pick, at_work=True, holding=True)
        victim = victim or self._choose(pick, at_work=not any_age)
        if victim is None:
            return
        self._end(victim)

    def kill_writers(self, host: Host) -> None:
        """kill -9 of all that have an export file of the host open."""
        for role in self._roles:
            if role.process is not None and role.is_running and host.is_writing(role.process):
                self._end(role.process)

    def _end(self, victim: Process) -> None:
        victim.end()
        self._counts.note("deaths")
        self._counts.note("deaths_at_work", self.holds_something(victim))

    def freeze(self, pick: float, size: float) -> None:
        """SIGSTOP for longer than a lease."""
        victim = self._choose(pick, at_work=True, holding=True)
        if victim is None:
            return
        victim.freeze()
        now = time.monotonic()
        sleep_secs = self._lease_secs * (1.3 + 2 * size)
        held = self.holds_something(victim)
        self._frozen.append(
            Frozen(process=victim, since=now, thaw_at=now + sleep_secs, held_something=held)
        )

    def thaw_all(self) -> None:
        """Wake everybody, after they have slept for as long as they should."""
        while self._frozen:
            self._wake()
            time.sleep(0.05)

    def end(self) -> None:
        """Ctrl-C for all that have begun to work; each must end in order."""
        known = self._pids_at_work()
        for role in self._roles:
            if role.process is not None and role.process.pid not in known:
                role.process.end()  # it still starts, or has ended
        running = [role for role in self._roles if role.is_running]
        for role in running:
            assert role.process is not None
            role.process.signal(2)
        for role in running:
            assert role.process is not None
            try:
                code = role.process.wait(60).code
            except AssertionError as error:
                self.problems.append(f"does not end after Ctrl-C: {error}")
                role.process.end()
                continue
            if code not in (0, 3, 130, -2):
                self.problems.append(f"{role.args} ended with {code} after Ctrl-C")
            self._listen(role)

    def holds_something(self, process: Process) -> bool:
        """Whether a lease in the database names this process."""
        count = (
            "SELECT (SELECT COUNT(*) FROM tasks WHERE lease_owner LIKE {0})"
            " + (SELECT COUNT(*) FROM accounts WHERE lease_owner LIKE {0}) AS n"
        ).format(f"'%-{process.pid}-%'")
        return bool(self._outside.value(count))

    def _choose(self, pick: float, *, at_work: bool, holding: bool = False) -> Process | None:
        asleep = {frozen.process.pid for frozen in self._frozen}
        running = [
            role.process
            for role in self._roles
            if role.process is not None and role.is_running and role.process.pid not in asleep
        ]
        if at_work:
            known = self._pids_at_work()
            running = [process for process in running if process.pid in known] or running
        if holding:
            running = [process for process in running if self.holds_something(process)]
        return running[int(pick * len(running))] if running else None

    def _pids_at_work(self) -> set[int]:
        return {int(row["pid"]) for row in self._outside.rows("SELECT pid FROM workers")}

    def _wake(self) -> None:
        now = time.monotonic()
        for frozen in [one for one in self._frozen if one.thaw_at <= now]:
            self._frozen.remove(frozen)
            if frozen.process.code is None:
                frozen.process.thaw()
                self._counts.note("zombies", frozen.held_something)

    def _listen(self, role: Role) -> None:
        process = role.process
        assert process is not None
        if process.code not in EXPLAINED:
            self.problems.append(f"{role.args} ended with {process.code}:\n{process.err[-2000:]}")
        for bug in BUGS:
            if bug in process.err or bug in process.out:
                self.problems.append(f"{role.args} says {bug}:\n{process.err[-3000:]}")
