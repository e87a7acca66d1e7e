"""Keeping what could not be understood, for people to look at."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from core.errors import Evidence
from core.logs import redact
from sources.base import RejectedEntry

TEXT_CHARS = 20_000
MAX_ENTRIES = 50


class ResponseArchive:
    """Writes redacted answers under the evidence folder, one JSON file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep_answer(
        self, task_id: int, page: int, evidence: Evidence, now: datetime
    ) -> Path | None:
        """The file with the answer; None when it cannot be written: that must stop no work."""
        content = {"task_id": task_id, "page": page, "at": now.isoformat(), **asdict(evidence)}
        return self._write(f"task-{task_id}-page-{page}", content, now)

    def keep_entries(
        self, task_id: int, page: int, rejected: tuple[RejectedEntry, ...], now: datetime
    ) -> Path | None:
        """The file with a page's rejected entries."""
        entries = [asdict(entry) for entry in rejected[:MAX_ENTRIES]]
        content = {"task_id": task_id, "page": page, "at": now.isoformat(), "rejected": entries}
        return self._write(f"task-{task_id}-page-{page}-entries", content, now)

    def _write(self, name: str, content: object, now: datetime) -> Path | None:
        folder = self._folder / f"{now:%Y-%m-%d}"
        path = folder / f"{name}-{now:%H%M%S%f}.json"
        text = json.dumps(_redacted(content), ensure_ascii=False, indent=2)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            return None
        return path


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)[:TEXT_CHARS]
    if isinstance(value, dict):
        return {key: _redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return value
