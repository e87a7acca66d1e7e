"""What `doctor` finds on the catalogue's files; SQLite only."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.container import App
from commands.doctor.findings import Finding, Level
from commands.doctor.works_checks import WorksChecks
from commands.framework.reader import in_english
from core.messages import Message
from storage.catalogue import view_data
from storage.engines import sqlite
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import put_hours
from works.catalogue.entries import WorkEntry
from works.hour_data.files import HourFiles
from works.hour_data.hours import Hour

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OK, WARN, ERROR = Level.OK, Level.WARN, Level.ERROR


@dataclass(frozen=True)
class Shown:
    """A finding in English."""

    level: Level
    subject: str
    detail: str
    advice: str
    fix: Callable[[], Message] | None


def shown(finding: Finding) -> Shown:
    advice = in_english(finding.advice) if finding.advice else ""
    subject, detail = in_english(finding.subject), in_english(finding.detail)
    return Shown(finding.level, subject, detail, advice, finding.fix)


def found(app: App, subject: str) -> list[Shown]:
    findings = map(shown, WorksChecks(app).findings())
    return [one for one in findings if one.subject == subject]


def only(app: App, subject: str) -> Shown:
    [finding] = found(app, subject)
    return finding


def drop(app: App, name: str, text: str, age: timedelta = timedelta(0)) -> Path:
    folder = app.works.drop_folder.folder
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    written_at = (app.host_clock.now() - age).timestamp()
    os.utime(file, (written_at, written_at))
    return file


def test_an_installation_without_a_catalogue_is_well(app: App) -> None:
    assert {one.level for one in WorksChecks(app).findings()} == {OK}
    assert not app.settings.view_data_file.exists(), "looking makes nothing"


def test_files_that_wait_long_are_told(app: App) -> None:
    drop(app, "2.json", "{}")
    assert only(app, "works inbox").level is OK
    drop(app, "1.json", "{}", age=timedelta(hours=3))
    finding = only(app, "works inbox")
    assert (finding.level, finding.detail) == (WARN, "2 files waiting, the oldest for 3 hours")
    assert "works import --inbox" in finding.advice


def test_rejected_files_are_told_with_the_newest_reason(app: App) -> None:
    for name in ("1.json", "2.json"):
        drop(app, name, "{")
    app.works.drop_folder.import_waiting(threading.Event())
    rejected = app.works.drop_folder.folder / "rejected"
    moment = app.host_clock.now().timestamp()
    os.utime(rejected / "1.json", (moment, moment))
    os.utime(rejected / "2.json", (moment - 9, moment - 9))
    finding = only(app, "works inbox")
    assert finding.level is WARN
    assert finding.detail.startswith("2 files rejected, the newest 1.json: ")
    assert "line 1" in finding.detail and str(rejected) in finding.advice
    (rejected / "1.json.reason.txt").unlink()
    assert only(app, "works inbox").detail.endswith("1.json: its reason is gone")


def test_an_inbox_that_cannot_be_written_is_an_error(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(app, "1.json", "{}")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs the tests may all
    finding = only(app, "works inbox")
    assert finding.level is ERROR and "cannot be read and written" in finding.detail


def test_an_inbox_that_is_a_file_is_an_error(app: App) -> None:
    folder = app.works.drop_folder.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("")
    assert only(app, "works inbox").level is ERROR


def test_a_list_that_is_behind_is_told_and_mended(app: App, clock: MovingClock) -> None:
    app.works.catalogue.put([WorkEntry("bilibili", "BV1GJ411x7h7")])
    assert only(app, "views.json").level is OK, "run writes it within seconds"
    clock.move(120)
    missing = only(app, "views.json")
    assert (missing.level, missing.detail) == (WARN, "not there, though the catalogue is in use")
    assert missing.fix is not None
    assert in_english(missing.fix()).startswith("1 work written to ")
    assert only(app, "views.json").level is OK
    app.works.catalogue.put([WorkEntry("bilibili", "BV1GJ411x7h7", title="neu")])
    clock.move(180)
    behind = only(app, "views.json")
    assert behind.level is WARN and "has changed 3 minutes ago" in behind.detail


def test_a_list_that_is_damaged_is_an_error(app: App) -> None:
    path = app.settings.works_list
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"works": [', encoding="utf-8")
    finding = only(app, "views.json")
    assert finding.level is ERROR and "line 1 column 11" in finding.detail
    assert finding.fix is None, "another program's file is left alone"
    path.write_text('{"works": []}', encoding="utf-8")
    assert "another program's" in only(app, "views.json").detail


def test_gaps_of_the_last_day_are_told(app: App) -> None:
    now = Hour.of(app.clock.now(), app.calendar.zone)
    put_hours(HourFiles(app.settings.views_dir), [now.earlier(n) for n in (30, 0)])
    app.works.hourly.import_missing(threading.Event())
    finding = only(app, "hourly numbers")
    assert finding.level is WARN
    assert finding.detail.startswith("23 hours of the last 24 without numbers: ")
    assert f"{now.earlier(3)}: nothing ran in this hour" in finding.detail
    assert finding.detail.endswith("; 20 more")


def test_hours_that_only_a_file_of_this_host_has_are_told(app: App) -> None:
    now = Hour.of(app.clock.now(), app.calendar.zone)
    put_hours(HourFiles(app.settings.views_dir), [now.earlier(n) for n in (2, 1)])
    view_data.create(app.works.view_data)
    finding = only(app, "hourly numbers")
    assert finding.level is WARN
    assert finding.detail == (
        f"2 hours from {now.earlier(2)} to {now.earlier(1)} are in files of this host only"
    )
    assert "views import --here" in finding.advice
    app.works.hourly.import_here(threading.Event())
    assert only(app, "hourly numbers").level is OK


def test_a_day_without_gaps_is_well(app: App) -> None:
    now = Hour.of(app.clock.now(), app.calendar.zone)
    put_hours(HourFiles(app.settings.views_dir), [now.earlier(n) for n in range(3)])
    app.works.hourly.import_missing(threading.Event())
    assert only(app, "hourly numbers").level is OK


def test_a_locked_statistics_file_is_told(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECS", 0.01)
    view_data.create(app.works.view_data)
    with closing(sqlite3.connect(app.settings.view_data_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        finding = only(app, "hourly numbers")
    assert finding.level is WARN and "is locked by another program" in finding.detail
    assert only(app, "hourly numbers").level is OK


def test_a_statistics_file_that_is_none_is_an_error(app: App) -> None:
    path = app.settings.view_data_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no database, but long enough to be looked at" * 10)
    finding = only(app, "hourly numbers")
    assert finding.level is ERROR and "views project" in finding.advice
