"""File systems of their own, for tests of full disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """`mount("size=100k")`: a small file system of its own, for root only."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    made: list[Path] = []

    def do(options: str) -> Path:
        place = tmp_path / f"mounted-{len(made)}"
        place.mkdir()
        made.append(place)
        command = ["mount", "-t", "tmpfs", "-o", options, "baton-test", str(place)]
        if subprocess.run(command, check=False).returncode != 0:
            made.pop()
            pytest.skip("this machine lets nobody mount a tmpfs")
        return place

    yield do
    for place in made:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
