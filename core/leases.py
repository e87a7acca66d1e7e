"""Leases as the holder sees them: a fencing token, a deadline, and the book of what is held."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from core.clock import Clock
from core.errors import LeaseLostError


class LeaseKind(StrEnum):
    TASK = "task"
    ACCOUNT = "account"
    JOB = "job"
    WEBHOOK = "webhook"
    BROADCAST = "broadcast"


class Lease:
    """One held row. The database has the last word; this is what the holder may rely on.

    `token` goes into every write made under the lease. `deadline` (monotonic seconds) is when the
    lease ends unless the keeper renews it: a process that was frozen or cut off for longer must not
    use the account any more, although nobody has told it. `on_lost` is called when it turns out to
    be lost.
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

    def renewed_until(self, deadline: float) -> None:
        self._deadline = deadline

    def mark_lost(self) -> None:
        self._lost = True
        self._on_lost()

    def is_held(self, clock: Clock) -> bool:
        return not self._lost and clock.monotonic() < self._deadline

    def require(self, clock: Clock) -> None:
        """Raise LeaseLostError unless the lease is still ours as far as we know."""
        if not self.is_held(clock):
            raise LeaseLostError(f"lease on {self.kind} {self.row_id} ran out or was taken over")

    def __repr__(self) -> str:
        return f"Lease({self.kind} {self.row_id}, token {self.token})"


class LeaseRegistry:
    """All leases that this process wants to keep; the keeper renews what stands here.

    A lease that is struck out without being released in the database runs out by itself. That is
    how work ends whose state is not known for sure.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[LeaseKind, int], Lease] = {}

    def add(self, lease: Lease) -> None:
        with self._lock:
            self._held[(lease.kind, lease.row_id)] = lease

    def strike(self, lease: Lease) -> None:
        with self._lock:
            if self._held.get((lease.kind, lease.row_id)) is lease:
                del self._held[(lease.kind, lease.row_id)]

    def held(self) -> list[Lease]:
        with self._lock:
            return list(self._held.values())
