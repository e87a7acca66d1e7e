"""Accounts as front ends show them: what each does, for which task, and when it asks next."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accounts.activity import Activity, activity_of, next_request_at, shown_state
from accounts.egress.route_states import Closures, read_closures, route_of
from core.clock import Clock, QuotaCalendar
from core.messages import Message
from presentation.i18n import advice
from sources.transport.egress import DIRECT, is_direct
from storage.crawling import leases, proxies, task_pins, tasks
from storage.crawling.leases import Worker
from storage.crawling.proxies import EgressRoute
from storage.crawling.tasks import TaskAtWork
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountStatus, Health
from storage.models.tasks import TaskType

COOLDOWN = "cooldown"  # the word for an idle account that is in one


@dataclass(frozen=True)
class AccountView:
    """An account and what it does.

    Args:
        used: rows that it has exported on this quota day; `pages` are those it has crawled.
        left: rows that it may still export on it.
        task: the top-level task that it works for; None when it is idle, or works without a task.
        next_request_at: UTC time from which it may send requests, by its route too; None for at
            once, or disabled.
        egress: the name of the route by which it leaves; None for a deleted account, and for one
            with a proxy that was not leased since routes have names.
        route_closed_until: UTC time before which no crawl leaves by it; None for an open route.
        unproven_route: its route, which failed and may be used again, but has not brought an answer
            since; None for any other route.
        pinned_tasks: the ids of the open tasks that nobody else may work on.
    """

    account: Account
    used: int
    left: int
    pages: int
    activity: Activity
    task: TaskAtWork | None
    next_request_at: datetime | None
    egress: str | None
    route_closed_until: datetime | None = None
    unproven_route: EgressRoute | None = None
    pinned_tasks: tuple[int, ...] = ()

    @property
    def is_working(self) -> bool:
        """Return whether it crawls or exports, which includes its rests between requests."""
        return self.activity is not Activity.IDLE

    @property
    def state(self) -> AccountStatus:
        """Return the state that operators see: disabled, or what the account does."""
        return shown_state(self.account, self.activity)

    def is_cooling(self, now: datetime) -> bool:
        """Return whether it is in cooldown; a disabled one waits for a person instead."""
        until = self.account.cooldown_until
        return self.state is not AccountStatus.DISABLED and until is not None and until > now

    def is_suspect(self, now: datetime) -> bool:
        """Return whether it is in cooldown for risk control."""
        return self.is_cooling(now) and self.account.health is Health.SUSPECT

    def state_word(self, now: datetime) -> str:
        """Return the state for `Renderer.word("account_state", ...)`: an idle one is told apart by
        its cooldown and its health."""
        if self.state is not AccountStatus.IDLE:
            return self.state.value
        health = self.account.health
        if self.is_cooling(now):
            return health.value if health is Health.SUSPECT else COOLDOWN
        return AccountStatus.IDLE.value if health is Health.HEALTHY else health.value


class AccountViewReader:
    """Reads what accounts do; that costs one query for all of them.

    Args:
        lease_secs: seconds for which a process counts as living after its last sign of life.
        direct: name of the egress route by which accounts without a proxy leave this host.
        crawl_endpoints: returns the endpoints of a platform that a crawl asks.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        calendar: QuotaCalendar,
        lease_secs: float,
        direct: str,
        crawl_endpoints: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        self._lease_secs = lease_secs
        self._direct = direct
        self._crawl_endpoints = crawl_endpoints

    def views(self, accounts: Sequence[Account]) -> list[AccountView]:
        """Return the views of these accounts, in their order."""

        def work(tx: Tx) -> list[AccountView]:
            alive_since = self._clock.now() - timedelta(seconds=self._lease_secs)
            return self.read(tx, accounts, served_types(leases.workers(tx), alive_since))

        return self._database.read(work)

    def read(
        self, tx: Tx, accounts: Sequence[Account], served: Collection[TaskType]
    ) -> list[AccountView]:
        """Return the views of these accounts, in their order.

        `served` are the types of tasks that living processes work on.
        """
        ids = {account.working_task_id for account in accounts} - {None}
        running = tasks.at_work(tx, [task_id for task_id in ids if task_id is not None])
        attended = {i: task for i, task in running.items() if task.task_type in served}
        now = self._clock.now()
        closures, pinned = read_closures(tx, now), task_pins.by_account(tx)
        unproven = {route.egress: route for route in proxies.troubled(tx) if route.is_unproven(now)}
        views = [self._view(account, running, attended, now) for account in accounts]
        return [
            replace(
                self._by_route(view, closures, unproven),
                pinned_tasks=pinned.get(view.account.id, ()),
            )
            for view in views
        ]

    def _by_route(
        self, view: AccountView, closures: Closures, unproven: Mapping[str, EgressRoute]
    ) -> AccountView:
        """Return the view with what its route means for it, by the rule by which crawls lease."""
        account = view.account
        if account.status is AccountStatus.DISABLED or not (closures.is_any or unproven):
            return view
        platform, endpoints = account.platform, self._crawl_endpoints(account.platform)
        route = route_of(account, self._direct) or ""
        closed_until = closures.routes(platform, endpoints).get(route)
        moments = (view.next_request_at, closed_until, closures.everywhere(platform, endpoints))
        return replace(
            view,
            next_request_at=max((moment for moment in moments if moment), default=None),
            route_closed_until=closed_until,
            unproven_route=unproven.get(route),
        )

    def _view(
        self,
        account: Account,
        running: dict[int, TaskAtWork],
        attended: dict[int, TaskAtWork],
        now: datetime,
    ) -> AccountView:
        task_id, day = account.working_task_id or 0, self._calendar.day(now)
        rests_for = attended.get(task_id)
        activity = activity_of(account, rests_for.task_type if rests_for else None, now)
        return AccountView(
            account=account,
            used=account.exported_on(day),
            left=account.remaining_quota(day),
            pages=account.pages_on(day),
            activity=activity,
            task=None if activity is Activity.IDLE else running.get(task_id),
            next_request_at=next_request_at(account, now),
            egress=account.egress or (None if account.proxy or account.deleted_at else DIRECT),
        )


