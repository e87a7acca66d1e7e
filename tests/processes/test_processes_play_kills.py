"""kill -9 at random moments of a round of play counts, each followed by a restart.

BATON_PLAY_KILLS sets the number of deaths on each engine, BATON_SEED the seed (it is printed).
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import RateLimit, SandboxConfig
from tests.support.processes.launcher import Baton, Process, wait_until
from tests.support.processes.process_fixtures import look_at
from tests.support.works.shelf import Witness

KILLS = int(os.environ.get("BATON_PLAY_KILLS", "6"))
SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
BATCH = 10
BATCHES_A_LIFE = 2  # the next one is not answered, so that there is work left for every death
WORKS = BATCH * (BATCHES_A_LIFE + 1) * (KILLS + 1)
STARTING = 0.2  # share of deaths that may come before anything is asked for
QUICK = {
    "BATON_PLAY_COUNTS_BATCH_PAUSE_SECS": "0.05",
    "BATON_PLAY_COUNTS_REQUEST_PAUSE_SECS": "0",
    "BATON_LEASE_SECS": "1",
}


@pytest.fixture
def witness() -> Iterator[Witness]:
    config = SandboxConfig(creators=WORKS, domains=("美妆",), rate=RateLimit(100_000, 1))
    with Witness(config) as server:
        yield server


def known(baton: Baton) -> dict[str, Any]:
    """What is stored of each work that was asked for."""
    sql = "SELECT work_id, play_count, checked_at, failure_count, is_valid FROM works"
    rows = look_at(baton).rows(sql)
    assert len({row["work_id"] for row in rows}) == len(rows) == WORKS
    return {row["work_id"]: row for row in rows if row["checked_at"] is not None}


def killed_somewhere(
    run: Process, chance: random.Random, witness: Witness, before: int, reach_secs: float
) -> bool:
    """Kill it; whether it had asked for something."""
    if chance.random() < STARTING:
        time.sleep(reach_secs * chance.random())
    else:
        wait_until(lambda: len(witness.batches) > before or run.code is not None, "a batch")
        time.sleep(chance.uniform(0, 0.4))
    run.end()
    outcome = run.wait()
    assert outcome.code == -9, outcome
    return len(witness.batches) > before


@pytest.mark.slow
def test_rounds_killed_at_random_moments_ask_every_work_and_lose_no_answer(
    on_both: Baton, witness: Witness
) -> None:
    print(f"BATON_SEED={SEED} BATON_PLAY_KILLS={KILLS}")
    chance = random.Random(SEED)
    on_both.env |= QUICK | {"BATON_BILIBILI_BASE_URL": witness.url}
    on_both.add_accounts("acc1", "acc2", "acc3")
    videos = witness.videos("bilibili", WORKS, state="visible")
    file = on_both.work / "works.json"
    file.write_text(json.dumps([video["url"] for video in videos]), encoding="utf-8")
    begun = time.monotonic()
    assert on_both.run("works", "import", file).code == 0
    reach_secs = time.monotonic() - begun  # about what a command needs to begin
    progress = on_both.data_dir / "video_update_progress.json"
    stored: dict[str, Any] = {}
    at_work = 0
    for _ in range(KILLS):
        before = len(witness.batches)
        witness.answer_at_most(before + BATCHES_A_LIFE)
        run = on_both.start("update_play_counts", "--force")
        at_work += killed_somewhere(run, chance, witness, before, reach_secs)
        if progress.exists():
            assert json.loads(progress.read_text(encoding="utf-8"))["force"] is True
        now = known(on_both)
        assert {name: now.get(name) for name in stored} == stored, "an answer is lost or changed"
        stored = now
    witness.answer_at_most(math.inf)
    last = on_both.run("update_play_counts", "--force", "--json")
    assert last.code == 0 and last.json["left"] == 0, last
    assert not progress.exists()
    whole = known(on_both)
    assert {name: whole[name] for name in stored} == stored, "what was stored is not asked again"
    assert len(whole) == WORKS and not [one for one in whole.values() if one["failure_count"]]
    times = witness.times_in_batches
    twice = sum(count - 1 for count in times.values())
    print(f"{at_work} of {KILLS} died at work, {len(stored)} works known then, {twice} asked again")
    assert set(times) == {video["id"] for video in videos}
    assert twice <= BATCH * KILLS, "no more than the batch in hand"
    assert at_work >= KILLS // 3, "most died before they had begun: this proves less than it says"
