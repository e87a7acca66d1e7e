"""Find the causes of alerts in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts import mass_sign_out
from accounts.shortage import export_shortage, pin_lost
from alerts.causes import AlertCause
from alerts.database_trouble import DatabaseTrouble
from alerts.hour_trouble import HourTrouble
from alerts.number_trouble import NumberTrouble
from alerts.process_trouble import ProcessTrouble
from alerts.report_trouble import ReportTrouble
from core.attribution import ALL, CircuitCause
from core.clock import Clock, QuotaCalendar
from core.errors import FaultUnit
from core.messages import Message
from crawler.tasks.parents import CANCELLATIONS
from presentation.report_health import failing_runs
from storage.crawling import accounts, proxies, source_states, task_pins
from storage.crawling.proxies import EgressRoute
from storage.distribution import daily_stats
from storage.engines.transactions import Tx
from storage.operations import alert_queries, hosts
from storage.operations.alert_queries import AccountTrouble, SuspectAccount
from storage.operations.alerts import Alert, AlertKind

MAX_FAILED_TASKS = 50
MAX_NAMED = 5
# One that has worked before may fail once: the next request, its probe, has failed as well.
FAILED_PROBES = 2
HOST_GONE_AFTER = timedelta(minutes=10)
MAX_SUBJECT_CHARS = 160  # what the column holds


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """Finds the causes for alerts in the database.

    Args:
        database: finds the trouble of the database itself.
        session_warning: how long before its end a session is a cause; 0: never.
        process: finds the trouble of this process itself.
        reports: finds what keeps reports from their receivers.
        jobs: returns the names of the scheduled jobs.
        hours: finds the trouble of hourly numbers.
        numbers: finds what the operator's rules on hourly numbers tell.
    """

    clock: Clock
    calendar: QuotaCalendar
    session_warning: timedelta
    process: ProcessTrouble
    database: DatabaseTrouble
    reports: ReportTrouble
    jobs: Callable[[], Iterable[str]]
    hours: HourTrouble
    numbers: NumberTrouble

    def causes(self, tx: Tx, already_open: Iterable[Alert], since: datetime) -> list[AlertCause]:
        """Return every cause that exists now and did not exist before `since` (UTC).

        Args:
            already_open: the open alerts; an old failure among them is still looked at.
        """
        known = list(already_open)
        return [
            *self._disabled_accounts(tx, since),
            *self._suspect_accounts(tx),
            *self._ending_sessions(tx, since),
            *self._mass_sign_outs(tx),
            *self._spent_platforms(tx),
            *self._failed_tasks(tx, known, since),
            *self._tasks_of_nobody(tx),
            *self._open_circuits(tx),
            *self._egress_troubles(tx),
            *self._hosts_gone(tx),
            *self.reports.causes(tx),
            *self._failed_jobs(tx),
            *self._incomplete_days(tx),
            *self.process.causes(tx, known),
            *self.database.causes(tx, known),
            *self.hours.causes(tx, since),
            *self.numbers.causes(tx),
        ]

    def _hosts_gone(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the hosts that nobody has seen for a while, and that did not stop in order."""
        for host in hosts.gone(tx, self.clock.now() - HOST_GONE_AFTER):
            yield AlertCause(
                kind=AlertKind.HOST_GONE,
                subject=f"host:{host.host[:MAX_SUBJECT_CHARS]}",
                facts={"host": host.host},
                since_at=host.seen_at,
            )

    def _disabled_accounts(self, tx: Tx, since: datetime) -> Iterator[AlertCause]:
        for account in alert_queries.disabled_accounts(tx, since):
            facts = _account_facts(account) | {"reason": account.reason}
            yield AlertCause(
                kind=AlertKind.ACCOUNT_DISABLED,
                subject=f"account:{account.id}",
                facts=facts,
                since_at=account.disabled_at,
            )

    def _suspect_accounts(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the platforms that refuse accounts as risky, and nobody else beside them."""
        now = self.clock.now()
        # Who rests as one of many that were signed out is an alert of its own, and not at fault.
        signed_out = {
            account_id
            for run in mass_sign_out.mass_runs(tx, now)
            for account_id, _lost_at in run.accounts
        }
        found: dict[str, list[SuspectAccount]] = {}
        for account in alert_queries.suspect_accounts(tx, now):
            if account.id not in signed_out:
                found.setdefault(account.platform, []).append(account)
        for platform, suspects in found.items():
            more = ["…"] if len(suspects) > MAX_NAMED else []
            yield AlertCause(
                kind=AlertKind.ACCOUNTS_SUSPECT,
                subject=f"platform:{platform}",
                facts={
                    "platform": platform,
                    "n": len(suspects),
                    "account": suspects[0].username,
                    "accounts": [one.username for one in suspects[:MAX_NAMED]] + more,
                    "reason": suspects[0].reason or Message.of("circuit_cause_risk").dump(),
                },
                until_at=max(one.cooldown_until for one in suspects),
                since_at=min((s.since_at for s in suspects if s.since_at), default=None),
            )

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
            yield AlertCause(
                kind=AlertKind.TASK_FAILED,
                subject=f"task:{task.id}",
                facts=facts,
                since_at=task.finished_at,
            )

    def _failed_jobs(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the jobs whose newest run failed."""
        for run in failing_runs(tx, self.jobs(), self.clock.now()):
            yield AlertCause(
                kind=AlertKind.JOB_FAILED,
                subject=f"job:{run.job}",
                facts={"job": run.job, "error": run.result or ""},
                since_at=run.finished_at,
            )

    def _tasks_of_nobody(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the open tasks whose pin leaves no account: it was deleted, or its group is
        empty."""
        lost = task_pins.of_nobody(tx)
        names = accounts.names(tx, {task.only_account_id or 0 for task in lost})
        for task in lost:
            name = names.get(task.only_account_id or 0)
            facts = {
                "task": task.id,
                "task_type": task.task_type.value,
                "platform": task.platform,
                "domain": task.domain,
                "reason": pin_lost(account_name=name, group=task.only_group).dump(),
            }
            yield AlertCause(AlertKind.TASK_WITHOUT_ACCOUNT, f"task:{task.id}", facts)

    def _open_circuits(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the open circuits, except those of endpoints that another one replaces.

        A proxy that brought no answer stays one until it brings an answer, while it is used.
        """
        now = self.clock.now()
        found = source_states.all_of(tx, now)
        used = {name for name, _, _ in accounts.used_routes(tx)} if found else set()
        for circuit in found:
            is_silent = circuit.cause is CircuitCause.NO_ANSWER and circuit.egress in used
            is_untried = is_silent and circuit.is_unproven
            if circuit.cause is CircuitCause.UNUSABLE:
                continue
            if not circuit.is_open(now) and not is_untried:
                continue
            way, endpoint = _one_of(circuit.egress), _one_of(circuit.endpoint)
            subject = f"platform:{circuit.platform}"
            subject += f",way:{way}" if way else ""
            subject += f",endpoint:{endpoint}" if endpoint else ""
            yield AlertCause(
                kind=AlertKind.CIRCUIT_OPEN,
                subject=subject[:MAX_SUBJECT_CHARS],
                facts={
                    "platform": circuit.platform,
                    "way": way,
                    "endpoint": endpoint,
                    "cause": circuit.cause.value,
                    "code": circuit.code,
                },
                until_at=None if is_untried else circuit.until_at,
                since_at=circuit.since_at,
            )

    def _incomplete_days(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the days with tasks that could not be counted yet."""
        for day in daily_stats.incomplete_counts(tx):
            yield AlertCause(
                kind=AlertKind.DAY_INCOMPLETE,
                subject=f"day:{day.stats_date}",
                facts={
                    "day": str(day.stats_date),
                    "tasks": day.tasks,
                    "reason": day.cause,
                },
                since_at=day.since,
            )

    def _egress_troubles(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the routes that do not work, and the gateways that refuse them.

        A route that no enabled account leaves by is nobody's trouble.
        """
        if not proxies.cooldowns(tx):
            return
        used = {name for name, _, _ in accounts.used_routes(tx)}
        failing = [
            route
            for route in proxies.all_of(tx)
            if route.cooldown_until and route.fault and route.egress in used
        ]
        refused: dict[str, list[EgressRoute]] = {}
        for route in failing:
            if route.fault is FaultUnit.GATEWAY:
                refused.setdefault(route.gateway, []).append(route)
            elif route.last_good_at is None or route.cooldowns >= FAILED_PROBES:
                yield AlertCause(
                    kind=AlertKind.EGRESS_DOWN,
                    subject=f"egress:{route.egress}",
                    facts={"egress": route.egress, "reason": route.last_error or ""},
                    until_at=route.cooldown_until,
                    since_at=_failing_since(route),
                )
        for gateway, routes in refused.items():
            yield _refusal_of(gateway, routes)


def _one_of(unit: str) -> str | None:
    return None if unit == ALL else unit


def _refusal_of(gateway: str, routes: list[EgressRoute]) -> AlertCause:
    """Return the cause that a gateway refuses some routes, or one; a person has to act."""
    first = routes[0]
    ends = [route.cooldown_until for route in routes if route.cooldown_until]
    return AlertCause(
        kind=AlertKind.EGRESS_REFUSED,
        subject=f"gateway:{gateway}",
        facts={
            "gateway": gateway,
            "egress": first.egress if len(routes) == 1 else gateway,
            "routes": len(routes),
            "reason": first.last_error or "",
        },
        until_at=min(ends),
        since_at=min(_failing_since(route) for route in routes),
    )


def _failing_since(route: EgressRoute) -> datetime:
    """Return since when nothing has come by a route, as far as its row says."""
    is_first_failure = route.bad_in_row <= 1 and route.last_bad_at is not None
    never_good = route.last_bad_at if is_first_failure else route.first_seen_at
    return route.last_good_at or never_good or route.first_seen_at


def _account_facts(account: AccountTrouble) -> dict[str, Any]:
    return {"account": account.username, "platform": account.platform}
