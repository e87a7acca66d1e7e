"""Parts of the driver by themselves: clocks, packets, receivers, and what counts as a failure."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
import requests

from tests.chaos.acts import ACTS
from tests.chaos.chaos_counts import FAULTS, ROWS, Counts
from tests.chaos.chaos_plan import DECKS, ON_A_SERVER
from tests.chaos.chaos_proxy import _at_another_time
from tests.chaos.receivers import Receiver, odd_answer
from tests.chaos.shifted_clock import OffsetFile
from tests.chaos.watch import Watch
from tests.support.processes.outside import Row


class Told:
    """An installation of which only these rows are known."""

    def __init__(self, **tables: list[Row]) -> None:
        self._tables = tables

    def rows(self, sql: str) -> list[Row]:
        return next((rows for name, rows in self._tables.items() if f"FROM {name}" in sql), [])


def failed(task_type: str, code: str) -> Told:
    cause = {"code": code, "params": {"cause": {"code": "answer_not_understood", "params": {}}}}
    return Told(tasks=[{"id": 7, "task_type": task_type, "last_error": json.dumps(cause)}])


@pytest.mark.parametrize(
    ("task_type", "code", "problems"),
    [
        ("ingestion", "page_failed", 0),
        ("ingestion", "given_up_after", 1),
        ("ingestion", "database_refused", 1),
        ("export", "page_failed", 1),
    ],
)
def test_only_answers_that_nobody_understands_may_fail_a_task(
    task_type: str, code: str, problems: int
) -> None:
    counts = Counts()
    watch = Watch(failed(task_type, code), counts)  # type: ignore[arg-type]
    watch.failed_tasks()
    watch.failed_tasks()
    assert len(watch.problems()) == problems
    assert (counts["passing_failures"], counts["tasks_failed"]) == (problems, 1 - problems)


def test_disabled_accounts_and_unexpected_errors_are_seen() -> None:
    counts = Counts()
    told = Told(
        accounts=[{"username": "acc1", "status": "disabled"}],
        alerts=[{"subject": "webhooks", "facts": "OverflowError"}],
    )
    found = "\n".join(Watch(told, counts).problems())  # type: ignore[arg-type]
    assert "account acc1 is disabled" in found and "OverflowError" in found
    assert counts["disabled"] == 1


def test_a_question_for_the_time_is_asked_for_a_later_one() -> None:
    def packet(sql: bytes) -> bytes:
        return (len(sql) + 1).to_bytes(3, "little") + b"\0\x03" + sql

    changed = _at_another_time(packet(b"SELECT UTC_TIMESTAMP(6) AS moment"), 90.0)
    assert changed == packet(b"SELECT (UTC_TIMESTAMP(6)+INTERVAL 90 SECOND) AS moment")
    other = packet(b"SELECT 1")
    assert _at_another_time(other, 90.0) == other
    assert _at_another_time(other[:-1], 90.0) == other[:-1]


def test_clocks_of_a_process_are_set_from_outside(tmp_path: Path) -> None:
    process, driver = OffsetFile(tmp_path / "7"), OffsetFile(tmp_path / "7", create=False)
    driver.set_ahead(600)
    driver.stand(4, wall_too=True)
    driver.stand(5, wall_too=False)
    assert (process.ahead_secs, process.stood_secs) == (596, 9)


def test_a_receiver_knows_what_it_accepted() -> None:
    receiver = Receiver()
    url = f"http://127.0.0.1:{receiver.port}/1"
    receiver.order(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: NaN\r\n\r\nno", None)
    try:
        statuses = []
        for event in ("a", "a", "b"):
            answer = requests.post(url, data="{}", headers={"webhook-id": event}, timeout=30)
            statuses.append(answer.status_code)
    finally:
        receiver.close()
    assert statuses == [429, 200, 200]
    assert (receiver.accepted, receiver.odd_answers) == ({"a": 1, "b": 1}, 2)


def test_odd_answers_are_bytes_that_can_be_sent() -> None:
    chance = random.Random(1)
    begun = time.monotonic()
    answers = [odd_answer(chance) for _ in range(500)]
    assert None in answers and time.monotonic() - begun < 5
    assert any(answer and b"9999 23:59:59 -0100" in answer for answer in answers)


def test_each_fault_has_an_act_and_a_place_in_the_report() -> None:
    for deck in DECKS.values():
        assert set(deck) - set(ON_A_SERVER) - {"hold_lock"} == set(ACTS)
    assert set(FAULTS) <= set(ROWS)
