"""Send the notices of alerts to their channels, each at least once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from alerts.channels import Channel
from alerts.digests import DigestSender
from alerts.retries import next_attempt
from core.clock import Clock
from core.logs import fields, service_log, storable
from core.messages import Message
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors, described
from presentation.i18n.alert_messages import AlertRenderer
from storage.engines.transactions import Database, Tx
from storage.operations import alert_notices, alerts
from storage.operations.alert_notices import News, Notice
from storage.operations.alerts import TOLD_ONCE

log = service_log("alerts")
LOOK_EVERY_SECS = 5.0
# Longer than any request takes. Nobody renews it, so that a notifier that hangs is replaced.
LEASE_SECS = 60.0
# Many alerts at once must not flood a channel: they share one message.
MAX_NOTICES = 50
# The other notices of a message are counted, without their text.
MAX_LISTED = 8


@dataclass(frozen=True, kw_only=True)
class AlertNotifier:
    """Sends the notices (messages about alerts) of one channel.

    A channel that hangs delays no other, as each has its own notifier. Any number of processes may
    serve the same channel: each notice is leased. A notice is sent again when its process dies
    between sending it and recording that.

    Args:
        owner: the id of this process, written into its leases.
        host: the name of this host, as messages show it.
        digests: sends the daily digests of the same channel.
    """

    database: Database
    clock: Clock
    channel: Channel
    renderer: AlertRenderer
    owner: str
    host: str
    errors: ComponentErrors
    digests: DigestSender

    def run(self, stop: threading.Event) -> None:
        """Send notices and digests until `stop` is set; when the database fails, log it and try
        again."""
        poller = database_poller(
            clock=self.clock, poll_secs=LOOK_EVERY_SECS, log=log, errors=self.errors
        )
        poller.run(lambda: self.send_once() + self.digests.send_once(), stop)

    def send_once(self) -> int:
        """Send the due notices as one message; return the number of notices recorded as sent.

        A channel that refuses raises nothing: its notices are due again later, or given up after a
        day.

        Raises:
            DatabaseError: what was sent may be sent again.
        """
        notices = self._claim()
        if not notices:
            return 0
        refusal = self._send(notices)
        if refusal is None:
            sent = self.database.write_idempotent(self._record_sent, notices)
            log.info("%s told", fields(channel=self.channel.name, notices=sent))
            return sent
        given_up = self.database.write_idempotent(self._record_refused, notices, refusal)
        about = fields(channel=self.channel.name, notices=len(notices), given_up=given_up or None)
        log.warning("%s not told: %s", about, refusal)
        return 0

    def _send(self, notices: list[Notice]) -> Message | None:
        """Send notices as one message; return why the channel did not take it, None when it did."""
        try:
            news = [(notice.alert, notice.news) for notice in notices]
            return self.channel.send(self.renderer.message(self.host, news, MAX_LISTED))
        except Exception as error:  # one alert's facts, or one channel, must not stop the others
            log.exception("%s", fields(channel=self.channel.name))
            self.errors.settled(error)
            return described(error)

    def _claim(self) -> list[Notice]:
        """Lease up to MAX_NOTICES due notices of the channel, for LEASE_SECS."""
        now, channel = self.clock.now(), self.channel.id
        if not self.database.read(alert_notices.has_due, channel, now):
            return []
        until = now + timedelta(seconds=LEASE_SECS)
        return self.database.write(
            alert_notices.claim, channel, owner=self.owner, now=now, until=until, limit=MAX_NOTICES
        )

    def _record_sent(self, tx: Tx, notices: list[Notice]) -> int:
        """Record notices as sent; return the number whose leases were still held.

        An alert that was resolved meanwhile gets a notice that says so.
        """
        sent = 0
        for notice in sorted(notices, key=_alert_id):
            # The alert is locked first: whoever resolves it now finds this notice sent, or this
            # transaction finds the alert resolved.
            is_open = alerts.lock_open(tx, notice.alert.id)
            now = self.clock.now()
            if not alert_notices.mark_sent(tx, notice, now):
                continue  # The lease was lost, and another process sends it again.
            sent += 1
            is_due = not is_open and notice.alert.kind not in TOLD_ONCE
            if notice.news is News.RAISED and is_due:
                alert_notices.add(tx, notice.alert.id, News.RESOLVED, self.channel.id, now)
        return sent

    def _record_refused(self, tx: Tx, notices: list[Notice], refusal: Message) -> int:
        """Schedule notices for another attempt; return the number given up instead.

        Given up are those that failed for a day, and those whose alert was resolved meanwhile.
        """
        now, given_up, error = self.clock.now(), 0, storable(refusal)
        for notice in sorted(notices, key=_alert_id):
            is_stale = notice.news is News.RAISED and not alerts.lock_open(tx, notice.alert.id)
            again_at = next_attempt(notice.attempts, notice.created_at, now)
            if is_stale or again_at is None:
                given_up += alert_notices.give_up(tx, notice, error)
            else:
                alert_notices.put_back(tx, notice, again_at, error)
        return given_up


def _alert_id(notice: Notice) -> int:
    return notice.alert.id
