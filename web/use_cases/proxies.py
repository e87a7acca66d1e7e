"""Keep proxies, check them, and decide which account leaves by which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import InvalidInputError
from web.use_cases.accounts import named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Event

    from accounts.intake.proxy_lists import ProxyRows
    from accounts.proxies.assignment import (
        Assignment,
        AssignmentPlan,
        AssignmentRequest,
        ProxyAssigner,
    )
    from accounts.proxies.check import CheckOutcome, ProxyChecker
    from accounts.proxies.inventory import AddedProxy, GivenProxy, ProxyInventory, ProxyOverview
    from core.settings import Settings
    from sources.platforms import PlatformRegistry
    from storage.models.accounts import Account
    from web.audit_log import AuditLog, Principal


class ProxyUseCases:
    """Changes proxies; each call is recorded in the log of actions, by the names of routes only."""

    def __init__(
        self,
        *,
        inventory: ProxyInventory,
        assigner: ProxyAssigner,
        checker: ProxyChecker,
        platforms: PlatformRegistry,
        settings: Settings,
        audit: AuditLog,
    ) -> None:
        self._inventory = inventory
        self._assigner = assigner
        self._checker = checker
        self._platforms = platforms
        self._settings = settings
        self._audit = audit

    def all(self) -> list[ProxyOverview]:
        """Return every proxy that was added or that an account uses, by name."""
        return self._inventory.all()

    def add(self, who: Principal, url: str, *, is_rotating: bool) -> AddedProxy:
        """Keep a proxy, given as a URL; with `is_rotating` each request leaves by another exit.

        Raises:
            CredentialsError: there is no usable key.
        """
        [planned] = self._inventory.preview([url])
        with self._audit.action(who, "proxy.add", planned.egress):
            [added] = self._inventory.add([url], is_rotating=is_rotating)
            return added

    def preview(self, rows: ProxyRows) -> list[AddedProxy]:
        """Return what the import of a list would add, in its order; nothing is stored."""
        return self._inventory.preview([row.url for row in rows.good])

    def import_rows(
        self, who: Principal, rows: ProxyRows, file: str, *, is_rotating: bool = False
    ) -> list[AddedProxy]:
        """Keep the proxies of a list, and return what became of each.

        Args:
            file: what the log of actions calls the list.
            is_rotating: each of them is a gateway with another exit for each request.

        Raises:
            CredentialsError: there is no usable key; earlier proxies stay stored.
        """
        with self._audit.action(who, "proxy.import", f"{file}: {len(rows.good)}"):
            urls = [row.url for row in rows.good]
            return self._inventory.add(urls, is_rotating=is_rotating)

    def remove(self, who: Principal, name: str, accounts_to: str | None) -> ProxyOverview:
        """Forget a proxy; its accounts go to another one, or (a word for none) without one.

        Raises:
            InvalidInputError: there is no such proxy, or it has accounts and `accounts_to` is None.
        """
        found = self._inventory.find(name)
        with self._audit.action(who, "proxy.remove", found.route.egress):
            return self._inventory.remove(found.route.egress, accounts_to)

    def give(self, who: Principal, account: Account, proxy: str) -> GivenProxy:
        """Let an account leave by a proxy that a text names, or without one (a word for none).

        Raises:
            InvalidInputError: the text is no proxy, or names several.
            CredentialsError: there is no usable key.
        """
        with self._audit.action(who, "account.proxy", named(account)):
            return self._inventory.give(account.id, account.platform, proxy)

    def plan(self, request: AssignmentRequest) -> AssignmentPlan:
        """Return which account would get which proxy; nothing is changed.

        Raises:
            InvalidInputError: a name in the request is wrong.
        """
        return self._assigner.plan(request)

    def assign(
        self, who: Principal, plan: AssignmentPlan, *, per_proxy: int
    ) -> tuple[Assignment, ...]:
        """Carry out a plan; return what of it was done."""
        subject = f"{plan.platform}: {len(plan.pairs)}"
        with self._audit.action(who, "proxy.assign", subject):
            return self._assigner.carry_out(plan, per_proxy)

    def check(
        self,
        who: Principal,
        names: Sequence[str],
        *,
        platform: str,
        target: str | None,
        parallel: int,
        deadline_secs: float,
        stop: Event | None = None,
    ) -> list[CheckOutcome]:
        """Send one request through each proxy, all of them where none is named.

        Args:
            target: the URL that is asked; None for the harmless endpoint of `platform`.

        Raises:
            InvalidInputError: there is no such proxy or platform, or it has no such endpoint.
        """
        asked = target or self._target_of(platform)
        # Names may be whole URLs: the log gets those of the routes.
        routes = [self._inventory.find(name).route.egress for name in names]
        with self._audit.action(who, "proxy.check", ", ".join(routes) or "*"):
            return self._checker.check(
                routes, asked, parallel=parallel, deadline_secs=deadline_secs, stop=stop
            )

    def _target_of(self, name: str) -> str:
        platform = self._platforms.named(name)
        if platform.asked_from is None:
            raise InvalidInputError("proxy_target_missing", platform=platform.name)
        return platform.asked_from(self._settings)
