"""Telling: at least once, at most once where nothing dies, later when a channel fails."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr

from alerts.monitor import CALM_SECS
from alerts.notifier import LEASE_SECS, MAX_LISTED
from alerts.retries import BACKOFF_BASE_SECS, GIVE_UP_AFTER
from app.container import App
from storage.operations import alert_notices, alerts
from tests.support.alerts.alert_causes import disable, enable, fail_task, open_alerts
from tests.support.crawler.workbench import ONE_ENGINE, Crash, at_once, column, rows
from tests.support.messages import english
from tests.support.moving_clock import MovingClock
from tests.support.notice_sink import NoticeSink

Watched = Callable[..., App]


@pytest.fixture
def sink() -> Iterator[NoticeSink]:
    server = NoticeSink()
    yield server
    server.close()


@pytest.fixture
def watched(make_app: Callable[..., App], sink: NoticeSink) -> Watched:
    """Apps that tell the sink; the database is watched already."""

    def make(urls: str = sink.url, **settings: object) -> App:
        app = make_app(notify_urls=SecretStr(urls), **({"language": "en"} | settings))
        app.alerts.monitor().look_once()
        return app

    return make


def tell(app: App, channel: int = 0) -> int:
    return app.alerts.notifiers()[channel].send_once()


def look(app: App) -> None:
    app.alerts.monitor().look_once()


def end_alert(app: App, clock: MovingClock) -> None:
    """Mend what `disable` did, until the alert is over."""
    enable(app)
    look(app)
    clock.move(CALM_SECS)
    look(app)


def states(app: App) -> list[str]:
    return column(app, "SELECT state FROM alert_notices ORDER BY id")


def test_an_alert_and_its_end_are_told_once_each(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app = watched()
    disable(app)
    look(app)
    assert [tell(app) for _ in range(3)] == [1, 0, 0]
    assert sink.titles == ["Baton on test-host: 1 new, 0 over"]
    assert sink.text.splitlines() == [
        "[!] account acc1 (bilibili) is disabled: session expired (code -101)",
        "what to do: python cli.py accounts import acc1 -",
    ]
    assert sink.got[0]["type"] == "warning"
    end_alert(app, clock)
    assert [tell(app) for _ in range(3)] == [1, 0, 0]
    assert sink.titles[1:] == ["Baton on test-host: 0 new, 1 over"]
    assert "[over] account acc1 (bilibili) is disabled" in sink.text
    assert sink.got[1]["type"] == "success"


def test_two_processes_tell_it_once(watched: Watched, sink: NoticeSink) -> None:
    one, other = watched(), watched()
    for number in range(5):
        disable(one, f"acc{number}")
        at_once(lambda: look(one), lambda: look(other))
        told = at_once(lambda: tell(one), lambda: tell(other))
        assert sorted(told) == [0, 1]
    assert len(sink.got) == 5


@ONE_ENGINE
def test_it_is_told_in_the_operators_language(watched: Watched, sink: NoticeSink) -> None:
    app = watched(language="zh")
    disable(app, "小红")
    look(app)
    tell(app)
    assert sink.titles == ["Baton（test-host）：新告警 1 条，恢复 0 条"]
    assert "账号 小红（bilibili）已禁用：会话过期（code -101）" in sink.text


@ONE_ENGINE
def test_many_causes_at_once_are_one_message(watched: Watched, sink: NoticeSink) -> None:
    app = watched()
    for number in range(20):
        fail_task(app, f"domain {number}")
    look(app)
    assert tell(app) == 20
    [message] = sink.got
    assert message["title"] == "Baton on test-host: 20 new, 0 over"
    assert message["message"].count("[!]") == MAX_LISTED
    assert f"and {20 - MAX_LISTED} more: python cli.py alerts list" in message["message"]


@ONE_ENGINE
def test_a_cause_that_comes_and_goes_is_told_once(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app = watched()
    for _ in range(30):
        disable(app)
        look(app)
        tell(app)
        clock.move(60)
        enable(app)
        look(app)
        tell(app)
        clock.move(60)
    assert len(sink.got) == 1


@ONE_ENGINE
def test_a_channel_that_fails_is_tried_again_later_each_time(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app = watched()
    disable(app)
    look(app)
    sink.status = 500
    tell(app)
    for number, factor in enumerate((1, 2, 4, 8), start=1):
        clock.move(BACKOFF_BASE_SECS * factor - 1)
        tell(app)
        assert len(sink.got) == number, "too early"
        clock.move(1)
        tell(app)
        assert len(sink.got) == number + 1
    assert states(app) == ["due"]
    [error] = column(app, "SELECT last_error FROM alert_notices")
    assert english(error) == "refused with HTTP 500"
    sink.status = 200
    clock.move(BACKOFF_BASE_SECS * 16)
    assert tell(app) == 1
    assert states(app) == ["told"]


@ONE_ENGINE
def test_a_channel_that_fails_costs_the_others_nothing(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app = watched(f"{sink.url} json://127.0.0.1:1/nobody")
    disable(app)
    look(app)
    for _ in range(5):
        tell(app, 0)
        tell(app, 1)
        clock.move(3600)
    assert len(sink.got) == 1
    assert sorted(states(app)) == ["due", "told"]
    end_alert(app, clock)
    tell(app, 0)
    tell(app, 1)
    assert len(sink.got) == 2, "who was told that it began is told that it is over"
    assert states(app) == ["told", "told"], "who was not is told nothing"


@ONE_ENGINE
def test_a_channel_that_fails_for_a_day_is_given_up(
    watched: Watched, sink: NoticeSink, clock: MovingClock, logs: Callable[[], str]
) -> None:
    app = watched()
    disable(app)
    look(app)
    sink.status = 403
    tell(app)
    clock.move(GIVE_UP_AFTER.total_seconds())
    tell(app)
    clock.move(GIVE_UP_AFTER.total_seconds())
    tell(app)
    assert len(sink.got) == 2 and states(app) == ["given_up"]
    assert logs().count("not told: channel_refused_http: status=403") == 2
    assert logs().count("given_up=1") == 1


@ONE_ENGINE
def test_an_alert_that_is_over_before_it_was_told_is_no_news(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app = watched()
    disable(app)
    look(app)
    sink.status = 500
    tell(app)
    sink.status = 200
    end_alert(app, clock)
    clock.move(3600)
    assert tell(app) == 0
    assert len(sink.got) == 1 and states(app) == []


def test_an_alert_that_ends_while_it_is_told_is_told_to_be_over(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app, other = watched(), watched()
    disable(app)
    look(app)
    sink.on_message = lambda: end_alert(other, clock)
    tell(app)
    sink.on_message = None
    assert tell(app) == 1
    assert [title.split(": ")[1] for title in sink.titles] == ["1 new, 0 over", "0 new, 1 over"]


@ONE_ENGINE
def test_an_alert_that_ends_while_it_is_refused_is_no_news(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    app, other = watched(), watched()
    disable(app)
    look(app)
    sink.status, sink.on_message = 500, lambda: end_alert(other, clock)
    tell(app)
    sink.status, sink.on_message = 200, None
    clock.move(3600)
    assert tell(app) == 0
    assert len(sink.got) == 1 and states(app) == ["given_up"]


def test_an_alert_that_ends_while_that_is_noted_is_told_to_be_over(
    watched: Watched, sink: NoticeSink, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees what the other has not yet committed, so one must wait for the other."""
    app, other = watched(), watched()
    disable(app)
    look(app)
    enable(app)
    look(app)
    clock.move(CALM_SECS + 1)  # two apps may see the time a few milliseconds apart
    ending, mark_sent = threading.Thread(target=look, args=[other]), alert_notices.mark_sent

    def meanwhile(*args: Any) -> bool:
        ending.start()
        ending.join(0.5)  # it comes no further than the alert that is held here
        return mark_sent(*args)

    monkeypatch.setattr(alert_notices, "mark_sent", meanwhile)
    assert tell(app) == 1
    monkeypatch.undo()
    ending.join()
    clock.move(1)  # the other one's time may be a few milliseconds ahead
    assert tell(app) == 1
    assert [title.split(": ")[1] for title in sink.titles] == ["1 new, 0 over", "0 new, 1 over"]


