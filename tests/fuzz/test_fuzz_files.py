"""Files of all readers, spoilt anywhere: what is wrong is told, and nothing else is changed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.errors import BatonError, DamagedFileError, InvalidInputError, WrongFieldError
from core.tabular.table import parse_table, read_table
from distribution.intake.item_files import ItemFile, ItemKind
from distribution.intake.validation import read_completion, read_drama, read_user
from sources.text import storable
from tests.support.fuzz.fuzz_effort import effort
from tests.support.messages import english
from works.catalogue.import_files import works_in
from works.hour_data.data_file import checked_report, video_id
from works.hour_data.hours import Hour
from works.hour_data.report import COUNTER_KEYS, SHAPE
from works.hourly.input_list import read_views_list

HOUR = Hour.parse("2026-02-06", "14")
NOW = datetime(2026, 2, 6, 14, tzinfo=UTC)
BVS = ("BV17x411w7KC", "17x411w7KC", "BV1GJ411x7h7", "BV1xx411c7mD", "av2", "x")
JUNK: list[Any] = [
    *(None, True, False, -1, 0, 1.5, 2**63, 10**30, float("nan"), "", " ", "7", "1,200", "1.2万"),
    *("x\ud83d", "长" * 600, "\x00", "0000-00-00 00:00:00", [], {}, [[]], {"a": 1}, "\u202e", "无"),
]
# Real shapes: the documented data file, the list, and the site's items.
ENTRY = {
    "platform": "bilibili",
    "work_id": "BV17x411w7KC",
    "title": "视频标题",
    "crawl_time": "2026-02-06T14:30:00.123456",
    **dict.fromkeys(COUNTER_KEYS, 7),
    "status": "success",
}
FAILED = {"work_id": "BV1GJ411x7h7", "error": "视频不存在或已删除", "status": "failed"}
REPORT = {
    "session_id": "crawl_20260206143000",
    "crawl_time": "2026-02-06T14:30:00",
    "crawl_hour": "14",
    "total_count": 2,
    "success_count": 1,
    "fail_count": 1,
}
WORK = {
    "platform": "bilibili",
    "work_id": "BV17x411w7KC",
    "title": "视频标题",
    "author": "作者名",
    "publish_time": "2024-01-15T20:00:00",
    "cover_url": "https://i0.example/x.jpg",
    "is_valid": True,
}
DRAMA = {
    "task_id": "t1",
    "project_id": "550e8400-e29b-41d4-a716-446655440000",
    "title": "第一集",
    "duration": 30,
    "video_url": "https://youtu.be/dQw4w9WgXcQ",
    "status": "active",
    "callback_url": "https://settle.example/callback",
}
USER = {"user_id": "u1", "name": "一", "agent_node": "north"}
POSTED = {
    "task_id": "t1",
    "user_id": "u1",
    "submission_link": "https://youtu.be/dQw4w9WgXcQ",
    "platform": "youtube",
    "completed_at": "2026-02-05 12:00:00",
    "verification_details": {"view_count": 7, "like_count": "3"},
}


@st.composite
def spoilt(draw: st.DrawFn, shape: dict[str, Any]) -> dict[str, Any]:
    """A shape in which some values are junk, some are missing, and some are there twice over."""
    found = dict(shape)
    for name in draw(st.lists(st.sampled_from(sorted(shape)), max_size=3, unique=True)):
        found[name] = draw(st.sampled_from(JUNK))
    for name in draw(st.lists(st.sampled_from(sorted(shape)), max_size=2, unique=True)):
        found.pop(name, None)
    if "work_id" in found and draw(st.booleans()):
        found["work_id"] = draw(st.sampled_from(BVS))
    if draw(st.integers(0, 5)) == 0:
        found[draw(st.sampled_from(["unknown", "", "标题", "work_id "]))] = draw(
            st.sampled_from(JUNK)
        )
    return found


def entries(shape: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(spoilt(shape), spoilt(shape), st.sampled_from(JUNK)), max_size=4)


@st.composite
def cut(draw: st.DrawFn, text: str) -> bytes:
    """The bytes of a text, here and there with some of them lost, doubled or turned over."""
    content = bytearray(
        text.encode(draw(st.sampled_from(["utf-8", "utf-16", "gb18030"])), "replace")
    )
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        spoil = draw(st.sampled_from(["cut", "lose", "turn", "double"]))
        if spoil == "cut":
            del content[place:]
        elif spoil == "lose":
            del content[place : place + draw(st.integers(1, 9))]
        elif spoil == "double":
            content[place:place] = content[place : place + 9]
        elif content:
            content[place] = draw(st.integers(0, 255))
    return bytes(content)


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@effort(200)
@given(spoilt(REPORT), entries(ENTRY), entries(FAILED))
def test_an_entry_of_a_data_file_comes_in_as_it_stands_or_is_told(
    head: dict[str, Any], data: list[Any], errors: list[Any]
) -> None:
    content = json.dumps(head | {"data": data, "errors": errors}).encode()
    try:
        found = checked_report(content, Path("x.json"), HOUR)
    except DamagedFileError:
        assert head.get("crawl_hour") not in (None, "14"), "only another hour refuses a whole file"
        return
    SHAPE.validate_python(found.report)
    told = [english(problem) for problem in found.problems]
    lost = sum("data[" in text for text in told)
    assert len(found.report["data"]) + lost >= len(data), "what is left out is told"
    for entry in found.report["data"]:
        same = [one for one in data if isinstance(one, dict) and _is_the_same(one, entry)]
        assert same, (entry, data)


def _is_the_same(item: dict[str, Any], read: Any) -> bool:
    work_id, title = item.get("work_id"), item.get("title")
    if not isinstance(work_id, str) or read["work_id"] not in (work_id, video_id(work_id)):
        return False
    counters = all(item.get(name) == read[name] for name in COUNTER_KEYS)
    return counters and isinstance(title, str | None) and storable(title or "") == read["title"]


@effort(150)
@given(entries(WORK))
def test_a_list_of_works_is_read_or_told_entry_by_entry(works: list[Any]) -> None:
    text = json.dumps({"works": works})
    read = works_in(text.encode(), "x.json", "bilibili", UTC)
    assert len(read.good) + len(read.problems) == len(works)
    for row in read.good:
        told = [note for note in read.notes if note.params.get("place") == row.place]
        item = works[row.place.params["item"] - 1]
        title = item.get("title") if isinstance(item, dict) else None
        if isinstance(title, str) and not told:
            assert (row.entry.title or "") == storable(title).strip()


@effort(100)
@given(entries(WORK))
def test_the_list_of_the_hourly_crawl_counts_every_entry(works: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "views.json"
        path.write_text(json.dumps({"works": works}))
        with suppress(DamagedFileError):
            found = read_views_list(path)
            wanted = [one for one in works if isinstance(one, dict) and one.get("is_valid", True)]
            read = len(found.works) + len(found.wrong) + found.skipped + found.repeated
            assert read <= len(works)
            assert read + len(found.problems) >= len(wanted)


def _texts(item: Any, names: tuple[str, ...], read: Callable[[str], Any], lost: list[str]) -> None:
    """Assert that what was read of an item's texts is what stands there."""
    for name in names:
        value = item.get(name)
        if name not in lost and isinstance(value, str):
            assert (read(name) or "") == storable(value).strip(), name


