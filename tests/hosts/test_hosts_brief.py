"""Three hosts in brief: two hours and some thirty faults. `make hosts` is the long run.

BATON_SEED plays one again; it stands in the message of a failure.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos.namespaces import can_make_namespaces
from tests.hosts.hosts_counts import HostsCounts
from tests.hosts.main import run
from tests.support.mariadb import MariaDBServer

SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
# What chance cannot miss.
SURE = ("deaths", "hours_complete", "points", "files", "downloads", "rows")


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.hosts
@pytest.mark.timeout(400)
def test_three_hosts_say_the_same_whatever_breaks(mariadb: MariaDBServer, tmp_path: Path) -> None:
    """Asking for `mariadb` skips where none is installed."""
    if not can_make_namespaces():
        reason = "network namespaces cannot be made: root and iproute2 are needed"
        # In CI, only root can be told to do better.
        is_told = os.environ.get("CI") and os.geteuid() == 0
        pytest.fail(reason) if is_told else pytest.skip(reason)
    counts = HostsCounts()
    found = run(minutes=1, seed=SEED, faults=30, folder=tmp_path / "run", counts=counts)
    assert found == [], f"BATON_SEED={SEED}, kept in {tmp_path}"
    missing = [name for name in SURE if not counts[name]]
    assert missing == [], f"BATON_SEED={SEED}: this proves less than it says: {counts}"
