"""Telling: notices go from the database to their channel, at least once each."""

from __future__ import annotations

import threading
from datetime import timedelta

from alerts.channels import Channel
from core.clock import Clock
from core.errors import CommitUnknownError, DatabaseError
from core.logs import fields, service_log
from presentation.i18n.alert_messages import AlertRenderer
from storage.engines.transactions import Database, Tx
from storage.operations import alert_notices, alerts
from storage.operations.alert_notices import News, Notice

log = service_log("alerts")
LOOK_EVERY_SECS = 5.0
# Longer than any send: nobody renews it, so that a teller that hangs is replaced.
LEASE_SECS = 60.0
MAX_AT_ONCE = 50  # causes in one message: many at once must be no storm
MAX_IN_WORDS = 8
BACKOFF_BASE_SECS = 30.0
BACKOFF_MOST_SECS = 3600.0
GIVE_UP_AFTER = timedelta(days=1)


class AlertNotifier:
    """Tells one channel, so that one that hangs holds up no other.

    Any number of processes may tell the same channel: each notice is leased. A process that dies
    between sending and noting leaves a notice that is sent once more.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        channel: Channel,
        words: AlertRenderer,
        owner: str,
        host: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._channel = channel
        self._words = words
        self._owner = owner
        self._host = host

    def run(self, stop: threading.Event) -> None:
        """Tell until `stop`; a database that is away is waited for."""
        while not stop.is_set():
            try:
                self.tell_once()
            except (DatabaseError, CommitUnknownError) as error:
                log.error("database trouble, trying again: %s", error)
            self._clock.wait(stop, LOOK_EVERY_SECS)

    def tell_once(self) -> int:
        """Send what is due as one message; how many notices it told."""
        notices = self._claim()
        if not notices:
            return 0
        told = [(one.alert, one.news) for one in notices]
        refusal = self._channel.send(self._words.message(self._host, told, MAX_IN_WORDS))
        if refusal is None:
            kept = self._database.write_idempotent(self._note_told, notices)
            log.info("%s told", fields(channel=self._channel.name, notices=kept))
            return kept
        given_up = self._database.write_idempotent(self._note_refused, notices, refusal)
        about = fields(channel=self._channel.name, notices=len(notices), given_up=given_up or None)
        log.warning("%s not told: %s", about, refusal)
        return 0

    def _claim(self) -> list[Notice]:
        now, channel = self._clock.now(), self._channel.id
        if not self._database.read(alert_notices.has_due, channel, now):
            return []
        until = now + timedelta(seconds=LEASE_SECS)
        return self._database.write(
            alert_notices.claim, channel, owner=self._owner, now=now, until=until, limit=MAX_AT_ONCE
        )

    def _note_told(self, tx: Tx, notices: list[Notice]) -> int:
        """How many were still ours. What is over by now is to be told so as well."""
        told = 0
        for notice in sorted(notices, key=lambda one: one.alert.id):
            # Locked first: an alert that ends just now must see that it was told, or be seen ended.
            is_open = alerts.lock_open(tx, notice.alert.id)
            now = self._clock.now()
            if not alert_notices.mark_sent(tx, notice, now):
                continue  # the lease was lost: somebody else sends it again
            told += 1
            if notice.news is News.RAISED and not is_open:
                alert_notices.add(tx, notice.alert.id, News.RESOLVED, self._channel.id, now)
        return told

    def _note_refused(self, tx: Tx, notices: list[Notice], refusal: str) -> int:
        """Put them back for later; how many are too old for that, or over by now."""
        now, given_up = self._clock.now(), 0
        for notice in sorted(notices, key=lambda one: one.alert.id):
            is_stale = notice.news is News.RAISED and not alerts.lock_open(tx, notice.alert.id)
            if is_stale or now - notice.created_at >= GIVE_UP_AFTER:
                given_up += alert_notices.give_up(tx, notice, refusal)
                continue
            pause = min(BACKOFF_MOST_SECS, BACKOFF_BASE_SECS * 2.0 ** (notice.attempts - 1))
            alert_notices.put_back(tx, notice, now + timedelta(seconds=pause), refusal)
        return given_up
