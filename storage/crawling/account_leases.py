"""Leases on `accounts`: who may take one, what its holder may write, and its quota."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from storage.crawling.account_logins import SecretSwap, swap_changes, swap_params
from storage.crawling.accounts import HAS_QUOTA, IS_RESTED, MAY_ASK, admitted_by, refused_to
from storage.crawling.proxies import NONE_CLOSED, ClosedRoutes
from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import ACCOUNTS
from storage.models.accounts import Account, AccountStatus, Health
from storage.models.mapping import row_to
from storage.models.tasks import NO_PIN, Pin

PINNED_AT_ONCE = 20  # candidates of a group: of others, some are free at the next look


@dataclass(frozen=True)
class PaceState:
    """The pace of an account at the end of a lease, and what it did under the lease.

    `pace` is JSON text, which `sources/pacing.py` reads and writes. `ready_at` is the moment from
    which the account may send requests again; None: at once. `answers` is the number of requests
    that were answered well, on `day`; those of a lease for a crawl count as its pages.
    """

    pace: str
    ready_at: datetime | None
    answers: int
    day: date


def lock_next_fit(
    tx: Tx,
    platform: str,
    now: datetime,
    quota_day: date | None,
    excluding: Collection[int] = (),
    closed: ClosedRoutes = NONE_CLOSED,
    pin: Pin = NO_PIN,
    sparing: Collection[Pin] = (),
) -> Account | None:
    """Lock and return the least recently used account that is fit to work; None when none is.

    With `quota_day` that is an account with export quota left on that day, without it one whose
    pace allows a request now. Rows that another claimer holds locked are passed over, and so are
    the accounts whose ids are in `excluding`, or whose egress route is `closed`. Only accounts
    count that `pin` admits, and none of the pins in `sparing`.
    """
    is_open, routes = _open_only(closed)
    (admitted, pinned), (refused, spared) = admitted_by(pin), refused_to(sparing)
    left_out = {f"not{number}": account_id for number, account_id in enumerate(excluding)}
    others = f" AND id NOT IN ({','.join(f':{name}' for name in left_out)})" if left_out else ""
    fit = (
        f"platform=:platform AND status='idle' AND {IS_RESTED} AND {_fit(quota_day)}{others}"
        f"{admitted}{refused}{is_open}"
    )
    params: dict[str, Any] = {"platform": platform, "now": to_sql(now), "day": str(quota_day)}
    params |= {**left_out, **pinned, **spared, **routes}
    if pin:
        return _lock_pinned(tx, pin, fit, params)
    row = tx.one(
        f"SELECT * FROM accounts {tx.dialect.force_index('idx_accounts_claim')}"
        f" WHERE {fit} ORDER BY last_used_at, id LIMIT 1{tx.dialect.lock_suffix}",
        **params,
    )
    return row_to(Account, row) if row else None


def _lock_pinned(tx: Tx, pin: Pin, fit: str, params: dict[str, Any]) -> Account | None:
    """Lock and return the least recently used account that a pin admits and that is `fit`, an SQL
    condition with its parameters; None when none is.

    The index of claims would lead through the whole pool to the few of a group. Their own leads to
    them, but a sort under a lock would lock all of them: they are looked at first, and one by one.
    """
    if pin.account_id is not None:
        candidates = [pin.account_id]
    else:
        index = tx.dialect.force_index("idx_accounts_group")
        candidates = tx.column(
            f"SELECT id FROM accounts {index} WHERE {fit} ORDER BY last_used_at, id"
            f" LIMIT {PINNED_AT_ONCE}",
            **params,
        )
    for account_id in candidates:
        row = tx.one(
            f"SELECT * FROM accounts WHERE id=:one AND {fit}{tx.dialect.lock_suffix}",
            one=account_id,
            **params,
        )
        if row is not None:
            return row_to(Account, row)
    return None


def lock_fit(
    tx: Tx,
    account_id: int,
    now: datetime,
    quota_day: date | None,
    closed: ClosedRoutes = NONE_CLOSED,
) -> Account | None:
    """Lock and return that account if it is fit to work now; None otherwise.

    Fit is as for `lock_next_fit`: idle, without a cooldown, and with quota left on `quota_day` or,
    for None, with a pace that allows a request and a route that is not `closed`. None too when
    another claimer holds it locked.
    """
    is_open, routes = _open_only(closed)
    row = tx.one(
        "SELECT * FROM accounts WHERE id=:id AND status='idle'"
        f" AND {IS_RESTED} AND {_fit(quota_day)}{is_open}{tx.dialect.lock_suffix}",
        id=account_id,
        now=to_sql(now),
        day=str(quota_day),
        **routes,
    )
    return row_to(Account, row) if row else None


def lock_next_unchecked(
    tx: Tx,
    platform: str,
    now: datetime,
    before: datetime,
    closed: ClosedRoutes = NONE_CLOSED,
) -> Account | None:
    """Lock and return an idle account whose session was not checked since `before`.

    It has a session and may send a request now, by a route that is not `closed`. None: there is no
    such account, or other claimers hold each of them locked.
    """
    is_open, routes = _open_only(closed)
    row = tx.one(
        f"SELECT * FROM accounts {tx.dialect.force_index('idx_accounts_claim')}"
        f" WHERE platform=:platform AND status='idle' AND {IS_RESTED} AND {MAY_ASK}"
        " AND session IS NOT NULL"
        " AND (session_checked_at IS NULL OR session_checked_at<:before)"
        f"{is_open} ORDER BY last_used_at, id LIMIT 1{tx.dialect.lock_suffix}",
        platform=platform,
        now=to_sql(now),
        before=to_sql(before),
        **routes,
    )
    return row_to(Account, row) if row else None


def _open_only(closed: ClosedRoutes) -> tuple[str, dict[str, str]]:
    """Return the condition that leaves out accounts of closed routes; empty when none is."""
    if closed == NONE_CLOSED:
        return "", {}
    condition, params = closed.condition()
    return f" AND {condition}", params


def _fit(quota_day: date | None) -> str:
    return MAY_ASK if quota_day is None else HAS_QUOTA


def claim(
    tx: Tx,
    seen: Account,
    purpose: AccountStatus,
    owner: str,
    now: datetime,
    until: datetime,
    quota_day: date | None,
    task_id: int | None,
) -> bool:
    """Lease the account as `seen`, its token growing by 1; return False when it changed since.

    `owner` is the id of the claiming process, `until` the lease's end, `task_id` the top-level task
    that it is leased for; None for other work. A lease for crawling (`quota_day` None) marks the
    pace as unknown until `give_back` or `cool_down` stores it.
    """
    asks = "pace_known=0," if quota_day is None else ""
    return ACCOUNTS.claim(
        tx,
        seen.id,
        seen.lease_token,
        owner=owner,
        until=until,
        where=f"status='idle' AND {IS_RESTED} AND {_fit(quota_day)}",
        changes=f"status=:purpose, working_task_id=:task, last_used_at=:now, {asks}"
        " updated_at=:now",
        purpose=purpose.value,
        task=task_id,
        now=to_sql(now),
        day=str(quota_day),
    )


def give_back(
    tx: Tx,
    account_id: int,
    token: int,
    now: datetime,
    *,
    healthy: bool,
    good_answers: int = 0,
    asked: PaceState | None = None,
    keeps_task: bool = False,
    swaps: tuple[SecretSwap, ...] = (),
) -> bool:
    """End a lease, which makes the account idle; return False when the lease was lost.

    `healthy` sets its count of failures to 0 and its health to healthy; `good_answers` is stored
    for an account on probation. `asked` is its pace from now on; None leaves the pace as it is.
    `keeps_task` leaves the task that it works for, for an account that only rests between two
    requests. `swaps` are encrypted cookies that changed under the lease.
    """
    recovered = ", failure_count=0, health='healthy'" if healthy else ""
    task = "" if keeps_task else ", working_task_id=NULL"
    return ACCOUNTS.give_back(
        tx,
        account_id,
        token,
        f"{_pace_changes(asked)}{swap_changes(swaps)}status='idle', last_used_at=:now,"
        f" updated_at=:now, good_answers=:good{recovered}{task}",
        now=to_sql(now),
        good=good_answers,
        **_pace_params(asked),
        **swap_params(swaps),
    )


def cool_down(
    tx: Tx,
    account_id: int,
    token: int,
    now: datetime,
    until: datetime,
    health: Health,
    asked: PaceState | None = None,
) -> bool:
    """End a lease, leave the account idle but not fit until `until`, and count a failure.

    Return False when the lease was lost. `asked` is its pace from now on; None leaves the pace as
    it is.
    """
    return ACCOUNTS.give_back(
        tx,
        account_id,
        token,
        f"{_pace_changes(asked)}status='idle', last_used_at=:now, updated_at=:now,"
        " cooldown_until=:until, health=:health, good_answers=0, failure_count=failure_count+1,"
        " working_task_id=NULL",
        now=to_sql(now),
        until=to_sql(until),
        health=health.value,
        **_pace_params(asked),
    )


def set_egress(tx: Tx, account_id: int, token: int, egress: str, now: datetime) -> bool:
    """Record by which route an account leaves; return False when the lease was lost."""
    return ACCOUNTS.write(
        tx, account_id, token, "egress=:egress, updated_at=:now", egress=egress, now=to_sql(now)
    )


def set_health(tx: Tx, account_id: int, token: int, health: Health, checked_at: datetime) -> bool:
    """Record a session check and the health that follows; return False when the lease was lost."""
    return ACCOUNTS.write(
        tx,
        account_id,
        token,
        "health=:health, session_checked_at=:now, updated_at=:now",
        health=health.value,
        now=to_sql(checked_at),
    )


# An export's lease and a check of a session have answers too, but no pages.
CRAWLS = "status='ingesting' AND working_task_id IS NOT NULL"


def _pace_changes(asked: PaceState | None) -> str:
    """Return assignments to put first: MySQL evaluates from left to right, and the count of pages
    looks at the old status, task and day."""
    if asked is None:
        return ""
    return (
        f"today_page_count=CASE WHEN {CRAWLS} AND pages_day=:day THEN today_page_count+:answers"
        f" WHEN {CRAWLS} THEN :answers ELSE today_page_count END,"
        f" pages_day=CASE WHEN {CRAWLS} THEN :day ELSE pages_day END,"
        " pace=:pace, pace_known=1, ready_at=:ready_at, "
    )


def _pace_params(asked: PaceState | None) -> dict[str, Any]:
    if asked is None:
        return {}
    return {
        "pace": asked.pace,
        "ready_at": to_sql_or_none(asked.ready_at),
        "answers": asked.answers,
        "day": str(asked.day),
    }


def disable_leased(tx: Tx, account_id: int, token: int, now: datetime, reason: str) -> bool:
    """End a lease and disable the account; return False when the lease was lost.

    It counts one more failure, by which it differs from an account that the operator disabled.
    """
    return ACCOUNTS.give_back(
        tx,
        account_id,
        token,
        "status='disabled', last_used_at=:now, updated_at=:now, disabled_reason=:reason,"
        " failure_count=failure_count+1, working_task_id=NULL",
        now=to_sql(now),
        reason=reason[:MAX_TEXT_CHARS],
    )


def set_purpose(tx: Tx, account_id: int, owner: str, purpose: AccountStatus, now: datetime) -> bool:
    """Switch a lease of `owner` between crawling and exporting; return False when it was lost."""
    return 1 == tx.execute(
        "UPDATE accounts SET status=:purpose, updated_at=:now"
        " WHERE id=:id AND lease_owner=:owner AND status IN ('ingesting','exporting')",
        id=account_id,
        owner=owner,
        purpose=purpose.value,
        now=to_sql(now),
    )


def spend_quota(
    tx: Tx, account_id: int, day: date, rows: int, token: int | None, now: datetime
) -> bool:
    """Add `rows` to the day's export count; return False when that would pass the limit.

    The first rows of a later day start its count at 0. With a `token` the count changes only while
    that lease is held, else False; None is for a count without a lease.
    """
    lease = "" if token is None else "AND lease_token=:token AND status='exporting'"
    return 1 == tx.execute(
        # MySQL evaluates assignments from left to right: the count looks at the old quota_day, so
        # it is set before quota_day is.
        "UPDATE accounts SET"
        " today_export_count=(CASE WHEN quota_day=:day THEN today_export_count ELSE 0 END)+:n,"
        " quota_day=:day, updated_at=:now"
        f" WHERE id=:id {lease}"
        " AND (quota_day=:day AND today_export_count+:n<=daily_export_limit"
        " OR quota_day<:day AND :n<=daily_export_limit)",
        id=account_id,
        token=token,
        day=str(day),
        n=rows,
        now=to_sql(now),
    )


def reap(tx: Tx, now: datetime) -> int:
    """Make the accounts idle whose lease ran out; return their number."""
    return ACCOUNTS.reap(tx, now, "status='idle', working_task_id=NULL, updated_at=:now")


def count_expired(tx: Tx, now: datetime) -> int:
    """Return the number of accounts whose lease ran out and that `reap` did not make idle yet."""
    return tx.number(
        f"SELECT COUNT(*) AS n FROM accounts WHERE {ACCOUNTS.expired}", now=to_sql(now)
    )
