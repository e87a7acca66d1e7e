"""What was begun and takes long, on the page it belongs to: how far it is, and what it brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from web.console.language import Language
from web.operations import Operation, Operations

SHOWN_FOR = timedelta(minutes=30)
MAX_SHOWN = 3


@dataclass(frozen=True)
class Kind:
    """`section` is the page; `result` is filled in with what the operation tells. `details` names
    the list in it that is shown line by line."""

    section: str
    title: str
    result: str
    details: str | None = None


KINDS = {
    "works.add": Kind(
        section="Videos",
        title="Adding {subject}",
        result="{added} added, {known} known, {not_added} not added.",
        details="items",
    ),
    "works.import": Kind(
        section="Videos",
        title="Importing {subject}",
        result="{new} new, {changed} changed, {unchanged} unchanged, {problem_count} lines not"
        " imported.",
        details="problems",
    ),
    "works.discover": Kind(
        "Videos",
        "Uploads of {subject}",
        "{found} of {told} videos found: {new} new, {changed} changed.",
    ),
    "daily_stats.scan": Kind(
        "Dramas",
        "Counting {subject}",
        "{tasks} tasks, {completions} completions, {reports} reports,"
        " {incomplete} not counted in full.",
    ),
    "alerts.test": Kind(
        section="Alerts",
        title="Test notice",
        result="{accepted} accepted, {refused} refused.",
        details="channels",
    ),
    "broadcaster.trigger": Kind(
        "Broadcaster",
        "One round",
        "{total} tasks: {succeeded} with numbers, {failed} without.",
    ),
}


@dataclass(frozen=True)
class Shown:
    """An operation in words."""

    id: int
    title: str
    is_running: bool
    result: str
    error: str
    details: list[str]
    started_at: datetime


def shown(operations: Operations, section: str, language: Language, now: datetime) -> list[Shown]:
    """The newest operations of a page that go on, or ended a short while ago."""
    found = [
        one
        for one in operations.every()
        if one.kind in KINDS
        and KINDS[one.kind].section == section
        and (one.finished_at is None or now - one.finished_at < SHOWN_FOR)
    ]
    return [_in_words(one, language) for one in found[:MAX_SHOWN]]


def _in_words(one: Operation, language: Language) -> Shown:
    kind, result = KINDS[one.kind], one.result or {}
    return Shown(
        id=one.id,
        title=language.say(kind.title, subject=language.problem(one.subject)),
        is_running=one.is_running,
        result=language.say(kind.result, **result) if result else "",
        error=language.problem(one.error or ""),
        details=[line for each in result.get(kind.details, []) if (line := _line(each))]
        if kind.details
        else [],
        started_at=one.started_at,
    )


def _line(told: str | Mapping[str, Any]) -> str:
    """A sentence as it is; of an object what went wrong with it."""
    if isinstance(told, str):
        return told
    what = told.get("input") or told.get("channel") or ""
    why = told.get("note") or told.get("refusal")
    return f"{what}: {why}" if why else ""
