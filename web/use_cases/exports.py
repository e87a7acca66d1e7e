"""Rebuild, copy and verify export files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.export.copies import ArchivedCopies, CopiedFile, CopyRequest, SegmentCopies
    from crawler.export.segment_files import FinishedFile
    from crawler.export.segment_finalizer import SegmentFinalizer
    from crawler.export.verifier import ExportVerifier, VerificationResult
    from web.audit_log import AuditLog, Principal


class ExportUseCases:
    """Rebuilds, copies and verifies export files."""

    def __init__(
        self,
        *,
        finalizer: SegmentFinalizer,
        copies: SegmentCopies,
        verifier: ExportVerifier,
        audit: AuditLog,
    ) -> None:
        self._finalizer = finalizer
        self._copies = copies
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

    def copy(
        self, who: Principal, segment_id: int, request: CopyRequest, out: Path | None
    ) -> CopiedFile:
        """Write a sealed segment's rows to a further file, in another form; no quota is used.

        Raises:
            InvalidInputError: there is no such segment, or it is open.
            OutputError: the file cannot be written.
        """
        with self._audit.action(who, "export.copy", str(segment_id)):
            return self._copies.write(segment_id, request, out)

    def copy_to_download(self, who: Principal, segment_id: int, request: CopyRequest) -> CopiedFile:
        """Write such a copy to a folder of its own, which the caller removes."""
        with self._audit.action(who, "export.copy", str(segment_id)):
            return self._copies.temporary(segment_id, request)

    def archive_to_download(
        self, who: Principal, task_id: int, request: CopyRequest
    ) -> ArchivedCopies:
        """Write copies of all files of a task to a ZIP file in a folder of its own, which the
        caller removes."""
        with self._audit.action(who, "export.copy_task", str(task_id)):
            return self._copies.archive(task_id, request)

    def verify(
        self, who: Principal, domain: str | None, *, deep: bool = False
    ) -> VerificationResult:
        """Verify that files, segments, rows and quotas agree, in one domain or (None) in all.

        With `deep`, also compare the creators in each file with the rows.
        """
        with self._audit.action(who, "exports.verify", domain or "all"):
            return self._verifier.verify(domain, deep=deep)
