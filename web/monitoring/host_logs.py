"""Log files of any host: of this one from the disk, of another one through its console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import StreamingResponse

from core.clock import iso_utc
from core.errors import PeerUnreachableError
from web.backend import Backend
from web.monitoring.log_files import LineFilter, LogFile, LogFolder, Tail

TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class HostLogs:
    """The log files of a host; an empty `host` is the one that answers.

    Every method raises PeerUnreachableError where another host does not answer, and
    LogNotFoundError or PeerFileNotFoundError where it has no such file.
    """

    backend: Backend
    host: str = ""

    def files(self) -> list[LogFile]:
        """Return all log files, newest first."""
        if self._is_here:
            return self._folder.files()
        found = self.backend.peers.logs(self.host)
        with self._understood():
            return [_file_of(one) for one in found]

    def tail(self, name: str, wanted: LineFilter, lines: int) -> tuple[LogFile, Tail]:
        """Return a file, and its newest `lines` records that match, of its last 32 MB."""
        if self._is_here:
            tail = self._folder.tail(name, wanted, lines)
            return self._folder.named(name), tail
        words = {"text": wanted.text, "task": wanted.task, "account": wanted.account}
        found = self.backend.peers.logs(self.host, name, words | {"lines": lines})
        with self._understood():
            tail = Tail(found["records"], found["bytes_read"], found["is_whole"])
            return _file_of(found), tail

    def download(self, name: str) -> StreamingResponse:
        """Return a response with a whole log file."""
        size, blocks = self._content(name)
        headers = {
            "Content-Length": str(size),
            "Content-Disposition": f'attachment; filename="{name.rpartition("/")[2]}"',
        }
        return StreamingResponse(blocks, media_type=TEXT, headers=headers)

    @property
    def _is_here(self) -> bool:
        return self.host in ("", self.backend.host)

    @property
    def _folder(self) -> LogFolder:
        return LogFolder(self.backend.settings.log_dir)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Turn an answer of another form, as another version may give, into a host's trouble."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            detail = type(error).__name__
            raise PeerUnreachableError(
                "peer_not_understood", host=self.host, detail=detail
            ) from error

    def _content(self, name: str) -> tuple[int, Iterator[bytes]]:
        if self._is_here:
            return self._folder.content(name)
        return self.backend.peers.log_file(self.host, name)


def file_object(file: LogFile) -> dict[str, Any]:
    """Return the JSON object of a log file."""
    return {
        "name": file.name,
        "service": file.service,
        "day": file.day or None,
        "bytes": file.bytes,
        "modified_at": iso_utc(file.modified_at),
    }


def tail_object(file: LogFile, tail: Tail) -> dict[str, Any]:
    """Return the JSON object of the end of a log file."""
    return file_object(file) | {
        "records": tail.records,
        "bytes_read": tail.bytes_read,
        "is_whole": tail.is_whole,
    }


def _file_of(found: Mapping[str, Any]) -> LogFile:
    return LogFile(
        name=found["name"],
        service=found["service"],
        day=found["day"] or "",
        bytes=found["bytes"],
        modified_at=datetime.fromisoformat(found["modified_at"]),
    )
