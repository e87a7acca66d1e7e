"""Which distribution tasks a delivery tells of."""

from __future__ import annotations

import json
from typing import Any

from storage.distribution.deliveries import Delivery

LISTS = ("stats", "completions")


def affected_tasks(delivery: Delivery) -> list[str]:
    """The ids of the tasks in a report's body, and of the one that signs it."""
    try:
        body: Any = json.loads(delivery.body)
    except ValueError:
        body = None
    told = {delivery.task_id} if delivery.task_id is not None else set()
    for name in LISTS if isinstance(body, dict) else ():
        entries = body.get(name)
        for entry in entries if isinstance(entries, list) else ():
            task_id = entry.get("task_id") if isinstance(entry, dict) else None
            if isinstance(task_id, str):
                told.add(task_id)
    return sorted(told)
