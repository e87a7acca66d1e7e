"""What each test costs: CPU seconds of this process and of all that it started, read from /proc.

CPU time hardly depends on what else the machine does, as the time on a clock does.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Generator
from pathlib import Path

import pytest

LIMIT_SECS = 20.0  # twice what a test may take before it needs the mark
SHOWN, SHOWN_FROM_SECS = 15, 1.0
TICKS_A_SEC = os.sysconf("SC_CLK_TCK")
KEY = "cpu_secs"


def used_secs() -> float:
    """Return the CPU time of this process and its descendants, ended ones too."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + _of_living()


def _of_living() -> float:
    total, waiting = 0.0, _children(os.getpid())
    while waiting:
        pid = waiting.pop()
        total += _of_process(pid)
        waiting += _children(pid)
    return total


def _of_process(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS_A_SEC


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    except OSError:  # it has just ended, or this is no Linux
        pass
    return found


class CpuBudget:
    """A plugin of pytest: a test that costs more than the limit fails unless it is marked slow."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        before = used_secs()
        yield
        secs = used_secs() - before
        item.user_properties.append((KEY, secs))
        if secs > LIMIT_SECS and item.get_closest_marker("slow") is None:
            pytest.fail(
                f"took {secs:.0f} s of CPU; at most {LIMIT_SECS:.0f} s without the mark `slow`"
                " (CONTRIBUTING.md says how to make a test cheap)",
                pytrace=False,
            )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        reports = [
            report
            for status in ("passed", "failed")
            for report in terminalreporter.stats.get(status, ())
            if report.when == "call"
        ]
        costs = sorted(
            ((secs, report.nodeid) for report in reports for secs in _recorded(report)),
            reverse=True,
        )
        dear = [cost for cost in costs if cost[0] >= SHOWN_FROM_SECS]
        if not dear:
            return
        total = sum(secs for secs, _ in costs)
        terminalreporter.section(f"CPU time: {total:.0f} s without fixtures; the dearest tests")
        for secs, name in dear[:SHOWN]:
            terminalreporter.line(f"{secs:7.1f} s  {name}")


def _recorded(report: pytest.TestReport) -> list[float]:
    return [float(value) for key, value in report.user_properties if key == KEY]  # type: ignore[arg-type]
