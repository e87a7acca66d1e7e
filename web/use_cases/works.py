"""Add videos to the catalogue, take them off the list and put them back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from core.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web.audit_log import AuditLog, Principal
    from works.catalogue.catalogue import Catalogue, Changes
    from works.catalogue.drop_folder import DropFolder, DropFolderResult
    from works.catalogue.entries import Key
    from works.catalogue.import_files import WorkRow, WorkRows
    from works.catalogue.importer import AddResult, ImportSummary, WorksImporter
    from works.catalogue.requests import AddWorksRequest, DiscoverRequest
    from works.catalogue.uploads import DiscoveryResult, UploadsDiscovery


class WorksUseCases:
    """Adds videos to the catalogue and changes them; each call is recorded in the log of actions.

    Args:
        drop_folder: returns the importer of the import directory.
    """

    def __init__(
        self,
        *,
        importer: WorksImporter,
        uploads: UploadsDiscovery,
        catalogue: Catalogue,
        drop_folder: Callable[[], DropFolder],
        audit: AuditLog,
    ) -> None:
        self._importer = importer
        self._uploads = uploads
        self._catalogue = catalogue
        self._drop_folder = drop_folder
        self._audit = audit

    def add(
        self, who: Principal, request: AddWorksRequest, stop: threading.Event
    ) -> list[AddResult]:
        """Add videos by their links, and return the outcome for each, in the order of the request.

        A video whose data cannot be fetched now is added without them. One that its platform does
        not have, or a short link that cannot be resolved, is not added, for the reason in its
        `note`. When `stop` is set, the short links left are not added; nothing is raised.

        Raises:
            DatabaseError: earlier videos stay added.
        """
        with self._audit.action(who, "works.add", Message.of("links_given", n=len(request.links))):
            return self._importer.add(request.links, request.platform, stop, fetch=request.fetch)

    def import_rows(
        self, who: Principal, rows: WorkRows, name: str, stop: threading.Event
    ) -> ImportSummary:
        """Add and change the videos of a file that messages call `name`; a repetition changes
        nothing.

        Rows that were wrong, or whose short link cannot be resolved, are listed in the result's
        `problems`; the others are imported. Videos that a complete list leaves out are marked
        invalid, unless a row is wrong.

        Raises:
            DatabaseError: a batch failed; earlier ones stay.
        """
        with self._audit.action(who, "works.import", name):
            return self._importer.import_rows(rows, name, stop)

    def preview_rows(self, rows: WorkRows) -> tuple[list[tuple[WorkRow, Message]], list[Message]]:
        """Return each valid row of a file with what its import would do, and notes on the whole.

        Nothing is stored, and no short link is asked.
        """
        listed = [row for row in rows.good if row.entry.work_id]
        outcomes = self._catalogue.compare(row.entry for row in listed)
        later = Message.of("preview_short_link")
        found = [(row, outcomes.get(row.entry.key, later)) for row in rows.good]
        notes = list(rows.notes)
        if rows.unused:
            notes.append(Message.of("columns_not_known", names=list(rows.unused)))
        if rows.is_complete and not rows.problems:
            entries = [row.entry for row in listed]
            gone = self._catalogue.unlisted_entries(entries, ())
            notes.append(Message.of("preview_taken_out", n=len(gone)))
        return found, notes

    def import_drop_folder(self, who: Principal, stop: threading.Event) -> DropFolderResult:
        """Import the files that wait in the import directory, in the order of their names.

        A file of which nothing can be understood is moved to `rejected/`, and wrong rows of others
        are written there, which raises nothing. Nothing is done while another process imports.

        Raises:
            DatabaseError, OutputError: the files that were not imported still wait.
        """
        with self._audit.action(who, "works.import", Message.of("drop_folder")):
            return self._drop_folder().import_waiting(stop)

    def discover(
        self,
        who: Principal,
        request: DiscoverRequest,
        stop: threading.Event,
        on_page: Callable[[DiscoveryResult], None],
    ) -> DiscoveryResult:
        """Add all uploads of a Bilibili creator, and call `on_page` after each page of them.

        Raises:
            InvalidInputError: there is no such creator, or no account is available soon.
            SourceError, CredentialsError: a page could not be fetched; earlier ones stay.
            StoppedSignal: `stop` was set; earlier pages stay.
        """
        with self._audit.action(who, "works.discover", request.uid):
            return self._uploads.discover(request.uid, stop, on_page)

    def disable(self, who: Principal, keys: Sequence[Key], reason: str | None = None) -> Changes:
        """Mark videos as invalid: they stay in the catalogue; `reason` is the operator's, None for
        none.

        Raises:
            InvalidInputError: one of them is not in the catalogue; nothing was changed.
        """
        with self._audit.action(who, "work.disable", _named(keys)):
            return self._catalogue.disable(keys, reason)

    def enable(self, who: Principal, keys: Sequence[Key]) -> Changes:
        """Mark videos as valid again, whoever marked them as invalid.

        Raises:
            InvalidInputError: one of them is not in the catalogue; nothing was changed.
        """
        with self._audit.action(who, "work.enable", _named(keys)):
            return self._catalogue.enable(keys)


def _named(keys: Sequence[Key]) -> str:
    return " ".join(":".join(key) for key in keys)
