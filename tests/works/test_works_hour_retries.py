"""An hour that is not complete is tried again within the hour, and told of when that fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import RetryLaterError, UnfinishedError
from storage.operations.alerts import AlertKind
from storage.views import hours
from tests.support.alerts.alert_causes import open_alerts
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.jobs.job_tools import told
from tests.support.messages import english
from tests.support.sandbox import control
from tests.support.works.hour_data import numbers, store_hour
from tests.support.works.views_fixtures import BATCH, Desk
from works.hourly.pipeline import next_try

pytestmark = ONE_ENGINE
Begin = Callable[..., Desk]
EVERYTHING = {"kind": "drop", "times": 10_000}


def run_due(here: Desk) -> None:
    [job] = [job for job in here.app.jobs.all if job.name == "hourly_views"]
    here.app.jobs.runner.run_due(job, requested=True)


def minute(here: Desk) -> int:
    return here.clock.now().minute


def test_the_tries_of_an_hour_come_after_2_4_and_8_minutes_and_then_each_10(desk: Begin) -> None:
    here = desk()
    at, tries = here.clock.now(), []
    for attempt in range(1, 20):
        following = next_try(at, here.hour, attempt, here.app.calendar.zone)
        if following is None:
            break
        tries.append(following.minute)
        at = following
    assert tries == [2, 6, 14, 24, 34, 44, 54]


def test_an_outage_at_the_full_hour_costs_nothing(desk: Begin) -> None:
    here = desk(accounts=1)
    ids = here.ids(120)
    here.list(ids)
    here.server.order(EVERYTHING)
    begun = here.clock.now()
    run_due(here)
    [(time, state, result)] = told(here.app, "hourly_views")
    assert (time, state) == ("04:00", "running")
    assert result.startswith("try 2 at ") and "0 of 120 works have numbers" in result
    here.clock.move_to(begun + timedelta(minutes=12))
    run_due(here)  # still down
    control.tell(here.server.url, "reset", {})
    while here.app.database.read(hours.get, here.hour.index).state is hours.CrawlState.OPEN:
        here.clock.move(60)
        run_due(here)
    assert minute(here) < 50
    [(_, state, result)] = told(here.app, "hourly_views")
    assert (state, "120 of 120 works have numbers" in result) == ("succeeded", True)
    assert here.report()["success_count"] == 120


def test_a_try_asks_only_for_what_is_missing(desk: Begin) -> None:
    here = desk(accounts=1)
    here.list(here.ids(120))
    refused = {"kind": "html_412", "endpoint": BATCH, "times": 1000}
    here.crawl(lambda progress: progress.success == 50 and here.server.order(refused))
    assert here.report()["success_count"] == 50
    control.tell(here.server.url, "reset", {})
    here.clock.move(1800)
    asked = here.requests()
    done = here.app.works.hourly.run(here.stop, attempt=2)
    assert "120 of 120 works" in english(done)
    assert here.requests() - asked <= 6, "two batches, and a check of each"


def test_the_last_try_of_an_hour_is_the_end_of_its_run(desk: Begin) -> None:
    here = desk(accounts=1)
    here.list(here.ids(60))
    here.server.order(EVERYTHING)
    here.clock.move(50 * 60)
    with pytest.raises(UnfinishedError) as ended:
        here.app.works.hourly.run(here.stop)
    assert not isinstance(ended.value, RetryLaterError)


def alerts_of(here: Desk) -> list[tuple[AlertKind, str]]:
    here.app.alerts.monitor().look_once()
    return [(alert.kind, alert.subject) for alert in open_alerts(here.app)]


def test_a_late_hour_is_told_until_it_is_complete(desk: Begin) -> None:
    here = desk()
    store_hour(here.app, here.hour.earlier(1), [numbers("BV1", here.hour, 1)])
    assert alerts_of(here) == []
    store_hour(here.app, here.hour, [numbers("BV1", here.hour, 1)])
    here.clock.move(3600 + 14 * 60)
    assert alerts_of(here) == [], "not yet"
    here.clock.move(60)
    hour = here.hour
    late = (AlertKind.HOUR_LATE, f"hour:{hour}")
    assert late in alerts_of(here)
    store_hour(here.app, hour, [numbers("BV1", hour, 1)])
    here.app.alerts.monitor().look_once()
    here.clock.move(301)
    assert late not in alerts_of(here)


def test_an_hour_that_is_over_without_numbers_is_told(desk: Begin) -> None:
    here = desk()
    store_hour(here.app, here.hour.earlier(1), [numbers("BV1", here.hour, 1)])
    assert alerts_of(here) == []
    hour = here.hour
    here.clock.move(3600)
    assert alerts_of(here) == [(AlertKind.HOUR_MISSED, f"hour:{hour}")]
    [gap] = [one for one in here.app.works.gaps.look(here.clock.now(), 3) if one.hour == hour]
    assert gap.state.value == "missing"


def test_nobody_is_told_of_a_late_hour_where_the_job_is_off(desk: Begin) -> None:
    here = desk(views_enabled=False)
    store_hour(here.app, here.hour.earlier(1), [numbers("BV1", here.hour, 1)])
    assert alerts_of(here) == []
    here.clock.move(3600 + 16 * 60)
    assert (AlertKind.HOUR_LATE, f"hour:{here.hour}") not in alerts_of(here)
