"""`jobs …`: what is listed, run and previewed, in tables and as JSON."""

from __future__ import annotations

import re

import pytest

from tests.support.processes.launcher import Baton, Launcher
from tests.support.processes.process_fixtures import look_at

LISTED = {
    "name",
    "meaning",
    "enabled",
    "switch",
    "catch_up",
    "schedule",
    "timezone",
    "in_words",
    "next_at",
    "last",
}


def test_a_job_is_listed_run_and_listed_again(baton: Baton) -> None:
    before = baton.run("jobs", "list", "--json").json
    assert {"quota_reset", "session_checks"} <= {job["name"] for job in before}
    assert all(set(job) == LISTED and job["last"] is None for job in before)
    [reset] = [job for job in before if job["name"] == "quota_reset"]
    assert (reset["schedule"], reset["timezone"]) == ("0 0 * * *", "Asia/Shanghai")
    assert reset["in_words"] == "At 00:00 every day (Asia/Shanghai)"
    assert reset["next_at"].endswith("T16:00:00.000Z")
    done = baton.run("jobs", "run", "quota-reset")
    assert done.code == 0, done
    assert re.fullmatch(r"quota_reset of \S+ \S+ UTC succeeded: quota day .*\n", done.out)
    table = baton.run("jobs", "list").out.splitlines()
    assert table[0].split() == ["job", "schedule", "next", "run", "last", "run", "state", "result"]
    assert re.search(
        r"At 00:00 every day \(Asia/Shanghai\).*00:00 .*succeeded +quota day", table[1]
    )


def test_a_run_has_the_columns_of_the_schema(baton: Baton) -> None:
    run = baton.run("jobs", "run", "quota_reset", "--json").json
    columns = {row["name"] for row in look_at(baton).rows("PRAGMA table_info(job_runs)")}
    assert set(run) == (columns - {"open_key"}) | {"result_code", "result_params"}
    assert run["result_code"] == "quota_day_started" and run["result_params"]["tasks"] == 0
    assert (run["job"], run["cause"], run["state"]) == ("quota_reset", "manual", "succeeded")


def test_a_scheduled_run_is_done_once(baton: Baton) -> None:
    first = baton.run("jobs", "run", "quota_reset", "--scheduled", "--json")
    again = baton.run("jobs", "run", "quota_reset", "--scheduled", "--json")
    assert first.code == again.code == 0
    assert first.json == again.json
    assert first.json["scheduled_at"].endswith("T16:00:00.000Z")
    assert "nothing to do" in again.err and "nothing to do" not in first.err
    assert look_at(baton).value("SELECT COUNT(*) FROM job_runs") == 1


def test_a_schedule_can_be_tried(baton: Baton) -> None:
    tried = ("jobs", "preview", "quota_reset", "--schedule", "0 2 * * 1", "--count", 3)
    shown, as_json = baton.run_all(tried, (*tried, "--json"))
    head, *times = shown.out.splitlines()
    assert "At 02:00 on Monday" in head
    assert len(times) == 3
    assert all(re.fullmatch(r"Mon \S+ 02:00 CST  \S+ 18:00 UTC", line) for line in times)
    assert set(as_json.json) == {"schedule", "timezone", "in_words", "times"}
    assert len(as_json.json["times"]) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "nothing"), "no job is called 'nothing'; there are: quota_reset, session_checks"),
        (("preview", "quota_reset", "--schedule", "0 25 * * *"), "--schedule: '0 25 * * *': '25'"),
        (("preview", "quota_reset", "--count", "0"), "'0' should be greater than or equal to 1"),
    ],
)
def test_wrong_words_are_told(baton: Baton, words: tuple[str, ...], message: str) -> None:
    outcome = baton.run("jobs", *words)
    assert outcome.code == 2, outcome
    assert message in outcome.err


@pytest.mark.parametrize("command", ["status", "run"])
def test_a_wrong_schedule_stops_every_command(launcher: Launcher, command: str) -> None:
    wrong = {"AUTO_UPDATE_VIDEO_PLAYS_SCHEDULE": "0 2 * * MOO"}
    outcome = launcher.run(command, env=wrong)
    assert outcome.code == 1
    assert (
        "AUTO_UPDATE_VIDEO_PLAYS_SCHEDULE: '0 2 * * MOO': 'MOO' at character 9 is no day of week"
        in outcome.err
    )


def test_the_events_tell_of_runs(baton: Baton) -> None:
    baton.run("jobs", "run", "quota_reset")
    english, chinese = (
        baton.run("status", env={"BATON_LANGUAGE": language, "COLUMNS": "120"})
        for language in ("en", "zh")
    )
    assert "accounts with a new quota 0, tasks woken 0" in english.out
    assert "quota_reset  完成" in chinese.out and "恢复配额" in chinese.out