def disabled_messages(account: Account) -> list[Message]:
    """Return why a disabled account is disabled, and what to do about it."""
    reason = Message.load(account.disabled_reason or "")
    told = [reason] if account.disabled_reason else []
    return [*told, advice.on_disabled_account(account.username, reason)]


def work_messages(view: AccountView, now: datetime) -> list[Message]:
    """Return the task that an account works for and when it asks next; empty for an idle one."""
    if not view.is_working:
        return []
    found = []
    if view.task is not None:
        kind = Message(f"task_type_{view.task.task_type}")
        found.append(
            Message.of("account_works_for", id=view.task.id, kind=kind, domain=view.task.domain)
        )
    if view.next_request_at is not None:
        secs = math.ceil((view.next_request_at - now).total_seconds())
        found.append(Message.of("account_next_request", secs=secs))
    return found


def fact_messages(view: AccountView) -> list[Message]:
    """Return an account's pages of the day, its group, the tasks pinned to it, its egress and its
    uid, as far as they are known."""
    found = [Message.of("account_pages_today", n=view.pages)] if view.pages else []
    found += place_messages(view)
    if view.egress is not None:
        found.append(egress_message(view.egress))
    return found + uid_messages(view.account)


def place_messages(view: AccountView) -> list[Message]:
    """Return the group of an account and the tasks pinned to it; empty when there are none."""
    found = []
    if view.account.group_name is not None:
        found.append(Message.of("account_in_group", group=view.account.group_name))
    if view.pinned_tasks:
        ids = [f"#{task_id}" for task_id in view.pinned_tasks]
        found.append(Message.of("account_pinned_tasks", n=len(ids), tasks=ids))
    return found


def uid_messages(account: Account) -> list[Message]:
    """Return the login that an account is, and whether the platform has shown it; empty when it is
    not known."""
    if account.platform_uid is None:
        return []
    code = "account_uid" if account.is_proven else "account_uid_claimed"
    return [Message.of(code, uid=account.platform_uid)]


def note_messages(view: AccountView, now: datetime) -> list[Message]:
    """Return, for an account at work, what `work_messages` and `fact_messages` return; empty for
    an idle one."""
    return [*work_messages(view, now), *fact_messages(view)] if view.is_working else []


def egress_message(egress: str) -> Message:
    """Return the egress of a view as a message."""
    if is_direct(egress):
        return Message("account_egress_direct")
    return Message.of("account_egress_proxy", proxy=egress)


def served_types(workers: Collection[Worker], alive_since: datetime) -> set[TaskType]:
    """Return the types of tasks that processes work on which were seen since `alive_since`."""
    roles = {
        role
        for worker in workers
        if worker.seen_at >= alive_since
        for role in worker.roles.split(",")
    }
    return {task_type for task_type in TaskType if task_type.value in roles}
