"""Work begun by a request: four at a time, one of a kind, told whole, and ended with the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.container import App
from core.cancellation import StoppedSignal
from core.errors import DatabaseUnavailableError, InvalidInputError
from core.leases import LeaseRegistry
from core.messages import Message
from storage.operations import background_operations
from tests.support.apps import AppFactory
from tests.support.moving_clock import MovingClock
from tests.support.notice_sink import NoticeSink
from tests.support.web.web_site import Site, Visitor
from web.console.language import LANGUAGES
from web.console.operations import shown
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
def operations(app: App, ending: threading.Event) -> Operations:
    return operations_of(app, ending)


def operations_of(app: App, ending: threading.Event, host: str = "here") -> Operations:
    return Operations(
        database=app.database,
        kept=app.database,
        clock=app.clock,
        leases=LeaseRegistry(),
        lease_secs=60.0,
        host=host,
        owner=f"process-of-{host}",
        ending=ending,
    )


def until_stopped(stop: threading.Event, _report: Report) -> dict[str, Any]:
    stop.wait(60)
    raise StoppedSignal


def begin(operations: Operations, subject: str, work: Any = until_stopped) -> Operation:
    return operations.begin("scan", subject, "boss", work)


def test_only_so_many_go_on_at_a_time(operations: Operations, ending: threading.Event) -> None:
    for number in range(MAX_AT_ONCE):
        assert begin(operations, str(number)).is_running
    with pytest.raises(RequestRefusedError, match="too_many_operations: running=4"):
        begin(operations, "one more")
    ending.set()
    assert operations.join(60)
    assert [one.error for one in operations.every()] == [STOPPED] * MAX_AT_ONCE
    ended = begin(operations, "afterwards", lambda _stop, _tell: {"rows": 1})
    assert (ended.is_running, ended.result, ended.error) == (False, {"rows": 1}, None)


def test_the_same_is_not_begun_twice(operations: Operations) -> None:
    begin(operations, "2026-11-21")
    with pytest.raises(
        RequestRefusedError, match="operation_under_way: kind=scan, subject=2026-11-21"
    ):
        begin(operations, "2026-11-21")
    assert begin(operations, "2026-11-20").is_running


def test_what_has_the_same_subject_may_differ(operations: Operations) -> None:
    two = Message.of("links_given", n=2)
    operations.begin("works.add", two, "boss", until_stopped, identity="a")
    assert operations.begin("works.add", two, "boss", until_stopped, identity="b").is_running
    with pytest.raises(RequestRefusedError, match="operation_under_way"):
        operations.begin("works.add", two, "boss", until_stopped, identity="a")


def test_the_same_is_not_begun_on_another_host_which_shows_it(
    app: App, operations: Operations, ending: threading.Event
) -> None:
    begun = begin(operations, "2026-11-21")
    elsewhere = operations_of(app, ending, host="there")
    with pytest.raises(RequestRefusedError, match="operation_under_way"):
        begin(elsewhere, "2026-11-21")
    found = elsewhere.get(begun.id)
    assert found is not None and (found.host, found.is_running) == ("here", True)
    ending.set()
    assert operations.join(60)
    assert [one.error for one in elsewhere.every()] == [STOPPED]
    assert not begin(elsewhere, "2026-11-21", lambda _stop, _report: {}).is_running


def test_an_operation_whose_process_ended_is_failed_by_another(
    app: App, operations: Operations, clock: MovingClock
) -> None:
    begun = begin(operations, "2026-11-21")
    clock.move(61)
    app.crawling.lease_renewer("web").renew_once()
    (found,) = operations.every()
    assert (found.id, found.is_running) == (begun.id, False)
    assert found.error == Message.of("operation_process_ended")
    rows = app.database.read(background_operations.newest, 9)
    assert [row.state.value for row in rows] == ["failed"]
    assert not app.database.write(background_operations.report, begun.id, 1, "{}")


def test_a_result_so_far_is_stored_once_a_second(
    operations: Operations, clock: MovingClock, ending: threading.Event
) -> None:
    said = threading.Event()

    def work(stop: threading.Event, report: Report) -> dict[str, Any]:
        report({"done": 1})
        clock.move(1)
        report({"done": 2})
        said.set()
        stop.wait(60)
        raise StoppedSignal

    begun = begin(operations, "slow", work)
    assert said.wait(60)
    found = operations.get(begun.id)
    assert found is not None and found.result == {"done": 2}
    ending.set()


def test_half_an_emoji_in_a_result_costs_nothing(operations: Operations) -> None:
    ended = begin(operations, "list", lambda _stop, _report: {"items": ["half \ud83d"]})
    assert (ended.is_running, ended.result) == (False, {"items": ["half \ud83d"]})
    assert operations._running == {}


def test_progress_that_cannot_be_stored_does_not_end_the_work(
    operations: Operations, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> bool:
        raise DatabaseUnavailableError("away")

    def work(_stop: threading.Event, report: Report) -> dict[str, Any]:
        clock.move(2)
        report({"done": 1})
        return {"done": 2}

    monkeypatch.setattr(background_operations, "report", refuse)
    ended = begin(operations, "slow", work)
    assert operations.join(60)
    found = operations.get(ended.id)
    assert found is not None and (found.error, found.result) == (None, {"done": 2})


def test_what_went_wrong_is_told_without_secrets(operations: Operations) -> None:
    def refuse(_stop: threading.Event, _report: Report) -> dict[str, Any]:
        raise InvalidInputError("no such thing: SESSDATA=hunter2")

    def fail(_stop: threading.Event, _report: Report) -> dict[str, Any]:
        raise KeyError("hunter2")

    refused, failed = begin(operations, "a", refuse), begin(operations, "b", fail)
    assert refused.as_json()["error"] == "no such thing: SESSDATA=***"
    assert "hunter2" not in str(refused.as_json())
    told = failed.as_json()
    assert (told["error_code"], told["error_params"]) == ("operation_broken", {"error": "KeyError"})
    assert "KeyError" in told["error"] and "hunter2" not in str(told)


def test_messages_of_a_result_are_told_with_their_codes(operations: Operations) -> None:
    fact = Message.of("links_given", n=2)
    result = {"note": fact, "items": [{"why": fact}, fact], "rows": 1}
    told = operations.begin("works.add", fact, "boss", lambda _stop, _report: result).as_json()
    coded = {"note": "2 links", "note_code": "links_given", "note_params": {"n": 2}}
    why = {"why": "2 links", "why_code": "links_given", "why_params": {"n": 2}}
    assert told["result"] == {**coded, "items": [why, "2 links"], "rows": 1}
    assert (told["subject"], told["subject_code"]) == ("2 links", "links_given")
    assert told["error"] is None


def test_an_operation_is_shown_in_the_readers_language(
    operations: Operations, clock: MovingClock
) -> None:
    items = [{"input": "x", "note": Message.of("field_required")}, {"input": "y", "note": None}]
    result = {"added": 1, "known": 0, "not_added": 1, "items": items}
    operations.begin("works.add", Message.of("links_given", n=2), "boss", lambda *_: result)
    (found,) = shown(operations, "Videos", LANGUAGES["zh"], clock.now())
    assert (found.title, found.details) == ("添加 2 个链接", ["x: 必填"])


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
