"""Settings that make no sense are named; an empty variable counts as unset."""

from __future__ import annotations

import pytest

from tests.support.processes.launcher import Baton

WRONG = {
    "BATON_LEASE_SECS": ("soon", "valid number"),
    "BATON_POLL_SECS": ("0", "greater than 0"),
    "BATON_QUOTA_TIMEZONE": ("Mars/Olympus", "is no time zone"),
    "BATON_BILIBILI_PACE": ("fast", "is not REQUESTS/SECONDS"),
    "BATON_BILIBILI_BASE_URL": ("bilibili", "is not an http(s) URL"),
    "BATON_EXPORT_BATCH_ROWS": ("0", "greater than or equal to 1"),
}


def test_a_wrong_setting_is_named(baton: Baton) -> None:
    for name, (value, message) in WRONG.items():
        outcome = baton.run("status", env={name: value})
        assert outcome.code == 1, outcome
        assert f"{name}: " in outcome.err
        assert message in outcome.err
        assert "Traceback" not in outcome.err


def test_settings_come_from_an_env_file_too(baton: Baton) -> None:
    (baton.work / ".env").write_text("BATON_EXPORT_FILE_ROWS=many\n", encoding="utf-8")
    outcome = baton.run("status")
    assert outcome.code == 1, outcome
    assert "BATON_EXPORT_FILE_ROWS: " in outcome.err


@pytest.mark.parametrize(
    "content",
    [
        b"one line of prose\n=\n\x01\n[section]\n",
        "# 注释\nBATON_LANGUAGE=zh\n".encode("gbk"),
        bytes(range(256)),
    ],
    ids=["prose", "gbk", "binary"],
)
def test_an_env_file_with_nonsense_ends_in_a_sentence(baton: Baton, content: bytes) -> None:
    (baton.work / ".env").write_bytes(content)
    outcome = baton.run("status")
    assert "Traceback" not in outcome.err
    assert outcome.code in (0, 1, 2)
    assert outcome.code == 0 or ".env" in outcome.err


def test_an_empty_variable_counts_as_unset(baton: Baton) -> None:
    (baton.work / ".env").write_text("BATON_LEASE_SECS=\nBATON_SECRET_KEY=\n", encoding="utf-8")
    outcome = baton.run("status", env={"BATON_LEASE_SECS": ""})
    assert outcome.code == 0, outcome


@pytest.mark.parametrize("name", ["BATON_LOG_DIR", "BATON_DATA_DIR"])
def test_a_folder_that_is_a_file_is_told(baton: Baton, name: str) -> None:
    obstacle = baton.folder / "obstacle"
    obstacle.write_text("mine")
    outcome = baton.run("status", env={name: str(obstacle)})
    assert outcome.code == 1, outcome
    assert str(obstacle) in outcome.err
    assert f"set {name}" in outcome.err
    assert "Traceback" not in outcome.err
