"""Reading conditions on creators in requests of console and API."""

from __future__ import annotations

from crawler.creators.filters import ConditionReader
from web.backend import Backend


def condition_reader(backend: Backend) -> ConditionReader:
    """Return the reader of conditions in the quota zone; it reads no files."""
    return ConditionReader(now=backend.clock.now(), zone=backend.calendar.zone, read_list=None)
