"""Settlements: which days a list has, what sums add up to, and what is known of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from core.errors import BatonError, InvalidInputError
from distribution.settlement.reader import PeriodSum, SettlementReader
from distribution.settlement.requests import (
    Period,
    SettlementQuery,
    SumRequest,
    TraceRequest,
    periods,
)
from distribution.settlement.serialization import totals_of
from distribution.settlement.sheets import DAY_COLUMNS, csv_chunks, day_row
from storage.distribution.settlement import ReportState, SumBy
from tests.support.distribution.distribution import (
    DOUYIN_FULL,
    FULL,
    NEVER,
    Numbers,
    douyin,
    noon,
    posted,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    yesterday,
    youtube,
)
from tests.support.messages import english, raises_saying
from tests.support.webhooks.post_office import PostOffice

Days = list[tuple[str, int]]


@pytest.fixture
def office(make_office: Callable[..., PostOffice]) -> PostOffice:
    """Three days of three tasks: 1 and 3 share a receiver, that of 2 fails, 4 has none."""
    office = make_office()
    app = office.app
    good, bad = office.url("ok", "shared"), office.url("error")
    take_tasks(
        app,
        task("1", title="First", callback_url=good),
        task("2", title="Second", callback_url=bad),
        task("3", title="Third", callback_url=good),
        task("4", title="=Fourth", callback_url=...),
    )
    users = [{"user_id": f"u{n}", "agent_node": agent} for n, agent in ((1, "north"), (2, "south"))]
    assert not app.distribution.importer.add_users(users).problems
    for back in range(3):
        at = noon(app, yesterday(app) - timedelta(days=back))
        take_posted(
            app,
            *(posted(name, "u1", youtube(back * 10 + int(name)), at, FULL) for name in "1234"),
            posted("3", "u2", douyin(back), at, DOUYIN_FULL),
            posted("3", "u9", douyin(back + 50), at, DOUYIN_FULL),
        )
        scanner_of(app, Numbers()).scan(yesterday(app) - timedelta(days=back), NEVER)
        office.send()
    return office


def reader(office: PostOffice) -> SettlementReader:
    return office.app.distribution.settlement


def listed(office: PostOffice, limit: int = 50, **wanted: Any) -> Days:
    """Return task and age in days of what a list has; its pages of `limit` rows fit together."""
    query, found = SettlementQuery(**wanted), []
    after: str | None = None
    while True:
        page = reader(office).page(query, limit=limit, after=after)
        found += page.days
        after = page.next
        if after is None:
            break
    assert found == list(reader(office).every(query))
    last = yesterday(office.app)
    return [(one.stats.task_id, (last - one.stats.stats_date).days) for one in found]


def test_a_list_has_the_days_that_match_and_its_pages_fit_together(office: PostOffice) -> None:
    every = [(name, back) for back in range(3) for name in "4321"]
    for limit in (1, 5, 12, 50):
        assert listed(office, limit) == every
    day = yesterday(office.app)
    assert listed(office, task_id="3") == [("3", 0), ("3", 1), ("3", 2)]
    assert listed(office, title="IR") == [(n, back) for back in range(3) for n in "31"]
    assert listed(office, first=day, last=day) == every[:4]
    assert listed(office, last=day - timedelta(days=2)) == every[8:]
    assert listed(office, 1, agent="south") == [("3", 0), ("3", 1), ("3", 2)]
    assert listed(office, agent="", title="third") == [("3", 0), ("3", 1), ("3", 2)]
    states = {state: listed(office, 1, state=state) for state in ReportState}
    assert states == {
        ReportState.UNREPORTED: [("4", 0), ("4", 1), ("4", 2)],
        ReportState.PENDING: [],
        ReportState.DELIVERED: [(n, back) for back in range(3) for n in "31"],
        ReportState.FAILED: [("2", 0), ("2", 1), ("2", 2)],
        ReportState.DEAD: [],
    }
    assert listed(office, incomplete=True) == listed(office, title="%") == []
    assert listed(office, incomplete=False) == every
    [event] = {
        one.stats.event_id
        for one in reader(office).every(SettlementQuery(first=day))
        if one.stats.task_id == "1"
    }
    assert listed(office, event_id=event) == [("3", 0), ("1", 0)]


def test_a_day_says_what_was_counted_sent_and_answered(office: PostOffice) -> None:
    by_task = {one.stats.task_id: one for one in reader(office).every(SettlementQuery(last=None))}
    accepted, refused, silent = by_task["3"], by_task["2"], by_task["4"]
    assert (accepted.title, accepted.completion_count) == ("Third", 3)
    assert accepted.stats.is_sent and accepted.stats.tries == 1 and accepted.stats.sent_at
    assert english(accepted.stats.response or "").startswith("200")
    assert not refused.stats.is_sent and "500" in english(refused.stats.response or "")
    assert (silent.delivery_id, silent.stats.event_id) == (None, None)
    share = next(reader(office).every(SettlementQuery(agent="south", task_id="3")))
    assert share.completion_count == 1 and share.counts["dy_view_count"] == 100
    assert share.stats.counts["dy_view_count"] == 200


def summed(found: list[PeriodSum]) -> dict[tuple[int, str | None], tuple[int, int, int, int]]:
    return {
        ((one.last - one.first).days + 1, one.sum.name): (
            one.sum.completion_count,
            totals_of(one.sum.counts)["view_count"] or 0,
            one.sum.task_days,
            one.sum.unaccepted_days,
        )
        for one in found
    }


def test_sums_by_agent_and_task_are_those_of_all(office: PostOffice) -> None:
    app = office.app
    last = yesterday(app)
    wanted = SettlementQuery(first=last - timedelta(days=2), last=last)

    def asked(by: SumBy, period: Period = Period.TOTAL) -> list[PeriodSum]:
        return reader(office).sums(SumRequest(wanted=wanted, period=period, by=by))

    assert summed(asked(SumBy.ALL)) == {(3, None): (18, 1800, 12, 6)}
    assert summed(asked(SumBy.AGENT)) == {
        (3, ""): (3, 300, 3, 0),
        (3, "north"): (12, 1200, 12, 6),
        (3, "south"): (3, 300, 3, 0),
    }
    by_task = asked(SumBy.TASK)
    assert summed(by_task)[(3, "3")] == (9, 900, 3, 0)
    assert [one.title for one in by_task] == ["First", "Second", "Third", "=Fourth"]
    assert len(asked(SumBy.AGENT, Period.DAY)) == 9
    app.database.write(lambda tx: tx.execute("DELETE FROM agent_daily_stats WHERE task_id='3'"))
    found = summed(asked(SumBy.AGENT))
    assert found[(3, None)] == (9, 900, 3, 0)  # of before agents were kept
    assert sum(numbers[0] for numbers in found.values()) == 18


def test_a_counter_that_no_platform_tells_is_unknown(office: PostOffice) -> None:
    newest: Mapping[str, Any] = {
        one.stats.task_id: totals_of(one.counts)
        for one in reader(office).every(SettlementQuery(first=yesterday(office.app)))
    }
    assert newest["1"]["share_count"] is None and newest["3"]["share_count"] == 10
    assert newest["1"]["comment_count"] == 1
    text = b"".join(
        csv_chunks(DAY_COLUMNS, map(day_row, reader(office).every(SettlementQuery(task_id="4"))))
    ).decode("utf-8-sig")
    row = dict(zip(*[line.split(",") for line in text.splitlines()[:2]], strict=True))
    assert (row["share_count"], row["view_count"], row["title"]) == ("", "100", "'=Fourth")


def test_a_trace_of_task_day_and_event_finds_the_same(office: PostOffice) -> None:
    day = yesterday(office.app)
    settlement = reader(office)
    both = settlement.trace(TraceRequest(task_id="3", day=day))
    [report] = both.reports
    assert report.told is not None and report.told["dy_view_count"] == 200
    assert [attempt.status for attempt in report.attempts] == [200]
    of_event = settlement.trace(TraceRequest(event_id=report.delivery.event_id))
    assert {one.stats.task_id for one in of_event.days} == {"1", "3"}
    assert of_event.reports[0].delivery.id == report.delivery.id
    of_task = settlement.trace(TraceRequest(task_id="3"))
    assert both.days[0] in of_task.days and len(of_task.reports) == 3
    assert len(settlement.trace(TraceRequest(day=day)).days) == 4
    told = settlement.told_days(report.delivery)
    assert [(one.task_id, one.stats_date, one.is_superseded) for one in told] == [
        ("1", day, False),
        ("3", day, False),
    ]
    details = settlement.day("3", day)
    assert len(details.completions) == 3 and len(details.shares) == 3


def test_a_newer_report_is_told_from_an_older_one(office: PostOffice) -> None:
    app, day = office.app, yesterday(office.app)
    [old] = reader(office).trace(TraceRequest(task_id="1", day=day)).reports
    changed = posted("1", "u1", youtube(1), noon(app), FULL | {"view_count": 7})
    take_posted(app, changed)
    scanner_of(app, Numbers()).scan(day, NEVER)
    new, same = reader(office).trace(TraceRequest(task_id="1", day=day)).reports
    assert same.delivery.id == old.delivery.id and new.told is not None
    assert new.told["yt_view_count"] == 7
    superseded = {one.task_id: one.is_superseded for one in reader(office).told_days(old.delivery)}
    assert superseded == {"1": True, "3": False}


def test_what_is_not_known_is_said(office: PostOffice) -> None:
    settlement, day = reader(office), yesterday(office.app)
    for request, said in (
        (TraceRequest(event_id="daily_1"), "nothing is known of the event id 'daily_1'"),
        (TraceRequest(task_id="none"), "no day of task 'none' was counted"),
        (TraceRequest(day=day + timedelta(days=9)), "no task was counted on"),
        (TraceRequest(task_id="1", day=day + timedelta(days=9)), "was not counted for task '1'"),
    ):
        with raises_saying(InvalidInputError, said):
            settlement.trace(request)
    for wrong in (
        lambda: TraceRequest(),
        lambda: TraceRequest(event_id="\ud83d"),
        lambda: TraceRequest(task_id="\ud83d"),
        lambda: SettlementQuery(title="\ud83d"),
        lambda: SettlementQuery(agent="x" * 256),
        lambda: SettlementQuery(first=day, last=day - timedelta(days=1)),
        lambda: settlement.page(SettlementQuery(), limit=5, after="2026-11-21"),
        lambda: settlement.page(SettlementQuery(), limit=5, after="2026-11-21:\ud83d"),
        lambda: settlement.sums(
            SumRequest(wanted=SettlementQuery(first=day - timedelta(days=366), last=day))
        ),
        lambda: settlement.day("none", day),
    ):
        with pytest.raises(BatonError):
            wrong()


def test_periods_are_cut_at_both_ends_and_weeks_begin_on_monday() -> None:
    first, last = date(2026, 10, 30), date(2026, 11, 10)
    assert list(periods(Period.WEEK, first, last)) == [
        (date(2026, 11, 9), last),
        (date(2026, 11, 2), date(2026, 11, 8)),
        (first, date(2026, 11, 1)),
    ]
    assert list(periods(Period.MONTH, first, last)) == [
        (date(2026, 11, 1), last),
        (first, date(2026, 10, 31)),
    ]
    assert list(periods(Period.TOTAL, first, last)) == [(first, last)]
    assert len(list(periods(Period.DAY, first, last))) == 12
