"""What the sandbox knows of each account: its rate window, its fate, its counters.

An account exists as soon as its name is seen, and its name decides its fate: `banned-*` is banned
and `expired-*` signed out after some good answers, `dead-*` was never signed in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from sandbox.config import RateLimit
from sandbox.messages import Json


class Standing(Enum):
    """How an account's request is met."""

    WELCOME = "welcome"
    SIGNED_OUT = "signed out"
    BANNED = "banned"
    OVER_LIMIT = "over limit"


@dataclass(slots=True)
class _Account:
    requests: int = 0
    pages: int = 0
    good_answers: int = 0
    over_limit: int = 0
    after_ban: int = 0
    has_signed_in: bool = False
    windows: dict[str, deque[float]] = field(default_factory=dict)

    def window(self, endpoint: str) -> deque[float]:
        """The moments of the requests that count together; an empty name is all of them."""
        return self.windows.setdefault(endpoint, deque())


class Accounts:
    """All accounts seen so far; thread-safe. `now` gives the seconds that rate windows slide by."""

    def __init__(
        self, *, rate: RateLimit, good_answers_before_ban: int, now: Callable[[], float]
    ) -> None:
        self._rate = rate
        self._last_good = good_answers_before_ban
        self._now = now
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}

    def look(self, name: str, *, is_over: bool = False) -> Standing:
        """Count a request that no rate limit applies to, and say how the account stands.

        `is_over`: the session that the request came with has ended.
        """
        return self._meet(name, rated_as=None, is_over=is_over)

    def admit(self, name: str, *, endpoint: str = "", is_over: bool = False) -> Standing:
        """Count a request, and say whether it is let in; one that is refused uses up no rate.

        `endpoint`: where each endpoint has a limit of its own, the one that is asked.
        """
        return self._meet(name, rated_as=endpoint, is_over=is_over)

    def is_welcome(self, name: str) -> bool:
        """Whether the account is neither banned nor signed out; counts nothing."""
        with self._lock:
            return self._fate(name, self._accounts.get(name, _Account())) is Standing.WELCOME

    def signed_in(self, name: str) -> None:
        """A new session: what signed the account out is forgiven, a ban is not."""
        with self._lock:
            account = self._accounts.setdefault(name, _Account())
            account.has_signed_in = True
            if name.startswith("expired-"):
                account.good_answers = 0

    def revive(self, name: str) -> None:
        """Lift a ban or an expiry; it may come again after as many good answers."""
        with self._lock:
            self._accounts.setdefault(name, _Account()).good_answers = 0

    def secs_to_wait(self, name: str, endpoint: str = "") -> float:
        """Until the account's window, or that of an endpoint, has room again."""
        with self._lock:
            window = self._accounts.setdefault(name, _Account()).window(endpoint)
            if len(window) < self._rate.requests:
                return 0.0
            return window[0] + self._rate.per_secs - self._now()

    def answered(self, name: str, *, is_page: bool, by: int = 1) -> None:
        """Record a good answer (`by=-1` takes it back); enough of them seal some fates."""
        with self._lock:
            account = self._accounts.setdefault(name, _Account())
            account.good_answers = max(0, account.good_answers + by)
            account.pages = max(0, account.pages + (by if is_page else 0))

    def snapshot(self) -> dict[str, Json]:
        """The counters of every account, by name."""
        with self._lock:
            return {
                name: {
                    "requests": account.requests,
                    "pages": account.pages,
                    "over_limit": account.over_limit,
                    "after_ban": account.after_ban,
                    "banned": self._fate(name, account) is Standing.BANNED,
                }
                for name, account in sorted(self._accounts.items())
            }

    def reset(self) -> None:
        """Forget all accounts: counters, rate windows, bans and expiries."""
        with self._lock:
            self._accounts.clear()

    def _meet(self, name: str, *, rated_as: str | None, is_over: bool) -> Standing:
        if not name:
            return Standing.SIGNED_OUT
        with self._lock:
            account = self._accounts.setdefault(name, _Account())
            account.requests += 1
            fate = self._fate(name, account)
            if fate is Standing.WELCOME and is_over:
                return Standing.SIGNED_OUT
            if fate is Standing.BANNED:
                account.after_ban += 1
            is_rated = fate is Standing.WELCOME and rated_as is not None
            if is_rated and not self._take_turn(account.window(rated_as or "")):
                account.over_limit += 1
                return Standing.OVER_LIMIT
            return fate

    def _fate(self, name: str, account: _Account) -> Standing:
        if name.startswith("dead-") and not account.has_signed_in:
            return Standing.SIGNED_OUT
        if account.good_answers >= self._last_good:
            if name.startswith("banned-"):
                return Standing.BANNED
            if name.startswith("expired-"):
                return Standing.SIGNED_OUT
        return Standing.WELCOME

    def _take_turn(self, window: deque[float]) -> bool:
        now = self._now()
        while window and window[0] <= now - self._rate.per_secs:
            window.popleft()
        if len(window) >= self._rate.requests:
            return False
        window.append(now)
        return True
