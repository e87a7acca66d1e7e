"""QR codes on their way from shown to done."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

VALID_SECS = 180
_REMEMBERED = 1_000


class QrState(Enum):
    """What a poll tells; the value is the platform's code."""

    DONE = 0
    EXPIRED = 86038
    SCANNED = 86090
    WAITING = 86101


@dataclass(slots=True)
class _Code:
    shown_at: float
    state: QrState = QrState.WAITING
    account: str = ""
    lasts_secs: float | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """How a code stands; `account` is who confirmed it."""

    state: QrState
    account: str = ""
    lasts_secs: float | None = None


class QrCodes:
    """All codes shown; thread-safe."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}

    def show(self) -> str:
        """A new code's key, 32 hexadecimal digits."""
        key = uuid.uuid4().hex
        with self._lock:
            self._codes[key] = _Code(self._now())
            while len(self._codes) > _REMEMBERED:
                del self._codes[next(iter(self._codes))]
        return key

    def newest(self) -> str:
        """The key shown last; empty if there is none."""
        with self._lock:
            return next(reversed(self._codes), "")

    def poll(self, key: str) -> Poll:
        """How a code stands."""
        with self._lock:
            code = self._codes.get(key)
            if code is None or self._is_old(code):
                return Poll(QrState.EXPIRED)
            return Poll(code.state, code.account, code.lasts_secs)

    def move(
        self, key: str, state: QrState, account: str = "", lasts_secs: float | None = None
    ) -> bool:
        """Bring a code into another state; False if it is unknown or expired."""
        with self._lock:
            code = self._codes.get(key)
            if code is None or self._is_old(code) or code.state is QrState.EXPIRED:
                return False
            code.state, code.account, code.lasts_secs = state, account, lasts_secs
            return True

    def reset(self) -> None:
        """Forget all codes."""
        with self._lock:
            self._codes.clear()

    def _is_old(self, code: _Code) -> bool:
        return self._now() - code.shown_at >= VALID_SECS
