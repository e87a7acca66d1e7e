"""Hourly counters and gaps as JSON objects."""

from __future__ import annotations

from typing import Any

from core.message_json import message_keys
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.catalogue import view_data
from works.hourly.gaps import ObservedHour
from works.hourly.history import HourOfWork, HourRow


def trend_object(found: HourOfWork) -> dict[str, Any]:
    """Return a work's counters in an hour, and their growth since the hour before, as JSON."""
    row, growth = found
    return numbers_object(row) | {"growth": growth}


def numbers_object(row: HourRow) -> dict[str, Any]:
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
    } | message_keys("why", observed.why or "", ENGLISH_RENDERER.sentence)
