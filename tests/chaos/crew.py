"""The processes of a round: kept running, killed, frozen, thawed, and listened to."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.chaos.chaos_counts import Counts
from tests.chaos.eye import Eye
from tests.chaos.hosts import Host
from tests.chaos.shifted_clock import OffsetFile
from tests.support.processes.launcher import Process

RESTART_PAUSE_SECS = 0.5
# Endings of a command that has begun to work: its task is done, or unfinished as all quota is used
# up. `run` never ends by itself.
DONE = {0, 3}
# Endings of one that has not, under a fault: an error that was told, no key or account.
NOT_STARTED = {0, 1, 2, 3, 4}
# Endings of one that was asked to end: in order, interrupted, or by the signal while it started.
ASKED = {0, 3, 130, -signal.SIGINT, -signal.SIGHUP}
BUGS = ("Traceback (most recent call last)", "stopped by an internal error")


@dataclass
class Role:
    """A command that is kept running on a host for as long as `wanted` says."""

    host: Host
    args: tuple[object, ...]
    wanted: Callable[[], bool]
    process: Process | None = None
    ended_at: float = 0.0
    has_worked: bool = False
    was_asked_to_end: bool = False
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
    clocks: OffsetFile | None = None
    wall_stands: bool = False


class Crew:
    """All processes of Baton in a round."""

    def __init__(self, roles: list[Role], outside: Eye, counts: Counts, lease: float) -> None:
        self._roles = roles
        self._outside = outside
        self._counts = counts
        self._lease_secs = lease
        self._frozen: list[Frozen] = []
        self._without_descriptors: set[int] = set()
        self.problems: list[str] = []

    def keep_running(self, env: dict[str, str]) -> None:
        """Start what is missing, wake who has slept long enough."""
        self._note_who_works()
        for role in self._roles:
            if role.is_running:
                continue
            if role.process is not None:
                self._listen(role)
                role.past.append(role.process)
                role.process, role.ended_at = None, time.monotonic()
            if time.monotonic() - role.ended_at >= RESTART_PAUSE_SECS and role.wanted():
                role.process = role.host.start(*role.args, env=env)
                role.has_worked = role.was_asked_to_end = False
                self._counts.note("restarts")
        self._wake()

    def _note_who_works(self) -> None:
        new = [role for role in self._roles if role.is_running and not role.has_worked]
        known = self._pids_at_work() if new else set()
        for role in new:
            role.has_worked = role.process is not None and role.process.pid in known

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

    def kill_all_of(self, host: Host) -> None:
        """kill -9 of all processes of a host, as when it loses power."""
        for role in self._roles:
            if role.host is host and role.process is not None and role.is_running:
                self._end(role.process)

    def _end(self, victim: Process) -> None:
        victim.end()
        self._counts.note("deaths")
        self._counts.note("deaths_at_work", self.holds_something(victim))

    def hang_up(self, pick: float) -> None:
        """SIGHUP to one that has begun to work: it must end in order."""
        victim = self._choose(pick, at_work=True)
        role = self._role_of(victim)
        if victim is None or role is None or not role.has_worked or role.was_asked_to_end:
            return
        role.was_asked_to_end = True
        victim.signal(signal.SIGHUP)
        self._counts.note("hang_ups")

    def use_up_descriptors(self, pick: float) -> Callable[[], None] | None:
        """Let one open no further file or connection; what allows it again, None for nobody."""
        victim = self._choose(pick, at_work=True)
        role = self._role_of(victim)
        if victim is None or role is None or not role.has_worked:
            return None
        if victim.pid in self._without_descriptors:
            return None
        try:
            usual = resource.prlimit(victim.pid, resource.RLIMIT_NOFILE)
            used = set(map(int, os.listdir(f"/proc/{victim.pid}/fd")))
            lowest_free = min(set(range(len(used) + 1)) - used)
            resource.prlimit(victim.pid, resource.RLIMIT_NOFILE, (lowest_free, usual[1]))
        except (OSError, ValueError):
            return None  # it has just ended

        self._without_descriptors.add(victim.pid)

        def allow_again() -> None:
            self._without_descriptors.discard(victim.pid)
            with suppress(OSError):
                resource.prlimit(victim.pid, resource.RLIMIT_NOFILE, usual)

        return allow_again

    def freeze(self, pick: float, size: float, *, clock_stands: bool = False) -> None:
        """SIGSTOP for longer than a lease; `clock_stands`: as when the whole host is suspended."""
        victim = self._choose(pick, at_work=True, holding=True)
        role = self._role_of(victim)
        if victim is None or role is None:
            return
        clocks = role.host.clocks_of(victim) if clock_stands else None
        if clock_stands and clocks is None:
            return
        self._stop(victim, size, clocks)

    def freeze_holder(self, table: str, size: float) -> bool:
        """SIGSTOP for longer than a lease of who holds one in a table; False: nobody there does."""
        victim = self._holder(table)
        if victim is not None:
            self._stop(victim, size, None)
        return victim is not None

    def kill_holder(self, table: str) -> bool:
        """kill -9 of who holds a lease in a table; False: nobody there does."""
        victim = self._holder(table)
        if victim is not None:
            self._end(victim)
        return victim is not None

    def _holder(self, table: str) -> Process | None:
        sql = f"SELECT lease_owner FROM {table} WHERE lease_owner IS NOT NULL"
        owners = [str(row["lease_owner"]) for row in self._outside.rows(sql)]
        asleep = {frozen.process.pid for frozen in self._frozen}
        for role in self._roles:
            process = role.process
            if process is None or not role.is_running or process.pid in asleep:
                continue
            if any(f"-{process.pid}-" in owner for owner in owners):
                return process
        return None

    def _stop(self, victim: Process, size: float, clocks: OffsetFile | None) -> None:
        victim.freeze()
        now = time.monotonic()
        sleep_secs = self._lease_secs * (1.3 + 2 * size)
        held = self.holds_something(victim)
        self._frozen.append(
            Frozen(
                process=victim,
                since=now,
                thaw_at=now + sleep_secs,
                held_something=held,
                clocks=clocks,
                wall_stands=size < 0.5,
            )
        )

    def thaw_all(self) -> None:
        """Wake everybody, after they have slept for as long as they should."""
        while self._frozen:
            self._wake()
            time.sleep(0.05)

    @property
    def frozen_hosts(self) -> set[str]:
        """The names of the hosts with a process that stands still."""
        roles = [self._role_of(frozen.process) for frozen in self._frozen]
        return {role.host.name for role in roles if role is not None}

    def end(self) -> None:
        """Ctrl-C for all that have begun to work; each must end in order."""
        known = self._pids_at_work()
        for role in self._roles:
            if role.process is not None and role.process.pid not in known:
                role.process.end()  # it still starts, or has ended
        running = [role for role in self._roles if role.is_running]
        for role in running:
            assert role.process is not None
            role.was_asked_to_end = True
            role.process.signal(signal.SIGINT)
        for role in running:
            assert role.process is not None
            try:
                code = role.process.wait(60).code
            except AssertionError as error:
                self.problems.append(f"does not end after Ctrl-C: {error}")
                role.process.end()
                continue
            if code not in ASKED:
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
                if frozen.clocks is not None:
                    frozen.clocks.stand(now - frozen.since, wall_too=frozen.wall_stands)
                    self._counts.note("suspended")
                frozen.process.thaw()
                self._counts.note("zombies", frozen.held_something and frozen.clocks is None)

    def _role_of(self, process: Process | None) -> Role | None:
        return next((role for role in self._roles if process and role.process is process), None)

    def _listen(self, role: Role) -> None:
        """Judge how the process of a role has ended."""
        process = role.process
        assert process is not None
        code = process.code
        if not self._is_explained(role, code):
            self._counts.note("ended")
            began = "after it began to work" if role.has_worked else "at its start"
            self.problems.append(
                f"{role.args} ended by itself with {code} {began}:\n{process.err[-2000:]}"
            )
        elif code not in (0, -signal.SIGKILL) and not role.has_worked:
            self._counts.note("starts_refused", not role.was_asked_to_end)
        self.problems += spoken_bugs(str(role.args), process)

    def _is_explained(self, role: Role, code: int | None) -> bool:
        if code == -signal.SIGKILL:
            return True
        if role.was_asked_to_end:
            # What it has done is read from the database, which may be away.
            return code in {*ASKED, 1}
        if not role.has_worked:
            return code in NOT_STARTED
        return code in DONE and role.args[0] != "run"


def spoken_bugs(name: str, process: Process) -> list[str]:
    """What a process has printed that no process should."""
    return [
        f"{name} says {bug}:\n{process.err[-3000:]}"
        for bug in BUGS
        if bug in process.err or bug in process.out
    ]
