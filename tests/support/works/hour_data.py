"""Hourly data files as the crawl writes them, without a crawl."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from app.container import App
from works.hour_data.files import HourFiles
from works.hour_data.hours import Hour
from works.hour_data.report import HourReport

WORKS = ("BV1xx411c7mD", "BV1GJ411x7h7", "BV17x411w7KC")
COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")


def numbers(work_id: str, hour: Hour, view: int | None, **more: Any) -> dict[str, Any]:
    """Return a work's entry; its other counters follow from the views."""
    counts = {f"{name}_count": view and view // (n + 1) for n, name in enumerate(COUNTERS)}
    return {
        "platform": "bilibili",
        "work_id": work_id,
        "title": f"标题 {work_id}",
        "crawl_time": f"{hour.date_text}T{hour.hour_text}:00:07+08:00",
        **counts,
        "status": "success",
        **more,
    }


def failed(work_id: str, error: str = "no answer") -> dict[str, Any]:
    return {"work_id": work_id, "title": "", "error": error, "status": "failed"}


def report(
    hour: Hour,
    data: Sequence[dict[str, Any]],
    errors: Sequence[dict[str, Any]] = (),
    minute: int = 0,
    **more: Any,
) -> dict[str, Any]:
    compact = f"{hour.date_text.replace('-', '')}{hour.hour_text}"
    return {
        "session_id": f"crawl_{compact}{minute:02d}05",
        "crawl_time": f"{hour.date_text}T{hour.hour_text}:{minute:02d}:05+08:00",
        "crawl_hour": hour.hour_text,
        "total_count": len(data) + len(errors),
        "success_count": len(data),
        "fail_count": len(errors),
        "data": list(data),
        "errors": list(errors),
        **more,
    }


def put(files: HourFiles, hour: Hour, content: dict[str, Any] | str) -> Path:
    """Write an hour's file, as somebody else would."""
    path = files.path(hour)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def put_hours(files: HourFiles, hours: Sequence[Hour], works: Sequence[str] = WORKS) -> None:
    """Write a file for each hour; each work grows by 100 views an hour and its own number."""
    for place, hour in enumerate(hours):
        data = [numbers(work, hour, 10_000 + place * (100 + n)) for n, work in enumerate(works)]
        put(files, hour, report(hour, data))


def store_hour(app: App, hour: Hour, data: Sequence[dict[str, Any]]) -> None:
    """Have the main database hold these entries of an hour."""
    reports = [(hour, cast(HourReport, report(hour, data)))]
    app.works.hour_importer.import_reports(reports, threading.Event(), logging.Logger("quiet"))
