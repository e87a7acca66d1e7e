"""Looking at the pages that were ingested, and at the creators that each brought in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.clock import QuotaCalendar
from core.errors import InvalidInputError
from storage.crawling import ingestion_logs
from storage.crawling.ingestion_logs import FirstListed, IngestionLog, LogFilter
from storage.engines.transactions import Database, Tx


@dataclass(frozen=True)
class LogPage:
    """Logs of stored pages, newest first.

    `before` begins the following part, None on the last. `creators` has what each page brought in,
    by the log's id, where asked for.
    """

    logs: tuple[IngestionLog, ...]
    before: int | None
    creators: Mapping[int, Sequence[FirstListed]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class IngestionLogs:
    """Reads the logs of stored pages."""

    database: Database
    calendar: QuotaCalendar

    def page(
        self,
        *,
        domain: str | None = None,
        account: str | None = None,
        task_id: int | None = None,
        day: date | None = None,
        before: int | None = None,
        limit: int = 50,
        with_creators: bool = False,
    ) -> LogPage:
        """Return the newest logs that match, up to `limit`; None leaves a condition out.

        Args:
            account: the account's name.
            task_id: a task with its pieces.
            day: a day of the quota zone, on which the page was stored.
            before: only logs with lower ids.
            with_creators: also read the creators that each page brought in, which reads all
                creators of the domains.
        """
        since, until = (None, None) if day is None else self.calendar.bounds(day)
        wanted = LogFilter(domain, account, task_id, since, until)

        def read(tx: Tx) -> LogPage:
            rows = ingestion_logs.matching(tx, wanted, limit + 1, before)
            shown = tuple(rows[:limit])
            return LogPage(
                logs=shown,
                before=shown[-1].id if len(rows) > limit else None,
                creators=_creators(tx, shown) if with_creators else {},
            )

        return self.database.read(read)

    def show(self, log_id: int) -> LogPage:
        """Return one log with the creators that its page brought in.

        Raises:
            InvalidInputError: there is none of that id.
        """

        def read(tx: Tx) -> LogPage:
            log = ingestion_logs.get(tx, log_id)
            if log is None:
                raise InvalidInputError("ingestion_log_unknown", log_id=log_id)
            return LogPage((log,), None, _creators(tx, (log,)))

        return self.database.read(read)


def _creators(tx: Tx, logs: Sequence[IngestionLog]) -> dict[int, list[FirstListed]]:
    by_domain: dict[tuple[str, str], list[int]] = {}
    for log in logs:
        if log.platform is not None and log.new_count:
            by_domain.setdefault((log.platform, log.domain), []).append(log.id)
    found: dict[int, list[FirstListed]] = {}
    for (platform, domain), ids in by_domain.items():
        for one in ingestion_logs.first_listed(tx, platform, domain, ids):
            found.setdefault(one.ingestion_log_id, []).append(one)
    return found
