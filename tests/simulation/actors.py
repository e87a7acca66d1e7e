"""What simulated processes do: the loops of the product's services, step by step."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from core.errors import BatonError, DatabaseError
from crawler.export.segment_finalizer import SegmentFinalizer
from tests.simulation.installation import DOMAIN, PLATFORM
from tests.simulation.process import Process

NEVER = threading.Event()
ORPHANS_CHANCE = 0.3


@dataclass(frozen=True, kw_only=True)
class Actors:
    """The bodies of processes.

    Args:
        idle: called by a process that found nothing to do.
        draws: the random numbers of the schedule.
        may_rebuild: returns whether to rebuild something now; None: not any more.
        segments: returns the number of segments so far.
    """

    idle: Callable[[], None]
    draws: random.Random
    may_rebuild: Callable[[], bool | None]
    segments: Callable[[], int]

    def export(self, process: Process) -> None:
        """Work on exports, as a thread of the export service does."""
        worker = process.app.crawling.export_worker()
        self._work(lambda: worker.work_once(NEVER))

    def crawl(self, process: Process) -> None:
        """Work on crawls, as a thread of the ingestion service does."""
        worker = process.app.crawling.ingestion_worker()
        self._work(lambda: worker.work_once(NEVER))

    def rebuild(self, process: Process) -> None:
        """Rebuild segments and finish those of ended tasks, as commands and exports do."""
        finalizer = process.app.crawling.segment_finalizer
        while (now := self.may_rebuild()) is not None:
            if now:
                with suppress(BatonError):
                    self._rebuild_one(finalizer)
            self.idle()

    def _work(self, work_once: Callable[[], bool]) -> None:
        while True:
            try:
                worked = work_once()
            except DatabaseError:  # the service's poller looks again after a pause
                worked = False
            if not worked:
                self.idle()

    def _rebuild_one(self, finalizer: SegmentFinalizer) -> None:
        if self.draws.random() < ORPHANS_CHANCE:
            finalizer.finalize_orphans(PLATFORM, DOMAIN)
        elif count := self.segments():
            finalizer.rebuild(self.draws.randint(1, count))
