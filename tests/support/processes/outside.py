"""Baton seen from outside: reads the database and the files itself, with none of Baton's code."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from tests.support.mariadb import connect_to

Row = dict[str, Any]


class Outside:
    """One installation as it lies in its database and its folders."""

    def __init__(self, database_url: str, exports_dir: Path) -> None:
        self._url = database_url
        self._exports_dir = exports_dir

    def rows(self, sql: str) -> list[Row]:
        """Return what a query finds, on a fresh connection."""
        if self._url.startswith("sqlite:"):
            return self._sqlite_rows(sql)
        connection = connect_to(
            self._url, cursorclass=DictCursor, autocommit=True, connect_timeout=10, read_timeout=60
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def value(self, sql: str) -> Any:
        """Return the only value that a query finds; None when there is no row, or no table yet."""
        try:
            found = self.rows(sql)
        except sqlite3.OperationalError:
            return None
        return next(iter(found[0].values())) if found else None

    def exported(self) -> int:
        return int(self.value("SELECT COUNT(*) FROM influencers WHERE status='exported'") or 0)

    def stored(self) -> int:
        return int(self.value("SELECT COUNT(*) FROM influencers") or 0)

    def path_of(self, segment: Row) -> Path:
        return self._exports_dir / segment["file_path"]

    def problems(self, wanted: set[str], *out_dirs: Path) -> list[str]:
        """Return everything that contradicts "each wanted creator is in exactly one finished file".

        Looks for stray files in the exports folder and in `out_dirs`.
        """
        segments = self.rows("SELECT * FROM export_logs ORDER BY id")
        found = self._creator_problems(wanted)
        found += [problem for segment in segments for problem in self._file_problems(segment)]
        found += self._doubled_in_files(segments)
        found += self._quota_problems(segments)
        found += self._unfinished_work()
        return found + self._strays(segments, [self._exports_dir, *out_dirs])

    def _creator_problems(self, wanted: set[str]) -> list[str]:
        creators = self.rows("SELECT uid, status, export_log_id FROM influencers")
        known = Counter(row["uid"] for row in creators)
        found = []
        if set(known) != wanted:
            lost, extra = wanted - set(known), set(known) - wanted
            found.append(f"{len(lost)} creators lost, {len(extra)} that nobody served")
        if any(times > 1 for times in known.values()):
            found.append("creators stored twice")
        left = [row for row in creators if row["status"] != "exported" or not row["export_log_id"]]
        return found + ([f"{len(left)} creators not exported"] if left else [])

    def _file_problems(self, segment: Row) -> list[str]:
        name = f"segment {segment['id']}"
        if segment["state"] != "sealed" or not segment["file_path"]:
            return [f"{name} is {segment['state']}"]
        path = self.path_of(segment)
        if not path.is_file():
            return [f"{name}: {path} is missing"]
        owned = self.rows(f"SELECT id, uid FROM influencers WHERE export_log_id={segment['id']}")
        in_file, found = _creators_in(path), []
        if sorted(in_file) != sorted((str(row["id"]), row["uid"]) for row in owned):
            found.append(f"{name}: {len(in_file)} rows in the file, {len(owned)} in the table")
        if segment["exported_count"] != len(owned):
            found.append(f"{name}: counted {segment['exported_count']}, {len(owned)} in the table")
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if (segment["bytes"], segment["sha256"]) != (len(content), digest):
            found.append(f"{name}: size or digest is another")
        manifest = json.loads(_manifest(path).read_text(encoding="utf-8"))
        if (manifest["rows"], manifest["sha256"]) != (len(in_file), digest):
            found.append(f"{name}: the manifest says something else")
        return found

    def _doubled_in_files(self, segments: list[Row]) -> list[str]:
        paths = [self.path_of(segment) for segment in segments if segment["file_path"]]
        if len(set(paths)) != len(paths):
            return ["two segments share a file"]
        ids = Counter(pair for path in paths if path.is_file() for pair in _creators_in(path))
        return [f"creator {pair} is in {n} files" for pair, n in ids.items() if n > 1][:5]

    def _quota_problems(self, segments: list[Row]) -> list[str]:
        used: Counter[tuple[int, str]] = Counter()
        for segment in segments:
            used[segment["account_id"], str(segment["quota_day"])] += segment["exported_count"]
        found = []
        for account in self.rows("SELECT * FROM accounts"):
            counts = {day: n for (owner, day), n in used.items() if owner == account["id"]}
            if any(n > account["daily_export_limit"] for n in counts.values()):
                found.append(f"account {account['username']} exported {counts}, over its limit")
            if counts.get(str(account["quota_day"]), 0) != account["today_export_count"]:
                found.append(
                    f"account {account['username']} counts {account['today_export_count']}"
                    f" but exported {counts}"
                )
        return found

    def _unfinished_work(self) -> list[str]:
        tasks = self.rows("SELECT * FROM tasks WHERE status<>'completed'")
        found = [f"task {task['id']} is {task['status']}" for task in tasks]
        pages = self.rows("SELECT task_id, page_number FROM ingestion_logs")
        stored = Counter((page["task_id"], page["page_number"]) for page in pages)
        for task in self.rows("SELECT * FROM tasks WHERE task_type='ingestion' AND is_leaf=1"):
            for page in range(task["page_from"], (task["page_to"] or 0) + 1):
                if stored[task["id"], page] != 1:
                    found.append(f"page {page} of task {task['id']}: {stored[task['id'], page]}×")
        return found

    def _strays(self, segments: list[Row], folders: list[Path]) -> list[str]:
        files = {self.path_of(segment).resolve() for segment in segments if segment["file_path"]}
        expected = files | {_manifest(path) for path in files}
        there = {
            path.resolve() for folder in folders for path in folder.rglob("*") if path.is_file()
        }
        return [f"stray file {path.name}" for path in sorted(there - expected)]

    def _sqlite_rows(self, sql: str, timeout_secs: float = 10.0) -> list[Row]:
        path = self._url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path, timeout=timeout_secs, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def is_quiet(self) -> bool:
        """Return True when nobody holds a lock."""
        try:
            if self._url.startswith("sqlite:"):
                self._sqlite_rows("BEGIN IMMEDIATE", timeout_secs=0.2)
            else:
                for table in ("tasks", "accounts", "export_logs", "influencers"):
                    self.rows(f"SELECT id FROM {table} FOR UPDATE NOWAIT")
        except (sqlite3.OperationalError, pymysql.OperationalError):
            return False
        return True


def _creators_in(path: Path) -> list[tuple[str, str]]:
    """Return (id, uid) of each line of an export file."""
    if path.suffix == ".jsonl":
        lines = path.read_text(encoding="utf-8").split("\n")
        entries = [json.loads(line) for line in lines if line]
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            entries = list(csv.DictReader(file))
    return [(str(entry["id"]), str(entry["uid"])) for entry in entries]


def _manifest(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")
