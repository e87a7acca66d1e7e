"""What the task table must say, worked out without a line of the product's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

OPEN = ("pending", "in_progress", "paused")
LEASE = timedelta(seconds=30)
ATTEMPTS = 3
Key = tuple[str, str]  # task type and domain


@dataclass
class Leaf:
    """One task that can be claimed."""

    id: int
    key: Key
    parent: int | None
    status: str = "pending"
    token: int = 0
    owner: str | None = None
    until: datetime | None = None
    not_before: datetime | None = None
    attempts: int = 0

    def unleased(self, now: datetime) -> bool:
        return self.until is None or self.until < now

    def place(self, now: datetime) -> tuple[object, ...] | None:
        """Return its place in the claiming order; None while nobody may claim it."""
        if not self.unleased(now):
            return None
        if self.status == "in_progress":
            return (3, self.id)
        due = self.not_before is not None and self.not_before <= now
        if self.status == "pending" and self.not_before is None:
            return (0, self.id)
        if self.status in ("pending", "paused") and due:
            assert self.not_before is not None
            return (1 if self.status == "pending" else 2, self.not_before, self.id)
        return None

    def taken(self, owner: str, now: datetime) -> None:
        self.status, self.owner, self.until = "in_progress", owner, now + LEASE
        self.token += 1
        self.not_before = None

    def given_back(self, status: str, not_before: datetime | None, failures: int = 0) -> None:
        """Give the lease back; what an operator set in between stays."""
        if self.status == "in_progress":
            self.status, self.not_before = status, not_before
        self.owner = self.until = None
        self.attempts += failures

    def ended(self, status: str) -> bool:
        runs = self.status == "in_progress"
        self.given_back(status, None)
        return runs

    def told(self, status: str) -> None:
        """The operator's word; the holder keeps its token until it notices."""
        self.status, self.not_before = status, None

    def reaped(self, now: datetime) -> bool:
        if self.status != "in_progress" or self.until is None or self.until >= now:
            return False
        self.given_back("pending", None)
        self.token += 1
        return True

    def row(self) -> tuple[object, ...]:
        return (self.status, self.token, self.owner, self.until, self.not_before, self.attempts)


@dataclass
class TaskModel:
    """All tasks. A top-level task without pieces is its own only leaf."""

    leaves: dict[int, Leaf] = field(default_factory=dict)
    pieces: dict[int, list[int]] = field(default_factory=dict)  # by top-level id
    keys: dict[int, Key] = field(default_factory=dict)

    def file(self, top: int, key: Key, pieces: list[int]) -> None:
        self.keys[top] = key
        self.pieces[top] = pieces or [top]
        for leaf in self.pieces[top]:
            self.leaves[leaf] = Leaf(leaf, key, top if pieces else None)

    def of(self, task: int) -> list[Leaf]:
        """Return the leaves of a task, top-level or piece."""
        return [self.leaves[leaf] for leaf in self.pieces.get(task, [task])]

    def top(self, task: int) -> int:
        leaf = self.leaves.get(task)
        return task if leaf is None or leaf.parent is None else leaf.parent

    def status(self, task: int) -> str:
        """Return a task's own status, or what its pieces make."""
        found = {leaf.status for leaf in self.of(task)}
        if len(found) == 1:
            return found.pop()
        # Completed pieces beside waiting ones: the whole is under way.
        order = ("in_progress", "pending", "paused", "failed")
        first = next(status for status in order if status in found)
        return "in_progress" if first == "pending" else first

    def open_top(self, key: Key) -> int | None:
        found = [top for top, its in self.keys.items() if its == key and self.status(top) in OPEN]
        assert len(found) <= 1
        return found[0] if found else None

    def next(self, kind: str, now: datetime, only: int | None) -> Leaf | None:
        """Return the leaf that a claim must get."""
        scope = self.leaves.values() if only is None else self.of(only)
        places = [(leaf.place(now), leaf) for leaf in scope if leaf.key[0] == kind]
        fit = [(place, leaf) for place, leaf in places if place is not None]
        return min(fit, key=lambda pair: (pair[0][0], pair[0][1:]))[1] if fit else None
