"""Modes and groups of files: as the settings say, whatever the umask says; secrets stay private."""

from __future__ import annotations

import grp
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.atomic_file import replacing
from core.errors import SettingsError
from core.installation.file_access import FileAccess, configured_access, make_folder
from core.settings import load_settings
from storage.catalogue.view_data import create, open_view_data
from storage.engines.transactions import Database, open_engine
from storage.schema.backup import backup
from tests.support.moving_clock import MovingClock

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=lambda umask: f"umask-{umask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("wanted", [0o640, 0o600, 0o644, 0o664])
@pytest.mark.usefixtures("umask")
def test_files_and_folders_have_the_mode_of_the_settings(tmp_path: Path, wanted: int) -> None:
    access = FileAccess(wanted)
    folders = {0o640: 0o750, 0o600: 0o700, 0o644: 0o755, 0o664: 0o775}
    with replacing(tmp_path / "a/b/list.json", access) as file:
        file.write("x")
    access.open_text(tmp_path / "a/x.log", "a").close()
    access.open_text(tmp_path / "a/x.csv", "x").close()
    assert {mode(path) for path in tmp_path.rglob("*") if path.is_file()} == {wanted}
    assert {mode(path) for path in tmp_path.rglob("*") if path.is_dir()} == {folders[wanted]}


@pytest.mark.usefixtures("umask")
def test_database_and_backup_are_private_always(tmp_path: Path) -> None:
    database = Database(
        engine=open_engine(f"sqlite:///{tmp_path / 'baton.db'}", 1), clock=MovingClock()
    )
    database.write(lambda tx: tx.execute("CREATE TABLE t (x INTEGER)"))
    backup(database, tmp_path / "backups/copy.db")
    made = {path.name: mode(path) for path in tmp_path.rglob("*.db*")}
    database.close()
    assert set(made) == {"baton.db", "baton.db-wal", "baton.db-shm", "copy.db"}
    assert set(made.values()) == {0o600}


@pytest.mark.usefixtures("umask")
def test_a_file_that_exists_keeps_its_mode_unless_it_is_replaced(tmp_path: Path) -> None:
    for name in ("x.log", "list.json"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o604)
    FileAccess().open_text(tmp_path / "x.log", "a").close()
    with replacing(tmp_path / "list.json") as file:
        file.write("x")
    assert (mode(tmp_path / "x.log"), mode(tmp_path / "list.json")) == (0o604, 0o640)


def test_a_part_file_of_a_killed_process_does_not_give_its_mode_on(tmp_path: Path) -> None:
    (tmp_path / ".list.json.part").write_text("half")
    (tmp_path / ".list.json.part").chmod(0o666)
    with replacing(tmp_path / "list.json") as file:
        file.write("x")
    assert mode(tmp_path / "list.json") == 0o640


@root_only
def test_new_files_and_folders_belong_to_the_group(tmp_path: Path) -> None:
    access = FileAccess(0o640, gid=61_234)
    with replacing(tmp_path / "a/list.json", access) as file:
        file.write("x")
    assert {path.stat().st_gid for path in tmp_path.rglob("*")} == {61_234}


@pytest.mark.usefixtures("umask")
def test_a_folder_that_hands_its_group_on_goes_on_doing_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    make_folder(tmp_path / "a/b")
    assert mode(tmp_path / "a/b") == 0o2750


def test_a_new_folder_needs_no_change_under_the_umask_of_the_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_args: object) -> None:  # as systemd's filter does, for a folder with this bit
        raise PermissionError(1, "Operation not permitted")

    tmp_path.chmod(0o2770)
    before = os.umask(0o027)
    monkeypatch.setattr(os, "chmod", refuses)
    make_folder(tmp_path / "a")
    monkeypatch.undo()
    os.umask(before)
    assert mode(tmp_path / "a") == 0o2750


def test_a_file_system_that_keeps_no_modes_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuses)
    monkeypatch.setattr(os, "chown", refuses)
    with replacing(tmp_path / "list.json", FileAccess(0o664, gid=61_234)) as file:
        file.write("x")
    assert (tmp_path / "list.json").read_text() == "x"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("0666", "anybody on this host could change"),
        ("0642", "anybody on this host could change"),
        ("0750", "could not read and write its own"),
        ("0440", "could not read and write its own"),
        ("0651", "could be executed"),
        ("rw-r-----", "octal digits"),
        ("0680", "octal digits"),
        ("2640", "octal digits"),
    ],
)
def test_a_mode_that_cannot_be_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, given: str, problem: str
) -> None:
    monkeypatch.setenv("BATON_FILES_MODE", given)
    with pytest.raises(SettingsError, match="BATON_FILES_MODE") as caught:
        load_settings()
    from tests.support.messages import english

    assert problem in english(caught.value.message)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(SettingsError, match="no_such_group_here"):
        configured_access("0640", "no_such_group_here")


def test_a_group_is_taken_by_name_or_number() -> None:
    own = grp.getgrgid(os.getegid())
    assert configured_access("640", own.gr_name) == FileAccess(0o640, own.gr_gid)
    assert configured_access("0640", str(own.gr_gid)) == FileAccess(0o640, own.gr_gid)


def test_a_group_of_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 61_235)
    monkeypatch.setattr(os, "getegid", lambda: 61_235)
    monkeypatch.setattr(os, "getgroups", lambda: [61_236])
    assert configured_access("0640", "61236").gid == 61_236
    with pytest.raises(SettingsError, match="61237"):
        configured_access("0640", "61237")


READER = """
import sqlite3, sys
found = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT COUNT(*) FROM t")
print(found.fetchone()[0])
"""


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[Path]:
    """A folder that other users reach, unlike pytest's own."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="baton-reachable-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def read_as_other(path: Path, gid: int) -> subprocess.CompletedProcess[str]:
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    return subprocess.run(
        [python, "-c", READER, str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=61_235,
        group=gid,
        extra_groups=[],
    )


@root_only
def test_the_group_reads_the_hourly_numbers_while_baton_is_there_and_after(reachable: Path) -> None:
    path = reachable / "view_data.sqlite3"
    data = open_view_data(path, MovingClock(), FileAccess(0o640, gid=61_234))
    create(data)
    data.write(lambda tx: tx.execute("CREATE TABLE t (x INTEGER)"))
    data.write(lambda tx: tx.execute("INSERT INTO t VALUES (1)"))
    open_now = read_as_other(path, 61_234)
    data.close()
    closed = read_as_other(path, 61_234)
    assert (open_now.stdout, closed.stdout) == ("1\n", "1\n"), open_now.stderr + closed.stderr
    assert read_as_other(path, 61_236).returncode, "who is not in the group is refused"


def test_a_file_of_an_older_version_loses_its_log_when_nobody_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "view_data.sqlite3"
    older = sqlite3.connect(path)
    older.execute("PRAGMA journal_mode=WAL")
    older.execute("CREATE TABLE t (x INTEGER)")

    def journal() -> str:
        data = open_view_data(path, MovingClock())
        create(data)
        found = data.read(lambda tx: tx.one("PRAGMA journal_mode"))
        data.close()
        return str(found["journal_mode"]) if found else ""

    assert journal() == "wal", "in use"
    older.close()
    assert journal() == "delete"
