"""Report the current counters of all active tasks to their callback URLs, round after round."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.vault import Vault
from core.cancellation import StoppedSignal
from core.clock import Clock, TimeLimit, iso_utc
from core.errors import DatabaseError, LeaseLostError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import fields, service_log, storable
from core.message_json import message_keys
from core.messages import Message
from core.poller import Poller
from core.supervision.internal_errors import ComponentErrors, described
from distribution.broadcast.outcome import RoundOutcome, outcome_of_round
from distribution.broadcast.rotation import next_starts, rotate
from distribution.live_counters import Fetcher, LiveCounters
from distribution.payloads import BROADCAST, broadcast_body, broadcast_entry
from distribution.recipients import recipients_of
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.distribution import broadcast_failures, broadcasts, distribution_tasks
from storage.distribution.broadcast_failures import BroadcastFailure
from storage.distribution.broadcasts import BroadcasterState, is_stale
from storage.distribution.distribution_tasks import DramaFields
from storage.engines.transactions import Database, Tx
from webhooks.outbox import Outbox, Report

log = service_log("broadcast")
LOOK_EVERY_SECS = 5.0
READ_AT_ONCE = 1000
# A request that is under way at the end of fetching may take that long.
LAST_ANSWER_SECS = 30.0


@dataclass(frozen=True)
class BroadcastLimits:
    """The limits of rounds; a round reports the current counters of every active task's video.

    Args:
        interval_secs: seconds between the starts of two rounds.
        part_tasks: the greatest number of tasks in one report.
        lease_secs: seconds after which another process may begin a round when this one has died.
    """

    interval_secs: float
    part_tasks: int
    lease_secs: float

    @property
    def fetch_secs(self) -> float:
        """Return the seconds for which a round fetches: it ends before the next one is due."""
        return max(self.interval_secs / 2, self.interval_secs - LAST_ANSWER_SECS)


@dataclass(frozen=True)
class BroadcastReply:
    """The reply to a command of the operator; the counts are tasks of the newest finished round.

    `postponed` are those of the failed for which no request was made, as the time or the platform's
    budget had run out: the next round begins with them. `success` is False when the command did
    nothing.
    """

    success: bool
    message: Message
    time: datetime
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    postponed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the reply as JSON: its fields, with `message_code` and `message_params`.

        The message is in English.
        """
        return {
            "success": self.success,
            **message_keys("message", self.message, ENGLISH_RENDERER.sentence),
            "total": self.total,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "postponed": self.postponed,
            "time": iso_utc(self.time),
        }


