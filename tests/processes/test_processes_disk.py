"""A full disk and a folder that cannot be written: a clear message, no row lost, and on it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes.launcher import CLI, Baton, Process, freeze_when, wait_until
from tests.support.processes.process_fixtures import CRAWLED, Crawled, look_at

DOMAIN = "美妆"
FULL = "No space left on device"


def make_room(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=20m", str(place)], check=True)


def test_an_export_that_waits_for_room_goes_on_by_itself(
    crawled: Crawled, mount: Callable[[str], Path]
) -> None:
    baton, uids = crawled
    out, outside = mount("size=64k"), look_at(baton)
    export = baton.start("start_export", "--domain", DOMAIN, "--out", out)
    error = "SELECT last_error FROM tasks WHERE task_type='export'"
    told = wait_until(lambda: outside.value(error), "the error")
    assert FULL in told
    assert '"code":"export_not_writable"' in told
    wait_until(lambda: "cannot write, tries again" in export.err, "the message")
    make_room(out)
    outcome = export.wait()
    assert outcome.code == 0, outcome
    assert outside.problems(uids, out) == []
    assert baton.verified()["ok"] is True


def test_an_interrupted_export_on_a_full_disk_goes_on_when_there_is_room(
    crawled: Crawled, mount: Callable[[str], Path]
) -> None:
    baton, uids = crawled
    out, outside = mount("size=64k"), look_at(baton)
    command = ("start_export", "--domain", DOMAIN, "--out", out)
    export = baton.start(*command)
    waiting = "SELECT COUNT(*) FROM tasks WHERE waiting_for='disk'"
    wait_until(lambda: outside.value(waiting), "the export to wait for the disk")
    export.signal(signal.SIGINT)
    assert export.wait().code == 130
    assert outside.stored() == CRAWLED
    assert list(out.rglob("*.part")) == []
    make_room(out)
    outcome = baton.run(*command)
    assert outcome.code == 0, outcome
    assert outside.problems(uids, out) == []
    assert baton.verified()["ok"] is True


def test_a_full_disk_uses_up_no_attempt_of_an_export(
    crawled: Crawled, mount: Callable[[str], Path]
) -> None:
    baton, uids = crawled
    out, outside = mount("size=64k"), look_at(baton)
    one_attempt = {"BATON_TASK_ATTEMPTS": "1"}
    export = baton.start("start_export", "--domain", DOMAIN, "--out", out, env=one_attempt)
    waiting = "SELECT COUNT(*) FROM tasks WHERE waiting_for='disk' AND attempts=0"
    wait_until(lambda: outside.value(waiting), "the export to wait for the disk")
    wait_until(lambda: outside.value("SELECT MAX(lease_token) FROM tasks") >= 2, "another try")
    make_room(out)
    outcome = export.wait()
    assert outcome.code == 0, outcome
    assert outside.problems(uids, out) == []
    assert baton.verified()["ok"] is True


@pytest.mark.parametrize("obstacle", ["a file in the way", "a read-only file system"])
def test_an_output_folder_that_cannot_be_written_is_told_before_anything_is_filed(
    crawled: Crawled, obstacle: str, request: pytest.FixtureRequest
) -> None:
    baton, _ = crawled
    if obstacle == "a file in the way":
        out = baton.folder / "in-the-way"
        out.write_text("mine")
    else:
        out = request.getfixturevalue("mount")("size=64k,ro")
    outcome = baton.run("start_export", "--domain", DOMAIN, "--out", out)
    assert outcome.code == 2, outcome
    assert f"the output folder {out} cannot be written" in outcome.err
    assert look_at(baton).value("SELECT COUNT(*) FROM tasks WHERE task_type='export'") == 0


def test_a_death_between_a_file_and_its_manifest_leaves_no_stray(crawled: Crawled) -> None:
    baton, uids = crawled
    outside = look_at(baton)
    baton.env |= {"BATON_LEASE_SECS": "1", "BATON_EXPORT_BATCH_ROWS": "5"}
    export = baton.start("start_export", "--domain", DOMAIN)
    freeze_when(lambda: list(baton.exports_dir.rglob("*.part")), "a part file", export)
    export.end()
    (part,) = baton.exports_dir.rglob("*.part")
    # What a writer leaves that dies while the manifest is not yet in its place.
    part.with_name(f"{part.name}.manifest").touch()
    assert baton.run("start_export", "--domain", DOMAIN).code == 0
    assert outside.problems(uids) == []


@pytest.mark.parametrize("folder", ["BATON_DATA_DIR", "BATON_LOG_DIR"])
@pytest.mark.parametrize("obstacle", ["another user's", "a read-only file system"])
def test_a_folder_of_the_installation_that_cannot_be_written_is_told(
    baton: Baton, folder: str, obstacle: str, request: pytest.FixtureRequest
) -> None:
    place = baton.folder / "place"
    if obstacle == "a read-only file system":
        place = request.getfixturevalue("mount")("size=64k,ro")
    else:
        place.mkdir(mode=0o755)
        give_to_another(place)
    env = {"BATON_DATA_DIR": str(place)}
    if folder == "BATON_LOG_DIR":
        env = {folder: str(place / "deeper")}
    outcome = without_rights(baton, "run", "--init", "--no-web", env=env).wait()
    assert outcome.code == 1, outcome
    where = place if folder == "BATON_DATA_DIR" else place / "deeper"
    assert f"folder {where} cannot be written by user {os.geteuid()}" in outcome.err
    assert "Traceback" not in outcome.err
    assert "waiting" not in outcome.err
    assert list(place.iterdir()) == []


def give_to_another(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(place, 10_001, 10_001)


def without_rights(baton: Baton, *args: object, env: dict[str, str]) -> Process:
    """Start a command without a capability: root, too, writes only where its user may."""
    dropped = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    return baton.program(*dropped, sys.executable, CLI, *args, env=env)
