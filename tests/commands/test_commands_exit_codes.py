"""Exit codes that a script can rely on: 0, 1, 2, 3 (unfinished), 4 (credentials), 130."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
import typer
from cryptography.fernet import Fernet

from commands.framework.context import reports_errors
from tests.support.processes.launcher import Baton, SandboxProcess
from tests.support.processes.process_fixtures import Crawled, look_at

CRAWL = ("start_crawl", "--domain", "美妆")
EXPORT = ("start_export", "--domain", "美妆")


def test_all_quota_used_up_is_3_and_says_when_it_goes_on(crawled: Crawled) -> None:
    baton, _ = crawled
    for name in ("acc1", "acc2"):
        assert baton.run("accounts", "set-limit", name, 50).code == 0
    outcome = baton.run(*EXPORT)
    assert outcome.code == 3, outcome
    assert "all accounts have used up their quota of the day" in outcome.err
    assert "the export goes on at 20" in outcome.err
    outside = look_at(baton)
    assert outside.exported() == 100
    assert outside.value("SELECT status FROM tasks WHERE task_type='export'") == "paused"
    again = baton.run(*EXPORT, "--json")
    assert again.code == 3
    assert (again.json["status"], again.json["exit_code"]) == ("paused", 3)
    assert baton.verified()["ok"] is True
    assert outside.exported() == 100


def test_a_limit_ends_the_export_with_0(crawled: Crawled) -> None:
    baton, _ = crawled
    outcome = baton.run(*EXPORT, "--limit", 7, "--json")
    assert outcome.code == 0, outcome
    assert outcome.json["rows"] == 7
    assert [file["rows"] for file in outcome.json["files"]] == [7]


def test_no_account_is_4(baton: Baton) -> None:
    for outcome in baton.run_all(CRAWL, EXPORT):
        assert outcome.code == 4, outcome
        assert "no account for bilibili; add one with" in outcome.err


def test_all_accounts_disabled_is_4(crawled: Crawled) -> None:
    baton, _ = crawled
    baton.run_all(("accounts", "disable", "acc1"), ("accounts", "disable", "acc2"))
    for outcome in baton.run_all(CRAWL, EXPORT):
        assert outcome.code == 4, outcome
        assert "all 2 accounts are disabled" in outcome.err


@pytest.mark.parametrize("fate", ["dead", "banned", "expired"])
def test_accounts_that_the_platform_refuses_end_a_crawl_with_4(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], fate: str
) -> None:
    baton.use(start_sandbox(creators=400))
    for name in ("one", "two"):
        assert baton.run("accounts", "add", name, stdin=f"SESSDATA={fate}-{name}").code == 0
    outcome = baton.run(*CRAWL)
    assert outcome.code == 4, outcome
    assert "all 2 accounts are disabled" in outcome.err
    assert "The task stays open." in outcome.err
    reasons = [
        account["disabled_reason"] for account in baton.run("accounts", "list", "--json").json
    ]
    word = "banned" if fate == "banned" else "expired"
    assert all(word in reason for reason in reasons), reasons


def test_another_or_a_missing_key_is_4_and_changes_nothing(crawled: Crawled) -> None:
    baton, _ = crawled
    key_file = baton.data_dir / "secret.key"
    before = look_at(baton).rows("SELECT * FROM accounts")
    wrong = {"BATON_SECRET_KEY": Fernet.generate_key().decode()}
    for outcome in baton.run_all(EXPORT, ("accounts", "list"), env=wrong):
        assert outcome.code == 4, outcome
        assert "BATON_SECRET_KEY is not the key" in outcome.err
        assert wrong["BATON_SECRET_KEY"] not in outcome.err
    broken = baton.run(*EXPORT, env={"BATON_SECRET_KEY": "no-fernet-key"})
    assert broken.code == 4
    assert "is no Fernet key" in broken.err
    assert "no-fernet-key" not in broken.err
    key = key_file.read_text()
    key_file.unlink()
    missing = baton.run(*EXPORT)
    assert missing.code == 4
    assert f"{key_file} is missing and BATON_SECRET_KEY is not set" in missing.err
    assert not key_file.exists()
    assert look_at(baton).rows("SELECT * FROM accounts") == before
    right = baton.run(*EXPORT, "--limit", 1, env={"BATON_SECRET_KEY": key.strip()})
    assert right.code == 0, right


def test_a_failed_task_is_1(baton: Baton, start_sandbox: Callable[..., SandboxProcess]) -> None:
    platform = start_sandbox(creators=100)
    baton.use(platform)
    baton.add_accounts("acc1")
    platform.order_faults({"kind": "html_200", "times": 50})
    outcome = baton.run(*CRAWL)
    assert outcome.code == 1, outcome
    assert "task 1 failed: page 1: the answer is no JSON" in outcome.err
    assert "evidence" in outcome.err


def test_a_missing_file_is_1_for_verify_and_rebuild_mends_it(crawled: Crawled) -> None:
    baton, _ = crawled
    made = baton.run(*EXPORT, "--json")
    assert made.code == 0, made
    (file,) = baton.exports_dir.rglob("*.csv")
    content = file.read_bytes()
    file.unlink()
    outcome = baton.run("exports", "verify")
    assert outcome.code == 1
    assert "PROBLEM segment 1" in outcome.out
    assert "exports rebuild 1" in outcome.out
    assert baton.run("exports", "rebuild", 1).code == 0
    assert file.read_bytes() == content
    assert baton.run("exports", "verify").code == 0


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files", "web.py"),
        MemoryError(),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_host_without_descriptors_or_memory_is_one_sentence(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where modules cannot be imported: no traceback, and it can be started again."""

    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        reports_errors(command)()
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert "no file descriptor or memory left" in said and "Traceback" not in said
