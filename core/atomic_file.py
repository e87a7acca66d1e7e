"""Files that are replaced in one step: a reader finds the old one or the new one, never a half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from core.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Write the new content of `path` (UTF-8); it takes the old one's place when the block ends
    well, and is on the disk then. Two processes must not do so at the same time.

    Raises:
        OutputError: the disk says no; the old file is as it was.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        make_folder(path.parent)
        with part.open("w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {path}: {reason}; the old file is unchanged") from error


def make_folder(folder: Path) -> None:
    """Make a folder with its parents; each name is on the disk when this returns."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk: what was renamed or removed stays so."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
