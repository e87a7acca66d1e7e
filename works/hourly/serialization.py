"""Hourly counters and gaps as JSON objects."""

from __future__ import annotations

from typing import Any

from presentation.message_fields import message_fields
from storage.catalogue import view_data
from storage.catalogue.view_history import HourOfWork
from storage.engines.transactions import Row
from works.hourly.gaps import ObservedHour


def trend_object(found: HourOfWork) -> dict[str, Any]:
    """Return a work's counters in an hour, and their growth since the hour before, as JSON."""
    row, growth = found
    return numbers_object(row) | {"growth": growth}


def numbers_object(row: Row) -> dict[str, Any]:
    """Return a work's counters in an hour as JSON."""
    return {name: row[name] for name in view_data.METRICS}


def gap_object(observed: ObservedHour) -> dict[str, Any]:
    """Return an hour with its state as JSON; `why` is empty when it has no problem."""
    return {
        "date": observed.hour.date_text,
        "hour": observed.hour.hour_text,
        "state": observed.state.value,
        "started_at": observed.started_at,
        "success_count": observed.success,
        "fail_count": observed.failed,
    } | message_fields("why", observed.why, empty="")
