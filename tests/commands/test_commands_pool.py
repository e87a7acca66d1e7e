"""Accounts that are renamed, grouped, checked and deleted, and pins of tasks, by command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.processes.launcher import Baton
from tests.support.sandbox import control


def add(baton: Baton, name: str, *more: object) -> None:
    cookies = baton.work / f"{name}.txt"
    cookies.write_text(f"SESSDATA={name}; bili_jct=b", encoding="utf-8")
    done = baton.run("accounts", "import", name, cookies, *more)
    assert done.code == 0, done


def listed(baton: Baton, *more: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = baton.run("accounts", "list", "--json", *more).json
    return found


def test_accounts_are_grouped_renamed_and_deleted(baton: Baton) -> None:
    add(baton, "alice", "--group", "north")
    add(baton, "bob")
    add(baton, "carol")
    assert baton.run("accounts", "set_group", "bob", "carol", "south").out == (
        "2 accounts are in group south now\n"
    )
    assert baton.run("accounts", "set_group", "carol", "none").code == 0
    assert [one["username"] for one in listed(baton, "--group", "south")] == ["bob"]
    assert [one["username"] for one in listed(baton, "--group", "none")] == ["carol"]
    totals = baton.run("accounts", "groups", "--json").json
    assert [(one["group_name"], one["total"]) for one in totals] == [
        ("north", 1),
        ("south", 1),
        (None, 1),
    ]
    assert "north" in baton.run("accounts", "groups").out
    assert baton.run("accounts", "rename", "bob", "robert").out == "account bob is robert now\n"
    wrong = baton.run("accounts", "rename", "robert", "a\u200bb")
    assert wrong.code == 2 and "U+200B" in wrong.err
    unasked = baton.run("accounts", "delete", "robert")
    assert unasked.code == 2 and "add --yes" in unasked.err
    done = baton.run("accounts", "delete", "robert", "--yes")
    assert done.out == (
        "account robert deleted; files, logs and reports call it robert (deleted) from now on\n"
    )
    assert [one["username"] for one in listed(baton)] == ["alice", "carol"]
    (tombstone,) = listed(baton, "--deleted")
    assert tombstone["username"] == "robert (deleted)" and tombstone["deleted_at"]
    gone = baton.run("accounts", "enable", "robert (deleted)")
    assert gone.code == 2 and "was deleted" in gone.err
    assert tombstone["egress"] is None, "it leaves by no route, not directly"
    told = baton.run("accounts", "explain", "robert (deleted)")
    assert told.code == 0 and "its name was robert" in told.out and "direct" not in told.out
    assert "enabled" not in told.out and "what to do" not in told.out, "nothing brings it back"
    of_group = baton.run("accounts", "set_group", "carol", "a\u202eb")
    assert "the group has a character that nobody can see: U+202E" in of_group.err
    assert "renamed by its id" not in of_group.err


def test_tasks_are_filed_with_pins_shown_and_changed(baton: Baton) -> None:
    add(baton, "alice", "--group", "north")
    add(baton, "bob")
    crawl = ("start_crawl", "--domain", "美妆", "--detach")
    unknown = baton.run(*crawl, "--account", "nobody")
    assert unknown.code == 2 and "no account is named 'nobody'" in unknown.err
    assert baton.run(*crawl, "--group", "east").code == 2
    assert baton.run("tasks", "list", "--json").json == []
    assert baton.run(*crawl, "--account", "alice").code == 0
    refused = baton.run(*crawl, "--account", "bob")
    assert refused.code == 2 and "tasks pin 1 --account bob" in refused.err
    joined = baton.run(*crawl)
    assert joined.code == 0 and "task 1 stays pinned to account alice" in joined.err
    assert "pinned to account alice" in baton.run("tasks", "show", "1").out
    assert "pinned to account alice" in baton.run("tasks", "list").out
    assert baton.run("tasks", "pin", 1, "--group", "north").out == (
        "task 1: pinned to group north\n"
    )
    shown = baton.run("tasks", "show", "1", "--json").json[0]
    assert (shown["only_account"], shown["only_group"]) == (None, "north")
    assert baton.run("tasks", "pin", 1).code == 2
    assert baton.run("tasks", "pin", 1, "--none", "--account", "bob").code == 2
    assert "every account" in baton.run("tasks", "pin", 1, "--none").out
    assert baton.run("tasks", "pin", 1, "--account", "bob").code == 0
    done = baton.run("accounts", "delete", "bob", "--yes")
    assert "task 1 is pinned to it, and waits" in done.err
    plan = ("plan", "--domain", "x", "--creators", 50, "--json")
    planned = baton.run(*plan, "--group", "north").json
    assert [one["username"] for one in planned["accounts"]] == ["alice"]


def test_an_account_is_enabled_only_when_it_is_signed_in(
    make_baton: Callable[..., Baton], start_sandbox: Callable[..., Any]
) -> None:
    sandbox = start_sandbox(creators=20)
    baton = make_baton(BILIBILI_BASE_URL=sandbox.url)
    add(baton, "alice")
    baton.run("accounts", "disable", "alice")
    done = baton.run("accounts", "enable", "alice", "--check")
    assert done.code == 0 and "signed in as" in done.out and "idle" in done.out
    baton.run("accounts", "disable", "alice")
    control.tell(sandbox.url, "expire", {"account": "alice"})
    refused = baton.run("accounts", "enable", "alice", "--check")
    assert refused.code == 2 and "not signed in any more" in refused.err
    assert listed(baton)[0]["status"] == "disabled"
