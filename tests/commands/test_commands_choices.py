"""The choice of an export on the command line: told in words, and gone on with without it."""

from __future__ import annotations

from tests.support.processes.launcher import Baton

WORDS = "--where 'followers>=10000' --has contact --order -followers"
GIVEN = ("--where", "followers>=1万", "--has", "contact", "--order", "-followers")


def test_a_choice_is_told_and_gone_on_with(baton: Baton) -> None:
    baton.add_accounts("acc1")
    assert baton.run("start_crawl", "--domain", "美妆", "--detach").code == 0
    filed = baton.run("start_export", "--domain", "美妆", "--detach", *GIVEN, "--json")
    assert filed.code == 0, filed
    export_id = filed.json["task_id"]
    assert f"choice: {WORDS}" in baton.run("tasks", "show", export_id).out
    chinese = baton.run("tasks", "show", export_id, env={"BATON_LANGUAGE": "zh"})
    assert f"筛选：{WORDS}" in chinese.out
    listed = baton.run("tasks", "list", env={"COLUMNS": "300"}).out
    assert "choice" in listed and WORDS in listed
    joined = baton.run("start_export", "--domain", "美妆", "--detach")
    assert joined.code == 0 and f"task {export_id} is open" in joined.out
    assert f"note: it delivers a choice only: {WORDS}" in joined.err
    same = baton.run("start_export", "--domain", "美妆", "--detach", *GIVEN)
    assert same.code == 0
    other = baton.run("start_export", "--domain", "美妆", "--detach", "--has", "email")
    assert other.code == 2
    assert f"chooses other creators: {WORDS}; go on with it: " in other.err
    assert "start_export --domain '美妆'; or end it: " in other.err


def test_tasks_without_a_choice_have_no_column_for_it(baton: Baton) -> None:
    baton.add_accounts("acc1")
    assert baton.run("start_crawl", "--domain", "美妆", "--detach").code == 0
    assert "choice" not in baton.run("tasks", "list", env={"COLUMNS": "300"}).out
