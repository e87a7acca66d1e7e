"""What three hosts promise together, looked at from outside."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

import requests

from tests.chaos.chaos_plan import RoundPlan
from tests.chaos.eye import Eye
from tests.chaos.invariants import Proof
from tests.hosts.disturbances import Disturbances
from tests.hosts.hosts_counts import HostsCounts
from tests.hosts.hosts_plan import ZONE, Luck
from tests.hosts.installation import FarHost, Installation
from tests.support.processes.outside import Row
from web.peers.seals import HEADER as SEAL
from works.hour_data.hours import Hour

ENOUGH = 0.95
EQUAL_WITHIN_SECS = 40.0
FETCH_SECS = 30.0
GRACE = timedelta(seconds=0.3)
COLUMNS = {
    "view": "views",
    "danmaku": "danmaku",
    "comment": "comments",
    "like": "likes",
    "coin": "coins",
    "favorite": "favorites",
    "share": "shares",
}
LOST = re.compile(r"^(\S+) \w+ \S+ Lease\((\w+) (\d+), (token \d+)\) lost$", re.MULTILINE)
TABLES = {
    "task": "tasks",
    "account": "accounts",
    "job": "job_runs",
    "operation": "operations",
    "hour": "view_hours",
    "webhook": "webhook_deliveries",
    "broadcast": "broadcaster",
}
# What a page says of the moment at which it was asked.
OF_THE_MOMENT = frozenset({"well_since", "id"})
Counters = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """Compares the hosts with each other, with the platform's own book, and with what was drawn.

    Args:
        lucks: the hours that were played, and how the platform was then.
        domains: those that were crawled and exported.
    """

    here: Installation
    outside: Eye
    counts: HostsCounts
    plan: RoundPlan
    domains: list[str]
    lucks: dict[Hour, Luck]
    disturbances: Disturbances

    def problems_while_running(self) -> list[str]:
        """What only answering consoles can show; all hosts are up, and nothing is to do."""
        return [
            *self._hours(),
            *self._different_answers(),
            *self._downloads(),
            *self._answers_to_strangers(),
        ]

    def problems_at_rest(self) -> list[str]:
        """What lies in folders and tables once all processes have ended."""
        return [
            *self._different_files(),
            *self._different_tables(),
            *self._untrue_numbers(),
            *self._lost_leases(),
            *self._untold_work(),
            *self._invariants(),
        ]

    # (a) Each hour is complete, or an alert says why not.

    def _hours(self) -> Iterator[str]:
        rows = {row["hour"]: row for row in self.outside.rows("SELECT * FROM view_hours")}
        alerts = {
            row["subject"]: json.loads(row["facts"])
            for row in self.outside.rows("SELECT * FROM alerts WHERE kind='hour_missed'")
        }
        for hour, luck in self.lucks.items():
            row, told = rows.get(hour.index), alerts.get(f"hour:{hour}")
            if row is not None and row["state"] == "complete":
                self.counts.note("hours_complete")
                yield from self._wrong_sums(hour, row)
            elif row is not None and row["success"] >= ENOUGH * row["listed"]:
                yield from self._wrong_sums(hour, row)
            elif told is None:
                yield f"hour {hour} ({luck}) is not complete, and no alert says so: {row}"
            else:
                self.counts.note("hours_told")
                yield from self._wrong_reason(hour, luck, row, told)

    def _wrong_sums(self, hour: Hour, row: Row) -> Iterator[str]:
        stored = self.outside.value(f"SELECT COUNT(*) FROM view_points WHERE hour={hour.index}")
        if stored != row["success"] or row["success"] + row["failed"] != row["listed"]:
            yield f"hour {hour} has {stored} numbers, and says {row}"

    def _wrong_reason(
        self, hour: Hour, luck: Luck, row: Row | None, told: dict[str, Any]
    ) -> Iterator[str]:
        codes = set(codes_of(told["reason"]))
        if row is None and codes != {"nothing_ran"}:
            yield f"hour {hour} ({luck}): nothing ran, and the alert says {told}"
        if row is not None and (told["success"], told["listed"]) != (row["success"], row["listed"]):
            yield f"hour {hour} ({luck}): the alert says {told}, the table {row}"
        if row is not None and not codes & self._causes(hour):
            yield f"hour {hour} ({luck}): the alert gives {codes}, not {self._causes(hour)}"

    def _causes(self, hour: Hour) -> set[str]:
        """The codes of what was noted for works without numbers; when nothing was, why."""
        errors = self.outside.rows(f"SELECT error FROM view_errors WHERE hour={hour.index}")
        noted = {code for row in errors for code in codes_of(row["error"])}
        return noted or {"hour_unfinished"}

    # (c) Every question has one answer, whichever host is asked.

    def _different_answers(self) -> Iterator[str]:
        work = self.here.works[0]
        questions = (
            ("views", "top", "--json"),
            ("views", "trend", work, "--json"),
            ("views", "gaps", "--json"),
            ("alerts", "list", "--all", "--json"),
            ("exports", "list", "--json"),
        )
        for question in questions:
            yield from self._different(
                " ".join(question), lambda host, words=question: self._printed(host, words)
            )
        yield from self._different(
            "GET /operations", lambda host: self.here.ask(host, "GET", "/operations").json()
        )

    def _different(self, what: str, ask: Any) -> Iterator[str]:
        """Ask all at once, until they agree: something may happen between two answers."""
        until = time.monotonic() + EQUAL_WITHIN_SECS
        while True:
            with ThreadPoolExecutor(len(self.here.hosts)) as pool:
                found = list(pool.map(ask, self.here.hosts))
            if all(one == found[0] for one in found):
                return
            if time.monotonic() > until:
                yield f"{what} is not the same on all hosts: {str(found)[:2000]}"
                return

    def _printed(self, host: FarHost, words: tuple[str, ...]) -> object:
        outcome = host.start(*words).wait()
        if outcome.code not in (0, 3):
            return outcome
        return without(outcome.json, OF_THE_MOMENT if words[0] == "alerts" else frozenset())

    # (d) Every sealed file comes through every console.

    def _downloads(self) -> list[str]:
        segments = self.outside.rows("SELECT * FROM export_logs WHERE state='sealed'")
        self.counts.note("segments", len(segments))
        pairs = [(segment, host) for segment in segments for host in self.here.hosts]
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(self._download, pairs))
        self.counts.note("downloads", sum(one is None for one in found))
        return [one for one in found if one is not None]

    def _download(self, pair: tuple[Row, FarHost]) -> str | None:
        segment, host = pair
        what = f"segment {segment['id']} of {segment['host']} through {host.name}"
        try:
            answer = self.here.ask(host, "GET", f"/exports/{segment['id']}/file", secs=FETCH_SECS)
        except requests.RequestException as error:
            return f"{what}: {error!r}"
        digest = hashlib.sha256(answer.content).hexdigest()
        if answer.status_code != 200 or digest != segment["sha256"]:
            return f"{what}: {answer.status_code}, {len(answer.content)} bytes, {digest}"
        return None

    def _answers_to_strangers(self) -> Iterator[str]:
        """What is for other hosts only is refused without their seal."""
        for segment in self.outside.rows("SELECT id FROM export_logs WHERE state='sealed' LIMIT 1"):
            for host in self.here.hosts:
                url = f"{host.console}/internal/v1/exports/{segment['id']}/file"
                answer = requests.get(url, headers={SEAL: "made up"}, timeout=FETCH_SECS)
                if answer.status_code != 401:
                    yield f"{host.name} answers a request without a seal by {answer.status_code}"

    # (b) Files and tables of all hosts are equal, and equal to what the platform answered.

    def _different_files(self) -> Iterator[str]:
        found = [host.hour_files() for host in self.here.hosts]
        names = {name for files in found for name in files}
        self.counts.note("files", len(names))
        for name in sorted(names):
            contents = [files.get(name) for files in found]
            if any(content != contents[0] for content in contents):
                sizes = [None if one is None else len(one) for one in contents]
                yield f"{name} is not the same on all hosts: {sizes} bytes"
        published = self.outside.value("SELECT COUNT(*) FROM view_hours WHERE version IS NOT NULL")
        if len(names) != published:
            yield f"{len(names)} files of hours, {published} hours"
        for name, content in found[0].items():
            yield from self._not_in_table(name, content)

    def _not_in_table(self, name: str, content: bytes) -> Iterator[str]:
        hour = Hour.parse(name[:10], name[11:13])
        told = {
            one["work_id"]: tuple(one[f"{counter}_count"] for counter in COLUMNS)
            for one in json.loads(content)["data"]
        }
        stored = {work: numbers for (at, work), numbers in self._stored.items() if at == hour}
        if told != stored:
            yield f"{name} has {len(told)} works, the table {len(stored)}, or other numbers"

    def _different_tables(self) -> Iterator[str]:
        tables = [host.statistics() for host in self.here.hosts]
        for host, one in zip(self.here.hosts, tables, strict=True):
            if one != tables[0]:
                sizes = [{name: len(rows) for name, rows in each.items()} for each in tables]
                yield f"view_data.sqlite3 of {host.name} differs: {sizes}"
        rows = {
            (Hour.parse(str(row["crawl_date"]), str(row["crawl_hour"])), str(row["work_id"])): (
                *(row[f"{counter}_count"] for counter in COLUMNS),
            )
            for row in tables[0]["work_metrics"]
        }
        if rows != self._stored:
            stored = len(self._stored)
            yield f"view_data.sqlite3 has {len(rows)} numbers, the main database {stored}"

    @cached_property
    def _stored(self) -> dict[tuple[Hour, str], Counters]:
        rows = self.outside.rows(
            "SELECT w.work_id AS name, p.* FROM view_points p JOIN view_works w ON w.id=p.work"
        )
        return {
            (Hour.from_index(row["hour"]), row["name"]): tuple(
                row[column] for column in COLUMNS.values()
            )
            for row in rows
        }

    def _untrue_numbers(self) -> Iterator[str]:
        answered: dict[tuple[Hour, str], set[Counters]] = defaultdict(set)
        for line in self.here.answers.read_text(encoding="utf-8").splitlines():
            secs, work, counters = json.loads(line)
            moment = datetime.fromtimestamp(secs, UTC)
            numbers = tuple(counters.get(name) for name in COLUMNS)
            # The hour of a crawl is that of its start: one that is behind goes on in the next.
            answered_in = Hour.of(moment, ZONE)
            for hour in (answered_in, answered_in.earlier(1)):
                answered[hour, work].add(numbers)
        for (hour, work), numbers in self._stored.items():
            if numbers not in answered[hour, work]:
                yield f"{work} has numbers at {hour} that nobody answered: {numbers}"
            else:
                self.counts.note("points")

    # (h) No lease was lost without a cause that the driver knows.

    def _lost_leases(self) -> Iterator[str]:
        for host in self.here.hosts:
            for path in sorted(host.log_dir.glob("*.log")):
                text = path.read_text(encoding="utf-8")
                for moment, kind, row_id, lease in LOST.findall(text):
                    self.counts.note("leases_lost")
                    secs = datetime.fromisoformat(moment).timestamp()
                    if not self._is_explained(host, secs, TABLES[kind], int(row_id)):
                        yield f"{host.name} lost {kind} {row_id}, {lease} at {moment} uncaused"

    def _is_explained(self, host: FarHost, moment: float, table: str, row_id: int) -> bool:
        if self.disturbances.explain(host.name, moment):
            return True
        held = [row for row in self.here.stage.held_rows if row.table == table]
        return any(
            row.row_id == row_id and self.disturbances.explain_lock(row, moment) for row in held
        )

    def _untold_work(self) -> Iterator[str]:
        """Operations and jobs have ended, and no two of the same overlapped."""
        for row in self.outside.rows("SELECT * FROM operations WHERE state='running'"):
            yield f"operation {row['id']} runs for ever: {row}"
        for table, what in (("job_runs", "job"), ("operations", "CONCAT(kind, ' ', subject)")):
            spans = self.outside.rows(
                f"SELECT {what} AS what, started_at, finished_at FROM {table}"
                " WHERE started_at IS NOT NULL AND finished_at IS NOT NULL"
                " ORDER BY what, started_at"
            )
            for one, two in pairwise(spans):
                if one["what"] == two["what"] and two["started_at"] < one["finished_at"] - GRACE:
                    yield f"two of {table} overlap: {one}, {two}"

    # (f) What the chaos driver proves of a round.

    def _invariants(self) -> list[str]:
        served = {uid for domain in self.domains for uid in self.here.platform.uids(domain)}
        proof = Proof(
            outside=self.outside, hosts=list(self.here.hosts), served=served, plan=self.plan
        )
        found = proof.problems()
        self.counts.note("rows", self.outside.exported())
        self.counts.note("parts_left", sum(proof.parts_left.values()))
        self.counts.note("files_left", proof.files_left)
        return found


def codes_of(stored: Any) -> Iterable[str]:
    """The codes of a stored message and of the messages in it."""
    waiting = [json.loads(stored) if isinstance(stored, str) and stored[:1] == "{" else stored]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "code" in one:
                yield str(one["code"])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def without(value: Any, keys: frozenset[str]) -> Any:
    """Return JSON without these keys, wherever they are."""
    if isinstance(value, dict):
        return {name: without(one, keys) for name, one in value.items() if name not in keys}
    return [without(one, keys) for one in value] if isinstance(value, list) else value
