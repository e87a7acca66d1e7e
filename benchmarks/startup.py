"""`startup`: what the start of a command costs: processor time, least of several runs in turn.

A crawl of one page is nearly all start; its goal is that of two quiet cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.ground import ROOT, Ground, Place, sandbox_process
from benchmarks.results import Figure, Result

NAME = "startup"
RUNS = 7
DOMAIN = "美妆"
COMMANDS: Mapping[tuple[str, ...], str] = {
    ("--help",): "",
    ("accounts", "list", "--json"): "",
    ("status", "--json"): "",
    ("start_crawl", "--domain", DOMAIN, "--pages", "1"): "<= 0.5",
}


def run(ground: Ground, full: bool = False) -> Result:
    """Measure each command on each engine."""
    figures: list[Figure] = []
    with sandbox_process(20, DOMAIN) as url:
        for engine in ground.engines:
            place = ground.place(engine)
            env = _environment(place, url)
            _prepare(place, env)
            spent: dict[tuple[str, ...], list[float]] = {words: [] for words in COMMANDS}
            for _ in range(RUNS):
                for words, secs in spent.items():
                    secs.append(_cpu_secs(place, env, words))
            figures += [
                Figure(f"{engine}: {words[0]}", min(secs), "s CPU", COMMANDS[words])
                for words, secs in spent.items()
            ]
            ground.drop(place)
    return Result(NAME, tuple(figures))


def _environment(place: Place, url: str) -> Mapping[str, str]:
    own = {
        "DATABASE_URL": place.url,
        "BATON_DATA_DIR": str(place.folder),
        "BATON_BILIBILI_BASE_URL": url,
    }
    kept = {name: text for name, text in os.environ.items() if not name.startswith("BATON_")}
    # The first run compiles, as after an installation; a shell may forbid that for the checkout.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | own | {"PYTHONPYCACHEPREFIX": str(place.folder / "pycache")}


def _prepare(place: Place, env: Mapping[str, str]) -> None:
    """Make the tables, and an account that the sandbox knows."""
    accounts = place.folder / "accounts.csv"
    accounts.write_text("username,session\nbench-1,SESSDATA=bench-1\n", encoding="utf-8")
    _cpu_secs(place, env, ("init",))
    _cpu_secs(place, env, ("accounts", "import", str(accounts)))


def _cpu_secs(place: Place, env: Mapping[str, str], words: tuple[str, ...]) -> float:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words],
        cwd=place.folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, (words, status)
    return usage.ru_utime + usage.ru_stime
