"""The promises of a whole installation, looked at from outside: own SQL, own reading of files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.chaos.chaos_plan import PAGE_SIZE, RoundPlan
from tests.chaos.eye import Eye
from tests.chaos.hosts import Host
from tests.chaos.receivers import Receiver
from tests.support.processes.outside import Row

OVERLAP_SECS = 0.25  # what two hosts' ideas of the time may differ by
TEXT_TABLES = ("tasks", "accounts", "account_events", "export_logs", "meta")


class Proof:
    """Holds one finished round against every promise."""

    def __init__(
        self,
        outside: Eye,
        hosts: list[Host],
        served: set[str],
        plan: RoundPlan,
        receiver: Receiver | None = None,
        reports: Sequence[str] = (),
        denied_pages: int = 0,
    ) -> None:
        self._denied_pages = denied_pages
        self._receiver = receiver
        self._reports = reports
        self._outside = outside
        self._hosts = hosts
        self._served = served
        self._plan = plan
        self.parts_left: dict[str, int] = {}
        self.files_left = 0
        self.reports_delivered = 0

    def problems(self) -> list[str]:
        """One sentence for each; none means that everything holds, and that Baton agrees."""
        return [*self.seen_from_outside(), *self._own_proof()]

    def seen_from_outside(self) -> list[str]:
        """Without asking Baton."""
        return [
            *self._rows_and_files(),
            *self._creators(),
            *self._pages(),
            *self._one_worker_at_a_time(),
            *self._quota(),
            *self._secrets(),
            *self._delivered_reports(),
        ]

    def _rows_and_files(self) -> Iterable[str]:
        """1 and 2: each row in one segment, each segment's file on the host it names."""
        segments = self._outside.rows("SELECT * FROM export_logs ORDER BY id")
        rows = self._outside.rows("SELECT id, uid, status, export_log_id FROM influencers")
        known = {segment["id"] for segment in segments}
        for row in rows:
            if (row["status"] == "exported") != (row["export_log_id"] is not None):
                yield f"creator {row['id']} is {row['status']} in {row['export_log_id']}"
            if row["export_log_id"] not in known:
                yield f"creator {row['id']} points to segment {row['export_log_id']}"
        expected: dict[str, set[Path]] = defaultdict(set)
        in_files: dict[str, int] = {}
        for segment in segments:
            host = next((one for one in self._hosts if one.name == segment["host"]), None)
            if host is None:
                yield f"segment {segment['id']} is on host {segment['host']}"
                continue
            at = self._outside.at(host.exports_dir)
            yield from at.file_problems(segment)
            if segment["file_path"] is None:
                continue  # told above: it is open
            path = at.path_of(segment)
            expected[host.name] |= {path, path.with_name(f"{path.name}.manifest.json")}
            for creator in at.ids_in(path) if path.is_file() else []:
                if creator in in_files:
                    other = in_files[creator]
                    yield f"creator {creator} is in segments {other} and {segment['id']}"
                in_files[creator] = segment["id"]
        yield from self._strays(expected)

    def _strays(self, expected: dict[str, set[Path]]) -> Iterable[str]:
        everywhere = {path.name for paths in expected.values() for path in paths}
        for host in self._hosts:
            there = {path for path in host.exports_dir.rglob("*") if path.is_file()}
            for stray in sorted(there - expected[host.name]):
                if self._parts_may_be_left and is_part(stray):
                    self.parts_left[host.name] = self.parts_left.get(host.name, 0) + 1
                elif stray.name in everywhere:
                    self.files_left += 1
                else:
                    yield f"stray file {stray.name} on {host.name}"

    @property
    def _parts_may_be_left(self) -> bool:
        """Whether a part file may lie where its next writer did not find it."""
        return len(self._hosts) > 1 or self._plan.folders_may_vanish

    def _creators(self) -> Iterable[str]:
        """5 and 6: what was served is stored once and exported; damaged entries may be missing."""
        stored = self._outside.rows("SELECT uid, status FROM influencers")
        uids = [row["uid"] for row in stored]
        if len(set(uids)) != len(uids):
            yield "creators are stored twice"
        if extra := set(uids) - self._served:
            yield f"{len(extra)} creators that nobody served"
        rejected = self._outside.value("SELECT SUM(rejected_count) FROM ingestion_logs") or 0
        missing = len(self._served - set(uids))
        if missing > int(rejected) + PAGE_SIZE * self._denied_pages:
            yield f"{missing} creators are missing, {rejected} entries were rejected"
        left = sum(row["status"] != "exported" for row in stored)
        if left:
            yield f"{left} creators are not exported"

    def _pages(self) -> Iterable[str]:
        """5: a finished crawl has each page of the platform exactly once."""
        logs = self._outside.rows(
            "SELECT COALESCE(t.parent_id, t.id) AS crawl, l.page_number, l.ingested_count,"
            " l.rejected_count FROM ingestion_logs l JOIN tasks t ON t.id=l.task_id"
        )
        pages: dict[int, list[Row]] = defaultdict(list)
        for log in logs:
            pages[log["crawl"]].append(log)
        for crawl in self._outside.rows(
            "SELECT id, status FROM tasks WHERE task_type='ingestion' AND parent_id IS NULL"
        ):
            numbers = sorted(log["page_number"] for log in pages[crawl["id"]])
            if crawl["status"] == "completed" and numbers != list(range(1, self._plan.pages + 1)):
                yield f"crawl {crawl['id']} has the pages {numbers}, not 1-{self._plan.pages}"
        for log in logs:
            last = log["page_number"] == self._plan.pages
            full = self._plan.creators - (self._plan.pages - 1) * PAGE_SIZE if last else PAGE_SIZE
            held = log["ingested_count"] + log["rejected_count"]
            if held != full and (held or not self._denied_pages):
                yield f"page {log['page_number']} of crawl {log['crawl']} holds {log}"

    def _one_worker_at_a_time(self) -> Iterable[str]:
        """4: pages of one account, and of one task, never overlap in time."""
        if self._plan.clocks_may_be_wrong:
            return  # moments of two processes cannot be compared
        logs = self._outside.rows(
            "SELECT id, task_id, account_id, start_time, end_time FROM ingestion_logs"
        )
        for whom in ("account_id", "task_id"):
            by: dict[int, list[tuple[datetime, datetime, int]]] = defaultdict(list)
            for log in logs:
                span = (moment(log["start_time"]), moment(log["end_time"]), log["id"])
                by[log[whom]].append(span)
            for key, spans in by.items():
                spans.sort()
                for one, two in pairwise(spans):
                    if one[0] == two[0]:
                        continue  # of one request, which showed that the page before is empty
                    shared = (one[1] - two[0]).total_seconds()
                    if shared > OVERLAP_SECS:
                        yield (f"{whom} {key}: pages {one[2]} and {two[2]} share {shared:.2f} s")

    def _quota(self) -> Iterable[str]:
        """3: never over the limit; the counter is the sum of its day."""
        segments = self._outside.rows("SELECT * FROM export_logs")
        used: dict[tuple[int, str], int] = defaultdict(int)
        limits: dict[tuple[int, str], int] = defaultdict(int)
        for segment in segments:
            key = (segment["account_id"], str(segment["quota_day"]))
            used[key] += segment["exported_count"]
            limits[key] = max(limits[key], segment["quota_limit"])
        for (owner, day), rows in used.items():
            if rows > limits[owner, day]:
                yield f"account {owner} exported {rows} on {day}, limit {limits[owner, day]}"
        wanted = {self._plan.limit, self._plan.raised_limit}
        if strange := set(limits.values()) - wanted:
            yield f"limits of {strange} rows, which nobody set"
        for account in self._outside.rows("SELECT * FROM accounts"):
            counted = account["today_export_count"]
            exported = used.get((account["id"], str(account["quota_day"])), 0)
            if counted != exported:
                yield f"account {account['username']} counts {counted}, exported {exported}"
            # A lease of a dead process runs out by itself; without an end it never would.
            busy = account["status"] in ("ingesting", "exporting")
            if busy and account["lease_until"] is None:
                yield f"account {account['username']} is {account['status']} for ever"

    def _delivered_reports(self) -> Iterable[str]:
        """9: each report is filed once, sent under its id with one body, and accepted or waits."""
        if self._receiver is None:
            return
        filed = {
            row["event_id"]: row["state"]
            for row in self._outside.rows("SELECT event_id, state FROM webhook_deliveries")
        }
        if sorted(filed) != sorted(self._reports):
            yield f"{len(filed)} reports are filed, {len(self._reports)} were"
        self.reports_delivered = sum(state == "delivered" for state in filed.values())
        for event, state in filed.items():
            if state == "delivered" and not self._receiver.accepted[event]:
                yield f"report {event} counts as delivered, but nobody accepted it"
            if len(self._receiver.bodies[event]) > 1:
                yield f"report {event} was sent with more than one body"
            if state == "dead":
                yield f"report {event} was given up"

    def _secrets(self) -> Iterable[str]:
        """7: no cookie and no password in a table, a log or an output."""
        total = self._plan.accounts
        secrets = [f"cookie{n}-of-{total}" for n in range(total)]
        for table in TEXT_TABLES:
            text = json.dumps(self._outside.rows(f"SELECT * FROM {table}"), default=str)
            yield from (f"{one} stands in table {table}" for one in secrets if one in text)
        secrets.append("p@ss word")
        for host in self._hosts:
            for file in host.folder.rglob("*"):
                if not file.is_file() or file.is_relative_to(host.exports_dir):
                    continue
                content = file.read_bytes()
                yield from (f"{one} stands in {file}" for one in secrets if one.encode() in content)

    def _own_proof(self) -> Iterable[str]:
        """`exports verify` agrees on every host, and `doctor --fix` removes what the dead left."""
        for host in self._hosts:
            verdict = host.start("exports", "verify", "--deep", "--json").wait(120)
            if verdict.code not in (0, 1):
                yield f"exports verify on {host.name} ended with {verdict.code}: {verdict.err}"
                continue
            yield from (f"exports verify on {host.name}: {one}" for one in verdict.json["problems"])
            if self.parts_left.get(host.name):
                host.start("doctor", "--fix").wait(120)
                left = [path.name for path in host.exports_dir.rglob("*") if is_part(path)]
                if left:
                    yield f"doctor --fix on {host.name} leaves {left}"


def is_part(path: Path) -> bool:
    """What a writer leaves that died; on its own host the next one removes it."""
    return path.name.startswith(".") and ".part" in path.name


def moment(value: Any) -> datetime:
    """A database's time; MariaDB's driver gives datetimes, SQLite text."""
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value).replace("Z", ""))
