"""How long a task meets an error of the database that nobody knows, before it fails by it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

TRY_SECS = 600.0
# A task is tried again when its lease has run out; without a failure for so long, the next one is
# another trouble.
FORGET_SECS = 600.0


@dataclass
class DatabaseDoubts:
    """The failures by unknown errors that this process has seen, by task."""

    _seen: dict[int, tuple[float, float]] = field(default_factory=dict, init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    def is_over(self, task_id: int, now_secs: float) -> bool:
        """Note a failure at that moment (monotonic); return whether they have lasted too long."""
        with self._guard:
            self._seen = {
                task: seen for task, seen in self._seen.items() if now_secs - seen[1] < FORGET_SECS
            }
            first_secs, _ = self._seen.get(task_id, (now_secs, now_secs))
            self._seen[task_id] = (first_secs, now_secs)
            return now_secs - first_secs >= TRY_SECS
