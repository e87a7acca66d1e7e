"""Who asks Bilibili: the session behind the cookie, and how its account is met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from sandbox import envelopes
from sandbox.accounts import Standing
from sandbox.desk import Desk
from sandbox.fault_kind import Asked
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.sessions import Session, Sessions
from sandbox.visitors import NOBODY

_REFUSALS = {
    Standing.SIGNED_OUT: envelopes.NOT_SIGNED_IN,
    Standing.BANNED: envelopes.BANNED,
    Standing.OVER_LIMIT: envelopes.TOO_FREQUENT,
}


@dataclass(frozen=True, slots=True)
class Door:
    """Counts a request and lets it in or not."""

    desk: Desk
    sessions: Sessions

    def session(self, request: Request) -> Session:
        """The session that a request came with."""
        return self.sessions.find(request.account)

    def asked(self, request: Request) -> Asked:
        """A request in the words of the fault plan."""
        return self.desk.asked(request, self.session(request).account or NOBODY)

    def quiet(
        self, request: Request, envelope: Json, good: Callable[[], Reply] | None = None
    ) -> Reply:
        """The answer of a quiet endpoint, which is no good answer in the sense of the counters."""
        asked = replace(self.asked(request), is_quiet=True)
        if good is None:
            good = partial(json_reply, envelope)
        return self.desk.settle(request, asked, envelope, good) or good()

    def look(self, request: Request) -> Standing:
        """How the visitor stands; no rate limit applies."""
        self.desk.stats.requested(self.desk.platform, request.path)
        return self._meet(request, self.desk.accounts.look)

    def refusal(self, request: Request, *, anybody: bool = False) -> Reply | None:
        """How a request is turned away; None if welcome. `anybody`: also without a session."""
        self.desk.stats.requested(self.desk.platform, request.path)
        standing = self._meet(request, self.desk.accounts.admit)
        if anybody and standing is Standing.SIGNED_OUT:
            standing = self.desk.accounts.admit(NOBODY)
        if standing is Standing.WELCOME:
            return None
        return json_reply(envelopes.failure(_REFUSALS[standing]))

    def _meet(self, request: Request, meet: Callable[..., Standing]) -> Standing:
        session = self.session(request)
        return meet(session.account, is_over=self.sessions.is_over(session))
