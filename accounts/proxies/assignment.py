"""Which account shall leave by which proxy: a plan, and carrying it out."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from accounts.proxies.inventory import ChosenProxy, ProxyInventory, ProxyOverview
from core.clock import Clock
from core.errors import InvalidInputError
from core.messages import Message
from storage.crawling import proxy_inventory
from storage.crawling.proxy_inventory import UnassignedAccount


@dataclass(frozen=True)
class Assignment:
    """An account and the route of the proxy that it is to leave by."""

    account: UnassignedAccount
    egress: str


@dataclass(frozen=True)
class AssignmentPlan:
    """Who shall leave by which proxy, and what is left over.

    Args:
        accounts_left: names of accounts for which there is no proxy.
        proxies_left: routes with room for one more account, or more.
        passed_over: why proxies are not used, with the names of their routes.
    """

    platform: str
    pairs: tuple[Assignment, ...]
    accounts_left: tuple[str, ...]
    proxies_left: tuple[str, ...]
    passed_over: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AssignmentRequest:
    """What an operator wants assigned.

    Args:
        proxies: names of the proxies to use; empty for all that were added, rotate not, and have no
            trouble.
        accounts: names of the accounts that get one; empty for all enabled ones without a proxy.
        per_proxy: so many accounts of the platform may leave by one proxy.
    """

    platform: str
    proxies: Sequence[str] = ()
    accounts: Sequence[str] = ()
    per_proxy: int = 1


@dataclass(frozen=True, kw_only=True)
class ProxyAssigner:
    """Gives accounts without a proxy one each; an account that has one keeps it."""

    inventory: ProxyInventory
    clock: Clock

    def plan(self, request: AssignmentRequest) -> AssignmentPlan:
        """Return who would get which proxy; nothing is changed.

        Raises:
            InvalidInputError: a proxy or an account that was named is not there, an account has a
                proxy already, or `per_proxy` is not positive.
        """
        if request.per_proxy < 1:
            raise InvalidInputError("per_proxy_too_small")
        accounts = self._accounts(request)
        if request.proxies:
            named = {one.route.egress: one for one in map(self.inventory.find, request.proxies)}
            return _plan(request, accounts, list(named.values()), ())
        return _plan(request, accounts, *self._usable())

    def carry_out(self, plan: AssignmentPlan, per_proxy: int) -> tuple[Assignment, ...]:
        """Give the accounts of a plan their proxies; return those that got theirs.

        An account that got a proxy meanwhile, or whose proxy was taken by others, is left as it is.

        Raises:
            CredentialsError: there is no usable key; earlier accounts keep what they got.
        """
        chosen: dict[str, ChosenProxy] = {}
        done = []
        for pair in plan.pairs:
            if pair.egress not in chosen:
                chosen[pair.egress] = self.inventory.choose(pair.egress)
            account = pair.account
            if self.inventory.give_if_without(
                account.id, account.platform, chosen[pair.egress], per_proxy
            ):
                done.append(pair)
        return tuple(done)

    def _accounts(self, request: AssignmentRequest) -> list[UnassignedAccount]:
        found = self.inventory.database.read(proxy_inventory.unassigned, request.platform)
        if not request.accounts:
            return found
        by_name = {account.username: account for account in found}
        missing = [name for name in request.accounts if name not in by_name]
        if missing:
            raise InvalidInputError("accounts_not_to_assign", names=missing)
        return [by_name[name] for name in dict.fromkeys(request.accounts)]

    def _usable(self) -> tuple[list[ProxyOverview], list[Message]]:
        now = self.clock.now()
        usable, rotating, failed = [], [], []
        for one in self.inventory.all():
            if one.route.added_at is None:
                continue
            if one.route.is_rotating:
                rotating.append(one.route.egress)
            elif one.route.bad_in_row or one.route.is_cooling(now):
                failed.append(one.route.egress)
            else:
                usable.append(one)
        told = []
        if rotating:
            told.append(Message.of("proxies_rotating_left", n=len(rotating), names=rotating))
        if failed:
            told.append(Message.of("proxies_failed_left", n=len(failed), names=failed))
        return usable, told


def _plan(
    request: AssignmentRequest,
    accounts: Sequence[UnassignedAccount],
    usable: Collection[ProxyOverview],
    passed_over: Sequence[Message],
) -> AssignmentPlan:
    """Share the accounts out evenly: no proxy gets a second one before each has its first."""
    used: Counter[str] = Counter()
    for one in usable:
        used[one.route.egress] = sum(user.platform == request.platform for user in one.users)
    waiting = [
        (used[one.route.egress], place, one.route.egress)
        for place, one in enumerate(usable)
        if used[one.route.egress] < request.per_proxy
    ]
    heapq.heapify(waiting)
    pairs = []
    left = deque(accounts)
    while left and waiting:
        number, place, egress = heapq.heappop(waiting)
        pairs.append(Assignment(left.popleft(), egress))
        if number + 1 < request.per_proxy:
            heapq.heappush(waiting, (number + 1, place, egress))
    return AssignmentPlan(
        platform=request.platform,
        pairs=tuple(pairs),
        accounts_left=tuple(account.username for account in left),
        proxies_left=tuple(egress for _, _, egress in sorted(waiting)),
        passed_over=tuple(passed_over),
    )
