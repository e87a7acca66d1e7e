"""What a platform does before it looks at a session: counts, blocks, limits of an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox import endpoints
from sandbox.cookie_changes import CookieChanges
from sandbox.egress_limits import EgressLimits
from sandbox.fault_kind import BILIBILI, Asked, Occasion
from sandbox.fault_kinds import ALL_KINDS
from sandbox.fault_plan import FaultPlan
from sandbox.messages import Reply, Request
from sandbox.sessions import Sessions
from sandbox.stats import Stats
from sandbox.visitors import Visitors, account_of


@dataclass(frozen=True, slots=True)
class Edge:
    """Stands before the handlers of all platforms."""

    faults: FaultPlan
    limits: EgressLimits
    visitors: Visitors
    sessions: Sessions
    cookies: CookieChanges
    stats: Stats

    def answer(self, request: Request, handle: Callable[[Request], Reply]) -> Reply:
        """Return the refusal of the edge, or what the handler answers."""
        platform = endpoints.platform_of(request.path)
        if not platform:
            return handle(request)
        asked = Asked(
            platform=platform,
            path=request.path,
            account=account_of(platform, request, self.sessions),
            is_quiet=endpoints.is_quiet(request.path),
            egress=request.egress,
        )
        self.visitors.arrived(asked, request.cookies.get("buvid3", ""))
        self.faults.arrived(asked)
        # The session is looked up first: what the handler does may end it.
        session = self.sessions.find(request.account)
        reply = self._refusal(asked) or handle(request)
        return self.cookies.on_answer(session, reply) if platform == BILIBILI else reply

    def _refusal(self, asked: Asked) -> Reply | None:
        reply = self._blocked(asked) or self.limits.refusal(asked)
        if reply is not None:
            self.visitors.refused(asked)
            path = endpoints.counted_path(asked.platform, asked.path)
            self.stats.requested(asked.platform, path)
        return reply

    def _blocked(self, asked: Asked) -> Reply | None:
        draw = self.faults.draw_at_edge(asked)
        if draw is None:
            return None
        self.stats.faulted(draw.kind)
        occasion = Occasion(envelope={}, roll=draw.roll, asked=asked, params=draw.params)
        reply = ALL_KINDS[draw.kind].play(occasion)
        return replace(reply, delay_secs=draw.delay_secs or 0.0, before_send=draw.before_send)
