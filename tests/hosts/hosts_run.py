"""A run: hours are played one after the other under faults, then everything is compared."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymysql

from tests.chaos.crew import Crew, Role, spoken_bugs
from tests.chaos.eye import Eye
from tests.chaos.receivers import Receiver
from tests.chaos.watch import Watch
from tests.hosts import hosts_scene
from tests.hosts.disturbances import Disturbances
from tests.hosts.hosts_counts import HostsCounts
from tests.hosts.hosts_plan import DOMAINS, ZONE, HourPlan, Luck, as_round
from tests.hosts.hosts_scene import HostsScene
from tests.hosts.installation import Installation
from tests.hosts.oracle import Oracle
from tests.support.processes.launcher import CommandServer
from tests.support.sandbox import control
from works.hour_data.hours import Hour

LEASE_SECS = 6
EARLY_SECS = 4.0  # everybody is up that long before the full hour
LATE_SECS, DOWN_SECS = 15.0, 120.0
TRIES = 3
TRY_SECS = 25.0
RESUME_EVERY_SECS = 2.0
STUCK_SECS = 150.0
ONE_HOUR = timedelta(hours=1)
KEPT_TABLES = (
    *("tasks", "accounts", "export_logs", "ingestion_logs", "account_events", "alerts"),
    *("view_hours", "job_runs", "operations", "source_states", "hosts", "workers"),
)


class HostsRun:
    """Plays hours in a folder; `problems` is what was violated."""

    def __init__(
        self,
        *,
        seed: int,
        begin: datetime,
        folder: Path,
        server: CommandServer,
        counts: HostsCounts,
    ) -> None:
        self._folder, self._counts = folder, counts
        self._hour = begin.astimezone(UTC)
        self._plan = as_round(seed, LEASE_SECS)
        self._here = Installation(folder, server, LEASE_SECS)
        self._filed: list[str] = []
        self._is_playing = False
        self._ahead_secs = 0.0
        self._resume_at = 0.0
        self.hours: dict[Hour, Luck] = {}
        self._receiver = Receiver()
        here = self._here
        self._outside = Eye(where=here.stage.where, exports_dir=folder)
        self._crew = Crew(
            roles=list(self._roles()), outside=self._outside, counts=counts, lease=LEASE_SECS
        )
        self.disturbances = Disturbances(LEASE_SECS)
        self._over = threading.Event()
        self.disturbances.watch_machine(self._over)
        self._scene = HostsScene(
            plan=self._plan,
            hosts=list(here.hosts),
            crew=self._crew,
            stage=here.stage,
            platform=here.platform,
            receiver=self._receiver,
            outside=self._outside,
            counts=counts,
            chance=random.Random(f"{seed}:hosts:platform"),
            here=here,
            disturbances=self.disturbances,
        )
        self._watch = Watch(self._outside, counts)

    def _roles(self) -> Iterator[Role]:
        for host in self._here.hosts:
            for more in ((), ("--no-web",)):
                run = ("run", "--crawl-workers", 1, "--export-workers", 1, *more)
                yield Role(host, run, lambda: self._is_playing)

    def begin(self) -> None:
        """Set everything up some minutes before the first hour."""
        self._set_time(self._hour - timedelta(minutes=5))
        self._here.set_up()

    def play(self, plan: HourPlan) -> None:
        """Play the next hour: its faults, and the tries until it is complete or hopeless."""
        luck = plan.luck
        begins, hour = self._hour, Hour.of(self._hour, ZONE)
        self._hour += ONE_HOUR
        # The hour that comes twice is one: whatever came first counts.
        self.hours.setdefault(hour, luck)
        self._counts.note("hours")
        self._counts.note("midnights", hour.number == 0)
        self._note(f"hour {hour} {luck}")
        if luck is Luck.SKIPPED:
            self._counts.note("hours_skipped")
            return
        self._set_time(begins - timedelta(seconds=EARLY_SECS))
        self._is_playing = True
        self._pass_time(EARLY_SECS - 1)
        self._file_work()
        if luck is not Luck.FINE:
            self._outage(LATE_SECS if luck is Luck.LATE else DOWN_SECS)
        for step in plan.steps:
            self._pass_time(step.pause_secs)
            self._play_step(step.fault, lambda step=step: hosts_scene.play(self._scene, step))
        self._bring_hour_in(hour, luck)
        self._stop()

    def _outage(self, secs: float) -> None:
        order = {"kind": "http_503", "for_secs": secs, "endpoint": "bilibili"}
        self._here.platform.order_faults(order)
        self._counts.note("outages")

    def _bring_hour_in(self, hour: Hour, luck: Luck) -> None:
        """Let the job have its tries; the clock goes to the next one while all stand still."""
        for number in range(TRIES):
            due = self._wait_for(hour)
            if due is None or number == TRIES - 1:
                return
            self._note(f"next try of {hour} at {due}")
            self._stop()
            self._set_time(due - timedelta(seconds=EARLY_SECS))
            self._is_playing = True
            if luck is Luck.DOWN:
                self._outage(DOWN_SECS)
            self._counts.note("hours_retried", number == 0)
            self._pass_time(EARLY_SECS + 2)

    def _wait_for(self, hour: Hour) -> datetime | None:
        """Wait until the hour is complete (None), or until its job waits for another try."""
        until = time.monotonic() + TRY_SECS
        while time.monotonic() < until:
            self._pass_time(0.3)
            if self._is_complete(hour):
                return None
            waits = self._outside.rows(
                "SELECT lease_until, lease_owner FROM job_runs"
                " WHERE job='hourly_views' AND state='running'"
            )
            for run in waits:
                due: datetime | None = run["lease_until"]
                if run["lease_owner"] is None and due is not None:
                    due = due.replace(tzinfo=UTC)
                    if due > self.now():  # else it is of the hour before, and begins just now
                        return due
        return None

    def _is_complete(self, hour: Hour) -> bool:
        sql = f"SELECT state FROM view_hours WHERE hour={hour.index}"
        return self._outside.value(sql) == "complete"

    # Time.

    def now(self) -> datetime:
        """The time that is played."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead_secs)

    def _set_time(self, moment: datetime) -> None:
        """Go on at another moment; never backwards."""
        moment = max(moment, self.now())
        self._ahead_secs = round((moment - datetime.now(UTC)).total_seconds())
        self._here.set_time_ahead(self._ahead_secs)

    def _pass_time(self, secs: float) -> None:
        until = time.monotonic() + secs
        while True:
            self._tend()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    def _tend(self) -> None:
        self._crew.keep_running({})
        now = time.time()
        for name in self._crew.frozen_hosts:
            self.disturbances.note(name, now - 0.2, now + 0.2)
        self._scene.undo_what_is_due()
        if time.monotonic() >= self._resume_at:
            self._resume_at = time.monotonic() + RESUME_EVERY_SECS
            for task in self._watch.failed_tasks():
                self._note(f"resume {task}")
                hosts_scene.resume(self._scene, task["id"])

    def _stop(self) -> None:
        """Lift all faults, and end everybody in order."""
        self._heal()
        self._is_playing = False
        self._crew.end()

    def _heal(self) -> None:
        self._scene.undo_everything()
        self._here.stage.heal()
        self._crew.thaw_all()
        control.tell(self._here.platform.url, "reset", {})

    # Work.

    def _file_work(self) -> None:
        """An operator files a crawl and its export on some host, each hour another domain."""
        domain = DOMAINS[len(self._filed) % len(DOMAINS)]
        if domain in self._filed:
            return
        self._filed.append(domain)
        for kind in ("crawl", "export"):
            self._scene.insist("POST", f"/tasks/{kind}", json={"domain": domain})

    def _play_step(self, name: str, act: object) -> None:
        before = Counter(self._counts)
        assert callable(act)
        act()
        self._note(f"{name} {dict(self._counts - before) or ''}")

    # The end.

    def finish(self) -> list[str]:
        """Let all work come to its end without faults, compare, and return what is wrong."""
        self._note("faults are over")
        self._heal()
        # One more hour, without faults: by it the one before is over, and judged.
        last = Hour.of(self._hour, ZONE)
        self.hours.setdefault(last, Luck.FINE)
        self._set_time(self._hour - timedelta(seconds=EARLY_SECS))
        self._is_playing = True
        self._pass_time(EARLY_SECS)
        self._put_right()
        until = time.monotonic() + STUCK_SECS
        while not self._is_complete(last) and time.monotonic() < until:
            self._bring_hour_in(last, Luck.FINE)
        found = self._await_end()
        if not found:
            found = self._await_files()
        oracle = Oracle(
            here=self._here,
            outside=self._outside,
            counts=self._counts,
            plan=self._plan,
            domains=self._filed,
            lucks=self.hours,
            disturbances=self.disturbances,
        )
        found += oracle.problems_while_running()
        self._stop()
        found += self._crew.problems + self._scene.problems + self._watch.problems()
        found += self._errand_problems()
        found += oracle.problems_at_rest()
        if found:
            self._keep_tables()
        return found

    def _put_right(self) -> None:
        """What the operator does when all is over: accounts, tasks, files that were lost."""
        for account in self._outside.rows("SELECT id FROM accounts WHERE status='disabled'"):
            self._scene.insist("POST", f"/accounts/{account['id']}/enable")
        paused = "SELECT id FROM tasks WHERE status='paused' AND not_before IS NULL AND is_leaf=1"
        for task in self._outside.rows(paused):
            hosts_scene.resume(self._scene, task["id"])

    def _await_end(self) -> list[str]:
        seen, since = None, time.monotonic()
        while self._is_work_left():
            self._pass_time(0.3)
            now = self._progress()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > STUCK_SECS:
                return [f"no progress for {STUCK_SECS:.0f} s: {now}"]
        return []

    def _await_files(self) -> list[str]:
        """Lose a data folder once more, rebuild the export files that were lost, and wait until the
        files of hours follow: under running processes, as nobody starts them anew."""
        crawled = "SELECT COUNT(*) FROM view_hours WHERE lease_owner IS NOT NULL"
        until = time.monotonic() + STUCK_SECS
        while self._outside.value(crawled) and time.monotonic() < until:
            self._pass_time(0.3)  # files of an hour follow at its end
        self._here.hosts[-1].lose_data()
        for host in self._here.hosts:
            if not host.has_lost_data:
                continue
            segments = self._outside.rows(
                f"SELECT * FROM export_logs WHERE host='{host.name}' AND state='sealed'"
            )
            lost = [one["id"] for one in segments if not host.has_file(one["file_path"])]
            if lost:
                outcome = host.start("exports", "rebuild", *lost).wait()
                if outcome.code:
                    return [f"exports rebuild on {host.name}: {outcome}"]
        newest = int(self._outside.value("SELECT MAX(version) FROM view_hours") or 0)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            self._pass_time(0.5)
            if all(host.has_files_up_to(newest) for host in self._here.hosts):
                return []
        behind = [one.name for one in self._here.hosts if not one.has_files_up_to(newest)]
        return [f"files of hours on {behind} do not follow to {newest} within 60 s"]

    def _is_work_left(self) -> bool:
        open_tasks = "SELECT COUNT(*) FROM tasks WHERE status<>'completed'"
        pending = "SELECT COUNT(*) FROM influencers WHERE status<>'exported'"
        running = "SELECT COUNT(*) FROM operations WHERE state='running'"
        if not self._outside.value(open_tasks) and self._outside.value(pending):
            # A creator that came after its export had ended: the operator asks again.
            for domain in self._filed:
                self._scene.insist("POST", "/tasks/export", json={"domain": domain})
        return any(self._outside.value(sql) for sql in (open_tasks, pending, running))

    def _progress(self) -> object:
        return self._outside.rows(
            "SELECT (SELECT COUNT(*) FROM ingestion_logs) AS pages,"
            " (SELECT COUNT(*) FROM influencers WHERE status='exported') AS exported,"
            " (SELECT COUNT(*) FROM tasks WHERE status='completed') AS completed"
        )

    def _errand_problems(self) -> list[str]:
        found = []
        for errand in self._scene.errands:
            errand.wait(120)
            found += spoken_bugs("an errand", errand)
        return found

    def _keep_tables(self) -> None:
        for name in KEPT_TABLES:
            with suppress(pymysql.Error):
                rows = [dict(row) for row in self._outside.rows(f"SELECT * FROM {name}")]
                text = "\n".join(json.dumps(row, default=str, ensure_ascii=False) for row in rows)
                (self._folder / f"{name}.jsonl").write_text(text, encoding="utf-8")

    def _note(self, text: str) -> None:
        with (self._folder / "driver.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}\n")

    def close(self) -> None:
        self._over.set()
        self._receiver.close()
        self._here.close(self._counts)
