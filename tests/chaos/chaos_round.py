"""One round: a fresh installation, faults by the plan, the work brought to its end, the proof."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pymysql

from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_plan import CLOCK_OFF_SECS, RoundPlan, Step, draw_platform_fault
from tests.chaos.crew import Crew, Role
from tests.chaos.eye import Eye, Platform
from tests.chaos.hosts import Host
from tests.chaos.invariants import Proof
from tests.chaos.quota_zones import zone_whose_midnight_is_in
from tests.chaos.stages import Stage
from tests.support.processes.launcher import CommandServer

DOMAIN = "美妆"
STUCK_SECS = 120.0
RESUME_EVERY_SECS = 2.0
OPEN = ("pending", "in_progress", "paused")
SLOW, QUICK = {"BATON_BILIBILI_PACE": "1/3"}, {"BATON_BILIBILI_PACE": "1/0.25"}


@dataclass
class Later:
    """Something to undo when its time has come."""

    due: float
    act: Callable[[], None]


class Round:
    """Plays a plan in a folder; `play` gives what was violated."""

    def __init__(
        self, plan: RoundPlan, stage: Stage, folder: Path, server: CommandServer, counts: Counts
    ) -> None:
        self._plan = plan
        self._stage = stage
        self._folder = folder
        self._server = server
        self._counts = counts
        self._later: list[Later] = []
        self._hosts: list[Host] = []
        self._chance = random.Random(f"{plan.seed}:{plan.number}:platform")
        self._steps_done = 0
        self._resume_at = 0.0
        self._midnight = 0.0

    def play(self) -> list[str]:
        """Everything that went wrong; the folder is kept then."""
        try:
            found = self._play()
        finally:
            self._close()
        if not found:
            shutil.rmtree(self._folder, ignore_errors=True)
        return found

    def _play(self) -> list[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        plan_text = json.dumps(self._plan.as_json(), ensure_ascii=False, indent=1)
        (self._folder / "plan.json").write_text(plan_text, encoding="utf-8")
        self._stage.prepare(self._folder)
        self._outside = Eye(where=self._stage.where, exports_dir=self._folder)
        self._set_up_hosts()
        self._set_up_platform()
        self._crew = Crew(
            roles=self._roles(),
            outside=self._outside,
            counts=self._counts,
            lease=self._plan.lease_secs,
        )
        self._begin()
        for step in self._plan.steps:
            self._pass_time(step.pause_secs)
            self._play_step(step)
            self._steps_done += 1
        found = self._finish()
        self._crew.end()
        self._count_what_happened()
        found += self._crew.problems
        if not found:
            found = self._proof()
        if found:
            self._keep_tables()
        return found

    # Before it begins.

    def _set_up_hosts(self) -> None:
        plan = self._plan
        env = {
            "BATON_LEASE_SECS": str(plan.lease_secs),
            "BATON_EXPORT_BATCH_ROWS": str(plan.batch_rows),
            "BATON_EXPORT_FILE_ROWS": str(plan.file_rows),
            "BATON_PAGES_PER_TASK": str(plan.pages_per_task),
            "BATON_THROTTLE_COOLDOWN_SECS": "0.3",
            "BATON_RISK_COOLDOWN_SECS": "0.5",
            "BATON_EXPORT_IDLE_SECS": "5",
            "BATON_REQUEST_TIMEOUT_SECS": "2",
        }
        if plan.day_turns_after_secs is not None:
            env |= zone_whose_midnight_is_in(plan.day_turns_after_secs, self._folder / "zones")
            self._midnight = time.monotonic() + plan.day_turns_after_secs
        for number in range(plan.hosts):
            off_secs = CLOCK_OFF_SECS if plan.clock_off and number else 0.0
            self._hosts.append(
                Host(
                    folder=self._folder / f"host-{number}",
                    server=self._server,
                    url=self._stage.url,
                    name=f"chaos-{number}",
                    clock_off_secs=off_secs,
                    **env,
                )
            )
        self._counts.note("clock_off", plan.clock_off)
        first = self._hosts[0]
        first.add_accounts(*(f"acc{n}" for n in range(plan.accounts)), limit=plan.limit)
        for host in self._hosts[1:]:
            shutil.copy(first.data_dir / "secret.key", host.data_dir)

    def _set_up_platform(self) -> None:
        first = self._hosts[0]
        options = {"creators": self._plan.creators, "domains": DOMAIN, "seed": self._plan.number}
        self._platform = Platform(first, **options)
        for host in self._hosts:
            host.use(self._platform)
        self._ordered = 0

    def _roles(self) -> list[Role]:
        first, last = self._hosts[0], self._hosts[-1]
        crawl = ("start_crawl", "--domain", DOMAIN, "--workers", 2)
        export = (
            "start_export",
            "--domain",
            DOMAIN,
            "--workers",
            2,
            "--wait",
            "--format",
            self._plan.format,
        )
        run = ("run", "--crawl-workers", 1, "--export-workers", 1)
        return [
            Role(first, run, lambda: True),
            Role(last, run, lambda: True),
            Role(last, crawl, self._crawl_is_wanted),
            Role(last, export, self._export_is_wanted),
        ]

    # While it goes on.

    def _begin(self) -> None:
        """Let the work come into swing, so that the first faults hit something."""
        begun = time.monotonic()
        while not self._outside.value("SELECT COUNT(*) FROM ingestion_logs"):
            self._tend()
            time.sleep(0.05)
            assert time.monotonic() - begun < STUCK_SECS, "the crawl does not begin"
        self._order(*self._plan.platform_faults)
        self._note("begin")

    def _pass_time(self, secs: float) -> None:
        until = time.monotonic() + secs
        while True:
            self._tend()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    def _tend(self) -> None:
        self._crew.keep_running(self._pace())
        for later in [one for one in self._later if one.due <= time.monotonic()]:
            self._later.remove(later)
            later.act()
        if time.monotonic() >= self._resume_at:
            self._resume_at = time.monotonic() + RESUME_EVERY_SECS
            self._resume_failed()

    def _pace(self) -> dict[str, str]:
        """Slow down when the work would be done before the faults are."""
        if self._steps_done >= len(self._plan.steps):
            return QUICK
        pages = self._outside.value("SELECT COUNT(*) FROM ingestion_logs") or 0
        ahead = pages / self._plan.pages > 0.8 * self._steps_done / len(self._plan.steps)
        return SLOW if ahead else QUICK

    def _play_step(self, step: Step) -> None:
        before = Counter(self._counts)
        if step.fault == "kill":
            self._crew.kill(step.pick, any_age=step.size < 0.15)
        elif step.fault == "freeze":
            self._crew.freeze(step.pick, step.size)
        elif step.fault == "fill_disk":
            self._fill_disk(step)
        elif step.fault == "read_only":
            self._make_read_only(step)
        elif step.fault == "trouble_platform":
            self._order(*(draw_platform_fault(self._chance) for _ in range(3)))
        else:
            self._stage.do(step.fault, step.pick, step.size, self._counts)
        done = dict(self._counts - before)
        self._note(f"{step.fault} {step.pick:.3f} {step.size:.3f} {done or ''}")

    def _fill_disk(self, step: Step) -> None:
        host = self._hosts[int(step.pick * len(self._hosts))]
        if not host.has_good_disk:
            return
        host.fill_disk()
        self._counts.note("disk_full")
        self._later.append(Later(time.monotonic() + 0.5 + 3 * step.size, host.make_room))

    def _make_read_only(self, step: Step) -> None:
        host = self._hosts[int(step.pick * len(self._hosts))]
        if not host.has_good_disk:
            return
        if not host.make_read_only(tries=30):
            # As after a crash of the machine: it comes back with a disk that cannot be written.
            self._crew.kill_writers(host)
            if not host.make_read_only():
                return
        self._counts.note("read_only")
        self._later.append(Later(time.monotonic() + 0.5 + 3 * step.size, host.make_writable))

    def _order(self, *orders: dict[str, object]) -> None:
        self._platform.order_faults(*orders)
        self._ordered += sum(int(str(order["times"])) for order in orders)

    # Whether there is something to do.

    def _crawl_is_wanted(self) -> bool:
        """Until the crawl is done; one that failed is resumed, not filed again."""
        crawls = self._roots("ingestion")
        return not crawls or any(status in OPEN for status in crawls)

    def _export_is_wanted(self) -> bool:
        exports = self._roots("export")
        if any(status in OPEN for status in exports):
            return True
        stored = self._outside.value("SELECT COUNT(*) FROM influencers WHERE status<>'exported'")
        return bool(self._roots("ingestion")) and ("failed" not in exports) and bool(stored)

    def _roots(self, task_type: str) -> list[str]:
        sql = f"SELECT status FROM tasks WHERE parent_id IS NULL AND task_type='{task_type}'"
        return [row["status"] for row in self._outside.rows(sql)]

    # The end.

    def _finish(self) -> list[str]:
        """Lift all faults and let everything come to its end."""
        self._note("faults are over")
        self._stage.heal()
        for later in self._later:
            later.act()
        self._later.clear()
        self._crew.thaw_all()
        seen, since = None, time.monotonic()
        while not self._is_done():
            self._tend()
            self._raise_limits()
            now = self._progress()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > STUCK_SECS:
                return [f"no progress for {STUCK_SECS:.0f} s: {now}"]
            time.sleep(0.1)
        self._note("done")
        return []

    def _is_done(self) -> bool:
        if not self._roots("ingestion") or not self._roots("export"):
            return False
        left = "SELECT COUNT(*) FROM tasks WHERE status<>'completed'"
        pending = "SELECT COUNT(*) FROM influencers WHERE status<>'exported'"
        return not self._outside.value(left) and not self._outside.value(pending)

    def _progress(self) -> object:
        return self._outside.rows(
            "SELECT (SELECT COUNT(*) FROM ingestion_logs) AS pages,"
            " (SELECT COUNT(*) FROM influencers WHERE status='exported') AS exported,"
            " (SELECT COUNT(*) FROM tasks WHERE status='completed') AS completed"
        )

    def _raise_limits(self) -> None:
        """What an operator may do when the second day's quota is used up as well."""
        far = "SELECT COUNT(*) FROM tasks WHERE waiting_for='quota' AND status='paused'"
        midnight_to_come = self._midnight and time.monotonic() < self._midnight + 2
        if midnight_to_come or not self._outside.value(far):
            return
        self._note("raise limits")
        for account in self._outside.rows("SELECT username FROM accounts"):
            name, limit = account["username"], self._plan.raised_limit
            self._hosts[0].start("accounts", "set-limit", name, limit).wait()
        for task in self._outside.rows("SELECT id FROM tasks WHERE status='paused' AND is_leaf=1"):
            self._hosts[0].start("tasks", "resume", task["id"]).wait()

    def _resume_failed(self) -> None:
        """What an operator does about tasks that failed, one after the other."""
        failed = "SELECT id, task_type FROM tasks WHERE status='failed' AND is_leaf=1"
        for task in self._outside.rows(failed):
            self._note(f"resume {task}")
            self._hosts[0].start("tasks", "resume", task["id"])

    # Afterwards.

    def _count_what_happened(self) -> None:
        left = self._platform.faults_left()
        self._counts.note("platform_faults", self._ordered - left)
        self._counts.note("rounds")
        self._counts.note("rows", self._outside.exported())
        if self._plan.day_turns_after_secs is not None:
            days = self._outside.value("SELECT COUNT(DISTINCT quota_day) FROM export_logs")
            self._counts.note("day_turns", int(days or 0) > 1)

    def _proof(self) -> list[str]:
        proof = Proof(
            outside=self._outside,
            hosts=self._hosts,
            served=self._platform.uids(DOMAIN),
            plan=self._plan,
        )
        found = proof.problems()
        self._counts.note("parts_left", sum(proof.parts_left.values()))
        self._counts.note("files_left", proof.files_left)
        return found

    def _keep_tables(self) -> None:
        """The tables beside the files, for whoever looks for the cause."""
        for name in ("tasks", "accounts", "export_logs", "ingestion_logs", "account_events"):
            with suppress(pymysql.Error):
                rows = [dict(row) for row in self._outside.rows(f"SELECT * FROM {name}")]
                text = "\n".join(json.dumps(row, default=str, ensure_ascii=False) for row in rows)
                (self._folder / f"{name}.jsonl").write_text(text, encoding="utf-8")

    def _note(self, text: str) -> None:
        with (self._folder / "driver.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}\n")

    def _close(self) -> None:
        for host in self._hosts:
            host.close()
            host.unmount()
        self._stage.tidy(self._counts)
