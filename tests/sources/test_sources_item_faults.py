"""Faults of single items at a scripted Bilibili: the others keep their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.attribution import Scope
from core.errors import (
    LoginExpiredError,
    NotFoundError,
    RetryableError,
    RiskControlError,
    ThrottledError,
    UnexpectedResponseError,
)
from sources.base import Gone, Unavailable, VideoStats
from sources.bilibili.response_rules import BATCH, CARD, UPLOADS, VIEW
from sources.local_circuits import UNUSABLE_SECS
from tests.sources.conftest import Guarded, Visitor
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import (
    NAV,
    Asked,
    Said,
    says,
)
from tests.support.sources.stats_servers import ScriptedApi, api

__all__ = ["api"]
STAT = dict.fromkeys(("view", "danmaku", "reply", "like", "coin", "favorite", "share"), 7)
COUNTS = dict.fromkeys(("play", "danmaku", "reply", "thumb_up", "coin", "collect", "share"), 7)
SEVEN = says(0, {"stat": STAT, "title": "t"})
IDS = ("av11", "av12", "av13", "av14")
Enter = Callable[..., Visitor]
Guard = Callable[..., Guarded]


@pytest.fixture
def visitor(api: ScriptedApi, enter: Enter) -> Visitor:
    api.on(VIEW, SEVEN)
    return enter(api.url)


def batch_of(request: Asked) -> Said:
    """Return a good batch of whatever was asked for."""
    listed = [int(part.split(":")[0]) for part in request.params["resources"].split(",")]
    return says(0, [{"id": aid, "attr": 0, "cnt_info": COUNTS} for aid in listed])


def views(api: ScriptedApi, visitor: Visitor, *answers: Said) -> dict[str, Any]:
    """Return what comes when batches are refused and views answer in this order."""
    api.on(BATCH, says(-403))
    api.on(VIEW, *answers)
    return dict(visitor.source.video_stats(visitor.session, IDS))


@pytest.mark.parametrize(
    ("answer", "reason", "final"),
    [
        (says(-403, message="权限不足"), Gone.HIDDEN, False),
        (says(-404), Gone.NOT_FOUND, True),
        (says(-400), Gone.BAD_ID, True),
        (says(62002), Gone.HIDDEN, True),
        (says(62003), Gone.IN_REVIEW, False),
        (says(62012), Gone.HIDDEN, True),
        (says(-650), Gone.HIDDEN, False),
        (says(87008), Gone.HIDDEN, False),
        (says(-688), Gone.REGION, False),
        (says(10015001), Gone.REGION, False),
        (says(-626), Gone.NOT_FOUND, True),
        (says(76543), Gone.UNKNOWN, False),
        (says(-31337), Gone.UNKNOWN, False),
        (says(9_999_999_999), Gone.UNKNOWN, False),
        (says(0, {}), Gone.UNKNOWN, False),
    ],
)
def test_a_code_of_one_video_is_its_own(
    api: ScriptedApi, visitor: Visitor, answer: Said, reason: Gone, final: bool
) -> None:
    found = views(api, visitor, SEVEN, answer, SEVEN)
    refused = found.pop("av12")
    assert isinstance(refused, Unavailable)
    assert (refused.reason, refused.final) == (reason, final)
    assert all(isinstance(stats, VideoStats) and stats.like == 7 for stats in found.values())
    assert api.times(VIEW) == 4


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (says(-509), ThrottledError),
        (says(-352), RiskControlError),
        (Said(b"", 412), RiskControlError),
        (Said(b"", 404), UnexpectedResponseError),
        (says(-101), LoginExpiredError),
    ],
)
def test_what_came_before_an_error_is_kept(
    api: ScriptedApi, visitor: Visitor, refusal: Said, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        views(api, visitor, SEVEN, SEVEN, refusal)
    assert set(caught.value.answers) == {"av11", "av12"}  # type: ignore[attr-defined]


def test_a_repetition_asks_only_for_what_is_missing(
    api: ScriptedApi, visitor: Visitor, guard: Guard
) -> None:
    guarded = guard(visitor.source)
    api.on(BATCH, says(-403))
    api.on(VIEW, SEVEN, SEVEN, Said(b"", 502), SEVEN)
    found = guarded.source.video_stats(visitor.session, IDS, guarded.stop)
    assert set(found) == set(IDS)
    assert api.times(VIEW) == 5


GONE_WAYS = {
    "HTTP 404": Said(b"", 404),
    "HTTP 405": Said(b"", 405),
    "HTTP 302": Said(b"", 302),
    "HTTP 403": Said(b"", 403),
    "-404": says(-404),
    "-403": says(-403),
    "-352": says(-352),
    "-101": says(-101),
    "HTML": Said(b"<html>not here</html>"),
    "no JSON": Said(b"{"),
    "unknown": says(-31337),
    "five digits": says(76543),
}


@pytest.mark.parametrize("answer", GONE_WAYS.values(), ids=GONE_WAYS)
def test_a_batch_endpoint_that_is_gone_is_replaced_by_single_requests(
    api: ScriptedApi, visitor: Visitor, answer: Said
) -> None:
    api.on(BATCH, answer)
    for _ in range(2):
        found = visitor.source.video_stats(visitor.session, IDS)
        assert [getattr(stats, "like", None) for stats in found.values()] == [7] * 4
    assert (api.times(BATCH), api.times(VIEW)) == (1, 8)


def test_a_batch_endpoint_that_is_gone_is_asked_again_after_an_hour(
    api: ScriptedApi, visitor: Visitor, clock: MovingClock
) -> None:
    api.on(BATCH, says(-404))
    visitor.source.video_stats(visitor.session, IDS)
    clock.move(UNUSABLE_SECS - 1)
    visitor.source.video_stats(visitor.session, IDS)
    assert api.times(BATCH) == 1
    clock.move(2)
    api.made[BATCH] = batch_of
    before = api.times(VIEW)
    visitor.source.video_stats(visitor.session, IDS)
    assert api.times(VIEW) == before + 1, "the sample only"


def test_a_server_that_fails_on_batches_is_asked_three_times(
    api: ScriptedApi, visitor: Visitor, guard: Guard
) -> None:
    guarded = guard(visitor.source)
    api.on(BATCH, Said(b"", 502))
    found = guarded.source.video_stats(visitor.session, IDS, guarded.stop)
    assert [getattr(stats, "like", None) for stats in found.values()] == [7] * 4
    assert api.times(BATCH) == 3


def test_a_batch_that_is_refused_for_the_login_is_asked_about_at_nav(
    api: ScriptedApi, visitor: Visitor
) -> None:
    api.on(BATCH, says(-101))
    api.on(NAV, says(-101, {"isLogin": False, "wbi_img": {}}))
    with pytest.raises(LoginExpiredError):
        visitor.source.video_stats(visitor.session, IDS)
    assert api.times(VIEW) == 0


def test_a_video_that_is_hidden_from_the_account_says_nothing_about_its_batch(
    api: ScriptedApi, visitor: Visitor
) -> None:
    api.made[BATCH] = batch_of
    api.on(VIEW, says(-403), SEVEN)
    found = visitor.source.video_stats(visitor.session, IDS)
    assert sum(isinstance(stats, VideoStats) for stats in found.values()) == 3
    assert api.times(VIEW) <= 3


@pytest.mark.parametrize("beside", [{}, {"seid": "1"}, {"numPages": 3, "page": 1}])
def test_a_voucher_beside_other_keys_is_risk_control(
    api: ScriptedApi, visitor: Visitor, beside: dict[str, Any]
) -> None:
    api.on("/x/web-interface/wbi/search/type", says(0, {"v_voucher": "voucher_1", **beside}))
    with pytest.raises(RiskControlError) as caught:
        visitor.search()
    assert caught.value.evidence is not None
    assert "v_voucher" in caught.value.evidence.body


def test_a_voucher_beside_what_was_asked_for_is_no_refusal(
    api: ScriptedApi, visitor: Visitor
) -> None:
    api.on(VIEW, says(0, {"stat": STAT, "title": "t", "v_voucher": "voucher_1"}))
    [stats] = visitor.source.video_stats(visitor.session, ["av11"]).values()
    assert isinstance(stats, VideoStats)


def upload(bvid: object) -> dict[str, Any]:
    return {"bvid": bvid, "title": "t", "created": 1_700_000_000, "play": 7}


def listed(*entries: object, total: int = 2) -> Said:
    return says(0, {"list": {"vlist": list(entries)}, "page": {"count": total}})


@pytest.mark.parametrize("damaged", [upload(None), {}, None, "x", upload(5)])
def test_a_damaged_upload_is_left_out_alone(
    api: ScriptedApi, visitor: Visitor, damaged: object
) -> None:
    api.on(UPLOADS, listed(upload("BV1xx411c7mD"), damaged))
    page = visitor.source.uploads(visitor.session, "1", 1)
    assert [found.bvid for found in page.uploads] == ["BV1xx411c7mD"]
    assert page.is_last
    api.on(UPLOADS, listed(damaged, total=90))
    with pytest.raises(RetryableError) as caught:
        visitor.source.uploads(visitor.session, "1", 1)
    assert caught.value.damaged and caught.value.evidence is not None


def test_a_creator_without_uploads_has_none(api: ScriptedApi, visitor: Visitor) -> None:
    api.on(UPLOADS, says(0, {"list": {"vlist": None}, "page": {"count": 0}}))
    assert visitor.source.uploads(visitor.session, "1", 1).uploads == ()


def test_uploads_beyond_what_others_may_see_are_the_end(api: ScriptedApi, visitor: Visitor) -> None:
    api.on(UPLOADS, says(22007))
    page = visitor.source.uploads(visitor.session, "1", 3)
    assert (page.uploads, page.is_last) == ((), True)


def test_a_card_that_is_gone_is_the_creators_own_fault(api: ScriptedApi, visitor: Visitor) -> None:
    api.on(CARD, says(-404))
    with pytest.raises(NotFoundError) as caught:
        visitor.source.card(visitor.session, "1")
    assert caught.value.verdict is not None
    assert caught.value.verdict.scope is Scope.ITEM
