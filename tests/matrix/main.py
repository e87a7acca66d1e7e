"""Blocks and throttles against real processes: how many requests leave, and which accounts rest.

    python -m tests.matrix.main
    python -m tests.matrix.main --shape 6x1 --engine sqlite --case block

Each run has a fresh database, a sandbox and PROCESSES x WORKERS workers of `start_crawl` on one
task. When all accounts have worked, the platform refuses everybody for a while; in the middle a
process is killed and another one started. The sandbox counts what was asked after its first
refusal was answered; until that is in the database, a loaded machine lets some requests leave.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from tests.support.mariadb import private_server
from tests.support.processes.launcher import (
    Baton,
    CommandServer,
    Launcher,
    Process,
    SandboxProcess,
    wait_until,
)

DOMAIN = "美妆"
SHAPES = ("1x4", "6x1", "20x1")
ENGINES = ("sqlite", "mariadb")
ACCOUNTS_EACH, PAGES_EACH, PAGE_ROWS = 3, 12, 20  # accounts of a worker, pages of an account
RISK_SECS, BLOCK_SECS, THROTTLE_SECS, SIGN_OUT_SECS = 20.0, 45.0, 15.0, 30.0
RUN_SECS = 420.0
SIGNED_OUT = {"kind": "answer", "code": -101, "for_secs": SIGN_OUT_SECS}
NOBODY = {"isLogin": False, "wbi_img": {"img_url": "", "sub_url": ""}}
ORDERS: dict[str, tuple[dict[str, Any], ...]] = {
    "block": ({"kind": "block", "endpoint": "bilibili", "for_secs": BLOCK_SECS},),
    "throttle": (
        {"kind": "answer", "code": -799, "endpoint": "search", "for_secs": THROTTLE_SECS},
    ),
    "sign_out": (
        {**SIGNED_OUT, "endpoint": "search"},
        {**SIGNED_OUT, "endpoint": "nav", "data": NOBODY},
    ),
}
SESSION_CHECK = "/x/web-interface/nav"
RESTING = (
    "SELECT COUNT(*) FROM accounts WHERE cooldown_until IS NOT NULL OR health<>'healthy'"
    " OR failure_count>0"
)
DISABLED = "SELECT COUNT(*) FROM accounts WHERE status='disabled'"


@dataclass(frozen=True)
class Found:
    """One run; `departures` and `budget` are requests, `resting` are accounts.

    In the case `sign_out` all refused requests count, and accounts that are disabled.
    """

    case: str
    engine: str
    shape: str
    accounts: int
    refused: int
    departures: int
    budget: int
    resting: int
    at_end: int
    complete: bool
    secs: float

    @property
    def is_good(self) -> bool:
        """Whether the budgets hold."""
        return self.complete and self.at_end == 0 and self.departures <= self.budget


class Run:
    """One case with processes of its own."""

    def __init__(self, baton: Baton, sandbox: SandboxProcess, shape: str) -> None:
        self._baton = baton
        self._sandbox = sandbox
        self._processes, self._workers = map(int, shape.split("x"))
        self.accounts = self._processes * self._workers * ACCOUNTS_EACH

    def play(self, case: str, engine: str, shape: str) -> Found:
        """Crawl while the platform refuses everybody for a while."""
        begun = time.monotonic()
        crawl = ("start_crawl", "--domain", DOMAIN)
        self._baton.use(self._sandbox)
        self._baton.add_accounts(*(f"acc{number}" for number in range(self.accounts)))
        assert self._baton.run(*crawl, "--detach").code == 0
        running = [self._start(*crawl) for _ in range(self._processes)]
        wait_until(lambda: len(self._answered()) == self.accounts, "work of all accounts")
        orders, count = ORDERS[case], DISABLED if case == "sign_out" else RESTING
        self._sandbox.order_faults(*orders)
        time.sleep(orders[0]["for_secs"] / 2)
        resting = self._number(count)
        running.pop().signal(signal.SIGKILL)
        running.append(self._start(*crawl))
        time.sleep(orders[0]["for_secs"] / 2)
        codes = [process.wait(RUN_SECS).code for process in running]
        reports = self._sandbox.stats()["orders"]
        refused = sum(report["refused"] for report in reports)
        return Found(
            case=case,
            engine=engine,
            shape=shape,
            accounts=self.accounts,
            refused=refused,
            departures=refused if case == "sign_out" else _departures(reports[0]),
            budget=budget(case, reports[0]["departures_by_endpoint"], self.accounts),
            resting=resting,
            at_end=self._number(count),
            complete=set(codes) == {0} and self._stored() == len(self._sandbox.uids(DOMAIN)),
            secs=time.monotonic() - begun,
        )

    def _start(self, *command: str) -> Process:
        return self._baton.start(*command, "--workers", self._workers)

    def _answered(self) -> list[str]:
        counted = self._sandbox.stats()["accounts"]
        return [name for name, counts in counted.items() if counts["requests"] > 1]

    def _stored(self) -> int:
        return self._number("SELECT COUNT(*) FROM influencers")

    def _number(self, query: str) -> int:
        with self._baton.opened_app() as app:
            return app.database.read(lambda tx: tx.number(query))


def _departures(report: dict[str, Any]) -> int:
    return int(report["departures"] + report["quiet_departures"])


def budget(case: str, departures: dict[str, int], accounts: int) -> int:
    """Return how many requests may come after the first refusal was answered.

    Each endpoint that was in use finds out for itself: a new process asks for device ids beside the
    search. A block costs three requests at each, a session check and one probe; a throttle two.
    When everybody is signed out, each account asks once, and who is signed in, and the same again
    after its rest.
    """
    if case == "sign_out":
        return 2 * accounts * (1 + int(SIGN_OUT_SECS // RISK_SECS))
    endpoints = max(1, len(departures.keys() - {SESSION_CHECK}))
    return 3 * endpoints - 1 + 2 if case == "block" else 2 * endpoints - 1


@contextmanager
def prepared(folder: Path, server: CommandServer, url: str | None, shape: str) -> Iterator[Run]:
    """Start a sandbox for a run of that shape, and end every process after it."""
    folder.mkdir()
    own = Launcher(folder=_made(folder / "sandbox"), server=server)
    baton = Baton(
        folder=_made(folder / "baton"),
        server=server,
        database_url=url or f"sqlite:///{folder / 'baton.db'}",
        BATON_BILIBILI_PACE="1/2.5",
        BATON_LEASE_SECS="30",
        BATON_RISK_COOLDOWN_SECS=str(RISK_SECS),
        BATON_PAGES_PER_TASK="10",
    )
    processes, workers = map(int, shape.split("x"))
    pages = processes * workers * ACCOUNTS_EACH * PAGES_EACH
    try:
        sandbox = SandboxProcess(own, creators=pages * PAGE_ROWS, domains=DOMAIN)
        yield Run(baton, sandbox, shape)
    finally:
        baton.close()
        own.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def run_all(cases: list[str], engines: list[str], shapes: list[str]) -> list[Found]:
    """Play every combination, one after the other."""
    found: list[Found] = []
    server = CommandServer()
    try:
        with tempfile.TemporaryDirectory(prefix="baton-matrix-") as folder:
            for engine in engines:
                with databases(engine) as new_url:
                    for shape in shapes:
                        for case in cases:
                            name = f"{engine}-{shape}-{case}"
                            with prepared(Path(folder) / name, server, new_url(), shape) as run:
                                found.append(run.play(case, engine, shape))
                            print(line(found[-1]), flush=True)
    finally:
        server.close()
    return found


@contextmanager
def databases(engine: str) -> Iterator[Any]:
    """Give a function that returns the URL of a new database; None for a file of the run's own."""
    if engine == "sqlite":
        yield lambda: None
        return
    with private_server() as server:
        yield server.new_database


def line(found: Found) -> str:
    """Return the row of the table."""
    values = [f"{value:.0f}" if isinstance(value, float) else value for value in astuple(found)]
    return " | ".join(map(str, [*values, "ok" if found.is_good else "MISSED"]))


def main() -> int:
    """Play what the arguments name; return 1 when a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix.main", description=__doc__)
    parser.add_argument("--case", action="append", choices=list(ORDERS))
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--shape", action="append", help="PROCESSESxWORKERS; " + ", ".join(SHAPES))
    given = parser.parse_args()
    print(" | ".join(field.name for field in fields(Found)), flush=True)
    found = run_all(
        given.case or list(ORDERS), given.engine or list(ENGINES), given.shape or list(SHAPES)
    )
    return int(not all(each.is_good for each in found))


if __name__ == "__main__":
    sys.exit(main())
