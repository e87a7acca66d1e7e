"""What `doctor` finds on hourly numbers beyond their gaps; SQLite only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.container import App
from commands.doctor import hourly_checks
from commands.doctor.hourly_checks import hourly_findings
from commands.framework.reader import in_english
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import numbers, store_hour
from tests.support.works.views_fixtures import Desk, quiet
from works.catalogue.entries import WorkEntry
from works.hour_data.folder_owner import Writer

pytestmark = ONE_ENGINE
NEVER = threading.Event()


def told(app: App) -> list[tuple[str, str]]:
    """Return detail and advice of each finding."""
    return [
        (in_english(one.detail), in_english(one.advice) if one.advice else "")
        for one in hourly_findings(app)
    ]


def test_hosts_of_other_time_zones_are_named(app: App, clock: MovingClock) -> None:
    presence = app.jobs.host_presence
    presence.announce_once()
    replace(presence, host="b").announce_once()
    assert told(app) == []
    replace(presence, host="c", time_zone="Europe/Berlin").announce_once()
    [(detail, advice)] = told(app)
    assert detail == ("days and hours are those of Asia/Shanghai here, but of Europe/Berlin on c")
    assert "BATON_QUOTA_TIMEZONE" in advice
    clock.move(hourly_checks.LOOK_BACK / timedelta(seconds=1) + 1)
    assert told(app) == [], "it is gone"


def test_hosts_that_count_by_lists_of_their_own_are_named(
    desk: Callable[..., Desk], make_app: Callable[..., App], tmp_path: Path
) -> None:
    here = desk()
    url = here.app.settings.bilibili_base_url
    key = SecretStr(here.app.settings.key_file.read_text(encoding="ascii").strip())
    folder = tmp_path / "there"
    there = make_app(host="there", data_dir=folder, bilibili_base_url=url, secret_key=key)
    ids = here.ids(3)
    here.list(ids)
    here.crawl()
    other = Desk(there, here.server, here.clock)
    other.list(ids[::-1])
    assert told(there) == [], "the same works"
    other.list(ids[:2])
    assert told(here.app) == []
    [(detail, advice)] = told(there)
    assert detail == "views.json here lists other works than test-host counted last"
    assert "works import" in advice
    there.works.catalogue.put([WorkEntry("bilibili", ids[0])])
    assert told(there) == [], "the catalogue is every host's"


def test_a_statistics_file_that_grows_for_ever_is_told_when_it_is_large(
    app: App, make_app: Callable[..., App]
) -> None:
    app.works.projector.project(NEVER, quiet())
    path = app.settings.view_data_file
    assert path.exists() and told(app) == []
    os.truncate(path, hourly_checks.LARGE_BYTES + 1)
    [(detail, advice)] = told(app)
    assert detail == f"{path.absolute()} has 3.2 GB, and no hour is ever removed from it"
    assert "BATON_VIEWS_SQLITE_DAYS" in advice
    assert told(make_app(views_sqlite_days=90)) == []
    assert told(make_app(views_files="json")) == []


def test_a_folder_that_another_machine_writes_into_is_told(
    app: App, make_app: Callable[..., App]
) -> None:
    app.jobs.host_presence.announce_once()
    app.works.projector.project(NEVER, quiet())
    there = make_app(host="there")
    assert told(there) == []
    object.__setattr__(there.works.folder_owner, "writer", Writer("another", "there"))
    [(detail, _)] = told(there)
    assert "host test-host writes into" in detail


def test_only_the_newest_packed_days_are_looked_at(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = hourly_checks.Hour.of(app.clock.now(), app.calendar.zone)
    old, older = hour.earlier(24 * 20), hour.earlier(24 * 21)
    for one in (older, old):
        store_hour(app, one, [numbers("BV1xx411c7mD", one, 5)])
    store_hour(app, hour, [numbers("BV1xx411c7mD", hour, 5)])
    app.works.roll_up.run(NEVER)
    app.database.write(lambda tx: tx.execute("UPDATE view_days SET packed='x' WHERE packed<>''"))
    [(detail, _)] = told(app)
    assert detail.startswith("2 packed days that cannot be read: " + old.date_text)
    monkeypatch.setattr(hourly_checks, "MAX_PACKED_ROWS", 1)
    [(detail, _)] = told(app)
    assert detail == f"1 packed day that cannot be read: {old.date_text} of bilibili:BV1xx411c7mD"
