"""The journal: what is in it survives, what was torn is dropped, and it has one holder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import OutputError
from tests.support.messages import raises_saying
from tests.support.works.hour_data import failed, numbers
from works.hourly.crawl_journal import HourJournal
from works.hourly.hours import Hour
from works.hourly.report import HourRecord

HOUR = Hour.parse("2026-11-22", "12")
HEAD = {"session_id": "crawl_20261122120000", "crawl_time": "12:00:00", "crawl_hour": "12"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "2026" / "11" / "22" / ".hour.journal"


def taken(path: Path) -> HourJournal:
    journal = HourJournal.take(path)
    assert journal is not None
    return journal


def filled(path: Path, *ids: str) -> None:
    journal = taken(path)
    journal.begin(HEAD)
    for work_id in ids:
        journal.append([numbers(work_id, HOUR, 5)], [failed(f"not {work_id}")])
    journal.close()


def known(path: Path) -> tuple[Any, list[str], list[str]]:
    """Head, successes and failures of what a restart finds."""
    journal = taken(path)
    record = HourRecord(journal.head or {})
    journal.replay(record)
    report = record.report()
    journal.close()
    lists = [[one["work_id"] for one in report[name]] for name in ("data", "errors")]
    return journal.head, lists[0], lists[1]


def test_a_restart_finds_what_was_written(path: Path) -> None:
    filled(path, "a", "b")
    assert known(path) == (HEAD, ["a", "b"], ["not a", "not b"])


def test_a_torn_line_is_dropped_and_the_next_one_is_whole(path: Path) -> None:
    filled(path, "a", "b")
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines()[-1]) + 1):
        path.write_bytes(whole[:-cut])
        journal = taken(path)
        journal.append([numbers("c", HOUR, 5)], [])
        journal.close()
        assert known(path)[1] == ["a", "c"], cut


def test_a_damaged_line_costs_only_itself(path: Path) -> None:
    filled(path, "a", "b", "c")
    lines = path.read_bytes().splitlines(keepends=True)
    deep = b"[" * 100_000 + b"\n"
    for damaged in (b"\x00" * 20 + b"\n", b'{"data": [{"work_id": 5}]}\n', b"[]\n", deep):
        path.write_bytes(b"".join([*lines[:2], damaged, *lines[3:]]))
        assert known(path)[1] == ["a", "c"]


def test_it_has_one_holder_at_a_time(path: Path) -> None:
    first = taken(path)
    first.begin(HEAD)
    assert HourJournal.take(path) is None
    first.close()
    second = taken(path)
    second.remove()
    assert not path.exists()
    taken(path).close()
    assert not path.exists(), "an empty journal was left behind"


def test_who_waited_does_not_get_a_journal_that_was_removed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened while the other one held it, locked when that had removed it."""
    import works.hourly.crawl_journal as module

    first, lock = taken(path), module.fcntl.flock
    first.begin(HEAD)

    def late(handle: int, how: int) -> None:
        if path.exists() and first._handle >= 0:
            first.remove()
        lock(handle, how)

    monkeypatch.setattr(module.fcntl, "flock", late)
    second = taken(path)
    second.begin(HEAD)
    assert path.exists(), "it writes into a file that has no name"
    assert HourJournal.take(path) is None
    second.remove()


def test_a_full_disk_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = taken(path)
    journal.begin(HEAD)
    journal.append([numbers("a", HOUR, 5)], [])
    before, write = path.read_bytes(), os.write

    def full(handle: int, data: Any) -> int:
        if len(data) > 40:
            return write(handle, data[:40])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with raises_saying(OutputError, "No space left on device; make room"):
        journal.append([numbers("b", HOUR, 5)], [])
    monkeypatch.undo()
    assert path.read_bytes() == before
    journal.append([numbers("c", HOUR, 5)], [])
    journal.close()
    assert known(path)[1] == ["a", "c"]
    assert all(json.loads(line) for line in path.read_text("utf-8").splitlines())
