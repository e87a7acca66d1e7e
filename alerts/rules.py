"""Find the causes of alerts in the database and in the circuit breaker of this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.shortage import export_shortage
from core.clock import Clock, QuotaCalendar, iso_utc
from crawler.tasks.parents import CANCELLATIONS
from sources.policies import Breaker
from storage.crawling import accounts
from storage.engines.outages import OutageWatch
from storage.engines.transactions import Tx
from storage.operations import alert_queries, database_clock
from storage.operations.alert_queries import AccountTrouble
from storage.operations.alerts import Alert, AlertKind, open_key

MAX_FAILED_TASKS = 50
# Two looks compute the end of one open breaker slightly apart.
CLOCK_TOLERANCE = timedelta(seconds=5)
DISK_PATIENCE = timedelta(seconds=30)
MIN_OUTAGE_SECS = 15.0  # shorter ones are waited out, and only logged
OUTAGE_TOLD_SECS = 120.0
MAX_STEP_BACK = timedelta(seconds=60)


@dataclass(frozen=True)
class AlertCause:
    """A cause for an alert: a kind of trouble with its subject.

    Args:
        subject: what it is about, such as `account:7`; one alert is open for each kind and subject.
        facts: JSON values that the alert's text is made of.
        until_at: UTC time at which the cause ends by itself, or what it warns of happens; None when
            neither is known.
    """

    kind: AlertKind
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    until_at: datetime | None = None

    @property
    def key(self) -> str:
        """Return the key under which at most one alert is open."""
        return open_key(self.kind, self.subject)


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """Finds the causes for alerts in the database and in the circuit breaker of this process.

    Args:
        outages: what this process knows of the trouble of its database.
        host: name of this host.
        session_warning: how long before its end a session is a cause; 0: never.
    """

    breaker: Breaker
    clock: Clock
    calendar: QuotaCalendar
    session_warning: timedelta
    outages: OutageWatch
    host: str

    def causes(self, tx: Tx, already_open: Iterable[Alert], since: datetime) -> list[AlertCause]:
        """Return every cause that exists now and did not exist before `since` (UTC).

        Args:
            already_open: the open alerts. One about a circuit breaker of another process counts as
                a cause until it ends.
        """
        known = list(already_open)
        return [
            *self._disabled_accounts(tx, since),
            *self._ending_sessions(tx, since),
            *self._spent_platforms(tx),
            *self._failed_tasks(tx, known, since),
            *self._open_breakers(known),
            *self._full_disks(tx),
            *self._ended_outages(known),
            *self._unknown_errors(),
            *self._clock_gone_back(tx, known),
        ]

    def _disabled_accounts(self, tx: Tx, since: datetime) -> Iterator[AlertCause]:
        for account in alert_queries.disabled_accounts(tx, since):
            facts = _account_facts(account) | {"reason": account.reason}
            yield AlertCause(AlertKind.ACCOUNT_DISABLED, f"account:{account.id}", facts)

    def _ending_sessions(self, tx: Tx, since: datetime) -> Iterator[AlertCause]:
        if not self.session_warning:
            return
        before = self.clock.now() + self.session_warning
        for account in alert_queries.ending_sessions(tx, since, before):
            yield AlertCause(
                kind=AlertKind.SESSION_EXPIRING,
                subject=f"account:{account.id}",
                facts=_account_facts(account),
                until_at=account.ends_at,
            )

    def _spent_platforms(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the platforms whose accounts have all used up today's export quota."""
        now = self.clock.now()
        day, day_ends = self.calendar.day(now), self.calendar.next_day_starts(now)
        for platform in alert_queries.platforms_out_of_quota(tx):
            pool = accounts.pool_state(tx, platform, now, day)
            shortage = export_shortage(pool, platform, day, day_ends)
            if shortage.spent:
                facts = {"platform": platform, "reason": shortage.reason.dump()}
                yield AlertCause(
                    kind=AlertKind.ACCOUNTS_SPENT,
                    subject=f"platform:{platform}",
                    facts=facts,
                    until_at=shortage.until,
                )

    def _failed_tasks(self, tx: Tx, known: list[Alert], since: datetime) -> Iterator[AlertCause]:
        """Yield failed tasks: of the newest 50, and those that have an open alert already."""
        alerted = [alert.facts["task"] for alert in known if alert.kind is AlertKind.TASK_FAILED]
        for task in alert_queries.failed_tasks(tx, since, CANCELLATIONS, MAX_FAILED_TASKS, alerted):
            facts = {
                "task": task.id,
                "task_type": task.task_type.value,
                "platform": task.platform,
                "domain": task.domain,
                "error": task.last_error or "",
            }
            yield AlertCause(AlertKind.TASK_FAILED, f"task:{task.id}", facts)

    def _open_breakers(self, known: list[Alert]) -> list[AlertCause]:
        """Return the open breakers of this process and of others.

        Those of others count until the end that they recorded, as a process that
        died can no longer resolve them.
        """
        now = self.clock.now()
        causes = {
            alert.key: AlertCause(
                kind=alert.kind, subject=alert.subject, facts=alert.facts, until_at=alert.until_at
            )
            for alert in known
            if alert.kind is AlertKind.BREAKER_OPEN and (alert.until_at or now) > now
        }
        for route in self.breaker.shut_ways():
            subject = f"platform:{route.platform}"
            if route.egress is not None:
                subject += f",way:{route.egress}"[:110]
            until = now + timedelta(seconds=route.secs_left)
            cause = AlertCause(
                kind=AlertKind.BREAKER_OPEN,
                subject=subject,
                facts={"platform": route.platform, "way": route.egress},
                until_at=until,
            )
            known_until = causes[cause.key].until_at if cause.key in causes else None
            if known_until is None or until - known_until > CLOCK_TOLERANCE:
                causes[cause.key] = cause
        return list(causes.values())

    def _full_disks(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield a cause while an export has waited for room on its disk for some time."""
        before = self.clock.now() - DISK_PATIENCE
        task = alert_queries.oldest_wait_for_disk(tx, before)
        if task is not None:
            facts = {"task": task.id, "domain": task.domain, "error": task.last_error or ""}
            yield AlertCause(AlertKind.DISK_FULL, f"task:{task.id}", facts)

    def _ended_outages(self, known: list[Alert]) -> Iterator[AlertCause]:
        """Yield the outage of the database that is just over: nothing could be raised before.

        All processes notice it; the facts of the first that told of it stay.
        """
        outage = self.outages.ended_within(OUTAGE_TOLD_SECS)
        if outage is None or outage.secs < MIN_OUTAGE_SECS:
            return
        told = [alert for alert in known if alert.kind is AlertKind.DATABASE_UNAVAILABLE]
        facts = {
            "secs": round(outage.secs),
            "began_at": iso_utc(outage.began_at),
            "host": self.host,
            "error": outage.cause.dump(),
        }
        yield AlertCause(
            AlertKind.DATABASE_UNAVAILABLE, "database", told[0].facts if told else facts
        )

    def _clock_gone_back(self, tx: Tx, known: list[Alert]) -> Iterator[AlertCause]:
        """Yield a cause while the database's clock is behind what it was before."""
        highest = database_clock.highest(tx)
        behind = highest - self.clock.now() if highest else timedelta()
        if behind > MAX_STEP_BACK:
            told = [alert for alert in known if alert.kind is AlertKind.CLOCK_WENT_BACK]
            facts = told[0].facts if told else {"secs": round(behind.total_seconds())}
            yield AlertCause(AlertKind.CLOCK_WENT_BACK, "database", facts)

    def _unknown_errors(self) -> Iterator[AlertCause]:
        for found in self.outages.unknown_within(OUTAGE_TOLD_SECS):
            facts = {"number": found.number, "host": self.host, "error": found.cause.dump()}
            subject = f"database:{found.number},host:{self.host}"[:110]
            yield AlertCause(AlertKind.DATABASE_UNKNOWN_ERROR, subject, facts)


def _account_facts(account: AccountTrouble) -> dict[str, Any]:
    return {"account": account.username, "platform": account.platform}
