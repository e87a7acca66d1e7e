"""The console's alerts: a line each on the screen, and a plain line when one comes or goes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from presentation.i18n.alert_messages import AlertRenderer
from presentation.terminal.layout import Page
from storage.operations.alerts import Alert

MARK = "! "


def shown(alerts: Sequence[Alert]) -> list[Alert]:
    """What is wrong just now: an alert whose cause is gone only waits for its end."""
    return [alert for alert in alerts if alert.well_since is None]


def draw(page: Page, alerts: Sequence[Alert], room: int) -> list[Text]:
    """The newest alerts in `room` lines; what is left out is counted."""
    words = AlertRenderer(texts=page.texts, zone=page.zone)
    wrong = shown(alerts)
    newest = wrong if len(wrong) <= room else wrong[-max(1, room - 1) :]
    lines = [_line(MARK + words.headline(alert), "bold red") for alert in newest]
    if len(newest) < len(wrong):
        left_out = words.alert.more.format(n=f"{len(wrong) - len(newest):,}")
        lines.append(_line(MARK + left_out, "red"))
    return lines


class AlertNews:
    """Tells in plain lines which alerts came and which went since it was asked last."""

    def __init__(self, words: AlertRenderer) -> None:
        self._words = words
        self._seen: dict[int, Alert] = {}

    def lines(self, page: Page, alerts: Sequence[Alert]) -> list[str]:
        now = {alert.id: alert for alert in shown(alerts)}
        texts = self._words.alert
        told = [(texts.open, one) for number, one in now.items() if number not in self._seen]
        told += [(texts.over, one) for number, one in self._seen.items() if number not in now]
        self._seen = now
        clock = page.clock(page.now)
        return [f"{clock} | {what}: {self._words.headline(alert)}" for what, alert in told]


def _line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
