"""Hourly counters and gaps as JSON objects."""

from __future__ import annotations

from typing import Any

from core.message_json import message_keys
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.catalogue import view_data
from works.hourly.comparison import Comparison
from works.hourly.gaps import ObservedHour
from works.hourly.history import AGE, HourOfWork, HourRow


def trend_object(found: HourOfWork) -> dict[str, Any]:
    """Return a work's counters in an hour as JSON, with their growth since the hour before and the
    hours since its publication."""
    row, growth = found
    return numbers_object(row) | {"growth": growth, AGE: row[AGE]}


def numbers_object(row: HourRow) -> dict[str, Any]:
    """Return a work's counters in an hour as JSON."""
    return {name: row[name] for name in view_data.METRICS}


def comparison_object(found: Comparison) -> dict[str, Any]:
    """Return works side by side as JSON, by the hours or by the hours since their publication."""
    axis = AGE if found.by_age else "hours"
    named: dict[str, Any] = {axis: list(found.axis), "series": dict(found.series)}
    return named | ({"publication_unknown": list(found.undated)} if found.by_age else {})


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
