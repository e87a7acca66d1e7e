"""Places in the product where a schedule may switch, or where the disk may be full."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from core.leases import Lease
from crawler.export import segment_files
from crawler.export.fencing import WriteFence
from crawler.export.formats import text_files
from crawler.export.formats.text_files import CsvWriter
from crawler.export.segment_files import SegmentWriter
from crawler.runtime.lease_renewer import LeaseRenewer
from tests.simulation.schedule import Schedule


@contextmanager
def instrumented(current: Callable[[], Schedule]) -> Iterator[None]:
    """Patch the product for the block: steps at leases and files, and nothing waits for the disk.

    A step stands behind each look at a lease or a token, as what was seen may be wrong by then.
    """
    with ExitStack() as stack:
        for target, name, value in (*_leases(current), *_files(current)):
            stack.enter_context(patch.object(target, name, value))
        yield


def _leases(current: Callable[[], Schedule]) -> Iterator[tuple[object, str, object]]:
    require, outgrows = Lease.require, WriteFence.outgrows

    def required(self: Lease, clock: Any) -> None:
        require(self, clock)
        current().step("lease required")

    def outgrown(self: WriteFence, part: Path) -> bool:
        current().step(f"look at {part.name}")
        return outgrows(self, part)

    yield Lease, "require", required
    # No lease depends on it, and it would be a third of all transactions.
    yield LeaseRenewer, "_show_worker", lambda *_: None
    yield WriteFence, "outgrows", outgrown


def _files(current: Callable[[], Schedule]) -> Iterator[tuple[object, str, object]]:
    discard, opened, write = SegmentWriter.discard, CsvWriter.__init__, CsvWriter.write

    def synced(handle: int) -> None:
        _fail_if_full(current())

    def renamed(source: Path, target: Path) -> None:
        current().step(f"rename {target.name}")
        _fail_if_full(current())
        os.rename(source, target)
        current().note_renamed(target)

    def open_part(self: CsvWriter, path: Path, *args: Any, **kwargs: Any) -> None:
        current().step(f"open {path.name}")
        _fail_if_full(current())
        opened(self, path, *args, **kwargs)

    def append(self: CsvWriter, rows: Any) -> None:
        _fail_if_full(current())
        write(self, rows)

    def discarded(self: SegmentWriter) -> None:
        if not current().is_dying():
            discard(self)

    yield SegmentWriter, "discard", discarded
    yield CsvWriter, "__init__", open_part
    yield CsvWriter, "write", append
    yield text_files, "os", SimpleNamespace(**vars(os) | {"fsync": synced})
    yield segment_files, "os", SimpleNamespace(**vars(os) | {"fsync": synced, "rename": renamed})
    yield segment_files, "sync_folder", lambda _: None


def _fail_if_full(schedule: Schedule) -> None:
    if schedule.is_disk_full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
