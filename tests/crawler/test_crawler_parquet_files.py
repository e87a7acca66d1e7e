"""Parquet files: their types, what does not fit them, and what a host without duckdb says."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from app.container import App
from core.errors import InvalidInputError, OutputError, WrongFieldsError
from crawler.export.columns import CHINESE, KNOWN_COLUMNS
from crawler.export.copies import CopyRequest
from crawler.export.formats import FORMATS, Table
from crawler.export.requests import ExportRequest
from crawler.export.segment_files import manifest_path
from storage.models.tasks import TaskStatus
from tests.support.apps import add_account
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    export,
    file_export,
    once,
    segments_of,
    store_rows,
    task_of,
    work_off,
)
from tests.support.messages import raises_saying

COLUMNS = ("id", "uid", "followers", "ingested_at", "raw_data", "raw_data.level")
MOMENT = "2026-11-22T05:53:33.421Z"
TYPED = [
    [2**62, "1234567890123456789", 7, MOMENT, {"a": [1, None]}, 3],
    [2, "007", None, None, {}, "three"],
    [3, "3", "1200", MOMENT, {"text": "\x00 '\"\\\n𠮷"}, None],
    [4, "4", "12k", MOMENT, {}, True],
    [5, "5", 2**63, MOMENT, {}, 1.5],
    [6, "6", 1200.0, MOMENT, {}, [1]],
    [7, "7", float("inf"), MOMENT, {}, {}],
]


@pytest.fixture
def filled(make_app) -> App:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 10)
    return app


@pytest.fixture
def without_library(monkeypatch):
    return lambda: monkeypatch.setitem(sys.modules, "duckdb", None)


def read(path: Path, query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(query.replace("FILE", f"'{path}'")).fetchall()


def test_columns_have_types_and_what_does_not_fit_is_null_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    writer = FORMATS["parquet"].open(path, Table(COLUMNS, COLUMNS))
    for row in TYPED:
        writer.write([row])
    writer.close()
    assert [path] == list(tmp_path.iterdir())
    types = read(path, "DESCRIBE FROM FILE")
    assert [one[1] for one in types] == [
        "BIGINT",
        "VARCHAR",
        "BIGINT",
        "TIMESTAMP WITH TIME ZONE",
        "VARCHAR",
        "VARCHAR",
    ]
    assert read(path, "SELECT id FROM FILE") == [(row[0],) for row in TYPED]
    assert read(path, "SELECT uid FROM FILE") == [(row[1],) for row in TYPED]
    found = [value for (value,) in read(path, "SELECT followers FROM FILE")]
    assert found == [7, None, 1200, None, None, 1200, None]
    moments = [value for (value,) in read(path, "SELECT epoch_ms(ingested_at) FROM FILE")]
    moment = datetime.fromisoformat(MOMENT).astimezone(UTC)
    assert moments == [round(moment.timestamp() * 1000) if row[3] else None for row in TYPED]
    raw = [json.loads(value) for (value,) in read(path, "SELECT raw_data FROM FILE")]
    assert raw == [row[4] for row in TYPED]
    levels = [value for (value,) in read(path, 'SELECT "raw_data.level" FROM FILE')]
    assert levels == ["3", "three", None, "true", "1.5", "[1]", "{}"]
    assert writer.notes() == {
        "types": {
            "id": "int64",
            "uid": "string",
            "followers": "int64",
            "ingested_at": "timestamp(us, UTC)",
            "raw_data": "string",
            "raw_data.level": "string",
        },
        "lost_cells": 3,
    }


def test_a_folder_may_be_called_as_it_likes(tmp_path: Path) -> None:
    """Duckdb reads paths as patterns, and columns out of the names of folders."""
    writers = []
    for name in ("axb", "a?b"):
        folder = tmp_path / name / "id=7"
        folder.mkdir(parents=True)
        path = folder / "it's a.parquet"
        writer = FORMATS["parquet"].open(path, Table(("id",), ("id",)))
        writer.write([[number] for number in range(10_000)])  # more than a buffer
        writers.append(writer)
    for writer in reversed(writers):  # while both have their temporary files
        writer.close()
    assert list(FORMATS["parquet"].read_ids(path, "id")) == list(range(10_000))


@ONE_ENGINE
def test_an_export_and_a_copy_have_every_column_with_chinese_headers(
    filled: App, tmp_path: Path
) -> None:
    request = ExportRequest(domain=DOMAIN, columns=",".join(KNOWN_COLUMNS), headers="zh")
    export(
        filled, format="parquet", columns=request.options.columns, headers=request.options.headers
    )
    [segment] = segments_of(filled)
    path = filled.crawling.segment_files.locate(segment.file_path)
    assert [one[0] for one in read(path, "DESCRIBE FROM FILE")] == list(request.options.headers)
    manifest = json.loads(manifest_path(path).read_text("utf-8"))
    assert manifest["types"][CHINESE["uid"]] == "string"
    assert "lost_cells" not in manifest
    copied = filled.crawling.copies.write(segment.id, CopyRequest(headers="raw"), tmp_path)
    assert read(copied.path, "SELECT id FROM FILE") == [(number,) for number in range(1, 11)]
    assert json.loads(manifest_path(copied.path).read_text("utf-8"))["types"]["id"] == "int64"


def test_headers_that_differ_in_case_only_are_refused(filled: App) -> None:
    columns = "uid=Name,nickname=NAME"
    assert ExportRequest(domain=DOMAIN, columns=columns, format="csv").options.headers
    with pytest.raises(WrongFieldsError) as caught:
        ExportRequest(domain=DOMAIN, columns=columns, format="parquet")
    assert list(caught.value.problems) == ["columns"]
    export(filled, format="csv")
    with raises_saying(InvalidInputError, "'Name'"):
        filled.crawling.copies.temporary(1, CopyRequest(format="parquet", columns=columns))


def test_without_the_library_a_request_is_refused(filled: App, without_library) -> None:
    without_library()
    with raises_saying(WrongFieldsError, "pip install duckdb"):
        ExportRequest(domain=DOMAIN, format="parquet")
    with raises_saying(InvalidInputError, "pip install duckdb"):
        CopyRequest(format="parquet")
    assert ExportRequest(domain=DOMAIN, format="csv")


def test_a_host_without_the_library_exports_no_row(filled: App, monkeypatch) -> None:
    task = file_export(filled, format="parquet")
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(sys.modules, "duckdb", None)
        once(filled.crawling.export_worker())
    row = task_of(filled, task.id)
    assert row.status is TaskStatus.PENDING
    assert "format_extra_missing" in (row.last_error or "")
    assert segments_of(filled) == []
    assert work_off(filled, task).status is TaskStatus.COMPLETED  # on a host that has it


def test_a_host_without_the_library_says_what_it_did_not_compare(
    filled: App, without_library
) -> None:
    export(filled, format="parquet")
    without_library()
    [problem] = filled.crawling.verifier.verify(deep=True).problems
    assert problem.code == "segment_not_compared"
    assert filled.crawling.verifier.verify().problems == []
    with raises_saying(OutputError, "pip install duckdb"):
        filled.crawling.segment_finalizer.rebuild(1)
