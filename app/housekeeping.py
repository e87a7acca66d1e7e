"""Builds the scheduled jobs that maintain the pool and the database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from jobs.quota_reset import QuotaReset
    from jobs.retention import Retention
    from jobs.session_checks import SessionChecks


@dataclass(frozen=True, kw_only=True)
class HousekeepingFactories:
    """Factories of the scheduled jobs that maintain the pool and the database."""

    foundation: Foundation
    pool: PoolFactories

    @cached_property
    def session_checks(self) -> SessionChecks:
        from jobs.session_checks import SessionChecks

        return SessionChecks(
            accounts=self.pool.manager,
            sessions=self.pool.sessions,
            platforms=self.pool.pooled_platforms(),
        )

    @cached_property
    def quota_reset(self) -> QuotaReset:
        from jobs.quota_reset import QuotaReset

        return QuotaReset(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
        )

    @cached_property
    def retention(self) -> Retention:
        from app.retention_policy import kept_rows
        from jobs.retention import Retention

        settings = self.foundation.settings
        return Retention(
            database=self.foundation.database,
            clock=self.foundation.clock,
            kinds=kept_rows(settings),
            log_dir=settings.log_dir,
            evidence_dir=settings.evidence_dir,
            file_days=settings.keep_logs_days,
        )
