"""The one reader of lists: delimiters, headers, encodings, workbooks, and what is no list."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.plain_text import decoded, read_text
from core.tabular.cells import is_nothing, whole_number
from core.tabular.table import Table, parse_table, read_table
from tests.support.messages import english, raises_saying

COLUMNS = {
    "name": ("name", "username", "账号"),
    "link": ("link", "video_url", "链接"),
    "limit": ("limit", "daily_limit", "每日上限"),
}
PLAIN = "name,link,limit\none,https://a/?x=1;y=2,4000\ntwo,,\n"
ROWS = [{"name": "one", "link": "https://a/?x=1;y=2", "limit": "4000"}, {"name": "two"}]


def cells(table: Table) -> list[dict[str, str]]:
    assert all(row.problem is None for row in table.rows), table
    return [dict(row.cells) for row in table.rows]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", "，"),
        PLAIN.replace(",", "；"),
        'name;link;limit\none;"https://a/?x=1;y=2";4000\ntwo;;\n',
        "sep=;\n" + 'name;link;limit\none;"https://a/?x=1;y=2";4000\ntwo;;\n',
        "\ufeff" + PLAIN,
        "\r\n\r\n" + PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("name,link,limit", " 账号 ,Video URL,每日上限"),
        PLAIN.replace("name,link,limit", "UserName,video-url,ＤＡＩＬＹ＿ＬＩＭＩＴ"),
        PLAIN.replace("\ntwo", "\n,,\n   \n , , \ntwo"),
        PLAIN.replace("two,,", "two,,,,,\nname,link,limit"),
        PLAIN.replace("one,https://a/?x=1;y=2", 'one, "https://a/?x=1;y=2"'),
    ],
)
def test_a_list_is_read_as_people_save_it(text: str) -> None:
    assert cells(parse_table(text, "f", COLUMNS)) == ROWS


def test_lines_are_counted_as_an_editor_shows_them() -> None:
    text = '\n\nsep=,\nname,link\none,"a\nb"\n\nbad,x,y\ntwo,c\n'
    lines = [row.line for row in parse_table(text, "f", COLUMNS).rows]
    assert lines == [6, 8, 9]


def test_unknown_columns_are_named_and_left_out() -> None:
    table = parse_table("name,备注,Note\none,x,y\n", "f", COLUMNS)
    assert (table.unused, cells(table)) == (("Note", "备注"), [{"name": "one"}])


def test_a_repeated_header_is_left_out_and_told() -> None:
    table = parse_table("name,link\none,a\nname,link\ntwo,b\n", "f", COLUMNS)
    assert [row.cells["name"] for row in table.rows] == ["one", "two"]
    assert "line 3 repeats the first line" in english(*table.notes)


def test_a_row_that_cannot_be_read_costs_that_row_only() -> None:
    table = parse_table('name,link\n"a"b,c\none,a\ntoo,many,cells\ntwo,b\n', "f", COLUMNS)
    assert [row.problem and row.problem.message.code for row in table.rows] == [
        "csv_damaged",
        None,
        "too_many_cells",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "f is empty"),
        ("\n \n", "f is empty"),
        (",,\n,\n", "f is empty"),
        ("name,link,NAME\n", "names the column 'NAME' twice"),
        ("<!doctype html>\n<html>", "a web page, no list"),
        ('"name,link\n', "f, line 1: .*quote"),
    ],
)
def test_what_is_no_list_is_told_with_what_to_do(text: str, reason: str) -> None:
    with raises_saying(InvalidInputError, reason):
        parse_table(text, "f", COLUMNS)


TRADITIONAL = "name,備註\n小紅,這是一個測試帳號的說明文字\n"
SIMPLIFIED = "name,备注\n小红,这是一个测试账号的说明文字\n"


@pytest.mark.parametrize(
    ("text", "codec", "encoding"),
    [
        (SIMPLIFIED, "utf-8", "UTF-8"),
        (SIMPLIFIED, "utf-8-sig", "UTF-8"),
        (SIMPLIFIED, "utf-16", "UTF-16"),
        (PLAIN, "utf-16-le", "UTF-16"),
        (PLAIN, "utf-16-be", "UTF-16"),
        (SIMPLIFIED, "utf-32", "UTF-32"),
        (SIMPLIFIED, "gbk", "GB18030"),
        (SIMPLIFIED.replace("小红", "𠮷"), "gb18030", "GB18030"),
        (TRADITIONAL, "big5", "Big5"),
        (TRADITIONAL, "gbk", "GB18030"),
    ],
)
def test_the_encoding_is_found_out_and_told_unless_it_is_utf_8(
    text: str, codec: str, encoding: str
) -> None:
    found = decoded(text.encode(codec), "f")
    assert (found.text, found.encoding) == (text, encoding)
    notes = read_table(text.encode(codec), "f", COLUMNS).notes
    told = [] if encoding == "UTF-8" else [f"read as {encoding} text"]
    assert [english(note) for note in notes] == told


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04rest", "ZIP"),
        (b"SQLite format 3\x00rest", "SQLite"),
        (b"\x1f\x8brest", "gzip"),
        (b"\x89PNGrest", "PNG"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_other_kinds_of_files_are_named(content: bytes, kind: str) -> None:
    with raises_saying(InvalidInputError, f"f is a {kind} file, no text; unpack it, or export"):
        read_table(content, "f", COLUMNS)


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "big.csv"
    with file.open("wb") as stream:
        stream.truncate(200_000_000)
    with raises_saying(InvalidInputError, "larger than 100 MB; split it"):
        read_text(file)


@pytest.mark.parametrize(
    ("text", "number"),
    [("4000", 4000), ("4,000", 4000), ("4000.0", 4000), (" ４０００ ", 4000), ("0", 0)],
)
def test_whole_numbers_as_spreadsheets_write_them(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "4.5", "4,00", "-1", "1e3", "many", "4 000 x", "9" * 5000])
def test_other_cells_are_no_whole_numbers(text: str) -> None:
    with pytest.raises(InvalidInputError):
        whole_number(text)


def test_words_for_nothing() -> None:
    assert all(is_nothing(word) for word in ("", " - ", "None", "无", "N/A"))
    assert not is_nothing("direct")


def workbook(*sheets: list[list[object]]) -> bytes:
    """Return an .xlsx with those sheets, as Excel writes it."""
    names = [f"sheet{number}" for number, _ in enumerate(sheets, start=1)]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    links = "".join(
        f'<Relationship Id="r{number}" Type="{office}/worksheet" Target="worksheets/{name}.xml"/>'
        for number, name in enumerate(names, start=1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}'
        "</Relationships>",
    }
    for name, rows in zip(names, sheets, strict=True):
        body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/{name}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
        )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return content.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def test_a_workbook_is_a_list() -> None:
    pytest.importorskip("python_calamine")
    rows = [
        ["账号", "链接", "每日上限", "备注"],
        ["one", "https://a/?x=1;y=2", 4000, 1.5],
        ["", "", ""],
    ]
    table = read_table(workbook([], [*rows, ["two"]], [["other"]]), "f.xlsx", COLUMNS)
    assert cells(table) == ROWS
    assert table.unused == ("备注",)
    assert "sheet2 was read; the others were not: sheet1, sheet3" in english(*table.notes)


def test_a_number_that_excel_has_rounded_is_no_id() -> None:
    pytest.importorskip("python_calamine")
    table = read_table(workbook([["name"], [7301234567890123456.0]]), "f", COLUMNS)
    (row,) = table.rows
    with raises_saying(InvalidInputError, "rounded"):
        whole_number(row.cells["name"])


def test_a_damaged_workbook_is_told() -> None:
    pytest.importorskip("python_calamine")
    content = workbook([["name"], ["one"]])
    for damaged in (content.replace(b"sheetData", b"sheetDat<"), content[:-40]):
        with pytest.raises(InvalidInputError):
            read_table(damaged, "f.xlsx", COLUMNS)


def test_without_the_library_a_workbook_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with raises_saying(InvalidInputError, "pip install python-calamine; install it, or save"):
        read_table(workbook([["name"]]), "f.xlsx", COLUMNS)


@pytest.mark.parametrize(("cell", "read"), [('"o""ne"', 'o"ne'), ('o""ne', 'o""ne')])
def test_a_quote_twice_is_one_within_quotes_only(cell: str, read: str) -> None:
    [row] = parse_table(f"name,link\n{cell},x\n", "f", COLUMNS).rows
    assert row.cells["name"] == read


PIECES = ["\n", "\r", ",", ";", "\t", '"', "\0", "，", " ", "=", "\ufeff", "one", "name", "\ud83d"]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(PIECES), st.integers(0, 3)), max_size=4)
)
def test_a_spoilt_list_is_read_or_refused_and_no_cell_is_altered(
    damage: list[tuple[int, str, int]],
) -> None:
    text = PLAIN
    for spot, piece, cut in damage:
        text = text[:spot] + piece + text[spot + cut :]
    try:
        table = parse_table(text, "f", COLUMNS)
    except InvalidInputError as error:
        assert english(error)
        return
    # A quote twice is one within quotes, and two in a cell that has none around it.
    unmarked = str.maketrans("", "", '\r\n"')
    for row in table.rows:
        for cell in row.cells.values():
            is_told = row.problem is not None
            assert is_told or cell.translate(unmarked) in text.translate(unmarked)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for start in (b"", b"name,link\n", b"PK\x03\x04", b"\xff\xfe", b"\xd0\xcf\x11\xe0"):
        try:
            read_table(start + content, "f", COLUMNS)
        except InvalidInputError as error:
            assert english(error)
