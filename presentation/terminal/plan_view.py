"""A plan on the terminal: two short tables and some sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.table import Table

from crawler.planning.advice import Advice
from crawler.planning.forecast import ForecastEnd, PlannedAccount
from crawler.planning.inputs import Measure, Plan
from presentation.i18n.plan_messages import duration, plan_texts
from presentation.i18n.texts import Texts

SHOWN_ACCOUNTS = 12
SHOWN_NAMES = 3
STEADY_AFTER_SECS = 60.0  # a rate that grows is shown as it is after this time


class PlanView:
    """Draws plans in one language."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._plan_texts = plan_texts(texts)

    def head(self, plan: Plan) -> str:
        """Return the first line: the numbers of creators to crawl and of rows to export."""
        return self._plan_texts.head.format(
            domain=plan.request.domain,
            platform=plan.request.platform,
            creators=self._texts.count("creator", plan.question.creators),
            rows=self._texts.count("row", plan.question.waiting_rows),
        )

    def accounts(self, plan: Plan) -> Table:
        """Return the table of what each account is expected to contribute."""
        table = _table(self._plan_texts.accounts, right=(1, 3, 4))
        pool = plan.question.accounts
        for account in pool[:SHOWN_ACCOUNTS]:
            table.add_row(
                *(
                    account.name,
                    f"{60 * rate_of(account):,.1f}",
                    self._moment(plan, account.from_secs),
                    f"{account.left_today:,}",
                    f"{account.daily_limit:,}",
                    self._note(plan, account),
                )
            )
        if len(pool) > SHOWN_ACCOUNTS:
            table.add_row(
                self._plan_texts.more_accounts.format(n=f"{len(pool) - SHOWN_ACCOUNTS:,}")
            )
        return table

    def work(self, plan: Plan) -> Table:
        """Return the table of crawl and export: amount, rate, duration, end, and what decides
        it."""
        texts, zone = self._plan_texts, plan.question.calendar.zone.key
        table = _table(tuple(title.format(zone=zone) for title in texts.work))
        self._add_work(table, plan, texts.crawl, self._crawl(plan), plan.forecast.crawl)
        self._add_work(table, plan, texts.export, self._export(plan), plan.forecast.export)
        return table

    def sentences(self, plan: Plan) -> Iterator[str]:
        """Yield what would shorten the work, and the assumptions of the plan."""
        texts = self._plan_texts
        yield texts.side_by_side.format(workers=plan.question.workers)
        yield texts.would_shorten if plan.advice else texts.nothing_shortens
        for advice in plan.advice:
            yield self.advice(plan, advice)
        yield texts.counted_on.format(
            page_creators=f"{plan.page_creators.value:.4g}",
            secs=f"{plan.answer_secs.value:.2g}",
            page_how=self._how(plan.page_creators),
            answer_how=self._how(plan.answer_secs),
        )
        if plan.disabled:
            yield texts.left_out.format(names=_some(plan.disabled))
        if plan.max_pages is not None and plan.question.pages > plan.max_pages:
            yield self._search_ends(plan, plan.max_pages)
        if plan.other_tasks:
            yield texts.others.format(n=plan.other_tasks)

    def advice(self, plan: Plan, advice: Advice) -> str:
        """Return a line like `2 accounts more, like these: export 5 d instead of 9 d`."""
        change = self._plan_texts.changes[advice.change]
        ends = (
            (self._plan_texts.crawl, advice.crawl, plan.forecast.crawl),
            (self._plan_texts.export, advice.export, plan.forecast.export),
        )
        savings = [
            self._plan_texts.instead.format(
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
        return self._plan_texts.advice.format(
            change=text, ends=self._plan_texts.comma.join(savings)
        )

    def _crawl(self, plan: Plan) -> tuple[str, str]:
        """Return amount and rate of the crawl; no rate when there is nothing to crawl."""
        pages = plan.question.pages
        if not pages:
            return self._plan_texts.no_crawl, ""
        takes_part = sum(account.pace is not None for account in plan.question.accounts)
        amount = self._plan_texts.pages_by.format(
            pages=self._texts.count("page", pages),
            accounts=self._texts.count("account", takes_part),
        )
        return amount, self._plan_texts.pages_a_minute.format(n=f"{pages_per_minute(plan):,.1f}")

    def _export(self, plan: Plan) -> tuple[str, str]:
        rate = self._plan_texts.rows_a_day.format(
            n=f"{rows_per_day(plan):,}", days=f"{plan.forecast.quota_days:,}"
        )
        return self._texts.count("row", plan.question.rows), rate

    def _add_work(
        self, table: Table, plan: Plan, name: str, amount: tuple[str, str], end: ForecastEnd
    ) -> None:
        nothing = end.secs == 0 and not plan.question.pages and name == self._plan_texts.crawl
        ends = self._plan_texts.never if end.secs is None else self._moment(plan, end.secs)
        rest = (
            ("", "", "")
            if nothing
            else (
                duration(self._texts, end.secs),
                ends,
                self._plan_texts.bounds[end.bound],
            )
        )
        table.add_row(name, *amount, *rest)

    def _moment(self, plan: Plan, secs: float) -> str:
        if secs <= 0:
            return self._plan_texts.now
        local = moment_of(plan, secs).astimezone(plan.question.calendar.zone)
        return f"{local:%Y-%m-%d %H:%M}"

    def _note(self, plan: Plan, account: PlannedAccount) -> str:
        if account.pace is None:
            return self._plan_texts.without_session
        if math.isinf(account.until_secs):
            return ""
        return self._plan_texts.session_ends.format(at=self._moment(plan, account.until_secs))

    def _how(self, measure: Measure) -> str:
        if not measure.pages:
            return self._plan_texts.assumed
        return self._plan_texts.learned.format(n=measure.pages)

    def _search_ends(self, plan: Plan, max_pages: int) -> str:
        of_one = round(max_pages * plan.page_creators.value)
        return self._plan_texts.search_ends.format(
            platform=plan.request.platform,
            pages=max_pages,
            creators=f"{of_one:,}",
            wanted=f"{plan.question.creators:,}",
            domains=f"{math.ceil(plan.question.pages / max_pages):,}",
        )


def rate_of(account: PlannedAccount) -> float:
    """Return an account's pages per second once it works; 0 without a session."""
    return account.pace.per_sec_at(account.from_secs + STEADY_AFTER_SECS) if account.pace else 0.0


def pages_per_minute(plan: Plan) -> float:
    """Return the mean rate over the whole crawl; 0 when it never ends."""
    secs = plan.forecast.crawl.secs
    return 60 * plan.question.pages / secs if secs else 0.0


def rows_per_day(plan: Plan) -> int:
    """Return the number of rows that the quotas of all accounts allow a day."""
    return sum(account.daily_limit for account in plan.question.accounts)


def moment_of(plan: Plan, secs: float) -> datetime:
    """Return the time (UTC) `secs` seconds after the plan was made."""
    return plan.question.now + timedelta(seconds=secs)


def _some(names: Sequence[str]) -> str:
    """Return the first three names, and the number of all when there are more."""
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if len(names) <= SHOWN_NAMES else f"{shown}, … ({len(names):,})"


def _table(titles: Sequence[str], right: Sequence[int] = ()) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, title in enumerate(titles):
        table.add_column(title, no_wrap=True, justify="right" if place in right else "left")
    return table
