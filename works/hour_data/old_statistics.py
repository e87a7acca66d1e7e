"""Hours that only the statistics file of an older version has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

from storage.catalogue import view_data
from storage.engines.transactions import Database, Row
from works.hour_data.data_file import video_id
from works.hour_data.hours import Hour
from works.hour_data.report import BILIBILI, HourReport, Numbers


def old_hours(data: Database, known: Collection[Hour]) -> dict[Hour, Row]:
    """Return the hours of the file but for known ones, each with its crawl session.

    An hour without a session, as an older program left some, gets an empty one.
    """
    view_data.create(data)
    empty = dict.fromkeys(view_data.SESSIONS)
    found: dict[Hour, Row] = {}
    for day, number in data.read(view_data.hours_with_rows):
        hour = Hour.parse(day, number)
        session_id = f"crawl_{hour.day:%Y%m%d}{hour.hour_text}0000"
        found[hour] = empty | {"session_id": session_id}
    for row in data.read(view_data.sessions):
        found[Hour.parse(row["crawl_date"], row["crawl_hour"])] = row
    return {hour: found[hour] for hour in sorted(found) if hour not in known}


def reports_of(data: Database, sessions: dict[Hour, Row]) -> Iterator[tuple[Hour, HourReport]]:
    """Yield the hours with their reports, made of their rows."""
    for hour, session in sessions.items():
        rows = data.read(view_data.metrics_of_hour, hour.date_text, hour.hour_text)
        yield hour, _report(hour, session, rows)


def _report(hour: Hour, session: Row, rows: list[Row]) -> HourReport:
    entries = {}
    for row in rows:
        entry = {name: row[name] for name in view_data.METRICS}
        # Older programs left titles out, and wrote ids without their BV.
        entry |= {"title": row["title"] or "", "status": "success"}
        if row["platform"] == BILIBILI:
            entry["work_id"] = video_id(row["work_id"])
        entries[(entry["platform"], entry["work_id"])] = cast(Numbers, entry)
    start = session["start_time"] or f"{hour.date_text}T{hour.hour_text}:00:00"
    report: dict[str, Any] = {
        "session_id": session["session_id"],
        "crawl_time": start,
        "end_time": session["end_time"] or start,
        "crawl_hour": hour.hour_text,
        "total_count": len(entries) + (session["fail_count"] or 0),
        "success_count": len(entries),
        "fail_count": session["fail_count"] or 0,
        "data": list(entries.values()),
        "errors": [],
    }
    return cast(HourReport, report)
