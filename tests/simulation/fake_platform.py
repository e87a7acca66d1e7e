"""A platform without HTTP: a few pages of creators, and failures that the schedule draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests

from core.errors import RetryableError, ThrottledError
from core.settings import Pace
from sources.base import AccountSession, Creator, CreatorPage, SessionStatus, Via
from sources.platform_access import PlatformAccess, PlatformAccesses
from sources.policies import GuardedSource
from sources.sessions import SessionPool
from tests.simulation.installation import PLATFORM
from tests.simulation.process import Process

# Page 3 shows a creator of page 1 again, as its order changed meanwhile.
PAGES: Mapping[int, tuple[str, ...]] = {1: ("1", "2"), 2: ("3", "4"), 3: ("5", "1"), 4: ("6",)}
PAGES_AT_FIRST = 3
ENDPOINT = "/search"


@dataclass
class FakePlatform:
    """The creators of one domain, as all processes see them.

    Args:
        before_answer: called while an answer is on its way.
        fails: draws whether an answer is a refusal.
        pages: the number of pages; it may grow while they are crawled.
        version: part of the nicknames, which changes when creators rename themselves.
    """

    before_answer: Callable[[], None]
    fails: Callable[[str], bool]
    pages: int = PAGES_AT_FIRST
    version: int = 0

    def uids_of(self, pages: int) -> set[str]:
        """Return the creators on the first pages."""
        return {uid for page in range(1, pages + 1) for uid in PAGES[page]}

    def connect(self, process: Process) -> None:
        """Let a process use this platform in place of the real one."""
        app = process.app
        source = _Source(self)
        guarded = GuardedSource(
            source=source,
            circuits=app.pool.circuits,
            clock=app.clock,
            attempts=app.settings.request_attempts,
        )
        access = PlatformAccess(guarded, SessionPool(source=source, clock=app.clock))
        app.pool.__dict__["access"] = PlatformAccesses(names=(PLATFORM,), make=lambda _name: access)

    def page(self, number: int) -> CreatorPage:
        """Return a page as it is now."""
        self.before_answer()
        if self.fails("throttle"):
            raise ThrottledError("too many requests", retry_after_secs=5.0)
        if self.fails("break off"):
            raise RetryableError("the connection broke off")
        uids = PAGES[number] if number <= self.pages else ()
        creators = (Creator(uid, f"名{uid} {self.version}", {}) for uid in uids)
        return CreatorPage(number, self.pages, tuple(creators))


@dataclass
class _Source:
    """The adapter through which one process asks the platform."""

    site: FakePlatform
    platform: str = PLATFORM
    pace: Pace = field(default_factory=lambda: Pace(1000, 1.0))
    endpoint_paces: Mapping[str, Pace] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        return AccountSession(account_id, username, requests.Session())

    def check_session(self, session: AccountSession) -> SessionStatus:
        self.site.before_answer()
        return SessionStatus(signed_in=True)

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        with session.turn(ENDPOINT):
            return self.site.page(page)
