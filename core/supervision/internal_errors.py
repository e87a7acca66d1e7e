"""Contain errors that nobody expected: each costs its unit of work, and seldom the process."""

from __future__ import annotations

import errno
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import Logger

from core.clock import Clock
from core.errors import NoResourcesError
from core.logs import redact
from core.messages import Message, message_of

# Five in a row mean that the component cannot work at all; a fresh process may be able to.
MAX_ESCAPED = 5
ESCAPED_WITHIN_SECS = 600.0
# The pauses after the first errors in a row: the fifth comes four minutes after the first.
PAUSES_SECS = (5.0, 15.0, 60.0, 180.0)
MAX_PAUSE_SECS = PAUSES_SECS[-1]
SHOWN_FOR = timedelta(minutes=10)
SHORTAGE_ERRNOS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
# What a thread pool of the standard library raises, which has no class of its own.
NO_THREAD = "can't start new thread"


@dataclass(frozen=True)
class InternalError:
    """The newest unexpected error of a component, and how many there were of late.

    Args:
        component: the name of its log, such as `webhooks`.
        error: what happened, with credentials redacted.
        times: the number of errors within the last ten minutes.
        last_at: when the newest one happened (UTC).
    """

    component: str
    error: Message
    times: int
    last_at: datetime


class ComponentErrors:
    """The unexpected errors of one component of a process; safe for threads.

    Args:
        component: its name in logs and alerts.
        log: gets each error with its traceback.
        max_pause_secs: the longest pause after an error.
    """

    def __init__(
        self, *, component: str, log: Logger, clock: Clock, max_pause_secs: float = MAX_PAUSE_SECS
    ) -> None:
        self._component = component
        self._log = log
        self._clock = clock
        self._max_pause_secs = max_pause_secs
        self._guard = threading.Lock()
        self._escaped: deque[float] = deque(maxlen=MAX_ESCAPED)
        self._seen: deque[datetime] = deque(maxlen=1000)
        self._newest: Message | None = None

    def settled(self, error: BaseException) -> None:
        """Note an error whose unit of work is settled by the caller, who also logs it.

        The unit failed, or will be tried again. Such an error never ends the process.
        """
        with self._guard:
            self._note(error)

    def escaped(self, error: BaseException) -> float:
        """Log and note an error that ended a look for work; return the seconds to pause.

        Raises:
            BaseException: `error` itself, when it is the fifth within ten minutes without a call of
                `succeeded` in between.
        """
        with self._guard:
            self._note(error)
            now = self._clock.monotonic()
            self._escaped.append(now)
            in_row = len(self._escaped)
            is_last = in_row == MAX_ESCAPED and now - self._escaped[0] <= ESCAPED_WITHIN_SECS
        if is_last:
            self._log.critical("%s gives up after %d errors in a row", self._component, in_row)
            raise error
        pause = min(self._max_pause_secs, PAUSES_SECS[min(in_row, len(PAUSES_SECS)) - 1])
        self._log.error("%s goes on in %g s after an error", self._component, pause, exc_info=error)
        return pause

    def succeeded(self) -> None:
        """Note that a look for work ended well: the errors before it no longer count."""
        if self._escaped:
            with self._guard:
                self._escaped.clear()

    def recent(self) -> InternalError | None:
        """Return the newest error of the last ten minutes; None when there was none."""
        since = self._clock.now() - SHOWN_FOR
        with self._guard:
            while self._seen and self._seen[0] <= since:
                self._seen.popleft()
            if not self._seen or self._newest is None:
                return None
            return InternalError(self._component, self._newest, len(self._seen), self._seen[-1])

    def _note(self, error: BaseException) -> None:
        self._seen.append(self._clock.now())
        self._newest = described(error)


class InternalErrors:
    """The unexpected errors of a process, by component."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._components: dict[str, ComponentErrors] = {}

    def of(
        self, component: str, log: Logger, max_pause_secs: float = MAX_PAUSE_SECS
    ) -> ComponentErrors:
        """Return the errors of a component, the same object for the same name.

        The other arguments are those of ComponentErrors, and count at the first call.
        """
        with self._guard:
            if component not in self._components:
                self._components[component] = ComponentErrors(
                    component=component,
                    log=log,
                    clock=self._clock,
                    max_pause_secs=max_pause_secs,
                )
            return self._components[component]

    def recent(self) -> list[InternalError]:
        """Return the newest error of each component that had one within the last ten minutes."""
        with self._guard:
            components = list(self._components.values())
        found = [component.recent() for component in components]
        return [error for error in found if error is not None]


def described(error: BaseException) -> Message:
    """Return a message about an unexpected error, with credentials in its text redacted."""
    known = message_of(error)
    if known is not None:
        return known.with_texts(redact)
    return Message.of("internal_error", detail=redact(repr(error)))


def lacks_resources(error: BaseException) -> bool:
    """Return whether this host, and not the work in hand, is the cause.

    That is so without memory, file descriptors or threads: the same work may succeed later. An
    error that was raised from such a one counts too.
    """
    if isinstance(error, OSError) and error.errno == errno.EAGAIN:
        return True  # no process can be started; as a cause it is a lock that another one holds
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if _is_shortage(cause):
            return True
        seen.add(id(cause))
        cause = cause.__cause__
    return False


def _is_shortage(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in SHORTAGE_ERRNOS
    if isinstance(error, RuntimeError):
        return str(error) == NO_THREAD
    return isinstance(error, MemoryError | NoResourcesError)
