"""Build accounts, platforms, and the requests that need both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from app.foundation import secret_text

if TYPE_CHECKING:
    from accounts.attribution.shared_circuits import SharedCircuits
    from accounts.budgets import DailyBudget
    from accounts.egress.operator import EgressOperator
    from accounts.egress.routes import EgressRoutes
    from accounts.enrolment import AccountEnrolment
    from accounts.identity import AccountIdentity
    from accounts.lifecycle.deletion import AccountDeletion
    from accounts.lifecycle.groups import AccountGroups
    from accounts.manager import AccountManager
    from accounts.proxies.assignment import ProxyAssigner
    from accounts.proxies.check import ProxyChecker
    from accounts.proxies.inventory import ProxyInventory
    from accounts.registry import AccountRegistry
    from accounts.session_updates import SessionUpdates
    from app.foundation import Foundation
    from crawler.runtime.account_sessions import AccountSessions, CooldownPolicy
    from crawler.statistics.fetcher import VideoStatsFetcher
    from crawler.statistics.retry_policy import StatsRetryPolicy
    from sources.anonymous_requests import AnonymousRequests
    from sources.platform_access import PlatformAccess, PlatformAccesses
    from sources.platforms import PlatformRegistry
    from sources.short_links import ShortLinkResolver


@dataclass(frozen=True, kw_only=True)
class PoolFactories:
    """Builds accounts, platforms, and fetchers that use the pool's accounts, each once."""

    foundation: Foundation

    @cached_property
    def manager(self) -> AccountManager:
        """Return the manager that leases accounts to the workers of this process."""
        from accounts.claims import AccountClaims
        from accounts.manager import AccountManager
        from accounts.operator import AccountOperator

        base = self.foundation
        return AccountManager(
            database=base.database,
            vault=base.vault,
            clock=base.clock,
            calendar=base.calendar,
            lease_registry=base.leases,
            claims=AccountClaims(
                database=base.database,
                clock=base.clock,
                calendar=base.calendar,
                lease_registry=base.leases,
                owner=base.owner,
                lease_secs=base.settings.lease_secs,
                direct=base.egress.direct.name,
            ),
            operator=AccountOperator(
                database=base.database,
                clock=base.clock,
                calendar=base.calendar,
                lease_registry=base.leases,
                owner=base.owner,
            ),
            egress=base.egress,
        )

    @cached_property
    def egress_routes(self) -> EgressRoutes:
        """Return the record of which egress routes work, shared by all platforms."""
        from accounts.egress.routes import EgressRoutes

        return EgressRoutes(database=self.foundation.database, clock=self.foundation.clock)

    @cached_property
    def egress_operator(self) -> EgressOperator:
        """Return what operators see of routes and circuits, and change about them."""
        from accounts.egress.operator import EgressOperator

        return EgressOperator(database=self.foundation.database, clock=self.foundation.clock)

    @cached_property
    def proxy_inventory(self) -> ProxyInventory:
        """Return the proxies that operators keep, and who leaves by which."""
        from accounts.proxies.inventory import ProxyInventory

        base = self.foundation
        return ProxyInventory(
            database=base.database, clock=base.clock, vault=base.vault, egress=base.egress
        )

    @cached_property
    def proxy_assigner(self) -> ProxyAssigner:
        """Return what shares proxies out to accounts."""
        from accounts.proxies.assignment import ProxyAssigner

        return ProxyAssigner(inventory=self.proxy_inventory, clock=self.foundation.clock)

    @cached_property
    def proxy_checker(self) -> ProxyChecker:
        """Return what finds out which proxies work."""
        from accounts.proxies.check import ProxyChecker

        return ProxyChecker(
            inventory=self.proxy_inventory,
            routes=self.egress_routes,
            database=self.foundation.database,
            clock=self.foundation.clock,
        )

    @cached_property
    def registry(self) -> AccountRegistry:
        """Return the list of accounts, to add to and read from."""
        from accounts.registry import AccountRegistry

        return AccountRegistry(
            database=self.foundation.database,
            vault=self.foundation.vault,
            clock=self.foundation.clock,
            egress=self.foundation.egress,
            claimed_uid=self._claimed_uid,
        )

    @cached_property
    def groups(self) -> AccountGroups:
        """Return the object that puts accounts into groups."""
        from accounts.lifecycle.groups import AccountGroups

        base = self.foundation
        return AccountGroups(database=base.database, clock=base.clock, calendar=base.calendar)

    @cached_property
    def deletion(self) -> AccountDeletion:
        """Return the object that deletes accounts."""
        from accounts.lifecycle.deletion import AccountDeletion

        base = self.foundation
        return AccountDeletion(
            database=base.database,
            clock=base.clock,
            calendar=base.calendar,
            lease_registry=base.leases,
            login_of=self.registry.login_of,
        )

    @cached_property
    def identity(self) -> AccountIdentity:
        """Return the object that compares the logins of leased accounts with what is stored."""
        from accounts.identity import AccountIdentity

        base = self.foundation
        return AccountIdentity(
            database=base.database,
            clock=base.clock,
            calendar=base.calendar,
            lease_registry=base.leases,
            claimed_uid=self._claimed_uid,
        )

    @cached_property
    def session_updates(self) -> SessionUpdates:
        """Return the object that stores the cookies which platforms change."""
        from accounts.session_updates import SessionUpdates

        base = self.foundation
        return SessionUpdates(
            database=base.database, vault=base.vault, clock=base.clock, platforms=self.platforms
        )

    @cached_property
    def enrolment(self) -> AccountEnrolment:
        """Return the object that adds accounts and checks their sessions."""
        from accounts.enrolment import AccountEnrolment

        return AccountEnrolment(
            registry=self.registry,
            manager=self.manager,
            groups=self.groups,
            vault=self.foundation.vault,
            updates=self.session_updates,
            platforms=self.platforms,
            access=self.access,
            routes=self.egress_routes,
            clock=self.foundation.clock,
            daily_limit=self.foundation.settings.daily_export_limit,
        )

    @cached_property
    def platforms(self) -> PlatformRegistry:
        """Return the registry of platforms. Raise SettingsError for a wrong TOML platform."""
        from sources.platforms import PlatformRegistry

        return PlatformRegistry(self.foundation.settings)

    @cached_property
    def access(self) -> PlatformAccesses:
        """Return the guarded sources with their sessions, by platform; all share the circuits."""
        from sources.platform_access import PlatformAccess, PlatformAccesses
        from sources.platforms import SourceContext
        from sources.policies import GuardedSource
        from sources.sessions import SessionPool

        settings = self.foundation.settings
        context = SourceContext(settings, self.foundation.clock, self._budget, self.circuits)
        platforms = self.platforms.platforms

        def make(name: str) -> PlatformAccess:
            source = platforms[name].make(context)
            guarded = GuardedSource(
                source=source,
                circuits=self.circuits,
                clock=self.foundation.clock,
                attempts=settings.request_attempts,
            )
            return PlatformAccess(guarded, SessionPool(source=source, clock=self.foundation.clock))

        return PlatformAccesses(names=platforms, make=make)

    @cached_property
    def circuits(self) -> SharedCircuits:
        """Return the circuits, which all processes share through the database."""
        from accounts.attribution.failures import Failures
        from accounts.attribution.openings import CircuitBackoffs, Openings
        from accounts.attribution.shared_circuits import SharedCircuits

        settings = self.foundation.settings
        backoffs = CircuitBackoffs.of(
            risk_secs=settings.risk_cooldown_secs, throttle_secs=settings.throttle_cooldown_secs
        )
        failures = Failures(
            openings=Openings(backoffs=backoffs),
            max_askers=settings.breaker_accounts,
        )
        return SharedCircuits(
            database=self.foundation.database,
            clock=self.foundation.clock,
            failures=failures,
            routes=self.egress_routes,
            owner=self.foundation.owner,
        )

    @cached_property
    def statistics(self) -> VideoStatsFetcher:
        """Return the fetcher of video statistics with the default retries."""
        from crawler.statistics.retry_policy import StatsRetryPolicy

        return self.statistics_over(self.access, StatsRetryPolicy())

    @cached_property
    def short_links(self) -> ShortLinkResolver:
        """Return the resolver of short links."""
        from sources.short_links import ShortLinkResolver

        settings = self.foundation.settings
        return ShortLinkResolver(
            requests=self.anonymous_requests(None),
            timeout_secs=settings.request_timeout_secs,
            answer_secs=settings.answer_timeout_secs,
            clock=self.foundation.clock,
            base_url=settings.short_link_base_url,
        )

    def anonymous_requests(self, proxy: str | None) -> AnonymousRequests:
        """Return the sender of requests of no account, through a proxy (a URL) or directly.

        Raises:
            CredentialsError: no key decrypts what the name of the proxy's route is salted with.
        """
        from sources.anonymous_requests import AnonymousRequests

        return AnonymousRequests(
            circuits=self.circuits,
            routes=self.egress_routes,
            route=self.foundation.egress.of(proxy),
            clock=self.foundation.clock,
            attempts=self.foundation.settings.request_attempts,
        )

    @cached_property
    def sessions(self) -> AccountSessions:
        """Return the account sessions of the ingestion workers."""
        from crawler.runtime.account_sessions import AccountSessions

        return AccountSessions(
            accounts=self.manager,
            identity=self.identity,
            updates=self.session_updates,
            platforms=self.access,
            clock=self.foundation.clock,
            cooldowns=self._cooldowns,
        )

    def statistics_over(
        self, platforms: Mapping[str, PlatformAccess], retry_policy: StatsRetryPolicy
    ) -> VideoStatsFetcher:
        """Return a fetcher of video statistics with account sessions and retries of its own.

        Args:
            platforms: the guarded sources to use, by platform.
            retry_policy: how a batch is tried again; an account is waited for as long as its
                longest wait.
        """
        from crawler.runtime.account_sessions import AccountSessions
        from crawler.statistics.fetcher import VideoStatsFetcher

        settings = self.foundation.settings
        keys = {
            name: secret_text(platform.key(settings))
            for name, platform in self.platforms.platforms.items()
            if platform.key is not None
        }
        sessions = AccountSessions(
            accounts=self.manager,
            identity=self.identity,
            updates=self.session_updates,
            platforms=platforms,
            clock=self.foundation.clock,
            cooldowns=self._cooldowns,
            patience_secs=retry_policy.max_wait_secs,
        )
        return VideoStatsFetcher(
            platforms=platforms,
            keys=keys,
            accounts=self.manager,
            sessions=sessions,
            resolver=self.short_links,
            clock=self.foundation.clock,
            retry_policy=retry_policy,
        )

    def close(self) -> None:
        """Close the platform sessions that were opened."""
        if "access" in self.__dict__:
            self.access.close()

    def pooled_platforms(self) -> list[str]:
        """Return the names of the platforms that are requested with the
        pool's accounts, not by API key."""
        return [
            platform.name for platform in self.platforms.platforms.values() if platform.key is None
        ]

    @property
    def _cooldowns(self) -> CooldownPolicy:
        from crawler.runtime.account_sessions import CooldownPolicy

        return CooldownPolicy(
            self.foundation.settings.throttle_cooldown_secs,
            self.foundation.settings.risk_cooldown_secs,
        )

    def _claimed_uid(self, platform: str, session: str) -> str | None:
        # Called late: to list accounts, no platform has to be loaded.
        known = self.platforms.platforms.get(platform)
        return None if known is None else known.claimed_uid(session)

    def _budget(self, name: str, limit: int, zone: str) -> DailyBudget:
        """Return the daily budget of a platform's API."""
        from accounts.budgets import DailyBudget

        return DailyBudget(
            database=self.foundation.database,
            clock=self.foundation.clock,
            platform=name,
            limit=limit,
            zone=zone,
        )
