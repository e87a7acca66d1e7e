"""What blocks and chance refusals cost a pool, by a model; `make bench` plays larger pools."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.container import App
from core.settings import Pace
from tests.support.accounts.circuit_model import CircuitModel, ModelCase, ModelClock, ModelOutcome
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import ONE_ENGINE

CALM_SECS = 6.0
SMALL = ModelCase(processes=5, workers=4, accounts=20, pace=Pace(1, 2.5), secs=CALM_SECS + 4 * 3600)
BLOCK = replace(SMALL, blocked_from=CALM_SECS)


def play(make_app: AppFactory, case: ModelCase, **settings: Any) -> ModelOutcome:
    clock = ModelClock()
    app: App = make_app(clock=clock, **settings)
    return CircuitModel(app, clock, case).play()


@pytest.mark.parametrize("egresses", [1, 5, 20])
def test_of_a_block_two_requests_and_one_session_check_leave_and_no_account_rests(
    make_app: AppFactory, egresses: int
) -> None:
    found = play(make_app, replace(BLOCK, egresses=egresses))
    assert found.in_flight > 2, "otherwise the case is too easy"
    assert (found.departures_at_first, len(found.checks)) == (2, 1)
    assert found.resting == 0


@ONE_ENGINE
def test_while_a_block_lasts_one_probe_leaves_after_each_rest(make_app: AppFactory) -> None:
    found = play(make_app, BLOCK)
    minutes = [round(moment / 60) for moment in found.departures[2:]]
    assert minutes == [15, 45, 105, 225]


@ONE_ENGINE
def test_requests_under_way_are_no_second_opinion(make_app: AppFactory) -> None:
    """A pool with many requests under way would take chance for a block."""
    case = ModelCase(
        processes=20,
        workers=4,
        accounts=120,
        pace=Pace(20, 1),
        secs=30.0,
        refusal_chance=0.02,
    )
    found = play(make_app, case)
    assert found.refused > 20
    assert found.open_secs == 0
