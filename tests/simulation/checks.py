"""What must hold at the end of every schedule: own SQL, own reading of files."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.simulation.installation import QUOTA


def problems(connection: sqlite3.Connection, exports: Path) -> list[str]:
    """Return what is wrong as sentences; an empty list when all rows are in whole files."""
    rows = list(connection.execute("SELECT * FROM influencers"))
    segments = list(connection.execute("SELECT * FROM export_logs"))
    found = [
        f"row {row['id']} is {row['status']} in segment {row['export_log_id']}"
        for row in rows
        if row["status"] != "exported" or row["export_log_id"] is None
    ]
    for segment in segments:
        members = [row["id"] for row in rows if row["export_log_id"] == segment["id"]]
        found += _segment_problems(segment, members, exports)
    found += _quota_problems(connection, segments)
    known = {exports / segment["file_path"] for segment in segments if segment["file_path"]}
    strays = [path.name for path in exports.rglob("*.csv") if path not in known]
    return found + [f"nobody knows {name}" for name in strays]


def _segment_problems(segment: sqlite3.Row, members: list[int], exports: Path) -> Iterator[str]:
    name = f"segment {segment['id']}"
    if segment["state"] != "sealed" or segment["exported_count"] != len(members):
        yield f"{name}: {segment['state']}, counts {segment['exported_count']}, has {members}"
        return
    path = exports / segment["file_path"]
    if not path.exists():
        yield f"{name} has no file"
        return
    content = path.read_bytes()
    manifest = json.loads(path.with_name(f"{path.name}.manifest.json").read_text("utf-8"))
    digests = {hashlib.sha256(content).hexdigest(), segment["sha256"], manifest["sha256"]}
    if len(digests) > 1:
        yield f"{name}: file, manifest and row disagree"
    with path.open(encoding="utf-8-sig", newline="") as file:
        in_file = sorted(int(record["id"]) for record in csv.DictReader(file, strict=True))
    if in_file != sorted(members):
        yield f"{name}: the file has {in_file}, its rows are {members}"


def _quota_problems(connection: sqlite3.Connection, segments: list[sqlite3.Row]) -> Iterator[str]:
    used: Counter[tuple[int, str]] = Counter()
    for segment in segments:
        used[segment["account_id"], segment["quota_day"]] += segment["exported_count"]
    for key, count in used.items():
        if count > QUOTA:
            yield f"account and day {key} exported {count}"
    for account in connection.execute("SELECT * FROM accounts"):
        counted, day = account["today_export_count"], account["quota_day"]
        if not used[account["id"], day] <= counted <= QUOTA:
            yield f"account {account['id']} counted {counted} of {used[account['id'], day]}"
