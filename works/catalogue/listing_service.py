"""Keep `views.json` up to date with the catalogue, whichever process changes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import DatabaseError, OutputError
from core.logs import SparseNotice, service_log
from core.poller import Poller
from core.supervision.internal_errors import ComponentErrors
from works.catalogue.views_json import CatalogueList

log = service_log("works")
# Changes come in bursts: one export shall show the whole burst.
AFTER_A_CHANGE = timedelta(seconds=5)
BETWEEN_EXPORTS = timedelta(seconds=10)


@dataclass(kw_only=True)
class ListingService:
    """The service that writes `views.json` in one thread of the long-running process.

    A change is exported 5 s after it was seen, together with all that came since, and at least 10 s
    after the export before, also one that another process made.
    """

    listing: CatalogueList
    clock: Clock
    poll_secs: float
    errors: ComponentErrors
    _change_seen_at: datetime | None = field(default=None, init=False)
    _notice: SparseNotice = field(init=False)

    def __post_init__(self) -> None:
        self._notice = SparseNotice(self.clock.monotonic)

    def run(self, stop: threading.Event) -> None:
        """Export until `stop` is set; errors of the database or the disk are logged and tried
        again.

        A file that is behind when this begins is written at once.
        """
        self._change_seen_at = self.clock.now() - AFTER_A_CHANGE
        poller = Poller(
            clock=self.clock,
            poll_secs=self.poll_secs,
            retried=(DatabaseError, OutputError),
            on_error=self._postpone,
            errors=self.errors,
        )
        poller.run(self.export_if_due, stop)

    def export_if_due(self) -> bool:
        """Export when that is due; return True when the file was written."""
        version, label, now = self.listing.version(), self.listing.label(), self.clock.now()
        # A catalogue that was never used must not take the place of a file that somebody wrote.
        if version == 0 or (label is not None and label.version == version):
            self._change_seen_at = None
            return False
        self._change_seen_at = self._change_seen_at or now
        due = self._change_seen_at + AFTER_A_CHANGE
        # A label from the future is ignored: the clock was set back, and would stop all exports.
        if label is not None and label.exported_at <= now:
            due = max(due, label.exported_at + BETWEEN_EXPORTS)
        return now >= due and self._export()

    def _postpone(self, error: Exception) -> None:
        """Log an error, once a minute at most, and wait for AFTER_A_CHANGE again."""
        if self._notice.is_due():
            log.error("views.json is behind, trying again: %s", error)
        self._change_seen_at = self.clock.now()

    def _export(self) -> bool:
        export = self.listing.refresh()
        if export is None:
            return False
        self._change_seen_at = None
        log.info("views.json written: %s works, %s of them valid", export.total, export.valid)
        return True
