"""Keeps an eye on what no fault that passes may bring about: failed tasks, disabled accounts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.chaos.chaos_counts import Counts
from tests.chaos.eye import Eye
from tests.support.processes.outside import Row

# How a process tells that it has no descriptor left, which the driver takes away.
NO_DESCRIPTOR = ("Too many open files", "host_without_descriptors", "web_server_not_started")
# What the platform answered is not understood by any account: no wait mends that.
BY_PLATFORM = frozenset({"page_failed"})


class Watch:
    """Notes failed tasks while the round goes on, as they are resumed and forgotten."""

    def __init__(self, outside: Eye, counts: Counts) -> None:
        self._outside = outside
        self._counts = counts
        self._failures: dict[tuple[int, str], Row] = {}

    def failed_tasks(self) -> list[Row]:
        """The tasks that are failed just now."""
        failed = self._outside.rows(
            "SELECT id, task_type, last_error FROM tasks WHERE status='failed' AND is_leaf=1"
        )
        for task in failed:
            self._failures.setdefault((task["id"], str(task["last_error"])), task)
        return failed

    def problems(self) -> list[str]:
        """A sentence for each failure and each disabled account that nothing explains."""
        return [*self._passing_failures(), *self._disabled(), *self._internal_errors()]

    def _passing_failures(self) -> Iterable[str]:
        for task in self._failures.values():
            if _is_by_platform(task):
                self._counts.note("tasks_failed")
                continue
            self._counts.note("passing_failures")
            yield f"task {task['id']} ({task['task_type']}) failed: {task['last_error']}"

    def _disabled(self) -> Iterable[str]:
        """The sandbox signs nobody out and bans nobody: whoever is disabled is not at fault."""
        for account in self._outside.rows("SELECT * FROM accounts WHERE status='disabled'"):
            self._counts.note("disabled")
            yield f"account {account['username']} is disabled: {account}"

    def _internal_errors(self) -> Iterable[str]:
        for alert in self._outside.rows("SELECT * FROM alerts WHERE kind='internal_error'"):
            if any(sign in str(alert["facts"]) for sign in NO_DESCRIPTOR):
                continue  # the host lacks what the driver took away, and says so
            yield f"an unexpected error: {alert['subject']}: {alert['facts']}"


def _is_by_platform(task: Row) -> bool:
    return task["task_type"] == "ingestion" and bool(BY_PLATFORM & set(_codes(task["last_error"])))


def _codes(stored: Any) -> Iterable[str]:
    """The codes of a stored message and of its causes."""
    message = json.loads(stored) if isinstance(stored, str) and stored.startswith("{") else {}
    waiting = [message]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "code" in one:
                yield str(one["code"])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
