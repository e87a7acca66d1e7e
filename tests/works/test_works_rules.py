"""Alerts on numbers: each crossing is told once, by whichever host, and a lost video's return."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest
from pydantic import SecretStr

from alerts.monitor import CALM_SECS
from app.container import App
from core.errors import InvalidInputError, WrongFieldsError
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.operations.alerts import AlertKind
from storage.views.hours import CrawlState
from storage.views.rules import ViewRule
from tests.crawler.test_crawler_creators import entry, store
from tests.support.alerts.alert_causes import every_alert, open_alerts
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import ONE_ENGINE, at_once
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import numbers, report
from works.catalogue.entries import WorkEntry
from works.hour_data.hours import Hour
from works.hour_data.report import HourReport
from works.hourly.rule_requests import RuleRequest, sentence_of
from works.hourly.rules import MAX_SINGLE

A, B = "BV1xx411c7mD", "BV1GJ411x7h7"
GONE = {
    "work_id": A,
    "title": "",
    "error": "not_found",
    "status": "failed",
    "final": True,
    "error_code": "video_not_found",
    "error_params": {"detail": "code -404"},
}


class Watch:
    """Hours of numbers that end one after the other, and the alerts of them."""

    def __init__(self, app: App, clock: MovingClock) -> None:
        self.app, self.clock = app, clock
        self.app.alerts.monitor().look_once()

    @property
    def hour(self) -> Hour:
        return Hour.of(self.clock.now(), self.app.calendar.zone)

    def rule(self, **given: Any) -> ViewRule:
        return self.app.works.rules.add(RuleRequest(**given).terms)

    def ends(self, errors: Sequence[dict[str, Any]] = (), **views: int | None) -> int:
        """Let an hour end with these views by work, begin the next, and judge it."""
        data = [numbers(work, self.hour, count) for work, count in views.items()]
        told = (self.hour, cast(HourReport, report(self.hour, data, errors)))
        quiet = logging.Logger("quiet")
        self.app.works.hour_importer.import_reports([told], threading.Event(), quiet)
        self.clock.move(3600)
        return self.app.works.rules.judge()

    def told(self) -> list[str]:
        """Look for alerts, and return the headlines of the open ones of our kinds."""
        self.app.alerts.monitor().look_once()
        kinds = (AlertKind.VIEWS_PASSED, AlertKind.VIEWS_RISING, AlertKind.VIDEO_GONE)
        return [
            self.app.alerts.messages.headline(alert)
            for alert in open_alerts(self.app)
            if alert.kind in kinds
        ]


@pytest.fixture
def watch(app: App, clock: MovingClock) -> Watch:
    return Watch(app, clock)


def test_views_that_pass_a_number_are_told_once(watch: Watch) -> None:
    watch.ends(**{A: 900, B: 2_000})
    watch.rule(passes=1_000)
    assert watch.ends(**{A: 950, B: 2_100}) == 0
    assert watch.ends(**{A: 1_000, B: 2_200}) == 1
    [headline] = watch.told()
    assert headline.startswith(f"标题 {A} (bilibili {A}) has passed 1,000 views: 1,000 at ")
    assert watch.ends(**{A: 990}) == 0, "the platform took some away"
    assert watch.ends(**{A: 1_010}) == 0, "and it passed the number again"
    assert len(watch.told()) == 1
    watch.clock.move(24 * 3600)
    watch.told()
    watch.clock.move(CALM_SECS)
    assert watch.told() == [], "news of a day ago"


def test_what_was_passed_in_hours_without_numbers_is_told(watch: Watch) -> None:
    watch.rule(passes=1_000)
    watch.ends(**{A: 900, B: 900})
    watch.ends(**{B: 901})
    watch.clock.move(30 * 3600)
    assert watch.ends(**{A: 1_200, B: 902}) == 1
    assert watch.ends(**{A: 1_300, B: 903, "BVnew": 5_000}) == 0, "nobody saw the new one before"


def test_a_rise_is_told_while_it_lasts(watch: Watch) -> None:
    watch.rule(rises=100)
    watch.ends(**{A: 1_000})
    assert watch.ends(**{A: 1_099}) == 0
    assert watch.ends(**{A: 1_199}) == 1
    assert watch.ends(**{A: 1_399}) == 0
    [headline] = watch.told()
    assert "rises by 200 views an hour" in headline
    assert watch.ends(**{A: 1_400}) == 0
    watch.told()
    watch.clock.move(CALM_SECS)
    assert watch.told() == []
    watch.clock.move(3600)
    assert watch.ends(**{A: 1_500}) == 0, "in more than an hour"
    assert watch.ends(**{A: 1_600}) == 1, "another rise is told again"
    assert len(watch.told()) == 1


def test_a_lost_video_is_told_and_so_is_its_return(watch: Watch) -> None:
    watch.rule(gone=True)
    watch.ends(**{A: 10, B: 10})
    silent = {"work_id": B, "title": "", "error": "no answer", "status": "failed"}
    assert watch.ends([GONE, silent]) == 1
    [headline] = watch.told()
    assert f"(bilibili {A}) is gone since " in headline
    for _ in range(30):
        assert watch.ends([GONE], **{B: 11}) == 0
    assert len(watch.told()) == 1
    watch.ends(**{A: 12, B: 12})
    watch.told()
    watch.clock.move(CALM_SECS)
    assert watch.told() == []


def test_a_video_that_the_catalogue_lost_is_told_until_the_operator_takes_it_out(
    watch: Watch,
) -> None:
    catalogue = watch.app.works.catalogue
    catalogue.put([WorkEntry("bilibili", A)])
    watch.rule(gone=True)
    watch.ends(**{A: 10, B: 10})
    with_platform = "UPDATE works SET is_valid=0, invalid_by='platform'"
    watch.app.database.write(lambda tx: tx.execute(with_platform))
    assert watch.ends(**{B: 11}) == 1
    assert len(watch.told()) == 1
    catalogue.enable([("bilibili", A)])
    assert len(watch.told()) == 1
    catalogue.disable([("bilibili", A)], None)
    watch.told()
    watch.clock.move(CALM_SECS)
    assert watch.told() == []


def test_a_rule_is_about_what_it_names(watch: Watch) -> None:
    app = watch.app
    app.works.catalogue.put(
        [
            WorkEntry("bilibili", A, author="小鹿", uid="7"),
            WorkEntry("bilibili", B, author="别人"),
        ]
    )
    found = {
        "all": watch.rule(passes=100),
        "of A": watch.rule(passes=100, work=A),
        "of the author": watch.rule(passes=100, author="小鹿"),
        "of the author there": watch.rule(passes=100, author="小鹿", platform="youtube"),
        "of the platform": watch.rule(passes=100, platform="bilibili"),
        "of the label": watch.rule(passes=100, label="spring"),
    }
    watch.ends(**{A: 10, B: 10})
    watch.ends(**{A: 100, B: 100})
    sums = "SELECT rule_id, COUNT(*) AS n FROM view_crossings GROUP BY rule_id"
    counts = {row["rule_id"]: row["n"] for row in app.database.read(lambda tx: tx.all(sums))}
    assert {name: counts.get(rule.id, 0) for name, rule in found.items()} == {
        "all": 2,
        "of A": 1,
        "of the author": 1,
        "of the author there": 0,
        "of the platform": 2,
        "of the label": 0,
    }


def test_a_label_means_the_creators_that_its_tasks_found(watch: Watch) -> None:
    app = watch.app
    uid = "100000000000001"
    store(app, entry(uid, 5, "小鹿"))
    app.works.catalogue.put([WorkEntry("bilibili", A, uid=uid), WorkEntry("bilibili", B, uid="x")])
    task = app.database.read(lambda tx: tx.number("SELECT MIN(task_id) FROM ingestion_logs"))
    app.database.write(lambda tx: tx.add("task_labels", label="spring", task_id=task))
    watch.rule(passes=100, label="spring")
    watch.ends(**{A: 10, B: 10})
    assert watch.ends(**{A: 100, B: 100}) == 1
    assert f"(bilibili {A})" in watch.told()[0]


def test_many_at_once_are_told_together(watch: Watch) -> None:
    watch.rule(passes=100)
    works = [f"BV{n:010}" for n in range(MAX_SINGLE + 1)]
    watch.ends(**dict.fromkeys(works, 10))
    assert watch.ends(**dict.fromkeys(works, 100)) == len(works)
    [headline] = watch.told()
    assert headline.startswith(f"{MAX_SINGLE + 1} videos have passed 100 views at ")


def test_two_hosts_tell_it_once(make_app: AppFactory, clock: MovingClock) -> None:
    one, other = make_app(), make_app()
    watch = Watch(one, clock)
    watch.rule(passes=100)
    watch.ends(**{A: 10})
    app_rules = [app.works.rules for app in (one, other)]
    data = [numbers(A, watch.hour, 100)]
    told = (watch.hour, cast(HourReport, report(watch.hour, data)))
    one.works.hour_importer.import_reports([told], threading.Event(), logging.Logger("quiet"))
    assert sum(at_once(*(rules.judge for rules in app_rules))) == 1
    assert [rules.judge() for rules in app_rules] == [0, 0]
    at_once(*(app.alerts.monitor().look_once for app in (one, other)))
    assert [alert.kind for alert in every_alert(one)] == [AlertKind.VIEWS_PASSED]


@ONE_ENGINE
def test_an_hour_counts_when_it_has_ended(watch: Watch) -> None:
    watch.rule(passes=100)
    watch.ends(**{A: 10})
    hour = watch.hour
    state = "UPDATE view_hours SET state=:state WHERE hour=:hour"

    def put(state_of_it: CrawlState) -> None:
        values = {"state": state_of_it.value, "hour": hour.index}
        watch.app.database.write(lambda tx: tx.execute(state, **values))

    data = [numbers(A, hour, 100)]
    told = (hour, cast(HourReport, report(hour, data)))
    watch.app.works.hour_importer.import_reports([told], threading.Event(), logging.Logger("quiet"))
    put(CrawlState.OPEN)
    assert watch.app.works.rules.judge() == 0
    put(CrawlState.PARTIAL)
    assert watch.app.works.rules.judge() == 1


@ONE_ENGINE
def test_an_hour_that_is_still_open_is_passed_over(watch: Watch) -> None:
    watch.rule(passes=100)
    watch.ends(**{A: 10})
    hour = watch.hour
    for at in (hour, hour.earlier(-1)):
        told = (at, cast(HourReport, report(at, [numbers(A, at, 100)])))
        watch.app.works.hour_importer.import_reports(
            [told], threading.Event(), logging.Logger("quiet")
        )
    state = "UPDATE view_hours SET state='open' WHERE hour=:hour"
    watch.app.database.write(lambda tx: tx.execute(state, hour=hour.index))
    assert watch.app.works.rules.judge() == 1
    begun = "SELECT since_hour FROM view_crossings"
    assert watch.app.database.read(lambda tx: tx.number(begun)) == hour.index + 1


@ONE_ENGINE
def test_a_removed_rule_ends_its_alerts(watch: Watch) -> None:
    rule = watch.rule(gone=True)
    watch.ends(**{A: 10, B: 1})
    watch.ends([GONE], **{B: 1})
    assert len(watch.told()) == 1
    watch.app.works.rules.remove(rule.id)
    watch.told()
    watch.clock.move(CALM_SECS)
    assert watch.told() == []
    with pytest.raises(InvalidInputError):
        watch.app.works.rules.remove(rule.id)


@ONE_ENGINE
def test_news_has_no_second_notice(make_app: AppFactory, clock: MovingClock) -> None:
    app = make_app(notify_urls=SecretStr("json://127.0.0.1:9/"))
    watch = Watch(app, clock)
    watch.rule(passes=100)
    watch.rule(gone=True)
    watch.ends(**{A: 10, B: 1})
    watch.ends([{**GONE, "work_id": B}], **{A: 100})
    watch.told()
    app.database.write(lambda tx: tx.execute("UPDATE alert_notices SET state='told'"))
    clock.move(24 * 3600)
    watch.ends(**{A: 100, B: 2})
    watch.told()
    clock.move(CALM_SECS)
    assert watch.told() == []
    rows = "SELECT a.kind, n.news FROM alert_notices n JOIN alerts a ON a.id=n.alert_id"
    found = app.database.read(lambda tx: tx.all(f"{rows} ORDER BY a.kind, n.id"))
    ours = [(row["kind"], row["news"]) for row in found if row["kind"] != "hour_missed"]
    assert ours == [
        ("video_gone", "raised"),
        ("video_gone", "resolved"),
        ("views_passed", "raised"),
    ]


@ONE_ENGINE
def test_a_rule_says_one_thing_of_one_kind(watch: Watch) -> None:
    for wrong in (
        {},
        {"passes": 1, "gone": True},
        {"passes": 0},
        {"rises": 10**16},
        {"gone": True, "work": A, "author": "x"},
        {"gone": True, "label": "x", "platform": "bilibili"},
        {"gone": True, "author": " "},
        {"gone": True, "work": "https://b23.tv/abc"},
        {"gone": True, "work": "nothing"},
        {"gone": True, "author": "\ud800"},
    ):
        with pytest.raises(WrongFieldsError):
            RuleRequest(**wrong)  # type: ignore[arg-type]
    watch.rule(gone=True)
    with pytest.raises(InvalidInputError):
        watch.rule(gone=True)
    rule = watch.rule(rises=1_500, author="小鹿")
    told = ENGLISH_RENDERER.text(sentence_of(rule))
    assert told == "videos of 小鹿: 1,500 views more an hour"


@ONE_ENGINE
def test_a_rule_that_fails_keeps_no_other_from_being_told(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.rule(rises=10)
    watch.rule(passes=100)
    watch.ends(**{A: 90})

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("works.hourly.rules._rising", fail)
    assert watch.ends(**{A: 110}) == 1
    assert len(watch.told()) == 1
