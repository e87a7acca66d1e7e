"""A platform as workers use it: its guarded source and the sessions of its accounts."""

from __future__ import annotations

from dataclasses import dataclass

from sources.policies import GuardedSource
from sources.sessions import SessionPool


@dataclass(frozen=True)
class PlatformAccess:
    """A platform as workers use it.

    `source` sends requests with retries and circuit breaker; `sessions` are the HTTP sessions of
    accounts that this process has open at the platform.
    """

    source: GuardedSource
    sessions: SessionPool
