"""`handover`: from the last row of one account to the first row of the next."""

from __future__ import annotations

import threading
import time
from statistics import median

from benchmarks import rows
from benchmarks.ground import Ground, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions

NAME = "handover"
DOMAIN = "美妆"
HANDOVERS = 20
QUOTA = 4_000
BATCH_ROWS = 500


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the median and the longest of twenty, with the default quota."""
    figures: list[Figure] = []
    for engine in ground.engines:
        gaps = _gaps_millis(ground, engine)
        figures += [
            Figure(
                label=f"{engine}: hand-over, median", value=median(gaps), unit="ms", goal="< 100"
            ),
            Figure(label=f"{engine}: hand-over, longest", value=max(gaps), unit="ms", goal="< 100"),
        ]
    return Result(NAME, tuple(figures))


def _gaps_millis(ground: Ground, engine: str) -> list[float]:
    place = ground.place(engine)
    commits: list[float] = []
    with opened(place, export_batch_rows=BATCH_ROWS) as app:
        add_accounts(app, HANDOVERS + 1, QUOTA)
        rows.insert(app.database, DOMAIN, (HANDOVERS + 1) * QUOTA)
        options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
        app.crawling.submitter.submit_export("bilibili", DOMAIN, options, 1)
        worker = app.crawling.export_worker(
            after_commit=lambda: commits.append(time.perf_counter())
        )
        while worker.work_once(threading.Event()):
            pass
        verdict = app.crawling.verifier.verify()
    assert verdict.ok, verdict.problems
    ground.drop(place)
    each = QUOTA // BATCH_ROWS
    assert len(commits) >= each * (HANDOVERS + 1)
    return [
        1000 * (commits[each * number] - commits[each * number - 1])
        for number in range(1, HANDOVERS + 1)
    ]
