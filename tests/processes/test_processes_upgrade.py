"""`init` upgrades an installation of schema version 5, and the ordinary commands show all of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cryptography.fernet import Fernet

from storage.schema.schema import SCHEMA_VERSION
from tests.support.processes.launcher import Baton
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import look_at
from tests.support.storage.version_five import OLD_SCHEMAS, SECRETS, Row, Tables, install

Installed = tuple[Baton, Tables]
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
OBJECTS = ("options", "facts")  # columns of JSON that the commands show as objects
KEYS = {
    "api_budgets": ("platform",),
    "meta": ("name",),
    "task_labels": ("label", "task_id"),
    "webhook_endpoints": ("url_hash",),
}
LISTED = {
    "accounts": (("accounts", "list"), {"password", "session", "proxy"}),
    "tasks": (("tasks", "list"), {"open_key"}),
    "export_logs": (("exports", "list"), set()),
    "alerts": (("alerts", "list", "--all"), {"open_key"}),
    "webhook_deliveries": (
        ("webhooks", "list"),
        {"url_hash", "host", "body", "first_tried_at", "lease_owner", "lease_token", "lease_until"},
    ),
    "works": (("works", "list"), set()),
    "drama_tasks": (("dramas", "list"), {"id", "callback_secret", "callback_delivery_id"}),
    "web_tokens": (("web", "tokens"), {"token_hash"}),
}
FOR_PEOPLE = (
    (("accounts", "list"), ("小明", "banned-one", "on-trial")),
    (("accounts", "explain", "banned-one"), ("账号异常",)),
    (("accounts", "explain", "on-trial"), ("too many requests", "the probe passed")),
    (("tasks", "list"), ("美妆", "游戏", "客户甲", "HTTP 502")),
    (("exports", "list"), ("美妆", "小明")),
    (("exports", "verify"), ()),
    (("alerts", "list"), ("HTTP 502", "1 account has used up the quota", "youtube is left alone")),
    (("jobs", "list"), ("1 session is good", "no connection")),
    (("webhooks", "list"), ("delivered", "pending", "sending", "failed", "dead", "site.example")),
    (("webhooks", "show", 161), ("geduld", "daily-T-1-2")),
    (("works", "list"), ("BV1GJ411x7h7", "标题", "BV1xx411c7mD")),
    (("status",), ("小明", "游戏")),
)


@pytest.fixture
def upgraded(on_both: Baton) -> Installed:
    """An installation of version 5 after `init`, and the rows that it had before."""
    tables = install(on_both.database_url, on_both.data_dir)
    outcome = on_both.run("init")
    assert outcome.code == 0, outcome
    assert f"version {SCHEMA_VERSION}" in outcome.out + outcome.err
    return on_both, tables


def shown(row: Row, hidden: set[str]) -> Row:
    """Return a row as commands print it with --json."""
    return {name: _shown(name, value) for name, value in row.items() if name not in hidden}


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, str) and name in OBJECTS:
        return json.loads(value)
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return value.replace(" ", "T") + "Z"
    return value


def stored(outside: Outside, table: str) -> dict[tuple[Any, ...], Row]:
    """Return a table's rows by their keys, with values as the version-5 rows have them."""
    rows = [
        {name: _plain(value) for name, value in row.items()}
        for row in outside.rows(f"SELECT * FROM {table}")
    ]
    return {tuple(row[name] for name in KEYS.get(table, ("id",))): row for row in rows}


def _plain(value: Any) -> Any:
    """MariaDB gives moments and days as objects of their own."""
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return str(value) if hasattr(value, "isoformat") else value


