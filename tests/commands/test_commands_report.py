"""`report today` and `logs ingestion` by the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.processes.launcher import Baton


def test_a_day_is_reported_and_its_pages_are_listed(
    baton: Baton, start_sandbox: Callable[..., object]
) -> None:
    baton.use(start_sandbox(creators=40))
    cookies = baton.folder / "cookies.txt"
    cookies.write_text("SESSDATA=alice; bili_jct=b")
    assert baton.run("accounts", "import", "alice", str(cookies)).code == 0
    assert baton.run("start_crawl", "--domain", "美妆").code == 0
    assert baton.run("start_export", "--domain", "美妆").code == 0

    told = baton.run("report", "today", "--json").json
    assert told["totals"] == {
        "pages": 2,
        "seen": 40,
        "new_count": 40,
        "files": 1,
        "exported_count": 40,
    }
    assert told["ingested"][0]["account"] == "alice"
    shown = baton.run("report", "today", "--xlsx", str(baton.folder / "day.xlsx"))
    assert shown.code == 0 and "alice" in shown.out and "sum" in shown.out, shown
    assert (baton.folder / "day.xlsx").read_bytes().startswith(b"PK")
    sentences = baton.run("report", "today", "--sentences").out
    assert "account alice exported 40 creators of 美妆" in sentences
    empty = baton.run("report", "today", "--sentences", "--day", "2020-01-01")
    assert empty.out == "" and "nothing was ingested or exported on 2020-01-01" in empty.err

    logs = baton.run("logs", "ingestion", "--domain", "美妆", "--creators", "--json").json
    assert [log["page_number"] for log in logs] == [2, 1]
    assert [len(log["creators"]) for log in logs] == [20, 20]
    assert "alice" in baton.run("logs", "ingestion", "--day", told["day"]).out
    assert "20 of them new" in baton.run("logs", "ingestion", "--creators").out
    assert baton.run("accounts", "delete", "alice", "--yes").code == 0
    gone = baton.run("report", "today", "--account", "alice (deleted)")
    assert gone.code == 0 and "alice (deleted)" in gone.out and "40" in gone.out, gone
    assert baton.run("logs", "ingestion", "--account", "alice (deleted)").code == 0
    assert "no page that was ingested fits" in baton.run("logs", "ingestion", "--task", "99").err


def test_what_cannot_be_reported_is_told(baton: Baton) -> None:
    assert baton.run("report", "today", "--day", "x").code == 2
    assert baton.run("report", "today", "--account", "nobody").code == 2
    assert baton.run("logs", "ingestion", "--account", "nobody").code == 2
    assert baton.run("report", "today", "--json", "--sentences").code == 2
    unwritable = baton.run("report", "today", "--xlsx", "/proc/none/day.xlsx")
    assert unwritable.code == 1 and "/proc/none/day.xlsx" in unwritable.err
