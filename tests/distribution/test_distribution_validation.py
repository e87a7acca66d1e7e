"""What is told of tasks, users and completions: every wrong field is named with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.errors import WrongFieldError
from distribution.intake.validation import read_completion, read_drama, read_user
from storage.distribution.completions import Completion
from storage.distribution.distribution_tasks import DramaFields, DramaStatus
from tests.support.distribution.distribution import SECRET, douyin, youtube
from tests.support.messages import english

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
DRAMA = {"task_id": "t1", "project_id": "p1"}
POSTED = {"task_id": "t1", "user_id": "u1", "submission_link": youtube(1)}


def completion(**changes: Any) -> Completion:
    return read_completion(POSTED | changes, NOW, ZONE)


def refused(read: Any, told: dict[str, Any]) -> WrongFieldError:
    with pytest.raises(WrongFieldError) as caught:
        read(told)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("task_id", "", "is missing"),
        ("task_id", None, "is missing"),
        ("task_id", "x" * 65, "1 to 64 characters"),
        ("task_id", "a\nb", "1 to 64 characters"),
        ("task_id", "a\ud800", "1 to 64 characters"),
        ("task_id", ["t1"], "neither a text nor a whole number"),
        ("task_id", True, "neither a text nor a whole number"),
        ("project_id", "", "is missing"),
        ("title", 7, "no text"),
        ("title", "x" * 513, "longer than 512"),
        ("duration", -1, "is negative"),
        ("duration", "-1", "is negative"),
        ("duration", 1.5, "no whole number"),
        ("duration", True, "no whole number"),
        ("duration", "٣", "no whole number"),
        ("duration", 10**9, "is more than"),
        ("video_url", "https://example.com/a", "is no link of a video"),
        ("video_url", "https://www.bilibili.com/video/BV1GJ411x7h7", "is of bilibili"),
        ("video_url", f"{youtube(1)}&x={'y' * 1024}", "longer than 1024"),
        ("platform", "tiktok", "the link is of youtube"),
        ("status", "done", "none of active, paused, finished"),
        ("status", None, "none of active, paused, finished"),
        ("callback_url", "ftp://example.com/x", "no http(s) URL"),
        ("callback_url", "example.com/x", "no http(s) URL"),
        ("callback_url", "https://", "no http(s) URL"),
        ("callback_url", "https://a b.example/", "no http(s) URL"),
        ("callback_url", "https://example.com:99999/", "no http(s) URL"),
        ("callback_url", "https://[::1/", "no http(s) URL"),
        ("callback_url", "javascript:alert(1)", "no http(s) URL"),
        ("callback_url", f"https://example.com/{'x' * 1024}", "longer than 1024"),
        ("callback_url", "https://user:geheim@example.com/", "user or password"),
        ("callback_secret", "geheim", "must be whsec_"),
        ("callback_secret", "whsec_geheim!", "must be whsec_"),
        ("callback_secret", "whsec_Z2VoZWlt", "24 to 64 bytes"),
        ("callback_secret", SECRET.removeprefix("whsec_"), "must be whsec_"),
        ("callback_secret", f"{SECRET} {SECRET} {SECRET}", "two of them"),
        ("callback_secret", 7, "must be whsec_"),
        ("callbackurl", "https://example.com", "unknown; known: task_id"),
    ],
)
def test_a_wrong_field_of_a_task_is_named(field: str, value: Any, reason: str) -> None:
    told = DRAMA | ({"video_url": youtube(1)} if field == "platform" else {}) | {field: value}
    error = refused(read_drama, told)
    assert error.field == field and reason in english(error.reason)
    assert "geheim" not in str(error) and SECRET not in str(error)


@pytest.mark.parametrize(
    ("field", "value", "named", "reason"),
    [
        ("user_id", " ", "user_id", "is missing"),
        ("submission_link", None, "submission_link", "is missing"),
        ("submission_link", "nonsense", "submission_link", "neither a link nor an id"),
        ("submission_link", "https://youtu.be/short", "submission_link", "not of a video"),
        ("submission_link", "https://b23.tv/abcd", "submission_link", "is of bilibili"),
        ("platform", "douyin", "platform", "the link is of youtube"),
        ("completed_at", "yesterday", "completed_at", "is no time"),
        ("completed_at", 1795349834, "completed_at", "is no time"),
        ("completed_at", "0001-01-01", "completed_at", "is no time"),
        ("completed_at", (NOW + timedelta(minutes=11)).isoformat(), "completed_at", "future"),
        ("verification_details", [1], "verification_details", "no JSON object"),
        ("verification_details", {"views": -1}, "verification_details.views", "is negative"),
        ("verification_details", {"likes": "many"}, "verification_details.likes", "whole number"),
        ("verification_details", {"likes": 1.5}, "verification_details.likes", "whole number"),
        ("verification_details", {"views": 10**13}, "verification_details.views", "more than"),
        ("verification_details", {"note": "x" * 17000}, "verification_details", "longer than"),
        ("verification_details", {"note": float("nan")}, "verification_details", "as JSON"),
        ("view_count", 3, "view_count", "unknown"),
    ],
)
def test_a_wrong_field_of_a_completion_is_named(
    field: str, value: Any, named: str, reason: str
) -> None:
    error = refused(lambda told: completion(**told), {field: value})
    assert error.field == named and reason in english(error.reason)


def test_details_of_very_many_levels_are_refused() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    error = refused(lambda told: completion(**told), {"verification_details": {"deep": deep}})
    assert "levels" in english(error.reason)


def test_a_wrong_field_of_a_user_is_named() -> None:
    assert refused(read_user, {"user_id": "u", "name": 5}).field == "name"
    assert refused(read_user, {"user_id": "u", "agent": "a"}).field == "agent"


def test_what_is_absent_stays_and_null_empties() -> None:
    known = DramaFields(
        task_id="t1",
        project_id="p1",
        title="title",
        duration=90,
        platform="youtube",
        video_url=youtube(1),
        status=DramaStatus.PAUSED,
        callback_url="https://a.example",
    )
    assert read_drama(DRAMA).applied_to(known) == known
    emptied = dict.fromkeys(("title", "duration", "video_url", "callback_url"))
    after = read_drama(DRAMA | emptied).applied_to(known)
    assert (after.title, after.duration, after.video_url, after.platform) == ("", 0, None, None)
    assert (after.callback_url, after.status) == (None, DramaStatus.PAUSED)
    assert read_drama(DRAMA).applied_to(None).status is DramaStatus.ACTIVE


def test_numbers_are_ids_too_and_ends_are_trimmed() -> None:
    form = read_drama({"task_id": 12, "project_id": " p "})
    assert (form.task_id, form.changes["project_id"]) == ("12", "p")


def test_every_spelling_of_a_video_is_one_link() -> None:
    spelled = (
        youtube(1),
        "https://youtu.be/abcdef00001?t=3",
        "youtube:abcdef00001",
        "https://www.youtube.com/shorts/abcdef00001",
    )
    assert len({completion(submission_link=text).link_hash for text in spelled}) == 1
    others = (
        youtube(2),
        douyin(1),
        "https://v.douyin.com/abcdefg/",
        "https://v.douyin.com/abcdefh/",
    )
    assert len({completion(submission_link=text).link_hash for text in (*others, youtube(1))}) == 5


def test_the_link_is_kept_as_it_was_told_and_its_platform_is_known() -> None:
    text = f"7.43 复制打开抖音 {douyin(1)} 03/21"
    one = completion(submission_link=text, platform="Douyin")
    assert (one.submission_link, one.platform) == (text, "douyin")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2026-11-21T23:15:00+08:00", datetime(2026, 11, 21, 15, 15, tzinfo=UTC)),
        ("2026-11-21T15:15:00Z", datetime(2026, 11, 21, 15, 15, tzinfo=UTC)),
        ("2026-11-21 23:15:00", datetime(2026, 11, 21, 15, 15, tzinfo=UTC)),
        (None, NOW),
    ],
)
def test_a_time_without_an_offset_is_of_the_quota_zone(told: str | None, meant: datetime) -> None:
    assert completion(completed_at=told).completed_at == meant


def test_a_nul_in_the_details_is_made_storable() -> None:
    assert "\\u0000" not in (completion(verification_details={"note": "a\0b"}).details or "")
