"""HTTP with TikHub: one envelope around the platforms' own JSON, and a price for each response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import Clock
from sources.base import AccountSession, Budget
from sources.json_api import Answer, JsonApi, object_or_empty
from sources.tikhub.errors import error_from_answer
from sources.transport.session import ANSWER_SECS


class TikHubClient:
    """A client of one API host that counts what its responses cost.

    Args:
        budget: in millionths of a dollar. It is charged before each request, and nothing is
            refunded for one that failed, although TikHub charges only successes: stopping early is
            better than spending too much.
        price: of an ordinary response, in millionths of a dollar.
    """

    def __init__(
        self,
        *,
        base_url: str,
        timeout_secs: float,
        clock: Clock,
        budget: Budget,
        price: int,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self._api = JsonApi(base_url=base_url, timeout_secs=timeout_secs, answer_secs=answer_secs)
        self.clock = clock
        self._budget = budget
        self._price = price

    def get(
        self, session: AccountSession, path: str, params: Mapping[str, str], prices: int = 1
    ) -> Answer:
        """Return the response to a GET, whose body has TikHub's `data`.

        Args:
            prices: what it costs, as a multiple of an ordinary response.

        Raises:
            PlatformQuotaError: the budget has no room for it; nothing was sent.
            SourceError: no answer came, or it is an error (see `error_from_answer`).
        """
        self._budget.spend(self._price * prices)
        return self._checked(self._api.request(session, path, params))

    def post(self, session: AccountSession, path: str, payload: Sequence[Any]) -> Answer:
        """Return the response to a POST of a JSON list, at the price of one ordinary response.

        Raises:
            PlatformQuotaError: the budget has no room for it; nothing was sent.
            SourceError: no answer came, or it is an error (see `error_from_answer`).
        """
        self._budget.spend(self._price)
        return self._checked(self._api.request(session, path, payload=list(payload)))

    def _checked(self, answer: Answer) -> Answer:
        if answer.status != 200 or object_or_empty(answer.body).get("code") != 200:
            raise error_from_answer(answer, self.clock.now())
        if not isinstance(answer.body.get("data"), dict):
            raise answer.damaged_error("tikhub_without_data")
        return answer
