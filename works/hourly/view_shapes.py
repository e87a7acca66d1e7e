"""Hourly numbers as JSON objects."""

from __future__ import annotations

from typing import Any

from storage.catalogue import view_data
from storage.catalogue.view_history import HourOfWork
from storage.engines.transactions import Row
from works.hourly.gaps import ObservedHour


def trend_object(found: HourOfWork) -> dict[str, Any]:
    """Its numbers, and the growth since the hour before."""
    row, growth = found
    return numbers_object(row) | {"growth": growth}


def numbers_object(row: Row) -> dict[str, Any]:
    """The numbers of a work in an hour."""
    return {name: row[name] for name in view_data.METRICS}


def gap_object(one: ObservedHour) -> dict[str, Any]:
    """An hour, and what is not as it should be."""
    return {
        "date": one.hour.date_text,
        "hour": one.hour.hour_text,
        "state": one.state.value,
        "started_at": one.started_at,
        "success_count": one.success,
        "fail_count": one.failed,
        "why": one.why,
    }
