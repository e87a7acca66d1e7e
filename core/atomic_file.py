"""Files replaced in one step: a reader sees the old content or the new, never part of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from core.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a file (UTF-8) whose content replaces `path` when the block ends without an error.

    The new content is synced to disk before the replacement; missing folders are created. Two
    processes must not replace the same path at the same time: they would share one temporary file.

    Raises:
        OutputError: the file cannot be written; the old one is unchanged.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        make_folder(path.parent)
        with part.open("w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # The rename is an entry of the folder: without a sync of that, a power cut could undo it.
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        detail = error.strerror or str(error)
        raise OutputError("file_not_replaced", path=str(path), detail=detail) from error


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, and sync each new entry to disk.

    One that exists is left as it is.

    Raises:
        OSError: it cannot be created.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk, so that renames and removals survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
