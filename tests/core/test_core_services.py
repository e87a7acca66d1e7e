"""Services: start, stop, join; a body that raises ends the service and is told."""

from __future__ import annotations

import logging
import threading

import pytest

from core.threaded_service import ThreadedService


def wait(stop: threading.Event) -> None:
    stop.wait(120)


def test_bodies_run_side_by_side_until_stopped():
    meet = threading.Barrier(3)

    def body(stop: threading.Event) -> None:
        meet.wait(60)
        stop.wait(120)

    service = ThreadedService(name="export", bodies=[body, body])
    service.start()
    meet.wait(60)
    assert service.join(0.01) is False
    service.stop()
    service.stop()
    assert service.join(60) is True
    assert service.join() is True
    assert service.failure is None


def test_what_was_never_started_can_be_stopped_and_joined():
    service = ThreadedService(name="export", bodies=[wait])
    service.stop()
    assert service.join() is True


def test_stopped_before_it_started_it_ends_at_once():
    service = ThreadedService(name="export", bodies=[wait])
    service.stop()
    service.start()
    assert service.join(60) is True


@pytest.mark.parametrize("error", [ValueError("bug"), SystemExit(3)])
def test_a_failure_is_kept_told_logged_and_stops_the_others(error: BaseException, tmp_path):
    told: list[BaseException] = []
    lines: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = lines.append  # type: ignore[method-assign]
    logging.getLogger("baton.export").addHandler(handler)

    def fail(stop: threading.Event) -> None:
        raise error

    service = ThreadedService(name="export", bodies=[wait, fail], on_failure=told.append)
    service.start()
    assert service.join(60) is True, "the other body was asked to stop"
    logging.getLogger("baton.export").removeHandler(handler)
    assert service.failure is error
    assert told == [error]
    assert lines and lines[0].exc_info is not None and lines[0].exc_info[1] is error


def test_threads_carry_the_name_of_their_service():
    names: list[str] = []
    service = ThreadedService(
        name="export", bodies=[lambda stop: names.append(threading.current_thread().name)] * 2
    )
    service.start()
    assert service.join(60)
    assert sorted(names) == ["export-1", "export-2"]
