"""The collaborators of pages and API: the same objects that the commands use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.egress.operator import EgressOperator
    from accounts.lifecycle.groups import AccountGroups
    from accounts.registry import AccountRegistry
    from accounts.vault import Vault
    from alerts.channels import Channel
    from core.clock import Clock, QuotaCalendar
    from core.settings import Settings
    from core.supervision.watchdog import Watchdog
    from crawler.creators.catalogue import CreatorCatalogue
    from crawler.creators.day_report import DayReports
    from crawler.creators.ingestion_logs import IngestionLogs
    from crawler.export.segment_files import SegmentFiles
    from crawler.service import CrawlingService
    from distribution.broadcast.broadcaster import Broadcaster
    from distribution.daily.scanner import DailyScanner
    from distribution.service import DistributionService
    from distribution.settlement.reader import SettlementReader
    from jobs.launcher import JobLauncher
    from presentation.account_views import AccountViewReader
    from presentation.report_health import ReportHealthReader
    from presentation.snapshot import SnapshotReader
    from sources.platforms import PlatformRegistry
    from storage.engines.outages import Outage
    from storage.engines.transactions import Database
    from web.audit_log import AuditLog
    from web.operations import Operations
    from web.peers.client import PeerClient
    from web.use_cases.accounts import AccountUseCases
    from web.use_cases.alerts import AlertUseCases
    from web.use_cases.creators import CreatorUseCases
    from web.use_cases.distribution import BroadcastUseCases, DramaUseCases
    from web.use_cases.egress import EgressUseCases
    from web.use_cases.exports import ExportUseCases
    from web.use_cases.hosts import HostUseCases
    from web.use_cases.jobs import JobUseCases
    from web.use_cases.number_rules import NumberRuleUseCases
    from web.use_cases.proxies import ProxyUseCases
    from web.use_cases.tasks import TaskUseCases
    from web.use_cases.webhooks import WebhookUseCases
    from web.use_cases.works import WorksUseCases
    from webhooks.service import WebhookService
    from works.hourly.comparison import WorkComparer
    from works.hourly.gaps import ViewGaps
    from works.hourly.history import ViewHistory

THREADS = 8  # requests that are carried out side by side
ROLE = "web"  # of a process that only serves


@dataclass(frozen=True)
class UseCases:
    """Everything that changes something; each change is recorded in the log of actions."""

    audit_log: AuditLog
    tasks: TaskUseCases
    accounts: AccountUseCases
    egress: EgressUseCases
    proxies: ProxyUseCases
    exports: ExportUseCases
    works: WorksUseCases
    dramas: DramaUseCases
    broadcasts: BroadcastUseCases
    webhooks: WebhookUseCases
    jobs: JobUseCases
    hosts: HostUseCases
    number_rules: NumberRuleUseCases
    alerts: AlertUseCases
    creators: CreatorUseCases


@dataclass(frozen=True)
class Backend:
    """The collaborators that answer requests: use cases, and readers for lists and pages.

    Args:
        version: the version of Baton.
        threads: number of requests that are handled at a time; the database's pool has room for
            them.
        outages: returns the outage of the database that lasts; None without one.
        channels: returns the notification channels; takes half a second at its first call.
        ending: set when requests should end soon.
    """

    version: str
    threads: int
    settings: Settings
    host: str
    database: Database
    clock: Clock
    calendar: QuotaCalendar
    vault: Vault
    platforms: PlatformRegistry
    registry: AccountRegistry
    groups: AccountGroups
    crawling: CrawlingService
    creators: CreatorCatalogue
    day_reports: DayReports
    ingestion_logs: IngestionLogs
    progress: SnapshotReader
    report_health: ReportHealthReader
    account_views: AccountViewReader
    egress: EgressOperator
    files: SegmentFiles
    launcher: JobLauncher
    webhooks: WebhookService
    view_history: ViewHistory
    view_gaps: ViewGaps
    comparer: WorkComparer
    dramas: DistributionService
    settlement: SettlementReader
    daily_scanner: DailyScanner
    broadcaster: Broadcaster
    channels: Callable[[], tuple[Channel, ...]]
    operations: Operations
    peers: PeerClient
    watchdog: Watchdog
    outages: Callable[[], Outage | None]
    use_cases: UseCases
    ending: Event
