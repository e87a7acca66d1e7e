"""Read tasks, users and completions as the distributing site sends them, field by field."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from core.errors import WrongFieldError
from core.messages import Message
from core.requests import NOT_TEXT, is_text
from distribution import counters
from distribution.fields import ID_CHARS, Fields, Lost, read_secret, wrong_field
from distribution.video_links import link_hash
from sources.text import is_deeper, storable_json
from storage.distribution import distribution_tasks
from storage.distribution.completions import Completion
from storage.distribution.distribution_tasks import DramaFields, DramaStatus
from storage.distribution.users import User

DRAMA_FIELDS = distribution_tasks.COLUMNS
USER_FIELDS = ("user_id", "name", "agent_node")
COMPLETION_FIELDS = (
    "task_id",
    "user_id",
    "submission_link",
    "platform",
    "completed_at",
    "verification_details",
)
DETAILS = "verification_details"
STATUS_WORDS = {
    "活跃": DramaStatus.ACTIVE,
    "已暂停": DramaStatus.PAUSED,
    "暂停": DramaStatus.PAUSED,
    "已结束": DramaStatus.FINISHED,
    "结束": DramaStatus.FINISHED,
}
TITLE_CHARS, NAME_CHARS, DETAILS_CHARS = 512, 255, 16_000
MAX_DURATION_SECS = 10_000_000
DETAILS_LEVELS = 20
# The clock of the distributing site may be fast.
MAX_AHEAD = timedelta(minutes=10)


@dataclass(frozen=True)
class DramaForm:
    """The distribution task of a drama, as it was sent.

    Args:
        changes: the values to store by the names of DramaFields, only of fields that were present.
        gives_secret: whether a secret was sent, be it null.
        secret: in clear; None for a task whose reports are not signed.
    """

    task_id: str
    changes: Mapping[str, Any]
    gives_secret: bool
    secret: str | None = field(repr=False)  # in clear

    def applied_to(self, known: DramaFields | None) -> DramaFields:
        """Return the task's stored fields, with those replaced that were sent.

        `known` are the fields stored now; None for a task that is not stored: it begins with
        defaults. The secret is not touched: it has to be encrypted first.
        """
        return replace(known or DramaFields(self.task_id, ""), **self.changes)


def read_drama(item: Mapping[str, Any], lost: Lost = None) -> DramaForm:
    """Read the distribution task of a drama.

    A field that is absent is no change; null or empty clears it. `task_id` and `project_id` are
    required.

    Args:
        lost: gets the errors of optional fields, which then count as absent; None: they are raised.
            A wrong secret is always raised, as reports would go out unsigned.

    Raises:
        WrongFieldError: a field is wrong, unknown or missing; the error names it.
    """
    fields = Fields(values=item, known=DRAMA_FIELDS, lost=lost)
    task_id = fields.identifier("task_id")
    changes: dict[str, Any] = {"project_id": fields.identifier("project_id")}
    readers: dict[str, Callable[[], dict[str, Any]]] = {
        "title": lambda: {"title": fields.text("title", TITLE_CHARS) or ""},
        "duration": lambda: {"duration": fields.count("duration", MAX_DURATION_SECS) or 0},
        "video_url": lambda: _video(fields),
        "status": lambda: {"status": _status(fields)},
        "callback_url": lambda: {"callback_url": fields.http_url("callback_url")},
    }
    nothing: dict[str, Any] = {}
    for name, read in readers.items():
        if fields.is_present(name):
            changes |= fields.optional(read, nothing)
    secret = fields.value("callback_secret") or None
    return DramaForm(
        task_id=task_id,
        changes=changes,
        gives_secret=fields.is_present("callback_secret"),
        secret=None if secret is None else read_secret("callback_secret", secret),
    )


def read_user(item: Mapping[str, Any], lost: Lost = None) -> User:
    """Read a user, with an empty name and agent where they are absent; `user_id` is required.

    Args:
        lost: gets the errors of optional fields, which then count as absent; None: they are raised.

    Raises:
        WrongFieldError: a field is wrong, unknown or missing; the error names it.
    """
    fields = Fields(values=item, known=USER_FIELDS, lost=lost)
    return User(
        fields.identifier("user_id"),
        fields.optional(lambda: fields.text("name", NAME_CHARS), None) or "",
        fields.optional(lambda: fields.text("agent_node", NAME_CHARS), None) or "",
    )


def read_completion(
    item: Mapping[str, Any], now: datetime, zone: tzinfo, lost: Lost = None
) -> Completion:
    """Read a completion, a video that a user posted for a task.

    `task_id`, `user_id` and `submission_link` are required; without `completed_at` it was posted
    now.

    Args:
        now: a time later than ten minutes after this one is wrong.
        zone: the time zone of a time without an offset.
        lost: gets the errors of optional fields, which then count as absent; None: they are raised.
            A wrong time is always raised, as the completion would count for another day.

    Raises:
        WrongFieldError: a field is wrong, unknown or missing; the error names it.
    """
    fields = Fields(values=item, known=COMPLETION_FIELDS, lost=lost)
    task_id, user_id = fields.identifier("task_id"), fields.identifier("user_id")
    link = fields.link("submission_link")
    if link is None:
        raise wrong_field("submission_link", Message.of("field_missing"))
    completed_at = fields.moment("completed_at", zone) or now
    if completed_at > now + MAX_AHEAD:
        raise wrong_field(
            "completed_at", Message.of("time_in_future", time=completed_at.isoformat())
        )
    text, meant = link
    return Completion(
        task_id=task_id,
        user_id=user_id,
        platform=meant.platform,
        submission_link=text,
        link_hash=link_hash(meant),
        details=fields.optional(lambda: _details(fields), None),
        completed_at=completed_at,
    )


def _video(fields: Fields) -> dict[str, Any]:
    link = fields.link("video_url")
    return {
        "video_url": link[0] if link else None,
        "platform": link[1].platform if link else None,
    }


def _status(fields: Fields) -> DramaStatus:
    text = fields.text("status", ID_CHARS)
    try:
        return STATUS_WORDS.get(text or "") or DramaStatus(text or "")
    except ValueError:
        reason = Message.of("value_not_known", value=text or "", known=list(DramaStatus))
        raise wrong_field("status", reason) from None


def _details(fields: Fields) -> str | None:
    """Return `verification_details` as JSON text; None when absent or empty."""
    name = DETAILS
    value = fields.value(name)
    if value in (None, "", {}):
        return None
    if not isinstance(value, dict):
        raise wrong_field(name, Message.of("not_json_object"))
    if is_deeper(value, DETAILS_LEVELS):
        raise wrong_field(name, Message.of("json_too_deep", levels=DETAILS_LEVELS))
    value = _countable(fields, value)
    if not is_text(json.dumps(value, ensure_ascii=False)):
        raise wrong_field(name, NOT_TEXT)
    try:
        text = json.dumps(storable_json(value), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise wrong_field(name, Message.of("json_not_storable", detail=str(error))) from error
    if len(text) > DETAILS_CHARS:
        raise wrong_field(name, Message.of("value_too_long", max_chars=DETAILS_CHARS))
    return text if value else None


def _countable(fields: Fields, details: dict[str, Any]) -> dict[str, Any]:
    """Return the details without the counters that are lost."""
    while True:
        try:
            counters.verified(details)
        except WrongFieldError as error:
            fields.spare(wrong_field(f"{DETAILS}.{error.field}", error.reason))
            details = {key: count for key, count in details.items() if key != error.field}
        else:
            return details
