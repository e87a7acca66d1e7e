"""Find the causes of alerts in the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.shortage import export_shortage
from core.attribution import ALL, CircuitCause
from core.clock import Clock, QuotaCalendar
from crawler.tasks.parents import CANCELLATIONS
from storage.crawling import accounts, source_states
from storage.crawling.source_states import CircuitState
from storage.engines.transactions import Tx
from storage.operations import alert_queries
from storage.operations.alert_queries import AccountTrouble
from storage.operations.alerts import Alert, AlertKind, open_key

MAX_FAILED_TASKS = 50


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
    """Finds the causes for alerts in the database.

    Args:
        session_warning: how long before its end a session is a cause; 0: never.
    """

    clock: Clock
    calendar: QuotaCalendar
    session_warning: timedelta

    def causes(self, tx: Tx, already_open: Iterable[Alert], since: datetime) -> list[AlertCause]:
        """Return every cause that exists now and did not exist before `since` (UTC).

        Args:
            already_open: the open alerts.
        """
        known = list(already_open)
        return [
            *self._disabled_accounts(tx, since),
            *self._ending_sessions(tx, since),
            *self._spent_platforms(tx),
            *self._failed_tasks(tx, known, since),
            *self._open_circuits(tx),
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

    def _open_circuits(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield what is left alone; an endpoint that another one replaces is no cause."""
        now = self.clock.now()
        for circuit in source_states.all_of(tx, now):
            is_open = circuit.state is CircuitState.OPEN and circuit.until_at > now
            if not is_open or circuit.cause is CircuitCause.UNUSABLE:
                continue
            subject = f"platform:{circuit.platform}"
            if circuit.egress != ALL:
                subject += f",way:{circuit.egress}"[:110]
            yield AlertCause(
                kind=AlertKind.BREAKER_OPEN,
                subject=subject,
                facts={
                    "platform": circuit.platform,
                    "way": None if circuit.egress == ALL else circuit.egress,
                },
                until_at=circuit.until_at,
            )


def _account_facts(account: AccountTrouble) -> dict[str, Any]:
    return {"account": account.username, "platform": account.platform}
