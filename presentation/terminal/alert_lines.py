"""Alerts on the terminal: lines of the live screen, and plain lines when one begins or ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from presentation.i18n.alert_messages import AlertRenderer
from presentation.terminal.layout import Page
from presentation.terminal.tables import wrapped
from storage.operations.alerts import Alert

MARK = "! "


def shown(alerts: Sequence[Alert], now: datetime) -> list[Alert]:
    """Return the alerts whose cause exists; the others only wait to be resolved."""
    return [alert for alert in alerts if alert.is_present(now)]


def draw(page: Page, alerts: Sequence[Alert], room: int) -> list[Text]:
    """Return the alerts whose cause exists, the newest of them in `room` lines of a screen, whole.

    The others are counted in the last line. Elsewhere all are shown, with what to do.
    """
    renderer = AlertRenderer(page.renderer)
    wrong = shown(alerts, page.now)
    if not page.is_screen:
        return [line for alert in wrong for line in _whole(page, renderer, alert)]
    drawn = [_wrapped(page, renderer.headline(alert), "bold red") for alert in wrong]
    if sum(map(len, drawn)) <= room:
        return [line for lines in drawn for line in lines]
    newest: list[Text] = []
    for number, lines in enumerate(reversed(drawn)):
        if newest and len(newest) + len(lines) >= room:
            left_out = page.say("alert_more", n=f"{len(drawn) - number:,}")
            return newest + _wrapped(page, left_out, "red")
        newest = lines + newest
    return newest


def _wrapped(page: Page, text: str, style: str) -> list[Text]:
    return wrapped(Text(MARK + text, style), page.width, len(MARK), first=0)


def _whole(page: Page, renderer: AlertRenderer, alert: Alert) -> list[Text]:
    what_to_do = page.say("alert_do", advice=renderer.advice(alert))
    return [
        *page.line(MARK + renderer.headline(alert), "bold red"),
        *page.line(what_to_do, indent=len(MARK)),
    ]


class AlertNews:
    """Remembers the open alerts, to tell which began and which ended since the last call."""

    def __init__(self, renderer: AlertRenderer) -> None:
        self._renderer = renderer
        self._seen: dict[str, Alert] = {}

    def lines(self, page: Page, alerts: Sequence[Alert]) -> list[str]:
        """Return a plain line for each alert that began or ended since the last call."""
        now = {alert.key: alert for alert in shown(alerts, page.now)}
        began, over = page.say("alert_is_open"), page.say("alert_is_over")
        changes = [(began, alert) for key, alert in now.items() if key not in self._seen]
        changes += [(over, alert) for key, alert in self._seen.items() if key not in now]
        self._seen = now
        clock = page.clock(page.now)
        return [
            f"{clock} | {change}: {self._renderer.headline(alert)}" for change, alert in changes
        ]
