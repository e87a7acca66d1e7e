"""Build the detection of alerts and their notification."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from accounts.key_watch import KeyWatch
from alerts.channels import Channel, parse_channels
from alerts.database_trouble import DatabaseTrouble
from alerts.hour_trouble import HourTrouble
from alerts.monitor import AlertMonitor
from alerts.notifier import AlertNotifier
from alerts.process_trouble import ProcessTrouble, Rejection
from alerts.rules import AlertRules
from app.foundation import Foundation, secret_text
from app.pool import PoolFactories
from presentation.i18n.alert_messages import AlertRenderer
from presentation.i18n.renderer import renderer_for

if TYPE_CHECKING:
    from works.catalogue.drop_folder import DropFolder
    from works.hourly.gaps import ViewGaps


@dataclass(frozen=True, kw_only=True)
class AlertFactories:
    """Builds the alert monitor, the notification channels and their notifiers.

    Args:
        drop_folder: returns the importer of the import directory.
        gaps: returns what finds hours without numbers.
    """

    foundation: Foundation
    pool: PoolFactories
    drop_folder: Callable[[], DropFolder]
    gaps: Callable[[], ViewGaps]

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Return the channels of BATON_NOTIFY_URLS. Raise SettingsError when a URL cannot be
        used."""
        return parse_channels(secret_text(self.foundation.settings.notify_urls) or "")

    def require_channels(self) -> None:
        """Raise SettingsError when a URL of BATON_NOTIFY_URLS cannot be used."""
        _ = self.channels

    @property
    def messages(self) -> AlertRenderer:
        """Return the renderer of alerts in the language of the settings."""
        return AlertRenderer(
            renderer_for(self.foundation.settings.language, self.foundation.calendar.zone)
        )

    def monitor(self) -> AlertMonitor:
        """Return a new alert monitor; one is run in each long-running process."""
        warning = timedelta(days=self.foundation.settings.session_warning_days)
        rules = AlertRules(
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            session_warning=warning,
            process=ProcessTrouble(
                host=self.foundation.host,
                clock=self.foundation.clock,
                internal_errors=self.foundation.internal_errors,
                watchdog=self.foundation.watchdog,
                keys=KeyWatch(vault=self.foundation.vault, clock=self.foundation.clock),
                rejection=self._rejection,
            ),
            database=DatabaseTrouble(
                outages=self.foundation.database.outages,
                clock=self.foundation.clock,
                host=self.foundation.host,
            ),
            hours=HourTrouble(
                look=self.gaps().read,
                clock=self.foundation.clock,
                is_on=self.foundation.settings.views_enabled,
            ),
        )
        ids = [channel.id for channel in self.channels]
        return AlertMonitor(
            database=self.foundation.database,
            clock=self.foundation.clock,
            rules=rules,
            channels=ids,
            renderer=AlertRenderer(renderer_for("en", self.foundation.calendar.zone)),
            errors=self.foundation.errors_of("alerts"),
        )

    def _rejection(self) -> Rejection | None:
        rejected = self.drop_folder().rejected
        paths = rejected.paths()
        if not paths:
            return None
        newest = max(paths, key=lambda path: paths[path])
        return Rejection(len(paths), paths[newest], rejected.reason_of(newest))

    def notifiers(self) -> list[AlertNotifier]:
        """Return one notifier for each channel."""
        return [
            AlertNotifier(
                database=self.foundation.database,
                clock=self.foundation.clock,
                channel=channel,
                renderer=self.messages,
                owner=self.foundation.owner,
                host=self.foundation.host,
                errors=self.foundation.errors_of("notices", service="alerts"),
            )
            for channel in self.channels
        ]

    def notifier_loops(self) -> list[Callable[[threading.Event], None]]:
        """Return a loop for each notifier, to be run in a thread of its own until the given
        event is set."""
        return [notifier.run for notifier in self.notifiers()]
