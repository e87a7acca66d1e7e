"""Build the scheduled jobs that maintain the pool and the database."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from jobs.quota_reset import QuotaReset
    from jobs.retention import Retention
    from jobs.session_checks import SessionChecks


class HousekeepingFactories:
    """Builds the scheduled jobs that maintain the pool and the database, each once."""

    def __init__(
        self,
        *,
        foundation: Foundation,
        pool: PoolFactories,
    ) -> None:
        self._base = foundation
        self._pool = pool

    @cached_property
    def session_checks(self) -> SessionChecks:
        from jobs.session_checks import SessionChecks

        return SessionChecks(
            accounts=self._pool.manager,
            sessions=self._pool.sessions,
            platforms=self._pool.pooled_platforms(),
        )

    @cached_property
    def quota_reset(self) -> QuotaReset:
        from jobs.quota_reset import QuotaReset

        return QuotaReset(
            database=self._base.database, clock=self._base.clock, calendar=self._base.calendar
        )

    @cached_property
    def retention(self) -> Retention:
        from app.retention_policy import kept_rows
        from jobs.retention import Retention

        settings = self._base.settings
        return Retention(
            database=self._base.database,
            clock=self._base.clock,
            kinds=kept_rows(settings),
            log_dir=settings.log_dir,
            evidence_dir=settings.evidence_dir,
            file_days=settings.keep_logs_days,
        )
