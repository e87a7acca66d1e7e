"""Build the use cases that people have, over the objects of a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.crawling import CrawlingFactories
    from app.distribution import DistributionFactories
    from app.foundation import Foundation
    from app.jobs import JobFactories
    from app.pool import PoolFactories
    from app.webhooks import WebhookFactories
    from app.works import WorksFactories
    from web.audit_log import AuditLog
    from web.auth.tokens import TokenStore
    from web.use_cases.accounts import AccountUseCases
    from web.use_cases.alerts import AlertUseCases
    from web.use_cases.distribution import BroadcastUseCases, DramaUseCases
    from web.use_cases.egress import EgressUseCases
    from web.use_cases.exports import ExportUseCases
    from web.use_cases.hosts import HostUseCases
    from web.use_cases.jobs import JobUseCases
    from web.use_cases.number_rules import NumberRuleUseCases
    from web.use_cases.proxies import ProxyUseCases
    from web.use_cases.tasks import TaskUseCases
    from web.use_cases.tokens import TokenUseCases
    from web.use_cases.webhooks import WebhookUseCases
    from web.use_cases.works import WorksUseCases


@dataclass(frozen=True, kw_only=True)
class UseCaseFactories:
    """Builds the use cases that commands, console and API share, and the log of actions.

    Each is imported when it is first built: a command needs one or two of them.

    Args:
        job_factories: returns the factories of the scheduled jobs.
    """

    foundation: Foundation
    pool: PoolFactories
    crawling: CrawlingFactories
    distribution: DistributionFactories
    job_factories: Callable[[], JobFactories]
    webhook_factories: WebhookFactories
    works_factories: WorksFactories

    @cached_property
    def audit_log(self) -> AuditLog:
        from web.audit_log import AuditLog

        return AuditLog(database=self.foundation.database, clock=self.foundation.clock)

    @cached_property
    def token_store(self) -> TokenStore:
        from web.auth.tokens import TokenStore

        return TokenStore(database=self.foundation.database, clock=self.foundation.clock)

    @cached_property
    def tasks(self) -> TaskUseCases:
        from web.use_cases.tasks import TaskUseCases

        return TaskUseCases(service=self.crawling.service, audit=self.audit_log)

    @cached_property
    def accounts(self) -> AccountUseCases:
        from web.use_cases.accounts import AccountUseCases

        return AccountUseCases(
            enrolment=self.pool.enrolment,
            registry=self.pool.registry,
            manager=self.pool.manager,
            groups=self.pool.groups,
            deletion=self.pool.deletion,
            platforms=self.pool.platforms,
            rotate_key=lambda: self.foundation.vault.rotate(self.foundation.database),
            audit=self.audit_log,
        )

    @cached_property
    def egress(self) -> EgressUseCases:
        from web.use_cases.egress import EgressUseCases

        return EgressUseCases(operator=self.pool.egress_operator, audit=self.audit_log)

    @cached_property
    def proxies(self) -> ProxyUseCases:
        from web.use_cases.proxies import ProxyUseCases

        return ProxyUseCases(
            inventory=self.pool.proxy_inventory,
            assigner=self.pool.proxy_assigner,
            checker=self.pool.proxy_checker,
            platforms=self.pool.platforms,
            settings=self.foundation.settings,
            audit=self.audit_log,
        )

    @cached_property
    def exports(self) -> ExportUseCases:
        from web.use_cases.exports import ExportUseCases

        return ExportUseCases(
            finalizer=self.crawling.segment_finalizer,
            copies=self.crawling.copies,
            verifier=self.crawling.verifier,
            audit=self.audit_log,
        )

    @cached_property
    def webhooks(self) -> WebhookUseCases:
        from web.use_cases.webhooks import WebhookUseCases

        return WebhookUseCases(service=self.webhook_factories.service, audit=self.audit_log)

    @cached_property
    def dramas(self) -> DramaUseCases:
        from web.use_cases.distribution import DramaUseCases

        return DramaUseCases(
            importer=self.distribution.importer,
            service=self.distribution.service,
            scanner=self.distribution.daily_scanner,
            audit=self.audit_log,
        )

    @cached_property
    def broadcasts(self) -> BroadcastUseCases:
        from web.use_cases.distribution import BroadcastUseCases

        return BroadcastUseCases(broadcaster=self.distribution.broadcaster, audit=self.audit_log)

    @cached_property
    def works(self) -> WorksUseCases:
        from web.use_cases.works import WorksUseCases

        return WorksUseCases(
            importer=self.works_factories.importer,
            uploads=self.works_factories.uploads,
            catalogue=self.works_factories.catalogue,
            drop_folder=lambda: self.works_factories.drop_folder,
            audit=self.audit_log,
        )

    @cached_property
    def number_rules(self) -> NumberRuleUseCases:
        from web.use_cases.number_rules import NumberRuleUseCases

        return NumberRuleUseCases(rules=self.works_factories.rules, audit=self.audit_log)

    @cached_property
    def jobs(self) -> JobUseCases:
        from web.use_cases.jobs import JobUseCases

        factories = self.job_factories()
        return JobUseCases(
            launcher=factories.launcher,
            runner=factories.runner,
            audit=self.audit_log,
        )

    @cached_property
    def alerts(self) -> AlertUseCases:
        from web.use_cases.alerts import AlertUseCases

        return AlertUseCases(audit=self.audit_log)

    @cached_property
    def hosts(self) -> HostUseCases:
        from web.use_cases.hosts import HostUseCases

        return HostUseCases(
            database=self.foundation.database, clock=self.foundation.clock, audit=self.audit_log
        )

    @cached_property
    def tokens(self) -> TokenUseCases:
        from web.use_cases.tokens import TokenUseCases

        return TokenUseCases(tokens=self.token_store, audit=self.audit_log)
