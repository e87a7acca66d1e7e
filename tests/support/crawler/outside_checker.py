"""Checks the promises about exports from outside: own SQL, own reading of files, nothing of ours.

`problems` gives sentences; an empty list means that every creator is in at most one segment and
file, that files, rows and counts agree, and that no account went over its quota.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from pymysql.cursors import DictCursor

from tests.support.mariadb import connect_to

Rows = list[dict[str, Any]]


def problems(
    url: str, exports: Path, *, all_sealed: bool = True, exact_quota: bool = True
) -> list[str]:
    """Return what is wrong as sentences.

    `exact_quota`: nobody but Baton has raised an account's export count.
    """
    tables = {name: _read(url, name) for name in ("influencers", "export_logs", "accounts")}
    found = _row_problems(tables["influencers"], tables["export_logs"])
    seen: Counter[int] = Counter()
    known: set[Path] = set()
    for log in tables["export_logs"]:
        mine = [row for row in tables["influencers"] if row["export_log_id"] == log["id"]]
        found += _count_problems(log, mine)
        if log["state"] == "open":
            found += [f"segment {log['id']} is open"] if all_sealed else []
            continue
        path = exports / log["file_path"]
        known |= {path.resolve(), path.with_name(f"{path.name}.manifest.json").resolve()}
        found += _file_problems(log, path, {row["id"] for row in mine}, seen)
    found += [
        f"creator {creator_id} is in {times} files"
        for creator_id, times in seen.items()
        if times > 1
    ]
    found += _quota_problems(tables["accounts"], tables["export_logs"], exact_quota)
    if all_sealed and exports.exists():
        lying = {path.resolve() for path in exports.rglob("*") if path.is_file()}
        found += [f"nobody knows {path.name}" for path in sorted(lying - known)]
    return found


def exported_ids(url: str, exports: Path) -> list[int]:
    """Return the ids in all sealed files, in the order of the segments."""
    logs = [log for log in _read(url, "export_logs") if log["state"] == "sealed"]
    return [
        creator_id
        for log in logs
        for creator_id in ids_in(exports / log["file_path"], log["format"])
    ]


def ids_in(path: Path, kind: str) -> list[int]:
    """Return the `id` column of a file."""
    return [int(record["id"]) for record in records_in(path, kind)]


def records_in(path: Path, kind: str) -> Rows:
    """Return a file's rows by column name, read with Python's own csv and json."""
    if kind == "jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _row_problems(creators: Rows, logs: Rows) -> list[str]:
    ids = {log["id"] for log in logs}
    found = []
    for row in creators:
        points = row["export_log_id"]
        if (row["status"] == "exported") != (points is not None):
            found.append(f"creator {row['id']} is {row['status']} with segment {points}")
        if points is not None and points not in ids:
            found.append(f"creator {row['id']} points to no segment")
    identities = Counter((row["platform"], row["domain"], row["uid"]) for row in creators)
    return found + [f"{who} is stored twice" for who, times in identities.items() if times > 1]


def _count_problems(log: dict[str, Any], mine: Rows) -> list[str]:
    ids = [row["id"] for row in mine]
    logged = (log["exported_count"], log["first_id"], log["last_id"])
    stored = (len(ids), min(ids, default=None), max(ids, default=None))
    found = (
        [] if logged == stored else [f"segment {log['id']} says {logged}, the table has {stored}"]
    )
    foreign = [row["id"] for row in mine if row["domain"] != log["domain"]]
    return found + ([f"segment {log['id']} holds rows of another domain"] if foreign else [])


def _file_problems(log: dict[str, Any], path: Path, ids: set[int], seen: Counter[int]) -> list[str]:
    if not path.exists():
        return [f"segment {log['id']} has no file"]
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    found = []
    if (len(content), digest) != (log["bytes"], log["sha256"]):
        found.append(f"segment {log['id']}: size or sha256 differ")
    records = records_in(path, log["format"])
    if len(records) != log["exported_count"]:
        found.append(f"segment {log['id']}: {len(records)} rows in the file")
    if "id" in json.loads(log["options"])["columns"]:
        in_file = [int(record["id"]) for record in records]
        seen.update(in_file)
        if set(in_file) != ids or len(in_file) != len(set(in_file)):
            found.append(f"segment {log['id']}: other creators in the file than in the table")
    manifest = json.loads(path.with_name(f"{path.name}.manifest.json").read_text("utf-8"))
    listed = {key: manifest[key] for key in ("segment", "file", "rows", "bytes", "sha256")}
    real = {
        "segment": log["id"],
        "file": path.name,
        "rows": len(records),
        "bytes": len(content),
        "sha256": digest,
    }
    return found + ([] if listed == real else [f"segment {log['id']}: the manifest says {listed}"])


def _quota_problems(accounts: Rows, logs: Rows, exact: bool) -> list[str]:
    used: Counter[tuple[int, str]] = Counter()
    most: dict[tuple[int, str], int] = {}
    for log in logs:
        key = (log["account_id"], str(log["quota_day"]))
        used[key] += log["exported_count"]
        most[key] = max(most.get(key, 0), log["quota_limit"])
    found = [f"account, day {key}: {n} rows" for key, n in used.items() if n > most[key]]
    for account in accounts:
        counted = used.get((account["id"], str(account["quota_day"])), 0)
        today = account["today_export_count"]
        if today < counted or (exact and today != counted):
            found.append(f"account {account['username']} counted {today}, exported {counted}")
    return found


def _read(url: str, table: str) -> Rows:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]
        finally:
            connection.close()
    with connect_to(url, cursorclass=DictCursor) as server, server.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")
        return list(cursor.fetchall())
