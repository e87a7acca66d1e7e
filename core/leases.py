"""Leases as their holder sees them: a fencing token, a deadline, and a registry of held ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from core.clock import Clock
from core.errors import LeaseLostError


class LeaseKind(StrEnum):
    """The kinds of rows that are leased; each stands for one table."""

    TASK = "task"
    ACCOUNT = "account"
    JOB = "job"
    WEBHOOK = "webhook"
    BROADCAST = "broadcast"
    OPERATION = "operation"
    HOUR = "hour"


class Lease:
    """A leased row, as far as its holder knows; the database decides.

    Args:
        token: the fencing token, part of every write made under the lease.
        deadline: monotonic seconds at which the lease ends unless it is renewed. A process that was
            frozen or cut off for longer must stop by itself, because nobody can notify it.
        on_lost: called when the lease turns out to be lost.
    """

    def __init__(
        self,
        *,
        kind: LeaseKind,
        row_id: int,
        token: int,
        deadline: float,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self.kind = kind
        self.row_id = row_id
        self.token = token
        self._deadline = deadline
        self._lost = False
        self._on_lost = on_lost

    def extend(self, deadline: float) -> None:
        """Set the deadline (monotonic seconds) after a renewal; a lost lease stays lost."""
        self._deadline = deadline

    def mark_lost(self) -> None:
        """Record that another process may hold the row, and call `on_lost`."""
        self._lost = True
        self._on_lost()

    def is_held(self, clock: Clock) -> bool:
        """Return True before the deadline, unless the lease was lost."""
        return not self._lost and clock.monotonic() < self._deadline

    def require(self, clock: Clock) -> None:
        """Do nothing while the lease is held, by its deadline and as far as this process knows.

        Raises:
            LeaseLostError: the deadline has passed, or the lease was found lost.
        """
        if not self.is_held(clock):
            raise LeaseLostError("lease_lost", kind=self.kind, id=self.row_id)

    def __repr__(self) -> str:
        return f"Lease({self.kind} {self.row_id}, token {self.token})"


class LeaseRegistry:
    """The leases that this process holds; the lease renewer renews every one of them.

    A lease that is removed without being released in the database runs out by itself. Work whose
    outcome is not known for sure ends that way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[LeaseKind, int], Lease] = {}
        self._threads: dict[Lease, int] = {}

    def add(self, lease: Lease) -> None:
        """Have the lease renewed from now on, in place of an older one of the same row."""
        with self._lock:
            older = self._held.get((lease.kind, lease.row_id))
            if older is not None:
                self._threads.pop(older, None)
            self._held[(lease.kind, lease.row_id)] = lease
            self._threads[lease] = threading.get_ident()

    def remove(self, lease: Lease) -> None:
        """Stop renewing a lease; a newer lease of the same row stays."""
        with self._lock:
            if self._held.get((lease.kind, lease.row_id)) is lease:
                del self._held[(lease.kind, lease.row_id)]
                self._threads.pop(lease, None)

    def lose(self, kind: LeaseKind, row_id: int) -> None:
        """Mark the lease of a row as lost, if this process holds one, and stop renewing it.

        For a change that has ended the lease in the database.
        """
        for lease in self.held():
            if (lease.kind, lease.row_id) == (kind, row_id):
                lease.mark_lost()
                self.remove(lease)

    def holders(self) -> list[tuple[Lease, int]]:
        """Return the leases with the ids of the threads that added them, which work under them."""
        with self._lock:
            return list(self._threads.items())

    def held(self) -> list[Lease]:
        """Return the leases to renew, in no particular order."""
        with self._lock:
            return list(self._held.values())
