"""Backup while Baton works, and a restore, by the commands that docs/operations.md gives."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.mariadb import MariaDBServer
from tests.support.processes.launcher import ROOT, Baton, SandboxProcess, wait_until
from tests.support.processes.process_fixtures import DOMAIN, look_at

GUIDE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def documented(start: str) -> str:
    (line,) = re.findall(rf"^{re.escape(start)}.*$", GUIDE, re.M)
    return line


def back_up(baton: Baton, server: MariaDBServer | None) -> Path:
    if server is None:
        code = documented("python -c").removeprefix('python -c "').removesuffix('"')
        code = code.replace("data/baton.db", str(baton.folder / "baton.db"))
        subprocess.run([sys.executable, "-c", code], cwd=baton.folder, check=True)
        return baton.folder / "baton-backup.db"
    words = documented("mariadb-dump").split(" -u ")[0].split()
    target = baton.folder / "baton-backup.sql"
    with target.open("wb") as out:
        command = [*words, f"--socket={server.socket}", "--user=root", database_of(baton)]
        subprocess.run(command, stdout=out, check=True)
    return target


def restore(baton: Baton, backup: Path, server: MariaDBServer | None) -> None:
    if server is None:
        for suffix in ("-wal", "-shm"):
            (baton.folder / f"baton.db{suffix}").unlink(missing_ok=True)
        shutil.copy(backup, baton.folder / "baton.db")
        return
    name, connection = database_of(baton), server.connect()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    connection.close()
    with backup.open("rb") as source:
        command = ["mariadb", "--default-character-set=utf8mb4", f"--socket={server.socket}"]
        subprocess.run([*command, "--user=root", name], stdin=source, check=True)


def database_of(baton: Baton) -> str:
    return urlsplit(baton.database_url).path.lstrip("/")


def test_a_restored_backup_goes_on_with_nothing_lost(
    on_both: Baton,
    start_sandbox: Callable[..., SandboxProcess],
    request: pytest.FixtureRequest,
) -> None:
    server: MariaDBServer | None = None
    if on_both.database_url.startswith("mysql"):
        server = request.getfixturevalue("mariadb")
    platform = start_sandbox(creators=900)
    on_both.use(platform)
    on_both.add_accounts("甲", "乙", "丙")
    on_both.env["BATON_EXPORT_BATCH_ROWS"] = "20"
    working = on_both.start("run")
    outside = look_at(on_both)
    on_both.run("start_crawl", "--domain", DOMAIN, "--detach")
    wait_until(lambda: outside.stored() >= 100, "some pages")
    on_both.run("start_export", "--domain", DOMAIN, "--detach")
    exported = "SELECT COUNT(*) FROM influencers WHERE status='exported'"
    wait_until(lambda: outside.value(exported) >= 100, "some exported rows")
    backup = back_up(on_both, server)
    working.end()

    restore(on_both, backup, server)
    for file in on_both.exports_dir.rglob("*.*"):  # newer than the backup, as the guide says
        if file.is_file():
            file.unlink()
    wait_until(lambda: on_both.run("doctor", "--fix").code == 0, "all leases taken back")
    assert on_both.run("start_crawl", "--domain", DOMAIN).code == 0
    assert on_both.run("start_export", "--domain", DOMAIN).code == 0
    for problem in on_both.verified()["problems"]:
        (segment,) = re.findall(r"exports rebuild (\d+)", problem)
        assert on_both.run("exports", "rebuild", segment).code == 0
    assert on_both.verified()["ok"] is True
    assert look_at(on_both).problems(platform.uids(DOMAIN)) == []
