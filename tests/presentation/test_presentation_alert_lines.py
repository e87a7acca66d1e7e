"""Alerts on the console: seen first, whole, as many as fit, gone when their cause is."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from app.container import App
from presentation.i18n.renderer import renderer_for
from presentation.terminal.dashboard import Dashboard
from tests.presentation.test_presentation_dashboard import drawn, seen
from tests.support.accounts.egress import open_circuit
from tests.support.alerts.alert_causes import disable, enable, expire, fail_task, suspect
from tests.support.crawler.workbench import ONE_ENGINE, add_account, file_crawl
from tests.support.moving_clock import MovingClock

pytestmark = ONE_ENGINE


def watched(app: App) -> App:
    app.alerts.monitor().look_once()
    return app


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_screen_with_many_alerts_fits_and_still_shows_the_work(
    app: App, size: tuple[int, int], language: str
) -> None:
    watched(app)
    for number in range(12):
        fail_task(app, f"一个很长的领域名称用来测试换行 {number}")
        add_account(app, f"小红书运营账号{number}")
    file_crawl(app, 30, "游戏")
    app.alerts.monitor().look_once()
    lines = drawn(app, seen(app), size, language)
    assert len(lines) < size[1]
    assert [line for line in lines if cell_len(line.rstrip()) > size[0]] == []
    marked = [line for line in lines if line.startswith("! ")]
    assert lines[1].startswith("! ") and 2 <= len(marked) <= size[1] // 4
    left_out = 12 - (len(marked) - 1)
    assert f"{left_out} " in marked[-1] and "python cli.py alerts list" in marked[-1]
    assert any("游戏" in line for line in lines) and sum(" / 4,000" in line for line in lines) >= 2


def test_an_alert_is_off_the_screen_when_its_cause_is_gone(app: App) -> None:
    watched(app)
    disable(app)
    expire(app, 1, "acc2")
    app.alerts.monitor().look_once()
    screen = "\n".join(drawn(app, seen(app)))
    assert "! account acc1 (bilibili) is disabled: session expired" in screen
    assert "! the session of account acc2 (bilibili) ends at 2026-11-23 12:00" in screen
    enable(app)
    app.alerts.monitor().look_once()
    screen = "\n".join(drawn(app, seen(app)))
    assert "acc1 (bilibili)" not in screen and "acc2 (bilibili)" in screen


def test_plain_lines_tell_each_alert_once_when_it_comes_and_when_it_goes(
    app: App, clock: MovingClock
) -> None:
    watched(app)
    console = Dashboard(renderer_for("zh", app.calendar.zone))
    assert console.alert_news(seen(app)) == []
    disable(app)
    app.alerts.monitor().look_once()
    [line] = console.alert_news(seen(app))
    assert line == "12:00:00 | 告警: 账号 acc1（bilibili）已禁用：会话过期（code -101）"
    assert console.alert_news(seen(app)) == []
    clock.move(60)
    enable(app)
    app.alerts.monitor().look_once()
    [line] = console.alert_news(seen(app))
    assert line.startswith("12:01:00 | 已恢复: 账号 acc1（bilibili）")
    assert console.alert_news(seen(app)) == []


def test_an_alert_about_a_circuit_is_over_when_its_time_is_though_nobody_looked(
    app: App, clock: MovingClock
) -> None:
    watched(app)
    add_account(app, "acc1")
    open_circuit(app, "bilibili", endpoint="search", secs=60)
    expire(app, 1, "acc2")
    app.alerts.monitor().look_once()
    session, circuit = seen(app).alerts
    assert circuit.is_present(clock.now()) and session.is_present(clock.now())
    told = [line for line in drawn(app, seen(app)) if "search" in line]
    assert len(told) == 1 and told[0].startswith("until "), "the fault is told once"
    clock.move(61)
    assert not circuit.is_present(clock.now())
    [tried] = [line for line in drawn(app, seen(app)) if "search" in line]
    assert "is tried again" in tried
    clock.move(3 * 86_400)
    assert session.is_present(clock.now())


def test_causes_are_whole_on_a_screen_and_what_is_left_out_is_named_by_its_listing(
    app: App,
) -> None:
    for number in range(8):
        suspect(app, f"acc{number}")
    text = "\n".join(drawn(app, seen(app)))
    assert "no request by account acc0 (bilibili): risk control (code -352)" in " ".join(
        text.split()
    )
    assert "circuits list" not in text
    assert "more: python cli.py accounts list" in text
