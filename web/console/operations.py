"""Operations on the page they belong to: their progress and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.messages import Message
from web.console.language import Language
from web.operations import Operation, Operations

SHOWN_FOR = timedelta(minutes=30)
MAX_SHOWN = 3


@dataclass(frozen=True)
class Kind:
    """The texts and the place with which a kind of background operation is shown.

    Args:
        section: title of the page it belongs to.
        title: a text with the operation's subject filled in.
        result: a text with the operation's result filled in.
        details: key of the list in the result that is shown line by line; None for none.
    """

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
        "Broadcaster", "One round", "{total} tasks: {succeeded} with numbers, {failed} without."
    ),
}


@dataclass(frozen=True)
class Shown:
    """An operation as a page shows it, with texts in the visitor's language."""

    id: int
    title: str
    host: str
    is_running: bool
    result: str
    error: str
    details: list[str]
    started_at: datetime


def shown(operations: Operations, section: str, language: Language, now: datetime) -> list[Shown]:
    """Return the background operations that a page shows: the newest three of its section.

    They run, or ended within SHOWN_FOR.
    """
    found = [
        operation
        for operation in operations.every()
        if operation.kind in KINDS
        and KINDS[operation.kind].section == section
        and (operation.finished_at is None or now - operation.finished_at < SHOWN_FOR)
    ]
    return [_shown(operation, language) for operation in found[:MAX_SHOWN]]


def _shown(operation: Operation, language: Language) -> Shown:
    kind, result = KINDS[operation.kind], operation.result or {}
    return Shown(
        id=operation.id,
        title=language.say(kind.title, subject=_shown_value(operation.subject, language)),
        host=operation.host,
        is_running=operation.is_running,
        result=language.say(kind.result, **result) if result else "",
        error=language.problem(operation.error) if operation.error else "",
        details=[line for each in result.get(kind.details, []) if (line := _line(each, language))]
        if kind.details
        else [],
        started_at=operation.started_at,
    )


def _line(detail: str | Message | Mapping[str, Any], language: Language) -> str:
    """Return a message in the reader's language, or the problem in an
    object; empty when it has none."""
    if isinstance(detail, str | Message):
        return language.problem(detail)
    what = detail.get("input") or detail.get("channel") or ""
    why = detail.get("note") or detail.get("refusal")
    return f"{what}: {language.problem(why)}" if why else ""


def _shown_value(subject: str | Message, language: Language) -> str:
    return subject if isinstance(subject, str) else language.problem(subject)
