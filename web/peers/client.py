"""Ask other hosts for their files and logs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import requests

from core.errors import PeerFileNotFoundError, PeerUnreachableError
from core.logs import service_log
from storage.engines.transactions import Database
from storage.models.segments import Segment
from storage.operations import hosts
from storage.operations.hosts import HostRow
from web.peers.seals import HEADER, PeerSeals

log = service_log("web")
PREFIX = "/internal/v1"
CONNECT_SECS, READ_SECS = 3.0, 20.0
BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class PeerClient:
    """Reads what lies on other hosts, through the consoles that they announce."""

    database: Database
    seals: PeerSeals

    def export_file(self, segment: Segment) -> Iterator[bytes]:
        """Return the bytes of a sealed export file of another host, in blocks.

        The last block is held back until the hash agrees with the row.

        Raises:
            PeerUnreachableError: the host announces no address, or does not answer.
            PeerFileNotFoundError: it answers that it has no such file.
        """
        answer = self._get(self._row(segment.host), f"/exports/{segment.id}/file")
        return _checked_blocks(answer, segment)

    def export_hash(self, segment: Segment) -> tuple[int, str] | None:
        """Return size and SHA-256 of an export file as it is on its host; None when it is not
        there.

        Raises:
            PeerUnreachableError: the host announces no address, or does not answer so.
            PeerFileNotFoundError: no host of that name is known.
        """
        row = self._row(segment.host)
        try:
            with self._get(row, f"/exports/{segment.id}/hash") as answer:
                found = answer.json()
                if found["sha256"] is None:
                    return None
                return int(found["bytes"]), str(found["sha256"])
        except PeerFileNotFoundError as error:  # it does not know the question
            raise _unreachable(row, "HTTP 404") from error
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise _unreachable(row, type(error).__name__) from error

    def log_file(self, host: str, name: str) -> tuple[int, Iterator[bytes]]:
        """Return the size of a log file of a host, and its bytes in blocks.

        Raises as `export_file` does.
        """
        row = self._row(host)
        answer = self._get(row, f"/logs/{quote(name)}/file")
        size = answer.headers.get("Content-Length", "")
        if not size.isdigit():  # something between the hosts has changed the answer
            answer.close()
            raise _unreachable(row, "Content-Length")
        return int(size), _blocks(answer)

    def logs(self, host: str, name: str = "", params: Mapping[str, str | int] | None = None) -> Any:
        """Return the JSON of a host's list of log files, or of the end of one by its name.

        Raises as `export_file` does.
        """
        path = f"/logs/{quote(name)}" if name else "/logs"
        row = self._row(host)
        with self._get(row, path, params) as answer:
            try:
                return answer.json()
            except (requests.RequestException, ValueError) as error:
                raise _unreachable(row, type(error).__name__) from error

    def _row(self, host: str) -> HostRow:
        row = self.database.read(hosts.get, host)
        if row is None:
            raise PeerFileNotFoundError("host_not_known", host=host)
        return row

    def _get(
        self, row: HostRow, path: str, params: Mapping[str, str | int] | None = None
    ) -> requests.Response:
        if row.peer_url is None:
            raise PeerUnreachableError("peer_without_address", host=row.host, seen_at=row.seen_at)
        target = PREFIX + path + (f"?{urlencode(params)}" if params else "")
        session = requests.Session()
        # A proxy of the environment is for the world outside; a netrc file would add a password.
        session.trust_env = False
        try:
            answer = session.get(
                row.peer_url.rstrip("/") + target,
                headers={HEADER: self.seals.seal(row.host, target), "Accept-Encoding": "identity"},
                timeout=(CONNECT_SECS, READ_SECS),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise _unreachable(row, type(error).__name__) from error
        if answer.status_code == HTTPStatus.OK:
            return answer
        answer.close()
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise PeerFileNotFoundError("peer_file_not_found", host=row.host)
        raise _unreachable(row, f"HTTP {answer.status_code}")


def _unreachable(row: HostRow, detail: str) -> PeerUnreachableError:
    log.warning("host %s did not answer: %s", row.host, detail)
    return PeerUnreachableError(
        "peer_unreachable", host=row.host, seen_at=row.seen_at, detail=detail
    )


def _blocks(answer: requests.Response) -> Iterator[bytes]:
    with answer:
        yield from answer.iter_content(BLOCK_BYTES)


def _checked_blocks(answer: requests.Response, segment: Segment) -> Iterator[bytes]:
    """Yield a file's blocks; the last one only when the whole has the row's SHA-256."""
    digest, held = hashlib.sha256(), b""
    with answer:
        for block in answer.iter_content(BLOCK_BYTES):
            digest.update(block)
            if held:
                yield held
            held = block
    if digest.hexdigest() != segment.sha256:
        log.error("export file %d of host %s has another hash", segment.id, segment.host)
        # The answer has begun: cut off, it is shorter than it said, and no client takes it.
        raise PeerFileNotFoundError("peer_file_differs", host=segment.host, segment_id=segment.id)
    yield held
