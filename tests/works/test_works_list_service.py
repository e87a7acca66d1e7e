"""views.json follows the catalogue by itself: 5 s after a change, once in 10 s, the last too."""

from __future__ import annotations

import json
import logging
import threading
from types import SimpleNamespace

import pytest

from core.errors import DatabaseUnavailableError
from works.catalogue.entries import WorkEntry
from works.catalogue.listing_service import ListingService

IDS = [f"BV1xx411c7{letter}D" for letter in "abcdefghijkmnopqrstuvwxyz"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def service(app) -> ListingService:
    return listing_service(app)


def listing_service(app) -> ListingService:
    errors = app.foundation.errors_of("works")
    return ListingService(listing=app.works.listing, clock=app.clock, poll_secs=1, errors=errors)


def put(app, title: str = "", work_id: str = IDS[0]) -> None:
    app.works.catalogue.put([WorkEntry("bilibili", work_id, title or None)])


def listed(app) -> list[str]:
    works = json.loads(app.works.listing.path.read_text(encoding="utf-8"))["works"]
    return [work["title"] for work in works]


def exports(app, clock, service: ListingService, secs: int, change=lambda second: None):
    """The seconds at which the file was written."""
    written = []
    for second in range(secs):
        change(second)
        if service.export_if_due():
            written.append(second)
        clock.move(1)
    return written


def test_a_change_is_exported_five_seconds_later(app, clock, service) -> None:
    put(app)
    assert exports(app, clock, service, 30) == [5]


def test_an_endless_burst_is_exported_every_ten_seconds_and_its_end_too(
    app, clock, service
) -> None:
    def change(second: int) -> None:
        if second <= 33:
            put(app, f"at {second}")

    assert exports(app, clock, service, 80, change) == [5, 15, 25, 35]
    assert listed(app) == ["at 33"]


def test_a_change_right_after_an_export_waits_for_its_turn_and_gets_out(
    app, clock, service
) -> None:
    def change(second: int) -> None:
        if second in (0, 6):
            put(app, f"at {second}")

    assert exports(app, clock, service, 40, change) == [5, 15]
    assert listed(app) == ["at 6"]


def test_another_process_changes_and_another_exports(make_app, clock) -> None:
    apps = [make_app(), make_app()]
    services = [listing_service(one) for one in apps]
    written = []
    for second in range(60):
        if second <= 21:
            put(apps[second % 2], f"at {second}")
        written += [second for service in services if service.export_if_due()]
        clock.move(1)
    assert written == [5, 15, 25]
    assert listed(apps[0]) == ["at 21"]


def test_an_export_by_hand_counts_as_one(app, clock, service) -> None:
    put(app)
    app.works.listing.export()
    put(app, "newer")
    assert exports(app, clock, service, 30) == [10]


@pytest.mark.parametrize("lost", ["file", "label", "both", "label is no JSON", "label is deep"])
def test_a_file_that_is_behind_at_the_start_is_written_at_once(app, clock, service, lost) -> None:
    put(app)
    app.works.listing.export()
    label = app.works.listing.path.with_name(".views.json.label")
    if lost in ("file", "both"):
        app.works.listing.path.unlink()
    if lost in ("label", "both"):
        label.unlink()
    if lost == "label is no JSON":
        label.write_text("{")
    if lost == "label is deep":
        label.write_text("[" * 100_000)
    assert run_for(service, clock, 0) == [1]
    assert listed(app) == [""]


def run_for(service: ListingService, clock, secs: float) -> list[float]:
    """Run it; the waits that it took."""
    stop = threading.Event()
    ends = clock.monotonic() + secs
    before = len(clock.waits)
    clock.on_wait = lambda: stop.set() if clock.monotonic() > ends else None
    service.run(stop)
    return clock.waits[before:]


def test_a_restored_database_is_the_truth(app, clock, service) -> None:
    for number in range(5):
        put(app, f"title {number}")
    app.works.listing.export()
    app.database.write(lambda tx: tx.execute("UPDATE works_version SET version=2"))
    app.database.write(lambda tx: tx.execute("UPDATE works SET title='restored'"))
    assert len(exports(app, clock, service, 30)) == 1
    assert listed(app) == ["restored"]


def test_a_list_of_somebody_else_is_left_alone_while_the_catalogue_is_not_used(
    app, clock, service
) -> None:
    path = app.works.listing.path
    path.parent.mkdir(parents=True)
    path.write_text("theirs")
    assert exports(app, clock, service, 20) == []
    assert path.read_text() == "theirs"


def test_a_database_that_is_away_is_told_once_a_minute(app, clock, service, caplog) -> None:
    put(app)

    def away() -> int:
        raise DatabaseUnavailableError("away")

    service.listing = SimpleNamespace(version=away)
    with caplog.at_level(logging.ERROR):
        run_for(service, clock, 119)
    assert caplog.messages == ["views.json is behind, trying again: away"] * 2


def test_a_full_disk_is_tried_again(app, clock, service, monkeypatch) -> None:
    put(app)
    failures = iter(range(3))

    def full(_handle: int) -> None:
        if next(failures, None) is not None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.atomic_file.os.fsync", full)
    run_for(service, clock, 60)
    assert listed(app) == [""]
    assert next(failures, None) is None


def test_a_database_that_is_away_is_tried_again(app, clock, service, monkeypatch) -> None:
    from core.errors import DatabaseUnavailableError
    from storage.catalogue import works

    put(app)
    version, failures = works.version, iter(range(3))

    def away(tx):
        if next(failures, None) is not None:
            raise DatabaseUnavailableError("away")
        return version(tx)

    monkeypatch.setattr(works, "version", away)
    run_for(service, clock, 60)
    assert listed(app) == [""]
