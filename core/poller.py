"""The polling loop of every service: call, wait, and call again until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from logging import Logger

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import DatabaseError
from core.supervision.internal_errors import ComponentErrors

TROUBLE_LINE_SECS = 60.0


def database_poller(
    *, clock: Clock, poll_secs: float, log: Logger, errors: ComponentErrors
) -> Poller:
    """Return a poller that logs an error of the database to `log` and tries again.

    The same kind of trouble is logged once a minute at most. Unexpected errors are contained by
    `errors`.
    """
    return Poller(
        errors=errors,
        clock=clock,
        poll_secs=poll_secs,
        retried=(DatabaseError,),
        on_error=_TroubleLog(clock, log),
    )


class _TroubleLog:
    def __init__(self, clock: Clock, log: Logger) -> None:
        self._clock = clock
        self._log = log
        self._last: tuple[type[Exception], float] | None = None

    def __call__(self, error: Exception) -> None:
        now_secs = self._clock.monotonic()
        if self._last is not None:
            kind, logged_secs = self._last
            if kind is type(error) and now_secs - logged_secs < TROUBLE_LINE_SECS:
                return
        self._last = type(error), now_secs
        self._log.error("database trouble, trying again: %s", error)


class Poller:
    """Calls a function again and again in the caller's thread.

    Args:
        poll_secs: seconds between two calls that found nothing to do.
        retried: classes of errors to wait out: `on_error` gets the error, and the next call comes
            after `poll_secs`.
        errors: contains every other error: the loop goes on after a pause. Without it, or when it
            has seen too many, the error ends the loop and reaches the caller.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        poll_secs: float,
        retried: tuple[type[Exception], ...] = (),
        on_error: Callable[[Exception], None] = lambda _error: None,
        errors: ComponentErrors | None = None,
    ) -> None:
        self._clock = clock
        self._poll_secs = poll_secs
        self._retried = retried
        self._on_error = on_error
        self._errors = errors

    def run(self, look: Callable[[], object], stop: threading.Event) -> None:
        """Call `look` every `poll_secs` seconds until `stop` is set."""

        def look_and_wait() -> float:
            look()
            return self._poll_secs

        self.run_paced(look_and_wait, stop)

    def run_busy(self, work: Callable[[], bool], stop: threading.Event) -> None:
        """Call `work` until `stop` is set: again at once after True, else after `poll_secs`."""
        self.run_paced(lambda: 0.0 if work() else self._poll_secs, stop)

    def run_paced(self, look: Callable[[], float], stop: threading.Event) -> None:
        """Call `look` until `stop` is set; it returns the seconds to wait before the next call."""
        while not stop.is_set():
            try:
                secs = look()
            except self._retried as error:
                self._on_error(error)
                secs = self._poll_secs
            except StoppedSignal:
                raise
            except Exception as error:  # a thread has no caller who would know what to do
                if self._errors is None:
                    raise
                secs = self._errors.escaped(error)
            else:
                if self._errors is not None:
                    self._errors.succeeded()
            if secs > 0:
                self._clock.wait(stop, secs)
