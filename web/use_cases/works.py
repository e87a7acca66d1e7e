"""Videos come into the catalogue, and are taken out of it and back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

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
        drop_folder: makes what takes in the files of the drop folder.
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
        with self._audit.action(who, "works.add", f"{len(request.links)} links"):
            return self._importer.add(request.links, request.platform, stop, fetch=request.fetch)

    def import_rows(
        self, who: Principal, rows: WorkRows, name: str, stop: threading.Event
    ) -> ImportSummary:
        """Add and change the videos of a file called `name`; see WorksImporter.take_in."""
        with self._audit.action(who, "works.import", name):
            return self._importer.import_rows(rows, name, stop)

    def import_drop_folder(self, who: Principal, stop: threading.Event) -> DropFolderResult:
        """Take in what lies in the drop folder."""
        with self._audit.action(who, "works.import", "drop folder"):
            return self._drop_folder().import_waiting(stop)

    def discover(
        self,
        who: Principal,
        request: DiscoverRequest,
        stop: threading.Event,
        on_page: Callable[[DiscoveryResult], None],
    ) -> DiscoveryResult:
        """Add all that a creator uploaded; see UploadsDiscovery.discover."""
        with self._audit.action(who, "works.discover", request.uid):
            return self._uploads.discover(request.uid, stop, on_page)

    def disable(self, who: Principal, keys: Sequence[Key], reason: str | None = None) -> Changes:
        """Take videos out. Raise InvalidInputError when one is not in the catalogue."""
        with self._audit.action(who, "work.disable", _named(keys)):
            return self._catalogue.disable(keys, reason)

    def enable(self, who: Principal, keys: Sequence[Key]) -> Changes:
        """Bring videos back. Raise InvalidInputError when one is not in the catalogue."""
        with self._audit.action(who, "work.enable", _named(keys)):
            return self._catalogue.enable(keys)


def _named(keys: Sequence[Key]) -> str:
    return " ".join(":".join(key) for key in keys)
