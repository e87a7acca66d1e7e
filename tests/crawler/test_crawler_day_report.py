"""Who ingested and exported what on a day, and the pages behind it, on both engines."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date

import pytest

from app.container import App
from core.clock import QuotaCalendar
from core.errors import InvalidInputError
from crawler.creators.day_report import DayReport, day_named
from presentation.day_report import report_object, report_sentences, report_xlsx
from presentation.i18n.renderer import ENGLISH_RENDERER, renderer_for
from storage.engines.datetimes import from_sql
from tests.crawler.test_crawler_creators import GO_ON, entry, old_release, store
from tests.support.crawler.workbench import (
    DOMAIN,
    add_accounts,
    crawl,
    export,
    rows,
    segments_of,
)
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

DAY_SECS = 86_400
CHINESE = renderer_for("zh")


@pytest.fixture
def app(make_app, platform) -> App:
    """45 creators of 美妆, crawled twice by two accounts and exported by both; 1 of 游戏."""
    app = make_app(bilibili_base_url=platform(creators=45).url)
    add_accounts(app, 2, limit=30)
    crawl(app)
    crawl(app)
    export(app)
    store(app, entry("99", 5), domain="游戏")
    return app


def logged(app: App, day: date) -> dict[tuple[int, str], list[int]]:
    """Pages, creators and new ones by account and domain, counted from the logs of a day."""
    sums: dict[tuple[int, str], list[int]] = {}
    calendar: QuotaCalendar = app.calendar
    for row in rows(app, "SELECT * FROM ingestion_logs"):
        if calendar.day(from_sql(row["end_time"])) == day:
            found = sums.setdefault((row["account_id"], row["domain"]), [0, 0, 0])
            for at, number in enumerate((1, row["ingested_count"], row["new_count"])):
                found[at] += number
    return sums


def agrees(app: App, report: DayReport) -> None:
    assert {
        (one.account_id, one.domain): [one.pages, one.seen, one.new_count]
        for one in report.ingested
    } == logged(app, report.day)
    exported: Counter[tuple[int, str]] = Counter()
    for segment in segments_of(app):
        if segment.quota_day == report.day:
            exported[segment.account_id, segment.domain] += segment.exported_count
    assert {(one.account_id, one.domain): one.exported_count for one in report.exported} == exported


def test_the_report_agrees_with_logs_and_segments(app: App, clock: MovingClock) -> None:
    first = app.crawling.day_reports.of_day()
    agrees(app, first)
    assert (first.new_count, first.seen, first.exported_count) == (46, 91, 45)
    clock.move(DAY_SECS)
    crawl(app)
    second = app.crawling.day_reports.of_day()
    agrees(app, second)
    assert (second.new_count, second.exported) == (0, ())
    yesterday = app.crawling.day_reports.of_day(first.day)
    assert (yesterday.ingested, yesterday.exported) == (first.ingested, first.exported)
    assert first.is_today and not yesterday.is_today


def test_the_report_agrees_for_pages_of_an_older_release(app: App) -> None:
    report = app.crawling.day_reports.of_day()
    old_release(app)
    assert app.crawling.day_reports.of_day().ingested == ()
    app.crawling.creators_backfill.run(GO_ON)
    agrees(app, app.crawling.day_reports.of_day())
    assert app.crawling.day_reports.of_day().seen == report.seen


def test_the_report_is_narrowed_to_a_domain_or_an_account(app: App) -> None:
    whole = app.crawling.day_reports.of_day()
    games = app.crawling.day_reports.of_day(domain="游戏")
    assert [one.seen for one in games.ingested] == [1] and games.exported == ()
    parts = [app.crawling.day_reports.of_day(account=name) for name in ("acc1", "acc2")]
    assert sum(part.seen for part in parts) == whole.seen
    assert sum(part.exported_count for part in parts) == 45
    assert {one.account for part in parts[:1] for one in part.ingested} <= {"acc1"}


def test_the_sentences_are_those_of_the_operators_document(app: App) -> None:
    report = app.crawling.day_reports.of_day(domain="游戏")
    [sentence] = [CHINESE.text(one) for one in report_sentences(report)]
    assert sentence == f"游戏类型的达人今天账号{report.ingested[0].account}入库了1个"
    exported = [
        CHINESE.text(one)
        for one in report_sentences(app.crawling.day_reports.of_day(domain=DOMAIN))
    ]
    assert "账号acc1导出了30个美妆类型的达人" in exported


def test_the_excel_file_has_two_sheets_with_sums(app: App) -> None:
    load_workbook = pytest.importorskip("openpyxl").load_workbook
    report = app.crawling.day_reports.of_day()
    book = load_workbook(io.BytesIO(report_xlsx(report, CHINESE)))
    assert book.sheetnames == ["入库", "导出"]
    ingested = list(book["入库"].values)
    assert ingested[0][0] == "账号" and ingested[-1] == ("合计", None, None, report.pages, 91, 46)
    assert list(book["导出"].values)[-1][-1] == 45
    assert report_object(report, app.calendar)["totals"]["exported_count"] == 45
    assert load_workbook(io.BytesIO(report_xlsx(report, ENGLISH_RENDERER))).sheetnames[0] == (
        "Ingested"
    )


def test_a_deleted_account_stays_in_the_report_under_its_tombstone(app: App) -> None:
    before = app.crawling.day_reports.of_day()
    registry = app.pool.registry
    app.pool.deletion.delete(registry.find("acc1"))
    add_accounts(app, 1)  # a new account of the old name
    report = app.crawling.day_reports.of_day()
    agrees(app, report)
    assert (report.seen, report.exported_count) == (before.seen, before.exported_count)
    names = {one.account for one in (*report.ingested, *report.exported)}
    assert names == {"acc1 (deleted)", "acc2"}
    told = report_object(report, app.calendar)
    assert {one["account"] for one in told["ingested"] + told["exported"]} == names
    found = registry.find_or_deleted("acc1 (deleted)")
    part = app.crawling.day_reports.of_day(account=found.username)
    assert part.exported_count == 30
    assert registry.find_or_deleted(str(found.id)) == found
    assert registry.find_or_deleted("acc1").deleted_at is None
    with raises_saying(InvalidInputError, "acc9"):
        registry.find_or_deleted("acc9")


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "20261", "2026-11-21T00:00"])
def test_a_day_is_written_like_a_day(text: str) -> None:
    assert day_named(" 2026-11-21 ") == date(2026, 11, 21)
    assert day_named(None) is day_named(" ") is None
    with raises_saying(InvalidInputError, "is no day"):
        day_named(text)


def test_the_logs_of_pages_are_filtered_and_read_part_by_part(app: App, clock: MovingClock) -> None:
    logs = app.crawling.ingestion_logs
    everything = logs.page(limit=100).logs
    assert [log.id for log in everything] == sorted((log.id for log in everything), reverse=True)
    assert len(everything) == 7 and logs.page(limit=100).before is None
    part = logs.page(limit=4)
    rest = logs.page(limit=4, before=part.before)
    assert (*part.logs, *rest.logs) == everything and rest.before is None
    assert [log.domain for log in logs.page(domain="游戏").logs] == ["游戏"]
    by_account = {name: logs.page(account=name).logs for name in ("acc1", "acc2")}
    assert sum(map(len, by_account.values())) == 7
    assert all(log.account == name for name, found in by_account.items() for log in found)
    today = app.calendar.day(clock.now())
    assert len(logs.page(day=today).logs) == 7
    assert logs.page(day=date(2026, 1, 1)).logs == ()
    parent = rows(app, "SELECT MIN(id) AS id FROM tasks")[0]["id"]
    assert {log.page_number for log in logs.page(task_id=parent).logs} == {1, 2, 3}


def test_the_creators_that_a_page_brought_in_are_read_on_request(app: App) -> None:
    logs = app.crawling.ingestion_logs
    assert logs.page().creators == {}
    found = logs.page(limit=100, with_creators=True)
    counts = {log.id: len(found.creators.get(log.id, ())) for log in found.logs}
    assert counts == {log.id: log.new_count for log in found.logs}
    [games] = logs.page(domain="游戏").logs
    assert [one.uid for one in logs.show(games.id).creators[games.id]] == ["99"]
    with raises_saying(InvalidInputError, "no ingestion log 999"):
        logs.show(999)
