"""`plan`: a forecast of a crawl and an export, and what would shorten them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Annotated

import typer

from commands.crawling.condition_files import condition_reader
from commands.crawling.crawl import (
    AsJson,
    Domain,
    FoundBy,
    Has,
    Order,
    Platform,
    Since,
    Skip,
    Where,
    Workers,
    require_workers,
)
from commands.framework.context import opened_app, platform_named, result, result_json, result_table
from commands.framework.options import OnlyAccount, OnlyGroup
from core.clock import iso_utc
from core.errors import InvalidInputError
from core.requests import FieldChecks, domain_named
from crawler.export.selection import SkipDelivered, selection_of
from crawler.planning.advice import Advice
from crawler.planning.forecast import ForecastEnd, PlannedAccount
from crawler.planning.inputs import (
    MAX_ACCOUNTS,
    MAX_CREATORS,
    Choice,
    Measure,
    Plan,
    PlanRequest,
)
from crawler.planning.pool_reader import Search
from crawler.tasks.requests import check_pin
from presentation.i18n.renderer import renderer_for
from presentation.terminal.plan_view import PlanView, pages_per_minute, rate_of, rows_per_day


def plan(
    domain: Domain,
    creators: Annotated[
        int | None, typer.Option(help="creators to crawl; default: what is open")
    ] = None,
    pages: Annotated[int | None, typer.Option(help="pages at most")] = None,
    platform: Platform = "bilibili",
    accounts: Annotated[
        int | None, typer.Option(help="what if there were so many like these")
    ] = None,
    account: OnlyAccount = None,
    group: OnlyGroup = None,
    where: Where = None,
    since: Since = None,
    keyword: FoundBy = None,
    has: Has = None,
    order: Order = None,
    skip_delivered: Skip = SkipDelivered.NEVER,
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Tell how long crawl and export take, and what helps.

    Reckoned from the accounts' quotas, rests and learned paces; nothing is asked or changed.
    """
    known = platform_named(platform)
    checks = FieldChecks()
    domain = checks.check("domain", domain_named, domain) or domain
    check_pin(checks, account, group)
    checks.finish()
    _require_within("--creators", creators, MAX_CREATORS)
    _require_within("--pages", pages, MAX_CREATORS)
    _require_within("--accounts", accounts, MAX_ACCOUNTS)
    require_workers(workers)
    with opened_app() as app:
        selection = selection_of(
            condition_reader(app),
            where=where or (),
            since=since,
            keywords=keyword or (),
            has=has or (),
            order=order,
            skip_delivered=skip_delivered is SkipDelivered.PLATFORM,
        )
        request = PlanRequest(
            platform=known.name,
            domain=domain,
            creators=creators,
            pages=pages,
            accounts=accounts,
            workers=workers,
            pin=app.crawling.pin_targets.pin(known.name, account, group),
            wanted=selection.of_domain(known.name, domain) if selection else None,
            skip_delivered=selection is not None and selection.skip_delivered,
        )
        paces = app.pool.access[known.name].source.paces
        search = Search(
            paces=paces,
            page_creators=known.page_creators,
            max_pages=known.max_pages,
            sequential=known.sequential,
        )
        planned = app.crawling.planner.plan(request, search)
        if as_json:
            result_json(_as_object(planned))
            return
        _print(PlanView(renderer_for(app.settings.language, app.calendar.zone)), planned)


def _print(view: PlanView, plan: Plan) -> None:
    result(view.head(plan))
    for table in (view.accounts(plan), view.work(plan)):
        result("")
        result_table(table)
    result("")
    for sentence in view.sentences(plan):
        result(sentence)


def _require_within(option: str, value: int | None, maximum: int) -> None:
    if value is not None and not 1 <= value <= maximum:
        raise InvalidInputError("option_out_of_range", option=option, maximum=maximum, value=value)


def _as_object(plan: Plan) -> dict[str, object]:
    question, forecast = plan.question, plan.forecast
    return {
        "platform": plan.request.platform,
        "domain": plan.request.domain,
        "now": iso_utc(question.now),
        "quota_timezone": question.calendar.zone.key,
        "workers": question.workers,
        "page_creators": _measure(plan.page_creators),
        "answer_secs": _measure(plan.answer_secs),
        "accounts": [_account(question.now, account) for account in question.accounts],
        "disabled": list(plan.disabled),
        "crawl": {
            "creators": question.creators,
            "pages": question.pages,
            "pages_per_minute": round(pages_per_minute(plan), 3),
            **_end(question.now, forecast.crawl),
        },
        "export": {
            "rows": question.rows,
            "waiting_rows": question.waiting_rows,
            "rows_per_day": rows_per_day(plan),
            "quota_days": forecast.quota_days,
            "choice": _choice(plan.choice),
            **_end(question.now, forecast.export),
        },
        "shorter": [_advice(question.now, advice) for advice in plan.advice],
        "most_pages": plan.max_pages,
        "other_tasks": plan.other_tasks,
    }


def _choice(choice: Choice | None) -> dict[str, object] | None:
    if choice is None:
        return None
    return {"share": round(choice.share, 4), "chosen": choice.chosen, "stored": choice.stored}


def _account(now: datetime, account: PlannedAccount) -> dict[str, object]:
    return {
        "username": account.name,
        "crawls": account.pace is not None,
        "pages_per_minute": round(60 * rate_of(account), 3),
        "from": _at(now, account.from_secs),
        "until": None if math.isinf(account.until_secs) else _at(now, account.until_secs),
        "left_today": account.left_today,
        "daily_export_limit": account.daily_limit,
    }


def _advice(now: datetime, advice: Advice) -> dict[str, object]:
    return {
        "change": advice.change.value,
        "names": list(advice.names),
        "number": advice.number,
        "crawl": _end(now, advice.crawl),
        "export": _end(now, advice.export),
    }


def _end(now: datetime, end: ForecastEnd) -> dict[str, object]:
    ends_at = None if end.secs is None else _at(now, end.secs)
    return {"secs": _secs(end.secs), "ends_at": ends_at, "decided_by": end.bound.value}


def _measure(measure: Measure) -> dict[str, object]:
    return {"value": round(measure.value, 4), "learned_from_pages": measure.pages}


def _secs(secs: float | None) -> float | None:
    return None if secs is None else round(secs, 1)


def _at(now: datetime, secs: float) -> str:
    return iso_utc(now + timedelta(seconds=secs))


COMMANDS = {"plan": plan}
