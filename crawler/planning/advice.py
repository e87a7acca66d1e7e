"""What would shorten a plan: the same question asked again with one thing changed."""

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
WORTH = 0.95  # of the time: what saves less is not worth a line
WORTH_SECS = 60.0
MAX_OF_A_KIND = 2


class Change(StrEnum):
    """What a person could do."""

    MORE_ACCOUNTS = "more_accounts"  # number: how many
    ENABLE = "enable"
    HEALTHY = "healthy"  # number: how many would be faster
    SIGN_IN = "sign_in"  # their sessions end before the work does
    SET_LIMIT = "set_limit"  # number: the daily limit of each
    WORKERS = "workers"  # number: how many


@dataclass(frozen=True)
class Advice:
    """A change, whom it concerns, and when the work would end then."""

    change: Change
    names: tuple[str, ...]
    number: int
    crawl: ForecastEnd
    export: ForecastEnd


@dataclass(frozen=True)
class SpareWorkers:
    """Accounts that could be had: a new one; those of the pool, rested; the disabled ones."""

    fresh: PlannedAccount
    rested: Mapping[str, PlannedAccount]
    disabled: tuple[PlannedAccount, ...]


def advise(question: Question, expected: Forecast, spares: SpareWorkers) -> tuple[Advice, ...]:
    """Changes that are worth it, each with what it would bring."""
    found = [*_with_fewer_obstacles(question, expected, spares), *_with_more(question, spares)]
    if expected.crawl.bound is Bound.WORKERS:
        found += _more_workers(question)
    kept: list[Advice] = []
    for advice in found:
        same = [one for one in kept if one.change is advice.change]
        before = same[-1] if same else expected
        if len(same) < MAX_OF_A_KIND and _is_worth(advice, before):
            kept.append(advice)
    return tuple(kept)


def _with_fewer_obstacles(
    question: Question, expected: Forecast, spares: SpareWorkers
) -> Iterator[Advice]:
    """The pool as it is, with what holds it up taken away."""
    pool = question.accounts
    if spares.disabled:
        names = tuple(one.name for one in spares.disabled)
        yield _asked(Change.ENABLE, replace(question, accounts=pool + spares.disabled), names)
    ends = max(expected.crawl.secs or math.inf, expected.export.secs or math.inf)
    ending = tuple(one.name for one in pool if one.until_secs < ends)
    if ending:
        lasting = tuple(replace(one, until_secs=math.inf) for one in pool)
        yield _asked(Change.SIGN_IN, replace(question, accounts=lasting), ending)
    slowed = tuple(one.name for one in pool if _is_slowed(one, spares.rested.get(one.name)))
    if slowed:
        rested = tuple(
            replace(spares.rested[one.name], until_secs=one.until_secs)
            if one.name in slowed
            else one
            for one in pool
        )
        healthy = replace(question, accounts=rested)
        yield _asked(Change.HEALTHY, healthy, slowed, len(slowed))


def _with_more(question: Question, spares: SpareWorkers) -> Iterator[Advice]:
    for number in MORE_ACCOUNTS:
        more = tuple(replace(spares.fresh, name=f"+{n}") for n in range(1, number + 1))
        bigger = replace(question, accounts=question.accounts + more)
        yield _asked(Change.MORE_ACCOUNTS, bigger, number=number)
    for limit in _limits(question, spares):
        raised = tuple(
            one
            if one.daily_limit >= limit
            else replace(
                one, daily_limit=limit, left_today=one.left_today + limit - one.daily_limit
            )
            for one in question.accounts
        )
        names = tuple(one.name for one in question.accounts if one.daily_limit < limit)
        yield _asked(Change.SET_LIMIT, replace(question, accounts=raised), names, limit)


def _limits(question: Question, spares: SpareWorkers) -> list[int]:
    """Limits to try: what most have, for those who have less; then twice that."""
    return [spares.fresh.daily_limit, 2 * spares.fresh.daily_limit]


def _more_workers(question: Question) -> Iterator[Advice]:
    fastest = sum(
        max((s.per_sec for s in one.outlook.stretches), default=0.0)
        for one in question.accounts
        if one.outlook
    )
    needed = math.ceil(fastest * question.answer_secs)
    if needed > question.workers:
        yield _asked(Change.WORKERS, replace(question, workers=needed), number=needed)


def _asked(
    change: Change, question: Question, names: tuple[str, ...] = (), number: int = 0
) -> Advice:
    found = forecast(question)
    return Advice(change=change, names=names, number=number, crawl=found.crawl, export=found.export)


def _is_slowed(now: PlannedAccount, rested: PlannedAccount | None) -> bool:
    """Whether it rests, or has learned to ask more slowly than declared."""
    if rested is None or now.outlook is None or rested.outlook is None:
        return False
    slower = now.outlook.stretches[-1].per_sec < WORTH * rested.outlook.stretches[-1].per_sec
    return slower or now.from_secs > 0


def _is_worth(advice: Advice, before: Forecast | Advice) -> bool:
    return _is_shorter(advice.crawl, before.crawl) or _is_shorter(advice.export, before.export)


def _is_shorter(after: ForecastEnd, before: ForecastEnd) -> bool:
    if after.secs is None:
        return False
    return before.secs is None or after.secs < min(WORTH * before.secs, before.secs - WORTH_SECS)
