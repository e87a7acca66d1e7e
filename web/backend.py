"""What pages and API work with: the same objects that the commands use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.manager import AccountManager
    from accounts.registry import AccountRegistry
    from accounts.vault import Vault
    from core.clock import Clock, QuotaCalendar
    from core.settings import Settings
    from crawler.account_desk import AccountDesk
    from crawler.channels import Channel
    from crawler.job_launcher import JobLauncher
    from crawler.progress import ProgressReader
    from crawler.scheduler import TaskScheduler
    from crawler.sealing import SegmentSealer
    from crawler.segments import SegmentFiles
    from crawler.task_desk import TaskDesk
    from crawler.verify import ExportVerifier
    from reports.broadcaster import Broadcaster
    from reports.daily_scan import DailyScanner
    from reports.dramas import DramaDesk
    from reports.intake import Intake
    from reports.webhook_desk import WebhookDesk
    from sources.catalog import Catalog
    from storage.database import Database
    from web.operations import Operations
    from works.catalogue import Catalogue
    from works.intake import WorksIntake
    from works.uploads import UploadsDiscovery
    from works.view_gaps import ViewGaps

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
    catalog: Catalog
    accounts: AccountManager
    registry: AccountRegistry
    account_desk: AccountDesk
    scheduler: TaskScheduler
    desk: TaskDesk
    progress: ProgressReader
    files: SegmentFiles
    verifier: ExportVerifier
    sealer: SegmentSealer
    launcher: JobLauncher
    webhooks: WebhookDesk
    catalogue: Catalogue
    works_intake: WorksIntake
    uploads: UploadsDiscovery
    view_data: Database
    view_gaps: ViewGaps
    intake: Intake
    dramas: DramaDesk
    daily_scanner: DailyScanner
    broadcaster: Broadcaster
    channels: Callable[[], tuple[Channel, ...]]
    operations: Operations
    ending: Event
