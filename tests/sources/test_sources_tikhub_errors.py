"""Each error of TikHub becomes the error that names the reaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.attribution import Scope
from core.errors import (
    BadRequestError,
    LoginExpiredError,
    PlatformQuotaError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sources.tikhub.tiktok import MANY
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import Said
from tests.support.sources.stats_servers import Client, ScriptedApi, api, at, purse, refused, said

__all__ = ["api", "at", "purse"]
IDS = ("7400000000000000001", "7400000000000000002")
LOC = {"loc": ["query", "aweme_id"], "msg": "field required", "type": "missing"}
DUE: dict[str, tuple[Said, type[SourceError]]] = {
    "401": (refused(401, "Invalid token"), LoginExpiredError),
    "402": (refused(402, "Insufficient balance"), PlatformQuotaError),
    "403": (refused(403, "No permission for this endpoint"), BadRequestError),
    "403 of a wall": (Said(b"<html>Access denied</html>", 403), RiskControlError),
    "404 of no such path": (said({"detail": "Not Found"}, 404), BadRequestError),
    "400": (refused(422, "wrong"), BadRequestError),
    "400 retry": (refused(400, "请求失败，请重试"), RetryableError),
    "400 retry below": (refused(400, "", {"message_zh": "请求失败，请重试。"}), RetryableError),
    "400 retry in English": (refused(400, "Request failed, Please retry"), RetryableError),
    "422": (said({"detail": [LOC]}, 422), BadRequestError),
    "429": (refused(429, "Too many requests"), ThrottledError),
    "500": (refused(500, "oh"), RetryableError),
    "502 of a proxy": (Said(b"<html>Bad gateway</html>", 502), RetryableError),
    "407": (Said(b"", 407), RetryableError),
    "408": (refused(408, "late"), RetryableError),
    "302": (said({}, 302, Location="http://127.0.0.1:1/"), BadRequestError),
    "200 that says 401": (said({"code": 401, "message": "no"}), LoginExpiredError),
    "200 that says 402": (said({"code": 402, "message": "no"}), PlatformQuotaError),
    "200 that says 429": (said({"code": 429, "message": "no"}), ThrottledError),
    "200 that says 500": (said({"code": 500, "message": "no"}), RetryableError),
    "200 that says 407": (said({"code": 407, "message": "no"}), RetryableError),
    "hangs up": (Said(b"", drops=True), RetryableError),
}
DAMAGED = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"<html>",
    b'{"code": 200',
    b'{"code": "200"}',
    b"\xff",
    b'{"code": 200, "data": null}',
    b'{"code": 200, "data": []}',
    b'{"code": 0, "data": {}}',
    b'{"code": true, "data": {}}',
    b'{"data": {}}',
    b"[" * 100_000,
]


@pytest.fixture
def client(api: ScriptedApi, at: Callable[..., Client]) -> Client:
    return at(api.url, "tiktok")


def _error(client: Client) -> SourceError:
    with pytest.raises(SourceError) as caught:
        client.ask(*IDS)
    return caught.value


@pytest.mark.parametrize(("answer", "kind"), DUE.values(), ids=DUE)
def test_an_answer_becomes_its_error(
    api: ScriptedApi, client: Client, answer: Said, kind: type[SourceError]
) -> None:
    api.on(MANY, answer)
    error = _error(client)
    assert type(error) is kind
    assert error.evidence is not None
    assert error.evidence.http_status == (None if answer.drops else answer.status)
    assert error.evidence.request == f"POST {MANY}"
    assert len(api.asked) == 1


@pytest.mark.parametrize("body", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_body_is_tried_again(api: ScriptedApi, client: Client, body: bytes) -> None:
    api.on(MANY, Said(body))
    error = _error(client)
    assert isinstance(error, RetryableError)
    assert error.damaged


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        (datetime(2026, 11, 22, 4, 0, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_spent_balance_waits_for_the_next_day(
    api: ScriptedApi, client: Client, clock: MovingClock, now: datetime, reset: datetime
) -> None:
    clock.move_to(now)
    api.on(MANY, refused(402, "Insufficient balance"))
    error = _error(client)
    assert isinstance(error, PlatformQuotaError)
    assert error.resets_at == reset


@pytest.mark.parametrize(
    ("header", "secs"), [("12", 12), ("", None), ("Fri, 31 Dec 9999 23:59:59 -0100", 86_400)]
)
def test_the_rest_that_is_asked_for_is_told(
    api: ScriptedApi, client: Client, header: str, secs: float | None
) -> None:
    api.on(MANY, refused(429, "slow", Retry_After=header))
    error = _error(client)
    assert isinstance(error, ThrottledError)
    assert error.retry_after_secs == secs


def test_a_wall_before_tikhub_is_of_the_whole_way_out(api: ScriptedApi, client: Client) -> None:
    api.on(MANY, Said(b"<html>error 1020</html>", 403))
    error = _error(client)
    assert isinstance(error, RiskControlError)
    assert error.verdict is not None
    assert error.verdict.scope is Scope.EGRESS


def test_a_wrong_parameter_is_named(api: ScriptedApi, client: Client) -> None:
    api.on(MANY, DUE["422"][0])
    assert "'aweme_id'" in str(_error(client))
    assert "field required" in str(_error(client))


@pytest.mark.parametrize("token", [None, "", " "])
@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_without_a_token_the_setting_is_named(
    at: Callable[..., Client], platform: str, token: str | None
) -> None:
    with raises_saying(LoginExpiredError, "BATON_TIKHUB_TOKEN"):
        at("http://127.0.0.1:1", platform, key=token)


@pytest.mark.parametrize("platform", ["douyin", "tiktok"])
def test_a_check_costs_nothing(api: ScriptedApi, at: Callable[..., Client], platform: str) -> None:
    client = at(api.url, platform)
    assert client.source.check_session(client.session).signed_in
    assert client.source.platform == platform
    assert api.asked == []
