"""Which counters count, and how completions add up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import WrongFieldError
from core.messages import MAX_DUMP_CHARS, Message
from distribution.counters import fetched, missing, verified
from distribution.daily.tally import CounterSum
from presentation.i18n.renderer import renderer_for
from sources.base import VideoStats
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import COUNTS
from tests.support.distribution.distribution import douyin, tiktok, youtube
from tests.support.messages import english

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


def completion(user: str, platform: str, link: str) -> Completion:
    return Completion(
        task_id="t1",
        user_id=user,
        platform=platform,
        submission_link=link,
        link_hash="",
        details=None,
        completed_at=MOMENT,
    )


def test_each_counter_has_several_names_and_the_first_one_counts() -> None:
    details = {
        "views": 9,
        "view_count": None,
        "likes": "8",
        "comment": 7,
        "shares": 6,
        "collect_count": 0,
        "favorites": 5,
        "verified_by": "bot",
    }
    assert verified(details) == {"view": 9, "like": 8, "comment": 7, "share": 6, "collect": 0}
    assert verified({"view_count": 3, "views": 4}) == {"view": 3}
    with pytest.raises(WrongFieldError):
        verified([])


def test_absent_and_null_are_missing_but_zero_is_a_number() -> None:
    assert missing("youtube", verified({"views": 0, "likes": None})) == ["like", "comment"]
    assert missing("youtube", {"view": 1, "like": 1, "comment": 1}) == []
    assert missing("douyin", {"view": 1, "like": 1, "comment": 1}) == ["share", "collect"]


def test_favourites_of_a_platform_are_collects() -> None:
    assert fetched(VideoStats(view=1, favorite=2)) == {"view": 1, "collect": 2}


@pytest.mark.parametrize(("per_platform", "accounts"), [(False, 2), (True, 4)])
def test_a_user_counts_once_or_once_on_each_platform(per_platform: bool, accounts: int) -> None:
    tally = CounterSum(per_platform=per_platform)
    full = {"view": 10, "like": 2, "comment": 1, "share": 4, "collect": 3}
    for user, platform, link in (
        ("u1", "youtube", youtube(1)),
        ("u1", "youtube", youtube(2)),
        ("u1", "tiktok", tiktok(1)),
        ("u2", "youtube", youtube(3)),
        ("u2", "douyin", douyin(1)),
    ):
        tally.add(completion(user, platform, link), full, None)
    counts = tally.counts
    assert list(counts) == list(COUNTS)
    assert (counts["account_count"], tally.completion_count) == (accounts, 5)
    assert (counts["yt_account_count"], counts["yt_view_count"]) == (2, 30)
    assert (counts["tt_account_count"], counts["tt_comment_count"]) == (1, 1)
    assert (counts["dy_share_count"], counts["dy_collect_count"]) == (4, 3)
    assert tally.error is None


def test_what_is_not_known_is_left_out_and_told() -> None:
    tally = CounterSum(per_platform=False)
    tally.add(
        completion("u1", "youtube", youtube(1)), {"view": 5}, Message.text("not_found: deleted")
    )
    tally.add(completion("u2", "youtube", youtube(2)), {"view": 1, "comment": 2}, None)
    counts = tally.counts
    assert (counts["yt_view_count"], counts["yt_like_count"], counts["yt_account_count"]) == (
        6,
        0,
        2,
    )
    error = english(tally.error)
    assert error.startswith("2 of 2 completions not counted in full")
    assert f"{youtube(1)} without like, comment: not_found: deleted" in error
    assert f"{youtube(2)} without like: the platform does not tell" in error


def test_what_is_not_known_can_be_read_in_chinese() -> None:
    tally = CounterSum(per_platform=False)
    tally.add(completion("u1", "youtube", youtube(1)), {"view": 5}, None)
    assert tally.error is not None
    text = renderer_for("zh").sentence(Message.load(tally.error.dump()))
    assert text == f"1 条完成中有 1 条未统计完整：{youtube(1)} 缺少点赞、评论：平台不提供"


def test_very_many_problems_still_fit_their_column() -> None:
    tally = CounterSum(per_platform=False)
    for number in range(500):
        tally.add(
            completion("u", "youtube", youtube(number) + "x" * 900), {}, Message.text("y" * 900)
        )
    assert tally.error is not None
    stored = tally.error.dump()
    assert len(stored) <= MAX_DUMP_CHARS
    error = english(stored)
    assert error.startswith("500 of 500") and "and 495 more" in error


def test_a_platform_that_nobody_knows_is_told_and_not_counted() -> None:
    tally = CounterSum(per_platform=False)
    tally.add(completion("u1", "vimeo", "https://vimeo.com/1"), {"view": 5}, None)
    assert tally.counts["account_count"] == 0
    assert "unknown platform 'vimeo'" in english(tally.error)
