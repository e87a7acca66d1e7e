"""Files replaced in one step: a reader sees the old content or the new, never part of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from core.errors import OutputError
from core.installation.file_access import SHARED, FileAccess, make_folder, sync_folder


@contextmanager
def replacing(path: Path, access: FileAccess = SHARED) -> Iterator[TextIO]:
    """Open a file (UTF-8) whose content replaces `path` when the block ends without an error.

    The new content is synced to disk before the replacement; missing folders are created. Two
    processes must not replace the same path at the same time: they would share one temporary file.
    File and folders get the mode and the group of `access`.

    Raises:
        OutputError: the file cannot be written; the old one is unchanged.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        make_folder(path.parent, access)
        part.unlink(missing_ok=True)  # of a killed process, and perhaps with another mode
        with access.open_text(part, "w") as file:
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
