"""Copies of export files as downloads of console and API."""

from __future__ import annotations

import shutil
from typing import Annotated

from fastapi import Depends, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from crawler.export.copies import CopiedFile, CopyRequest

MAX_COLUMNS = 2000


def _asked(
    format: Annotated[str | None, Query(max_length=16, description="null: as it was")] = None,
    columns: Annotated[
        str | None, Query(max_length=MAX_COLUMNS, description="null: as they were")
    ] = None,
    headers: Annotated[str | None, Query(max_length=8, description="raw, en or zh")] = None,
    raw_cells: Annotated[bool, Query(description="CSV: leave formula-like text")] = False,
) -> CopyRequest:
    return CopyRequest(
        format=format or None, columns=columns or None, headers=headers or None, raw_cells=raw_cells
    )


TheCopyForm = Annotated[CopyRequest, Depends(_asked)]


def copied_file(copied: CopiedFile) -> FileResponse:
    """Return a copy as a download; its folder is removed when it is sent."""
    remove = BackgroundTask(shutil.rmtree, copied.path.parent, ignore_errors=True)
    return FileResponse(
        copied.path, filename=copied.path.name, background=remove, media_type=BINARY
    )


BINARY = "application/octet-stream"
