"""A backup: a copy of the whole database in one file."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import InvalidInputError, OutputError
from core.installation.file_access import make_folder, sync_folder
from storage.engines.sqlite import SQLiteEngine
from storage.engines.transactions import Database


def backup(database: Database, target: Path) -> None:
    """Write a copy of the database to `target`, at once or not at all, while others go on.

    Raises:
        InvalidInputError: the database is on a server, which has its own tool for that.
        DatabaseError: the database cannot be copied; nothing was written.
        OutputError: the file cannot be written; nothing was written.
    """
    engine = database.engine
    if not isinstance(engine, SQLiteEngine):
        raise InvalidInputError("backup_of_server")
    part = target.with_name(f".{target.name}.part")
    try:
        make_folder(target.parent)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)  # it holds what the database holds
        engine.copy_to(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
        sync_folder(target.parent)
    except OSError as error:
        detail = error.strerror or str(error)
        raise OutputError("file_not_writable", path=str(target), detail=detail) from error
    finally:
        part.unlink(missing_ok=True)
