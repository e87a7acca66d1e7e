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
    from works.catalogue.import_files import WorkRows
    from works.catalogue.importer import AddResult, ImportSummary, WorksImporter
    from works.catalogue.requests import AddWorksRequest, DiscoverRequest
    from works.catalogue.uploads import DiscoveryResult, UploadsDiscovery


class WorksUseCases:
    """Adds videos and changes them.

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
        """Add videos by their links; see WorksImporter.add."""
        with self._audit.action(who, "works.add", Message.of("links_given", n=len(request.links))):
            return self._importer.add(request.links, request.platform, stop, fetch=request.fetch)

    def import_rows(
        self, who: Principal, rows: WorkRows, name: str, stop: threading.Event
    ) -> ImportSummary:
        """Add and change the videos of a file called `name`; see WorksImporter.import_rows."""
        with self._audit.action(who, "works.import", name):
            return self._importer.import_rows(rows, name, stop)

    def import_drop_folder(self, who: Principal, stop: threading.Event) -> DropFolderResult:
        """Import the files that wait in the import directory; see DropFolder.import_waiting."""
        with self._audit.action(who, "works.import", Message.of("drop_folder")):
            return self._drop_folder().import_waiting(stop)

    def discover(
        self,
        who: Principal,
        request: DiscoverRequest,
        stop: threading.Event,
        on_page: Callable[[DiscoveryResult], None],
    ) -> DiscoveryResult:
        """Add all uploads of a creator; see UploadsDiscovery.discover."""
        with self._audit.action(who, "works.discover", request.uid):
            return self._uploads.discover(request.uid, stop, on_page)

    def disable(self, who: Principal, keys: Sequence[Key], reason: str | None = None) -> Changes:
        """Mark videos as invalid. Raise InvalidInputError when one is not in the catalogue."""
        with self._audit.action(who, "work.disable", _named(keys)):
            return self._catalogue.disable(keys, reason)

    def enable(self, who: Principal, keys: Sequence[Key]) -> Changes:
        """Mark videos as valid again. Raise InvalidInputError when one is not in the catalogue."""
        with self._audit.action(who, "work.enable", _named(keys)):
            return self._catalogue.enable(keys)


def _named(keys: Sequence[Key]) -> str:
    return " ".join(":".join(key) for key in keys)
