"""Files of works: the shapes that come, and what is wrong with them, by file and line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInputError
from sources.links import ShortLink
from tests.support.messages import english, raises_saying
from works.catalogue.entries import WorkEntry
from works.catalogue.import_files import WorkRows, parse_works, read_works

BV, OTHER, AV = "BV1GJ411x7h7", "BV1xx411c7mD", "BV1xx411c7mD"
ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 5, 1, 4, 30, tzinfo=UTC)


def parse(text: str, platform: str | None = None) -> WorkRows:
    return parse_works(text, "f", platform, ZONE)


def entries(text: str, platform: str | None = None) -> list[WorkEntry]:
    found = parse(text, platform)
    assert found.problems == (), found.problems
    return [row.entry for row in found.good]


ENGLISH = (
    "platform,work_id,title,author,uid,publish_time,cover_url,is_valid\r\n"
    f'bilibili,{BV},"a, ""b""\n c",某人,7,2026-05-01 12:30:00,https://c,true\r\n'
)
CHINESE = (
    "平台,作品ID,标题,作者,作者ID,发布时间,封面,是否有效\n"
    f'B站,{BV},"a, ""b""\n c",某人,7,2026/5/1 12:30,https://c,是\n'
)
WHOLE = WorkEntry(
    platform="bilibili",
    work_id=BV,
    title='a, "b"\n c',
    author="某人",
    uid="7",
    publish_time=NOON,
    cover_url="https://c",
    is_valid=True,
)


@pytest.mark.parametrize(
    "content",
    [
        ENGLISH.encode(),
        ENGLISH.encode("utf-8-sig"),
        CHINESE.encode("gbk"),
        CHINESE.encode(),
        CHINESE.encode("utf-16"),
        CHINESE.replace(",", ";").replace("a;", "a,").encode(),
    ],
    ids=["utf-8", "bom", "gbk", "chinese", "utf-16", "semicolons"],
)
def test_a_csv_as_spreadsheets_and_sites_save_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "works.csv"
    file.write_bytes(content)
    found = read_works(file, None, ZONE)
    assert [row.entry for row in found.good] == [WHOLE]
    assert (found.problems, found.unused) == ((), ())


def test_json_as_an_array_as_views_json_and_as_one_object() -> None:
    work = {
        "platform": "bilibili",
        "work_id": BV,
        "title": 'a, "b"\n c',
        "author": "某人",
        "uid": 7,
        "publish_time": "2026-05-01T12:30:00+08:00",
        "cover_url": "https://c",
        "is_valid": True,
    }
    for document in ([work], {"export_time": "x", "works": [work]}, work):
        assert entries(json.dumps(document)) == [WHOLE]
    assert entries(json.dumps([f"https://www.bilibili.com/video/{BV}", "av2"])) == [
        WorkEntry("bilibili", BV),
        WorkEntry("bilibili", AV),
    ]
    assert entries("[]") == []


@pytest.mark.parametrize(
    ("text", "platform", "expected"),
    [
        ("id\nav2", None, ("bilibili", AV)),
        ("id\n2", "bilibili", ("bilibili", AV)),
        (f"链接\nhttps://m.bilibili.com/video/{BV}?p=2", None, ("bilibili", BV)),
        ("url,id\nhttps://youtu.be/dQw4w9WgXcQ,17", None, ("youtube", "dQw4w9WgXcQ")),
        ("平台,作品ID\n抖音,7301234567890123456", None, ("douyin", "7301234567890123456")),
        ("work_id\n看看【标题】 https://b23.tv/BV1GJ411x7h7 吧", None, ("bilibili", BV)),
    ],
)
def test_the_id_in_all_its_spellings(text, platform, expected) -> None:
    (entry,) = entries(text, platform)
    assert entry.key == expected


def test_a_short_link_keeps_its_row_until_somebody_asks() -> None:
    (row,) = parse("link,title\nhttps://b23.tv/abcdefg,短\n").good
    assert row.link == ShortLink("bilibili", "https://b23.tv/abcdefg")
    assert (row.entry.work_id, row.entry.title) == ("", "短")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T12:30:00+08:00", NOON),
        ("2026-05-01T04:30:00Z", NOON),
        ("2026-05-01 12:30", NOON),
        ("2026年5月1日 12:30", NOON),
        ("2026/05/01 12:30:00", NOON),
        ("1777609800", NOON),
        ("2026-05-01", datetime(2026, 4, 30, 16, tzinfo=UTC)),
        ("", None),
    ],
)
def test_publish_times(text, moment) -> None:
    assert entries(f"id,发布时间\n{BV},{text}")[0].publish_time == moment


BAD_LINES = {
    "": "neither an id nor a link",
    "hello": "neither a link nor an id",
    "1GJ411x7h7": f"did you mean {BV}",
    "BV1GJ411x0h7": "no video id of bilibili",
    "https://www.bilibili.com/read/cv1": "not of a video",
    "https://example.com/x": "belongs to no known platform",
    "7.30123E+18": "spreadsheet has rounded",
    f"{BV},x,,抖": "unknown platform",
    f"{BV},x,,youtube": "no video id of youtube",
    f"{BV},a,,,,b": "more cells than the first line",
    f'"{BV}"x,a': "is a quote missing",
}


@pytest.mark.parametrize(("line", "reason"), BAD_LINES.items())
def test_a_wrong_line_is_named_and_the_others_are_read(line: str, reason: str) -> None:
    found = parse(f"作品ID,标题,发布时间,平台,是否有效\n{OTHER},good\n{line or ',x'}\n{BV},good\n")
    assert [row.entry.work_id for row in found.good] == [OTHER, BV]
    problem = english(*found.problems)
    assert problem.startswith("f, line 3: ") and reason in problem


WRONG_CELLS = {
    "x,2026-02-30": ("publish_time is '2026-02-30'", {"title": "x"}),
    "x,0000-00-00 00:00:00": ("publish_time is '0000-00-00", {"title": "x"}),
    "x,1960-01-01": ("publish time 19", {"title": "x"}),
    "x,,,maybe": ("is_valid is 'maybe'", {"title": "x"}),
    f"{'x' * 513},2026-05-01 12:30": ("title is longer", {"publish_time": NOON}),
}


@pytest.mark.parametrize(("line", "expected"), WRONG_CELLS.items())
def test_a_wrong_optional_cell_costs_the_cell_and_is_told(line, expected) -> None:
    told, kept = expected
    found = parse(f"作品ID,标题,发布时间,平台,是否有效\n{BV},{line}\n")
    assert [row.entry for row in found.good] == [WorkEntry("bilibili", BV, **kept)]
    assert found.problems == ()
    note = english(*found.notes)
    assert note.startswith("f, line 2: ") and told in note and "cell was left out" in note


def test_a_wrong_item_is_named_and_the_others_are_read() -> None:
    found = parse(json.dumps([BV, 3, {"work_id": 7.3e18}, {"work_id": [BV]}, {"title": "x"}, None]))
    assert len(found.good) == 1
    assert [english(problem).split(":")[0] for problem in found.problems] == [
        f"f, item {number}" for number in (2, 3, 4, 5, 6)
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "f is empty"),
        (" \n", "f is empty"),
        ('{"works": [{"work_id"', "line 1, column 22"),
        ('[{"work_id": "x"}', "is it whole"),
        ("{}", "an array of works"),
        ("hello\nworld\n", "first line must name the columns"),
        ("id,title,Title\n", "names the column 'Title' twice"),
        ("<html><body>id", "a web page, no list"),
        ("[" * 100_000, "no JSON"),
        ('"hello', "line 1"),
        ("title,author\na,b\n", "it says 'title,author'"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_place(text: str, reason: str) -> None:
    with raises_saying(InvalidInputError, reason):
        parse(text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInputError, match=r"file_not_readable: .*none\.csv, detail=No such file"
    ):
        read_works(tmp_path / "none.csv", None, ZONE)
    with pytest.raises(InvalidInputError, match="Is a directory"):
        read_works(tmp_path, None, ZONE)
    odd = tmp_path / "odd.csv"
    odd.write_bytes(b"id\n\xff\xff\xff")
    with pytest.raises(InvalidInputError, match="text_encoding_unknown"):
        read_works(odd, None, ZONE)


def test_columns_without_a_meaning_are_named() -> None:
    assert parse(f"id,titel,价格\n{BV},a,b").unused == ("titel", "价格")
