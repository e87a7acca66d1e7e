"""What every endpoint does round its answer: count the request, let a fault happen, count again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.accounts import Accounts
from sandbox.fault_kind import Asked, Occasion
from sandbox.fault_kinds import ALL_KINDS
from sandbox.fault_plan import FaultPlan
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.stats import Stats


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers for one platform; shared by its handlers."""

    platform: str
    accounts: Accounts
    faults: FaultPlan
    stats: Stats

    def asked(self, request: Request, account: str) -> Asked:
        """A request in the words of the fault plan."""
        return Asked(self.platform, request.path, account, egress=request.egress)

    def answer(self, request: Request, asked: Asked, envelope: Json) -> Reply:
        """The good answer, unless a fault takes its place."""

        def good() -> Reply:
            return self.good(asked, json_reply(envelope))

        return self.settle(request, asked, envelope, good) or good()

    def settle(
        self, request: Request, asked: Asked, envelope: Json, good: Callable[[], Reply]
    ) -> Reply | None:
        """The fault that takes the place of the good answer, if only by delaying it; or None."""
        draw = self.faults.draw(asked)
        if draw is None:
            return None
        self.stats.faulted(draw.kind)
        kind = ALL_KINDS[draw.kind]
        reply = kind.play(
            Occasion(
                envelope=envelope,
                roll=draw.roll,
                asked=asked,
                video=draw.video,
                headers=request.headers,
                params=draw.params,
            )
        )
        delay_secs = reply.delay_secs if draw.delay_secs is None else draw.delay_secs
        if kind.is_complete:
            return replace(good(), delay_secs=delay_secs, trickle_secs=reply.trickle_secs)
        return replace(reply, delay_secs=delay_secs, before_send=draw.before_send)

    def good(self, asked: Asked, reply: Reply) -> Reply:
        """A reply that counts as a good answer of the account, and as a page if it is one."""
        page = asked.question if asked.shows == "hits" else None
        # Counted before it is sent, so that a client that has its page also finds it in the stats.
        self._record(asked.account, page is not None, 1)
        if page is not None:
            self.stats.served(page, 1)

        def retract() -> None:
            self._record(asked.account, page is not None, -1)
            if page is not None:
                self.stats.served(page, -1)

        return replace(reply, retract=retract)

    def _record(self, account: str, is_page: bool, by: int) -> None:
        self.accounts.answered(account, is_page=is_page, by=by)


Handler = Callable[[Request], Reply]
