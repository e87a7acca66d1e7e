"""`healthcheck` asks the installation's own web server, wherever that listens."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from commands.installation.healthcheck import health_url
from tests.support.mariadb import free_port
from tests.support.processes.launcher import CLI, ROOT, Baton, wait_until

LOADED = """
import json, runpy, sys
from importlib import import_module
import_module("commands.framework.context")
before = set(sys.modules)
sys.argv = [sys.argv[1], "healthcheck"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""
# urllib, and what it imports of Python itself, apart.
OURS_AND_HEAVY = {
    *("web", "storage", "sources", "crawler", "accounts", "works", "jobs", "alerts"),
    *("fastapi", "uvicorn", "requests", "urllib3", "cryptography", "pymysql", "sqlite3"),
}


@pytest.fixture
def other_program() -> Iterator[int]:
    """The port of a server on loopback that is not Baton's, and says yes to everything."""

    class Yes(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"yes")

        def log_message(self, *_args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Yes)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "::"])
def test_a_server_is_healthy_at_every_address_it_may_listen_on(baton: Baton, host: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this host has no IPv6")
    baton.env |= {"BATON_WEB_HOST": host, "BATON_WEB_PORT": str(free_port())}
    # A proxy of the environment is not asked for an address of this host.
    baton.env |= {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    before = baton.run("healthcheck")
    assert before.code == 1
    assert "does not answer" in before.err
    server = baton.start("serve")
    wait_until(lambda: "listening on" in server.out, "the server's address")
    after = baton.run("healthcheck")
    assert after.code == 0, after
    assert after.out.endswith("/healthz answers\n")


def test_a_server_that_hangs_is_not_healthy(baton: Baton) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        outcome = baton.run("healthcheck", env={"BATON_WEB_PORT": str(deaf.getsockname()[1])})
    assert outcome.code == 1
    assert "timed out" in outcome.err


@pytest.mark.parametrize(("language", "sentence"), [("en", "another program"), ("zh", "其他程序")])
def test_another_program_at_the_port_is_not_healthy(
    baton: Baton, other_program: int, language: str, sentence: str
) -> None:
    env = {"BATON_WEB_PORT": str(other_program), "BATON_LANGUAGE": language}
    outcome = baton.run("healthcheck", env=env)
    assert outcome.code == 1
    assert sentence in outcome.err


def test_a_port_that_nobody_knows_is_told(baton: Baton) -> None:
    outcome = baton.run("healthcheck", env={"BATON_WEB_PORT": "0"})
    assert outcome.code == 1
    assert "BATON_WEB_PORT is 0" in outcome.err


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8600/healthz"),
        ("::", "http://[::1]:8600/healthz"),
        ("2001:db8::7", "http://[2001:db8::7]:8600/healthz"),
        ("10.0.0.7", "http://10.0.0.7:8600/healthz"),
        ("baton.example", "http://baton.example:8600/healthz"),
    ],
)
def test_the_address_is_one_of_the_host_itself(host: str, url: str) -> None:
    assert health_url(host, 8600) == url


def test_it_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOADED, CLI],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "BATON_WEB_PORT": str(free_port())},
        capture_output=True,
        text=True,
    )
    loaded = set(json.loads(ended.stdout.splitlines()[-1]))
    assert "urllib" in loaded or "http" in loaded, ended.stderr
    assert OURS_AND_HEAVY & loaded == set()


def test_it_changes_nothing(make_baton: Callable[..., Baton]) -> None:
    baton = make_baton()
    baton.run("healthcheck")
    assert not baton.data_dir.exists()
    assert not baton.log_dir.exists()
    assert not (baton.folder / "baton.db").exists()
