"""Whom refusals in a row concern, as pure decisions.

A refusal is believed to be the account's until a second asker is refused alike, and then to be of
the smallest unit that explains all of them. Refusals are counted in a row, not by time: in a large
pool some accounts are refused in every minute, and only a good answer tells these apart from a
platform that refuses everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from core.attribution import Scope
from storage.crawling.source_refusals import Refusal


@dataclass(frozen=True)
class Pool:
    """The enabled accounts of a platform, counted by egress; None stands for not known yet.

    Args:
        max_askers: accounts that are refused alike before the platform is taken for blocked, if
            there are so many.
    """

    by_egress: Mapping[str | None, int]
    max_askers: int = 3

    @property
    def size(self) -> int:
        """Return the number of enabled accounts."""
        return sum(self.by_egress.values())

    @property
    def askers(self) -> int:
        """Return how many accounts have to be refused alike; 1 at least."""
        return max(1, min(self.max_askers, self.size))


class Ruling(Enum):
    """The unit that refusals in a row point to so far."""

    ACCOUNT = auto()  # the account, unless the next one is refused as well
    EGRESS = auto()  # what the accounts of one egress have in common
    EVERYBODY = auto()  # an endpoint or the platform: a session check tells these apart


def rule_on_refusals(refusals: Sequence[Refusal], pool: Pool) -> Ruling:
    """Return whom the refusals of an endpoint concern, which no good answer interrupted."""
    accounts = {refusal.account_id for refusal in refusals}
    egresses = {refusal.egress for refusal in refusals}
    if len(egresses) == 1 and len(pool.by_egress) > 1:
        # The next asker uses another egress, as this one is left alone from the second refusal on.
        return Ruling.EGRESS if len(accounts) > 1 else Ruling.ACCOUNT
    return Ruling.EVERYBODY if len(accounts) >= pool.askers else Ruling.ACCOUNT


@dataclass(frozen=True)
class AfterGood:
    """The units that a good answer leaves suspected of the refusals before it.

    Args:
        to_blame: the egress that is to blame; None: each account itself.
        to_confirm: the egress whose next request shows whether it was the account; None: no one.
    """

    to_blame: str | None = None
    to_confirm: str | None = None


def rule_on_good(
    refusals: Sequence[Refusal],
    egress: str,
    pool: Pool,
    prior: Scope,
    *,
    refused: Sequence[Refusal] = (),
) -> AfterGood:
    """Return what a good answer by `egress` shows about the refusals in a row before it.

    Args:
        prior: the scope that the platform's rules give to such a refusal.
        refused: all refusals since then, also of requests that were under way already.
    """
    if not refusals or any(refusal.egress == egress for refusal in refusals):
        return AfterGood()
    counted = Counter({refusal.account_id: refusal.egress for refusal in refusals}.values())
    suspected, accounts = counted.most_common(1)[0]
    everybody = {refusal.account_id for refusal in refused if refusal.egress == suspected}
    # Nobody is left who could confirm it: all of its accounts were refused at the same time.
    if accounts > 1 or 1 < pool.by_egress.get(suspected, 0) <= len(everybody):
        return AfterGood(to_blame=suspected)
    if pool.by_egress.get(suspected, 0) > 1:
        return AfterGood(to_confirm=suspected)
    return AfterGood(to_blame=suspected) if prior is Scope.EGRESS else AfterGood()
