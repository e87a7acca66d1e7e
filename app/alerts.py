"""Build the detection of alerts and their notification."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from accounts.key_watch import KeyWatch
from alerts.database_trouble import DatabaseTrouble
from alerts.hour_trouble import HourTrouble
from alerts.monitor import AlertMonitor
from alerts.number_trouble import NumberTrouble
from alerts.process_trouble import ProcessTrouble, Rejection
from alerts.report_trouble import ReportTrouble
from alerts.rules import AlertRules
from app.foundation import Foundation, secret_text
from app.pool import PoolFactories
from core.messages import Message
from presentation.i18n.alert_messages import AlertMessage, AlertRenderer
from presentation.i18n.renderer import Renderer, renderer_for
from works.hour_data.hours import Hour

if TYPE_CHECKING:
    from alerts.channels import Channel
    from alerts.notifier import AlertNotifier
    from presentation.digest import DigestReader
    from works.catalogue.drop_folder import DropFolder
    from works.hourly.gaps import ViewGaps


@dataclass(frozen=True, kw_only=True)
class AlertFactories:
    """Builds the alert monitor, the notification channels and their notifiers.

    Args:
        drop_folder: returns the importer of the import directory.
        jobs: returns the names of the scheduled jobs.
        digests: returns the reader of daily digests.
        gaps: returns what finds hours without numbers.
    """

    foundation: Foundation
    pool: PoolFactories
    drop_folder: Callable[[], DropFolder]
    jobs: Callable[[], Sequence[str]]
    digests: Callable[[], DigestReader]
    gaps: Callable[[], ViewGaps]

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Return the channels of BATON_NOTIFY_URLS. Raise SettingsError when a URL cannot be
        used."""
        from alerts.channels import parse_channels

        return parse_channels(secret_text(self.foundation.settings.notify_urls) or "")

    def require_channels(self) -> None:
        """Raise SettingsError when a URL of BATON_NOTIFY_URLS cannot be used."""
        _ = self.channels

    @property
    def messages(self) -> AlertRenderer:
        """Return the renderer of alerts in the language of the settings."""
        return AlertRenderer(self._renderer)

    @property
    def _renderer(self) -> Renderer:
        return renderer_for(self.foundation.settings.language, self.foundation.calendar.zone)

    def monitor(self) -> AlertMonitor:
        """Return a new alert monitor; one is run in each long-running process."""
        warning = timedelta(days=self.foundation.settings.session_warning_days)
        zone = self.foundation.calendar.zone
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
            reports=ReportTrouble(
                clock=self.foundation.clock,
                late_secs=self.foundation.settings.webhook_late_secs,
                broadcast_secs=self.foundation.settings.broadcast_secs,
            ),
            jobs=self.jobs,
            hours=HourTrouble(
                look=self.gaps().read,
                clock=self.foundation.clock,
                is_on=self.foundation.settings.views_enabled,
            ),
            numbers=NumberTrouble(
                clock=self.foundation.clock,
                begins=lambda index: Hour.from_index(index).begins(zone),
                named=lambda index: str(Hour.from_index(index)),
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
        if not self.foundation.settings.works_inbox.is_dir():
            return None  # without the import directory its importer need not be loaded
        rejected = self.drop_folder().rejected
        paths = rejected.paths()
        if not paths:
            return None
        newest = max(paths, key=lambda path: paths[path])
        return Rejection(len(paths), paths[newest], rejected.reason_of(newest))

    def notifiers(self) -> list[AlertNotifier]:
        """Return one notifier for each channel."""
        from alerts.digests import DigestSender
        from alerts.notifier import AlertNotifier

        return [
            AlertNotifier(
                database=self.foundation.database,
                clock=self.foundation.clock,
                channel=channel,
                renderer=self.messages,
                owner=self.foundation.owner,
                host=self.foundation.host,
                errors=self.foundation.errors_of("notices", service="alerts"),
                digests=DigestSender(
                    database=self.foundation.database,
                    clock=self.foundation.clock,
                    channel=channel,
                    compose=self.digest_of,
                    owner=self.foundation.owner,
                    errors=self.foundation.errors_of("digests", service="alerts"),
                ),
            )
            for channel in self.channels
        ]

    def digest_of(self, day: date) -> AlertMessage:
        """Return the digest of a quota day, in the language of the settings."""
        from presentation.digest import digest_message

        return digest_message(self.digests().of_day(day), self._renderer)

    def file_digest(self, scheduled_at: datetime) -> Message:
        """File the digest of the day before for every channel; return a summary. It is the job
        `daily_digest`."""
        from alerts.digests import DigestFiler

        filer = DigestFiler(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            channels=[channel.id for channel in self.channels],
        )
        return filer.file(scheduled_at)

    def notifier_loops(self) -> list[Callable[[threading.Event], None]]:
        """Return a loop for each notifier, to be run in a thread of its own until the given
        event is set."""
        return [notifier.run for notifier in self.notifiers()]
