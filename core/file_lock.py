"""A lock between processes, on a file; the kernel releases it when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import OutputError
from core.installation.file_access import SHARED, FileAccess, make_folder


@contextmanager
def file_lock(path: Path, *, wait: bool, access: FileAccess = SHARED) -> Iterator[bool]:
    """Hold the lock during the block; yield False when another process holds it.

    With `wait`, block until the lock is free instead. A new file or folder gets the mode and the
    group of `access`.

    Raises:
        OutputError: the lock file cannot be created.
    """
    try:
        make_folder(path.parent, access)
        file = access.open_text(path, "a")
    except OSError as error:
        detail = error.strerror or str(error)
        raise OutputError("file_not_writable", path=str(path), detail=detail) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
