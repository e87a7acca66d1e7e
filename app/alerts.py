"""Build the detection of alerts and their notification."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from app.foundation import secret_text

if TYPE_CHECKING:
    from alerts.channels import Channel
    from alerts.monitor import AlertMonitor
    from alerts.notifier import AlertNotifier
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from presentation.i18n.alert_messages import AlertRenderer


class AlertFactories:
    """Builds the alert monitor, the notification channels and their notifiers."""

    def __init__(
        self,
        *,
        foundation: Foundation,
        pool: PoolFactories,
    ) -> None:
        self._base = foundation
        self._pool = pool

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Return the channels of BATON_NOTIFY_URLS. Raise SettingsError when a URL cannot be
        used."""
        from alerts.channels import parse_channels

        return parse_channels(secret_text(self._base.settings.notify_urls) or "")

    def require_channels(self) -> None:
        """Raise SettingsError when a URL of BATON_NOTIFY_URLS cannot be used."""
        _ = self.channels

    @property
    def messages(self) -> AlertRenderer:
        """Return the renderer of alerts in the language of the settings."""
        from presentation.i18n.alert_messages import AlertRenderer
        from presentation.i18n.messages import texts_for

        return AlertRenderer(
            texts=texts_for(self._base.settings.language), zone=self._base.calendar.zone
        )

    def monitor(self) -> AlertMonitor:
        """Return a new alert monitor; one is run in each long-running process."""
        from alerts.monitor import AlertMonitor
        from alerts.rules import AlertRules
        from presentation.i18n.alert_messages import log_renderer

        warning = timedelta(days=self._base.settings.session_warning_days)
        rules = AlertRules(
            breaker=self._pool.breaker,
            clock=self._base.clock,
            calendar=self._base.calendar,
            session_warning=warning,
        )
        ids = [channel.id for channel in self.channels]
        return AlertMonitor(
            database=self._base.database,
            clock=self._base.clock,
            rules=rules,
            channels=ids,
            renderer=log_renderer(self._base.calendar.zone),
        )

    def notifiers(self) -> list[AlertNotifier]:
        """Return one notifier for each channel."""
        from alerts.notifier import AlertNotifier

        return [
            AlertNotifier(
                database=self._base.database,
                clock=self._base.clock,
                channel=channel,
                renderer=self.messages,
                owner=self._base.owner,
                host=self._base.host,
            )
            for channel in self.channels
        ]

    def notifier_loops(self) -> list[Callable[[threading.Event], None]]:
        """Return the loops of the notifiers; each runs in a thread of
        its own until its event is set."""
        return [notifier.run for notifier in self.notifiers()]
