"""GuardedSource at the sandbox: what is tried again, how often, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.cancellation import StoppedSignal
from core.errors import (
    LoginExpiredError,
    NotFoundError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)
from core.settings import Pace
from tests.sources.conftest import Guarded, Visitor, World
from tests.support.messages import raises_saying
from tests.support.sources.sources_servers import Said, ScriptedPlatform, says

Guard = Callable[..., Guarded]
TRANSPORT = ["drop", "truncated_body", "http_500", "http_503", "code_500", "code_8888"]
DAMAGED = ["truncated_json", "html_200", "empty_data", "result_string"]


@pytest.fixture
def place(world: Callable[..., World]) -> World:
    return world()


@pytest.fixture
def visitor(place: World, enter: Callable[..., Visitor]) -> Visitor:
    visitor = enter(place.url)
    visitor.search()
    return visitor


@pytest.mark.parametrize("kind", TRANSPORT + DAMAGED)
def test_what_passes_is_tried_again(
    place: World, visitor: Visitor, guard: Guard, kind: str
) -> None:
    place.order({"kind": kind, "times": 2})
    assert len(guard(visitor.source).search(visitor).creators) == 20
    assert place.stats()["faults"] == {kind: 2}


@pytest.mark.parametrize("kind", TRANSPORT)
def test_a_platform_that_is_down_stays_a_retry(
    place: World, visitor: Visitor, guard: Guard, kind: str
) -> None:
    place.order({"kind": kind, "times": 9})
    with raises_saying(RetryableError, r"3 tries"):
        guard(visitor.source).search(visitor)
    assert place.stats()["faults"] == {kind: 3}


@pytest.mark.parametrize("kind", DAMAGED)
def test_an_answer_that_stays_damaged_is_unexpected_and_kept(
    place: World, visitor: Visitor, guard: Guard, kind: str
) -> None:
    place.order({"kind": kind, "times": 9})
    with raises_saying(UnexpectedResponseError, r"3 tries") as caught:
        guard(visitor.source).search(visitor)
    assert place.stats()["faults"] == {kind: 3}
    assert caught.value.evidence is not None
    assert caught.value.evidence.body
    assert isinstance(caught.value.__cause__, RetryableError)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("code_509", ThrottledError),
        ("captcha", RiskControlError),
        ("voucher_only", RiskControlError),
        ("html_412", RiskControlError),
    ],
)
def test_a_warning_is_heeded_at_once(
    place: World, visitor: Visitor, guard: Guard, kind: str, error: type[SourceError]
) -> None:
    place.order({"kind": kind, "times": 9})
    with pytest.raises(error):
        guard(visitor.source).search(visitor)
    assert place.stats()["faults"] == {kind: 1}


def test_a_lost_login_is_not_tried_again(
    place: World, enter: Callable[..., Visitor], guard: Guard
) -> None:
    visitor = enter(place.url, "dead-1")
    with pytest.raises(LoginExpiredError):
        guard(visitor.source).search(visitor)
    assert place.requests_of("dead-1") == 3  # nav for the keys, one search, nav for the login


def test_what_is_gone_is_not_tried_again(
    scripted: ScriptedPlatform, enter: Callable[..., Visitor], guard: Guard
) -> None:
    scripted.on_search(says(-626))
    visitor = enter(scripted.url)
    with pytest.raises(NotFoundError):
        guard(visitor.source).search(visitor)
    assert len(scripted.asked) == 3  # device, keys and one search


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_the_number_of_tries_is_as_set(
    place: World, visitor: Visitor, guard: Guard, attempts: int
) -> None:
    place.order({"kind": "http_502", "times": 9})
    with raises_saying(RetryableError, rf"\({attempts} tr(y|ies)\)$"):
        guard(visitor.source, attempts=attempts).search(visitor)
    assert place.stats()["faults"] == {"http_502": attempts}


def test_the_pauses_between_tries_grow(place: World, visitor: Visitor, guard: Guard) -> None:
    place.order({"kind": "http_502", "times": 9})
    guarded = guard(visitor.source, attempts=5)
    with pytest.raises(RetryableError):
        guarded.search(visitor)
    pauses = [secs for secs in guarded.clock.waits if secs > 0.1]
    assert len(pauses) == 4
    for pause, ceiling in zip(pauses, (0.5, 1, 2, 4), strict=True):
        assert ceiling / 2 <= pause <= ceiling


def test_every_try_keeps_the_pace(
    place: World, enter: Callable[..., Visitor], source_at: Callable[..., object], guard: Guard
) -> None:
    visitor = enter(source_at(place.url, pace=Pace(1, 60)))
    place.order({"kind": "http_502", "times": 2})
    guarded = guard(visitor.source)
    guarded.search(visitor)
    assert guarded.clock.monotonic() >= 120


def test_the_declared_pace_stays_under_the_platforms_limit(
    world: Callable[..., World],
    enter: Callable[..., Visitor],
    source_at: Callable[..., object],
    guard: Guard,
) -> None:
    place = world(rate="7/10", creators=2_000)
    visitor = enter(source_at(place.url, pace=Pace(7, 10)))
    guarded = guard(visitor.source)
    for page in range(1, 60):
        guarded.search(visitor, page)
    assert place.stats()["over_limit"] == 0
    assert guarded.clock.monotonic() < 59 * 10 / 7 * 1.1


def test_a_stop_ends_the_tries(place: World, visitor: Visitor, guard: Guard) -> None:
    place.order({"kind": "http_502", "times": 9})
    guarded = guard(visitor.source)
    guarded.clock.on_wait = guarded.stop.set
    with pytest.raises(StoppedSignal):
        guarded.search(visitor)
    assert place.stats()["faults"] == {"http_502": 1}


def test_a_check_of_the_session_is_guarded_too(
    scripted: ScriptedPlatform, enter: Callable[..., Visitor], guard: Guard
) -> None:
    good = scripted.script["/x/web-interface/nav"][0]
    scripted.on("/x/web-interface/nav", Said(b"", 502), good)
    visitor = enter(scripted.url)
    guarded = guard(visitor.source)
    assert guarded.source.check_session(visitor.session, guarded.stop).signed_in
