"""`--json`: stdout is one JSON value with columns by their schema names, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.launcher import Baton, Outcome
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import Crawled, look_at

SECRET = {"password", "session", "proxy", "device"}
# Columns that programs do not need, and those of accounts that nothing fills yet.
INTERNAL = {"open_key", "proxy_id", "joins"} | {
    "rebuild_token",
    "target_path",
}
BESIDE = {  # the columns
    "accounts": {
        "disabled_reason_code",
        "disabled_reason_params",
        "activity",
        "next_request_at",
        "pages_today",
        "uid_proven",
        "pinned_tasks",
    },
    "tasks": {
        *("last_error_code", "last_error_params", "end_reason_code", "end_reason_params"),
        *("labels", "working_accounts", "only_account"),
    },
    "export_logs": set(),
}


@pytest.fixture
def exported(crawled: Crawled) -> tuple[Baton, Outcome]:
    baton, _ = crawled
    return baton, baton.run("start_export", "--domain", "美妆", "--json")


def columns(outside: Outside, table: str) -> set[str]:
    return {row["name"] for row in outside.rows(f"PRAGMA table_info({table})")}


def test_listings_have_the_columns_of_the_schema(exported: tuple[Baton, Outcome]) -> None:
    baton, _ = exported
    outside = look_at(baton)
    commands = {
        "accounts": ("accounts", "list", "--json"),
        "tasks": ("tasks", "list", "--json"),
        "export_logs": ("exports", "list", "--json"),
    }
    outcomes = baton.run_all(*commands.values(), ("tasks", "show", 1, "--json"))
    for table, outcome in zip(commands, outcomes, strict=False):
        assert outcome.code == 0, outcome
        assert outcome.err == "", table
        listed = outcome.json
        assert len(listed) == outside.value(f"SELECT COUNT(*) FROM {table}")
        for entry in listed:
            assert set(entry) == columns(outside, table) - SECRET - INTERNAL | BESIDE[table]
    shown = outcomes[-1].json
    assert shown[0]["id"] == 1
    assert {task["parent_id"] for task in shown[1:]} == {1}


def test_values_are_those_of_the_database(exported: tuple[Baton, Outcome]) -> None:
    baton, _ = exported
    listed = baton.run("accounts", "list", "--json").json
    stored = look_at(baton).rows("SELECT * FROM accounts ORDER BY id")
    for entry, row in zip(listed, stored, strict=True):
        for name in ("id", "username", "status", "daily_export_limit", "today_export_count"):
            assert entry[name] == row[name]
        assert entry["created_at"] == row["created_at"].replace(" ", "T") + "Z"


def test_start_export_tells_its_files(exported: tuple[Baton, Outcome]) -> None:
    _, outcome = exported
    answer = outcome.json
    assert outcome.code == 0
    assert set(answer) == {"task_id", "status", "domain", "rows", "files", "exit_code", "message"}
    assert (answer["status"], answer["rows"], answer["exit_code"]) == ("completed", 600, 0)
    assert [set(file) for file in answer["files"]] == [{"path", "rows"}]
    assert Path(answer["files"][0]["path"]).is_file()
    assert "export 美妆" in outcome.err  # people read stderr


def test_verify_status_and_doctor_have_their_shapes(exported: tuple[Baton, Outcome]) -> None:
    baton, _ = exported
    verify, status, doctor, explain = baton.run_all(
        ("exports", "verify", "--json"),
        ("status", "--json"),
        ("doctor", "--json"),
        ("accounts", "explain", "acc1", "--json"),
    )
    agreed = {"ok": True, "segments": 1, "rows": 600, "problems": []}
    assert verify.json == agreed
    parts = {"accounts", "tasks", "events", "workers", "alerts", "circuits", "egress", "home"}
    parts |= {"reports"}
    assert set(status.json) == parts
    assert all(not SECRET & set(account) for account in status.json["accounts"])
    assert {one["level"] for one in doctor.json} <= {"ok", "warn", "error"}
    finding = {"level", "subject", "detail", "advice", "fixable", "fixed"}
    assert all(set(one) == finding for one in doctor.json)
    assert explain.json[-1]["kind"] == "added"  # newest first


def test_plain_results_go_to_stdout_and_messages_to_stderr(crawled: Crawled) -> None:
    baton, _ = crawled
    outcome = baton.run("start_export", "--domain", "美妆")
    assert outcome.out.splitlines()[0] == "export 美妆: 600 rows, 1 file"
    assert outcome.out.splitlines()[1].endswith(".csv")
    assert " | " in outcome.err
    wrong = baton.run("exports", "rebuild", 99)
    assert wrong.out == ""
    assert wrong.err.startswith("error: ")


def test_json_is_readable_by_other_programs(exported: tuple[Baton, Outcome]) -> None:
    baton, _ = exported
    process = baton.start("tasks", "list", "--json", env={"LANG": "C", "PYTHONUTF8": "0"})
    tasks: list[dict[str, Any]] = json.loads(process.wait().out)
    assert {task["domain"] for task in tasks} == {"美妆"}
