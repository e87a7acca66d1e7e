"""`dramas`, `daily_stats` and `broadcast` as an operator types them, against a real platform."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.launcher import (
    Baton,
    Outcome,
    SandboxProcess,
    end_in_order,
    wait_until,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://settle.example/callback"
SHANGHAI = timedelta(hours=8)


def yesterday() -> str:
    return f"{datetime.now(UTC) + SHANGHAI - timedelta(days=1):%Y-%m-%d}"


def run(baton: Baton, *args: object, code: int = 0, **how: Any) -> Outcome:
    outcome = baton.run(*args, **how)
    assert outcome.code == code, outcome
    assert "Traceback" not in outcome.err
    assert SECRET.removeprefix("whsec_") not in outcome.out + outcome.err
    return outcome


def file(baton: Baton, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = baton.work / name
    path.write_bytes(text.encode(encoding))
    return path


def query(baton: Baton, sql: str) -> list[Any]:
    with sqlite3.connect(baton.database_url.removeprefix("sqlite:///")) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def videos(baton: Baton, start_sandbox: Callable[..., SandboxProcess]) -> Callable[..., Any]:
    """`videos("youtube", 2, state="gone")`: videos of a platform that the commands can ask."""
    platform = start_sandbox(creators=50)
    baton.env |= {
        "BATON_YOUTUBE_BASE_URL": f"{platform.url}/youtube/v3",
        "BATON_YOUTUBE_API_KEY": "any",
        "BATON_TIKHUB_BASE_URL": platform.url,
        "BATON_TIKHUB_TOKEN": "any",
        "BATON_SHORT_LINK_BASE_URL": platform.url,
    }

    def some(name: str, count: int, **asked: str) -> Any:
        return platform.videos(name, count, **asked)

    return some


def test_from_files_to_reports(baton: Baton, videos: Callable[..., Any]) -> None:
    tube, short = videos("youtube", 2), videos("douyin", 1)[0]
    gone = videos("tiktok", 1, state="gone")[0]
    columns = "task_id,project_id,title,duration,video_url,callback_url,callback_secret"
    file(
        baton,
        "tasks.csv",
        f"{columns}\n"
        f"t1,p1,霸道总裁,90,{tube[0]['url']},{URL},{SECRET}\n"
        f"t2,p1,第二集,60,{short['short_url']},{URL},{SECRET}\n",
        "gb18030",
    )
    assert "tasks: 2 new" in run(baton, "dramas", "import", "tasks.csv").out
    assert "0 new, 0 changed, 2 as before" in run(baton, "dramas", "import", "tasks.csv").out
    file(baton, "users.jsonl", '{"user_id": "u1", "agent_node": "a1"}\n\n{"user_id": 7}\n')
    assert "users: 2 new" in run(baton, "dramas", "import-users", "users.jsonl").out
    at = f"{yesterday()} 12:00:00"
    columns = "task_id,user_id,submission_link,completed_at,view_count,verification_details"
    file(
        baton,
        "posted.csv",
        f"{columns}\n"
        f't1,u1,{tube[0]["url"]},{at},50,"{{""like_count"": 5, ""comment_count"": 1}}"\n'
        f"t1,7,{tube[1]['url']},{at},,\nt2,u1,{short['short_url']},{at},,\n"
        f"t2,7,{gone['url']},{at},,\n",
    )
    assert "completions: 4 new" in run(baton, "dramas", "import_completions", "posted.csv").out

    dry = run(baton, "daily_stats", "--dry-run", "--json").json
    assert dry[0]["to_fetch"] == 3 and query(baton, "SELECT * FROM task_daily_stats") == []
    (day,) = run(baton, "daily_stats", "--json", code=3).json
    assert (day["date"], day["reports"], day["incomplete"]) == (yesterday(), 1, 1)
    one, two = day["stats"]
    assert (one["change"], one["account_count"], one["completion_count"]) == ("new", 2, 2)
    assert one["yt_view_count"] >= 50 + tube[1]["counters"]["view"]
    assert two["dy_share_count"] >= short["counters"]["share"]
    assert gone["url"] in two["error"] and two["tt_account_count"] == 1
    alone = run(baton, "daily_stats", "--task", "t1", "--task", "t1", "--json").json
    assert [one["task_id"] for one in alone[0]["stats"]] == ["t1"]
    agents = run(baton, "daily_stats", "--by", "agent_node", "--json", code=3).json[0]["agents"]
    assert [(one["agent_node"], one["completion_count"]) for one in agents] == [("", 2), ("a1", 2)]
    table = run(baton, "daily_stats", code=3)
    assert "t2    douyin" in table.out and "not counted in full" in table.err

    told = run(baton, "broadcast", "--once", "--json").json
    assert (told["success"], told["total"], told["succeeded"]) == (True, 2, 2)
    kinds = [kind for (kind,) in query(baton, "SELECT kind FROM webhook_deliveries ORDER BY id")]
    assert kinds[0] == "completion" and kinds[1] == "daily" and kinds[-1] == "broadcast"
    shown = run(baton, "dramas", "show", "t1", "--json").json
    assert shown["has_secret"] is True and "callback_secret" not in shown
    assert shown["completion_count"] == 2 and shown["days"][0]["stats_date"] == yesterday()
    assert "yt 2 accounts" in run(baton, "dramas", "show", "t1").out
    logs = "".join(path.read_text() for path in baton.log_dir.glob("*.log"))
    assert SECRET.removeprefix("whsec_") not in logs


def test_wrong_lines_are_named_by_their_place(baton: Baton) -> None:
    text = 'task_id,project_id,duration\nt1,p1,abc\n"t\n2",p1,5\nt3,p1,5,more\nt4,p1,5\n'
    outcome = run(baton, "dramas", "import", file(baton, "t.csv", text), code=3)
    assert "tasks: 2 new" in outcome.out
    for told in (
        "line 2: duration 'abc' is no whole number; the cell was left out",
        "line 4: task_id must be 1 to 64",
        "line 5: more cells",
        "2 refused",
    ):
        assert told in outcome.err, told
    lines = '{"task_id": "t5", "project_id": "p"}\n{"task_id": \n7\n'
    told = run(baton, "dramas", "import", file(baton, "t.jsonl", lines), "--json", code=3).json
    assert [one["place"] for one in told["problems"]] == ["line 2", "line 3"]
    assert told["created"] == 1
    items = [{"task_id": "t6"}, {"task_id": "t7", "project_id": "p"}]
    array = file(baton, "t.json", json.dumps(items))
    (problem,) = run(baton, "dramas", "import", array, "--json", code=3).json["problems"]
    assert (problem["place"], problem["name"]) == ("item 1", "t6")
    assert (problem["field"], problem["reason"]) == ("project_id", "is missing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("[{]", "is no JSON"),
        ("a,b\n1,2\n", "must name the column task_id"),
        ("task_id,title,title\n1,2,3\n", "names the column 'title' twice"),
        ("project_id\np1\n", "must name the column task_id"),
    ],
)
def test_a_file_that_is_none_is_refused(baton: Baton, text: str, message: str) -> None:
    outcome = run(baton, "dramas", "import", file(baton, "x.csv", text), code=2)
    assert message in outcome.err and outcome.out == ""


def test_lists_are_read_as_people_have_them(baton: Baton) -> None:
    text = 'sep=;\r\n任务ID;项目ID;标题;备注\r\n;;;\r\nt1;p1;一;x\r\nt2;p1;"二;三";\r\n'
    (baton.work / "t.csv").write_bytes(text.encode("gb18030"))
    outcome = run(baton, "dramas", "import", "t.csv")
    assert "tasks: 2 new" in outcome.out
    assert "t.csv: read as GB18030 text" in outcome.err
    assert "columns without a meaning here were left out: 备注" in outcome.err
    assert run(baton, "dramas", "show", "t2", "--json").json["title"] == "二;三"


def test_files_that_cannot_be_read_are_named(baton: Baton) -> None:
    (baton.work / "odd.csv").write_bytes(b"\xff\xff\x81")
    assert "neither UTF-8 nor GBK" in run(baton, "dramas", "import", "odd.csv", code=2).err
    assert "none.csv: No such file" in run(baton, "dramas", "import", "none.csv", code=2).err
    assert "Is a directory" in run(baton, "dramas", "import", baton.work, code=2).err


def test_an_operator_changes_a_task(baton: Baton) -> None:
    file(baton, "t.csv", "task_id,project_id\nt1,p1\n")
    run(baton, "dramas", "import", "t.csv")
    for command, status in (("pause", "paused"), ("finish", "finished"), ("resume", "active")):
        assert run(baton, "dramas", command, "t1").out.strip() == f"task t1: {status}"
        assert run(baton, "dramas", "list", "--status", status, "--json").json[0]["task_id"] == "t1"
        assert "no task has the id 't9'" in run(baton, "dramas", command, "t9", code=2).err
    assert run(baton, "dramas", "list", "--status", "paused", "--json").json == []
    assert run(baton, "dramas", "set-secret", "t1", stdin=f"{SECRET}\n").code == 0
    stored = query(baton, "SELECT callback_secret FROM drama_tasks")[0][0]
    assert SECRET not in stored and run(baton, "dramas", "show", "t1", "--json").json["has_secret"]
    refused = run(baton, "dramas", "set_secret", "t1", stdin="geheim", code=2)
    assert "must be whsec_" in refused.err and "geheim" not in refused.err
    run(baton, "dramas", "set_secret", "t9", stdin=SECRET, code=2)
    assert query(baton, "SELECT callback_secret FROM drama_tasks")[0][0] == stored
    assert "not signed any more" in run(baton, "dramas", "set_secret", "t1", "--clear").out
    assert not run(baton, "dramas", "show", "t1", "--json").json["has_secret"]
    assert "no task has the id 't9'" in run(baton, "dramas", "show", "t9", code=2).err


def test_days_as_they_are_typed(baton: Baton) -> None:
    assert f"{yesterday()}: no completions" in run(baton, "daily_stats").out
    assert run(baton, "daily-stats", "--json").json[0]["stats"] == []
    days = run(baton, "daily_stats", "--from", "2026-01-01", "--to", "2026-01-03", "--json").json
    assert [one["date"] for one in days] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    for args, message in (
        (("2999-01-01",), "is in the future: today is"),
        (("21.11.2026",), "is no day; write it like"),
        (("2026-02-30",), "is no day"),
        (("--from", "2026-01-03", "--to", "2026-01-01"), "is after"),
        (("--to", "2026-01-03"), "--to needs --from"),
        (("2026-01-01", "--from", "2026-01-01"), "give one day, or"),
        (("--from", "1900-01-01"), "too many at once"),
        (("--by", "weather"), "'weather'"),
        (("--task", "no-such"), "no-such"),
        (("--sum", "week", "--task", "t1"), "without a day, --task"),
    ):
        assert message in run(baton, "daily_stats", *args, code=2).err, args


def test_broadcasting_is_turned_on_and_off(baton: Baton) -> None:
    assert run(baton, "broadcast", "status", "--json").json["is_on"] is False
    assert "no task of the newest round" in run(baton, "broadcast", "failures").err
    assert "every 180 s" in run(baton, "broadcast", "start").out
    assert run(baton, "broadcast", "start", "--json").json["success"] is True
    assert "broadcasting is on" in run(baton, "broadcast", "status").out
    assert "broadcasting is off" in run(baton, "broadcast", "stop").out
    assert "say what" in run(baton, "broadcast", "--json", code=2).err
    assert "not both" in run(baton, "broadcast", "--once", "start", code=2).err


def test_run_broadcasts_while_it_is_on(baton: Baton, videos: Callable[..., Any]) -> None:
    link = videos("youtube", 1)[0]["url"]
    file(baton, "t.csv", f"task_id,project_id,video_url,callback_url\nt1,p1,{link},{URL}\n")
    run(baton, "dramas", "import", "t.csv")
    run(baton, "broadcast", "start")
    process = baton.start("run")
    wait_until(lambda: query(baton, "SELECT 1 FROM webhook_deliveries"), "a round")
    (outcome,) = end_in_order(process)
    assert outcome.code == 0, outcome
    body = json.loads(query(baton, "SELECT body FROM webhook_deliveries")[0][0])
    assert body["stats"][0]["task_id"] == "t1" and body["stats"][0]["yt_view_count"] > 0


def test_what_was_counted_and_sent_is_found_by_task_day_and_event(
    baton: Baton, videos: Callable[..., Any], tmp_path: Path
) -> None:
    tube = videos("youtube", 1)[0]
    columns = "task_id,project_id,title,duration,video_url,callback_url,callback_secret"
    file(
        baton,
        "tasks.csv",
        f"{columns}\n1003,p1,霸道总裁,90,{tube['url']},{URL},{SECRET}\n",
        "utf-8",
    )
    file(baton, "users.jsonl", json.dumps({"user_id": "u1", "agent_node": "华东"}))
    done = {"task_id": "1003", "user_id": "u1", "submission_link": tube["url"]}
    file(baton, "posted.jsonl", json.dumps(done | {"completed_at": f"{yesterday()} 12:00:00"}))
    run(baton, "dramas", "import", "tasks.csv")
    run(baton, "dramas", "import_users", "users.jsonl")
    run(baton, "dramas", "import_completions", "posted.jsonl")
    run(baton, "daily_stats")
    (day,) = run(baton, "settlement", "list", "--json").json
    assert (day["task_id"], day["stats_date"], day["title"]) == ("1003", yesterday(), "霸道总裁")
    event = query(baton, "SELECT event_id FROM task_daily_stats")[0][0]
    for words in (("1003",), ("--day", yesterday()), ("--event", event)):
        shown = run(baton, "settlement", "show", *words)
        assert "1003" in shown.out and event in shown.out, words
    sums = run(baton, "daily_stats", "--sum", "week", "--by", "agent_node", "--json").json
    assert "华东" in json.dumps(sums, ensure_ascii=False)
    run(baton, "settlement", "list", "--csv", tmp_path / "days.csv")
    assert "1003" in (tmp_path / "days.csv").read_text(encoding="utf-8-sig")
    assert (
        "nothing is known of the event id"
        in run(baton, "settlement", "show", "--event", "nothing", code=2).err
    )
