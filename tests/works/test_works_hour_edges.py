"""Hours at their edges: outages, lists, days on which the clock is moved, hosts that differ."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from app.container import App
from core.errors import DamagedFileError, OutputError, SchemaMismatchError
from storage.engines import mysql
from storage.schema import schema
from storage.views import hours
from tests.support.alerts.alert_causes import open_alerts
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.jobs.job_tools import told
from tests.support.messages import english, raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from tests.support.works.hour_data import numbers, store_hour
from tests.support.works.views_fixtures import Desk, entry
from works.catalogue.entries import WorkEntry
from works.hour_data.folder_owner import Writer
from works.hour_data.hours import Hour

Begin = Callable[..., Desk]
EVERYTHING = {"kind": "drop", "times": 10_000}


def another(here: Desk, make_app: Callable[..., App], folder: Path, **changes: object) -> Desk:
    """Return another host on the same database."""
    key = SecretStr(here.app.settings.key_file.read_text(encoding="ascii").strip())
    values = {"host": "there", "data_dir": folder, "secret_key": key} | changes
    url = here.app.settings.bilibili_base_url
    return Desk(make_app(bilibili_base_url=url, **values), here.server, here.clock)


def catalogued(here: Desk, ids: list[str]) -> None:
    here.app.works.catalogue.put([WorkEntry("bilibili", one, f"题 {one}") for one in ids])


def run_due(here: Desk) -> None:
    [job] = [job for job in here.app.jobs.all if job.name == "hourly_views"]
    here.app.jobs.runner.run_due(job, requested=True)


@ONE_ENGINE
def test_an_outage_from_minute_58_to_minute_12_leaves_no_alert(desk: Begin) -> None:
    here = desk(accounts=1)
    catalogued(here, here.ids(60))
    begun = here.clock.now()
    run_due(here)  # the hour before, as it should be
    monitor = here.app.alerts.monitor()
    monitor.look_once()
    missed = set()
    for minute in range(58, 121):
        here.clock.move_to(begun + timedelta(minutes=minute))
        if minute == 58:
            here.server.order(EVERYTHING)
        if minute == 72:
            control.tell(here.server.url, "reset", {})
        run_due(here)
        monitor.look_once()
        missed |= {alert.kind.value for alert in open_alerts(here.app)}
    (_, state, result), *_ = told(here.app, "hourly_views")
    assert (state, "60 of 60 works have numbers" in result) == ("succeeded", True), result
    row = here.app.database.read(hours.get, here.hour.earlier(1).index)
    assert row is not None and (row.state.value, row.success) == ("complete", 60)
    assert open_alerts(here.app) == []
    assert not missed & {"hour_missed", "job_failed"}


def test_every_host_counts_the_catalogue_whatever_its_file_says(
    desk: Begin, make_app: Callable[..., App], tmp_path: Path
) -> None:
    here = desk()
    there = another(here, make_app, tmp_path / "there")
    ids = here.ids(12)
    catalogued(here, ids[:10])
    here.app.works.listing.export()
    catalogued(here, ids[10:])
    here.app.works.catalogue.disable([("bilibili", ids[0])], None)
    assert len(here.app.works.counted_list.read().works) == 11, "the file is behind"
    assert there.app.works.counted_list.read() == here.app.works.counted_list.read()
    there.list([ids[0]])
    done = there.crawl()
    assert (done.success, done.failed) == (11, 0)
    row = here.app.database.read(hours.get, done.hour.index)
    assert row is not None and (row.listed, row.list_sha256, row.host) == (11, None, "there")


@ONE_ENGINE
def test_a_file_counts_while_the_catalogue_was_never_used(desk: Begin) -> None:
    here = desk()
    with raises_saying(DamagedFileError, "is not there"):
        here.app.works.counted_list.read()
    ids = here.ids(2)
    here.list_entries([{"work_id": ids[0]}, entry(ids[1])])
    first = here.app.works.counted_list.read()
    here.list([ids[1], ids[0]])
    again = here.app.works.counted_list.read()
    assert first.sha256 == again.sha256 is not None, "the same works in another order"
    row = here.app.database.read(hours.get, here.crawl().hour.index)
    assert row is not None and row.list_sha256 == first.sha256
    catalogued(here, ids)
    assert here.app.works.counted_list.read().sha256 is None


@ONE_ENGINE
def test_a_host_without_room_crawls_and_its_files_follow(
    desk: Begin, mount: Callable[[str], Path], logs: Callable[[], str]
) -> None:
    full = mount("size=1m")
    here = desk(data_dir=full)
    ids = here.ids(60)
    catalogued(here, ids)
    filler = full / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
    done = here.app.works.hourly.run(here.stop)
    assert "60 of 60 works have numbers" in english(done)
    assert not here.app.settings.works_list.exists()
    row = here.app.database.read(hours.get, here.hour.index)
    assert row is not None and (row.state.value, row.success) == ("complete", 60)
    with raises_saying(OutputError, "No space left"):
        here.project()
    filler.unlink()
    here.project()
    assert here.report()["success_count"] == 60
    assert "Traceback" not in logs()


@ONE_ENGINE
def test_a_data_folder_that_vanished_is_written_anew(desk: Begin) -> None:
    here = desk()
    here.list(here.ids(3))
    here.app.works.hourly.full(here.stop)
    before = here.files.path(here.hour).read_bytes()
    shutil.rmtree(here.app.settings.data_dir)
    here.project()
    assert here.files.path(here.hour).read_bytes() == before
    with closing(sqlite3.connect(here.app.settings.view_data_file)) as data:
        assert data.execute("SELECT COUNT(*) FROM work_metrics").fetchone() == (3,)


@ONE_ENGINE
def test_the_folder_of_a_host_at_work_is_refused_to_another_machine(
    desk: Begin, make_app: Callable[..., App]
) -> None:
    here = desk()
    hour = here.hour
    store_hour(here.app, hour, [numbers("BV1", hour, 1)])
    here.app.jobs.host_presence.announce_once()
    here.project()
    there = another(here, make_app, here.app.settings.data_dir)
    there.project()  # a container of the same machine has the same lock
    here.project()
    object.__setattr__(there.app.works.folder_owner, "writer", Writer("other", "there"))
    store_hour(here.app, hour.earlier(1), [numbers("BV1", hour, 1)])
    with raises_saying(OutputError, "host test-host writes into") as refused:
        there.project()
    assert "BATON_VIEWS_FILES=off" in english(refused.value)
    assert not here.files.path(hour.earlier(1)).exists()
    here.clock.move(here.app.settings.lease_secs + 1)  # it is gone
    there.project()
    assert here.files.path(hour.earlier(1)).exists()


@ONE_ENGINE
@pytest.mark.parametrize(
    ("begins", "runs", "expected"),
    [
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25, list(range(24))),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 23, [0, 1, *range(3, 24)]),
    ],
)
def test_days_on_which_the_clock_is_moved_have_each_hour_once(
    desk: Begin, clock: MovingClock, begins: datetime, runs: int, expected: list[int]
) -> None:
    clock.move_to(begins)  # local midnight
    here = desk(zone="Europe/Berlin")
    catalogued(here, here.ids(2))
    written: dict[Hour, bytes] = {}
    for run in range(runs):
        clock.move_to(begins + timedelta(hours=run))
        run_due(here)
        hour = here.hour
        content = here.files.path(hour).read_bytes()
        assert written.setdefault(hour, content) == content, f"{hour} was written over"
    assert [hour.number for hour in written] == expected
    assert {hour.day for hour in written} == {here.hour.day}
    [day] = here.app.works.history.daily(here.hour.day, "view_count")
    assert (day["hours"], day["works"]) == (len(expected), 2)
    gaps = here.app.works.gaps.look(clock.now(), runs)
    assert [one.hour.number for one in gaps] == expected
    assert {one.state.value for one in gaps} == {"observed"}
    with closing(sqlite3.connect(here.app.settings.view_data_file)) as data:
        found = data.execute("SELECT COUNT(*), COUNT(DISTINCT crawl_hour) FROM work_metrics")
        assert found.fetchone() == (2 * len(expected), len(expected))


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
@pytest.mark.parametrize("days", [1, -1])
def test_a_host_whose_clock_is_a_day_off_counts_the_hour_of_the_others(
    desk: Begin, make_app: Callable[..., App], tmp_path: Path, monkeypatch: Any, days: int
) -> None:
    here = desk()
    catalogued(here, here.ids(3))
    off_secs = days * 86_400

    def now() -> float:
        return time.time() + off_secs

    monkeypatch.setattr(mysql, "time", SimpleNamespace(time=now, monotonic=time.monotonic))
    wrong = MovingClock(datetime.fromtimestamp(now(), UTC))
    there = another(here, make_app, tmp_path / "there", clock=wrong)
    at = Hour.of(datetime.now(UTC), here.app.calendar.zone)
    done = there.crawl()
    assert 0 <= done.hour.hours_since(at) <= 1, "that of the database"
    assert done.success == 3
    crawled_at = datetime.fromisoformat(there.report(done.hour)["crawl_time"])
    assert abs((crawled_at - datetime.now(UTC)).total_seconds()) < 60


@ONE_ENGINE
def test_a_host_of_an_older_version_is_refused_and_changes_nothing(
    desk: Begin, make_app: Callable[..., App]
) -> None:
    here = desk()
    here.list(here.ids(2))
    newer = schema.SCHEMA_VERSION + 1
    here.app.database.write(schema.set_version, newer)
    with raises_saying(SchemaMismatchError, f"{newer}"):
        make_app(host="older")
    assert here.app.database.read(hours.every) == set()


@ONE_ENGINE
def test_a_hand_edited_file_counts_after_its_import_only(desk: Begin) -> None:
    here = desk()
    here.list(here.ids(2))
    here.app.works.hourly.full(here.stop)
    path, hour = here.files.path(here.hour), here.hour
    edited = json.loads(path.read_text(encoding="utf-8"))
    edited["data"][0]["view_count"] = 7
    path.write_text(json.dumps(edited), encoding="utf-8")
    here.project()

    def seen() -> set[int]:
        return {one["view_count"] for one in here.app.works.history.top(hour, "view_count", 9)}

    assert 7 not in seen() and json.loads(path.read_text("utf-8")) == edited
    here.app.works.hourly.import_from(path, here.stop)
    assert 7 not in seen(), "numbers that came first stay"
    here.app.works.hourly.import_from(path, here.stop, replace_numbers=True)
    assert 7 in seen()
