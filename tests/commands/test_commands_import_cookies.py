"""`accounts import`: cookies in any form, from a file, a folder or standard input."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.support.processes.launcher import Baton, Outcome
from tests.support.processes.process_fixtures import look_at

AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/141.0.0.0 Safari/537.36"
HEADER = "SESSDATA=geheim-1; bili_jct=geheim-2"
CURL = f"curl 'https://api.bilibili.com/x' -b '{HEADER}' -H 'user-agent: {AGENT}'"
NETSCAPE = (
    ".bilibili.com\tTRUE\t/\tTRUE\t0\tSESSDATA\tgeheim-3\n"
    ".example.com\tTRUE\t/\tTRUE\t0\tsid\tgeheim-4\nhalf a line"
)


def run(baton: Baton, *words: object, code: int = 0, stdin: str = "") -> Outcome:
    """Run a command; nothing secret may be said."""
    outcome = baton.run(*words, stdin=stdin)
    assert outcome.code == code, outcome
    assert "geheim" not in outcome.out + outcome.err, outcome
    assert "Traceback" not in outcome.err, outcome
    return outcome


def accounts(baton: Baton) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = baton.run("accounts", "list", "--json").json
    return found


def test_a_copied_request_keeps_the_browsers_user_agent(baton: Baton) -> None:
    (baton.work / "curl.txt").write_text(CURL)
    assert "added" in run(baton, "accounts", "import", "alice", "curl.txt").out
    assert accounts(baton)[0]["user_agent"] == AGENT
    # Cookies alone leave it as it is.
    run(baton, "accounts", "import", "alice", "-", stdin="SESSDATA=geheim-9")
    assert accounts(baton)[0]["user_agent"] == AGENT


def test_an_accounts_user_agent_can_be_changed_and_removed(baton: Baton) -> None:
    run(baton, "accounts", "import", "alice", "-", stdin=HEADER)
    run(baton, "accounts", "set_agent", "alice", AGENT)
    assert accounts(baton)[0]["user_agent"] == AGENT
    for wrong in ("", "x\x1b[31m", "浏览器", "x" * 513):
        refused = run(baton, "accounts", "set_agent", "alice", f" {wrong}", code=2 if wrong else 0)
        assert not wrong or "User-Agent is 1 to 512" in refused.err
        if wrong:
            assert accounts(baton)[0]["user_agent"] is None
    run(baton, "accounts", "set_agent", "alice", "none")
    events = look_at(baton).rows("SELECT kind FROM account_events ORDER BY id")
    assert [event["kind"] for event in events] == ["added", "user_agent", "user_agent"]


def test_what_is_left_out_is_told(baton: Baton) -> None:
    (baton.work / "cookies.txt").write_text(NETSCAPE)
    told = run(baton, "accounts", "import", "alice", "cookies.txt").err
    assert "1 line or entry that is no cookie was left out (line 3)" in told
    assert "1 cookie of another site was left out" in told


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-16", "read as UTF-16"), ("utf-16-le", "read as UTF-16"), ("gbk", "read as GB18030")],
)
def test_another_encoding_is_read_and_told(baton: Baton, encoding: str, told: str) -> None:
    text = f"# Netscape HTTP Cookie File 这是我的登录信息\n{NETSCAPE}\n"
    (baton.work / "cookies.txt").write_bytes(text.encode(encoding))
    assert told in run(baton, "accounts", "import", "alice", "cookies.txt").err


def test_a_folder_is_one_account_for_each_file(baton: Baton) -> None:
    folder = baton.work / "cookies"
    folder.mkdir()
    (folder / "alice.cookies.txt").write_text(NETSCAPE)
    (folder / "bob.json").write_text(json.dumps({"SESSDATA": "geheim-5"}))
    (folder / "carol.curl").write_text(CURL)
    (folder / "carol.txt").write_text(HEADER)
    (folder / "page.txt").write_text("<!DOCTYPE html><html>geheim")
    (folder / "database.sqlite").write_bytes(b"SQLite format 3\0geheim")
    (folder / "all.zip").write_bytes(b"PK\x03\x04geheim")
    (folder / ".hidden").write_text("geheim")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe")
    outcome = run(baton, "accounts", "import", "cookies", code=3)
    assert [account["username"] for account in accounts(baton)] == ["alice", "bob", "carol"]
    assert [account["user_agent"] for account in accounts(baton)] == [None, None, AGENT]
    for told in (
        "carol.txt: another file of the folder has the name carol already",
        "page.txt: this is a web page, not its cookies",
        "database.sqlite is a SQLite file, no text",
        "all.zip is a ZIP file, no text",
        "alice.cookies.txt: 1 line or entry that is no cookie",
        "3 imported, 4 not",
    ):
        assert told in outcome.err, (told, outcome.err)


def test_an_empty_folder_is_told(baton: Baton) -> None:
    (baton.work / "cookies").mkdir()
    assert "has no files" in run(baton, "accounts", "import", "cookies", code=2).err


def test_a_list_may_come_on_standard_input(baton: Baton) -> None:
    rows = (
        "账号;Cookie;每日上限;备注",
        f'甲;"{HEADER}";4000.0;x',
        ";;;",
        "乙;SESSDATA=geheim;无;",
    )
    text = "\r\n".join(rows)
    outcome = run(baton, "accounts", "import", "-", stdin=text)
    assert [one["username"] for one in accounts(baton)] == ["甲", "乙"]
    assert "columns without a meaning here were left out: 备注" in outcome.err
    assert baton.run("accounts", "import", "-", stdin=HEADER).code == 2


def test_a_file_of_two_hundred_megabytes_is_refused_at_once(baton: Baton) -> None:
    with (baton.work / "big.csv").open("wb") as file:
        file.truncate(200_000_000)
    for words in (("big.csv",), ("alice", "big.csv")):
        refused = run(baton, "accounts", "import", *words, code=2)
        assert "big.csv is larger than 100 MB; split it" in refused.err


def test_a_list_of_a_hundred_thousand_accounts_is_refused_with_what_to_do(baton: Baton) -> None:
    rows = "\n".join(f"name{number},SESSDATA=geheim{number}" for number in range(100_000))
    (baton.work / "many.csv").write_text(f"username,cookie\n{rows}\n")
    refused = run(baton, "accounts", "import", "many.csv", code=2)
    assert "has 100,000 accounts; at most 20,000 at once; split it" in refused.err
    assert accounts(baton) == []
