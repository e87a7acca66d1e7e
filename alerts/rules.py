"""Find the causes of alerts in the database and in the circuit breaker of this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts import mass_sign_out
from accounts.shortage import export_shortage
from alerts.causes import AlertCause
from alerts.process_trouble import ProcessTrouble
from core.clock import Clock, QuotaCalendar
from core.messages import Message
from crawler.tasks.parents import CANCELLATIONS
from sources.policies import Breaker
from storage.crawling import accounts
from storage.engines.transactions import Tx
from storage.operations import alert_queries
from storage.operations.alert_queries import AccountTrouble
from storage.operations.alerts import Alert, AlertKind

MAX_FAILED_TASKS = 50
# Two looks compute the end of one open breaker slightly apart.
CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """Finds the causes for alerts in the database and in the circuit breaker of this process.

    Args:
        session_warning: how long before its end a session is a cause; 0: never.
        process: finds the trouble of this process itself.
    """

    breaker: Breaker
    clock: Clock
    calendar: QuotaCalendar
    session_warning: timedelta
    process: ProcessTrouble

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
            *self._mass_sign_outs(tx),
            *self._spent_platforms(tx),
            *self._failed_tasks(tx, known, since),
            *self._open_breakers(known),
            *self.process.causes(tx, known),
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

    def _mass_sign_outs(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the platforms that many accounts found themselves signed out of at once."""
        for run in mass_sign_out.mass_runs(tx, self.clock.now()):
            facts = {
                "platform": run.platform,
                "accounts": len(run.accounts),
                "reason": Message.of(f"sessions_{run.loss}").dump(),
            }
            yield AlertCause(AlertKind.MASS_SIGN_OUT, f"platform:{run.platform},{run.loss}", facts)

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


def _account_facts(account: AccountTrouble) -> dict[str, Any]:
    return {"account": account.username, "platform": account.platform}
