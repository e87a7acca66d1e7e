"""Tell which work of a process makes no progress, though its lease is renewed all the time."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType

from core.clock import Clock
from core.leases import LeaseRegistry
from core.logs import service_log
from core.supervision.progress import ThreadProgress

log = service_log("watchdog")
POOL_THREADS = "ThreadPoolExecutor"
POOL_MODULES = "concurrent.futures"
MAX_FRAMES = 12


@dataclass(frozen=True)
class StalledWork:
    """Work without a sign of life.

    Args:
        kind: `thread`, or what is leased: `task`, `account`, `job`, `webhook`, `broadcast`.
        name: the thread's name, or the id of the leased row.
        since: the moment (UTC) of its last sign.
    """

    kind: str
    name: str
    since: datetime

    @property
    def what(self) -> str:
        return f"{self.kind} {self.name}"


class Watchdog:
    """Finds leases and threads of this process whose thread gave no sign of life for long.

    It changes nothing: whoever reads its answer decides. Each thread that hangs is logged once,
    with where it hangs.

    Args:
        clock: not the one that threads give their signs by: a look is no progress.
        limit_secs: how long a thread may be silent.
    """

    def __init__(
        self, *, progress: ThreadProgress, leases: LeaseRegistry, clock: Clock, limit_secs: float
    ) -> None:
        self._progress = progress
        self._leases = leases
        self._clock = clock
        self._limit_secs = limit_secs
        self._logged: set[int] = set()
        self._guard = threading.Lock()

    def stalled(self) -> list[StalledWork]:
        """Return the work that stalls at this moment: threads first, then what they lease."""
        with self._guard:
            silent = dict(self._silent_threads())
            self._log_new(silent)
        found = [
            StalledWork("thread", name, silent[thread_id])
            for thread_id, name in self._progress.threads().items()
            if thread_id in silent
        ]
        return found + [
            StalledWork(str(lease.kind), str(lease.row_id), silent[thread_id])
            for lease, thread_id in self._leases.holders()
            if thread_id in silent
        ]

    def _silent_threads(self) -> Iterator[tuple[int, datetime]]:
        """Yield the watched threads without a sign for too long, with the moment of the last."""
        holders = {thread_id for _, thread_id in self._leases.holders()}
        self._progress.forget_ended(keep=holders)
        now, moment = self._clock.monotonic(), self._clock.now()
        for thread_id in holders | set(self._progress.threads()):
            sign = self._progress.sign_of(thread_id)
            if sign is None or now - sign.latest <= self._limit_secs:
                continue
            latest = sign.latest
            # The stack of a thread that runs changes under whoever walks it, down to memory that is
            # in use for something else: only that of a silent thread is looked at.
            if _waits_for_pool(sys._current_frames().get(thread_id)):
                latest = max([latest, *self._signs_of_pools()])
            if now - latest > self._limit_secs:
                yield thread_id, moment - timedelta(seconds=now - latest)

    def _signs_of_pools(self) -> list[float]:
        threads = [one for one in threading.enumerate() if one.name.startswith(POOL_THREADS)]
        signs = [self._progress.sign_of(one.ident) for one in threads if one.ident is not None]
        return [sign.latest for sign in signs if sign is not None]

    def _log_new(self, silent: dict[int, datetime]) -> None:
        """Log where the threads hang that are silent for the first time."""
        self._logged &= silent.keys()
        if silent.keys() == self._logged:
            return
        frames, names = (
            sys._current_frames(),
            {one.ident: one.name for one in threading.enumerate()},
        )
        for thread_id in silent.keys() - self._logged:
            frame = frames.get(thread_id)
            where = traceback.extract_stack(frame, limit=MAX_FRAMES) if frame is not None else []
            # Without the lines' text and variables: a stack names no secret.
            stack = " < ".join(
                f"{one.filename.rpartition('/')[2]}:{one.lineno} {one.name}"
                for one in reversed(where)
            )
            since = silent[thread_id].isoformat(timespec="seconds")
            name = names.get(thread_id, "?")
            log.error("thread=%s makes no progress since %s: %s", name, since, stack)
        self._logged |= silent.keys()


def _waits_for_pool(frame: FrameType | None) -> bool:
    """Return whether a thread waits for the threads of a pool, which work in its place."""
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(POOL_MODULES):
            return True
        frame = frame.f_back
    return False