def test_what_a_killed_teller_had_in_hand_another_tells(
    watched: Watched, sink: NoticeSink, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died before it sent, or between sending and noting: then the notice comes twice."""
    dying, other = watched(), watched()
    disable(dying)
    look(dying)

    def die(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched, suppress(Crash):
        patched.setattr(alert_notices, "mark_sent", die)
        tell(dying)
    assert len(sink.got) == 1
    clock.move(LEASE_SECS - 1)
    assert tell(other) == 0
    clock.move(2)
    assert tell(other) == 1
    assert len(sink.got) == 2
    assert rows(other, "SELECT attempts, state FROM alert_notices") == [
        {"attempts": 2, "state": "told"}
    ]


def test_a_teller_that_woke_up_too_late_changes_nothing(
    watched: Watched, sink: NoticeSink, clock: MovingClock
) -> None:
    frozen, other = watched(), watched()
    disable(frozen)
    look(frozen)

    def meanwhile() -> None:
        sink.on_message, sink.status = None, 500
        clock.move(LEASE_SECS + 1)
        assert tell(other) == 0  # refused: put back for later
        sink.status = 200

    sink.on_message = meanwhile
    assert tell(frozen) == 0
    assert states(other) == ["due"]
    assert len(sink.got) == 2


@ONE_ENGINE
def test_no_transaction_is_open_while_a_message_is_sent(
    watched: Watched, sink: NoticeSink, database_url: str
) -> None:
    app = watched()
    disable(app)
    look(app)
    written = []

    def write() -> None:
        with sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=0) as connection:
            connection.execute("UPDATE alerts SET subject=subject")
        written.append(True)

    sink.on_message = write
    assert tell(app) == 1 and written == [True]


@ONE_ENGINE
def test_an_address_is_in_no_row_and_no_log(
    watched: Watched, sink: NoticeSink, clock: MovingClock, logs: Callable[[], str]
) -> None:
    app = watched(f"{sink.url} json://127.0.0.1:1/{NoticeSink.SECRET}")
    disable(app, reason="banned: SESSDATA=geheimer-keks")
    look(app)
    sink.status = 500
    for channel in (0, 1):
        tell(app, channel)
    stored = repr([rows(app, f"SELECT * FROM {name}") for name in ("alerts", "alert_notices")])
    assert "not told: channel_unreachable" in logs()
    assert "geheimer-pfad" not in logs() + stored
    assert "127.0.0.1" not in stored
    assert "geheimer-keks" not in sink.text + logs()


@ONE_ENGINE
def test_a_long_reason_is_cut_behind_its_secrets(watched: Watched, sink: NoticeSink) -> None:
    app = watched()
    for number in range(40):
        reason = "banned: " + "x" * (160 + number) + " http://user:geheim@proxy.example/"
        disable(app, f"acc{number}", reason)
    look(app)
    tell(app)
    shown = sink.text + repr([app.alerts.messages.headline(one) for one in open_alerts(app)])
    assert "geheim" not in shown and "user:" not in shown
    assert max(len(line) for line in sink.text.splitlines()) < 250


@ONE_ENGINE
def test_without_channels_nothing_is_to_be_told(watched: Watched) -> None:
    app = watched(" ")
    assert app.alerts.channels == () and app.alerts.notifiers() == []
    disable(app)
    look(app)
    assert states(app) == [] and app.database.read(alerts.all_open) != []
