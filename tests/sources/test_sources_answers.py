"""Answers that the sandbox cannot give: the other codes, statuses and shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.attribution import Scope
from core.errors import (
    AccountBannedError,
    BadRequestError,
    EmptyPageError,
    ItemUnavailableError,
    LoginExpiredError,
    NotFoundError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)
from sources.base import Via
from sources.bilibili.search import MAX_LEVELS
from tests.sources.conftest import Visitor
from tests.support.sources.sources_servers import (
    FINGER,
    NAV,
    SEARCH,
    Said,
    ScriptedPlatform,
    says,
    says_page,
)

CODES = {
    -101: LoginExpiredError,
    -102: AccountBannedError,
    -111: BadRequestError,
    -352: RiskControlError,
    -400: BadRequestError,
    -401: RiskControlError,
    -403: RiskControlError,
    -404: UnexpectedResponseError,  # no item is named: the path itself is gone
    -412: RiskControlError,
    -500: RetryableError,
    -503: RetryableError,
    -504: RetryableError,
    -509: ThrottledError,
    -626: NotFoundError,
    -799: ThrottledError,
    -1200: BadRequestError,
    -8888: RetryableError,
    62002: NotFoundError,
    62003: ItemUnavailableError,
    62004: ItemUnavailableError,
    62012: NotFoundError,
}
STATUSES = {
    301: LoginExpiredError,
    302: LoginExpiredError,
    400: BadRequestError,
    401: RiskControlError,
    403: RiskControlError,
    404: UnexpectedResponseError,
    412: RiskControlError,
    429: ThrottledError,
    500: RetryableError,
    504: RetryableError,
    599: RetryableError,
}
USER = {"mid": 1, "uname": "甲", "usign": "", "fans": 3, "videos": 1}


@pytest.fixture
def visitor(scripted: ScriptedPlatform, enter: Callable[..., Visitor]) -> Visitor:
    return enter(scripted.url)


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_each_code_has_its_reaction(
    scripted: ScriptedPlatform, visitor: Visitor, code: int, kind: type[SourceError]
) -> None:
    scripted.on_search(says(code, message="说明"))
    error = _refused(visitor)
    assert type(error) is kind
    assert "说明" in str(error)
    assert error.evidence is not None
    assert error.evidence.code == code
    assert not getattr(error, "damaged", False)
    assert error.verdict is not None
    assert (error.verdict.scope is Scope.EGRESS) is (code == -412)


def test_an_unknown_code_is_unexpected(scripted: ScriptedPlatform, visitor: Visitor) -> None:
    scripted.on_search(says(-31337))
    error = _refused(visitor)
    assert isinstance(error, UnexpectedResponseError)
    assert error.verdict is not None
    assert not error.verdict.known


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_each_status_has_its_reaction(
    scripted: ScriptedPlatform, visitor: Visitor, status: int, kind: type[SourceError]
) -> None:
    scripted.on_search(Said(b"<html>what it says</html>", status))
    error = _refused(visitor)
    assert type(error) is kind
    assert error.evidence is not None
    assert error.evidence.http_status == status
    assert "what it says" in error.evidence.body


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(
    scripted: ScriptedPlatform, visitor: Visitor, status: int
) -> None:
    scripted.on("/elsewhere", says_page(USER))
    scripted.on_search(Said(b"", status, (("Location", f"{scripted.url}/elsewhere"),)))
    _refused(visitor)
    assert scripted.times("/elsewhere") == 0


@pytest.mark.parametrize(
    ("header", "secs"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (None, None),
        ("soon", None),
        ("Sun Nov 22 04:01:00 2026", 60.0),
        ("Fri, 31 Dec 9999 23:59:59 -0100", 86_400.0),
        ("-5", None),
        ("\u00b2", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured_when_it_is_legal(
    scripted: ScriptedPlatform, visitor: Visitor, header: str | None, secs: float | None
) -> None:
    headers = () if header is None else (("Retry-After", header),)
    scripted.on_search(Said(b"", 429, headers))
    error = _refused(visitor)
    assert isinstance(error, ThrottledError)
    assert error.retry_after_secs == secs


DAMAGED_BODIES = {
    "no JSON": b"<html></html>",
    "half": b'{"code":0,"data":{"numPages":1',
    "nothing": b"",
    "list": b"[]",
    "string": b'"0"',
    "null": b"null",
    "no code": b'{"data":{}}',
    "code is text": b'{"code":"0","data":{"numPages":0}}',
    "code is null": b'{"code":null,"data":{"numPages":0}}',
    "code is a bool": b'{"code":false,"data":{"numPages":0}}',
    "code is a fraction": b'{"code":0.0,"data":{"numPages":0}}',
    "not UTF-8": b'{"code":0,"data":"\xff\xfe\xfd"}',
    "data is a list": b'{"code":0,"data":[1]}',
    "data is text": b'{"code":0,"data":"x"}',
    "very deep": b'{"code":0,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "very long number": b'{"code":0,"data":{"numPages":' + b"9" * 5_000 + b"}}",
}


@pytest.mark.parametrize("body", DAMAGED_BODIES.values(), ids=DAMAGED_BODIES)
def test_a_body_that_is_not_understood_is_damage(
    scripted: ScriptedPlatform, visitor: Visitor, body: bytes
) -> None:
    scripted.on_search(Said(body))
    error = _refused(visitor)
    assert isinstance(error, RetryableError)
    assert error.damaged
    assert error.evidence is not None


@pytest.mark.parametrize("pages", [None, -1, "5", True, False, 5.0, [5], {}])
def test_num_pages_must_be_a_count(
    scripted: ScriptedPlatform, visitor: Visitor, pages: object
) -> None:
    scripted.on_search(says_page(USER, pages=pages))
    error = _refused(visitor)
    assert isinstance(error, RetryableError)
    assert error.damaged


def test_num_pages_may_not_be_missing(scripted: ScriptedPlatform, visitor: Visitor) -> None:
    scripted.on_search(says(0, {"result": [USER]}))
    assert isinstance(_refused(visitor), RetryableError)


@pytest.mark.parametrize("result", [{"result": None}, {"result": []}, {}], ids=["null", "[]", "no"])
def test_a_page_of_the_range_without_result_is_an_empty_page(
    scripted: ScriptedPlatform, visitor: Visitor, result: dict[str, Any]
) -> None:
    scripted.on_search(says(0, {"numPages": 3, **result}))
    for page in (1, 3):
        error = _refused(visitor, page)
        assert isinstance(error, EmptyPageError)
        assert (error.page, error.total) == (page, 3)
        assert error.evidence is not None
        assert "numPages" in error.evidence.body


@pytest.mark.parametrize("result", [{"result": None}, {"result": []}, {}], ids=["null", "[]", "no"])
@pytest.mark.parametrize(("pages", "page"), [(0, 1), (3, 4)])
def test_a_page_behind_the_last_is_empty(
    scripted: ScriptedPlatform, visitor: Visitor, result: dict[str, Any], pages: int, page: int
) -> None:
    scripted.on_search(says(0, {"numPages": pages, **result}))
    got = visitor.search(page)
    assert (got.page, got.total_pages, got.creators, got.rejected) == (page, pages, (), ())


@pytest.mark.parametrize("result", ["[]", "x", {"0": USER}, 7, True])
def test_a_result_must_be_a_list(
    scripted: ScriptedPlatform, visitor: Visitor, result: object
) -> None:
    scripted.on_search(says(0, {"numPages": 1, "result": result}))
    error = _refused(visitor)
    assert isinstance(error, RetryableError)
    assert error.damaged


BAD_ENTRIES = {
    "null": None,
    "list": [1],
    "text": "x",
    "no mid": {"uname": "a"},
    "mid null": {"mid": None, "uname": "a"},
    "mid bool": {"mid": True, "uname": "a"},
    "mid fraction": {"mid": 1.5, "uname": "a"},
    "mid object": {"mid": {"value": 1}, "uname": "a"},
    "mid zero": {"mid": 0, "uname": "a"},
    "mid negative": {"mid": -1, "uname": "a"},
    "mid too long": {"mid": 10**20, "uname": "a"},
    "mid text": {"mid": "abc", "uname": "a"},
    "mid with line end": {"mid": "12\n", "uname": "a"},
    "mid in other digits": {"mid": "1\uff12", "uname": "a"},
    "no name": {"mid": 2},
    "name null": {"mid": 2, "uname": None},
    "name number": {"mid": 2, "uname": 3},
}


@pytest.mark.parametrize("entry", BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_a_bad_entry_is_set_aside(
    scripted: ScriptedPlatform, visitor: Visitor, entry: object
) -> None:
    scripted.on_search(says_page(entry, USER))
    page = visitor.search()
    assert [creator.uid for creator in page.creators] == ["1"]
    assert [rejected.position for rejected in page.rejected] == [0]


def nested(levels: int) -> dict[str, object]:
    """Return an entry that nests `levels` objects."""
    entry: dict[str, object] = {"x": 1}
    for _ in range(levels - 1):
        entry = {"x": entry}
    return {**USER, "mid": levels, "x": entry["x"]}


def test_only_the_entry_that_no_database_takes_is_set_aside(
    scripted: ScriptedPlatform, visitor: Visitor
) -> None:
    scripted.on_search(says_page(nested(MAX_LEVELS), nested(MAX_LEVELS + 1), USER))
    page = visitor.search()
    assert [creator.uid for creator in page.creators] == [str(MAX_LEVELS), "1"]
    assert [rejected.reason.code for rejected in page.rejected] == ["entry_too_deep"]


def test_a_page_of_bad_entries_only_is_damage(scripted: ScriptedPlatform, visitor: Visitor) -> None:
    scripted.on_search(says_page(None, {"mid": "x", "uname": "a"}))
    error = _refused(visitor)
    assert isinstance(error, RetryableError)
    assert error.damaged


def test_ids_may_be_written_as_text(scripted: ScriptedPlatform, visitor: Visitor) -> None:
    scripted.on_search(says_page({**USER, "mid": "3493000000000001"}))
    assert visitor.search().creators[0].uid == "3493000000000001"


def test_a_creator_that_stands_twice_on_a_page_comes_out_once(
    scripted: ScriptedPlatform, visitor: Visitor
) -> None:
    scripted.on_search(says_page(USER, {**USER, "fans": 4}))
    assert len(visitor.search().creators) == 1


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("长" * 10_000, "长" * 10_000),
        ("a\x00b", "a\ufffdb"),
        ("a\ud83db", "a\ufffdb"),
        ("😀", "😀"),
        (' "quoted"\r\n\t', ' "quoted"\r\n\t'),
        ("", ""),
    ],
    ids=["long", "NUL", "lone surrogate", "emoji", "layout", "empty"],
)
def test_names_are_made_storable_and_else_kept(
    scripted: ScriptedPlatform, visitor: Visitor, name: str, stored: str
) -> None:
    scripted.on_search(says_page({**USER, "uname": name, "more": {name: [name]}}))
    creator = visitor.search().creators[0]
    assert creator.nickname == creator.raw["uname"] == stored
    assert creator.raw["more"] == {stored: [stored]}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_raw_data_is_json_that_every_database_takes(
    scripted: ScriptedPlatform, visitor: Visitor, number: str
) -> None:
    body = says_page(USER, {**USER, "mid": 2, "fans": 4711}).body
    scripted.on_search(Said(body.replace(b"4711", number.encode())))
    try:
        page = visitor.search()
    except RetryableError as error:
        assert error.damaged
        return
    for creator in page.creators:
        json.dumps(creator.raw, allow_nan=False)


def test_courses_between_the_videos_are_passed_over(
    scripted: ScriptedPlatform, visitor: Visitor
) -> None:
    title = 'a <em class="keyword">b</em> &amp;'
    video = {"type": "video", "mid": 5, "author": "乙", "title": title, "bvid": "BV1", "pubdate": 1}
    course = {**video, "type": "ketang", "mid": 6, "bvid": "", "pubdate": 0}
    scripted.on_search(says_page(course, video), says_page(course))
    page = visitor.search(via=Via.VIDEOS)
    assert [creator.uid for creator in page.creators] == ["5"]
    assert page.creators[0].raw["video"]["title"] == "a b &"
    assert visitor.search(via=Via.VIDEOS).creators == ()


@pytest.mark.parametrize("said", ["a\ud83d\x00b" + "长" * 100_000, {"a": ["b"]}, 7, None])
def test_what_the_platform_says_is_storable_and_short_in_an_error(
    scripted: ScriptedPlatform, visitor: Visitor, said: object
) -> None:
    scripted.on_search(says(-799, message=said))
    text = str(_refused(visitor))
    text.encode()
    assert "\x00" not in text
    assert len(text) < 2_000


def test_evidence_is_shortened(scripted: ScriptedPlatform, visitor: Visitor) -> None:
    scripted.on_search(Said(b"x" * 1_000_000, 500))
    error = _refused(visitor)
    assert error.evidence is not None
    assert len(error.evidence.body) <= 10_000


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(-352, {"v_voucher": "voucher_1"}), RiskControlError),
        (says(-412), RiskControlError),
        (says(-102), AccountBannedError),
        (says(-799, {"x": 1}), ThrottledError),
        (says(-500, {"x": 1}), RetryableError),
        (says(0, {"v_voucher": "voucher_1"}), RiskControlError),
        (says(0, {}), RetryableError),
        (says(0), RetryableError),
        (Said(b"", 412), RiskControlError),
        (says(0, {"wbi_img": {"img_url": "x", "sub_url": "y"}}), UnexpectedResponseError),
        (says(0, {"wbi_img": None}), UnexpectedResponseError),
    ],
)
def test_trouble_while_asking_for_the_keys_keeps_its_meaning(
    scripted: ScriptedPlatform, visitor: Visitor, answer: Said, kind: type[SourceError]
) -> None:
    scripted.on(NAV, answer)
    assert type(_refused(visitor)) is kind
    assert scripted.times(SEARCH) == 0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(says(-412), RiskControlError), (Said(b"", 502), RetryableError), (says(0), RetryableError)],
)
def test_trouble_while_asking_for_the_device_keeps_its_meaning(
    scripted: ScriptedPlatform, visitor: Visitor, answer: Said, kind: type[SourceError]
) -> None:
    scripted.on(FINGER, answer)
    assert type(_refused(visitor)) is kind
    assert scripted.times(SEARCH) == 0


def test_a_device_answer_without_its_id_is_not_understood(
    scripted: ScriptedPlatform, visitor: Visitor
) -> None:
    scripted.on(FINGER, says(0, {"b_4": "x"}))
    assert isinstance(_refused(visitor), UnexpectedResponseError | RetryableError)


def _refused(visitor: Visitor, page: int = 1) -> SourceError:
    with pytest.raises(SourceError) as caught:
        visitor.search(page)
    return caught.value
