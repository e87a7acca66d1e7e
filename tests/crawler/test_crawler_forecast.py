"""The arithmetic of plans: paces, rests and quotas in, two moments out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.clock import QuotaCalendar
from core.settings import Pace
from crawler.planning.advice import Advice, Change, SpareAccounts, advise
from crawler.planning.forecast import MAX_SECS, Bound, PlannedAccount, Question, forecast
from sources.pace_forecast import forecast_pace
from sources.pacing import RateWindow

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # in Shanghai
DAY, HOUR = 86_400.0, 3_600.0
CYCLE = 2.5 + 0.02  # with answers that take no time


def account(
    name: str = "a",
    limit: int = 4000,
    left: int | None = None,
    pace: Pace = Pace(1, 2.5),
    from_secs: float = 0.0,
    until_secs: float = math.inf,
    crawls: bool = True,
) -> PlannedAccount:
    ahead = forecast_pace(RateWindow(pace), NOON.timestamp(), from_secs, 0.0) if crawls else None
    return PlannedAccount(
        name=name,
        pace=ahead,
        from_secs=from_secs,
        until_secs=until_secs,
        daily_limit=limit,
        left_today=limit if left is None else left,
    )


def pool(count: int, limit: int = 4000) -> list[PlannedAccount]:
    return [account(f"a-{number}", limit) for number in range(1, count + 1)]


def question(
    *accounts: PlannedAccount, creators: int = 0, waiting: int = 0, **more: object
) -> Question:
    shanghai = QuotaCalendar(ZoneInfo("Asia/Shanghai"))
    pages = -(-creators // 20)
    asked = Question(
        now=NOON,
        calendar=shanghai,
        accounts=accounts,
        pages=pages,
        creators=creators,
        waiting_rows=waiting,
        workers=2,
        answer_secs=0.0,
    )
    return replace(asked, **more)  # type: ignore[arg-type]


def advice_for(asked: Question, **spares: object) -> dict[Change, Advice]:
    """The first advice of each kind."""
    chosen = {"fresh": account("+1"), "rested": {}, "disabled": ()} | spares
    found = advise(asked, forecast(asked), SpareAccounts(**chosen))  # type: ignore[arg-type]
    return {one.change: one for one in reversed(found)}


def test_120000_rows_by_three_accounts_take_ten_quota_days() -> None:
    told = forecast(question(*pool(3), waiting=120_000))
    assert told.quota_days == 10
    assert told.export.secs == 9 * DAY - 12 * HOUR  # the tenth day begins at midnight
    assert told.export.bound is Bound.QUOTA
    assert told.crawl.secs == 0


def test_what_is_left_today_goes_out_today() -> None:
    spent, fresh = account(left=0), account(left=1500)
    assert forecast(question(spent, fresh, waiting=1500)).export.secs == 0
    assert forecast(question(spent, fresh, waiting=1501)).export.secs == 12 * HOUR


def test_the_day_turns_in_the_quota_zone_also_when_the_clocks_change() -> None:
    start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)  # the day after has 25 hours in Berlin
    berlin = QuotaCalendar(ZoneInfo("Europe/Berlin"))
    asked = question(account(limit=10), waiting=30, now=start, calendar=berlin)
    assert forecast(asked).export.secs == (10 + 25) * HOUR


def test_a_crawl_goes_at_the_pace_of_its_accounts() -> None:
    asked = question(*pool(4), creators=40_000, with_export=False, workers=4)
    assert forecast(asked).crawl.secs == pytest.approx(2000 * CYCLE / 4, rel=0.01)
    assert forecast(asked).crawl.bound is Bound.PACE


def test_an_export_beside_it_takes_no_account_from_the_crawl() -> None:
    asked = question(*pool(3), creators=8_000)
    beside = forecast(asked)
    alone = forecast(replace(asked, with_export=False)).crawl
    assert beside.crawl.secs == pytest.approx(alone.secs, rel=0.001)
    assert beside.export.secs == beside.crawl.secs
    assert beside.export.bound is Bound.CRAWL


def test_the_only_account_serves_both() -> None:
    asked = question(account(), creators=4_000)
    assert forecast(asked).crawl.secs == pytest.approx(200 * CYCLE, rel=0.01)


def test_few_workers_hold_up_many_accounts() -> None:
    asked = question(*pool(20), creators=40_000, answer_secs=1.0, with_export=False)
    told = forecast(asked)
    assert told.crawl.secs == pytest.approx(1000, rel=0.01)
    assert told.crawl.bound is Bound.WORKERS


def test_a_resting_account_comes_in_later() -> None:
    asked = question(account(), account(from_secs=HOUR), creators=57_140, with_export=False)
    alone = HOUR / CYCLE  # pages of the first in the hour
    wanted = HOUR + (2857 - alone) * CYCLE / 2
    assert forecast(asked).crawl.secs == pytest.approx(wanted, rel=0.01)


def test_a_pool_that_rests_decides() -> None:
    asked = question(account(from_secs=5 * HOUR), creators=200)
    told = forecast(asked)
    assert told.crawl.secs and told.crawl.secs > 5 * HOUR
    assert told.crawl.bound is Bound.RESTS
    rows = question(account(limit=10, from_secs=13 * HOUR), waiting=10)
    assert forecast(rows).export.secs == 13 * HOUR  # it can export no sooner either


def test_a_session_that_ends_takes_its_account_out_of_both() -> None:
    asked = question(account(until_secs=13 * HOUR), waiting=8_001)
    assert forecast(asked).export == forecast(replace(asked, waiting_rows=10**6)).export
    assert forecast(asked).export.bound is Bound.NOBODY
    crawl = question(account(until_secs=HOUR), creators=100_000)
    assert forecast(crawl).crawl.secs is None
    assert forecast(crawl).crawl.bound is Bound.NOBODY


def test_a_limit_of_0_everywhere_never_ends() -> None:
    told = forecast(question(account(limit=0), creators=2_000))
    assert told.crawl.secs is not None
    assert (told.export.secs, told.export.bound) == (None, Bound.NOBODY)


def test_without_a_session_there_is_no_crawl_but_an_export() -> None:
    told = forecast(question(account(crawls=False), waiting=100))
    assert told.export.secs == 0
    told = forecast(question(account(crawls=False), creators=100))
    assert told.crawl.bound is Bound.NOBODY
    assert told.export.bound is Bound.CRAWL


def test_more_than_ten_years_is_never() -> None:
    told = forecast(question(account(limit=1, pace=Pace(1, 25)), creators=10**9))
    assert (told.crawl.secs, told.crawl.bound) == (None, Bound.TOO_LONG)
    assert told.export.secs is None
    rows = forecast(question(account(limit=1), waiting=10**9))
    assert (rows.export.secs, rows.export.bound) == (None, Bound.TOO_LONG)
    assert forecast(question(account(limit=1), waiting=3_000)).export.secs
    assert MAX_SECS == 3650 * DAY
    alone = question(account(pace=Pace(1, 25)), creators=10**9, with_export=False)
    assert forecast(alone).crawl.secs is None


def test_more_accounts_and_higher_limits_shorten_an_export() -> None:
    found = advice_for(question(*pool(3), waiting=120_000))
    more = found[Change.MORE_ACCOUNTS]
    assert (more.number, more.export.secs) == (1, 7 * DAY - 12 * HOUR)
    raised = found[Change.SET_LIMIT]
    assert (raised.number, raised.names) == (8000, ("a-1", "a-2", "a-3"))
    assert raised.export.secs == 4 * DAY - 12 * HOUR


def test_a_limit_of_0_is_the_first_to_be_raised() -> None:
    found = advice_for(question(account("a", limit=0), account("b"), waiting=20_000))
    assert (found[Change.SET_LIMIT].number, found[Change.SET_LIMIT].names) == (4000, ("a",))


def test_disabled_resting_and_ending_accounts_are_named() -> None:
    tired, ending = account("tired", from_secs=DAY), account("ending", until_secs=HOUR)
    found = advice_for(
        question(tired, ending, waiting=40_000),
        disabled=(account("off"),),
        rested={"tired": account("tired"), "ending": account("ending")},
    )
    assert found[Change.ENABLE].names == ("off",)
    assert found[Change.SIGN_IN].names == ("ending",)
    assert found[Change.HEALTHY].names == ("tired",)


def test_workers_are_advised_when_they_are_too_few() -> None:
    asked = question(*pool(20), creators=40_000, answer_secs=1.0, with_export=False)
    found = advice_for(asked)
    assert found[Change.WORKERS].number == 8  # 20 accounts, each busy 1 s of 2.52
    assert found[Change.WORKERS].crawl.secs


def test_what_saves_little_is_not_advised() -> None:
    assert advice_for(question(*pool(3), waiting=12_000)) == {}
    assert Change.MORE_ACCOUNTS not in advice_for(question(*pool(40), creators=2_000))
