"""What the import directory rejected: whole files and single rows, with their reasons."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.atomic_file import replacing
from core.errors import OutputError
from core.installation.file_access import SHARED, FileAccess
from core.messages import Message
from presentation.i18n.renderer import Renderer
from works.catalogue.import_files import WrongRow

FOLDER = "rejected"
REASON_SUFFIX = ".reason.txt"
DIGEST_CHARS = 16
# What others are called after it must fit beside it, also where names have 143 bytes at most.
MAX_NAME_BYTES = 120
# What is nested deeper can be read, and written to a terminal or as JSON no more.
MAX_DEPTH = 20


@dataclass(frozen=True)
class RejectedFile:
    """A file in the folder of rejected ones.

    Args:
        rejected_at: when it was rejected last, by this host's clock (UTC).
        reasons: one for the whole file, or one for each of its rows.
        rows: what it holds, as it was given; empty for one that cannot be read as JSON, or is
            nested deeper than anything that describes works.
    """

    path: Path
    rejected_at: datetime
    reasons: tuple[str, ...]
    rows: tuple[Any, ...]


@dataclass(frozen=True)
class RejectedRow:
    """A row of a rejected file as it was given; None where the reason is that of the whole file."""

    file: RejectedFile
    given: Any
    reason: str


@dataclass(frozen=True, kw_only=True)
class RejectedFiles:
    """Puts aside what the import directory cannot take, for a person to mend and move back.

    Args:
        folder: where it is put; it is created when it is needed.
        renderer: writes the reasons.
        access: mode and group of new files.
    """

    folder: Path
    renderer: Renderer
    access: FileAccess = SHARED

    def put_file(self, file: Path, problems: Sequence[Message]) -> str:
        """Move a file here, and return the reason; that is written first, so that none lies here
        without one.

        A long name is shortened, so that the reason's fits beside it.

        Raises:
            OutputError: it stays where it was.
        """
        aside = self.folder / _fitting(file.name)
        reason = self._write_reason(aside, problems)
        try:
            os.replace(file, aside)
        except OSError as error:
            detail = error.strerror or str(error)
            raise OutputError(
                "file_not_moved", path=str(file), target=str(aside), detail=detail
            ) from error
        return reason

    def put_rows(self, rows: Sequence[WrongRow]) -> str:
        """Write rows of a file whose others are good, and return the reasons.

        The same rows of another file, as a table that is sent every night has them, take the place
        of the earlier ones.

        Raises:
            OutputError: nothing was written but perhaps the reasons.
        """
        # Escaped: JavaScript leaves half characters behind, which UTF-8 has no form for.
        text = json.dumps([row.given for row in rows], indent=2) + "\n"
        digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARS]
        aside = self.folder / f"rows-{digest}.json"
        reason = self._write_reason(aside, [row.problem for row in rows])
        with replacing(aside, self.access) as file:
            file.write(text)
        return reason

    def paths(self) -> dict[Path, datetime]:
        """Return the rejected files with the times (UTC) at which they were rejected or written."""
        found = {file: written_at(file) for file in self.folder.glob("*.json")}
        return {file: moment for file, moment in found.items() if moment is not None}

    def reason_of(self, file: Path) -> Message:
        """Return why a file was rejected, on one line."""
        reasons = _lines(file)
        return Message.text("; ".join(reasons)) if reasons else Message.of("reject_reason_gone")

    def listed(self) -> Iterator[RejectedFile]:
        """Yield what was rejected, the newest first."""
        newest_first = sorted(self.paths().items(), key=lambda found: found[1], reverse=True)
        for path, moment in newest_first:
            yield RejectedFile(path, moment, _lines(path), _rows(path))

    def rows(self) -> Iterator[RejectedRow]:
        """Yield each row that was rejected, those of the newest file first.

        Of a file that was rejected as a whole one row without its content is yielded.
        """
        for file in self.listed():
            if file.rows and len(file.rows) == len(file.reasons):
                for given, reason in zip(file.rows, file.reasons, strict=True):
                    yield RejectedRow(file, given, reason)
            else:
                yield RejectedRow(file, None, self.renderer.sentence(self.reason_of(file.path)))

    def _write_reason(self, aside: Path, problems: Sequence[Message]) -> str:
        sentences = [_one_line(self.renderer.sentence(problem)) for problem in problems]
        with replacing(_reason_file(aside), self.access) as text:
            text.writelines(f"{sentence}\n" for sentence in sentences)
        return "; ".join(sentences)


def written_at(file: Path) -> datetime | None:
    """Return when the file was written, by this host's clock (UTC); None when it is gone."""
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None


def _fitting(name: str) -> str:
    """Return a file's name, or its beginning and a digest of it where it is long."""
    given = os.fsencode(name)
    if len(given) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(given).hexdigest()[:DIGEST_CHARS]
    begin = given[: MAX_NAME_BYTES - len(f"-{digest}.json")].decode("utf-8", "ignore")
    return f"{begin}-{digest}.json"


def _reason_file(rejected: Path) -> Path:
    return rejected.with_name(f"{rejected.name}{REASON_SUFFIX}")


def _lines(rejected: Path) -> tuple[str, ...]:
    try:
        return tuple(_reason_file(rejected).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return ()


def _rows(rejected: Path) -> tuple[Any, ...]:
    try:
        document = json.loads(rejected.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ()
    if _is_deep(document):
        return ()
    if isinstance(document, dict):
        document = document.get("works", [document])
    return tuple(document) if isinstance(document, list) else (document,)


def _is_deep(document: Any) -> bool:
    """Return whether a JSON value is nested deeper than anything that describes works."""
    level = [document]
    for _ in range(MAX_DEPTH):
        inner = (value for value in level if isinstance(value, dict | list))
        level = [
            item
            for value in inner
            for item in (value.values() if isinstance(value, dict) else value)
        ]
    return bool(level)


def _one_line(sentence: str) -> str:
    return " ".join(sentence.split()).encode("utf-8", "backslashreplace").decode()
