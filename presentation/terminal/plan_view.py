"""A plan on the terminal: two short tables and some sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from crawler.planning.advice import Advice
from crawler.planning.forecast import ForecastEnd, PlannedAccount
from crawler.planning.inputs import Measure, Plan
from presentation.i18n.renderer import Renderer
from presentation.terminal.tables import Column, Table
from storage.models.tasks import TaskType

MAX_HOURS = 24  # longer times are shown in days
SHOWN_ACCOUNTS = 12
SHOWN_NAMES = 3
ACCOUNT_COLUMNS = ("account", "pace", "from", "left", "limit", "note")
WORK_COLUMNS = ("work", "amount", "rate", "takes", "ends", "bound")
STEADY_AFTER_SECS = 60.0  # a rate that grows is shown as it is after this time


class PlanView:
    """Draws plans in one language."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def head(self, plan: Plan) -> str:
        """Return the first line: the numbers of creators to crawl and of rows to export."""
        return self._renderer.say(
            "plan_head",
            domain=plan.request.domain,
            platform=plan.request.platform,
            creators=self._renderer.count("creator", plan.question.creators),
            rows=self._renderer.count("row", plan.question.waiting_rows),
        )

    def accounts(self, plan: Plan) -> Table:
        """Return the table of what each account is expected to contribute."""
        table = self._table(ACCOUNT_COLUMNS, right=(1, 3, 4))
        pool = plan.question.accounts
        for account in pool[:SHOWN_ACCOUNTS]:
            cells = (
                account.name,
                f"{60 * rate_of(account):,.1f}",
                self._moment(plan, account.from_secs),
                f"{account.left_today:,}",
                f"{account.daily_limit:,}",
                self._note(plan, account),
            )
            table.add(cells)
        if len(pool) > SHOWN_ACCOUNTS:
            left_out = f"{len(pool) - SHOWN_ACCOUNTS:,}"
            table.add(
                (
                    self._renderer.say("plan_more_accounts", n=left_out),
                    *[""] * 5,
                )
            )
        return table

    def work(self, plan: Plan) -> Table:
        """Return the table of crawl and export: amount, rate, duration, end, and what decides
        it."""
        table = self._table(WORK_COLUMNS, zone=plan.question.calendar.zone.key)
        crawl, forecast = TaskType.INGESTION, plan.forecast
        nothing = forecast.crawl.secs == 0 and not plan.question.pages
        ending = ("", "", "") if nothing else self._ending(plan, forecast.crawl)
        table.add(
            (
                self._name(crawl),
                *self._crawl(plan),
                *ending,
            )
        )
        ending = self._ending(plan, forecast.export)
        table.add(
            (
                self._name(TaskType.EXPORT),
                *self._export(plan),
                *ending,
            )
        )
        return table

    def sentences(self, plan: Plan) -> Iterator[str]:
        """Yield what would shorten the work, and the assumptions of the plan."""
        say = self._renderer.say
        yield say("plan_side_by_side", workers=plan.question.workers)
        yield say("plan_would_shorten" if plan.advice else "plan_nothing_shortens")
        for advice in plan.advice:
            yield self.advice(plan, advice)
        yield say(
            "plan_counted_on",
            page_creators=f"{plan.page_creators.value:.4g}",
            secs=f"{plan.answer_secs.value:.2g}",
            page_how=self._how(plan.page_creators),
            answer_how=self._how(plan.answer_secs),
        )
        if plan.choice is not None:
            yield say(
                "plan_choice",
                chosen=f"{plan.choice.chosen:,}",
                stored=f"{plan.choice.stored:,}",
                percent=f"{100 * plan.choice.share:.3g}",
            )
        if plan.disabled:
            yield say("plan_left_out", names=_some(plan.disabled))
        if plan.max_pages is not None and plan.question.pages > plan.max_pages:
            yield self._search_ends(plan, plan.max_pages)
        if plan.other_tasks:
            yield say("plan_others", n=plan.other_tasks)

    def advice(self, plan: Plan, advice: Advice) -> str:
        """Return a line like `2 accounts more, like these: export 5 d instead of 9 d`."""
        say = self._renderer.say
        works = (
            (TaskType.INGESTION, advice.crawl, plan.forecast.crawl),
            (TaskType.EXPORT, advice.export, plan.forecast.export),
        )
        ends = []
        for task_type, sooner, planned in works:
            after, before = self._duration(sooner.secs), self._duration(planned.secs)
            if after != before:
                work = self._name(task_type)
                ends.append(say("plan_instead", work=work, after=after, before=before))
        change = say(
            f"plan_change_{advice.change}",
            n=f"{advice.number:,}",
            names=_some(advice.names),
            accounts=self._renderer.count("account", advice.number),
        )
        return say("plan_advice", change=change, ends=ends)

    def _crawl(self, plan: Plan) -> tuple[str, str]:
        """Return amount and rate of the crawl; no rate when there is nothing to crawl."""
        pages = plan.question.pages
        if not pages:
            return self._renderer.say("plan_no_crawl"), ""
        takes_part = sum(account.pace is not None for account in plan.question.accounts)
        amount = self._renderer.say(
            "plan_pages_by",
            pages=self._renderer.count("page", pages),
            accounts=self._renderer.count("account", takes_part),
        )
        pages_a_minute = f"{pages_per_minute(plan):,.1f}"
        return amount, self._renderer.say("plan_pages_a_minute", n=pages_a_minute)

    def _export(self, plan: Plan) -> tuple[str, str]:
        rows, days = f"{rows_per_day(plan):,}", f"{plan.forecast.quota_days:,}"
        rate = self._renderer.say("plan_rows_a_day", n=rows, days=days)
        return self._renderer.count("row", plan.question.rows), rate

    def _ending(self, plan: Plan, end: ForecastEnd) -> tuple[str, str, str]:
        never = end.secs is None
        ends = self._renderer.say("plan_never") if never else self._moment(plan, end.secs or 0)
        return self._duration(end.secs), ends, self._renderer.say(f"plan_bound_{end.bound}")

    def _name(self, task_type: TaskType) -> str:
        return self._renderer.word("task_type", task_type)

    def _duration(self, secs: float | None) -> str:
        """Return how long work takes, rounded to what a forecast can tell; None: never."""
        if secs is None:
            return self._renderer.say("plan_never")
        if secs < 60:
            return self._renderer.say("plan_at_once")
        if secs < MAX_HOURS * 3600:
            return self._renderer.duration(secs)
        days, hours = divmod(round(secs / 3600), 24)
        return self._renderer.say("plan_days", days=f"{days:,}", hours=hours)

    def _moment(self, plan: Plan, secs: float) -> str:
        if secs <= 0:
            return self._renderer.say("word_now")
        local = moment_of(plan, secs).astimezone(plan.question.calendar.zone)
        return f"{local:%Y-%m-%d %H:%M}"

    def _note(self, plan: Plan, account: PlannedAccount) -> str:
        if not account.may_export:
            return self._renderer.say("plan_crawls_only")
        if not account.may_crawl:
            return self._renderer.say("plan_exports_only")
        if account.pace is None:
            return self._renderer.say("plan_without_session")
        if math.isinf(account.until_secs):
            return ""
        return self._renderer.say("plan_session_ends", at=self._moment(plan, account.until_secs))

    def _table(self, names: Sequence[str], right: Sequence[int] = (), **parts: str) -> Table:
        titles = [self._renderer.say(f"plan_column_{name}", **parts) for name in names]
        labels = [self._renderer.say("column_label", title=title) for title in titles]
        return Table(
            [
                Column(title, label, is_number=place in right)
                for place, (title, label) in enumerate(zip(titles, labels, strict=True))
            ]
        )

    def _how(self, measure: Measure) -> str:
        if not measure.pages:
            return self._renderer.say("plan_assumed")
        return self._renderer.say("plan_learned", n=measure.pages)

    def _search_ends(self, plan: Plan, max_pages: int) -> str:
        of_one = round(max_pages * plan.page_creators.value)
        return self._renderer.say(
            "plan_search_ends",
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
    """Return the mean number of pages a minute over the whole crawl; 0 when it never ends."""
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
