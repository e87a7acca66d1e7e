"""The archive of responses that could not be understood, for a developer to look at."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import Evidence
from core.logs import redact
from core.message_json import Render, message_keys
from sources.base import RejectedEntry

TEXT_CHARS = 20_000
MAX_ENTRIES = 50


class ResponseArchive:
    """Writes redacted responses as JSON files, in a subfolder for each day.

    A file that cannot be written must not stop the crawl: it is left out.

    Args:
        render: makes the sentences that stand beside the codes.
    """

    def __init__(self, folder: Path, *, render: Render) -> None:
        self._folder = folder
        self._render = render

    def save_response(
        self, task_id: int, page: int, evidence: Evidence, now: datetime
    ) -> Path | None:
        """Save the response to a page's request; return the file, None when it was not written."""
        content = {"task_id": task_id, "page": page, "at": now.isoformat(), **asdict(evidence)}
        return self._write(f"task-{task_id}-page-{page}", content, now)

    def save_rejected_entries(
        self, task_id: int, page: int, rejected: tuple[RejectedEntry, ...], now: datetime
    ) -> Path | None:
        """Save up to 50 rejected entries of a page; return the file, None when not written."""
        entries = [self._entry(entry) for entry in rejected[:MAX_ENTRIES]]
        content = {"task_id": task_id, "page": page, "at": now.isoformat(), "rejected": entries}
        return self._write(f"task-{task_id}-page-{page}-entries", content, now)

    def _entry(self, entry: RejectedEntry) -> dict[str, Any]:
        reason = message_keys("reason", entry.reason, self._render)
        return {"position": entry.position, **reason, "excerpt": entry.excerpt}

    def _write(self, name: str, content: object, now: datetime) -> Path | None:
        folder = self._folder / f"{now:%Y-%m-%d}"
        path = folder / f"{name}-{now:%H%M%S%f}.json"
        text = json.dumps(_redacted(content), ensure_ascii=False, indent=2)
        # `backslashreplace`: platforms send half surrogates, which UTF-8 cannot encode.
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
