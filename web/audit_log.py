"""The log of actions: who did what by command, console or API, when, and with which outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import BatonError, DatabaseError
from core.logs import redact, service_log, storable
from core.messages import TEXT, Message
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Database
from storage.operations import audit_log

log = service_log("web")
DONE = "done"


class Principal(Protocol):
    """The acting person or program: the holder of a token, or a user of the command line."""

    @property
    def name(self) -> str:
        """Return the token's name, or `cli:USER`."""

    @property
    def address(self) -> str:
        """Return the IP address that the action came from, or the host of a command."""


class AuditLog:
    """Writes one row for each action, whether it succeeds or fails."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def action(self, who: Principal, action: str, subject: str | Message) -> Iterator[None]:
        """Context manager that records the action inside with its outcome; errors reach the caller.

        Args:
            action: `thing.verb`, like `task.pause`.
            subject: the thing that is acted on; never a secret.
        """
        outcome: str | Message = Message.of("stopped_before_end")
        try:
            yield
            outcome = DONE
        except BatonError as error:
            outcome = error.message
            raise
        except StoppedSignal:
            raise
        except Exception as error:
            outcome = Message.of("operation_broken", error=type(error).__name__)
            raise
        finally:
            self.note(who.name, who.address, action, subject, outcome)

    def note(
        self, who: str, address: str, action: str, subject: str | Message, outcome: str | Message
    ) -> None:
        """Append a row, in a transaction of its own; messages are stored as data.

        When the database is away, nothing is raised and only the log file has it: an action that
        was carried out must not look as if it had failed.
        """
        log.info("%s from %s: %s %s: %s", who, address, action, subject, outcome)
        now = self._clock.now()
        try:
            self._database.write(
                audit_log.note,
                who,
                address=address,
                action=action,
                subject=_stored(subject),
                outcome=_stored(outcome),
                now=now,
            )
        except DatabaseError as error:
            log.error("action not noted in the database: %s", error)


def _stored(value: str | Message) -> str:
    """Return a text, or a message as JSON with shortened parameters, both redacted.

    A message that is too long even so is kept as an English sentence.
    """
    if isinstance(value, str):
        return redact(value)
    found = storable(value)
    if value.code == TEXT or len(found) > MAX_TEXT_CHARS:
        return redact(ENGLISH_RENDERER.sentence(value))
    return found
