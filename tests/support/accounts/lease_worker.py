"""A process that leases accounts in turn and prints who held what from when to when."""

from __future__ import annotations

import sys
import time

from accounts.account_lease import Purpose
from app.container import App
from core.settings import load_settings

HOLDS = 40

app = App(load_settings(), threads=1, patience_secs=10).open()
print("ready", flush=True)
sys.stdin.readline()
done = 0
while done < HOLDS:
    leased = app.pool.manager.lease(Purpose.EXPORTING, "bilibili")
    if leased is None:
        continue
    since = time.monotonic_ns()
    app.pool.manager.get_remaining_quota(leased.id)  # hold it over a round trip
    until = time.monotonic_ns()
    app.pool.manager.release(leased)
    print(leased.id, since, until)
    done += 1
app.close()
