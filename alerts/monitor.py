"""Raise one alert for each cause, and resolve it when the cause stays away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.causes import AlertCause
from alerts.rules import AlertRules
from core.clock import Clock
from core.errors import DuplicateKeyError
from core.logs import fields, service_log
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from presentation.i18n.alert_messages import AlertRenderer
from storage.engines.transactions import Database, Tx
from storage.operations import alert_notices, alert_queries, alerts
from storage.operations.alert_notices import News
from storage.operations.alerts import NOT_RAISED, TOLD_ONCE, Alert, AlertKind

log = service_log("alerts")
LOOK_EVERY_SECS = 5.0
CALM_SECS = 300  # for so long a cause must stay away before its alert is resolved
# The time doubles with every return of a cause within RECURS_WITHIN, so that a cause that comes
# and goes is one alert and not many.
MAX_CALM_SECS = 3600
RECURS_WITHIN = timedelta(hours=1)
# Another process cannot say whether their cause is over.
ONLY_IN_ITS_PROCESS = frozenset({AlertKind.DATABASE_UNAVAILABLE, AlertKind.DATABASE_UNKNOWN_ERROR})


@dataclass(frozen=True)
class Raise:
    """The change for a cause without an open alert: raise one."""

    cause: AlertCause


@dataclass(frozen=True)
class Refresh:
    """The change for an open alert whose cause has other facts, or has come back: update it."""

    alert: Alert
    cause: AlertCause


@dataclass(frozen=True)
class MarkRecovered:
    """The change for an open alert whose cause is gone for the first time: note since when."""

    alert: Alert


@dataclass(frozen=True)
class Resolve:
    """The change for an open alert whose cause stayed away for long enough: resolve it."""

    alert: Alert


Change = Raise | Refresh | MarkRecovered | Resolve


@dataclass(kw_only=True)
class AlertMonitor:
    """Raises an alert for each cause (a kind of trouble with its subject), and resolves it in the
    end.

    Any number of processes may watch one database.

    Args:
        channels: the ids of the notification channels of this process; each gets a notice.
        renderer: writes alerts into the log.
    """

    database: Database
    clock: Clock
    rules: AlertRules
    channels: Sequence[str]
    renderer: AlertRenderer
    errors: ComponentErrors
    _since: datetime | None = field(default=None, init=False)

    def run(self, stop: threading.Event) -> None:
        """Look every 5 s until `stop` is set; when the database fails, log it and look again."""
        poller = database_poller(
            clock=self.clock, poll_secs=LOOK_EVERY_SECS, log=log, errors=self.errors
        )
        poller.run(self.look_once, stop)

    def look_once(self) -> int:
        """Raise, update and resolve alerts once; return the number that were raised or resolved.

        Raises:
            DatabaseError: nothing was changed.
        """
        since = self._since = self._since or self._watched_since()
        # A read locks nothing, and nearly always there is nothing to change.
        if not self.database.read(self._changes, since):
            return 0
        changed = self.database.write_idempotent(self._apply_changes, since)
        for alert, news in changed:
            text = fields(alert=alert.id, kind=alert.kind) + f" {self.renderer.headline(alert)}"
            if news is News.RAISED:
                log.warning("raised %s", text)
            else:
                log.info("over %s", text)
        return len(changed)

    def open_now(self) -> list[Alert]:
        """Return what is wrong at this moment, though no process looked of late; write nothing.

        Those whose cause nobody has raised yet come last, with the id NOT_RAISED.
        """
        since = self.database.read(alert_queries.watched_since) or self.clock.now()
        return self.database.read(self._open_now, since)

    def _open_now(self, tx: Tx, since: datetime) -> list[Alert]:
        found = {alert.key: alert for alert in alerts.all_open(tx)}
        now = self.clock.now()
        for change in self._changes(tx, since):
            match change:
                case Raise(cause):
                    found[cause.key] = _unraised(cause, now)
                case Refresh(alert, cause):
                    facts = cause.stored_facts(alert)
                    found[alert.key] = replace(
                        alert, facts=facts, until_at=cause.until_at, well_since=None
                    )
                case MarkRecovered(alert) if alert.kind not in ONLY_IN_ITS_PROCESS:
                    found[alert.key] = replace(alert, well_since=now)
                case Resolve(alert) if alert.kind not in ONLY_IN_ITS_PROCESS:
                    del found[alert.key]
        return list(found.values())

    def _watched_since(self) -> datetime:
        """Return the UTC time of the first look at this database: older causes raise no alert."""
        known = self.database.read(alert_queries.watched_since)
        now = self.clock.now()
        return known or self.database.write(alert_queries.begin_watch, now)

    def _changes(self, tx: Tx, since: datetime) -> list[Change]:
        """Return the changes that bring the open alerts in line with the causes; write nothing."""
        known = {alert.key: alert for alert in alerts.all_open(tx)}
        causes = {cause.key: cause for cause in self.rules.causes(tx, known.values(), since)}
        changes: list[Change] = [Raise(cause) for key, cause in causes.items() if key not in known]
        for key, alert in known.items():
            if key in causes:
                if alert.well_since is not None or _differs(alert, causes[key]):
                    changes.append(Refresh(alert, causes[key]))
            elif alert.well_since is None:
                changes.append(MarkRecovered(alert))
            elif self.clock.now() >= alert.well_since + timedelta(seconds=alert.calm_secs):
                changes.append(Resolve(alert))
        return changes

    def _apply_changes(self, tx: Tx, since: datetime) -> list[tuple[Alert, News]]:
        """Find the changes again in this transaction and write them.

        Returns the alerts that were raised or resolved, for the log.
        """
        changed = []
        for change in self._changes(tx, since):
            match change:
                case Raise(cause):
                    raised = self._raise(tx, cause)
                    if raised is not None:
                        changed.append((raised, News.RAISED))
                case Refresh(alert, cause):
                    alerts.refresh(tx, alert.id, cause.stored_facts(alert), cause.until_at)
                case MarkRecovered(alert):
                    alerts.note_cause_gone(tx, alert.id, self.clock.now())
                case Resolve(alert):
                    if self._resolve(tx, alert):
                        changed.append((alert, News.RESOLVED))
        return changed

    def _raise(self, tx: Tx, cause: AlertCause) -> Alert | None:
        """Add an alert and its notices, and return it; None when another process was faster."""
        now = self.clock.now()
        last = alerts.last_of(tx, cause.kind, cause.subject)
        calm_secs = CALM_SECS
        if last and last.resolved_at and now - last.resolved_at < RECURS_WITHIN:
            calm_secs = min(MAX_CALM_SECS, last.calm_secs * 2)
        try:
            alert_id = alerts.add(
                tx,
                cause.kind,
                subject=cause.subject,
                facts=cause.stored_facts(),
                until=cause.until_at,
                calm_secs=calm_secs,
                now=now,
            )
        except DuplicateKeyError:
            return None
        for channel in self.channels:
            alert_notices.add(tx, alert_id, News.RAISED, channel, now)
        return alerts.last_of(tx, cause.kind, cause.subject)

    def _resolve(self, tx: Tx, alert: Alert) -> bool:
        """Resolve an alert and notify the channels that it was sent to, if it is trouble and no
        news.

        Returns False when another process was faster.
        """
        now = self.clock.now()
        if not alerts.resolve(tx, alert.id, now):
            return False
        alert_notices.drop_unsent(tx, alert.id)
        if alert.kind in TOLD_ONCE:
            return True
        for channel in alert_notices.notified_channels(tx, alert.id):
            alert_notices.add(tx, alert.id, News.RESOLVED, channel, now)
        return True


def _unraised(cause: AlertCause, now: datetime) -> Alert:
    return Alert(
        id=NOT_RAISED,
        kind=cause.kind,
        subject=cause.subject,
        facts=cause.stored_facts(),
        until_at=cause.until_at,
        raised_at=now,
        well_since=None,
        calm_secs=CALM_SECS,
        resolved_at=None,
    )


def _differs(alert: Alert, cause: AlertCause) -> bool:
    """Return True when a cause has other facts or another end than its alert."""
    return (dict(alert.facts), alert.until_at) != (
        cause.stored_facts(alert),
        _millis(cause.until_at),
    )


def _millis(moment: datetime | None) -> datetime | None:
    """Return a time cut to milliseconds, as the database stores it."""
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)