@effort(200)
@given(spoilt(DRAMA), spoilt(USER), spoilt(POSTED))
def test_a_field_of_an_item_is_stored_as_it_stands_or_told(
    drama: dict[str, Any], user: dict[str, Any], posted: dict[str, Any]
) -> None:
    lost: list[WrongFieldError] = []
    with suppress(WrongFieldError):
        form = read_drama(drama, lost)
        named = [one.field for one in lost]
        _texts(drama, ("title", "callback_url", "video_url"), form.changes.get, named)
        if is_number(drama.get("duration")) and "duration" not in named:
            assert form.changes["duration"] == drama["duration"]
    lost = []
    with suppress(WrongFieldError):
        known = read_user(user, lost)
        _texts(user, ("name", "agent_node"), lambda n: getattr(known, n), [o.field for o in lost])
    lost = []
    with suppress(WrongFieldError):
        done = read_completion(posted, NOW, UTC, lost)
        named = [one.field for one in lost]
        details = posted.get("verification_details")
        kept = json.loads(done.details or "{}")
        assert isinstance(details, dict) is bool(done.details) or named or not details
        assert all(kept[key] == details[key] for key in kept)
        if "completed_at" not in posted or posted["completed_at"] in (None, ""):
            assert done.completed_at == NOW


HEADS = {
    ItemKind.DRAMAS: "task_id,project_id,title,duration,video_url",
    ItemKind.USERS: "user_id,name,agent_node",
    ItemKind.COMPLETIONS: "task_id,user_id,submission_link,view_count,completed_at",
}
CELLS = st.sampled_from(
    ["t1", "第一集", "4,000", '"a,b"', '"', "", "1.2e9", "2026/1/2 3:04", "-", "\x00", "=1+1", "\r"]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[ItemKind, bytes]:
    kind = draw(st.sampled_from(list(ItemKind)))
    rows = draw(st.lists(st.lists(CELLS, min_size=1, max_size=7).map(",".join), max_size=4))
    return kind, draw(cut("\n".join([HEADS[kind], *rows])))


@effort(300)
@given(tables())
def test_no_spoilt_list_ends_in_another_error_than_ours(given_: tuple[ItemKind, bytes]) -> None:
    kind, content = given_
    with suppress(InvalidInputError):
        items = ItemFile(content=content, name="list.csv", kind=kind)
        found = list(items)
        assert len(found) == len(items.places)
        for item in found:
            if isinstance(item, dict):
                with suppress(WrongFieldError):
                    {
                        ItemKind.DRAMAS: lambda item: read_drama(item, []),
                        ItemKind.USERS: lambda item: read_user(item, []),
                        ItemKind.COMPLETIONS: lambda item: read_completion(item, NOW, UTC, []),
                    }[kind](item)
    with suppress(InvalidInputError):
        works_in(content, "list.csv", None, UTC)
    with suppress(InvalidInputError):
        read_table(content, "list.csv", {"a": ("a", "task_id", "user_id")})


@effort(200)
@given(cut(json.dumps(REPORT | {"data": [ENTRY], "errors": [FAILED]}, ensure_ascii=False)))
def test_no_spoilt_byte_of_a_data_file_ends_in_another_error_than_ours(content: bytes) -> None:
    with suppress(BatonError):
        checked_report(content, Path("x.json"), HOUR)
    with suppress(BatonError):
        works_in(content, "x.json", "bilibili", UTC)


@effort(150)
@given(st.lists(st.text("ab中 \"',;\t|\n", max_size=6), min_size=2, max_size=6))
def test_a_quoted_cell_comes_back_as_it_was(cells: list[str]) -> None:
    head = [f"c{number}" for number in range(len(cells))]
    for delimiter in (",", ";", "\t", "|"):
        quoted = delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)
        table = parse_table(f"{delimiter.join(head)}\n{quoted}\n", "x", {h: (h,) for h in head})
        found = table.rows[0].cells if table.rows else {}
        wanted = {h: cell.strip() for h, cell in zip(head, cells, strict=True) if cell.strip()}
        assert {name: cell.replace("\r\n", "\n") for name, cell in found.items()} == wanted
