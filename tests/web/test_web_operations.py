"""Work begun by a request: four at a time, one of a kind, told whole, and ended with the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core.cancellation import StoppedSignal
from core.clock import SystemClock
from core.errors import InvalidInputError
from tests.support.apps import AppFactory
from tests.support.notice_sink import NoticeSink
from tests.support.web.web_site import Site, Visitor
from web.operations import MAX_AT_ONCE, STOPPED, Operation, Operations, Report
from web.problems import RequestRefusedError

HEAD = "username,cookie"


@pytest.fixture
def ending() -> Iterator[threading.Event]:
    """What ends the server; set at the end, so that nothing goes on behind a test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def operations(ending: threading.Event) -> Operations:
    return Operations(clock=SystemClock(), ending=ending)


def until_stopped(stop: threading.Event, _report: Report) -> dict[str, Any]:
    stop.wait(60)
    raise StoppedSignal


def begin(operations: Operations, subject: str, work: Any = until_stopped) -> Operation:
    return operations.begin("scan", subject, "boss", work)


def test_only_so_many_go_on_at_a_time(operations: Operations, ending: threading.Event) -> None:
    for number in range(MAX_AT_ONCE):
        assert begin(operations, str(number)).is_running
    with pytest.raises(RequestRefusedError, match="4 operations are under way"):
        begin(operations, "one more")
    ending.set()
    assert operations.join(60)
    assert {one.error for one in operations.every()} == {STOPPED}
    ended = begin(operations, "afterwards", lambda _stop, _tell: {"rows": 1})
    assert (ended.is_running, ended.result, ended.error) == (False, {"rows": 1}, None)


def test_the_same_is_not_begun_twice(operations: Operations) -> None:
    begin(operations, "2026-11-21")
    with pytest.raises(RequestRefusedError, match="scan 2026-11-21 is under way already"):
        begin(operations, "2026-11-21")
    assert begin(operations, "2026-11-20").is_running


def test_what_went_wrong_is_told_without_secrets(operations: Operations) -> None:
    def refuse(_stop: threading.Event, _report: Report) -> dict[str, Any]:
        raise InvalidInputError("no such thing: SESSDATA=hunter2")

    def fail(_stop: threading.Event, _report: Report) -> dict[str, Any]:
        raise KeyError("hunter2")

    refused, failed = begin(operations, "a", refuse), begin(operations, "b", fail)
    assert refused.error == "no such thing: SESSDATA=***"
    assert failed.error is not None
    assert "KeyError" in failed.error and "hunter2" not in failed.error


def imported(admin: Visitor, *lines: str) -> tuple[int, dict[str, Any]]:
    answer = admin.post("/api/v1/accounts/import", json={"content": "\n".join((HEAD, *lines))})
    return answer.status_code, answer.json()


def test_an_import_says_what_it_took_and_what_not(admin: Visitor) -> None:
    code, told = imported(admin, "one,SESSDATA=a", "two,")
    assert (code, [one["username"] for one in told["imported"]]) == (207, ["one"])
    assert len(told["problems"]) == 1 and "line 3" in told["problems"][0]
    code, told = imported(admin, "three,")
    assert (code, told["imported"], len(told["problems"])) == (422, [], 1)
    assert imported(admin, "one,SESSDATA=b")[0] == 200


def test_a_receiver_is_tried_and_what_it_says_is_told(make_app: AppFactory) -> None:
    sink = NoticeSink()
    site = Site(make_app(threads=8, webhook_allowed_hosts="127.0.0.1"))
    try:
        told = site.admin.post(
            "/api/v1/webhooks/test", json={"url": f"http://{sink.address}/hook"}
        ).json()
        assert (told["delivered"], told["status"], told["error"]) == (True, 200, None)
        sink.status = 500
        told = site.admin.post(
            "/api/v1/webhooks/test", json={"url": f"http://{sink.address}/hook"}
        ).json()
        assert (told["delivered"], told["status"], len(sink.got)) == (False, 500, 2)
    finally:
        site.close()
        sink.close()
