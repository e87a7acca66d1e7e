"""Several processes share one pool."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from core.clock import SystemClock
from tests.support.apps import add_account

WORKER = Path(__file__).parents[1] / "support/accounts/lease_worker.py"
ROOT = WORKER.parents[3]
PROCESSES, ACCOUNTS, HOLDS = 4, 20, 40


def start(database_url: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "PYTHONPATH": str(ROOT),
            "BATON_DATA_DIR": str(folder / "data"),
            "BATON_LOG_DIR": str(folder / "logs"),
        },
    )


def test_processes_never_overlap_and_share_fairly(make_app, database_url: str, tmp_path: Path):
    app = make_app(clock=SystemClock())
    for n in range(ACCOUNTS):
        add_account(app, f"acc{n:02}")
    workers = [start(database_url, tmp_path) for _ in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outputs = [worker.communicate(timeout=60)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES

    held: dict[int, list[tuple[int, int]]] = {}
    for line in "".join(outputs).splitlines():
        account, since, until = map(int, line.split())
        held.setdefault(account, []).append((since, until))
    for spans in held.values():
        for (_, end), (begin, _) in pairwise(sorted(spans)):
            assert end <= begin, "two processes held one account at a time"
    uses = Counter({account: len(spans) for account, spans in held.items()})
    assert uses.total() == PROCESSES * HOLDS
    assert len(uses) == ACCOUNTS
    # A process that stalls keeps its account from its turns; nobody gets more than a fair share.
    assert max(uses.values()) <= 1.5 * uses.total() / ACCOUNTS, uses
