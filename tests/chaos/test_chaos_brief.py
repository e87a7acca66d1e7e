"""The chaos driver in brief: one round of random faults on each engine, bounded by their number.

BATON_SEED plays one again; it stands in the message of a failure. `make chaos` is the long run.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_plan import draw_brief_plan
from tests.chaos.chaos_round import Round
from tests.chaos.stages import Stage
from tests.support.processes.launcher import CommandServer

SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
SURE = ("deaths", "rows")  # what chance cannot miss; the named tests prove each fault by itself


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "mariadb", "galera"])
def test_random_faults_break_no_promise(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, command_server: CommandServer
) -> None:
    stage: Stage = request.getfixturevalue(f"{engine}_stage")
    counts = Counts()
    plan = draw_brief_plan(engine, SEED)
    found = Round(
        plan=plan, stage=stage, folder=tmp_path / "round", server=command_server, counts=counts
    ).play()
    assert found == [], f"BATON_SEED={SEED}, kept in {tmp_path}"
    missing = [name for name in SURE if not counts[name]]
    assert missing == [], f"BATON_SEED={SEED}: this proves less than it says: {counts}"
