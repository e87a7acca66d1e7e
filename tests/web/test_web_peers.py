"""Two hosts on one database: each console gives out what lies on the other, to its visitors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet
from pydantic import SecretStr

from core.errors import PeerRefusedError
from storage.models.segments import Segment
from storage.operations import hosts
from tests.support.apps import AppFactory, add_account
from tests.support.crawler.workbench import export, segments_of, store_rows
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import Site
from web.monitoring import peer_routes
from web.peers import client
from web.peers.seals import HEADER, LIFE, PeerSeals

NAME = "ingestion-2026-11-22.log"


@dataclass(frozen=True)
class TwoHosts:
    """Host `b` has a file and a log, host `a` has neither."""

    a: Site
    b: Site

    @property
    def segment(self) -> Segment:
        return segments_of(self.b.app)[0]

    def announce(self, url: str | None = None) -> None:
        """Have `b` say where it is reached."""
        replace(self.b.app.jobs.host_presence, peer_url=url or self.b.url).announce_once()


@pytest.fixture
def two(make_app: AppFactory, tmp_path: Path) -> Iterator[TwoHosts]:
    key = SecretStr(Fernet.generate_key().decode())

    def site(name: str) -> Site:
        folder = tmp_path / name
        app = make_app(
            host=f"host-{name}",
            threads=8,
            secret_key=key,
            data_dir=folder / "data",
            log_dir=folder / "logs",
        )
        return Site(app, suffix=name)

    a, b = site("a"), site("b")
    add_account(b.app, "alice")
    store_rows(b.app, 23)
    export(b.app)
    (tmp_path / "b" / "logs").mkdir(exist_ok=True)
    (tmp_path / "b" / "logs" / NAME).write_text("2026-11-22T05:00:00.123Z INFO a page of b\n")
    yield TwoHosts(a, b)
    a.close()
    b.close()


def test_a_file_of_another_host_is_downloaded_through_this_one(two: TwoHosts) -> None:
    path = f"/api/v1/exports/{two.segment.id}/file"
    answer = two.a.reader.get(path)
    assert answer.status_code == 404 and "no host is called 'host-b'" in answer.json()["detail"]
    two.b.app.jobs.host_presence.announce_once()
    answer = two.a.reader.get(path)
    assert answer.status_code == 502
    assert "host host-b does not say where it can be reached" in answer.json()["detail"]
    two.announce()
    for ask in (path, f"/admin/exports/{two.segment.id}/file"):
        answer = two.a.reader.get(ask)
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == two.segment.sha256
        assert int(answer.headers["Content-Length"]) == two.segment.bytes
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_file_that_was_changed_over_there_is_cut_off(two: TwoHosts) -> None:
    two.announce()
    file = two.b.app.crawling.segment_files.locate(two.segment.file_path or "")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    with pytest.raises(requests.RequestException):
        two.a.reader.get(f"/api/v1/exports/{two.segment.id}/file")
    file.unlink()
    answer = two.a.reader.get(f"/api/v1/exports/{two.segment.id}/file")
    assert answer.status_code == 404 and "host host-b has no such file" in answer.json()["detail"]


def test_a_host_that_does_not_answer_is_told_with_when_it_was_seen(two: TwoHosts) -> None:
    two.announce("http://127.0.0.1:9")
    answer = two.a.reader.get(f"/api/v1/exports/{two.segment.id}/file")
    assert answer.status_code == 502
    told = answer.json()
    assert told["code"] == "peer_unreachable"
    assert "host host-b does not answer (ConnectionError)" in told["detail"]


def test_logs_of_another_host_are_listed_read_and_downloaded(two: TwoHosts) -> None:
    two.announce()
    reader = two.a.reader
    listed = reader.get("/api/v1/logs?host=host-b").json()["items"]
    assert [file["name"] for file in listed if file["name"] == NAME] == [NAME]
    assert NAME not in str(reader.get("/api/v1/logs").json())
    told = reader.get(f"/api/v1/logs/{NAME}?host=host-b&text=of%20b").json()
    assert told["records"] == ["2026-11-22T05:00:00.123Z INFO a page of b"]
    assert reader.get(f"/api/v1/logs/{NAME}?host=host-b&text=nothing").json()["records"] == []
    assert reader.get(f"/api/v1/logs/{NAME}/file?host=host-b").text.endswith("a page of b\n")
    assert reader.get("/api/v1/logs/absent-2026-11-22.log?host=host-b").status_code == 404
    assert reader.get("/api/v1/logs?host=nobody").status_code == 404
    page = reader.get("/admin/logs?host=host-b").text
    assert f"/admin/logs/{NAME}?host=host-b" in page
    assert "a page of b" in reader.get(f"/admin/logs/{NAME}?host=host-b").text


def test_an_answer_of_another_form_is_the_other_hosts_trouble(
    two: TwoHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.announce()
    monkeypatch.setattr(peer_routes, "file_object", lambda _file: {"path": "x"})
    told = two.a.reader.get("/api/v1/logs?host=host-b")
    assert (told.status_code, told.json()["code"]) == (502, "peer_not_understood")
    assert "do both run the same version?" in two.a.reader.get("/admin/logs?host=host-b").text


@pytest.mark.parametrize("header", ["", "x", "gAAAAABx", "é" * 9, "x" * 5000])
def test_nobody_else_may_ask(two: TwoHosts, header: str) -> None:
    headers = {HEADER: header.encode()}
    for path in (f"/internal/v1/exports/{two.segment.id}/file", "/internal/v1/logs"):
        for visitor in (two.b.stranger, two.b.admin):
            assert visitor.get(path, headers=headers).status_code == 401


def test_a_seal_is_for_one_request_one_host_and_one_minute(
    two: TwoHosts, clock: MovingClock
) -> None:
    seals, target = two.a.server.app.state.backend.peers.seals, "/internal/v1/logs"

    def ask(host: str, sealed_target: str, path: str = target) -> int:
        sealed = seals.seal(host, sealed_target)
        return two.b.stranger.get(path, headers={HEADER: sealed}).status_code

    assert ask("host-b", target) == 200
    assert ask("host-a", target) == 401
    assert ask("host-b", "/internal/v1/exports/1/file") == 401
    assert ask("host-b", target, f"{target}?x=1") == 401
    sealed = {HEADER: seals.seal("host-b", target)}
    assert [two.b.stranger.get(target, headers=sealed).status_code for _ in "12"] == [200, 401]
    sealed = {HEADER: seals.seal("host-b", target)}
    clock.move(LIFE.total_seconds() + 1)
    assert two.b.stranger.get(target, headers=sealed).status_code == 401
    # Neither a session nor another text of the vault passes for a seal.
    vault = two.a.app.vault
    other = PeerSeals(vault=vault, clock=clock, host="host-b")
    with pytest.raises(PeerRefusedError):
        other.require(vault.encrypt("[]") or "", target)


def test_hosts_are_listed_told_when_gone_and_forgotten(two: TwoHosts, clock: MovingClock) -> None:
    two.announce()
    two.a.app.jobs.host_presence.announce_once()
    listed = two.a.reader.get("/api/v1/hosts").json()["items"]
    assert [host["host"] for host in listed] == ["host-a", "host-b"]
    assert listed[1]["peer_url"] == two.b.url and listed[1]["free_bytes"] > 0

    def alerts() -> list[str]:
        two.a.app.alerts.monitor().look_once()
        found = two.a.reader.get("/api/v1/alerts?only_open=true").json()["items"]
        return [one["subject"] for one in found if one["kind"] == "host_gone"]

    clock.move(599)
    assert alerts() == []
    clock.move(2)
    two.a.app.jobs.host_presence.announce_once()
    assert alerts() == ["host:host-b"]
    assert two.a.admin.ask("DELETE", "/api/v1/hosts/host-b").status_code == 204
    assert two.a.admin.ask("DELETE", "/api/v1/hosts/host-b").status_code == 404
    two.announce()
    two.b.app.database.write(hosts.leave, "host-b", clock.now())
    clock.move(3600)
    two.a.app.jobs.host_presence.announce_once()
    assert two.a.app.database.read(hosts.gone, clock.now() - timedelta(minutes=10)) == []


def test_each_host_removes_its_own_old_files_once_a_day(two: TwoHosts, clock: MovingClock) -> None:
    log = two.b.app.settings.log_dir / NAME
    two.announce()
    clock.move(40 * 86400)
    two.a.app.jobs.host_presence.announce_once()
    assert log.exists()
    two.announce()
    assert not log.exists()
    log.write_text("x\n")
    two.announce()
    assert log.exists()
    clock.move(86401)
    two.announce()
    assert not log.exists()


def test_verifying_asks_the_other_host_for_the_hash_of_its_file(two: TwoHosts) -> None:
    def verified() -> dict:
        answer = two.a.admin.post("/api/v1/exports/verify")
        assert answer.status_code == 200
        return answer.json()

    told = verified()
    assert told["ok"] and told["elsewhere"] == {"host-b": 1}
    assert "no host is called 'host-b'" in told["unreached"]["host-b"]
    two.announce("http://127.0.0.1:9")
    told = verified()
    assert told["ok"] and "does not answer (ConnectionError)" in told["unreached"]["host-b"]
    assert "by_peers" not in told
    two.announce()
    told = verified()
    assert told["ok"] and told["by_peers"] == {"host-b": 1} and "elsewhere" not in told
    file = two.b.app.crawling.segment_files.locate(two.segment.file_path or "")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    told = verified()
    assert not told["ok"] and "on host host-b is not the file that was written" in str(told)
    file.unlink()
    told = verified()
    assert not told["ok"] and "cannot be read on host host-b" in str(told["problems"])
    file.write_bytes(content)
    assert verified()["ok"]


def test_a_host_without_the_question_is_not_told_as_damaged(
    two: TwoHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.announce()
    monkeypatch.setattr(client, "PREFIX", "/internal/v0")
    told = two.a.admin.post("/api/v1/exports/verify").json()
    assert told["ok"] and told["elsewhere"] == {"host-b": 1}
    assert "HTTP 404" in told["unreached"]["host-b"]
