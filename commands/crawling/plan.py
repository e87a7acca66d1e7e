"""`plan`: how long a crawl and an export take, and what would shorten it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Annotated

import typer

from commands.crawling.crawl import AsJson, Domain, Platform, Workers, require_workers
from commands.framework.context import (
    dashed,
    opened_app,
    platform_named,
    result,
    result_json,
    result_table,
)
from core.clock import iso_utc
from core.errors import InvalidInputError
from core.requests import FieldChecks
from crawler.planning.advice import Advice
from crawler.planning.forecast import ForecastEnd, PlannedAccount
from crawler.planning.inputs import MAX_ACCOUNTS, MAX_CREATORS, Measure, Plan, PlanRequest, Search
from crawler.requests import domain_named
from presentation.i18n.messages import texts_for
from presentation.terminal.plan_view import PlanView, pages_per_minute, rate_of, rows_per_day


def register(app: typer.Typer) -> None:
    dashed(app, "plan")(plan)


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
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Tell how long crawl and export take, and what helps.

    Reckoned from the accounts' quotas, rests and learned paces; nothing is asked or changed.
    """
    known = platform_named(platform)
    checks = FieldChecks()
    domain = checks.check("domain", domain_named, domain) or domain
    checks.finish()
    _require_within("--creators", creators, MAX_CREATORS)
    _require_within("--pages", pages, MAX_CREATORS)
    _require_within("--accounts", accounts, MAX_ACCOUNTS)
    require_workers(workers)
    wish = PlanRequest(
        platform=known.name,
        domain=domain,
        creators=creators,
        pages=pages,
        accounts=accounts,
        workers=workers,
    )
    with opened_app() as app:
        paces = app.pool.access[known.name].source.paces
        search = Search(
            paces=paces,
            page_creators=known.page_creators,
            max_pages=known.max_pages,
            sequential=known.sequential,
        )
        made = app.crawling.planner.plan(wish, search)
        if as_json:
            result_json(_as_object(made))
            return
        view = PlanView(texts_for(app.settings.language))
        result(view.head(made))
        for table in (view.accounts(made), view.work(made)):
            result("")
            result_table(table)
        result("")
        for sentence in view.sentences(made):
            result(sentence)


def _require_within(option: str, value: int | None, most: int) -> None:
    if value is not None and not 1 <= value <= most:
        raise InvalidInputError(f"{option} must be 1 to {most:,}, got {value}")


def _as_object(made: Plan) -> dict[str, object]:
    asked, told = made.question, made.forecast
    return {
        "platform": made.wish.platform,
        "domain": made.wish.domain,
        "now": iso_utc(asked.now),
        "quota_timezone": asked.calendar.zone.key,
        "workers": asked.workers,
        "page_creators": _measure(made.page_creators),
        "answer_secs": _measure(made.answer_secs),
        "accounts": [_account(asked.now, one) for one in asked.accounts],
        "disabled": list(made.disabled),
        "crawl": {
            "creators": asked.creators,
            "pages": asked.pages,
            "pages_per_minute": round(pages_per_minute(made), 3),
            **_end(asked.now, told.crawl),
        },
        "export": {
            "rows": asked.rows,
            "waiting_rows": asked.waiting_rows,
            "rows_per_day": rows_per_day(made),
            "quota_days": told.quota_days,
            **_end(asked.now, told.export),
        },
        "shorter": [_advice(asked.now, one) for one in made.advice],
        "most_pages": made.max_pages,
        "other_tasks": made.other_tasks,
    }


def _account(now: datetime, one: PlannedAccount) -> dict[str, object]:
    return {
        "username": one.name,
        "crawls": one.outlook is not None,
        "pages_per_minute": round(60 * rate_of(one), 3),
        "from": _at(now, one.from_secs),
        "until": None if math.isinf(one.until_secs) else _at(now, one.until_secs),
        "left_today": one.left_today,
        "daily_export_limit": one.daily_limit,
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
