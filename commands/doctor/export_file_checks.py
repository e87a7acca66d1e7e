"""The checks of `doctor` on export files: unfinished, lost, or out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.container import App
from commands.doctor.findings import Finding, Level
from commands.framework.context import amount
from storage.crawling import export_segments, leases
from storage.models.segments import Segment, SegmentState

PAGE_ROWS = 200
MAX_NAMED_SEGMENTS = 5


class ExportFileChecks:
    """Checks segments and the files of this host."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """Yield the findings on segments, hosts, part files and sealed files."""
        yield from self._open_segments()
        yield from self._hosts()
        yield from self._parts()
        yield self._sealed()

    def _open_segments(self) -> Iterator[Finding]:
        unattended = self._app.crawling.segment_finalizer.unattended()
        if not unattended:
            yield Finding(Level.OK, "export files", "none left unfinished")
        for segment in unattended:
            yield Finding(
                level=Level.WARN,
                subject=f"segment {segment.id}",
                detail=f"open on host {segment.host}, and nobody works on task {segment.task_id}",
                advice="it is finished when the task goes on, or by:"
                f" python cli.py exports rebuild {segment.id}",
                fix=self._rebuild_of(segment),
            )

    def _rebuild_of(self, segment: Segment) -> Callable[[], str]:
        return lambda: f"written to {self._app.crawling.segment_finalizer.rebuild(segment.id).path}"

    def _hosts(self) -> Iterator[Finding]:
        # A file can be fetched only while the host that holds it is there.
        alive = {worker.host for worker in self._app.database.read(leases.workers)}
        for files in self._app.database.read(export_segments.by_host):
            if files.host == self._app.host or files.host in alive or self._is_here(files):
                continue
            yield Finding(
                level=Level.WARN,
                subject=f"host {files.host}",
                detail=f"holds {amount(files.count, 'export file')}, and no process runs there",
                advice="fetch them from there; if the host is gone, write them again here:"
                f" python cli.py exports rebuild --host {files.host}",
            )

    def _is_here(self, files: export_segments.HostFiles) -> bool:
        # The host may have been renamed, or its folder may be shared.
        path = files.newest_path
        return path is not None and self._app.crawling.segment_files.locate(path).exists()

    def _parts(self) -> Iterator[Finding]:
        stale = self._app.crawling.segment_finalizer.stale_parts()
        if not stale:
            return

        def remove() -> str:
            for path in stale:
                path.unlink(missing_ok=True)
            return f"{len(stale):,} removed"

        names = ", ".join(path.name for path in stale[:3]) + (" …" if len(stale) > 3 else "")
        yield Finding(
            level=Level.WARN,
            subject="part files",
            detail=f"{len(stale):,} that nobody will finish: {names}",
            advice="remove them",
            fix=remove,
        )

    def _sealed(self) -> Finding:
        # Sizes are enough here: `exports verify` reads what is in the files.
        checked, wrong = 0, []
        for segment in self._segments_here():
            checked += 1
            if not self._is_whole(segment):
                wrong.append(segment.id)
        if not wrong:
            detail = f"{amount(checked, 'sealed file')} of this host in place"
            return Finding(Level.OK, "export files", detail)
        ids = " ".join(map(str, wrong[:MAX_NAMED_SEGMENTS]))
        more = " ..." if len(wrong) > MAX_NAMED_SEGMENTS else ""
        return Finding(
            level=Level.ERROR,
            subject="export files",
            detail=f"{len(wrong):,} of {amount(checked, 'sealed file')} missing or cut: segments"
            f" {ids}{more}",
            advice=f"python cli.py exports rebuild {ids}{more}",
        )

    def _segments_here(self) -> Iterator[Segment]:
        after = 0
        while True:
            page = self._app.database.read(export_segments.page, after, PAGE_ROWS)
            if not page:
                return
            for segment in page:
                if segment.state is SegmentState.SEALED and segment.host == self._app.host:
                    yield segment
            after = page[-1].id

    def _is_whole(self, segment: Segment) -> bool:
        try:
            path = self._app.crawling.segment_files.locate(segment.file_path or "")
            return path.stat().st_size == segment.bytes
        except OSError:
            return False
