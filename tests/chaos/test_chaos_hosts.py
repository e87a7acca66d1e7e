"""Several hosts on one MariaDB: together, cut off, back again, and gone for good."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.namespaces import LinkedHost, make_link
from tests.support.mariadb import MariaDBServer
from tests.support.processes.launcher import CommandServer, Process, SandboxProcess, wait_until
from tests.support.processes.outside import Outside

DOMAIN = "美妆"
CREATORS = 900
SLOW, QUICK = {"BATON_BILIBILI_PACE": "1/1.5"}, {"BATON_BILIBILI_PACE": "1/0.1"}


@pytest.fixture
def two_hosts(
    mariadb: MariaDBServer,
    tmp_path: Path,
    command_server: CommandServer,
    start_sandbox: Callable[..., SandboxProcess],
) -> Iterator[tuple[LinkedHost, LinkedHost, Outside, set[str]]]:
    """`near` and `far`, with a crawl to do; the database from outside; whom a crawl must find."""
    url = mariadb.new_database()
    platform = start_sandbox(creators=CREATORS)
    hosts = []
    for name in ("near", "far"):
        link = make_link()
        sandbox_port = int(platform.url.rpartition(":")[2])
        env = {
            "DATABASE_URL": url.replace(f"127.0.0.1:{mariadb.port}", link.reach(mariadb.port)),
            "BATON_BILIBILI_BASE_URL": f"http://{link.reach(sandbox_port)}",
            "BATON_EXPORT_BATCH_ROWS": "10",
            "BATON_EXPORT_FILE_ROWS": "40",
        }
        hosts.append(
            LinkedHost(folder=tmp_path / name, server=command_server, name=name, link=link, **env)
        )
    near, far = hosts
    near.add_accounts(*(f"acc{n}" for n in range(6)), limit=300)
    far.data_dir.mkdir()
    shutil.copy(near.data_dir / "secret.key", far.data_dir)
    yield near, far, Outside(database_url=url, exports_dir=near.exports_dir), platform.uids(DOMAIN)
    for host in hosts:
        host.close()
    mariadb.drop_database(url)


def test_a_host_is_cut_off_comes_back_and_in_the_end_is_replaced(
    two_hosts: tuple[LinkedHost, LinkedHost, Outside, set[str]],
) -> None:
    near, far, outside, wanted = two_hosts
    commands = ("start_crawl", "start_export")
    jobs = [far.start(command, "--domain", DOMAIN, env=SLOW) for command in commands]
    wait_until(lambda: seals_something(far, outside), "a finished file on the far host")
    cut_off_between_transactions(far, jobs, outside)
    assert outside.exported() < CREATORS, "cut off too late to prove anything"
    heirs = [near.start(command, "--domain", DOMAIN, env=QUICK) for command in commands]
    for heir in heirs:
        outcome = heir.wait(120)
        assert outcome.code == 0, outcome
    before = contents(outside)
    far.link.mend()
    for job in jobs:
        outcome = job.wait(90)
        assert outcome.code == 0, outcome
    assert contents(outside) == before
    assert each_host_proves_its_files(near, far)
    replaced(near, far, outside, wanted)


def seals_something(host: LinkedHost, outside: Outside) -> bool:
    """Whether the host has finished a file."""
    sealed = f"SELECT COUNT(*) FROM export_logs WHERE state='sealed' AND host='{host.name}'"
    return bool(outside.value(sealed))


def cut_off_between_transactions(host: LinkedHost, jobs: list[Process], outside: Outside) -> None:
    """Cut the link at a moment at which the host holds no lock, and leases."""

    def done() -> bool:
        for job in jobs:
            job.freeze()
        holds = outside.value("SELECT COUNT(*) FROM tasks WHERE lease_owner IS NOT NULL")
        quiet = holds and outside.is_quiet()
        if quiet:
            host.link.cut()
        for job in jobs:
            job.thaw()
        return bool(quiet)

    wait_until(done, "a moment between two transactions")


def contents(outside: Outside) -> object:
    queries = (
        "SELECT id, status, export_log_id FROM influencers ORDER BY id",
        "SELECT id, exported_count, state, sha256, file_path, host FROM export_logs ORDER BY id",
        "SELECT id, today_export_count FROM accounts ORDER BY id",
        "SELECT id, status, progress_marker, item_count FROM tasks ORDER BY id",
    )
    return [outside.rows(query) for query in queries]


def each_host_proves_its_files(*hosts: LinkedHost) -> bool:
    verdicts = [host.start("exports", "verify", "--json").wait() for host in hosts]
    for host, verdict in zip(hosts, verdicts, strict=True):
        others = {other.name for other in hosts if other is not host}
        assert verdict.code == 0, verdict
        assert set(verdict.json.get("elsewhere", {})) == others
    return True


def replaced(near: LinkedHost, far: LinkedHost, outside: Outside, wanted: set[str]) -> None:
    """The far host's disk is lost: `doctor` names it, and `exports rebuild` writes its files."""
    far.link.cut()
    findings = near.start("doctor", "--json").wait().json
    assert [one for one in findings if one["subject"] == "host far"], findings
    outcome = near.start("exports", "rebuild", "--host", "far").wait()
    assert outcome.code == 0, outcome
    assert outside.problems(wanted) == []
    verdict = near.start("exports", "verify", "--json").wait()
    assert (verdict.code, verdict.json.get("elsewhere")) == (0, None), verdict
