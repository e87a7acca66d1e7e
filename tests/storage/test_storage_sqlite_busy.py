"""SQLite shared by processes: one writes, the others wait for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import DatabaseContentionError
from storage.engines import sqlite
from storage.engines.transactions import Database
from tests.storage.conftest import add, contents, with_boxes
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

HOLDER = Path(__file__).parents[1] / "support/storage/sqlite_holder.py"


@pytest.fixture
def boxes(tmp_path: Path, open_database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECS", 0.02)
    return with_boxes(open_database(f"sqlite:///{tmp_path / 'b.db'}"))


@pytest.fixture
def let_go(boxes: Database, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Another process holds the write lock; calling this ends it."""
    holder = subprocess.Popen(
        [sys.executable, str(HOLDER), str(tmp_path / "b.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"

    def end() -> None:
        holder.communicate()

    yield end
    if holder.poll() is None:
        end()


def test_a_unit_waits_for_another_process(boxes: Database, let_go, clock: MovingClock):
    clock.on_wait = lambda: let_go() if len(clock.waits) == 3 else None
    assert boxes.write(add, 1) == 1
    assert len(clock.waits) == 3
    assert contents(boxes) == [1, 0]


def test_a_process_that_never_lets_go_is_reported(boxes: Database, let_go, clock: MovingClock):
    with raises_saying(DatabaseContentionError, r"b\.db: database is locked"):
        boxes.write(add, 1)
    assert len(clock.waits) == 19
    let_go()
    assert boxes.write(add, 1) == 1  # our own writers are not stuck either


def test_reading_does_not_wait_for_a_writing_process(boxes: Database, let_go, clock: MovingClock):
    assert contents(boxes) == [0, 0]
    assert clock.waits == []


def test_every_commit_is_on_disk(boxes: Database):
    def read(tx):
        return [tx.one(f"PRAGMA {name}")[name] for name in ("journal_mode", "synchronous")]

    assert boxes.read(read) == ["wal", 2]
