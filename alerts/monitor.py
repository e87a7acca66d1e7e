"""The alerts: raised once per cause over all processes, over when their cause stays away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.rules import AlertCause, AlertRules
from core.clock import Clock
from core.errors import CommitUnknownError, DatabaseError, DuplicateKeyError
from core.logs import fields, service_log
from presentation.i18n.alert_messages import AlertRenderer
from storage.engines.transactions import Database, Tx
from storage.operations import alert_notices, alert_queries, alerts
from storage.operations.alert_notices import News
from storage.operations.alerts import Alert

log = service_log("alerts")
LOOK_EVERY_SECS = 5.0
CALM_SECS = 300  # a cause must stay away that long before its alert is over
MAX_CALM_SECS = 3600  # ... twice as long each time it comes back within COMES_BACK
COMES_BACK = timedelta(hours=1)


@dataclass(frozen=True)
class Raise:
    trouble: AlertCause


@dataclass(frozen=True)
class Refresh:
    """Its cause is there, but not as it was."""

    alert: Alert
    trouble: AlertCause


@dataclass(frozen=True)
class MarkRecovered:
    alert: Alert


@dataclass(frozen=True)
class Resolve:
    alert: Alert


Change = Raise | Refresh | MarkRecovered | Resolve


class AlertMonitor:
    """One thread of a process. Any number of them may watch one database.

    Args:
        channels: ids of the notification channels that are to be told.
        words: how an alert is written into the log.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        rules: AlertRules,
        channels: Sequence[str],
        words: AlertRenderer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._channels = tuple(channels)
        self._words = words
        self._since: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop`; a database that is away is waited for."""
        while not stop.is_set():
            try:
                self.look_once()
            except (DatabaseError, CommitUnknownError) as error:
                log.error("database trouble, trying again: %s", error)
            self._clock.wait(stop, LOOK_EVERY_SECS)

    def look_once(self) -> int:
        """Compare what is wrong with what the alerts say; how many were raised or ended."""
        since = self._since = self._since or self._begin()
        # The first look locks nothing, and nearly always it is the only one.
        if not self._database.read(self._changes, since):
            return 0
        news = self._database.write_idempotent(self._settle, since)
        for alert, what in news:
            text = fields(alert=alert.id, kind=alert.kind) + f" {self._words.headline(alert)}"
            if what is News.RAISED:
                log.warning("raised %s", text)
            else:
                log.info("over %s", text)
        return len(news)

    def _begin(self) -> datetime:
        """Since when this database is watched; the first look of all is not about the past."""
        known = self._database.read(alert_queries.watched_since)
        now = self._clock.now()
        return known or self._database.write(alert_queries.begin_watch, now)

    def _changes(self, tx: Tx, since: datetime) -> list[Change]:
        known = {alert.key: alert for alert in alerts.all_open(tx)}
        wrong = {one.key: one for one in self._rules.troubles(tx, known.values(), since)}
        changes: list[Change] = [Raise(one) for key, one in wrong.items() if key not in known]
        for key, alert in known.items():
            if key in wrong:
                if alert.well_since is not None or _differs(alert, wrong[key]):
                    changes.append(Refresh(alert, wrong[key]))
            elif alert.well_since is None:
                changes.append(MarkRecovered(alert))
            elif self._clock.now() >= alert.well_since + timedelta(seconds=alert.calm_secs):
                changes.append(Resolve(alert))
        return changes

    def _settle(self, tx: Tx, since: datetime) -> list[tuple[Alert, News]]:
        """Look again, and write; what is new."""
        news = []
        for change in self._changes(tx, since):
            match change:
                case Raise(trouble):
                    raised = self._raise(tx, trouble)
                    if raised is not None:
                        news.append((raised, News.RAISED))
                case Refresh(alert, trouble):
                    alerts.refresh(tx, alert.id, trouble.facts, trouble.until_at)
                case MarkRecovered(alert):
                    alerts.note_cause_gone(tx, alert.id, self._clock.now())
                case Resolve(alert):
                    if self._resolve(tx, alert):
                        news.append((alert, News.RESOLVED))
        return news

    def _raise(self, tx: Tx, trouble: AlertCause) -> Alert | None:
        """The new alert, with what is to be told of it; None when another process was faster."""
        now = self._clock.now()
        last = alerts.last_of(tx, trouble.kind, trouble.subject)
        calm_secs = CALM_SECS
        if last and last.resolved_at and now - last.resolved_at < COMES_BACK:
            calm_secs = min(MAX_CALM_SECS, last.calm_secs * 2)
        try:
            alert_id = alerts.add(
                tx,
                trouble.kind,
                subject=trouble.subject,
                facts=trouble.facts,
                until=trouble.until_at,
                calm_secs=calm_secs,
                now=now,
            )
        except DuplicateKeyError:
            return None
        for channel in self._channels:
            alert_notices.add(tx, alert_id, News.RAISED, channel, now)
        return alerts.last_of(tx, trouble.kind, trouble.subject)

    def _resolve(self, tx: Tx, alert: Alert) -> bool:
        """End an alert; who was told of it is told so. False when another process was faster."""
        now = self._clock.now()
        if not alerts.resolve(tx, alert.id, now):
            return False
        alert_notices.drop_unsent(tx, alert.id)
        for channel in alert_notices.notified_channels(tx, alert.id):
            alert_notices.add(tx, alert.id, News.RESOLVED, channel, now)
        return True


def _differs(alert: Alert, trouble: AlertCause) -> bool:
    return (dict(alert.facts), alert.until_at) != (dict(trouble.facts), _millis(trouble.until_at))


def _millis(moment: datetime | None) -> datetime | None:
    """As the database keeps it."""
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)
