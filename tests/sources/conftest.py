"""Sources at the real sandbox, at a scripted platform, and behind recording proxies."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from core.settings import Pace
from sandbox import RateLimit, SandboxConfig, SandboxServer
from sources.base import AccountSession, CreatorPage, Via
from sources.bilibili.client import BilibiliClient
from sources.bilibili.source import BilibiliSource
from sources.local_circuits import LocalCircuits
from sources.pacing import AccountPace, PacedGate
from sources.policies import GuardedSource
from sources.transport.request_delay import RandomDelay
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from tests.support.sources.sources_servers import (
    RecordingProxy,
    ScriptedPlatform,
    recording_proxy,
    scripted_platform,
)

DOMAIN = "美妆"
CHANCE = random.Random()


@dataclass
class World:
    """A sandbox whose time is the test's clock."""

    server: SandboxServer

    @property
    def url(self) -> str:
        return self.server.url

    def order(self, *faults: dict[str, object]) -> None:
        control.order_faults(self.url, *faults)

    def rotate_keys(self) -> None:
        control.tell(self.url, "rotate-keys")

    def stats(self) -> dict[str, Any]:
        return self.server.stats()

    def requests_of(self, account: str) -> int:
        return int(self.stats()["accounts"].get(account, {"requests": 0})["requests"])

    def uids(self, domain: str = DOMAIN) -> list[str]:
        return control.uids(self.url, domain)


@dataclass
class Visitor:
    """An account at a source."""

    source: BilibiliSource
    session: AccountSession

    def search(self, page: int = 1, via: Via = Via.USERS, domain: str = DOMAIN) -> CreatorPage:
        return self.source.search_creators(self.session, domain, page, via)


@dataclass
class Guarded:
    """A source with its policies, and the clock that moves them."""

    source: GuardedSource
    clock: MovingClock
    stop: threading.Event

    def search(self, visitor: Visitor, page: int = 1) -> CreatorPage:
        self.let_in(visitor)
        return self.source.search_creators(visitor.session, DOMAIN, page, Via.USERS, self.stop)

    def let_in(self, visitor: Visitor) -> None:
        """Give the visitor's session its gate, at its first visit."""
        if visitor.session.gate is None:
            pace = AccountPace.load(self.source.paces, None, self.clock.now(), known=True)
            visitor.session.gate = PacedGate(
                pace=pace, clock=self.clock, stop=self.stop, patience_secs=1e9
            )


@pytest.fixture
def world(clock: MovingClock) -> Iterator[Callable[..., World]]:
    """Starts sandboxes: `world(creators=45, rate="3/10")`."""
    with ExitStack() as running:

        def start(rate: str = "100000/1", creators: int = 45, **options: Any) -> World:
            config = SandboxConfig(rate=RateLimit.parse(rate), creators=creators, **options)
            server = SandboxServer(
                config=config, now=clock.monotonic, wall=lambda: clock.now().timestamp()
            )
            return World(running.enter_context(server))

        yield start


@pytest.fixture
def scripted() -> Iterator[ScriptedPlatform]:
    with scripted_platform() as platform:
        yield platform


@pytest.fixture
def proxies() -> Iterator[Callable[[], RecordingProxy]]:
    """Starts recording proxies."""
    with ExitStack() as running:
        yield lambda: running.enter_context(recording_proxy())


@pytest.fixture
def source_at(clock: MovingClock) -> Callable[..., BilibiliSource]:
    """`source_at(url, timeout_secs=5, pace=Pace(1000, 1))`; a single question needs no pause."""

    def make(
        url: str,
        timeout_secs: float = 5.0,
        pace: Pace = Pace(100_000, 1),
        pause: tuple[float, float] = (0.0, 0.0),
        rng: random.Random = CHANCE,
    ) -> BilibiliSource:
        client = BilibiliClient(base_url=url, timeout_secs=timeout_secs, clock=clock)
        return BilibiliSource(
            client=client,
            pace=pace,
            pause=RandomDelay(clock=clock, min_secs=pause[0], max_secs=pause[1], rng=rng),
            rng=rng,
            circuits=LocalCircuits(clock=clock),
        )

    return make


@pytest.fixture
def enter(source_at: Callable[..., BilibiliSource]) -> Iterator[Callable[..., Visitor]]:
    """Lets an account in: `enter(url, "acc1")`, or `enter(source, "acc1", proxy=...)`."""
    with ExitStack() as opened:
        numbers: dict[str, int] = {}

        def come(
            place: str | BilibiliSource,
            name: str = "acc1",
            proxy: str | None = None,
            cookies: str | None = None,
        ) -> Visitor:
            source = source_at(place) if isinstance(place, str) else place
            number = numbers.setdefault(name, len(numbers) + 1)
            text = f"SESSDATA={name}" if cookies is None else cookies
            session = source.open_session(number, name, text, proxy)
            opened.callback(session.http.close)
            return Visitor(source, session)

        yield come


@pytest.fixture
def guard(clock: MovingClock) -> Callable[..., Guarded]:
    """Puts the policies around a source: `guard(source, attempts=3)`."""

    def wrap(source: BilibiliSource, attempts: int = 3) -> Guarded:
        circuits = LocalCircuits(clock=clock)
        guarded = GuardedSource(source=source, circuits=circuits, clock=clock, attempts=attempts)
        return Guarded(guarded, clock, threading.Event())

    return wrap
