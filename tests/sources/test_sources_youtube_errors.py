"""Each error of YouTube becomes the error that names the reaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.errors import (
    BadRequestError,
    LoginExpiredError,
    PlatformQuotaError,
    RetryableError,
    SourceError,
    ThrottledError,
)
from tests.support.messages import english
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import Said
from tests.support.sources.stats_servers import (
    Client,
    ScriptedApi,
    api,
    at,
    purse,
    said,
    youtube_error,
)

__all__ = ["api", "at", "purse"]
VIDEOS = "/videos"
ONE = "dQw4w9WgXcQ"
INVALID = "API key not valid. Please pass a valid API key."
HTML = 'You have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a> &amp; more.'
DUE: dict[tuple[int, str], type[SourceError]] = {
    (403, "quotaExceeded"): PlatformQuotaError,
    (403, "dailyLimitExceeded"): PlatformQuotaError,
    (403, "rateLimitExceeded"): ThrottledError,
    (403, "userRateLimitExceeded"): ThrottledError,
    (429, "rateLimitExceeded"): ThrottledError,
    (429, "anything"): ThrottledError,
    (403, "forbidden"): BadRequestError,
    (403, "accessNotConfigured"): LoginExpiredError,
    (403, "ipRefererBlocked"): LoginExpiredError,
    (400, "keyInvalid"): LoginExpiredError,
    (400, "keyExpired"): LoginExpiredError,
    (401, "authError"): LoginExpiredError,
    (400, "badRequest"): BadRequestError,
    (400, "unknownPart"): BadRequestError,
    (404, "notFound"): BadRequestError,
    (500, "backendError"): RetryableError,
    (503, "backendError"): RetryableError,
}


@pytest.fixture
def client(api: ScriptedApi, at: Callable[..., Client]) -> Client:
    return at(api.url, "youtube")


def _error(client: Client) -> SourceError:
    with pytest.raises(SourceError) as caught:
        client.ask(ONE)
    return caught.value


@pytest.mark.parametrize(("answer", "kind"), DUE.items())
def test_a_reason_becomes_its_error(
    api: ScriptedApi, client: Client, answer: tuple[int, str], kind: type[SourceError]
) -> None:
    status, reason = answer
    api.on(VIDEOS, youtube_error(status, reason))
    error = _error(client)
    assert type(error) is kind
    assert reason in english(error)
    assert error.evidence is not None
    assert error.evidence.http_status == status
    assert reason in error.evidence.body


def test_a_key_that_is_only_told_wrong_in_words_is_known(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, youtube_error(400, "badRequest", INVALID))
    assert type(_error(client)) is LoginExpiredError


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        (datetime(2026, 11, 22, 4, 0, tzinfo=UTC), datetime(2026, 11, 22, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 22, 8, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        (datetime(2027, 3, 14, 20, 0, tzinfo=UTC), datetime(2027, 3, 15, 7, 0, tzinfo=UTC)),
        (datetime(2027, 7, 1, 6, 59, tzinfo=UTC), datetime(2027, 7, 1, 7, 0, tzinfo=UTC)),
    ],
)
def test_a_spent_quota_comes_back_at_pacific_midnight(
    api: ScriptedApi, client: Client, clock: MovingClock, now: datetime, reset: datetime
) -> None:
    clock.move_to(now)
    api.on(VIDEOS, youtube_error(403, "quotaExceeded", HTML))
    error = _error(client)
    assert isinstance(error, PlatformQuotaError)
    assert error.resets_at == reset


def test_the_html_of_a_message_is_stripped(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, youtube_error(403, "quotaExceeded", HTML))
    assert english(_error(client)) == "HTTP 403 quotaExceeded: You have exceeded your quota & more."


@pytest.mark.parametrize(
    ("header", "secs"),
    [
        ("7", 7),
        ("Sun, 22 Nov 2026 04:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 03:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -0100", 86_400),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 86_400),
    ],
)
def test_the_rest_that_is_asked_for_is_told(
    api: ScriptedApi, client: Client, header: str, secs: float | None
) -> None:
    api.on(VIDEOS, youtube_error(429, "rateLimitExceeded", Retry_After=header))
    error = _error(client)
    assert isinstance(error, ThrottledError)
    assert error.retry_after_secs == secs


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>no</html>",
        b"null",
        b'{"error": "no"}',
        b"\xff",
        b'{"error": {"errors": [7], "message": {}}}',
    ],
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, BadRequestError),
        (403, BadRequestError),
        (404, BadRequestError),
        (407, RetryableError),
        (408, RetryableError),
        (413, BadRequestError),
        (429, ThrottledError),
        (502, RetryableError),
    ],
)
def test_an_error_without_a_reason_goes_by_its_status(
    api: ScriptedApi, client: Client, body: bytes, status: int, kind: type[SourceError]
) -> None:
    api.on(VIDEOS, Said(body, status))
    assert type(_error(client)) is kind


def test_a_redirect_is_not_followed(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, said({}, 302, Location=f"{api.url}/elsewhere"))
    assert type(_error(client)) is BadRequestError
    assert len(api.asked) == 1


def test_a_connection_that_breaks_is_tried_again(api: ScriptedApi, client: Client) -> None:
    api.on(VIDEOS, Said(b"", drops=True))
    error = _error(client)
    assert type(error) is RetryableError
    assert not error.damaged


def test_nobody_there_is_tried_again(at: Callable[..., Client]) -> None:
    assert type(_error(at("http://127.0.0.1:1", "youtube"))) is RetryableError
