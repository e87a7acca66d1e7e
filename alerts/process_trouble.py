"""Find the causes of alerts that only their own process knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.key_watch import KeyWatch
from accounts.vault import KEY_CHECK, KeyTrouble
from alerts.causes import AlertCause
from core.clock import Clock, iso_utc
from core.messages import Message
from core.supervision.internal_errors import SHOWN_FOR, InternalErrors
from core.supervision.watchdog import Watchdog
from storage.engines.transactions import Tx
from storage.operations.alerts import Alert, AlertKind
from storage.schema import schema

# What lasts gets a new end before the old one has come.
LASTING = timedelta(seconds=90)
# The end of a cause is written again when it has moved by so much: not at every look.
TOLERANCES = {
    AlertKind.INTERNAL_ERROR: timedelta(seconds=5),
    AlertKind.KEY_CHANGED: timedelta(seconds=30),
    AlertKind.WORK_STALLED: timedelta(seconds=30),
    AlertKind.WORKS_REJECTED: timedelta(seconds=30),
}
MAX_SUBJECT_CHARS = 110
KEY_REASONS = {
    KeyTrouble.OUTDATED: "process_key_outdated",
    KeyTrouble.OTHER_ON_DISK: "other_key_on_disk",
    KeyTrouble.UNREADABLE: "key_file_gone",
}


# A table that is sent every night is rejected again within this time, or else it is mended.
REJECTED_FOR = timedelta(days=2)


@dataclass(frozen=True)
class Rejection:
    """The newest of `files` that the drop folder of works rejected: when (UTC), and why."""

    files: int
    at: datetime
    reason: Message


@dataclass(frozen=True, kw_only=True)
class ProcessTrouble:
    """Finds trouble of this process and its host: unexpected errors, work that hangs, another
    secret key, works that were rejected.

    Other processes cannot see it. Each cause therefore has an end, and counts for all of them until
    then: also when its process has died meanwhile.

    Args:
        host: the name of this host, which is part of the subjects.
        rejection: returns what the drop folder of works rejected; None for nothing.
    """

    host: str
    clock: Clock
    internal_errors: InternalErrors
    keys: KeyWatch
    watchdog: Watchdog
    rejection: Callable[[], Rejection | None] = lambda: None

    KINDS = frozenset(TOLERANCES)

    def causes(self, tx: Tx, known: Iterable[Alert]) -> list[AlertCause]:
        """Return the causes of this process, and those of others whose end has not come.

        `known` are the open alerts.
        """
        now = self.clock.now()
        causes = {
            alert.key: AlertCause(
                kind=alert.kind, subject=alert.subject, facts=alert.facts, until_at=alert.until_at
            )
            for alert in known
            if alert.kind in self.KINDS and (alert.until_at or now) > now
        }
        found = [*self._errors(), *self._keys(tx), *self._stalled(), *self._rejected()]
        for cause in found:
            seen = causes.get(cause.key)
            if seen is None or _has_moved(seen, cause):
                causes[cause.key] = cause
        return list(causes.values())

    def _errors(self) -> Iterator[AlertCause]:
        for found in self.internal_errors.recent():
            yield AlertCause(
                kind=AlertKind.INTERNAL_ERROR,
                subject=self._subject(f"component:{found.component}"),
                facts={
                    "component": found.component,
                    "host": self.host,
                    "error": found.error.dump(),
                    "times": found.times,
                },
                until_at=found.last_at + SHOWN_FOR,
            )

    def _keys(self, tx: Tx) -> Iterator[AlertCause]:
        trouble = self.keys.look(schema.get_fact(tx, KEY_CHECK))
        if trouble is not None:
            yield AlertCause(
                kind=AlertKind.KEY_CHANGED,
                subject=self._subject("key"),
                facts={"host": self.host, "reason": Message.of(KEY_REASONS[trouble]).dump()},
                until_at=self.clock.now() + LASTING,
            )

    def _stalled(self) -> Iterator[AlertCause]:
        for work in self.watchdog.stalled():
            yield AlertCause(
                kind=AlertKind.WORK_STALLED,
                subject=self._subject(work.what.replace(" ", ":")),
                facts={
                    "host": self.host,
                    "reason": Message.of(f"stalled_{work.kind}", name=work.name).dump(),
                    "since": iso_utc(work.since),
                },
                until_at=self.clock.now() + LASTING,
            )

    def _rejected(self) -> Iterator[AlertCause]:
        rejection, now = self.rejection(), self.clock.now()
        if rejection is not None and now - rejection.at < REJECTED_FOR:
            yield AlertCause(
                kind=AlertKind.WORKS_REJECTED,
                subject=self._subject("inbox"),
                facts={
                    "host": self.host,
                    "files": rejection.files,
                    "reason": rejection.reason.dump(),
                },
                until_at=now + LASTING,
            )

    def _subject(self, what: str) -> str:
        return f"{what},host:{self.host}"[:MAX_SUBJECT_CHARS]


def _has_moved(seen: AlertCause, cause: AlertCause) -> bool:
    if seen.until_at is None or cause.until_at is None:
        return True
    return cause.until_at - seen.until_at > TOLERANCES[cause.kind]
