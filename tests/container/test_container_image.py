"""The image: built without a network, run without rights, stopped without a loss."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.container.conftest import LOCKED_DOWN, StartContainer
from tests.support.containers import IMAGE, Podman, until

pytestmark = [pytest.mark.container, pytest.mark.timeout(1800)]
DOMAIN = "美妆"
CREATORS = 300
USER = 10001
QUICK = {
    "BATON_BILIBILI_BASE_URL": "http://127.0.0.1:8700",
    "BATON_SINGLE_PAUSE_MIN_SECS": "0",
    "BATON_SINGLE_PAUSE_MAX_SECS": "0",
    "BATON_VIEWS_ENABLED": "false",
    "BATON_POLL_SECS": "0.2",
}
SLOW = QUICK | {"BATON_BILIBILI_PACE": "1/6"}  # a page of each account, and then a pause
FAST = QUICK | {"BATON_BILIBILI_PACE": "1000/1"}


def run(podman: Podman, *args: object) -> tuple[int, str]:
    """Run a locked-down container without a network to its end; its exit code and output."""
    ended = podman.try_("run", "--rm", "--network=none", *LOCKED_DOWN, *args)
    return ended.returncode, ended.stdout + ended.stderr


def inside(podman: Podman, name: str, *command: object, stdin: bytes | None = None) -> Any:
    """Run a command of Baton in a container, and return what it prints as JSON."""
    options = ("--interactive",) if stdin is not None else ()
    text = podman("exec", *options, name, "baton", *command, stdin=stdin)
    return json.loads(text) if "--json" in command else text


def healthy(podman: Podman, name: str) -> bool:
    # Without systemd nobody asks in the background.
    return podman.try_("healthcheck", "run", name).returncode == 0


@pytest.fixture
def platform(podman: Podman, start: StartContainer) -> str:
    """Options of a container that shares its network with a sandbox, and with nothing else."""
    sandbox = start(
        "sandbox",
        "--network=none",
        command=("sandbox", "--port", "8700", "--creators", str(CREATORS), "--domains", DOMAIN),
    )
    until(lambda: "listening on" in podman.logs(sandbox), "the sandbox", 60)
    return f"--network=container:{sandbox}"


def test_the_image_says_how_it_is_run(podman: Podman) -> None:
    image = podman.inspect(IMAGE, "image")
    config = image["Config"]
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["baton"]  # not by a shell, which would keep the signals
    assert config["Cmd"] == ["run", "--init"]
    assert list(config["Volumes"]) == ["/data"]
    assert list(config["ExposedPorts"]) == ["8600/tcp"]
    assert config["Labels"]["org.opencontainers.image.version"] == "test"
    assert image["HealthCheck" if "HealthCheck" in image else "Healthcheck"]["Test"][-2:] == [
        "baton",
        "healthcheck",
    ]


def test_the_image_has_what_it_needs_and_no_more(podman: Podman) -> None:
    listed = (
        "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"
    )
    _, packages = run(podman, "--entrypoint=python", IMAGE, "-c", listed)
    assert "baton" in packages
    assert {"pip", "hatchling", "pytest", "mypy"} & set(packages.split()) == set()
    assert run(podman, "--entrypoint=test", IMAGE, "-e", "/src")[0] == 1


def test_the_demo_runs_read_only_without_rights_and_network(podman: Podman, data: str) -> None:
    code, text = run(podman, "-v", f"{data}:/data", IMAGE, "demo", "--creators", "2000")
    assert code == 0, text
    assert "2,000" in text, text
    assert "verify: passed" in text, text


def test_run_makes_its_tables_and_is_healthy(
    podman: Podman, start: StartContainer, data: str
) -> None:
    name = start("run", "--network=none", "-v", f"{data}:/data", env=QUICK)
    until(lambda: healthy(podman, name), "a healthy container", 60)
    owner = podman("exec", name, "stat", "-c", "%u %a", "/data/data/secret.key")
    assert owner == f"{USER} 600"
    assert "Uid:\t10001" in podman("exec", name, "cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000" in podman("exec", name, "cat", "/proc/1/status")
    podman("stop", "--time", "60", name)
    assert podman.exit_code(name) == 0, podman.logs(name)
    assert not healthy(podman, name)


def test_a_container_that_is_stopped_in_mid_export_loses_nothing(
    podman: Podman, start: StartContainer, data: str, platform: str
) -> None:
    first = start("first", platform, "-v", f"{data}:/data", env=SLOW)
    until(lambda: healthy(podman, first), "a healthy container", 60)
    for number in range(4):
        cookie = f"SESSDATA=cookie{number}".encode()
        inside(podman, first, "accounts", "add", f"acc{number}", stdin=cookie)
    inside(podman, first, "start_crawl", "--domain", DOMAIN, "--detach")
    inside(podman, first, "start_export", "--domain", DOMAIN, "--detach")
    until(lambda: 0 < exported(podman, first) < CREATORS, "an export that is under way", 90)
    podman("stop", "--time", "150", first)
    assert podman.exit_code(first) == 0, podman.logs(first)
    assert "everything is handed back" in podman.logs(first)
    # A new container on the same volume, as after a change of the image.
    second = start("second", platform, "-v", f"{data}:/data", env=FAST)
    until(lambda: exported(podman, second) == CREATORS, "all creators in files", 120)
    until(lambda: not unfinished(podman, second), "the end of both tasks", 60)
    verified = inside(podman, second, "exports", "verify", "--json")
    assert verified["ok"] is True, verified
    assert verified["rows"] == CREATORS
    uids = [row["uid"] for row in rows(podman, second)]
    assert len(set(uids)) == len(uids) == CREATORS
    podman("stop", "--time", "60", second)
    assert podman.exit_code(second) == 0, podman.logs(second)


def exported(podman: Podman, name: str) -> int:
    segments = podman.try_("exec", name, "baton", "exports", "list", "--json")
    if segments.returncode != 0:  # the container starts
        return 0
    return sum(segment["exported_count"] for segment in json.loads(segments.stdout))


def unfinished(podman: Podman, name: str) -> list[Any]:
    tasks = inside(podman, name, "tasks", "list", "--json")
    return [task for task in tasks if task["status"] != "completed"]


def rows(podman: Podman, name: str) -> Iterator[dict[str, str]]:
    for path in podman("exec", name, "find", "/data", "-name", "*.csv").splitlines():
        text = podman("exec", name, "cat", path).removeprefix("\ufeff")
        yield from csv.DictReader(io.StringIO(text))


def test_a_data_folder_that_is_read_only_is_told(podman: Podman, data: str) -> None:
    code, text = run(podman, "-v", f"{data}:/data:ro", IMAGE)
    assert code == 1
    assert "cannot be written" in text
    assert "Read-only file system" in text
    assert "Traceback" not in text


def test_a_data_folder_of_another_user_is_told(podman: Podman, tmp_path: Path) -> None:
    folder = tmp_path / "of-root"
    folder.mkdir(mode=0o755)
    code, text = run(podman, "-v", f"{folder}:/data", IMAGE)
    assert code == 1
    assert "cannot be written" in text
    assert "Permission denied" in text
    assert "Traceback" not in text


def test_a_volume_of_a_newer_version_is_left_alone(podman: Podman, data: str) -> None:
    mount = ("-v", f"{data}:/data")
    assert run(podman, *mount, IMAGE, "init")[0] == 0
    newer = (
        "import pathlib, sqlite3;"
        "c = sqlite3.connect(next(pathlib.Path('/data').rglob('baton.db')));"
        "c.execute('UPDATE schema_version SET version=version+1'); c.commit()"
    )
    assert run(podman, *mount, "--entrypoint=python", IMAGE, "-c", newer)[0] == 0
    code, text = run(podman, *mount, IMAGE)
    assert code == 1
    assert "and this program knows" in text
    assert "nothing was changed" in text
    assert "Traceback" not in text
