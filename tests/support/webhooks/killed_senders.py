"""A process whose senders are killed right before a statement of some number."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from app.container import App
from core.settings import load_settings
from storage.engines.transactions import Tx

number = int(sys.argv[1])
app = App(load_settings(), threads=4, patience_secs=10).open()
run, calls = Tx._run, iter(range(1, 10**6))


def run_or_die(tx: Tx, sql: str, params: Any) -> None:
    if next(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    run(tx, sql, params)


Tx._run = run_or_die  # type: ignore[method-assign]
for _ in range(4):
    threading.Thread(target=app.webhooks.sender.run, args=(threading.Event(),)).start()
