"""The home: which folder counts, and what is read from it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from core.errors import SettingsError
from core.installation.home import SYSTEM_HOME, HomeReason, find_home
from core.installation.program import program_name
from core.settings import Settings, load_settings

INSTALLED = "/opt/baton/bin/baton"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin each test as an ordinary user of an installed program, in an empty folder."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.delenv("BATON_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", [INSTALLED])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def test_a_user_has_a_folder_of_his_own(tmp_path: Path) -> None:
    home = find_home()
    assert (home.path, home.reason) == (tmp_path / "xdg" / "baton", HomeReason.USER)
    assert not home.path.exists()


def test_root_has_the_folder_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    home = find_home()
    assert (home.path, home.reason) == (SYSTEM_HOME, HomeReason.SYSTEM)


@pytest.mark.parametrize("text", ["BATON_LANGUAGE=zh\n", "export BATON_LANGUAGE=zh\n"])
def test_a_folder_with_settings_of_baton_is_the_home(text: str) -> None:
    Path(".env").write_text(text)
    assert find_home().reason is HomeReason.CURRENT_FOLDER
    assert load_settings().language == "zh"


def test_settings_of_another_program_are_not_taken_for_ours() -> None:
    """Its DATABASE_URL would otherwise get tables of Baton."""
    Path(".env").write_text("DATABASE_URL=mysql://django:secret@db/site\n")
    assert find_home().reason is HomeReason.USER
    assert load_settings().database_url.get_secret_value().startswith("sqlite:///")


def test_a_folder_with_a_database_is_the_home() -> None:
    Path("data").mkdir()
    Path("data/baton.db").touch()
    assert find_home().reason is HomeReason.CURRENT_FOLDER


def test_a_checkout_works_in_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/cli.py"])
    assert find_home().reason is HomeReason.CURRENT_FOLDER
    assert load_settings().data_dir == Path("data")


def test_a_chosen_home_wins_and_relative_settings_begin_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path(".env").write_text("BATON_LANGUAGE=zh\n")
    chosen = tmp_path / "a b%"
    chosen.mkdir()
    (chosen / ".env").write_text("BATON_LOG_DIR=/var/log/baton\nBATON_DATA_DIR=d\n")
    monkeypatch.setenv("BATON_HOME", str(chosen))
    settings = load_settings()
    assert find_home().reason is HomeReason.CHOSEN
    assert settings.language == "auto"
    assert (settings.log_dir, settings.data_dir) == (Path("/var/log/baton"), chosen / "d")
    place = quote(str(chosen / "data" / "baton.db"))
    assert settings.database_url.get_secret_value() == f"sqlite:///{place}"


def test_an_absolute_database_and_a_server_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for url in ("sqlite:////srv/baton.db", "mysql://u:p@host/baton"):
        monkeypatch.setenv("DATABASE_URL", url)
        assert load_settings().database_url.get_secret_value() == url


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", _no_such_user)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message.code == "home_unknown"


def _no_such_user(_uid: int) -> None:
    raise KeyError("no such user")


@pytest.mark.parametrize(
    ("started", "name"),
    [
        ("/usr/local/bin/baton", "baton"),
        ("/usr/local/bin/baton-crawler", "baton-crawler"),
        ("/x/site-packages/baton/__main__.py", "python -m baton"),
        ("cli.py", "python cli.py"),
        ("/x/pytest/__main__.py", "python cli.py"),
        ("", "python cli.py"),
    ],
)
def test_the_program_is_called_as_it_was_started(
    monkeypatch: pytest.MonkeyPatch, started: str, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", [started])
    assert program_name() == name


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Rights of a user to whom the files of these tests do not belong."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("hidden", [".env", "."], ids=["file", "folder"])
def test_settings_that_may_not_be_read_are_told_with_their_owner(
    hidden: str, request: pytest.FixtureRequest
) -> None:
    """And do not lead to another home, where nobody's data would lie."""
    Path(".env").write_text("BATON_LANGUAGE=zh\n")
    Path(hidden).chmod(0o700)
    Path(".env").chmod(0o600)
    file = str(Path(".env").absolute())
    request.getfixturevalue("as_nobody")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message.code == "env_file_forbidden"
    assert raised.value.message.params == {"file": file, "owner": "root"}
