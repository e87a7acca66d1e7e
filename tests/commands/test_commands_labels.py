"""Labels by the command line."""

from __future__ import annotations

from tests.support.processes.launcher import Baton


def test_tasks_are_filed_found_and_relabelled(baton: Baton) -> None:
    cookies = baton.folder / "cookies.txt"
    cookies.write_text("SESSDATA=alice; bili_jct=b")
    assert baton.run("accounts", "import", "alice", str(cookies)).code == 0
    filed = baton.run(
        "start_crawl", "--domain", "美妆", "--detach", "--label", "客户A", "--label", "spring"
    )
    assert filed.code == 0, filed
    wrong = baton.run("start_crawl", "--domain", "x", "--detach", "--label", "a b")
    assert wrong.code == 2 and "the label 'a b' cannot be used; write 1 to 64" in wrong.err
    assert baton.run("tasks", "label", "1", "more").out == "task 1: more, spring, 客户A\n"
    assert baton.run("tasks", "unlabel", "1", "spring", "more").out == "task 1: 客户A\n"
    assert baton.run("tasks", "list", "--label", "客户A", "--json").json[0]["labels"] == ["客户A"]
    assert baton.run("tasks", "list", "--label", "other", "--json").json == []
    assert "客户A" in baton.run("tasks", "show", "1").out
    assert baton.run("run", "--label", "a b").code == 2
