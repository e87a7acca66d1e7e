"""Results of runs as people and programs read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.container import App
from core.messages import Message
from jobs.due import Missed, plan_of
from jobs.serialization import job_object, run_object
from presentation.i18n.renderer import Language, Renderer
from storage.crawling.job_runs import JobCause, JobRun, JobState, RunState
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.jobs.job_tools import TEN, hourly

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENGLISH, CHINESE = (Renderer(language, SHANGHAI) for language in Language)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HAN = re.compile(r"[\u4e00-\u9fff]")


def ended(result: str | None) -> JobRun:
    return JobRun(
        id=1,
        job="views",
        scheduled_at=TEN,
        times=1,
        cause=JobCause.SCHEDULE,
        state=RunState.SUCCEEDED,
        started_at=TEN,
        finished_at=NOON,
        result=result,
        lease_owner=None,
        lease_token=1,
        lease_until=None,
    )


def test_a_result_is_a_sentence_a_code_and_parameters() -> None:
    stored = Message.of("quota_day_started", day="2026-11-22", accounts=2, tasks=1).dump()
    run = run_object(ended(stored), ENGLISH)
    assert run["result"] == "quota day 2026-11-22: accounts with a new quota 2, tasks woken 1"
    assert run["result_code"] == "quota_day_started"
    assert run["result_params"] == {"day": "2026-11-22", "accounts": 2, "tasks": 1}


@pytest.mark.parametrize(
    ("stored", "code", "params"),
    [
        (None, None, None),
        ("deleted: reports 2", "text", {"text": "deleted: reports 2"}),
    ],
)
def test_a_row_of_an_older_version_is_shown_as_it_is(
    stored: str | None, code: str | None, params: dict[str, str] | None
) -> None:
    run = run_object(ended(stored), CHINESE)
    assert (run["result"], run["result_code"], run["result_params"]) == (stored, code, params)


def test_missed_times_are_in_the_readers_zone_and_language() -> None:
    plan = plan_of(hourly(lambda _: ""), JobState(None, ended(None), TEN), NOON.replace(hour=14))
    assert isinstance(plan.missed, Missed)
    reason = Message.load(plan.missed.reason.dump())
    assert CHINESE.text(reason) == "2026-11-22 19:00 至 2026-11-22 21:00 共 3 次：" + CHINESE.text(
        Message.of("previous_run_went_on", scheduled_at=TEN, finished_at=NOON)
    )
    assert "2026-11-22 18:00 went on until 2026-11-22 20:00" in ENGLISH.text(reason)


@ONE_ENGINE
def test_jobs_and_kinds_of_old_rows_have_words_in_both_languages(app: App) -> None:
    words = [job.description for job in app.jobs.all]
    words += [kind.name for kind in app.jobs.scheduled.retention.kinds]
    assert len(words) > 12
    for word in words:
        assert ENGLISH.text(word) != word.code and HAN.search(CHINESE.text(word))
    shown = job_object(app.jobs.all[0], None, NOON, ENGLISH)
    assert (shown["meaning"], shown["last"]) == ("start the quota day", None)
