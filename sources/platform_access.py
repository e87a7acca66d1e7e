"""A platform as workers use it: its guarded source and the sessions of its accounts."""

from __future__ import annotations

from dataclasses import dataclass

from sources.policies import GuardedSource
from sources.sessions import SessionPool


@dataclass(frozen=True)
class PlatformAccess:
    """A guarded source, with the HTTP sessions that this process has open at it."""

    source: GuardedSource
    sessions: SessionPool
