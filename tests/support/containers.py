"""Images and containers by podman, made of Debian packages: no registry of images is asked.

What takes long (root file systems, wheels, images) is kept between runs in a cache folder outside
the repository, with a storage of its own, so that a person's images and containers are never seen.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "tests" / "container"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "baton-container-tests"
TOOLS = ("podman", "runc", "mmdebstrap", "iptables")
INSTALL_HINT = "install them with: sh tests/install_podman.sh"
SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")
ROOT_FILE_SYSTEMS = {
    "python": "python3,python3-venv,ca-certificates",
    "mariadb": "mariadb-server",
}
BUILD_TOOLS = ("hatchling", "hatch-requirements-txt", "setuptools", "wheel", "pip")
IMAGE = "localhost/baton"
PYTHON_TAG = "baton-tests"
# crun refuses the cgroups of some virtual machines; limits may not be higher than the host's.
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""


def reason_to_skip() -> str | None:
    """Return why no container can be run here; None when one can."""
    missing = [tool for tool in TOOLS if shutil.which(tool, path=_path()) is None]
    if missing:
        return f"missing: {', '.join(missing)}; {INSTALL_HINT}"
    if os.geteuid() != 0:
        return "containers are made by root here"
    if not any(Path(source).exists() for source in SOURCES):
        return "the base image is made of Debian's packages, and apt has no sources here"
    return None


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


class Podman:
    """Runs podman with a storage of its own."""

    def __init__(self, cache: Path = CACHE) -> None:
        self.cache = cache
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "containers.conf").write_text(CONTAINERS_CONF.format(folder=cache))
        (cache / "storage.conf").write_text(STORAGE_CONF.format(folder=cache))
        self.env = {
            **os.environ,
            "PATH": _path(),
            "CONTAINERS_CONF": str(cache / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(cache / "storage.conf"),
        }

    def __call__(self, *args: object, stdin: bytes | None = None) -> str:
        """Run a podman command; return what it prints, without the last line's end.

        Raises AssertionError with its output when it fails.
        """
        ended = self.try_(*args, stdin=stdin)
        assert ended.returncode == 0, f"podman {args}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout.strip()

    def try_(self, *args: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            ["podman", *map(str, args)], input=stdin, env=self.env, capture_output=True, check=False
        )
        out, err = (text.decode(errors="backslashreplace") for text in (ended.stdout, ended.stderr))
        return subprocess.CompletedProcess(ended.args, ended.returncode, out, err)

    def has_image(self, name: str) -> bool:
        return self.try_("image", "exists", name).returncode == 0

    def inspect(self, name: str, kind: str = "container") -> Any:
        return json.loads(self(kind, "inspect", name))[0]

    def is_running(self, name: str) -> bool:
        return bool(self.inspect(name)["State"]["Running"])

    def exit_code(self, name: str) -> int:
        return int(self.inspect(name)["State"]["ExitCode"])

    def logs(self, name: str) -> str:
        ended = self.try_("logs", name)
        return ended.stdout + ended.stderr

    def crash(self, name: str) -> None:
        """Kill a container's first process from outside, as the kernel does without memory left.

        Returns when the restart policy has started another one.
        """
        before = self._first_process(name)
        os.kill(before, signal.SIGKILL)
        until(lambda: self._first_process(name) not in (0, before), f"a restart of {name}", 30)

    def _first_process(self, name: str) -> int:
        """Return its process id on this host; 0 when the container does not run."""
        return int(self.inspect(name)["State"]["Pid"])

    def make_images(self) -> None:
        """Make the images that are missing, and Baton's own anew."""
        for name, packages in ROOT_FILE_SYSTEMS.items():
            if not self.has_image(f"localhost/baton-tests-{name}"):
                archive = self._root_file_system(name, packages)
                self("import", archive, f"localhost/baton-tests-{name}")
                archive.unlink()
        self._build_of("python", f"localhost/python:{PYTHON_TAG}")
        self._build_of("mariadb", "localhost/mariadb:11.4")
        self._build_baton(self._wheels())
        # Those of earlier runs; younger ones make the next build quick.
        self("image", "prune", "--force", "--filter", "until=24h")

    def _root_file_system(self, name: str, packages: str) -> Path:
        archive = self.cache / f"{name}.tar"
        if not archive.exists():
            part = self.cache / f"{name}.part.tar"
            sources = next(source for source in SOURCES if Path(source).exists())
            command = [
                *("mmdebstrap", "--variant=minbase", "--mode=root", f"--include={packages}"),
                *(_codename(), str(part), sources),
            ]
            subprocess.run(command, check=True, capture_output=True, env=self.env)
            part.rename(archive)
        return archive

    def _build_of(self, folder: str, tag: str) -> None:
        self("build", "--network=none", "-t", tag, FILES / folder)

    def _wheels(self) -> Path:
        """Return a folder with every wheel that the build needs, for the image's Python."""
        image = f"localhost/python:{PYTHON_TAG}"
        version = "import sys; print('%d.%d' % sys.version_info[:2])"
        python = self("run", "--rm", "--network=none", image, "python", "-c", version)
        wheels = self.cache / f"wheels-{python}"
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels)),
            *("--only-binary", ":all:", "--python-version", python),
            *("-r", str(ROOT / "requirements.txt"), *BUILD_TOOLS),
        ]
        # No index is asked where the folder has everything already.
        offline = [*command, "--no-index", "--find-links", str(wheels)]
        if subprocess.run(offline, check=False, capture_output=True).returncode != 0:
            subprocess.run(command, check=True, capture_output=True)
        return wheels

    def _build_baton(self, wheels: Path) -> None:
        self(
            *("build", "--format", "docker", "--network=none", "-v", f"{wheels}:/wheels:ro"),
            *("--build-arg", f"PYTHON={PYTHON_TAG}", "--build-arg", "PIP_NO_INDEX=1"),
            *("--build-arg", "PIP_FIND_LINKS=/wheels", "--build-arg", "VERSION=test"),
            *("-t", IMAGE, ROOT),
        )


def _codename() -> str:
    """Return the name of this host's Debian release, whose packages apt's sources have."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    return facts["VERSION_CODENAME"].strip('"')


def until(condition: Callable[[], Any], what: str, secs: float) -> Any:
    """Poll until `condition` gives something true, and return that."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {secs:.0f} s: {what}")


@contextmanager
def volume(podman: Podman, name: str) -> Iterator[str]:
    """A volume of that name, empty at the start and gone at the end."""
    podman.try_("volume", "rm", "--force", name)
    podman("volume", "create", name)
    try:
        yield name
    finally:
        podman("volume", "rm", "--force", name)
