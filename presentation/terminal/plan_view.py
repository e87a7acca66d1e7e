"""A plan for people: two short tables and some sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.table import Table

from crawler.planning.advice import Advice
from crawler.planning.forecast import ForecastEnd, PlannedAccount
from crawler.planning.inputs import Measure, Plan
from presentation.i18n.messages import Texts
from presentation.i18n.plan_messages import duration, plan_texts

SHOWN_ACCOUNTS = 12
SHOWN_NAMES = 3
FIRST_SECS = 60.0  # a rate that grows is shown as it is after that time


class PlanView:
    """Draws plans in one language."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._words = plan_texts(texts)

    def head(self, plan: Plan) -> str:
        return self._words.head.format(
            domain=plan.wish.domain,
            platform=plan.wish.platform,
            creators=self._texts.count("creator", plan.question.creators),
            rows=self._texts.count("row", plan.question.waiting_rows),
        )

    def accounts(self, plan: Plan) -> Table:
        """What each account is counted on for."""
        table = _table(self._words.accounts, right=(1, 3, 4))
        pool = plan.question.accounts
        for one in pool[:SHOWN_ACCOUNTS]:
            table.add_row(
                one.name,
                f"{60 * rate_of(one):,.1f}",
                self._moment(plan, one.from_secs),
                f"{one.left_today:,}",
                f"{one.daily_limit:,}",
                self._note(plan, one),
            )
        if len(pool) > SHOWN_ACCOUNTS:
            table.add_row(self._words.more_accounts.format(n=f"{len(pool) - SHOWN_ACCOUNTS:,}"))
        return table

    def work(self, plan: Plan) -> Table:
        """Crawl and export: how much, how fast, until when, and what decides it."""
        words, zone = self._words, plan.question.calendar.zone.key
        table = _table(tuple(title.format(zone=zone) for title in words.work))
        self._add_work(table, plan, words.crawl, self._crawl(plan), plan.forecast.crawl)
        self._add_work(table, plan, words.export, self._export(plan), plan.forecast.export)
        return table

    def sentences(self, plan: Plan) -> Iterator[str]:
        """What would shorten it, and what the plan counts on."""
        words = self._words
        yield words.side_by_side.format(workers=plan.question.workers)
        yield words.would_shorten if plan.advice else words.nothing_shortens
        for advice in plan.advice:
            yield self.advice(plan, advice)
        yield words.counted_on.format(
            page_creators=f"{plan.page_creators.value:.4g}",
            secs=f"{plan.answer_secs.value:.2g}",
            page_how=self._how(plan.page_creators),
            answer_how=self._how(plan.answer_secs),
        )
        if plan.disabled:
            yield words.left_out.format(names=_some(plan.disabled))
        if plan.max_pages is not None and plan.question.pages > plan.max_pages:
            yield self._search_ends(plan, plan.max_pages)
        if plan.other_tasks:
            yield words.others.format(n=plan.other_tasks)

    def advice(self, plan: Plan, advice: Advice) -> str:
        """`2 accounts more, like these: export 5 d 12 h instead of 9 d 12 h`"""
        change = self._words.changes[advice.change]
        ends = (
            (self._words.crawl, advice.crawl, plan.forecast.crawl),
            (self._words.export, advice.export, plan.forecast.export),
        )
        told = [
            self._words.instead.format(
                work=work,
                after=duration(self._texts, after.secs),
                before=duration(self._texts, before.secs),
            )
            for work, after, before in ends
            if duration(self._texts, after.secs) != duration(self._texts, before.secs)
        ]
        text = change.format(
            n=f"{advice.number:,}",
            names=_some(advice.names),
            accounts=self._texts.count("account", advice.number),
        )
        return self._words.advice.format(change=text, ends=self._words.comma.join(told))

    def _crawl(self, plan: Plan) -> tuple[str, str]:
        pages = plan.question.pages
        if not pages:
            return self._words.no_crawl, ""
        takes_part = sum(1 for one in plan.question.accounts if one.outlook is not None)
        amount = self._words.pages_by.format(
            pages=self._texts.count("page", pages),
            accounts=self._texts.count("account", takes_part),
        )
        return amount, self._words.pages_a_minute.format(n=f"{pages_per_minute(plan):,.1f}")

    def _export(self, plan: Plan) -> tuple[str, str]:
        rate = self._words.rows_a_day.format(
            n=f"{rows_per_day(plan):,}", days=f"{plan.forecast.quota_days:,}"
        )
        return self._texts.count("row", plan.question.rows), rate

    def _add_work(
        self, table: Table, plan: Plan, name: str, amount: tuple[str, str], end: ForecastEnd
    ) -> None:
        nothing = end.secs == 0 and not plan.question.pages and name == self._words.crawl
        ends = self._words.never if end.secs is None else self._moment(plan, end.secs)
        rest = (
            ("", "", "")
            if nothing
            else (
                duration(self._texts, end.secs),
                ends,
                self._words.bounds[end.bound],
            )
        )
        table.add_row(name, *amount, *rest)

    def _moment(self, plan: Plan, secs: float) -> str:
        if secs <= 0:
            return self._words.now
        local = moment_of(plan, secs).astimezone(plan.question.calendar.zone)
        return f"{local:%Y-%m-%d %H:%M}"

    def _note(self, plan: Plan, one: PlannedAccount) -> str:
        if one.outlook is None:
            return self._words.without_session
        if math.isinf(one.until_secs):
            return ""
        return self._words.session_ends.format(at=self._moment(plan, one.until_secs))

    def _how(self, measure: Measure) -> str:
        if not measure.pages:
            return self._words.assumed
        return self._words.learned.format(n=measure.pages)

    def _search_ends(self, plan: Plan, max_pages: int) -> str:
        of_one = round(max_pages * plan.page_creators.value)
        return self._words.search_ends.format(
            platform=plan.wish.platform,
            pages=max_pages,
            creators=f"{of_one:,}",
            wanted=f"{plan.question.creators:,}",
            domains=f"{math.ceil(plan.question.pages / max_pages):,}",
        )


def rate_of(one: PlannedAccount) -> float:
    """Pages a second of an account once it works."""
    return one.outlook.per_sec_at(one.from_secs + FIRST_SECS) if one.outlook else 0.0


def pages_per_minute(plan: Plan) -> float:
    """The mean over the whole crawl; 0 when it never ends."""
    secs = plan.forecast.crawl.secs
    return 60 * plan.question.pages / secs if secs else 0.0


def rows_per_day(plan: Plan) -> int:
    """What all quotas together allow."""
    return sum(one.daily_limit for one in plan.question.accounts)


def moment_of(plan: Plan, secs: float) -> datetime:
    return plan.question.now + timedelta(seconds=secs)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if len(names) <= SHOWN_NAMES else f"{shown}, … ({len(names):,})"


def _table(titles: Sequence[str], right: Sequence[int] = ()) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, title in enumerate(titles):
        table.add_column(title, no_wrap=True, justify="right" if place in right else "left")
    return table
