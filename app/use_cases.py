"""Build the use cases that people have, over the objects of a process."""

from __future__ import annotations

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
    from web.use_cases.exports import ExportUseCases
    from web.use_cases.jobs import JobUseCases
    from web.use_cases.tasks import TaskUseCases
    from web.use_cases.tokens import TokenUseCases
    from web.use_cases.webhooks import WebhookUseCases
    from web.use_cases.works import WorksUseCases


class UseCaseFactories:
    """Builds the use cases that commands, console and API share, and the log of actions."""

    def __init__(
        self,
        *,
        foundation: Foundation,
        pool: PoolFactories,
        crawling: CrawlingFactories,
        works: WorksFactories,
        webhooks: WebhookFactories,
        distribution: DistributionFactories,
        jobs: JobFactories,
    ) -> None:
        self._base = foundation
        self._pool = pool
        self._crawling = crawling
        self._works = works
        self._webhooks = webhooks
        self._distribution = distribution
        self._jobs = jobs

    @cached_property
    def audit_log(self) -> AuditLog:
        from web.audit_log import AuditLog

        return AuditLog(database=self._base.database, clock=self._base.clock)

    @cached_property
    def token_store(self) -> TokenStore:
        from web.auth.tokens import TokenStore

        return TokenStore(database=self._base.database, clock=self._base.clock)

    @cached_property
    def tasks(self) -> TaskUseCases:
        from web.use_cases.tasks import TaskUseCases

        return TaskUseCases(service=self._crawling.service, audit=self.audit_log)

    @cached_property
    def accounts(self) -> AccountUseCases:
        from web.use_cases.accounts import AccountUseCases

        return AccountUseCases(
            enrolment=self._pool.enrolment,
            registry=self._pool.registry,
            manager=self._pool.manager,
            platforms=self._pool.platforms,
            rotate_key=lambda: self._base.vault.rotate(self._base.database),
            audit=self.audit_log,
        )

    @cached_property
    def exports(self) -> ExportUseCases:
        from web.use_cases.exports import ExportUseCases

        return ExportUseCases(
            finalizer=self._crawling.segment_finalizer,
            verifier=self._crawling.verifier,
            audit=self.audit_log,
        )

    @cached_property
    def webhooks(self) -> WebhookUseCases:
        from web.use_cases.webhooks import WebhookUseCases

        return WebhookUseCases(service=self._webhooks.service, audit=self.audit_log)

    @cached_property
    def dramas(self) -> DramaUseCases:
        from web.use_cases.distribution import DramaUseCases

        return DramaUseCases(
            importer=self._distribution.importer,
            service=self._distribution.service,
            scanner=self._distribution.daily_scanner,
            audit=self.audit_log,
        )

    @cached_property
    def broadcasts(self) -> BroadcastUseCases:
        from web.use_cases.distribution import BroadcastUseCases

        return BroadcastUseCases(broadcaster=self._distribution.broadcaster, audit=self.audit_log)

    @cached_property
    def works(self) -> WorksUseCases:
        from web.use_cases.works import WorksUseCases

        return WorksUseCases(
            importer=self._works.importer,
            uploads=self._works.uploads,
            catalogue=self._works.catalogue,
            drop_folder=lambda: self._works.drop_folder,
            audit=self.audit_log,
        )

    @cached_property
    def jobs(self) -> JobUseCases:
        from web.use_cases.jobs import JobUseCases

        return JobUseCases(
            launcher=self._jobs.launcher, runner=self._jobs.runner, audit=self.audit_log
        )

    @cached_property
    def alerts(self) -> AlertUseCases:
        from web.use_cases.alerts import AlertUseCases

        return AlertUseCases(audit=self.audit_log)

    @cached_property
    def tokens(self) -> TokenUseCases:
        from web.use_cases.tokens import TokenUseCases

        return TokenUseCases(tokens=self.token_store, audit=self.audit_log)
