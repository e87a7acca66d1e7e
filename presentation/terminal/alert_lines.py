"""Alerts on the terminal: lines of the live screen, and plain lines when one begins or ends."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from presentation.i18n.alert_messages import AlertRenderer
from presentation.terminal.layout import Page
from storage.operations.alerts import Alert

MARK = "! "


def shown(alerts: Sequence[Alert]) -> list[Alert]:
    """Return the alerts whose cause exists; the others only wait to be resolved."""
    return [alert for alert in alerts if alert.well_since is None]


def draw(page: Page, alerts: Sequence[Alert], room: int) -> list[Text]:
    """Return the newest alerts in `room` lines; the others are counted in the last one."""
    renderer = AlertRenderer(texts=page.texts, zone=page.zone)
    wrong = shown(alerts)
    newest = wrong if len(wrong) <= room else wrong[-max(1, room - 1) :]
    lines = [_line(MARK + renderer.headline(alert), "bold red") for alert in newest]
    if len(newest) < len(wrong):
        left_out = renderer.alert.more.format(n=f"{len(wrong) - len(newest):,}")
        lines.append(_line(MARK + left_out, "red"))
    return lines


class AlertNews:
    """Remembers the open alerts, to tell which began and which ended since the last call."""

    def __init__(self, renderer: AlertRenderer) -> None:
        self._renderer = renderer
        self._seen: dict[int, Alert] = {}

    def lines(self, page: Page, alerts: Sequence[Alert]) -> list[str]:
        """Return a plain line for each alert that began or ended since the last call."""
        now = {alert.id: alert for alert in shown(alerts)}
        texts = self._renderer.alert
        changes = [(texts.open, alert) for key, alert in now.items() if key not in self._seen]
        changes += [(texts.over, alert) for key, alert in self._seen.items() if key not in now]
        self._seen = now
        clock = page.clock(page.now)
        return [
            f"{clock} | {change}: {self._renderer.headline(alert)}" for change, alert in changes
        ]


def _line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