@dataclass(frozen=True, kw_only=True)
class Broadcaster:
    """Runs rounds: each fetches the counters of all active tasks' videos and files reports on them.

    No two rounds overlap: a round holds the one lease of all processes, and its reports are filed
    in the transaction that ends this lease.

    Args:
        site_name: the setting SITE_NAME, which every report contains.
        owner: the id of this process, written into the lease.
    """

    database: Database
    fetcher: Fetcher
    vault: Vault
    outbox: Outbox
    clock: Clock
    lease_registry: LeaseRegistry
    owner: str
    site_name: str
    limits: BroadcastLimits
    errors: ComponentErrors

    def start(self) -> BroadcastReply:
        """Turn broadcasting on for all processes, until `stop`; a second call changes nothing.

        It runs no round by itself: that is done by the processes in `run`.
        """
        changed = self.database.write_idempotent(broadcasts.switch, True, self.clock.now())
        if not changed:
            return self._reply(True, Message.of("broadcasting_was_on"))
        secs = self.limits.interval_secs
        return self._reply(True, Message.of("broadcasting_turned_on", secs=secs))

    def stop(self) -> BroadcastReply:
        """Turn broadcasting off for all processes; a round in progress is finished."""
        changed = self.database.write_idempotent(broadcasts.switch, False, self.clock.now())
        if not changed:
            return self._reply(True, Message.of("broadcasting_was_off"))
        return self._reply(True, Message.of("broadcasting_turned_off"))

    def status(self) -> dict[str, Any]:
        """Return the state of broadcasting as JSON.

        The keys are `is_on`, `is_running`, `interval_secs`, `started_at`, `finished_at`, a message,
        and the counts of the newest finished round. The times are those of the newest round:
        `finished_at` is null while it runs, both are null when there was none. `reported_at` is the
        end of the newest round that had numbers, null before the first; `error` is why the newest
        round reported nothing, null when it did. `stale_since` is since when receivers wait for
        numbers, null unless that is longer than STALE_ROUNDS intervals and broadcasting is on.
        """
        seen = self.database.read(broadcasts.state)
        totals = json.loads(seen.result) if seen.result else {}
        reports = totals.pop("reports", 0)
        secs, now = self.limits.interval_secs, self.clock.now()
        stale_since = seen.fresh_at if is_stale(seen, now, secs) else None
        state = Message.of("broadcasting_off", secs=secs)
        if seen.is_on:
            state = Message.of("broadcasting_on", secs=secs)
        return self._reply(True, state, **totals).as_json() | {
            "is_on": seen.is_on,
            "is_running": _is_running(seen, now),
            "interval_secs": self.limits.interval_secs,
            "started_at": seen.started_at and iso_utc(seen.started_at),
            "finished_at": seen.finished_at and iso_utc(seen.finished_at),
            "reports": reports,
            "reported_at": seen.reported_at and iso_utc(seen.reported_at),
            "stale_since": stale_since and iso_utc(stale_since),
            **message_keys("error", seen.last_error, ENGLISH_RENDERER.sentence),
        }

    def last_error(self) -> Message | None:
        """Return why the newest round reported nothing; None when it did."""
        stored = self.database.read(broadcasts.state).last_error
        return Message.load(stored) if stored else None

    def failures(self, limit: int, after: int = 0) -> list[BroadcastFailure]:
        """Return up to `limit` tasks without numbers in the newest finished round.

        Those that fail longest come first; `after` is the id of the last one of the page before.
        """
        return self.database.read(broadcast_failures.listed, limit, after)

    def trigger(self, stop: threading.Event) -> BroadcastReply:
        """Run one round now, whether broadcasting is on or off, and return at its end.

        When a round is in progress already, the reply has `success=False`. The caller must run the
        lease renewer of this process meanwhile.

        Raises:
            StoppedSignal: `stop` was set before the end; nothing was reported.
            LeaseLostError: another process took the round over; nothing was reported.
            DatabaseError: nothing was reported.
        """
        lease = self._claim(None)
        if lease is None:
            began = self.database.read(broadcasts.state).started_at
            if began is None:
                return self._reply(False, Message.of("round_under_way"))
            return self._reply(False, Message.of("round_under_way_since", since=iso_utc(began)))
        return self._run_leased(lease, stop)

    def run(self, stop: threading.Event) -> None:
        """Run rounds while broadcasting is on, until `stop` is set; when the database
        fails, log it and try again."""
        poller = Poller(
            clock=self.clock,
            poll_secs=min(LOOK_EVERY_SECS, self.limits.interval_secs),
            retried=(LeaseLostError, DatabaseError),
            on_error=_log_error,
            errors=self.errors,
        )
        with suppress(StoppedSignal):
            poller.run(lambda: self.run_if_due(stop), stop)

    def run_if_due(self, stop: threading.Event) -> BroadcastReply | None:
        """Run a round if broadcasting is on and one is due, and return at its end; else return
        None.

        Raises:
            StoppedSignal: `stop` was set before the end; nothing was reported.
            LeaseLostError: another process took the round over; nothing was reported.
            DatabaseError: nothing was reported.
        """
        now = self.clock.now()
        if not self.database.read(broadcasts.state).is_on:
            # A claim is a write: while broadcasting is off, none is made every few seconds.
            return None
        lease = self._claim(now - timedelta(seconds=self.limits.interval_secs))
        return None if lease is None else self._run_leased(lease, stop)

    def _claim(self, due_before: datetime | None) -> Lease | None:
        """Lease a round; None when one is in progress, or when one began after `due_before`."""
        # Read before the write: counted from later, the deadline could lie after the lease's end.
        asked_at, now = self.clock.monotonic(), self.clock.now()
        until = now + timedelta(seconds=self.limits.lease_secs)
        token = self.database.write(broadcasts.claim, self.owner, now, until, due_before)
        if token is None:
            return None
        deadline = asked_at + self.limits.lease_secs
        lease = Lease(
            kind=LeaseKind.BROADCAST, row_id=broadcasts.ROW, token=token, deadline=deadline
        )
        self.lease_registry.add(lease)
        return lease

    def _run_leased(self, lease: Lease, stop: threading.Event) -> BroadcastReply:
        try:
            return self._run_round(lease, stop)
        except StoppedSignal:
            self.database.write_idempotent(broadcasts.give_back, self.owner, lease.token)
            raise
        except (LeaseLostError, DatabaseError):
            raise
        except Exception as error:
            # The round counts as begun: the next one comes in its time, and not at once.
            log.exception("%s", fields(round=lease.token))
            self.errors.settled(error)
            failure = Message.of("round_failed", cause=described(error))
            reason = storable(failure)
            self.database.write_idempotent(broadcasts.fail, self.owner, lease.token, reason)
            return self._reply(False, failure)
        finally:
            self.lease_registry.remove(lease)  # If it was not given back, it expires.

    def _run_round(self, lease: Lease, stop: threading.Event) -> BroadcastReply:
        """Fetch, render and file the reports of a round whose lease is held."""
        dramas = self._tasks()
        found = outcome_of_round(dramas, self._fetch_counters(dramas, stop))
        for failure in found.failures:
            if not failure.is_postponed:
                reason = Message.load(failure.reason)
                log.warning("%s failed: %s", fields(task=failure.task_id), reason)
        reports = self._reports(lease, found)
        # After a long pause of this process another one may have begun a round.
        lease.require(self.clock)
        self.database.write(self._file, lease, reports, found)
        log.info("%s", fields(round=lease.token, reports=len(reports), **found.totals))
        message = Message.of(
            "round_reported",
            succeeded=len(found.counted),
            total=len(dramas),
            reports=len(reports),
        )
        if found.postponed:
            message = Message.of("round_postponed", result=message, postponed=len(found.postponed))
        return self._reply(True, message, **found.totals)

    def _fetch_counters(self, dramas: Sequence[DramaFields], stop: threading.Event) -> LiveCounters:
        """Fetch the counters of the tasks' videos until the round's time is over.

        Raises:
            StoppedSignal: `stop` was set.
        """
        live = LiveCounters(self.fetcher)
        time_limit = TimeLimit(stop=stop, clock=self.clock, secs=self.limits.fetch_secs)
        try:
            live.fetch([drama.video_url or "" for drama in dramas], time_limit)
        except StoppedSignal:
            if stop.is_set():
                raise
        return live

    def _tasks(self) -> list[DramaFields]:
        """Return all active tasks, first those that the last round postponed."""
        starts = self.database.read(broadcasts.state).next_tasks
        return rotate(self._active(), json.loads(starts or "{}"))

    def _active(self) -> list[DramaFields]:
        found: list[DramaFields] = []
        while True:
            after = found[-1].task_id if found else ""
            more = self.database.read(distribution_tasks.to_broadcast, after, READ_AT_ONCE)
            found += more
            if len(more) < READ_AT_ONCE:
                return found

    def _reports(self, lease: Lease, found: RoundOutcome) -> list[Report]:
        """Return the reports of a round: one for each recipient and part of `part_tasks` tasks."""
        reports = []
        reported = [drama for drama in found.dramas if drama.task_id in found.counted]
        for recipient in recipients_of(reported, self.vault):
            for number, part in recipient.parts(self.limits.part_tasks):
                entries = [broadcast_entry(drama, found.counted[drama.task_id]) for drama in part]
                reports.append(
                    recipient.report(
                        BROADCAST,
                        self.site_name,
                        broadcast_body(self.site_name, entries),
                        on=part,
                        revisions=[lease.token, recipient.signer],
                        part=number,
                    )
                )
        return reports

    def _file(self, tx: Tx, lease: Lease, reports: Sequence[Report], found: RoundOutcome) -> None:
        """End the round, keep what failed, and file its reports.

        Raises:
            LeaseLostError: another process took the round over; nothing is filed.
        """
        now, error = self.clock.now(), found.error
        if not broadcasts.finish(
            tx,
            self.owner,
            token=lease.token,
            result=json.dumps(found.totals | {"reports": len(reports)}),
            next_tasks=json.dumps(next_starts(found.dramas, found.postponed)),
            error=None if error is None else storable(error),
            now=now,
        ):
            raise LeaseLostError("round_taken_over", lease=str(lease))
        broadcast_failures.replace(tx, found.failures, now)
        for report in reports:
            self.outbox.enqueue(tx, report)

    def _reply(self, success: bool, message: Message, **totals: int) -> BroadcastReply:
        return BroadcastReply(success, message, self.clock.now(), **totals)


def _log_error(error: Exception) -> None:
    if isinstance(error, LeaseLostError):
        log.warning("%s", error)
    else:
        log.error("database trouble, trying again: %s", error)


def _is_running(seen: BroadcasterState, now: datetime) -> bool:
    return seen.lease_until is not None and seen.lease_until > now
