"""A platform as workers use it: its guarded source and the sessions of its accounts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
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


class PlatformAccesses(Mapping[str, PlatformAccess]):
    """The platforms by name, each made by `make` when it is first looked up: with its adapter."""

    def __init__(self, *, names: Collection[str], make: Callable[[str], PlatformAccess]) -> None:
        self._names = names
        self._make = make
        self._made: dict[str, PlatformAccess] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> PlatformAccess:
        if name not in self._names:
            raise KeyError(name)
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def close(self) -> None:
        """Close the sessions of the platforms that were made."""
        with self._lock:
            for access in self._made.values():
                access.sessions.close()
