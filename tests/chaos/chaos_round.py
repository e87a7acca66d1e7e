"""One round: a fresh installation, faults by the plan, the work brought to its end, the proof."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pymysql

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from tests.chaos import acts
from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_plan import CLOCK_OFF_SECS, RoundPlan, Step
from tests.chaos.crew import Crew, Role, spoken_bugs
from tests.chaos.eye import Eye, Platform
from tests.chaos.hosts import Host
from tests.chaos.invariants import Proof
from tests.chaos.quota_zones import zone_whose_midnight_is_in
from tests.chaos.receivers import Receiver
from tests.chaos.scene import Scene
from tests.chaos.stages import Stage
from tests.chaos.watch import Watch
from tests.support.processes.launcher import CommandServer
from webhooks.outbox import Report

DOMAIN = "美妆"
STUCK_SECS = 150.0
SLOW_SECS = 35.0  # the first rest after an outage of the platform, and a little more
RESUME_EVERY_SECS = 2.0
KEPT_TABLES = (
    *("tasks", "accounts", "export_logs", "ingestion_logs", "account_events", "alerts"),
    *("webhook_deliveries", "webhook_attempts", "workers"),
)
OPEN = ("pending", "in_progress", "paused")
REPORTS = 60
SECS_BETWEEN_REPORTS = 0.4
ERRAND_SECS = 120.0
SLOW, QUICK = {"BATON_BILIBILI_PACE": "1/3"}, {"BATON_BILIBILI_PACE": "1/0.25"}


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
        self._hosts: list[Host] = []
        self._receiver = Receiver()
        self._steps_done = 0
        self._resume_at = self._close_at = 0.0
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
        self._file_reports()
        self._crew = Crew(
            roles=self._roles(),
            outside=self._outside,
            counts=self._counts,
            lease=self._plan.lease_secs,
        )
        self._scene = self._set_scene()
        self._watch = Watch(self._outside, self._counts)
        self._begin()
        for step in self._plan.steps:
            self._pass_time(step.pause_secs)
            self._play_step(step)
            self._steps_done += 1
        found = self._finish()
        self._crew.end()
        self._count_what_happened()
        found += self._crew.problems + self._scene.problems + self._watch.problems()
        found += self._errand_problems()
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
            "BATON_ANSWER_TIMEOUT_SECS": "3",
            "BATON_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
            "BATON_WEBHOOK_RETRY_SECS": ",".join(["0.5"] * 40),
            "BATON_WEBHOOK_TIMEOUT_SECS": "2",
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

    def _file_reports(self) -> None:
        """File reports of which one is due now and then, each for a URL of its own."""
        with self._hosts[0].opened_app() as app:

            def work(tx: Tx) -> None:
                for number in range(REPORTS):
                    app.webhooks.outbox.enqueue(tx, self._report(number))
                    later = timedelta(seconds=number * SECS_BETWEEN_REPORTS)
                    tx.execute(
                        "UPDATE webhook_deliveries SET not_before=:due WHERE event_id=:event",
                        due=to_sql(app.clock.now() + later),
                        event=event_id(number),
                    )

            app.database.write(work)

    def _report(self, number: int) -> Report:
        return Report(
            kind="completion",
            event_id=event_id(number),
            url=f"http://127.0.0.1:{self._receiver.port}/{number}",
            body=json.dumps({"number": number}),
        )

    def _set_scene(self) -> Scene:
        return Scene(
            plan=self._plan,
            hosts=self._hosts,
            crew=self._crew,
            stage=self._stage,
            platform=self._platform,
            receiver=self._receiver,
            outside=self._outside,
            counts=self._counts,
            chance=random.Random(f"{self._plan.seed}:{self._plan.number}:platform"),
        )

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
        self._scene.order_faults(*self._plan.platform_faults)
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
        self._scene.undo_what_is_due()
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
        acts.play(self._scene, step)
        done = dict(self._counts - before)
        self._note(f"{step.fault} {step.pick:.3f} {step.size:.3f} {done or ''}")

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
        self._scene.undo_everything()
        self._receiver.forget_orders()
        self._crew.thaw_all()
        if self._plan.clocks_may_be_wrong:
            self._mend_moments()
        seen, since = None, time.monotonic()
        while not self._is_done():
            self._tend()
            self._raise_limits()
            now = self._progress()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > STUCK_SECS:
                return [f"no progress for {STUCK_SECS:.0f} s: {now}"]
            elif time.monotonic() - since > SLOW_SECS:
                self._close_circuits()
            time.sleep(0.1)
        self._note("done")
        return []

    def _mend_moments(self) -> None:
        """Do what docs/operations.md says: again, once all processes have learnt the true time."""
        self._hosts[0].start("doctor", "--fix").wait(120)
        time.sleep(self._plan.lease_secs)
        self._scene.errands.append(self._hosts[0].start("doctor", "--fix"))

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

    def _close_circuits(self) -> None:
        """What an operator does who knows that the platform answers again, once a while."""
        if time.monotonic() < self._close_at:
            return
        self._close_at = time.monotonic() + SLOW_SECS
        if self._outside.value("SELECT COUNT(*) FROM source_states WHERE state='open'"):
            self._note("close circuits")
            self._scene.errands.append(self._hosts[0].start("circuits", "close", "bilibili"))

    def _resume_failed(self) -> None:
        """What an operator does about tasks that failed, one after the other."""
        for task in self._watch.failed_tasks():
            self._note(f"resume {task}")
            self._hosts[0].start("tasks", "resume", task["id"])

    # Afterwards.

    def _count_what_happened(self) -> None:
        left = self._platform.faults_left()
        self._counts.note("platform_faults", self._scene.ordered - left)
        played = self._platform.stats()["faults"]
        self._counts.note("trickles", played.get("trickle", 0))
        self._counts.note("bombs", played.get("bomb", 0) + played.get("huge", 0))
        self._counts.note("odd_answers", self._receiver.odd_answers)
        self._counts.note("rounds")
        self._counts.note("rows", self._outside.exported())
        if self._plan.day_turns_after_secs is not None:
            days = self._outside.value("SELECT COUNT(DISTINCT quota_day) FROM export_logs")
            self._counts.note("day_turns", int(days or 0) > 1)

    def _errand_problems(self) -> list[str]:
        """What commands beside the crew said that they should not."""
        found = []
        for errand in self._scene.errands:
            errand.wait(ERRAND_SECS)
            found += spoken_bugs("an errand", errand)
        return found

    def _proof(self) -> list[str]:
        proof = Proof(
            receiver=self._receiver,
            # What two accounts are told in a row is believed: that a page has nothing.
            denied_pages=self._platform.stats()["faults"].get("null_result", 0) // 2,
            reports=[event_id(number) for number in range(REPORTS)],
            outside=self._outside,
            hosts=self._hosts,
            served=self._platform.uids(DOMAIN),
            plan=self._plan,
        )
        found = proof.problems()
        self._counts.note("parts_left", sum(proof.parts_left.values()))
        self._counts.note("files_left", proof.files_left)
        self._counts.note("reports", proof.reports_delivered)
        return found

    def _keep_tables(self) -> None:
        """The tables beside the files, for whoever looks for the cause."""
        for name in KEPT_TABLES:
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
        self._receiver.close()
        self._stage.tidy(self._counts)


def event_id(number: int) -> str:
    return f"chaos-{number:03}"