def includes(now: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether a row has its values of before; fields may be added, also within objects."""
    return all(
        includes(now[name], value) if isinstance(value, dict) else now[name] == value
        for name, value in row.items()
    )


def printed(baton: Baton, *command: object) -> Any:
    outcome = baton.run(*command, "--json")
    assert outcome.code == 0, outcome
    return outcome.json


def test_every_row_is_there_after_the_upgrade(upgraded: Installed) -> None:
    baton, tables = upgraded
    outside = look_at(baton)
    assert outside.value("SELECT MAX(version) FROM schema_version") == SCHEMA_VERSION
    for table, before in tables.items():
        after = stored(outside, table)
        for row in before:
            now = after[tuple(row[name] for name in KEYS.get(table, ("id",)))]
            assert {name: now[name] for name in row} == row, table


def test_the_installation_has_a_row_in_every_table_of_version_5(upgraded: Installed) -> None:
    _, tables = upgraded
    script = (OLD_SCHEMAS / "0005.sqlite.sql").read_text(encoding="utf-8")
    assert {*tables, "schema_version"} == set(re.findall(r"^CREATE TABLE (\w+)", script, re.M))


def test_lists_show_every_row_with_its_values(upgraded: Installed) -> None:
    baton, tables = upgraded
    for table, (command, hidden) in LISTED.items():
        wanted = [shown(row, hidden) for row in tables[table]]
        identity = "task_id" if table == "drama_tasks" else "id"
        # An alert without an id is found now, and was not raised yet.
        listed = [row for row in printed(baton, *command) if row[identity] is not None]
        found = {row[identity]: row for row in listed}
        assert len(found) == len(wanted)
        for row in wanted:
            now = found[row[identity]]
            assert includes(now, row), command


def test_details_show_every_row_with_its_values(upgraded: Installed) -> None:
    baton, tables = upgraded
    labels = {row["id"]: row["labels"] for row in printed(baton, "tasks", "list")}
    assert {task: names for task, names in labels.items() if names} == {13: ["spring", "客户甲"]}
    events = [
        event
        for name in ("小明", "banned-one", "on-trial")
        for event in printed(baton, "accounts", "explain", name)
    ]
    wanted = [shown(row, set()) for row in tables["account_events"]]
    assert sorted((event["id"], event["kind"], event["detail"]) for event in events) == [
        (row["id"], row["kind"], row["detail"]) for row in wanted
    ]
    jobs = {job["name"]: job["last"] for job in printed(baton, "jobs", "list")}
    for row in (tables["job_runs"][0], tables["job_runs"][2]):
        assert jobs[row["job"]] | shown(row, {"lease_token"}) == jobs[row["job"]]
    delivery = printed(baton, "webhooks", "show", 161)
    assert delivery["body"] == tables["webhook_deliveries"][0]["body"]
    for row, attempt in zip(tables["webhook_attempts"], delivery["attempt_log"], strict=False):
        row = shown(row, {"id", "delivery_id"})
        assert {name: attempt[name] for name in row if name in attempt}.items() <= row.items()
    (day,) = printed(baton, "dramas", "show", "T-1")["days"]
    assert (day["yt_view_count"], day["revision"], day["event_id"]) == (1200, 2, "daily-T-1-2")


def test_status_shows_accounts_tasks_events_processes_and_alerts(upgraded: Installed) -> None:
    baton, tables = upgraded
    status = printed(baton, "status")
    assert [account["username"] for account in status["accounts"]] == [
        row["username"] for row in tables["accounts"]
    ]
    assert [(task["id"], task["last_error"]) for task in status["tasks"]] == [
        (15, tables["tasks"][4]["last_error"])
    ]
    assert {event["id"] for event in status["events"]} == {1, 2, 3}
    assert [worker["id"] for worker in status["workers"]] == [tables["workers"][0]["id"]]
    # What has waited since long ago is found by the new release itself.
    found = {alert["id"] or alert["kind"] for alert in status["alerts"]}
    assert found == {51, 53, 54, "reports_late", "broadcast_stale"}


def test_the_sealed_export_is_proven_with_its_file(upgraded: Installed) -> None:
    baton, _ = upgraded
    assert baton.verified() == {"ok": True, "segments": 1, "rows": 2, "problems": []}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_people_read_it_all_in_their_language(upgraded: Installed, language: str) -> None:
    baton, _ = upgraded
    baton.env |= {"BATON_LANGUAGE": language, "COLUMNS": "200"}
    commands = [command for command, _ in FOR_PEOPLE]
    for (command, words), outcome in zip(FOR_PEOPLE, baton.run_all(*commands), strict=True):
        assert outcome.code == 0, (command, outcome)
        if language == "en":
            text = outcome.out + outcome.err
            assert [word for word in words if word not in text] == [], command


def test_secrets_are_still_read_with_the_key_file(upgraded: Installed) -> None:
    baton, _ = upgraded
    outcome = baton.run("accounts", "rotate_key")
    assert outcome.code == 0, outcome
    key = Fernet((baton.data_dir / "secret.key").read_text().split()[0])
    outside = look_at(baton)
    (account,) = outside.rows("SELECT password, session, proxy FROM accounts WHERE id=7")
    account["callback"] = outside.value("SELECT callback_secret FROM drama_tasks WHERE id=131")
    opened = {name: key.decrypt(value.encode()).decode() for name, value in account.items()}
    assert opened == {name: SECRETS[name] for name in opened}


def test_work_goes_on_where_it_was(upgraded: Installed) -> None:
    baton, _ = upgraded
    outcome = baton.run("start_export", "--domain", "美妆", "--columns", "id,uid,nickname")
    assert outcome.code == 0, outcome
    outside = look_at(baton)
    assert outside.rows("SELECT uid FROM influencers WHERE status<>'exported'") == []
    assert baton.verified() == {"ok": True, "segments": 2, "rows": 3, "problems": []}
