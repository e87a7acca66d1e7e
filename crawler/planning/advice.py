"""Advice that would shorten a plan: the same forecast again, with one thing changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crawler.planning.forecast import (
    Bound,
    Forecast,
    ForecastEnd,
    PlannedAccount,
    Question,
    forecast,
)

MORE_ACCOUNTS = (1, 2, 5, 10)
MAX_REMAINING = 0.95  # of the time: advice that saves less is left out
MIN_GAIN_SECS = 60.0
MAX_PER_CHANGE = 2


class Change(StrEnum):
    """What an operator could change to be done earlier; Advice holds its number and accounts."""

    MORE_ACCOUNTS = "more_accounts"  # number: how many
    ENABLE = "enable"
    HEALTHY = "healthy"  # number: how many accounts would be faster
    SIGN_IN = "sign_in"  # their sessions end before the work does
    SET_LIMIT = "set_limit"  # number: the daily limit of each
    WORKERS = "workers"  # number: how many


@dataclass(frozen=True)
class Advice:
    """A change, and when the crawl and the export would end with it.

    `names` are the accounts that it concerns; `number` is explained at each Change, 0 elsewhere.
    """

    change: Change
    names: tuple[str, ...]
    number: int
    crawl: ForecastEnd
    export: ForecastEnd


@dataclass(frozen=True)
class SpareAccounts:
    """Accounts that a plan does not have and an operator could get.

    `fresh` is a new one; `rested` are those of the pool without cooldown and at their declared
    pace, by name; `disabled` are the disabled ones as they would be when enabled.
    """

    fresh: PlannedAccount
    rested: Mapping[str, PlannedAccount]
    disabled: tuple[PlannedAccount, ...]


def advise(question: Question, expected: Forecast, spares: SpareAccounts) -> tuple[Advice, ...]:
    """Return the changes that would save enough time, each with the forecast that it leads to.

    `expected` is the forecast without a change. One counts when it saves more than 5 % of the time
    and more than a minute, compared with the forecast or with the previous change of its kind.
    Empty when there is none.
    """
    found = [*_with_fewer_obstacles(question, expected, spares), *_with_more(question, spares)]
    if expected.crawl.bound is Bound.WORKERS:
        found += _more_workers(question)
    kept: list[Advice] = []
    # Compared with the one before of its kind: ten more accounts must bring more than five.
    for advice in found:
        similar = [other for other in kept if other.change is advice.change]
        before = similar[-1] if similar else expected
        if len(similar) < MAX_PER_CHANGE and _is_worth_a_line(advice, before):
            kept.append(advice)
    return tuple(kept)


def _with_fewer_obstacles(
    question: Question, expected: Forecast, spares: SpareAccounts
) -> Iterator[Advice]:
    """Yield what removing the obstacles of the accounts in the pool would bring."""
    pool = question.accounts
    if spares.disabled:
        names = tuple(account.name for account in spares.disabled)
        yield _advice(Change.ENABLE, replace(question, accounts=pool + spares.disabled), names)
    ends = max(expected.crawl.secs or math.inf, expected.export.secs or math.inf)
    ending = tuple(account.name for account in pool if account.until_secs < ends)
    if ending:
        lasting = tuple(replace(account, until_secs=math.inf) for account in pool)
        yield _advice(Change.SIGN_IN, replace(question, accounts=lasting), ending)
    slowed = tuple(
        account.name for account in pool if _is_slowed(account, spares.rested.get(account.name))
    )
    if slowed:
        rested = tuple(
            replace(spares.rested[account.name], until_secs=account.until_secs)
            if account.name in slowed
            else account
            for account in pool
        )
        yield _advice(Change.HEALTHY, replace(question, accounts=rested), slowed, len(slowed))


def _with_more(question: Question, spares: SpareAccounts) -> Iterator[Advice]:
    for number in MORE_ACCOUNTS:
        more = tuple(replace(spares.fresh, name=f"+{n}") for n in range(1, number + 1))
        bigger = replace(question, accounts=question.accounts + more)
        yield _advice(Change.MORE_ACCOUNTS, bigger, number=number)
    # What most accounts have, for those with less; then twice that.
    for limit in (spares.fresh.daily_limit, 2 * spares.fresh.daily_limit):
        raised = tuple(
            account
            if account.daily_limit >= limit or not account.may_export
            else replace(
                account,
                daily_limit=limit,
                left_today=account.left_today + limit - account.daily_limit,
            )
            for account in question.accounts
        )
        names = tuple(
            account.name
            for account in question.accounts
            if account.daily_limit < limit and account.may_export
        )
        yield _advice(Change.SET_LIMIT, replace(question, accounts=raised), names, limit)


def _more_workers(question: Question) -> Iterator[Advice]:
    fastest = sum(
        max((stretch.per_sec for stretch in account.pace.stretches), default=0.0)
        for account in question.accounts
        if account.pace
    )
    needed = math.ceil(fastest * question.answer_secs)
    if needed > question.workers:
        yield _advice(Change.WORKERS, replace(question, workers=needed), number=needed)


def _advice(
    change: Change, question: Question, names: tuple[str, ...] = (), number: int = 0
) -> Advice:
    changed = forecast(question)
    return Advice(
        change=change, names=names, number=number, crawl=changed.crawl, export=changed.export
    )


def _is_slowed(now: PlannedAccount, rested: PlannedAccount | None) -> bool:
    """Return whether the account cools down, or has learned a slower pace than the declared one."""
    if rested is None or now.pace is None or rested.pace is None:
        return False
    slower = now.pace.stretches[-1].per_sec < MAX_REMAINING * rested.pace.stretches[-1].per_sec
    return slower or now.from_secs > 0


def _is_worth_a_line(advice: Advice, before: Forecast | Advice) -> bool:
    return _is_shorter(advice.crawl, before.crawl) or _is_shorter(advice.export, before.export)


def _is_shorter(after: ForecastEnd, before: ForecastEnd) -> bool:
    if after.secs is None:
        return False
    return before.secs is None or after.secs < min(
        MAX_REMAINING * before.secs, before.secs - MIN_GAIN_SECS
    )
