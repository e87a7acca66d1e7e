"""Excel and packed files: what two strangers read back, what is cut, and the same bytes twice."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.container import App
from core.errors import InvalidInputError, WrongFieldsError
from crawler.export.columns import parse_columns
from crawler.export.copies import CopyRequest
from crawler.export.formats import FORMATS, Table
from crawler.export.formats.base import temporary_folder
from crawler.export.formats.xlsx import MAX_CELL_UNITS, XlsxWriter, fitting_text
from crawler.export.headers import Headers, headers_of
from crawler.export.requests import ExportRequest
from crawler.export.segment_files import SegmentFiles, manifest_path
from tests.support.apps import add_account
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    Crash,
    after_batch,
    at_call,
    change,
    die,
    export,
    file_export,
    rows,
    segments_of,
    store_rows,
    work_off,
)
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

PACKED = ("xlsx", "parquet", "csv.gz", "jsonl.gz")
ABC = ("id", "uid", "text")


@pytest.fixture
def filled(make_app) -> App:
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 10)
    return app


def written(path: Path, table: list[list[object]], columns: tuple[str, ...] = ABC) -> XlsxWriter:
    writer = XlsxWriter(path, Table(columns, columns))
    writer.write(table)
    writer.close()
    return writer


def openpyxl_rows(path: Path) -> list[tuple]:
    openpyxl = pytest.importorskip("openpyxl")
    return list(openpyxl.load_workbook(path, read_only=True).active.values)


def calamine_rows(path: Path) -> list[list]:
    calamine = pytest.importorskip("python_calamine")
    return calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()


VALUES: list[list[object]] = [
    [1, "1234567890123456789", "=1+1"],
    [2, "007", "https://example.com"],
    [2**53 + 1, "3", None],
    [4, "4", ["a", {"b": 1}]],
    [5, "5", "line\nbreak & <tag> 𠮷"],
    [6, "6", "'quoted"],
    [7, "7", "two\r\nlines\rand a third"],
]


def test_two_strangers_read_an_excel_file_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    written(path, VALUES)
    for read in (openpyxl_rows(path), calamine_rows(path)):
        assert [str(row[1]) for row in read[1:]] == [row[1] for row in VALUES]
        assert all(isinstance(row[1], str) for row in read[1:])
        assert read[0][:3] == list(ABC) or tuple(read[0][:3]) == ABC
        assert read[1][2] == "=1+1"  # text, not a formula
        assert read[3][0] == str(2**53 + 1)  # a number would lose its last digit
        assert read[4][2] == '["a",{"b":1}]'
        assert read[5][2] == VALUES[4][2]
        assert read[7][2] == "two\nlines\nand a third"


def test_an_excel_file_has_a_frozen_header(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    written(tmp_path / "a.xlsx", VALUES)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet.freeze_panes == "A2" and sheet["A1"].font.bold
    assert sheet["C3"].hyperlink is None


def test_ids_moments_and_names_fit_their_columns(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    columns = ("id", "uid", "nickname", "ingested_at")
    written(tmp_path / "a.xlsx", [[1, "7" * 20, "n", "2026-12-01T07:34:03.709Z"]], columns)
    widths = openpyxl.load_workbook(tmp_path / "a.xlsx").active.column_dimensions
    assert [
        widths[letter].width >= least for letter, least in zip("BD", (20, 24), strict=True)
    ] == [
        True,
        True,
    ]


def test_a_text_that_is_too_long_is_cut_and_counted(tmp_path: Path) -> None:
    long = "长" * 40_000
    writer = written(tmp_path / "a.xlsx", [[1, "1", long], [2, "2", "𠮷" * 20_000]])
    assert writer.notes() == {"cut_cells": 2}
    read = calamine_rows(tmp_path / "a.xlsx")
    assert read[1][2] == "长" * MAX_CELL_UNITS
    assert read[2][2] == "𠮷" * (MAX_CELL_UNITS // 2)  # never half a character


@pytest.mark.parametrize("text", ["", "a" * MAX_CELL_UNITS, "𠮷" * (MAX_CELL_UNITS // 2)])
def test_what_fits_a_cell_stays_whole(text: str) -> None:
    assert fitting_text(text) == text


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    found = []
    for batches in ([VALUES], [[row] for row in VALUES]):
        path = tmp_path / f"{len(found)}.x"
        writer = FORMATS[name].open(path, Table(ABC, ABC))
        for batch in batches:
            writer.write(batch)
        writer.close()
        found.append((path.read_bytes(), writer.content_sha256()))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", FORMATS)
def test_the_ids_of_a_file_are_read_again_whatever_its_headers(tmp_path: Path, name: str) -> None:
    table = Table(ABC, ("序号", "达人ID", "文字"))
    path = tmp_path / "a"
    writer = FORMATS[name].open(path, table)
    writer.write([[3, "x", "y"], [7, "z", 'a,b\n"c"']])
    writer.close()
    assert list(FORMATS[name].read_ids(path, table.id_header)) == [3, 7]
    assert list(FORMATS[name].read_ids(path, None)) == [None, None]
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError):
        list(FORMATS[name].read_ids(path, table.id_header))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_never_written_over(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        FORMATS[name].open(path, Table(ABC, ABC))
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", FORMATS)
def test_a_discarded_file_leaves_nothing_open(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    writer = FORMATS[name].open(path, Table(ABC, ABC))
    writer.write(VALUES)
    writer.discard()
    writer.discard()
    assert not temporary_folder(path).exists()


@pytest.mark.parametrize("name", PACKED)
def test_an_export_is_packed_sealed_and_verified(filled: App, name: str) -> None:
    export(filled, format=name)
    [segment] = segments_of(filled)
    path = filled.crawling.segment_files.locate(segment.file_path)
    assert path.name.endswith(FORMATS[name].suffix)
    assert list(FORMATS[name].read_ids(path, "id")) == list(range(1, 11))
    manifest = json.loads(manifest_path(path).read_text("utf-8"))
    assert manifest["content_sha256"] == segment.content_sha256 != segment.sha256
    assert filled.crawling.verifier.verify(deep=True).problems == []
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["csv", *PACKED])
def test_a_rebuild_after_a_refresh_has_the_old_bytes(filled: App, name: str) -> None:
    export(filled, format=name)
    [segment] = segments_of(filled)
    path = filled.crawling.segment_files.locate(segment.file_path)
    before = path.read_bytes()
    path.unlink()
    filled.crawling.segment_finalizer.rebuild(segment.id)
    assert path.read_bytes() == before
    assert filled.crawling.verifier.verify(deep=True).problems == []


def test_a_row_that_was_changed_is_told_by_a_deep_look(filled: App) -> None:
    export(filled)
    change(filled, "UPDATE influencers SET nickname='other' WHERE id=3")
    [problem] = filled.crawling.verifier.verify(deep=True).problems
    assert problem.code == "segment_rebuild_differs"


def test_another_version_of_a_library_may_pack_the_same_content(filled: App) -> None:
    export(filled, format="csv.gz")
    [segment] = segments_of(filled)
    path = filled.crawling.segment_files.locate(segment.file_path)
    other = gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=0)
    path.write_bytes(other)
    change(filled, f"UPDATE export_logs SET sha256='{'0' * 64}' WHERE id={segment.id}")
    filled.crawling.segment_finalizer.rebuild(segment.id)
    assert filled.crawling.verifier.verify(deep=True).problems == []


def test_who_takes_over_an_excel_file_removes_its_temporary_files(
    make_app, agree, clock: MovingClock, tmp_path: Path
) -> None:
    one, other = (make_app(export_batch_rows=4) for _ in range(2))
    add_account(one, "acc1"), add_account(one, "acc2")
    store_rows(one, 10)
    task = file_export(one, format="xlsx")
    with pytest.raises(Crash):
        work_off(one, task, one.crawling.export_worker(after_commit=after_batch(2, die)))
    clock.move(31)
    work_off(other, task)
    assert list((tmp_path / "data" / "exports").rglob(".*")) == []
    assert sum(one.exported_count for one in segments_of(other)) == 10


def test_a_sheet_that_is_full_ends_the_file(make_app, monkeypatch) -> None:
    from dataclasses import replace

    from crawler.export import worker

    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 10)
    small = {"xlsx": replace(FORMATS["xlsx"], max_rows=6)}
    monkeypatch.setattr(worker, "FORMATS", small)
    export(app, format="xlsx")
    assert [segment.exported_count for segment in segments_of(app)] == [6, 4]


def test_columns_get_headers_of_their_own_or_chinese_ones(filled: App) -> None:
    request = ExportRequest(domain=DOMAIN, columns="uid=ID, followers ,profile_url", headers="zh")
    assert request.options.headers == ("ID", "粉丝数", "主页链接")
    export(filled, columns=request.options.columns, headers=request.options.headers, format="csv")
    [segment] = segments_of(filled)
    path = filled.crawling.segment_files.locate(segment.file_path)
    [first, second, *_] = csv.reader(io.StringIO(path.read_text("utf-8-sig")))
    assert first == ["ID", "粉丝数", "主页链接"]
    assert second[2] == f"https://space.bilibili.com/{second[0]}"
    assert filled.crawling.verifier.verify(deep=True).problems == []


@pytest.mark.parametrize(
    ("columns", "headers", "field", "problem"),
    [
        ("uid=A,nickname=A", "raw", "columns", "would have the header 'A'"),
        ("uid=昵称,nickname", "zh", "columns", "would have the header '昵称'"),
        ("uid", "fr", "headers", "no headers 'fr'"),
        ("uid=" + "x" * 300, "raw", "columns", "at most 255"),
        ("uid,uid=B", "raw", "columns", "named once"),
    ],
)
def test_wrong_headers_are_named(columns, headers, field, problem) -> None:
    with pytest.raises(WrongFieldsError) as caught:
        ExportRequest(domain=DOMAIN, columns=columns, headers=headers)
    assert list(caught.value.problems) == [field]
    with raises_saying(InvalidInputError, problem):
        raise InvalidInputError(caught.value.problems[field])


def test_usual_headers_are_distinct_in_each_language() -> None:
    for language in Headers:
        chosen = parse_columns("id,uid,nickname,platform,domain,followers,videos,likes,signature")
        assert len(set(headers_of(chosen, language))) == len(chosen.names)


@ONE_ENGINE
def test_an_excel_file_is_a_zip_that_names_no_moment(filled: App) -> None:
    export(filled, format="xlsx")
    [segment] = segments_of(filled)
    with zipfile.ZipFile(filled.crawling.segment_files.locate(segment.file_path)) as archive:
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")
    assert rows(filled, "SELECT content_sha256 FROM export_logs")[0]["content_sha256"]


def copied(app: App, out: Path | None = None, **form: object) -> list[tuple[str, str]]:
    """Copy the files of task 1; return the names and the texts of the copies."""
    request = CopyRequest(**form)
    found = [app.crawling.copies.write(one, request, out) for one in app.crawling.copies.of_task(1)]
    return [(one.path.name, one.path.read_text("utf-8-sig")) for one in found]


def test_a_copy_uses_no_quota_and_changes_no_row(filled: App) -> None:
    export(filled, format="csv")
    [segment] = segments_of(filled)
    state = ("SELECT * FROM accounts", "SELECT * FROM influencers", "SELECT * FROM export_logs")
    before = [[dict(row) for row in rows(filled, query)] for query in state]
    [(name, text)] = copied(filled, format="jsonl", columns="uid=ID,followers", headers="zh")
    assert name == f"{DOMAIN}-2026-11-22-000001-acc1.copy-1.jsonl"
    assert json.loads(text.splitlines()[0]) == {"ID": "1000000001", "粉丝数": 1}
    assert [[dict(row) for row in rows(filled, query)] for query in state] == before
    folder = filled.crawling.segment_files.locate(segment.file_path).parent
    manifest = json.loads((folder / f"{name}.manifest.json").read_text("utf-8"))
    assert (manifest["copy_of"], manifest["rows"]) == (segment.id, 10)
    assert filled.crawling.verifier.verify(deep=True).problems == []


def test_a_second_copy_replaces_nothing(filled: App, tmp_path: Path) -> None:
    export(filled, format="csv")
    for number in (1, 2):
        [(name, _)] = copied(filled, tmp_path / "to" / "client")
        assert name.endswith(f".copy-{number}.csv")
    assert (
        sorted(path.name[:1] for path in (tmp_path / "to" / "client").iterdir()) == [DOMAIN[0]] * 4
    )


def test_a_copy_leaves_the_part_file_of_another_thread_alone(
    filled: App, tmp_path: Path, monkeypatch
) -> None:
    """Both copies are written at the same moment, in one process."""
    export(filled, format="csv")
    folder = tmp_path / "copies"
    real, others = SegmentFiles.render_rows, []

    def render_before_another(*args: Any) -> Any:
        monkeypatch.setattr(SegmentFiles, "render_rows", real)
        rendered = real(*args)
        others.extend(copied(filled, folder))
        return rendered

    monkeypatch.setattr(SegmentFiles, "render_rows", render_before_another)
    [(name, _)] = copied(filled, folder)
    assert (others[0][0][-10:], name[-10:]) == ("copy-1.csv", "copy-2.csv")
    assert len(list(folder.iterdir())) == 4


def test_a_copy_that_fails_leaves_nothing(filled: App, tmp_path: Path, monkeypatch) -> None:
    export(filled, format="csv")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setitem(FORMATS, "xlsx", replace(FORMATS["xlsx"], max_rows=9))
    with raises_saying(InvalidInputError, "9"):
        filled.crawling.copies.temporary(1, CopyRequest(format="xlsx"))
    assert list(folder.iterdir()) == []


def test_a_copy_as_it_was_has_the_same_content(filled: App) -> None:
    export(filled, format="csv", headers=("序号",), columns=("id",))
    [(_, text)] = copied(filled)
    [segment] = segments_of(filled)
    original = filled.crawling.segment_files.locate(segment.file_path)
    assert text == original.read_text("utf-8-sig")


def test_what_cannot_be_copied_says_why(filled: App, make_app) -> None:
    with raises_saying(InvalidInputError, "no segment has the id 9"):
        filled.crawling.copies.write(9, CopyRequest(), None)
    with raises_saying(InvalidInputError, "task 1 has no finished file"):
        filled.crawling.copies.of_task(1)
    with pytest.raises(Crash):
        work_off(
            filled,
            file_export(filled),
            filled.crawling.export_worker(after_commit=after_batch(1, die)),
        )
    with raises_saying(InvalidInputError, "still being written"):
        filled.crawling.copies.write(1, CopyRequest(), None)
    for wrong in ({"format": "pdf"}, {"columns": "colour"}, {"headers": "fr"}):
        with pytest.raises(InvalidInputError):
            CopyRequest(**wrong)


def test_rows_that_come_late_with_lower_ids_begin_a_file_of_their_own(make_app, agree) -> None:
    """Rendered again, a file has its rows by id: it must have been written so."""
    app = make_app(export_batch_rows=4)
    add_account(app, "acc1")
    store_rows(app, 10)
    late = "UPDATE influencers SET status='{}', export_log_id={} WHERE id BETWEEN 2 AND 4"
    change(app, late.format("exported", 0))
    task = file_export(app)
    come = at_call(2, lambda: change(app, late.format("pending_export", "NULL")), lambda *_: None)
    work_off(app, task, app.crawling.export_worker(after_commit=come))
    assert [(one.first_id, one.last_id) for one in segments_of(app)] == [(1, 10), (2, 4)]
    assert sorted(agree()) == list(range(1, 11))
    for segment in segments_of(app):
        path = app.crawling.segment_files.locate(segment.file_path)
        before = path.read_bytes()
        path.unlink()
        app.crawling.segment_finalizer.rebuild(segment.id)
        assert path.read_bytes() == before
    assert app.crawling.verifier.verify(deep=True).problems == []
