"""Rebuild export files, and verify them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.export.segment_files import FinishedFile
    from crawler.export.segment_finalizer import SegmentFinalizer
    from crawler.export.verifier import ExportVerifier, VerificationResult
    from web.audit_log import AuditLog, Principal


class ExportUseCases:
    """Rebuilds and verifies export files."""

    def __init__(
        self, *, finalizer: SegmentFinalizer, verifier: ExportVerifier, audit: AuditLog
    ) -> None:
        self._finalizer = finalizer
        self._verifier = verifier
        self._audit = audit

    def rebuild(self, who: Principal, segment_id: int, out: Path | None = None) -> FinishedFile:
        """Write a segment's file again from the database, on this host.

        Args:
            out: an absolute folder for the file, from now on; None for the place that it has.

        Raises:
            InvalidInputError: there is no such segment, it is still being written, its platform is
                not declared any more, or a file with other content stands at its place.
            OutputError: the file cannot be written.
        """
        with self._audit.action(who, "export.rebuild", str(segment_id)):
            return self._finalizer.rebuild(segment_id, out)

    def verify(
        self, who: Principal, domain: str | None, *, deep: bool = False
    ) -> VerificationResult:
        """Verify that files, segments, rows and quotas agree, in one domain or (None) in all.

        With `deep`, also compare the creators in each file with the rows.
        """
        with self._audit.action(who, "exports.verify", domain or "all"):
            return self._verifier.verify(domain, deep=deep)
