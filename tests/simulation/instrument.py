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
from crawler.export import formats, segment_files
from crawler.export.segment_files import SegmentWriter
from tests.simulation.schedule import Schedule


@contextmanager
def instrumented(current: Callable[[], Schedule]) -> Iterator[None]:
    """Patch the product for the block: steps at leases and renames, nothing waits for the disk."""
    require, discard = Lease.require, SegmentWriter.discard

    def required(self: Lease, clock: Any) -> None:
        require(self, clock)
        current().step("lease required")

    def renamed(source: Path, target: Path) -> None:
        current().step(f"rename {target.name}")
        _fail_if_full(current())
        os.rename(source, target)

    def synced(handle: int) -> None:
        _fail_if_full(current())

    def discarded(self: SegmentWriter) -> None:
        if not current().is_dying():
            discard(self)

    with ExitStack() as stack:
        for target, name, value in (
            (Lease, "require", required),
            (SegmentWriter, "discard", discarded),
            (segment_files, "os", SimpleNamespace(**vars(os) | {"rename": renamed})),
            (segment_files, "sync_folder", lambda _: None),
            (formats, "os", SimpleNamespace(**vars(os) | {"fsync": synced})),
        ):
            stack.enter_context(patch.object(target, name, value))
        yield


def _fail_if_full(schedule: Schedule) -> None:
    if schedule.is_disk_full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
