"""views.json: exactly the promised file, whole at every moment, never of an earlier one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.errors import OutputError
from core.file_lock import file_lock
from storage.catalogue import works as rows
from works.catalogue.entries import WorkEntry

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAY = datetime(2026, 5, 1, 2, 30, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def put(app, *works: WorkEntry):
    return app.works.catalogue.put(works)


def read(app):
    return json.loads(app.works.listing.path.read_text(encoding="utf-8"))


def test_the_file_is_exactly_as_promised(app) -> None:
    put(
        app,
        WorkEntry(
            platform="bilibili",
            work_id="BV1GJ411x7h7",
            title='Never "一" <给>\n😀',
            author="某人",
            uid="7",
            publish_time=MAY,
            cover_url="https://x/y",
        ),
        WorkEntry("youtube", "dQw4w9WgXcQ"),
        WorkEntry("bilibili", "BV1xx411c7mD", publish_time=JUNE, is_valid=False),
    )
    done = app.works.listing.export()
    assert (done.path, done.total, done.valid) == (app.settings.works_list, 3, 2)
    blank = {"title": "", "author": "", "cover_url": ""}
    expected = {
        "export_time": f"{app.clock.now().astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}+08:00",
        "total_count": 3,
        "valid_count": 2,
        "works": [
            {
                "platform": "bilibili",
                "work_id": "BV1xx411c7mD",
                **blank,
                "publish_time": "2026-06-01T08:00:00+08:00",
                "is_valid": False,
            },
            {
                "platform": "bilibili",
                "work_id": "BV1GJ411x7h7",
                "title": 'Never "一" <给>\n😀',
                "author": "某人",
                "publish_time": "2026-05-01T10:30:00+08:00",
                "cover_url": "https://x/y",
                "is_valid": True,
            },
            {
                "platform": "youtube",
                "work_id": "dQw4w9WgXcQ",
                **blank,
                "publish_time": None,
                "is_valid": True,
            },
        ],
    }
    order = ("platform", "work_id", "title", "author", "publish_time", "cover_url", "is_valid")
    expected["works"] = [{name: one[name] for name in order} for one in expected["works"]]
    text = done.path.read_text(encoding="utf-8")
    assert text == json.dumps(expected, ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_empty_catalogue_is_a_file_too(app) -> None:
    app.works.listing.export()
    assert read(app)["works"] == []
    text = app.works.listing.path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_disk_that_says_no_leaves_the_old_file(app, monkeypatch) -> None:
    put(app, WorkEntry("bilibili", "BV1GJ411x7h7"))
    app.works.listing.export()
    before = app.works.listing.path.read_bytes()
    put(app, WorkEntry("bilibili", "BV1xx411c7mD"))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("core.atomic_file.os.fsync", full)
        with pytest.raises(OutputError, match="No space left"):
            app.works.listing.export()
    assert app.works.listing.path.read_bytes() == before
    assert not list(Path(app.works.listing.path.parent).glob(".*.part"))
    assert app.works.listing.refresh() is not None, "it is not taken for done"
    assert read(app)["total_count"] == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_written_already_is_not_written_again(make_app) -> None:
    one, other = make_app(), make_app()
    put(one, WorkEntry("bilibili", "BV1GJ411x7h7"))
    assert one.works.listing.refresh() is not None
    assert other.works.listing.refresh() is None
    put(other, WorkEntry("bilibili", "BV1GJ411x7h7", "a title"))
    assert one.works.listing.refresh() is not None
    one.works.listing.path.unlink()
    assert other.works.listing.refresh() is not None, "a file that is gone is made again"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_change_during_the_export_is_seen_as_one_to_come(make_app, monkeypatch) -> None:
    app, other = make_app(), make_app()
    put(app, WorkEntry("bilibili", "BV1GJ411x7h7"))
    read_rows = rows.for_list

    def late(tx):
        found = read_rows(tx)
        put(other, WorkEntry("bilibili", "BV1xx411c7mD"))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(rows, "for_list", late)
        assert app.works.listing.refresh().total == 1
    assert app.works.listing.refresh().total == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_another_process_writes_it_is_left_to_that_one(app) -> None:
    with file_lock(app.works.listing.path.with_name(".views.json.lock"), wait=True):
        assert app.works.listing.refresh() is None
    assert app.works.listing.refresh() is not None
