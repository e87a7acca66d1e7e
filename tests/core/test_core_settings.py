"""Settings: wrong ones are named with advice, empty ones count as unset, secrets are not shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import SettingsError
from core.settings import Pace, Settings, load_settings
from tests.support.messages import english


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from the shell that runs the tests, no `.env` of the folder it runs in."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_those_of_the_documents():
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite:///data/baton.db"
    assert (settings.daily_export_limit, settings.quota_timezone) == (4000, "Asia/Shanghai")
    assert (settings.lease_secs, settings.pages_per_task) == (30, 10)
    assert settings.bilibili_pace == Pace(1, 2.5)
    assert settings.key_file == Path("data/secret.key")
    assert settings.secret_key is None


WRONG = [
    ("BATON_DAILY_EXPORT_LIMIT", "many"),
    ("BATON_DAILY_EXPORT_LIMIT", "-1"),
    ("BATON_DAILY_EXPORT_LIMIT", "4000.5"),
    ("BATON_LEASE_SECS", "0"),
    ("BATON_LEASE_SECS", "nan"),
    ("BATON_POLL_SECS", "0"),
    ("BATON_PAGES_PER_TASK", "0"),
    ("BATON_TASK_ATTEMPTS", "0"),
    ("BATON_EXPORT_BATCH_ROWS", "5001"),
    ("BATON_EXPORT_FILE_ROWS", "0"),
    ("BATON_EXPORT_IDLE_SECS", "-1"),
    ("BATON_DATABASE_PATIENCE_SECS", "-1"),
    ("BATON_REQUEST_TIMEOUT_SECS", "0"),
    ("BATON_REQUEST_ATTEMPTS", "0"),
    ("BATON_THROTTLE_COOLDOWN_SECS", "-1"),
    ("BATON_BREAKER_ACCOUNTS", "0"),
    ("BATON_WEB_ROOT_PATH", "baton"),
    ("BATON_WEB_ROOT_PATH", "/../x"),
    ("BATON_WEB_ROOT_PATH", "//evil.example"),
    ("BATON_WEB_ROOT_PATH", "/a b"),
    ("BATON_WEB_TRUSTED_PROXIES", "*"),
    ("BATON_WEB_TRUSTED_PROXIES", "10.0.0.1,proxy"),
    ("BATON_WEB_CONNECTIONS", "7"),
    ("BATON_WEB_CONNECTIONS_PER_ADDRESS", "1"),
    ("BATON_QUOTA_TIMEZONE", "Shanghai"),
    ("BATON_QUOTA_TIMEZONE", "../etc/passwd"),
    ("BATON_QUOTA_TIMEZONE", "Asia"),
    ("BATON_BILIBILI_BASE_URL", "api.bilibili.com"),
    ("BATON_BILIBILI_BASE_URL", "ftp://api.bilibili.com"),
    ("BATON_BILIBILI_PACE", "fast"),
    ("BATON_BILIBILI_PACE", "0/1"),
    ("BATON_BILIBILI_PACE", "1/0"),
    ("BATON_BILIBILI_PACE", "1/0.0"),
    ("BATON_BILIBILI_PACE", "-1/2"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_told_by_its_variable(monkeypatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="wrong_settings") as caught:
        load_settings()
    sentence = rf"wrong settings: {name}: .+docs/configuration\.md"
    assert re.match(sentence, english(caught.value))


def test_a_pace_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("BATON_BILIBILI_PACE", "1/0.5")
    assert load_settings().bilibili_pace == Pace(1, 0.5)


@pytest.mark.parametrize(
    "name", ["BATON_LEASE_SECS", "BATON_POLL_SECS", "BATON_RISK_COOLDOWN_SECS"]
)
def test_an_infinite_time_is_refused(monkeypatch, name: str):
    monkeypatch.setenv(name, "inf")
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_an_unknown_language_is_refused(monkeypatch):
    monkeypatch.setenv("BATON_LANGUAGE", "klingon")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert re.search(r"BATON_LANGUAGE.*zh", english(caught.value))


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("BATON_QUOTA_TIMEZONE", "Mars/Base", "write it like Asia/Shanghai"),
        ("BATON_BILIBILI_PACE", "1", "for example 1/2.5"),
        ("BATON_EXPORT_BATCH_ROWS", "5001", "less than or equal to 5000"),
    ],
)
def test_a_wrong_value_comes_with_advice(monkeypatch, name: str, value: str, advice: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert advice in english(caught.value)


def test_all_wrong_values_are_told_at_once(monkeypatch):
    monkeypatch.setenv("BATON_LEASE_SECS", "soon")
    monkeypatch.setenv("BATON_QUOTA_TIMEZONE", "Moon")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert len(caught.value.message.params["problems"]) == 2
    assert re.search(r"QUOTA_TIMEZONE.*; BATON_LEASE_SECS|LEASE_SECS.*; ", english(caught.value))


@pytest.mark.parametrize("field", Settings.model_fields)
def test_an_empty_variable_counts_as_unset(monkeypatch, field: str):
    before = getattr(load_settings(), field)
    monkeypatch.setenv(str(Settings.model_fields[field].validation_alias), "")
    assert getattr(load_settings(), field) == before


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch, tmp_path: Path):
    (tmp_path / ".env").write_text("BATON_DAILY_EXPORT_LIMIT=7\nBATON_POLL_SECS=9\nOTHER=1\n")
    monkeypatch.setenv("BATON_POLL_SECS", "3")
    settings = load_settings()
    assert (settings.daily_export_limit, settings.poll_secs) == (7, 3)
    assert load_settings(daily_export_limit=8).daily_export_limit == 8


def test_a_dotenv_file_in_another_encoding_is_told(tmp_path: Path):
    (tmp_path / ".env").write_bytes("# 账号\nBATON_POLL_SECS=3\n".encode("gbk"))
    with pytest.raises(SettingsError, match="env_file_not_utf8") as caught:
        load_settings()
    assert re.search(r"\.env.*UTF-8", english(caught.value))


def test_secrets_show_neither_in_reprs_nor_in_errors(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://u:hunter2@h/d")
    monkeypatch.setenv("BATON_SECRET_KEY", "hunter2")
    shown = f"{load_settings()!r} {load_settings()} {load_settings().model_dump()}"
    assert "hunter2" not in shown
    monkeypatch.setenv("BATON_LEASE_SECS", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r} {english(caught.value)}"
    assert caught.value.__suppress_context__


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        load_settings().lease_secs = 1


def test_every_setting_has_a_name_and_a_meaning():
    for name, field in Settings.model_fields.items():
        assert str(field.validation_alias).isupper(), name
        assert field.description and len(field.description) > 10, name


def test_a_pace_spreads_its_requests():
    assert Pace.parse(" 2/5 ").gap_secs == 2.5
    assert Pace.parse("1/0.5") == Pace(1, 0.5)


def test_a_base_url_loses_its_last_slash(monkeypatch):
    monkeypatch.setenv("BATON_BILIBILI_BASE_URL", "http://127.0.0.1:8000/")
    assert load_settings().bilibili_base_url == "http://127.0.0.1:8000"
