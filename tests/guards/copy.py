"""A copy of the project in which guards can be missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.guards.catalogue import Guard

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")


class GuardError(Exception):
    """A guard is not where the catalogue says that it is."""


class Copy:
    """A copy of the project in which one guard at a time is missing."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(ROOT, self.root, ignore=NOT_COPIED)

    @contextmanager
    def without(self, guard: Guard) -> Iterator[None]:
        """Remove the guard for the block. Raise GuardError when it is not there once."""
        path = self.root / guard.file
        text = path.read_text(encoding="utf-8")
        if text.count(guard.text) != 1:
            raise GuardError(f"{guard.file} has {text.count(guard.text)} times: {guard.text}")
        path.write_text(text.replace(guard.text, guard.without), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")

    def run(self, *command: str, limit_secs: float) -> subprocess.CompletedProcess[str]:
        """Run a Python command in the copy, and return what it printed.

        Raises:
            GuardError: it neither succeeds nor finds something wrong, as without such a test.
        """
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            timeout=limit_secs,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise GuardError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done
