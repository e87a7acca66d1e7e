"""What pages and API work with: the same objects that the commands use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.enrolment import AccountEnrolment
    from accounts.manager import AccountManager
    from accounts.registry import AccountRegistry
    from accounts.vault import Vault
    from alerts.channels import Channel
    from core.clock import Clock, QuotaCalendar
    from core.settings import Settings
    from crawler.export.segment_files import SegmentFiles
    from crawler.export.segment_finalizer import SegmentFinalizer
    from crawler.export.verifier import ExportVerifier
    from crawler.service import CrawlingService
    from crawler.tasks.control import TaskControl
    from distribution.broadcast.broadcaster import Broadcaster
    from distribution.daily.scanner import DailyScanner
    from distribution.intake.importer import DistributionImporter
    from distribution.service import DistributionService
    from jobs.launcher import JobLauncher
    from presentation.snapshot import SnapshotReader
    from sources.platforms import PlatformRegistry
    from storage.engines.transactions import Database
    from web.operations import Operations
    from webhooks.service import WebhookService
    from works.catalogue.catalogue import Catalogue
    from works.catalogue.importer import WorksImporter
    from works.catalogue.uploads import UploadsDiscovery
    from works.hourly.gaps import ViewGaps

THREADS = 8  # requests that are carried out side by side
ROLE = "web"  # of a process that only serves


@dataclass(frozen=True)
class Backend:
    """Collaborators from the composition root; `version` is Baton's own.

    The database's pool has room for `threads`, which carry out the requests;
    `channels` takes half a second at its first call; `ending` is set when requests should end soon.
    """

    version: str
    threads: int
    settings: Settings
    host: str
    database: Database
    clock: Clock
    calendar: QuotaCalendar
    vault: Vault
    catalog: PlatformRegistry
    accounts: AccountManager
    registry: AccountRegistry
    account_desk: AccountEnrolment
    task_control: TaskControl
    desk: CrawlingService
    progress: SnapshotReader
    files: SegmentFiles
    verifier: ExportVerifier
    sealer: SegmentFinalizer
    launcher: JobLauncher
    webhooks: WebhookService
    catalogue: Catalogue
    works_intake: WorksImporter
    uploads: UploadsDiscovery
    view_data: Database
    view_gaps: ViewGaps
    intake: DistributionImporter
    dramas: DistributionService
    daily_scanner: DailyScanner
    broadcaster: Broadcaster
    channels: Callable[[], tuple[Channel, ...]]
    operations: Operations
    ending: Event
