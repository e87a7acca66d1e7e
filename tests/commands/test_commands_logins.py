"""Logins by command: `--new-login`, the uid in listings, and what `doctor` says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.sessions import member_id
from tests.support.processes.launcher import Baton
from tests.support.sandbox import control


def write(baton: Baton, name: str, uid: int | None, more: str = "") -> Path:
    path = baton.work / f"{name}.txt"
    claim = "" if uid is None else f"; DedeUserID={uid}"
    path.write_text(f"SESSDATA={name}{claim}{more}", encoding="utf-8")
    return path


def logins(baton: Baton) -> list[dict[str, Any]]:
    found = baton.run("doctor", "--json").json
    return [one for one in found if one["subject"] == "logins"]


def test_another_login_needs_a_word_and_keeps_the_former_one(make_baton, database_url: str) -> None:
    baton = make_baton(database_url, COLUMNS="200")
    baton.run("init")
    assert baton.run("accounts", "import", "alice", write(baton, "one", 111)).code == 0
    twice = baton.run("accounts", "import", "bob", write(baton, "two", 111))
    assert twice.code == 2 and "bob is already the login of alice (uid 111)" in twice.err
    other = baton.run("accounts", "import", "alice", write(baton, "three", 222))
    assert other.code == 2 and "alice is the login 111" in other.err
    assert "--new-login" in other.err
    done = baton.run("accounts", "import", "alice", write(baton, "three", 222), "--new-login")
    assert done.code == 0 and "the former one is alice.1" in done.out
    listed = {one["username"]: one for one in baton.run("accounts", "list", "--json").json}
    assert {name: one["platform_uid"] for name, one in listed.items()} == {
        "alice": "222",
        "alice.1": "111",
    }
    assert "222 (not proven)" in baton.run("accounts", "list").out
    shown = baton.run("accounts", "explain", "alice").out
    assert "uid 222 (not proven)" in shown and "identity_changed" in shown
    assert baton.run("exports", "verify").code == 0


def test_doctor_lists_logins_without_proof_until_they_were_checked(
    make_baton, start_sandbox
) -> None:
    sandbox = start_sandbox(creators=20)
    baton = make_baton(BILIBILI_BASE_URL=sandbox.url)
    for name in ("one", "two", "three"):
        uid = None if name == "three" else member_id(name)
        assert baton.run("accounts", "import", name, write(baton, name, uid)).code == 0
    [finding] = logins(baton)
    assert finding["level"] == "warn"
    assert finding["detail"] == "not proven by the platform yet: 3 accounts (one, two, three)"
    assert "jobs run session_checks" in finding["advice"]
    control.tell(sandbox.url, "identity", {"account": "three", "same_as": "one"})
    assert baton.run("jobs", "run", "session_checks").code == 0
    assert logins(baton) == []
    listed = {one["username"]: one for one in baton.run("accounts", "list", "--json").json}
    assert [one["uid_proven"] for one in listed.values()] == [True, True, False]
    assert listed["three"]["disabled_reason"].startswith("same login as one")


def test_doctor_names_accounts_that_show_one_device(baton: Baton) -> None:
    for name, device in (("one", "A"), ("two", "A"), ("three", "B")):
        more = f"; buvid3=DEVICE-{device}"
        baton.run("accounts", "import", name, write(baton, name, member_id(name), more))
    findings = [one for one in logins(baton) if "device" in one["detail"]]
    assert [one["detail"] for one in findings] == [
        "these accounts show the same device (buvid3): one, two"
    ]
    assert "DEVICE" not in str(findings)


def test_a_folder_and_a_list_may_bring_other_logins_on_demand(baton: Baton) -> None:
    (baton.work / "cookies").mkdir()
    one, two = baton.work / "cookies" / "alice.txt", baton.work / "list.csv"
    agent = "Mine/1"
    assert baton.run("accounts", "import", "alice", write(baton, "one", 111)).code == 0
    one.write_text(f"curl 'https://bilibili.com/' -b 'SESSDATA=x; DedeUserID=222' -A '{agent}'")
    two.write_text("username,cookie\nalice,SESSDATA=y; DedeUserID=333\n", encoding="utf-8")
    for source, was, former in (("cookies", 111, "alice.1"), ("list.csv", 222, "alice.2")):
        refused = baton.run("accounts", "import", source)
        assert refused.code == 3 and f"alice is the login {was}" in refused.err
        done = baton.run("accounts", "import", source, "--new-login")
        assert done.code == 0 and f"the former one is {former}" in done.out
    listed = baton.run("accounts", "list", "--json").json
    # A User-Agent is of the login's own browser: the next login does not take it over.
    assert {one["username"]: (one["platform_uid"], one["user_agent"]) for one in listed} == {
        "alice.1": ("111", None),
        "alice.2": ("222", agent),
        "alice": ("333", None),
    }
