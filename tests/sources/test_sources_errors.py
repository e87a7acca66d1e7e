"""Each way in which the sandbox goes wrong leads to the error that names the reaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from core.attribution import Scope
from core.errors import (
    AccountBannedError,
    BadRequestError,
    EmptyPageError,
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sandbox.faults import KINDS
from tests.sources.conftest import Visitor, World
from tests.support.messages import raises_saying

Enter = Callable[..., Visitor]
Start = Callable[..., World]


@dataclass(frozen=True)
class Due:
    """The error that is due, and what it must say of itself."""

    kind: type[SourceError]
    status: int | None = 200
    code: int | None = None
    damaged: bool = False
    of_egress: bool = False


DUE = {
    "drop": Due(RetryableError, None),
    "truncated_body": Due(RetryableError, None),
    "http_500": Due(RetryableError, 500),
    "http_502": Due(RetryableError, 502),
    "http_503": Due(RetryableError, 503),
    "code_500": Due(RetryableError, code=-500),
    "code_503": Due(RetryableError, code=-503),
    "code_504": Due(RetryableError, code=-504),
    "code_8888": Due(RetryableError, code=-8888),
    "truncated_json": Due(RetryableError, damaged=True),
    "html_200": Due(RetryableError, damaged=True),
    "empty_body": Due(RetryableError, damaged=True),
    "empty_data": Due(RetryableError, code=0, damaged=True),
    "null_data": Due(RetryableError, code=0, damaged=True),
    "null_result": Due(EmptyPageError, code=0),
    "result_string": Due(RetryableError, code=0, damaged=True),
    "html_412": Due(RiskControlError, 412, of_egress=True),
    "code_412": Due(RiskControlError, 412, of_egress=True),
    "risk_voucher": Due(RiskControlError, code=-352),
    "risk_bare": Due(RiskControlError, code=-352),
    "captcha": Due(RiskControlError, code=-401),
    "voucher_only": Due(RiskControlError, code=0),
    "code_509": Due(ThrottledError, code=-509),
}
HARMLESS = {"delay"}
ONE_ENTRY = {"mid_object", "null_entry"}


@pytest.fixture
def sandbox_world(world: Start) -> World:
    return world()


def test_every_kind_of_fault_is_tested() -> None:
    assert {*DUE, *HARMLESS, *ONE_ENTRY} == set(KINDS)


@pytest.mark.parametrize(("kind", "due"), DUE.items())
def test_a_fault_becomes_its_error_and_the_next_search_is_good(
    sandbox_world: World, enter: Enter, kind: str, due: Due
) -> None:
    visitor = enter(sandbox_world.url)
    sandbox_world.order({"kind": kind})
    with pytest.raises(due.kind) as caught:
        visitor.search()
    _check(caught.value, due)
    assert len(visitor.search().creators) == 20
    assert sandbox_world.stats()["faults"] == {kind: 1}


@pytest.mark.parametrize("kind", sorted(ONE_ENTRY))
def test_one_bad_entry_is_set_aside_and_the_others_are_kept(
    sandbox_world: World, enter: Enter, kind: str
) -> None:
    sandbox_world.order({"kind": kind})
    page = enter(sandbox_world.url).search()
    assert (len(page.creators), len(page.rejected)) == (19, 1)
    assert page.rejected[0].position in range(20)
    assert page.rejected[0].reason
    uids = [creator.uid for creator in page.creators]
    kept = [
        uid for n, uid in enumerate(sandbox_world.uids()[:20]) if n != page.rejected[0].position
    ]
    assert sorted(uids) == sorted(kept)


def test_a_late_answer_is_taken(sandbox_world: World, enter: Enter) -> None:
    sandbox_world.order({"kind": "delay", "delay_secs": 0.05})
    assert len(enter(sandbox_world.url).search().creators) == 20


def test_an_answer_that_is_too_late_is_tried_again(
    sandbox_world: World, enter: Enter, source_at: Callable[..., Any]
) -> None:
    hasty, patient = (enter(source_at(sandbox_world.url, secs)) for secs in (0.2, 30))
    sandbox_world.order({"kind": "delay", "delay_secs": 600, "times": 1})
    with pytest.raises(RetryableError) as caught:
        hasty.search()
    assert not caught.value.damaged
    assert len(patient.search().creators) == 20


def test_nobody_at_the_other_end_is_tried_again(enter: Enter) -> None:
    with raises_saying(RetryableError, "no answer") as caught:
        enter("http://127.0.0.1:1").search()
    assert not caught.value.damaged


def test_more_than_the_platforms_rate_throttles(world: Start, enter: Enter) -> None:
    visitor = enter(world(rate="2/10").url)
    visitor.search()
    visitor.search()
    with pytest.raises(ThrottledError) as caught:
        visitor.search()
    assert caught.value.evidence is not None
    assert caught.value.evidence.code == -799


def test_a_page_that_is_none_is_a_bad_request(sandbox_world: World, enter: Enter) -> None:
    with pytest.raises(BadRequestError):
        enter(sandbox_world.url).search(page=0)


@pytest.mark.parametrize(
    ("name", "error"), [("banned-1", AccountBannedError), ("expired-1", LoginExpiredError)]
)
def test_an_account_may_fall_in_the_middle(
    world: Start, enter: Enter, name: str, error: type[SourceError]
) -> None:
    visitor = enter(world(good_answers_before_ban=2).url, name)
    assert [visitor.search(page).page for page in (1, 2)] == [1, 2]
    with pytest.raises(error):
        visitor.search(3)


def test_a_session_that_never_was_is_expired(sandbox_world: World, enter: Enter) -> None:
    with pytest.raises(LoginExpiredError):
        enter(sandbox_world.url, "dead-1").search()


def _check(error: SourceError, due: Due) -> None:
    assert type(error) is due.kind
    assert getattr(error, "damaged", False) is due.damaged
    assert (error.verdict is not None and error.verdict.scope is Scope.EGRESS) is due.of_egress
    assert error.evidence is not None
    assert error.evidence.request.startswith("GET /x/web-interface/wbi/search/type")
    assert (error.evidence.http_status, error.evidence.code) == (due.status, due.code)
