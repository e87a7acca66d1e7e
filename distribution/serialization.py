"""Distribution tasks, their completions and their days as JSON objects."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from distribution.service import DramaStory
from presentation.json_rows import plain
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import Drama


def drama_object(drama: Drama) -> dict[str, Any]:
    """The task's columns; of its secret only whether there is one."""
    told = dataclasses.asdict(drama.fields) | {
        field.name: getattr(drama, field.name)
        for field in dataclasses.fields(drama)
        if field.name != "fields"
    }
    secret = told.pop("callback_secret")
    return {name: plain(value) for name, value in told.items()} | {"has_secret": secret is not None}


def story_object(story: DramaStory) -> dict[str, Any]:
    """The task with `completion_count` and `days`."""
    return drama_object(story.drama) | {
        "completion_count": story.completion_count,
        "days": [day_object(day) for day in story.days],
    }


def day_object(day: DailyStats) -> dict[str, Any]:
    """A stored day: every count, also those that are 0."""
    return {
        "stats_date": day.stats_date.isoformat(),
        **day.counts,
        "completion_count": day.completion_count,
        "revision": day.revision,
        "error": day.error,
        "event_id": day.event_id,
        "scanned_at": plain(day.scanned_at),
    }


def stats_object(day: DailyStats) -> dict[str, Any]:
    """A day with its task."""
    return {"task_id": day.task_id} | day_object(day)


def completion_object(one: Completion) -> dict[str, Any]:
    """A posted video; `verification_details` as they were told, or null."""
    return {
        "task_id": one.task_id,
        "user_id": one.user_id,
        "platform": one.platform,
        "submission_link": one.submission_link,
        "verification_details": json.loads(one.details) if one.details else None,
        "completed_at": plain(one.completed_at),
    }
