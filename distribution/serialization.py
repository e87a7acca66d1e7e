"""Distribution tasks, their completions and their days as JSON objects."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from core.clock import QuotaCalendar
from core.logs import Render, redact
from core.message_json import message_keys
from distribution.service import DramaDetails
from distribution.shared_list import SharedVideo
from presentation.i18n.renderer import ENGLISH_RENDERER
from presentation.json_rows import plain
from storage.distribution.broadcast_failures import BroadcastFailure
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import Drama


def drama_object(drama: Drama) -> dict[str, Any]:
    """Return a distribution task's columns as JSON, with `has_secret` in place of its secret.

    Credentials in its callback URL are struck out.
    """
    columns = dataclasses.asdict(drama.fields) | {
        field.name: getattr(drama, field.name)
        for field in dataclasses.fields(drama)
        if field.name != "fields"
    }
    secret = columns.pop("callback_secret")
    columns["callback_url"] = redact(drama.fields.callback_url or "") or None
    shown = {name: plain(value) for name, value in columns.items()}
    return shown | {"has_secret": secret is not None}


def drama_details_object(details: DramaDetails) -> dict[str, Any]:
    """Return a task as JSON, with `completion_count` and its newest `days`."""
    return drama_object(details.drama) | {
        "completion_count": details.completion_count,
        "days": [day_object(day) for day in details.days],
    }


def day_object(day: DailyStats) -> dict[str, Any]:
    """Return a stored day as JSON with every count, also those of 0."""
    return {
        "stats_date": day.stats_date.isoformat(),
        **day.counts,
        "completion_count": day.completion_count,
        "revision": day.revision,
        **message_keys("error", day.error, ENGLISH_RENDERER.sentence),
        "event_id": day.event_id,
        "is_sent": day.is_sent,
        "sent_at": plain(day.sent_at),
        "tries": day.tries,
        **message_keys("response", day.response, ENGLISH_RENDERER.sentence),
        "scanned_at": plain(day.scanned_at),
        **_incompleteness_keys(day),
    }


def _incompleteness_keys(day: DailyStats) -> dict[str, Any]:
    known = day.incomplete
    return {
        "incomplete": known is not None,
        **message_keys(
            "incomplete_cause", known.cause if known else None, ENGLISH_RENDERER.sentence
        ),
        "incomplete_since": plain(known.since) if known else None,
        "incomplete_tries": known.tries if known else 0,
        "next_count_at": plain(known.next_count_at) if known else None,
        "is_partial": day.is_partial,
        "is_held": day.is_held,
    }


def shared_video_object(shared: SharedVideo) -> dict[str, Any]:
    """Return a completion whose video was handed in before as JSON, with the first one's task and
    user, and whether the sums have it too."""
    return completion_object(shared.completion) | {
        "first_task_id": shared.first_task,
        "first_user_id": shared.first_user,
        "is_counted": shared.is_counted,
    }


def stats_object(day: DailyStats) -> dict[str, Any]:
    """Return a stored day as JSON with the id of its task."""
    return {"task_id": day.task_id} | day_object(day)


def dated_completion_object(completion: Completion, calendar: QuotaCalendar) -> dict[str, Any]:
    """Return a posted video as JSON with the day (`stats_date`) on which it counts for its task."""
    day = calendar.day(completion.completed_at)
    return completion_object(completion) | {"stats_date": day.isoformat()}


def completion_object(completion: Completion) -> dict[str, Any]:
    """Return a posted video as JSON; `verification_details` as they were received, or null."""
    return {
        "task_id": completion.task_id,
        "user_id": completion.user_id,
        "platform": completion.platform,
        "submission_link": completion.submission_link,
        "verification_details": json.loads(completion.details) if completion.details else None,
        "completed_at": plain(completion.completed_at),
    }


def failure_object(failure: BroadcastFailure, render: Render) -> dict[str, Any]:
    """Return a task without numbers in the newest broadcast round as JSON.

    `render` makes the sentence of its reason; code and parameters are separate keys.
    """
    return {
        "task_id": failure.task_id,
        "title": failure.title,
        "platform": failure.platform or None,
        **message_keys("reason", failure.reason, render),
        "is_postponed": failure.is_postponed,
        "since": plain(failure.since_at),
    }
