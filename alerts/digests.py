"""File the daily digest for the channels, and send it: once for all hosts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from alerts.channels import Channel
from alerts.retries import next_attempt
from core.clock import Clock, QuotaCalendar
from core.logs import fields, service_log, storable
from core.messages import Message
from core.supervision.internal_errors import ComponentErrors, described
from presentation.i18n.alert_messages import AlertMessage
from storage.engines.transactions import Database, Tx
from storage.operations import digest_notices
from storage.operations.digest_notices import DigestNotice

log = service_log("alerts")
# Longer than a request takes, and than reading what the digest says.
LEASE_SECS = 120.0


@dataclass(frozen=True, kw_only=True)
class DigestFiler:
    """Files the digest of the day before; it is the job `daily_digest`.

    Args:
        channels: the ids of the notification channels of this process.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    channels: Sequence[str]

    def file(self, scheduled_at: datetime) -> Message:
        """File the digest of the quota day before the one of `scheduled_at`; return a summary.

        A channel that has the digest of that day already gets no second one.
        """
        if not self.channels:
            return Message.of("digest_without_channel")
        day = self.calendar.day(scheduled_at) - timedelta(days=1)
        filed = self.database.write_idempotent(self._file, day)
        code = "digest_filed" if filed else "digest_was_filed"
        return Message.of(code, day=str(day), channels=filed or len(self.channels))

    def _file(self, tx: Tx, day: date) -> int:
        now = self.clock.now()
        return sum(digest_notices.add(tx, day, channel, now) for channel in self.channels)


@dataclass(frozen=True, kw_only=True)
class DigestSender:
    """Sends the digests of one channel; any number of processes may serve the same one.

    A digest is sent again when its process dies between sending it and recording that.

    Args:
        compose: returns the digest of a day as a message.
        owner: the id of this process, written into its leases.
    """

    database: Database
    clock: Clock
    channel: Channel
    compose: Callable[[date], AlertMessage]
    owner: str
    errors: ComponentErrors

    def send_once(self) -> int:
        """Send the digest that is due for longest; return the number recorded as sent.

        A channel that refuses raises nothing: it is tried again later, for a day.

        Raises:
            DatabaseError: what was sent may be sent again.
        """
        notice = self._claim()
        if notice is None:
            return 0
        refusal = self._send(notice.day)
        about = fields(channel=self.channel.name, digest=notice.day)
        if refusal is None:
            sent = self.database.write_idempotent(
                digest_notices.mark_sent, notice, self.clock.now()
            )
            log.info("%s told", about)
            return int(sent)
        self.database.write_idempotent(self._record_refused, notice, refusal)
        log.warning("%s not told: %s", about, refusal)
        return 0

    def _claim(self) -> DigestNotice | None:
        now, channel = self.clock.now(), self.channel.id
        if not self.database.read(digest_notices.has_due, channel, now):
            return None
        until = now + timedelta(seconds=LEASE_SECS)
        return self.database.write(
            digest_notices.claim, channel, owner=self.owner, now=now, until=until
        )

    def _send(self, day: date) -> Message | None:
        """Send the digest of a day; return why the channel did not take it, None when it did."""
        try:
            return self.channel.send(self.compose(day))
        except Exception as error:  # a bug in one digest, or channel, must not stop the alerts
            log.exception("%s", fields(channel=self.channel.name, digest=day))
            self.errors.settled(error)
            return described(error)

    def _record_refused(self, tx: Tx, notice: DigestNotice, refusal: Message) -> None:
        now, error = self.clock.now(), storable(refusal)
        again_at = next_attempt(notice.attempts, notice.created_at, now)
        if again_at is None:
            digest_notices.give_up(tx, notice, error)
        else:
            digest_notices.put_back(tx, notice, again_at, error)
