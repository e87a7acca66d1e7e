"""`views` as a user meets it: its steps, its questions, exit codes, logs and JSON."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.processes.launcher import CLI, Baton, SandboxProcess, wait_until
from tests.support.processes.window import shown_in_window
from tests.support.works.hour_data import WORKS, numbers, put, put_hours, report
from works.hour_data.files import HourFiles
from works.hour_data.hours import Hour
from works.hourly.history import AGE

LAST = Hour.parse("2026-11-22", "05")
FULL = {"crawl", "import", "caught_up", "exit_code"}


@pytest.fixture
def files(baton: Baton) -> HourFiles:
    return HourFiles(baton.data_dir / "spider" / "views")


@pytest.fixture
def taken_in(baton: Baton, files: HourFiles) -> Baton:
    """Two days of three works."""
    put_hours(files, [LAST.earlier(n) for n in range(47, -1, -1)])
    outcome = baton.run("views", "--missing")
    assert (outcome.code, outcome.out) == (0, "48 missing files imported, 144 rows\n"), outcome
    return baton


@pytest.fixture
def crawling(baton: Baton, start_sandbox: Callable[..., SandboxProcess]) -> Baton:
    """An account, and a list of 120 works."""
    platform = start_sandbox(creators=200)
    baton.use(platform)
    baton.add_accounts("one")
    works = [
        {"platform": "bilibili", "work_id": one["id"], "title": "", "is_valid": True}
        for one in platform.videos("bilibili", 120, state="visible")
    ]
    path = baton.data_dir / "spider" / "views.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"works": works}), encoding="utf-8")
    return baton


def test_a_full_run_and_its_logs(crawling: Baton) -> None:
    outcome = crawling.run("views", "--json")
    assert outcome.code == 0, outcome
    told = outcome.json
    assert set(told) == FULL
    assert (told["crawl"]["success_count"], told["import"]["rows"]) == (120, 120)
    assert (told["crawl"]["ending"], told["caught_up"]["rows"]) == ("done", 0)
    assert Path(told["crawl"]["file"]).exists()
    assert re.search(r"^\S+ \d\d: 120 fetched \| 120/120$", outcome.err, re.M), outcome.err
    for name in ("views_crawler", "views_import"):
        (log,) = (crawling.log_dir / "spider").glob(f"{name}_*.log")
        assert re.fullmatch(rf"{name}_20\d{{6}}\.log", log.name)
        for line in log.read_text("utf-8").splitlines():
            assert re.match(r"\[20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\] INFO \S", line), line


def test_the_steps_one_by_one(crawling: Baton) -> None:
    crawled = crawling.run("views", "--crawl-only")
    assert crawled.code == 0, crawled
    assert "120 of 120 works have numbers" in crawled.out
    assert not (crawling.data_dir / "view_data.sqlite3").exists()
    imported = crawling.run("views", "--import-only")
    assert (imported.code, "120 rows imported\n" in imported.out) == (0, True), imported
    again = crawling.run("views", "--import-only", "--json").json
    assert (again["rows"], again["fresh"]) == (120, False)
    second = crawling.run("views", "--crawl-only")
    assert second.code == 0 and "nothing was asked again" in second.err


def test_an_interrupted_run_says_so_and_goes_on(crawling: Baton) -> None:
    slow = crawling.start("views", env={"BATON_BILIBILI_PACE": "1/0.5"})
    wait_until(lambda: "50 fetched" in slow.err or fetched(crawling), "the first batch")
    slow.signal(signal.SIGINT)
    outcome = slow.wait()
    assert outcome.code == 130, outcome
    assert "interrupted" in outcome.out
    assert crawling.run("views").code == 0


def fetched(baton: Baton) -> bool:
    """Return True when a batch is in the main database."""
    with closing(sqlite3.connect(baton.env["DATABASE_URL"].removeprefix("sqlite:///"))) as data:
        try:
            [count] = data.execute("SELECT COUNT(*) FROM view_points").fetchone()
        except sqlite3.OperationalError:
            return False  # no tables yet
    return bool(count)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--full", "--missing"), "--full and --missing exclude each other"),
        (("--import-only", "--date", "2026-11-22"), "there is no data file of 2026-11-22"),
        (("--import-only", "--date", "22.11."), "'22.11.' is no day"),
        (("--date", "2026-11-22", "--hour", "5"), "are for --import-only"),
        (("--import-only", "--date", "2026-02-30", "--hour", "5"), "'2026-02-30' is no day"),
        (("--import-only", "--date", "2026-02-28", "--hour", "24"), "'24' is no hour"),
        (("--import-only",), "no data files below"),
        (("--json", "top"), "options go behind top"),
        (("trend",), "Missing argument 'work'"),
        (("trend", "nonsense"), "no video id"),
        (("growth", "--since", "soon"), "'soon' is no"),
        (("top", "--counter", "stars"), "'stars' is not one of"),
        (("up",), "No such command"),
        (("top",), "there are no numbers yet; fetch first"),
        (("import",), "or --here"),
        (("import", "nowhere.json"), "nowhere.json is not there"),
    ],
)
def test_wrong_words_are_usage_errors(baton: Baton, words: tuple[str, ...], says: str) -> None:
    outcome = baton.run("views", *words)
    assert outcome.code == 2, outcome
    assert says in outcome.err
    assert outcome.out == ""
    assert not (baton.data_dir / "view_data.sqlite3").exists()


def test_what_is_not_there_or_damaged_is_an_error(baton: Baton, files: HourFiles) -> None:
    outcome = baton.run("views", "--crawl-only")
    assert outcome.code == 1 and "views.json is not there" in outcome.err, outcome
    outcome = baton.run("views", "--import-only", "--date", "2026-11-22", "--hour", "05")
    assert outcome.code == 1 and "there are no numbers of 2026-11-22 05" in outcome.err, outcome
    put(files, LAST, "{")
    put_hours(files, [LAST.earlier(1)])
    outcome = baton.run("views", "--missing")
    assert outcome.code == 1, outcome
    assert "1 missing file imported, 3 rows" in outcome.out
    assert "refused: " in outcome.err and "line 1 column 1" in outcome.err
    assert "Traceback" not in outcome.err


def listed(baton: Baton, platform: SandboxProcess, count: int) -> None:
    """Write a list of works whose videos are there."""
    works = [{"work_id": one["id"]} for one in platform.videos("bilibili", count, state="visible")]
    path = baton.data_dir / "spider" / "views.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"works": works}), encoding="utf-8")


def test_without_any_account_works_are_asked_for_one_by_one_as_a_visitor(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=20)
    baton.use(platform)
    listed(baton, platform, 3)
    outcome = baton.run("views")
    assert outcome.code == 0 and "3 of 3 works have numbers" in outcome.out, outcome
    asked = platform.stats()["requests"]["bilibili"]
    assert asked["/x/web-interface/view"] == 3
    assert "/medialist/gateway/base/resource/infos" not in asked


def test_where_all_accounts_are_disabled_the_code_says_so(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=20)
    baton.use(platform)
    baton.add_accounts("one")
    listed(baton, platform, 2)
    assert baton.run("accounts", "disable", "one").code == 0
    outcome = baton.run("views")
    assert outcome.code == 4, outcome
    assert "no account" in outcome.out


def test_each_work_and_the_progress_are_in_the_log_and_on_the_console(crawling: Baton) -> None:
    outcome = crawling.run("views", "--crawl-only")
    (log,) = (crawling.log_dir / "spider").glob("views_crawler_*.log")
    lines = log.read_text("utf-8").splitlines()
    for word in ("begin: BV", "fetched: BV"):
        assert sum(f"INFO {word}" in line for line in lines) == 120
    assert [line.split("progress: ")[1] for line in lines if "progress: " in line] == [
        "50/120",
        "100/120",
        "120/120",
    ]
    assert set(lines) <= set(outcome.err.splitlines())


def test_a_day_or_an_hour_of_today_is_imported(baton: Baton, files: HourFiles) -> None:
    put_hours(files, [LAST.earlier(n) for n in range(8)])
    day = baton.run("views", "--import-only", "--date", "2026-11-22", "--json").json
    assert [one["hour"] for one in day["imported"]] == [f"{n:02d}" for n in range(6)]
    assert day["rows"] == 18
    hour = baton.run("views", "--import-only", "--hour", "7")
    assert hour.code == 1 and " 07" in hour.err and "2026-11-22" not in hour.err, hour


def test_a_wrong_entry_is_told_by_line_and_code(baton: Baton, files: HourFiles) -> None:
    content = report(LAST, [numbers(WORKS[0], LAST, 1), numbers(WORKS[1], LAST, 2)])
    content["data"][0]["view_count"] = "1"
    put(files, LAST, content)
    outcome = baton.run("views", "--import-only")
    assert outcome.code == 3 and "1 row imported" in outcome.out, outcome
    assert "WARNING 2026-11-22-05_views_data.json: data[0].view_count" in outcome.err


def test_questions_need_no_account_and_no_file(taken_in: Baton) -> None:
    (taken_in.data_dir / "view_data.sqlite3").unlink()
    env = {"COLUMNS": "90"}
    trend = taken_in.run("views", "trend", f"https://www.bilibili.com/video/{WORKS[1]}/", env=env)
    assert trend.code == 0, trend
    lines = trend.out.splitlines()
    assert lines[0] == f"{WORKS[1]}  标题 {WORKS[1]}"
    assert lines[-9].split()[-1] == "+101"
    assert lines[-8].startswith("14,747┤") and lines[-1].startswith("10,000┤ ▁")
    assert all(len(line) <= 90 for line in lines[-8:])
    top = taken_in.run("views", "top", "--date", "2026-11-22", "--hour", "5", env=env)
    assert [line.split()[1] for line in top.out.splitlines()[2:]] == list(reversed(WORKS))


def test_files_of_elsewhere_are_taken_in_once(baton: Baton, tmp_path: Path) -> None:
    old = HourFiles(tmp_path / "old")
    put_hours(old, [LAST.earlier(1), LAST])
    done = baton.run("views", "import", str(tmp_path / "old"), "--json").json
    assert [(one["hour"], one["rows"], one["fresh"]) for one in done["imported"]] == [
        ("04", 3, True),
        ("05", 3, True),
    ]
    again = baton.run("views", "import", str(old.path(LAST)), "--json").json
    assert [one["fresh"] for one in again["imported"]] == [False]
    put(old, LAST, report(LAST, [numbers(WORKS[0], LAST, 5)]))
    assert baton.run("views", "import", str(old.path(LAST)), "--replace").code == 0
    top = baton.run("views", "top", "--json").json
    assert [(one["work_id"], one["view_count"]) for one in top] == [(WORKS[0], 5)]
    misnamed = tmp_path / "numbers.json"
    misnamed.write_text("{}")
    outcome = baton.run("views", "import", str(misnamed))
    assert outcome.code == 2 and "tells its hour" in outcome.err
    written = baton.run("views", "project", "--since", LAST.date_text, "--json").json
    assert len(written["written"]) == 2


def test_videos_are_compared_side_by_side_and_in_files(taken_in: Baton, tmp_path: Path) -> None:
    told = taken_in.run("views", "compare", *WORKS[:2], "--since", "2h", "--json").json
    assert told["hours"] == ["2026-11-22 04", "2026-11-22 05"]
    assert [values[1] - values[0] for values in told["series"].values()] == [100, 101]
    table, book = tmp_path / "series.csv", tmp_path / "series.xlsx"
    for path in (table, book):
        done = taken_in.run("views", "compare", *WORKS[:2], "--since", "2h", "--out", str(path))
        assert done.code == 0, done
    lines = table.read_text("utf-8-sig").splitlines()
    assert lines[0] == f"hour,{WORKS[0]},{WORKS[1]}"
    assert (
        lines[2] == f"2026-11-22 05:00,{told['series'][WORKS[0]][1]},{told['series'][WORKS[1]][1]}"
    )
    assert zipfile.is_zipfile(book)
    done = taken_in.run("views", "trend", WORKS[0], "--last", 2, "--out", str(table))
    assert done.code == 0, done
    assert table.read_text("utf-8-sig").splitlines()[0].endswith("hours_since_publication,growth")
    done = taken_in.run("views", "authors", "--out", str(book))
    assert done.code == 0 and zipfile.is_zipfile(book)
    aged = taken_in.run("views", "compare", WORKS[0], "--since-publication", "--json")
    assert aged.json["publication_unknown"] == [WORKS[0]], aged
    refused = taken_in.run("views", "compare", WORKS[0], "--out", "series.pdf")
    assert refused.code == 2 and ".csv or .xlsx" in refused.err


def test_what_failed_is_told_with_its_reason_and_a_refused_list_by_the_code(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=200)
    baton.use(platform)
    baton.add_accounts("one")
    gone = platform.videos("bilibili", 1, state="gone")[0]["id"]
    inbox = baton.data_dir / "spider" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "1.json").write_text(json.dumps([{"work_id": gone}, {"work_id": "nonsense"}]))
    outcome = baton.run("views", "--full")
    assert outcome.code == 3, outcome
    assert f"failed: {gone} : not_found: " in outcome.out
    assert "works rejected" in outcome.err


def test_json_of_every_question(taken_in: Baton) -> None:
    def asked(*words: str) -> Any:
        outcome = taken_in.run("views", *words, "--json")
        assert outcome.code == 0, outcome
        return outcome.json

    row = {"platform", "work_id", "title", "crawl_date", "crawl_hour", "crawl_time"} | {
        f"{name}_count"
        for name in ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
    }
    trend = asked("trend", "av170001", "--last", "3")
    assert len(trend) == 3 and set(trend[0]) == {*row, "growth", AGE}
    top = asked("top", "--limit", "2")
    assert len(top) == 2 and set(top[0]) == row
    growth = asked("growth", "--since", "2h", "--counter", "like")
    assert set(growth[0]) == {
        "platform",
        "work_id",
        "title",
        "from_hour",
        "to_hour",
        "from_count",
        "to_count",
        "growth",
    }
    daily = asked("daily", "--since", "9999d")
    assert set(daily[0]) == {"crawl_date", "hours", "works", "total", "growth"}
    gaps = asked("gaps", "--since", "48h")
    keys = {"date", "hour", "state", "started_at", "success_count", "fail_count"}
    keys |= {"why", "why_code", "why_params"}
    assert all(set(one) == keys for one in gaps)


def test_gaps_are_listed_and_counted(baton: Baton, files: HourFiles) -> None:
    put_hours(files, [LAST])
    put(files, LAST.earlier(-2), report(LAST.earlier(-2), [numbers("BV1", LAST, 1)], minute=40))
    assert baton.run("views", "--missing").code == 0
    outcome = baton.run("views", "gaps", "--since", "9999d")
    assert outcome.code == 0, outcome
    assert re.search(r"^2026-11-22 06 +missing .*nothing ran in this hour$", outcome.out, re.M)
    assert re.search(r"^2026-11-22 07 +late .*begun 40 minutes after the hour$", outcome.out, re.M)
    assert "2026-11-22 05" not in outcome.out
    assert re.search(r"\d+ hours: 1 expected, 1 observed, 1 late, \d+ missing", outcome.out)
    everything = baton.run("views", "gaps", "--since", "9999d", "--all")
    assert re.search(r"^2026-11-22 05 +observed", everything.out, re.M)


@pytest.mark.parametrize("words", [("trend", WORKS[1]), ("top",), ("growth", "--since", "24h")])
def test_questions_fit_a_window_and_name_what_has_no_room(
    taken_in: Baton, words: tuple[str, ...]
) -> None:
    env = taken_in.env | {"TERM": "xterm"}
    lines = shown_in_window(taken_in.work, env, CLI, ("views", *words), 50)
    told = [line for line in lines if line.startswith("left out, for want of room: ")]
    assert len(told) == 1 and told[0].endswith("--json)")
    assert [line for line in lines if line not in told and cell_len(line) > 50] == []
    assert "growth" in lines[1] or "view" in lines[1] or "growth" in lines[0]
