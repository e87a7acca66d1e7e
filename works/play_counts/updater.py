"""Update the play counts that are old."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from logging import Logger
from pathlib import Path

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import BusyError, UnfinishedError
from core.file_lock import file_lock
from core.installation.file_access import SHARED, FileAccess
from core.logs import own_log_file
from core.messages import Message
from crawler.statistics.items import FetchedItem
from presentation.i18n.renderer import Renderer
from storage.catalogue import works
from storage.catalogue.works import Due, Work
from storage.engines.transactions import Database
from works.catalogue.catalogue import Catalogue
from works.catalogue.entries import Key
from works.catalogue.stats_results import apply_answer
from works.play_counts.batches import BatchAsker, RoundLimits
from works.play_counts.progress_file import Round, RoundFile, batch_lines

# After this many silent batches in a row the platform is left for the next run.
SILENT_BATCHES = 3
SERVICE = "video_update"
Watcher = Callable[[Round, int], None]


@dataclass(frozen=True)
class RoundEnd:
    """The outcome of a round of play counts.

    `left` is the number of works still to be requested, because the round was stopped or their
    platform gave no answers; the same command continues with them.
    """

    round: Round
    left: int

    @property
    def message(self) -> Message:
        """Return the outcome, as `1,200 updated, 3 skipped, 1 failed`."""
        result = self.round
        done = Message.of(
            "play_counts_updated",
            updated=result.updated,
            skipped=result.skipped,
            failed=len(result.failed),
        )
        if result.shrunk:
            done = Message.of("play_counts_lower", result=done, works=len(result.shrunk))
        return Message.of("works_left", result=done, works=self.left) if self.left else done


@dataclass(frozen=True, kw_only=True)
class PlayCountUpdater:
    """Updates the play counts of works in rounds, in batches that are stored with their answers.

    The database's state of each work is also the progress of a round, so that a killed one
    continues after its last batch.

    Args:
        progress: tells the next run when the round began and what its outcome was so far.
        log_file: gets a line for each batch, and for each work without a play count.
        renderer: writes the messages in that file; its zone is that of the times there.
        access: mode and group of that file.
    """

    database: Database
    catalogue: Catalogue
    asker: BatchAsker
    clock: Clock
    limits: RoundLimits
    progress: RoundFile
    log_file: Path
    renderer: Renderer
    access: FileAccess = SHARED

    def job(self, stop: threading.Event) -> Message:
        """Run the usual round (all works with old play counts) as a scheduled job; return a
        summary.

        Raises:
            StoppedSignal: `stop` was set; works are left for the next run.
            UnfinishedError: works are left for the next run, as their platform gave no answers.
            BusyError: another process is updating.
            DatabaseError, OutputError: the next run continues; nothing is lost.
        """
        done = self.update(stop)
        if stop.is_set():
            raise StoppedSignal
        if done.left:
            raise UnfinishedError(done.message)
        return done.message

    def update(
        self,
        stop: threading.Event,
        *,
        force: bool = False,
        uids: Sequence[str] = (),
        watch: Watcher = lambda _round, _total: None,
    ) -> RoundEnd:
        """Run a round, or the rest of an unfinished one about the same works.

        A stop and a platform that does not answer raise nothing: the result has how many works are
        left.

        Args:
            force: update all works but those that an operator disabled, however young their play
                counts are.
            uids: only works of these creators; empty for all.
            watch: called at the start and after each batch with the round and its total number of
                works.

        Raises:
            BusyError: another process is updating.
            DatabaseError, OutputError: run it again when the cause is removed; nothing is lost.
        """
        with file_lock(self.progress.path.with_name(".video_update.lock"), wait=False) as is_locked:
            if not is_locked:
                raise BusyError("play_counts_busy")
            with own_log_file(
                SERVICE, self.log_file, self.renderer.sentence, self.renderer.zone, self.access
            ) as log:
                return self._update(self._resume_or_begin(force, uids, log), watch, log, stop)

    def _resume_or_begin(self, force: bool, uids: Sequence[str], log: Logger) -> Round:
        """Return the unfinished round about the same works, or store and return a new one."""
        now, sorted_uids = self.clock.now(), tuple(sorted(set(uids)))
        left = self.progress.load(force, sorted_uids)
        # An older round is not resumed: its first counts are due again.
        longest = timedelta(days=max(1, self.limits.days))
        if left is not None and now - left.began_at < longest:
            log.info("going on with the round of %s: %s done", _minute(left.began_at), left.done)
            return left
        fresh = Round(began_at=now, force=force, uids=sorted_uids)
        self.progress.save(fresh)
        return fresh

    def _update(
        self, round_: Round, watch: Watcher, log: Logger, stop: threading.Event
    ) -> RoundEnd:
        """Request and store all works that are due, platform by platform."""
        age = timedelta(0 if round_.force else self.limits.days)
        due = Due(
            began_at=round_.began_at,
            stale_before=round_.began_at - age,
            with_gone=round_.force,
            uids=round_.uids,
        )
        counts = self.database.read(partial(works.due_counts, due=due))
        total = round_.done + sum(counts.values())
        watch(round_, total)
        for platform in counts:
            round_ = self._update_platform(
                platform, due, round_, lambda r: watch(r, total), log, stop
            )
        left = sum(self.database.read(partial(works.due_counts, due=due)).values())
        end = RoundEnd(round_, left)
        if not left:
            self.progress.remove(round_)
        log.info("ended: %s", end)
        return end

    def _update_platform(
        self,
        platform: str,
        due: Due,
        round_: Round,
        watch: Callable[[Round], None],
        log: Logger,
        stop: threading.Event,
    ) -> Round:
        """Update the due works of one platform until none is left, or it gives no answers."""
        # The works are walked by id: a query for those due longest sorts the whole rest for each
        # batch.
        after_id = silent = 0
        while not stop.is_set():
            batch = self.database.read(works.next_due, due, platform, after_id, self.limits.batch)
            if not batch or (after_id and self.clock.wait(stop, self.limits.batch_pause_secs)):
                break
            items = self.asker.ask(batch, stop)
            round_ = self._store(round_, batch, items, log)
            watch(round_)
            after_id = batch[-1].id
            is_silent = bool(items) and all(item.answer is None for item in items.values())
            silent = silent + 1 if is_silent else 0
            if silent == SILENT_BATCHES:
                log.error("%s: no answers; its other works are left for the next run", platform)
                break
        return round_

    def _store(
        self, round_: Round, batch: Sequence[Work], items: Mapping[Key, FetchedItem], log: Logger
    ) -> Round:
        """Store a batch's answers in the catalogue, then the progress, and log the batch."""

        def change(work: Work | None, key: Key, now: datetime) -> Work | None:
            return (
                None if work is None else apply_answer(work, items[key], now, self.catalogue.owner)
            )

        self.catalogue.change(items, change)
        after = round_.with_batch(batch, items)
        self.progress.save(after)
        for line in batch_lines(batch, items):
            log.info(*line)
        return after


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
