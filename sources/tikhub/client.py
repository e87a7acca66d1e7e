"""HTTP with TikHub: one envelope around the platforms' own JSON, a price for each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import Clock
from sources.base import AccountSession, Budget
from sources.json_api import Answer, JsonApi, fields
from sources.tikhub.errors import error_of


class TikHubClient:
    """Asks one API host and counts what its answers cost.

    Args:
        budget: in millionths of a dollar. It is asked before each request, and nothing is given
            back for one that failed, although TikHub charges only successes: rather stop early
            than spend too much.
        price: of an ordinary answer, in the same unit.
    """

    def __init__(
        self, *, base_url: str, timeout_secs: float, clock: Clock, budget: Budget, price: int
    ) -> None:
        self._api = JsonApi(base_url=base_url, timeout_secs=timeout_secs)
        self.clock = clock
        self._budget = budget
        self._price = price

    def get(
        self, session: AccountSession, path: str, params: Mapping[str, str], prices: int = 1
    ) -> Answer:
        """A GET that costs `prices` ordinary ones. Raises a SourceError."""
        self._budget.spend(self._price * prices)
        return self._checked(self._api.ask(session, path, params))

    def post(self, session: AccountSession, path: str, payload: Sequence[Any]) -> Answer:
        """A POST with a JSON list. Raises a SourceError."""
        self._budget.spend(self._price)
        return self._checked(self._api.ask(session, path, payload=list(payload)))

    def _checked(self, answer: Answer) -> Answer:
        if answer.status != 200 or fields(answer.body).get("code") != 200:
            raise error_of(answer, self.clock.now())
        if not isinstance(answer.body.get("data"), dict):
            raise answer.damaged("TikHub's answer has no data")
        return answer
