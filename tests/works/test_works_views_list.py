"""views.json as the catalogue writes it, and as people and accidents leave it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import DamagedFileError
from tests.support.messages import english, raises_saying
from tests.support.works.views_fixtures import entry
from works.hourly.input_list import read_views_list

BV = "BV17x411w7KC"  # av170001


def written(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    path = tmp_path / "views.json"
    path.write_text(json.dumps({"works": entries}, ensure_ascii=False), encoding="utf-8")
    return path


def test_valid_works_of_bilibili_are_taken_once_in_their_order(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        entry("BV1GJ411x7h7", title="二"),
        entry(BV, title=None),
        entry("av170001", title="again"),
        entry("BV1xx411c7mD", is_valid=False),
        entry("dQw4w9WgXcQ", platform="youtube"),
        entry("x", platform="douyin", is_valid=False),
    )
    found = read_views_list(path)
    assert [(one.work_id, one.title) for one in found.works] == [("BV1GJ411x7h7", "二"), (BV, "")]
    assert (found.wrong, found.skipped, found.repeated) == ((), 1, 1)


@pytest.mark.parametrize(
    "text", ["av170001", "AV170001", "170001", "bv17x411w7KC", "17x411w7KC", f" {BV} "]
)
def test_other_spellings_are_one_work(tmp_path: Path, text: str) -> None:
    assert [one.work_id for one in read_views_list(written(tmp_path, entry(text))).works] == [BV]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("17x411w7K", "no video id"),
        ("17x411w7Kl", "no video id"),
        ("BV17x411w7K", "no video id"),
        ("", "no video id"),
        ("1.7e5", "rounded"),
        ("https://b23.tv/abcdefg", "short link"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "youtube"),
    ],
)
def test_what_names_no_video_is_kept_with_its_reason(tmp_path: Path, text: str, says: str) -> None:
    found = read_views_list(written(tmp_path, entry(text), entry(text), entry(BV)))
    assert [one.work_id for one in found.works] == [BV]
    assert [one.work_id for one in found.wrong] == [text]
    assert says in english(found.wrong[0].error)
    assert found.repeated == 1


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"works": [{"platform": "bili', "line 1"),
        (b"[]", "should be an object"),
        (b'{"works": {}}', "works: "),
        (b'{"export_time": "x"}', "works: Field required"),
        (
            b'{"works": [{"platform": "bilibili", "work_id": 5, "title": "", "is_valid": true}]}',
            r"works\[0\].work_id: .*got 5",
        ),
        (b'{"works": [\xff]}', "Invalid JSON"),
    ],
)
def test_a_damaged_list_is_refused_with_the_place(
    tmp_path: Path, content: bytes, place: str
) -> None:
    path = tmp_path / "views.json"
    path.write_bytes(content)
    with raises_saying(DamagedFileError, place) as caught:
        read_views_list(path)
    assert str(path) in english(caught.value)
    assert "views --export-only" in english(caught.value)
    assert path.read_bytes() == content


def test_a_list_written_by_hand_may_leave_out_what_has_a_default(tmp_path: Path) -> None:
    found = read_views_list(
        written(tmp_path, {"work_id": BV}, {"work_id": "x", "platform": "douyin"}, {"work_id": ""})
    )
    assert [(one.work_id, one.title) for one in found.works] == [(BV, "")]
    assert (found.skipped, len(found.wrong), found.problems) == (1, 1, ())


def test_a_wrong_entry_of_a_list_is_left_out_with_its_place(tmp_path: Path) -> None:
    wrong: list[Any] = [{"title": "no id"}, entry(BV, is_valid="perhaps"), [], entry(7)]  # type: ignore[arg-type]
    found = read_views_list(written(tmp_path, entry(BV), *wrong))
    assert [one.work_id for one in found.works] == [BV]
    told = [english(problem) for problem in found.problems]
    for place, text in enumerate(told, start=1):
        assert f"works[{place}]" in text, text
    assert len(told) == len(wrong)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with raises_saying(DamagedFileError, "is not there; write it again with"):
        read_views_list(tmp_path / "views.json")


def test_a_mark_in_front_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, entry(BV))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_views_list(path).works) == 1
