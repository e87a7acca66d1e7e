"""What must hold, seen from outside: own SQL, own reading of files."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from tests.simulation.fake_platform import PAGES_AT_FIRST, FakePlatform

Record = dict[str, Any]


@dataclass
class Checks:
    """The invariants of one schedule.

    `seen` are sentences about what was wrong on the way, though it may be mended by the end.
    """

    connection: sqlite3.Connection
    exports: Path
    platform: FakePlatform
    seen: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return what is wrong as sentences; an empty list when all rows are in whole files."""
        rows, segments = self._all("influencers"), self._all("export_logs")
        return list(
            chain(
                self.seen,
                (row["what"] for row in self.connection.execute("SELECT what FROM seen")),
                self._rows(rows),
                chain.from_iterable(self._segment(one, rows) for one in segments),
                self._quotas(segments),
                self._strays(segments),
                self._crawls(rows),
            )
        )

    def note_renamed(self, target: Path) -> None:
        """Look at a file that has just got its name: a manifest never comes before its file."""
        if target.name.endswith(".manifest.json") and not _file_of(target).exists():
            self.seen.append(f"{target.name} stands without its file")

    def note_completed(self) -> None:
        """Look at tasks that have completed: they leave no segment open."""
        self.seen += [
            f"segment {row['id']} is open, its task is completed"
            for row in self.connection.execute(
                "SELECT s.id FROM export_logs s JOIN tasks t ON t.id=s.task_id"
                " WHERE s.state='open' AND t.status='completed'"
            )
        ]

    def segments_without_files(self) -> list[int]:
        """Return the ids of sealed segments whose file or manifest is not there."""
        found = []
        for segment in self._all("export_logs"):
            path = self.exports / (segment["file_path"] or "none")
            if not (path.exists() and _manifest_of(path).exists()):
                found.append(segment["id"])
        return found

    def _rows(self, rows: list[Record]) -> Iterator[str]:
        for row in rows:
            if row["status"] != "exported" or row["export_log_id"] is None:
                yield f"row {row['id']} is {row['status']} in segment {row['export_log_id']}"

    def _segment(self, segment: Record, rows: list[Record]) -> Iterator[str]:
        name = f"segment {segment['id']}"
        members = sorted(row["id"] for row in rows if row["export_log_id"] == segment["id"])
        if segment["state"] != "sealed" or segment["exported_count"] != len(members):
            yield f"{name}: {segment['state']}, counts {segment['exported_count']}, has {members}"
            return
        path = self.exports / segment["file_path"]
        if not path.exists():
            yield f"{name} has no file"
            return
        manifest = json.loads(_manifest_of(path).read_text("utf-8"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if len({digest, segment["sha256"], manifest["sha256"]}) > 1:
            yield f"{name}: file, manifest and row disagree"
        with path.open(encoding="utf-8-sig", newline="") as file:
            in_file = sorted(int(record["id"]) for record in csv.DictReader(file, strict=True))
        if in_file != members:
            yield f"{name}: the file has {in_file}, its rows are {members}"

    def _quotas(self, segments: list[Record]) -> Iterator[str]:
        used: Counter[tuple[int, str]] = Counter()
        limits: Counter[tuple[int, str]] = Counter()
        for segment in segments:
            key = segment["account_id"], segment["quota_day"]
            used[key] += segment["exported_count"]
            limits[key] = max(limits[key], segment["quota_limit"])
        for key, count in used.items():
            if count > limits[key]:
                yield f"account and day {key} exported {count}, more than {limits[key]}"
        for account in self._all("accounts"):
            counted, key = account["today_export_count"], (account["id"], account["quota_day"])
            if counted < used[key]:
                yield f"account {account['id']} counted {counted} of {used[key]}"

    def _strays(self, segments: list[Record]) -> Iterator[str]:
        known = {self.exports / one["file_path"] for one in segments if one["file_path"]}
        for path in self.exports.rglob("*.csv"):
            if path not in known:
                yield f"nobody knows {path.name}"

    def _crawls(self, rows: list[Record]) -> Iterator[str]:
        """Look at crawls of the platform: every page has one log, every creator one row."""
        pages = sorted(log["page_number"] for log in self._all("ingestion_logs"))
        if not pages:
            return  # the crawl is not real here
        if pages != list(range(1, max(pages) + 1)) or max(pages) < PAGES_AT_FIRST:
            yield f"the crawl has the pages {pages} of {self.platform.pages}"
        sums = self.connection.execute("SELECT SUM(pages) FROM day_totals").fetchone()[0]
        if sums != len(pages):
            yield f"the sums by day have {sums} pages of {len(pages)}"
        uids = sorted(row["uid"] for row in rows)
        if uids != sorted(self.platform.uids_of(max(pages))):
            yield f"the creators {uids} are stored"

    def _all(self, table: str) -> list[Record]:
        return [dict(row) for row in self.connection.execute(f"SELECT * FROM {table} ORDER BY id")]


def _manifest_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def _file_of(manifest: Path) -> Path:
    return manifest.with_name(manifest.name.removesuffix(".manifest.json"))
