"""The broadcaster: every few minutes the numbers of all active tasks, to whoever they name."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.vault import Vault
from core.cancellation import StoppedSignal
from core.clock import Clock, TimeLimit, iso_utc
from core.errors import DatabaseError, LeaseLostError
from core.leases import Lease, LeaseKind, LeaseRegistry
from core.logs import fields, service_log
from core.poller import Poller
from distribution.broadcast.rotation import in_turn, next_begins
from distribution.counters import Counters
from distribution.live_counters import Fetcher, LiveCounters
from distribution.payloads import BROADCAST, broadcast_body, broadcast_entry, event_id
from distribution.recipients import recipients_of
from storage.distribution import broadcasts, distribution_tasks
from storage.distribution.broadcasts import BroadcasterState
from storage.distribution.distribution_tasks import DramaFields
from storage.engines.transactions import Database, Tx
from webhooks.outbox import Outbox, Report

log = service_log("broadcast")
LOOK_EVERY_SECS = 5.0
READ_AT_ONCE = 1000
LAST_ANSWER_SECS = 30.0  # a request that is under way may take so long


@dataclass(frozen=True)
class BroadcastLimits:
    """A round every `interval_secs`; `part_tasks` in one report at most."""

    interval_secs: float
    part_tasks: int
    lease_secs: float

    @property
    def fetch_secs(self) -> float:
        """For how long a round asks, so that it has ended when the next one is due."""
        return max(self.interval_secs / 2, self.interval_secs - LAST_ANSWER_SECS)


@dataclass(frozen=True)
class Answer:
    """What whoever asked is told. The numbers are of tasks. `postponed` are those of the failed
    that nobody asked for, as the time or the platform's budget was used up: the next round begins
    with them."""

    success: bool
    message: str
    time: datetime
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    postponed: int = 0

    def as_json(self) -> dict[str, Any]:
        """`{"success", "message", "total", "succeeded", "failed", "postponed", "time"}`"""
        return {
            "success": self.success,
            "message": self.message,
            "total": self.total,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "postponed": self.postponed,
            "time": iso_utc(self.time),
        }


class Broadcaster:
    """Rounds never overlap: each is leased under a token that all processes agree on, and files its
    reports only in the transaction that ends the lease."""

    def __init__(
        self,
        *,
        database: Database,
        fetcher: Fetcher,
        vault: Vault,
        outbox: Outbox,
        clock: Clock,
        book: LeaseRegistry,
        owner: str,
        site_name: str,
        limits: BroadcastLimits,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._vault = vault
        self._outbox = outbox
        self._clock = clock
        self._book = book
        self._owner = owner
        self._site_name = site_name
        self._limits = limits

    def start(self) -> Answer:
        """Turn broadcasting on, for this and every later process."""
        changed = self._database.write_idempotent(broadcasts.switch, True)
        every = f"every {self._limits.interval_secs:g} s by `python cli.py run`"
        return self._answer(True, f"broadcasting is on, {every}" if changed else "it was on")

    def stop(self) -> Answer:
        """Turn it off; a round that runs comes to its end."""
        changed = self._database.write_idempotent(broadcasts.switch, False)
        return self._answer(True, "broadcasting is off" if changed else "it was off")

    def status(self) -> dict[str, Any]:
        """An answer's JSON, its numbers those of the newest finished round, with `{"is_on",
        "is_running", "interval_secs", "started_at", "finished_at", "reports"}`: the times are of
        the newest round, null when there was none."""
        seen = self._database.read(broadcasts.state)
        totals = json.loads(seen.result) if seen.result else {}
        reports = totals.pop("reports", 0)
        word = "on" if seen.is_on else "off"
        every = f"broadcasting is {word}, every {self._limits.interval_secs:g} s"
        return self._answer(True, every, **totals).as_json() | {
            "is_on": seen.is_on,
            "is_running": _runs(seen, self._clock.now()),
            "interval_secs": self._limits.interval_secs,
            "started_at": seen.started_at and iso_utc(seen.started_at),
            "finished_at": seen.finished_at and iso_utc(seen.finished_at),
            "reports": reports,
        }

    def trigger(self, stop: threading.Event) -> Answer:
        """One round now, whether broadcasting is on or off; returns at its end. Somebody has to
        keep this process's leases meanwhile.

        Raises:
            StoppedSignal: `stop` was set before its end; nothing was reported.
            LeaseLostError: another process took the round over.
            DatabaseError: the database is away.
        """
        lease = self._claim(None)
        if lease is None:
            began = self._database.read(broadcasts.state).started_at
            since = f" since {iso_utc(began)}" if began is not None else ""
            return self._answer(False, f"a round is under way{since}")
        return self._round(lease, stop)

    def run(self, stop: threading.Event) -> None:
        """Rounds while it is on, until `stop`; a database that is away is waited for."""
        poller = Poller(
            clock=self._clock,
            poll_secs=min(LOOK_EVERY_SECS, self._limits.interval_secs),
            retried=(LeaseLostError, DatabaseError),
            on_error=_log_error,
        )
        with suppress(StoppedSignal):
            poller.run(lambda: self.run_if_due(stop), stop)

    def run_if_due(self, stop: threading.Event) -> Answer | None:
        """A round if broadcasting is on and its time has come. Raises as `trigger`."""
        now = self._clock.now()
        if not self._database.read(broadcasts.state).is_on:
            return None  # an idle process writes nothing
        lease = self._claim(now - timedelta(seconds=self._limits.interval_secs))
        return None if lease is None else self._round(lease, stop)

    def _claim(self, due_before: datetime | None) -> Lease | None:
        asked_at, now = self._clock.monotonic(), self._clock.now()
        until = now + timedelta(seconds=self._limits.lease_secs)
        token = self._database.write(broadcasts.claim, self._owner, now, until, due_before)
        if token is None:
            return None
        deadline = asked_at + self._limits.lease_secs
        lease = Lease(
            kind=LeaseKind.BROADCAST, row_id=broadcasts.ROW, token=token, deadline=deadline
        )
        self._book.add(lease)
        return lease

    def _round(self, lease: Lease, stop: threading.Event) -> Answer:
        try:
            return self._tell(lease, stop)
        except StoppedSignal:
            self._database.write_idempotent(broadcasts.give_back, self._owner, lease.token)
            raise
        finally:
            self._book.remove(lease)  # one that was not given back runs out by itself

    def _tell(self, lease: Lease, stop: threading.Event) -> Answer:
        found = self._tasks()
        live = self._numbers(found, stop)
        told: dict[str, Counters] = {}
        left: set[str] = set()
        for one in found:
            answer = live.of(one.video_url or "")
            if not live.was_asked(one.video_url or ""):
                left.add(one.task_id)
            elif isinstance(answer, str) or not answer:
                log.warning("%s", fields(task=one.task_id, failed=answer or "no counters"))
            else:
                told[one.task_id] = answer
        reports = self._reports(lease, found, told)
        totals = {
            "total": len(found),
            "succeeded": len(told),
            "failed": len(found) - len(told),
            "postponed": len(left),
        }
        result = json.dumps(totals | {"reports": len(reports)})
        begins = json.dumps(next_begins(found, left))
        lease.require(self._clock)
        self._database.write(self._file, lease, reports, result, begins)
        log.info("%s", fields(round=lease.token, reports=len(reports), **totals))
        message = f"told {len(told)} of {len(found)} active tasks, reports {len(reports)}"
        if left:
            message += f"; {len(left)} not asked for, the next round begins with them"
        return self._answer(True, message, **totals)

    def _numbers(self, found: Sequence[DramaFields], stop: threading.Event) -> LiveCounters:
        """What the platforms told before the time was over. Raises StoppedSignal when `stop`"
        " is set."""
        live = LiveCounters(self._fetcher)
        in_time = TimeLimit(stop=stop, clock=self._clock, secs=self._limits.fetch_secs)
        try:
            live.ask([one.video_url or "" for one in found], in_time)
        except StoppedSignal:
            if stop.is_set():
                raise
        return live

    def _tasks(self) -> list[DramaFields]:
        """All active tasks, those first that the last round had no time for."""
        begins = self._database.read(broadcasts.state).next_tasks
        return in_turn(self._active(), json.loads(begins or "{}"))

    def _active(self) -> list[DramaFields]:
        found: list[DramaFields] = []
        while True:
            after = found[-1].task_id if found else ""
            more = self._database.read(distribution_tasks.to_broadcast, after, READ_AT_ONCE)
            found += more
            if len(more) < READ_AT_ONCE:
                return found

    def _reports(
        self, lease: Lease, found: Sequence[DramaFields], told: Mapping[str, Counters]
    ) -> list[Report]:
        reports = []
        size = self._limits.part_tasks
        for receiver in recipients_of((one for one in found if one.task_id in told), self._vault):
            assert receiver.url is not None
            for start in range(0, len(receiver.dramas), size):
                some = receiver.dramas[start : start + size]
                body = broadcast_body(
                    self._site_name, [broadcast_entry(one, told[one.task_id]) for one in some]
                )
                marks = [lease.token, receiver.signer]
                name = event_id(
                    BROADCAST,
                    self._site_name,
                    url=receiver.url,
                    day=None,
                    revisions=marks,
                    part=start // size + 1,
                )
                reports.append(
                    Report(
                        kind=BROADCAST,
                        event_id=name,
                        url=receiver.url,
                        task_id=receiver.signer,
                        stats_date=None,
                        body=body,
                    )
                )
        return reports

    def _file(
        self, tx: Tx, lease: Lease, reports: Sequence[Report], result: str, begins: str
    ) -> None:
        """End the round and file its reports, or nothing of both."""
        now = self._clock.now()
        if not broadcasts.finish(
            tx, self._owner, token=lease.token, result=result, next_tasks=begins, now=now
        ):
            raise LeaseLostError(f"{lease} was taken over: its round is not reported")
        for report in reports:
            self._outbox.enqueue(tx, report)

    def _answer(self, success: bool, message: str, **totals: int) -> Answer:
        return Answer(success, message, self._clock.now(), **totals)


def _log_error(error: Exception) -> None:
    if isinstance(error, LeaseLostError):
        log.warning("%s", error)
    else:
        log.error("database trouble, trying again: %s", error)


def _runs(seen: BroadcasterState, now: datetime) -> bool:
    return seen.lease_until is not None and seen.lease_until > now
