"""`completion`: what a press of the Tab key costs, against `--version`.

Processor time of the program, least of several runs in turn: what else the machine does, and the
shell around the program, do not count.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.ground import ROOT, Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.tasks.options import CrawlOptions

NAME = "completion"
RUNS = 9
DOMAINS = 40
LINES: Mapping[str, tuple[str, ...]] = {
    "a command": ("st",),
    "an option": ("start_export", "--f"),
    "an option of webhooks": ("webhooks", "list", "--s"),
    "a domain": ("start_export", "--domain", ""),
    "an account": ("accounts", "explain", ""),
}
GOALS = {"a command": "< 3"}


def run(ground: Ground, full: bool = False) -> Result:
    """Measure each line's ratio to `--version` on each engine."""
    figures = []
    for engine in ground.engines:
        place = ground.place(engine)
        _fill(place)
        version, least = _least(place)
        figures.append(Figure(f"{engine}: --version", 1000 * version, "ms"))
        figures += [
            Figure(
                label=f"{engine}: {what} / --version",
                value=least[what] / version,
                unit="",
                goal=GOALS.get(what, "< 6"),
            )
            for what in LINES
        ]
        ground.drop(place)
    return Result(NAME, tuple(figures))


def _fill(place: Place) -> None:
    with opened(place) as app:
        add_accounts(app, 10, 4000)
        for number in range(DOMAINS):
            app.crawling.submitter.submit_crawl(
                "bilibili", f"domain-{number}", 1000, CrawlOptions()
            )


def _least(place: Place) -> tuple[float, Mapping[str, float]]:
    """Return the seconds of `--version`, and those of each line."""
    versions, secs = [], {what: [] for what in LINES}  # type: ignore[var-annotated]
    for _ in range(RUNS):
        versions.append(_cpu_secs(place, ("--version",), {}))
        for what, words in LINES.items():
            secs[what].append(_cpu_secs(place, words, {"_BATON_COMPLETE": "fish"}))
    return min(versions), {what: min(each) for what, each in secs.items()}


def _cpu_secs(place: Place, words: tuple[str, ...], changes: Mapping[str, str]) -> float:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words],
        cwd=place.folder,
        env={**os.environ, "DATABASE_URL": place.url, **changes},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0 and len(output.splitlines()) > len(changes), (words, output)
    return usage.ru_utime + usage.ru_stime
