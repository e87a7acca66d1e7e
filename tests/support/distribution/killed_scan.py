"""A process that scans a day and is killed in the middle of filing its report of some number."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import date
from typing import Any

from app.container import App
from core.settings import load_settings

day, number = date.fromisoformat(sys.argv[1]), int(sys.argv[2])
app = App(load_settings(), threads=1, patience_secs=10).open()
enqueue = app.webhooks.outbox.enqueue
calls = iter(range(1, 10**6))


def filed_and_killed(tx: Any, report: Any) -> bool:
    done = enqueue(tx, report)
    if next(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return done


app.webhooks.outbox.enqueue = filed_and_killed  # type: ignore[method-assign]
print(app.distribution.daily_scanner.scan(day, threading.Event()))
