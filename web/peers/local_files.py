"""Export files of this host, as answers to a browser or to another host."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.responses import FileResponse

from core.messages import Message
from crawler.export.segment_files import SegmentFiles
from storage.models.segments import Segment
from web.problems import RequestRefusedError, not_found

BINARY = "application/octet-stream"
MEDIA_TYPES = {".csv": "text/csv; charset=utf-8", ".jsonl": "application/jsonl"}


def local_export_file(files: SegmentFiles, segment: Segment) -> FileResponse:
    """Return a response with a sealed export file of this host.

    Raises:
        RequestRefusedError: 409 while the file is being written, 403 when it lies outside the
            export folder, 404 when it is not on this host.
    """
    path = _path(files, segment)
    return FileResponse(path, media_type=media_type_of(path), filename=path.name)


def media_type_of(path: Path) -> str:
    """Return the media type of an export file by its name."""
    return MEDIA_TYPES.get(path.suffix, BINARY)


def _path(files: SegmentFiles, segment: Segment) -> Path:
    if segment.file_path is None:
        reason = Message.of("export_not_sealed", segment_id=segment.id)
        raise RequestRefusedError(HTTPStatus.CONFLICT, reason)
    path = files.locate(segment.file_path).resolve()
    if not path.is_relative_to(files.exports_dir.resolve()):
        reason = Message.of("export_outside_folder", segment_id=segment.id, host=segment.host)
        raise RequestRefusedError(HTTPStatus.FORBIDDEN, reason)
    if not path.is_file():
        raise not_found("export_on_other_host", segment_id=segment.id, host=segment.host)
    return path
