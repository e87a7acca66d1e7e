"""The checks of `doctor` on export files: unfinished, lost, or on other hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.container import App
from commands.doctor.findings import Finding, failure, ok, warning
from core.installation.program import program_name
from core.messages import Message
from crawler.export.segment_files import remove_part
from presentation.i18n.renderer import counted
from storage.crawling import export_segments, leases
from storage.models.segments import Segment, SegmentState

PAGE_ROWS = 200
MAX_NAMED_SEGMENTS = 5


class ExportFileChecks:
    """Checks segments and the files of this host."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """Yield the findings on open segments, hosts, part files and sealed files."""
        yield from self._open_segments()
        yield from self._hosts()
        yield from self._parts()
        yield self._sealed()

    def _open_segments(self) -> Iterator[Finding]:
        unattended = self._app.crawling.segment_finalizer.unattended()
        if not unattended:
            yield ok(Message.of("subject_export_files"), Message.of("no_files_unfinished"))
        for segment in unattended:
            yield warning(
                Message.of("subject_segment", segment_id=segment.id),
                Message.of("segment_unattended", host=segment.host, task_id=segment.task_id),
                Message.of("segment_rebuild", segment_id=segment.id),
                fix=self._rebuild_of(segment),
            )

    def _rebuild_of(self, segment: Segment) -> Callable[[], Message]:
        def rebuild() -> Message:
            file = self._app.crawling.segment_finalizer.rebuild(segment.id)
            return Message.of("file_written_to", path=str(file.path))

        return rebuild

    def _hosts(self) -> Iterator[Finding]:
        # A file can be fetched only while the host that holds it is there.
        alive = {worker.host for worker in self._app.database.read(leases.workers)}
        for files in self._app.database.read(export_segments.by_host):
            if files.host == self._app.host or files.host in alive or self._is_here(files):
                continue
            yield warning(
                Message.of("subject_host", host=files.host),
                Message.of("host_holds_files", files=counted(files.count, "export file")),
                Message.of("host_fetch_files", host=files.host),
            )

    def _is_here(self, files: export_segments.HostFiles) -> bool:
        # The host may have been renamed, or its folder may be shared.
        path = files.newest_path
        return path is not None and self._app.crawling.segment_files.locate(path).exists()

    def _parts(self) -> Iterator[Finding]:
        stale = self._app.crawling.segment_finalizer.stale_parts()
        if not stale:
            return

        def remove() -> Message:
            for path in stale:
                remove_part(path)
            return Message.of("parts_removed", count=len(stale))

        count, names = len(stale), [path.name for path in stale[:3]]
        yield warning(
            Message.of("subject_part_files"),
            Message.of("parts_unfinished", count=count, names=names)
            if count <= 3
            else Message.of("parts_unfinished_more", count=count, names=names),
            Message.of("remove_them"),
            fix=remove,
        )

    def _sealed(self) -> Finding:
        # Sizes are enough here: `exports verify` reads what is in the files.
        checked, wrong = 0, []
        for segment in self._segments_here():
            checked += 1
            if not self._is_whole(segment):
                wrong.append(segment.id)
        subject, files = Message.of("subject_export_files"), counted(checked, "sealed file")
        if not wrong:
            return ok(subject, Message.of("sealed_in_place", files=files))
        ids = " ".join(map(str, wrong[:MAX_NAMED_SEGMENTS]))
        if len(wrong) > MAX_NAMED_SEGMENTS:
            ids += " ..."
        return failure(
            subject,
            Message.of("sealed_files_wrong", wrong=len(wrong), files=files, ids=ids),
            Message.of("run_this", command=f"{program_name()} exports rebuild {ids}"),
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
