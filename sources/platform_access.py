"""A platform as workers reach it: its guarded source and its sessions."""

from __future__ import annotations

from dataclasses import dataclass

from sources.policies import GuardedSource
from sources.sessions import SessionPool


@dataclass(frozen=True)
class PlatformAccess:
    """A guarded source with the sessions of its accounts."""

    source: GuardedSource
    sessions: SessionPool
