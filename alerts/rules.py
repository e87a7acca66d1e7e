"""What is wrong just now, by the database and by this process's breaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.shortage import export_shortage
from core.clock import Clock, QuotaCalendar
from crawler.tasks.scheduler import CANCELLED
from sources.policies import Breaker
from storage.crawling import accounts
from storage.engines.transactions import Tx
from storage.operations import alert_queries
from storage.operations.alert_queries import AccountTrouble
from storage.operations.alerts import Alert, AlertKind, open_key

NEWEST_FAILED = 50
SAME_MOMENT = timedelta(seconds=5)  # a breaker's end, as two looks reckon it


@dataclass(frozen=True)
class AlertCause:
    """A cause for an alert. The fields are those of `Alert`."""

    kind: AlertKind
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    until_at: datetime | None = None

    @property
    def key(self) -> str:
        return open_key(self.kind, self.subject)


class AlertRules:
    """Looks for causes.

    Args:
        session_warning: how long before its end a session is worth a word; 0: never.
    """

    def __init__(
        self, *, breaker: Breaker, clock: Clock, calendar: QuotaCalendar, session_warning: timedelta
    ) -> None:
        self._breaker = breaker
        self._clock = clock
        self._calendar = calendar
        self._session_warning = session_warning

    def troubles(self, tx: Tx, already_open: Iterable[Alert], since: datetime) -> list[AlertCause]:
        """Everything that is wrong now and was not before `since`; a handful of queries."""
        known = list(already_open)
        return [
            *self._disabled(tx, since),
            *self._ending_sessions(tx, since),
            *self._spent(tx),
            *self._failed(tx, known, since),
            *self._left_alone(known),
        ]

    def _disabled(self, tx: Tx, since: datetime) -> Iterator[AlertCause]:
        for one in alert_queries.disabled_accounts(tx, since):
            facts = _of_account(one) | {"reason": one.reason}
            yield AlertCause(AlertKind.ACCOUNT_DISABLED, f"account:{one.id}", facts)

    def _ending_sessions(self, tx: Tx, since: datetime) -> Iterator[AlertCause]:
        before = self._clock.now() + self._session_warning
        for one in (
            alert_queries.ending_sessions(tx, since, before) if self._session_warning else ()
        ):
            yield AlertCause(
                kind=AlertKind.SESSION_EXPIRING,
                subject=f"account:{one.id}",
                facts=_of_account(one),
                until_at=one.ends_at,
            )

    def _spent(self, tx: Tx) -> Iterator[AlertCause]:
        now = self._clock.now()
        day, day_ends = self._calendar.day(now), self._calendar.next_day_starts(now)
        for platform in alert_queries.platforms_out_of_quota(tx):
            pool = accounts.pool_state(tx, platform, now, day)
            shortage = export_shortage(pool, platform, day, day_ends)
            if shortage.spent:
                facts = {"platform": platform, "reason": shortage.reason}
                yield AlertCause(
                    kind=AlertKind.ACCOUNTS_SPENT,
                    subject=f"platform:{platform}",
                    facts=facts,
                    until_at=shortage.until,
                )

    def _failed(self, tx: Tx, known: list[Alert], since: datetime) -> Iterator[AlertCause]:
        told = [alert.facts["task"] for alert in known if alert.kind is AlertKind.TASK_FAILED]
        for task in alert_queries.failed_tasks(tx, since, CANCELLED, NEWEST_FAILED, told):
            facts = {
                "task": task.id,
                "task_type": task.task_type.value,
                "platform": task.platform,
                "domain": task.domain,
                "error": task.last_error or "",
            }
            yield AlertCause(AlertKind.TASK_FAILED, f"task:{task.id}", facts)

    def _left_alone(self, known: list[Alert]) -> list[AlertCause]:
        """Breakers: this process's, and those of others until the moment they gave; a process that
        died cannot take its word back."""
        now = self._clock.now()
        found = {
            alert.key: AlertCause(
                kind=alert.kind, subject=alert.subject, facts=alert.facts, until_at=alert.until_at
            )
            for alert in known
            if alert.kind is AlertKind.BREAKER_OPEN and (alert.until_at or now) > now
        }
        for way in self._breaker.shut_ways():
            subject = f"platform:{way.platform}"
            if way.egress is not None:
                subject += f",way:{way.egress}"[:110]
            until = now + timedelta(seconds=way.secs_left)
            ours = AlertCause(
                kind=AlertKind.BREAKER_OPEN,
                subject=subject,
                facts={"platform": way.platform, "way": way.egress},
                until_at=until,
            )
            known_until = found[ours.key].until_at if ours.key in found else None
            if known_until is None or until - known_until > SAME_MOMENT:
                found[ours.key] = ours
        return list(found.values())


def _of_account(one: AccountTrouble) -> dict[str, Any]:
    return {"account": one.username, "platform": one.platform}
