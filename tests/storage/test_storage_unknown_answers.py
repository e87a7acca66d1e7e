"""Answers that no rule describes are counted, and the evidence of the first is kept."""

from __future__ import annotations

from app.container import App
from storage.crawling import unknown_answers
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import at_once
from tests.support.moving_clock import MovingClock


def record(app: App, code: str | None = "-7777", evidence: str | None = None) -> None:
    app.database.write(
        unknown_answers.record,
        "bilibili",
        "view",
        http_status=None if code is None else 200,
        code=code,
        evidence=evidence,
        now=app.clock.now(),
    )


def test_the_same_answer_is_counted(app: App, clock: MovingClock) -> None:
    record(app)
    clock.move(60)
    record(app, evidence='{"body": "first"}')
    record(app, evidence='{"body": "second"}')
    record(app, code=None)
    nothing, seen = app.database.read(unknown_answers.all_of, "bilibili")
    assert (seen.http_status, seen.code, seen.seen) == (200, "-7777", 3)
    assert seen.evidence == '{"body": "first"}'
    assert (seen.last_seen_at - seen.first_seen_at).total_seconds() > 59
    assert (nothing.http_status, nothing.code, nothing.seen) == (0, "", 1)
    assert app.database.read(unknown_answers.all_of, "youtube") == []


def test_processes_that_see_it_at_once_are_all_counted(make_app: AppFactory) -> None:
    apps = [make_app() for _ in range(6)]
    at_once(*(lambda app=app: record(app) for app in apps))  # type: ignore[misc]
    [seen] = apps[0].database.read(unknown_answers.all_of)
    assert seen.seen == 6
