"""Files as people and programs read them: columns, CSV with its guard, JSON Lines, manifests."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.support.crawler.outside_checker as outside_checker
from app.container import App
from core.errors import InvalidInputError
from crawler.creators.filters import ConditionReader, field_named, field_names
from crawler.export.columns import CHINESE, DEFAULT_COLUMNS, ENGLISH, KNOWN_COLUMNS, parse_columns
from crawler.export.formats import (
    CsvWriter,
    FormatWriter,
    JsonLinesWriter,
    Table,
    format_named,
)
from crawler.export.segment_files import manifest_path, safe_name
from presentation.i18n.renderer import renderer_for
from storage.creators.conditions import Field
from tests.support.crawler.workbench import (
    DOMAIN,
    add_account,
    change,
    export,
    segments_of,
    store_rows,
)
from tests.support.messages import raises_saying

ABC = ("a", "b", "c")
# What a database gives back: no lone surrogates, no NUL.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
RISKY = st.sampled_from(
    [
        "=1+1",
        "+86 138",
        "-x-",
        "@me",
        "\tx",
        "\rx",
        "-1",
        "+1.5",
        "-1\n",
        "=",
        '="a","b"\r\n',
        "--1",
        "+",
        "1e5",
    ]
)
CELL = st.one_of(TEXT, RISKY, st.builds(lambda a, b: a + b, RISKY, TEXT))
TABLE = st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8)
FAST = settings(max_examples=150, deadline=None)


def written(kind: type[CsvWriter] | type[JsonLinesWriter], table, raw_cells: bool = False) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        writer: FormatWriter = kind(path, Table(ABC, ABC, raw_cells=raw_cells))
        writer.write(table)
        writer.close()
        return path.read_bytes()


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


@FAST
@given(TABLE)
def test_raw_cells_come_back_as_they_were(table) -> None:
    assert read_csv(written(CsvWriter, table, raw_cells=True)) == [["a", "b", "c"], *table]


@FAST
@given(TABLE)
def test_guarded_cells_come_back_with_an_apostrophe_where_they_would_run(table) -> None:
    for row, back in zip(table, read_csv(written(CsvWriter, table))[1:], strict=True):
        for cell, read in zip(row, back, strict=True):
            assert read in (cell, f"'{cell}")
            is_number = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell) is not None
            if cell[:1] in tuple("=+-@\t\r") and cell and not is_number:
                assert read == f"'{cell}"
            else:
                assert read == cell


@FAST
@given(TABLE)
def test_json_lines_come_back_as_they_were(table) -> None:
    lines = written(JsonLinesWriter, table).decode().split("\n")[:-1]
    assert [list(json.loads(line).values()) for line in lines] == table
    assert all(list(json.loads(line)) == ["a", "b", "c"] for line in lines)


def test_a_csv_begins_with_a_mark_that_excel_knows() -> None:
    assert written(CsvWriter, []).startswith(b"\xef\xbb\xbfa,b,c\r\n")
    assert not written(JsonLinesWriter, [["x", "y", "z"]]).startswith(b"\xef\xbb\xbf")


def test_numbers_are_left_alone_and_missing_values_are_empty() -> None:
    content = written(CsvWriter, [[-5, 2.5, None], ["-5", "+2.5", "3493000000000001"]])
    assert content.decode("utf-8-sig").splitlines()[1:] == ["-5,2.5,", "-5,+2.5,3493000000000001"]


def test_objects_in_cells_are_json() -> None:
    [_, row] = read_csv(written(CsvWriter, [[{"a": "=1"}, ["美", 1], {}]]))
    assert row == ['{"a":"=1"}', '["美",1]', "{}"]


def test_an_unknown_format_is_named() -> None:
    with raises_saying(InvalidInputError, "unknown format 'xls'; known: csv, jsonl"):
        format_named("xls")


@pytest.fixture
def filled(make_app) -> App:
    app = make_app()
    add_account(app, "acc1")
    store_rows(app, 3)
    raw = json.dumps(
        {"fans": 7, "usign": "=sum", "official": {"desc": "x"}, "res": [{"bvid": "B"}]}
    )
    change(app, "UPDATE influencers SET raw_data=:raw WHERE id=2", raw=raw)
    return app


def records(app: App) -> list[dict[str, str]]:
    segment = segments_of(app)[-1]
    path = app.crawling.segment_files.locate(segment.file_path)
    return outside_checker.records_in(path, segment.format)


def test_the_default_columns_and_their_order(filled: App) -> None:
    export(filled)
    first, second, _ = records(filled)
    assert list(first) == [
        "id",
        "uid",
        "nickname",
        "platform",
        "domain",
        "followers",
        "videos",
        "signature",
        "source_page",
        "ingested_at",
    ]
    assert first["nickname"] == "达人1" and first["domain"] == DOMAIN
    assert (first["followers"], first["videos"], first["signature"]) == ("1", "3", "合作")
    assert (second["followers"], second["videos"], second["signature"]) == ("7", "", "'=sum")
    assert re.fullmatch(r"2026-11-22T0[34]:\d\d:\d\d\.\d{3}Z", first["ingested_at"])


def test_columns_of_raw_data_are_picked_by_their_keys(filled: App) -> None:
    names = "uid,raw_data.official.desc,raw_data.res.0.bvid,raw_data.none.at.all,raw_data"
    export(filled, columns=parse_columns(names).names, format="jsonl")
    second = records(filled)[1]
    assert list(second) == names.split(",")
    assert second["raw_data.official.desc"] == "x" and second["raw_data.res.0.bvid"] == "B"
    assert second["raw_data.none.at.all"] is None and second["raw_data"]["fans"] == 7


def test_raw_cells_are_an_option_of_the_task(filled: App) -> None:
    export(filled, raw_cells=True)
    assert records(filled)[1]["signature"] == "=sum"


def test_json_lines_keep_types(filled: App) -> None:
    export(filled, format="jsonl")
    first = records(filled)[0]
    assert (first["id"], first["followers"], first["source_page"]) == (1, 1, 1)
    assert first["uid"] == "1000000001"


@pytest.mark.parametrize(
    "text", ["nick", "id,id", "", " , ", "raw_data.", "RAW_DATA.a", "id;uid", "粉丝,粉丝数"]
)
def test_columns_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_columns(text)


def test_columns_are_read_as_people_write_them() -> None:
    assert parse_columns(None).names == DEFAULT_COLUMNS
    assert parse_columns(" id , uid,raw_data.a.b ").names == ("id", "uid", "raw_data.a.b")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("昵称，粉丝=迷，哥,达人id", ("nickname", "followers", "uid")),
        ("Nickname,FOLLOWERS,Creator ID,Profile", ("nickname", "followers", "uid", "profile_url")),
        ("入库时间,来源页码,ID", ("ingested_at", "source_page", "id")),
        (",".join(ENGLISH.values()), tuple(ENGLISH)),
        (",".join(CHINESE.values()), tuple(CHINESE)),
    ],
)
def test_columns_have_the_names_of_headers_and_conditions(
    text: str, names: tuple[str, ...]
) -> None:
    assert parse_columns(text).names == names


def names_told(problem: InvalidInputError, before: str) -> list[str]:
    """Return the Chinese names that a sentence lists behind a word."""
    told = renderer_for("zh").sentence(problem)
    return told.split(before)[1].split("，或")[0].split("、")


def test_an_unknown_name_is_answered_with_the_names_in_the_readers_language() -> None:
    with pytest.raises(InvalidInputError) as column:
        parse_columns("颜色")
    named = names_told(column.value, "可用：")
    assert {parse_columns(name).names[0] for name in named} == set(KNOWN_COLUMNS)
    assert "nickname" in renderer_for("en").sentence(column.value)
    reader = ConditionReader(now=datetime.now(UTC), zone=ZoneInfo("UTC"), read_list=None)
    for text, before in (("颜色>1", "可用："), ("颜色", "字段：")):
        with pytest.raises(InvalidInputError) as field:
            reader.condition(text)
        assert names_told(field.value, before) == list(field_names("zh"))
    assert [field_named(name) for name in field_names("en")] == list(Field)
    assert {field_named(name) for name in field_names("zh")} == set(Field)


def test_a_manifest_tells_what_is_in_the_file(filled: App) -> None:
    export(filled)
    [segment] = segments_of(filled)
    path = filled.crawling.segment_files.locate(segment.file_path)
    content = path.read_bytes()
    assert json.loads(manifest_path(path).read_text("utf-8")) == {
        "segment": 1,
        "file": path.name,
        "platform": "bilibili",
        "domain": DOMAIN,
        "quota_day": "2026-11-22",
        "account": "acc1",
        "format": "csv",
        "columns": list(DEFAULT_COLUMNS),
        "headers": list(DEFAULT_COLUMNS),
        "rows": 3,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_sha256": hashlib.sha256(content).hexdigest(),
    }


@FAST
@given(st.text(max_size=200))
def test_a_safe_name_is_one_part_of_a_path_everywhere(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    name = safe_name(text)
    assert name and name not in (".", "..") and len(name.encode()) <= 255
    assert not set('/\\:*?"<>|\x00\n') & set(name)
    assert Path(name).name == name
