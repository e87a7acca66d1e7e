"""How proxy gateways and their exits fail: by order, for some times, for a while, or for good."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sandbox.fault_order import is_egress
from sandbox.messages import Json

HTTP, SOCKS = "http", "socks"
BOTH = (HTTP, SOCKS)

# Kind: the protocols that it can happen in. `closed` is played by the gateway itself.
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "closed": BOTH,
        "silent": BOTH,
        "close": BOTH,
        "close_later": BOTH,
        "garbage": BOTH,
        "connect_html": BOTH,
        "connect_silent": BOTH,
        "connect_close": BOTH,
        "status": (HTTP,),
        "socks_auth": (SOCKS,),
        "socks_silent": (SOCKS,),
        "socks_reply": (SOCKS,),
    }
)


@dataclass(frozen=True, slots=True)
class EgressFault:
    """A fault of a gateway (`HOST:PORT`) with all its exits, or of one exit (`HOST:PORT#USER`).

    It hits the next `times` connections or, with `for_secs`, those of that time; without either
    all of them. `status`, `headers` and `body` are those of an HTTP proxy's refusal, `code` that
    of a SOCKS5 reply.
    """

    kind: str
    egress: str
    times: int | None = None
    for_secs: float | None = None
    status: int = 502
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""
    code: int = 1

    def is_of_gateway(self) -> bool:
        """Whether it hits all exits, so that it can happen before a client says who it is."""
        return "#" not in self.egress


@dataclass(slots=True)
class _Active:
    fault: EgressFault
    left: int | None
    ends_at: float | None


class EgressFaults:
    """The faults in force, newest first; thread-safe. `now` gives seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._active: list[_Active] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def order(self, fault: EgressFault) -> None:
        """Put a fault in force, before all others."""
        ends_at = None if fault.for_secs is None else self._now() + fault.for_secs
        with self._lock:
            self._active.insert(0, _Active(fault, fault.times, ends_at))

    def heal(self, egress: str) -> None:
        """End all faults of a gateway with its exits, or of one exit."""
        with self._lock:
            self._active = [
                active for active in self._active if not is_egress(egress, active.fault.egress)
            ]

    def reset(self) -> None:
        """End all faults and forget their counts."""
        with self._lock:
            self._active.clear()
            self._counts.clear()

    def take(
        self, egress: str, protocol: str, *, kinds: tuple[str, ...] = (), of_gateway: bool = False
    ) -> EgressFault | None:
        """Return the fault that hits a connection now, if any, and count it.

        `kinds`: one of these only. `of_gateway`: only one that hits all exits.
        """
        with self._lock:
            self._drop_finished()
            for active in self._active:
                fault = active.fault
                if protocol not in KINDS[fault.kind] or not is_egress(fault.egress, egress):
                    continue
                if (kinds and fault.kind not in kinds) or (
                    of_gateway and not fault.is_of_gateway()
                ):
                    continue
                if active.left is not None:
                    active.left -= 1
                self._counts[egress, fault.kind] += 1
                return fault
        return None

    def counts(self) -> Json:
        """Return how often each fault hit, by egress route and kind."""
        with self._lock:
            counted: dict[str, dict[str, int]] = {}
            for (egress, kind), count in sorted(self._counts.items()):
                counted.setdefault(egress, {})[kind] = count
            return dict(counted)

    def _drop_finished(self) -> None:
        now = self._now()
        self._active = [
            active
            for active in self._active
            if active.left != 0 and (active.ends_at is None or now < active.ends_at)
        ]
