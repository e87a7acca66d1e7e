"""What receivers of webhooks got: every request with its event id, and what they said to it."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from sandbox.messages import Json
from sandbox.webhook_signatures import DEFAULT_SECRET


@dataclass(frozen=True, slots=True)
class Order:
    """How a receiver behaves: for its first `times` requests (None: for ever), then it accepts.

    `secrets` are those that its signatures are checked with.
    """

    behaviour: str | None = None
    times: int | None = None
    secrets: tuple[str, ...] = (DEFAULT_SECRET,)
    retry_after_secs: int = 60
    delay_secs: float = 30.0


@dataclass(slots=True)
class Inbox:
    """One receiver's book."""

    order: Order = field(default_factory=Order)
    arrivals: list[tuple[str, int]] = field(default_factory=list)
    first: dict[str, None] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    repeats: int = 0
    signatures: Counter[str] = field(default_factory=Counter)
    bodies: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ids: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def snapshot(self) -> Json:
        """`repeats` counts requests whose id was accepted before; `second_ids` bodies that came
        under more than one id, `changed_bodies` ids under which more than one body came."""
        return {
            "requests": len(self.arrivals),
            "ids": len(self.first),
            "accepted": len(self.accepted),
            "repeats": self.repeats,
            "second_ids": sum(len(ids) > 1 for ids in self.ids.values()),
            "changed_bodies": sum(len(bodies) > 1 for bodies in self.bodies.values()),
            "signatures": dict(sorted(self.signatures.items())),
            "order": list(self.first),
            "arrivals": [list(one) for one in self.arrivals],
        }


class Inboxes:
    """All receivers, by name; thread-safe."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._inboxes: defaultdict[str, Inbox] = defaultdict(Inbox)

    def give(self, name: str, order: Order) -> None:
        """Tell a receiver how to behave from now on."""
        with self._lock:
            inbox = self._inboxes[name]
            until = None if order.times is None else len(inbox.arrivals) + order.times
            inbox.order = replace(order, times=until)

    def order(self, name: str) -> Order:
        """How a receiver is to behave at its next request."""
        with self._lock:
            inbox = self._inboxes[name]
            times = inbox.order.times
            if times is not None and len(inbox.arrivals) >= times:
                return Order("ok", None, inbox.order.secrets)
            return inbox.order

    def is_unlucky(self, name: str, event_id: str) -> bool:
        """A coin for this request to fail, decided by seed, receiver, id and how often it came."""
        with self._lock:
            times = sum(one == event_id for one, _ in self._inboxes[name].arrivals)
        return random.Random(f"{self._seed}/{name}/{event_id}/{times}").random() < 0.5

    def note(self, name: str, event_id: str, status: int, signature: str, body: bytes) -> None:
        """Write down a request, and the status that is said to it (0: none)."""
        digest = hashlib.sha256(body).hexdigest()
        with self._lock:
            inbox = self._inboxes[name]
            inbox.arrivals.append((event_id, status))
            inbox.first[event_id] = None
            inbox.signatures[signature] += 1
            inbox.bodies[event_id].add(digest)
            inbox.ids[digest].add(event_id)
            inbox.repeats += event_id in inbox.accepted
            if 200 <= status < 300:
                inbox.accepted.add(event_id)

    def snapshot(self) -> Json:
        """All books."""
        with self._lock:
            return {name: inbox.snapshot() for name, inbox in sorted(self._inboxes.items())}

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._inboxes.clear()
