"""A `run` that sends to a sandbox, seen from outside."""

from __future__ import annotations

from typing import Any

from storage.distribution import deliveries
from storage.distribution.deliveries import DeliveryState
from storage.engines.datetimes import to_sql
from tests.support.processes.launcher import Baton, Process, SandboxProcess
from tests.support.sandbox import control
from webhooks.outbox import Report

RUN = ("run", "--crawl-workers", 1, "--export-workers", 0)
QUICK = {
    "BATON_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
    "BATON_WEBHOOK_RETRY_SECS": ",".join(["0.05"] * 40),  # a coin that falls wrong 41 times: never
    "BATON_LEASE_SECS": "1",
    "BATON_POLL_SECS": "0.05",
}


class Stage:
    """Reports of tasks to one receiver of a sandbox."""

    def __init__(self, baton: Baton, sandbox: SandboxProcess, behaviour: str) -> None:
        self._baton = baton
        self._sandbox = sandbox
        self.url = f"{sandbox.url}/webhooks/{behaviour}"
        self._name = behaviour
        baton.env |= QUICK
        with baton.opened_app():
            pass

    def start(self) -> Process:
        return self._baton.start(*RUN)

    def file(self, count: int, tasks: int, secret: str | None = None) -> None:
        """File that many reports `NNNN` of so many tasks, in one transaction."""
        with self._baton.opened_app() as app:
            now = to_sql(app.clock.now())

            def work(tx: Any) -> None:
                for task in range(tasks):
                    tx.execute(
                        "INSERT INTO drama_tasks (task_id, project_id, callback_secret,"
                        " created_at, updated_at) VALUES (:task, 'p', :secret, :now, :now)",
                        task=f"task-{task}",
                        secret=app.vault.encrypt(secret),
                        now=now,
                    )
                for number in range(count):
                    task_id, body = f"task-{number % tasks}", f'{{"number": {number}}}'
                    app.webhooks.outbox.enqueue(
                        tx,
                        Report(
                            kind="completion",
                            event_id=f"{number:04}",
                            url=self.url,
                            task_id=task_id,
                            stats_date=None,
                            body=body,
                        ),
                    )

            app.database.write(work)

    def undelivered(self) -> int:
        with self._baton.opened_app() as app:
            counts = app.database.read(deliveries.counts)
        return sum(counts.values()) - counts.get(DeliveryState.DELIVERED, 0)

    def inbox(self) -> Any:
        """Return what the receiver got; `{}` before the first request."""
        return control.look(self._sandbox.url, "webhooks")["receivers"].get(self._name, {})
