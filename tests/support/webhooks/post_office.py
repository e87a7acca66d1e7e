"""Files reports and sends them, as a test wants."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

from app.container import App
from storage.distribution import deliveries
from storage.distribution.deliveries import Delivery, Filter
from storage.engines.datetimes import to_sql
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from webhooks.outbox import Report

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class PostOffice:
    """An App with a sandbox full of receivers."""

    def __init__(self, app: App, sandbox_url: str, clock: MovingClock) -> None:
        self.app = app
        self._clock = clock
        self.sandbox_url = sandbox_url
        self._numbers = itertools.count(1)

    def url(self, behaviour: str, name: str = "") -> str:
        return "/".join(filter(None, [self.sandbox_url, "webhooks", behaviour, name]))

    def file(self, url: str, task: str | None = None, **changes: Any) -> int:
        """File a report; return its id."""
        number = next(self._numbers)
        body = changes.pop("body", json.dumps({"stats": [{"task_id": task, "n": number}]}))
        values: dict[str, Any] = {
            "kind": "completion",
            "event_id": f"event-{number}",
            "url": url,
            "task_id": task,
            "stats_date": None,
            "body": body,
        }
        report = Report(**(values | changes))
        assert self.app.database.write(self.app.webhooks.outbox.enqueue, report)
        return self.deliveries()[0].id

    def add_task(self, task_id: str, secret: str | None = None, **columns: Any) -> None:
        """Insert a distribution task."""
        vault, now = self.app.vault, to_sql(self.app.clock.now())
        self.app.database.write(
            lambda tx: tx.execute(
                "INSERT INTO drama_tasks (task_id, project_id, callback_secret, created_at,"
                " updated_at) VALUES (:task_id, 'p', :secret, :now, :now)",
                task_id=task_id,
                secret=vault.encrypt(secret),
                now=now,
            )
        )

    def task(self, task_id: str) -> tuple[str | None, int, str | None]:
        """Return status, retries and last attempt, as its columns say."""
        row = self.app.database.read(
            lambda tx: tx.one("SELECT * FROM drama_tasks WHERE task_id=:id", id=task_id)
        )
        assert row is not None
        last = row["callback_last_attempt"]
        return row["callback_status"], row["callback_retry_count"], last and str(last)

    def send(self) -> int:
        """Send until nothing is due; return the number of attempts."""
        self._clock.move(self.app.settings.poll_secs)  # who found nothing does not look at once
        count = 0
        while self.app.webhooks.sender.send_once():
            count += 1
        return count

    def send_side_by_side(self, threads: int) -> None:
        """Let several threads send, as `run` does, until each found nothing."""
        workers = [threading.Thread(target=self.send) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def deliveries(self, **wanted: Any) -> list[Delivery]:
        """Return deliveries, newest first."""
        return self.app.database.read(lambda tx: deliveries.newest(tx, Filter(**wanted), 10_000))

    def get(self, delivery_id: int) -> Delivery:
        found = self.app.database.read(deliveries.get, delivery_id)
        assert found is not None
        return found

    def order(self, name: str, behaviour: str, **more: Any) -> None:
        """Tell a receiver how to behave."""
        body = {"name": name, "behaviour": behaviour, **more}
        control.tell(self.sandbox_url, "webhooks", body)

    def inbox(self, name: str) -> Any:
        """Return what a receiver got."""
        receivers = control.look(self.sandbox_url, "webhooks")["receivers"]
        return receivers.get(name, {"requests": 0, "order": [], "arrivals": []})
