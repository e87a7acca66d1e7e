"""Life of the server, its control endpoints, its behaviour under several clients, its command."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from sandbox import RateLimit, SandboxConfig, SandboxServer
from sandbox.wbi import KeyPair
from tests.support.processes.launcher import wait_until
from tests.support.sandbox.sandbox_client import Client

Start = Callable[..., SandboxServer]
Visit = Callable[..., Client]
ROOT = Path(__file__).parents[2]


def test_start_and_stop() -> None:
    server = SandboxServer(config=SandboxConfig(creators=1))
    with pytest.raises(RuntimeError, match="not been started"):
        _ = server.url
    server.stop()
    server.start()
    with pytest.raises(RuntimeError, match="once"):
        server.start()
    assert server.url.startswith("http://127.0.0.1:")
    url = server.url
    server.stop()
    server.stop()
    assert server.stats()["pages"] == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_stop_hangs_up_on_idle_clients(visit: Visit) -> None:
    with SandboxServer(config=SandboxConfig(creators=1)) as server:
        idle = visit(server)
        idle.get("/")
        host, port = server.url.removeprefix("http://").split(":")
        silent = socket.create_connection((host, int(port)), timeout=30)
        silent.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert silent.recv(10_000)
    assert silent.recv(1) == b""
    silent.close()


def test_stop_does_not_wait_for_late_answers(start: Start, visit: Visit) -> None:
    before = set(threading.enumerate())
    server = start()
    client = visit(server)
    client.order({"kind": "delay", "delay_secs": 600})

    def stop_in_the_middle() -> None:
        wait_until(lambda: server.stats()["faults"], "a request that is late")
        server.stop()

    stopper = threading.Thread(target=stop_in_the_middle)
    stopper.start()
    with contextlib.suppress(requests.ConnectionError):
        client.search_answer(timeout=60)
    stopper.join()
    wait_until(lambda: set(threading.enumerate()) <= before, "the end of all its threads")


def test_port_that_is_taken(start: Start) -> None:
    taken = int(start().url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        SandboxServer(config=SandboxConfig(port=taken)).start()


def test_reset_forgets_all_but_the_keys(start: Start, visit: Visit) -> None:
    client = visit(start(rate=RateLimit(5, 10.0)), "banned-1")
    for _ in range(6):
        client.search()
    client.order({"kind": "drop", "times": 9})
    client.post("/__sandbox__/rotate-keys")
    assert client.post("/__sandbox__/reset").json() == {"reset": True}
    empty = {"pages": 0, "duplicate_pages": 0, "over_limit": 0, "after_ban": 0}
    others: dict[str, object] = {"market": {}, "tikhub": {}, "youtube": {}}
    spent = {"youtube_units": 0, "tikhub_charged": 0, "requests": {}, "other_accounts": others}
    routes = {"egresses": {}, "devices": {}, "egress_faults": {}, "orders": []}
    assert client.stats() == {**empty, **spent, **routes, "accounts": {}, "faults": {}}
    assert client.search()["code"] == -352


def test_rotated_keys_are_published_and_in_force(client: Client) -> None:
    client.post("/__sandbox__/rotate-keys")
    assert client.search()["code"] == -352
    wbi = client.get("/x/web-interface/nav").json()["data"]["wbi_img"]
    img, sub = (wbi[half].rsplit("/", 1)[1].removesuffix(".png") for half in ("img_url", "sub_url"))
    client.keys = KeyPair(img, sub)
    assert client.search()["code"] == 0


def test_truth_of_an_unknown_domain(client: Client) -> None:
    answer = client.get("/__sandbox__/creators", domain="nobody")
    assert answer.status_code == 404
    assert answer.json()["domains"] == ["美妆", "游戏"]


def test_no_creators_at_all(start: Start, visit: Visit) -> None:
    client = visit(start(creators=0))
    assert client.search()["data"]["numPages"] == 0
    assert client.search(search_type="video")["data"]["numPages"] == 0
    assert client.get("/__sandbox__/creators", domain="美妆").json()["uids"] == []


def test_a_million_creators_start_at_once(start: Start, visit: Visit) -> None:
    client = visit(start(creators=1_000_000))
    assert client.search(page=50_000)["data"]["numPages"] == 50_000
    assert len(client.search(page=50_000)["data"]["result"]) == 20


def test_counters_under_parallel_clients(start: Start, visit: Visit) -> None:
    server = start(rate=RateLimit(50, 10.0))
    clients = [visit(server, f"acc{number % 2}") for number in range(8)]
    threads = [
        threading.Thread(target=lambda client=each: [client.search() for _ in range(25)])
        for each in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = server.stats()
    assert (stats["pages"], stats["duplicate_pages"], stats["over_limit"]) == (100, 99, 100)
    assert [account["requests"] for account in stats["accounts"].values()] == [100, 100]


def test_answers_on_a_kept_connection_do_not_wait_for_acknowledgements(client: Client) -> None:
    client.search()
    took = []
    for _ in range(50):
        begin = time.monotonic()
        client.search()
        took.append(time.monotonic() - begin)
    # An answer that waits for an acknowledgement takes 40 ms or more, and then each one does but
    # the first few; a slow machine delays some, but not all of them.
    assert min(took[25:]) < 0.035


def test_oversized_body_is_refused(client: Client) -> None:
    url = client.server.url + "/__sandbox__/faults"
    headers = {"Content-Length": "2000000"}
    assert client.http.post(url, headers=headers, timeout=10).status_code == 413


def test_package_imports_nothing_of_the_product() -> None:
    code = (
        "import sys; old = set(sys.modules); import sandbox.__main__;"
        "tops = {name.split('.')[0] for name in set(sys.modules) - old};"
        "print(sorted(tops - set(sys.stdlib_module_names)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "['sandbox']"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_told_to_stop(number: signal.Signals) -> None:
    with _command("--creators", "40", "--domains", "a,b", "--rate", "9/1") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        url = line.split()[-1]
        truth = requests.get(f"{url}/__sandbox__/creators?domain=b", timeout=10).json()
        assert truth["total"] == 40
        process.send_signal(number)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--rate", "fast"), "rate"),
        (("--creators", "-1"), "creators"),
        (("--domains", ""), "domains"),
        (("--faults", "brutal"), "brutal"),
        (("--port", "x"), "--port"),
        (("--batch-limit", "0"), "batch_limit"),
        (("--youtube-units", "-1"), "youtube_units"),
        (("--tikhub-rate", "fast"), "rate"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_command_refuses_bad_arguments(arguments: tuple[str, ...], problem: str) -> None:
    with _command(*arguments) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert problem in err
    assert "Traceback" not in err


def test_command_on_a_port_that_is_taken(start: Start) -> None:
    taken = start().url.rsplit(":", 1)[1]
    with _command("--port", taken) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert taken in err


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
