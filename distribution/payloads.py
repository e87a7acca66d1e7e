"""The bodies of the three kinds of reports, and their permanent event ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from core.clock import iso_utc
from distribution.counters import COUNTED, NAMES, Counters, column
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import COUNTS
from storage.distribution.distribution_tasks import DramaFields

DAILY, BROADCAST, COMPLETION = "daily", "broadcast", "completion"
# Receivers of broadcasts know no fields of Douyin: its counters are sent as YouTube's.
BROADCAST_AS = {"youtube": "youtube", "tiktok": "tiktok", "douyin": "youtube"}
HASH_CHARS = 32
Entry = dict[str, Any]


def daily_entry(drama: DramaFields, counts: Mapping[str, int]) -> Entry:
    """Return a task's day as JSON. Counts of 0 are left out, except for `account_count`."""
    nonzero = {name: counts[name] for name in COUNTS if counts[name] and name != "account_count"}
    return {**_named(drama), "account_count": counts["account_count"], **nonzero}


def daily_body(site_name: str, entries: Sequence[Entry], incomplete: Sequence[str] = ()) -> str:
    """Return the JSON text of a daily report: the `entries` that `daily_entry` made.

    Tasks in `incomplete`, whose sums lack something that is counted later, are named beside the
    entries: these keep the fields that receivers know.
    """
    document = {"site_name": site_name, "event": "task.daily_stats", "stats": list(entries)}
    return _body(document | ({"incomplete": list(incomplete)} if incomplete else {}))


def broadcast_entry(drama: DramaFields, counters: Counters) -> Entry:
    """Return the current counters of a task's own video as JSON, without unknown ones and those
    of 0.

    Accounts are always 0, and Douyin's counters have YouTube's names: receivers of
    broadcasts know no other fields.
    """
    platform = BROADCAST_AS[drama.platform or ""]
    known = {
        column(platform, counter): counters[counter]
        for counter in COUNTED[platform]
        if counters.get(counter)
    }
    return {**_named(drama), "account_count": 0, column(platform, "account"): 0, **known}


def broadcast_body(site_name: str, entries: Sequence[Entry]) -> str:
    """Return the JSON text of a broadcast report, which has no `event`; entries:
    `broadcast_entry`."""
    return _body({"site_name": site_name, "stats": list(entries)})


def completion_entry(drama: DramaFields, completion: Completion, counters: Counters) -> Entry:
    """Return a completion as JSON, with the counters that were verified and no others."""
    return {
        "project_id": drama.project_id,
        "task_id": drama.task_id,
        "user_id": completion.user_id,
        "platform": completion.platform,
        "submission_link": completion.submission_link,
        "completed_at": iso_utc(completion.completed_at),
        **{NAMES[counter][0]: number for counter, number in counters.items()},
    }


def completion_body(site_name: str, entries: Sequence[Entry]) -> str:
    """Return the JSON text of a report on completions: the `entries` that `completion_entry`
    made."""
    return _body({"site_name": site_name, "event": "task.completion", "completions": list(entries)})


def event_id(
    kind: str, site_name: str, url: str, day: date | None, revisions: Sequence[Any], part: int
) -> str:
    """Return the permanent id of a report, such as `daily_20261121_5f0c…`.

    It depends on the report's content only, so that the same report is never filed twice.

    Args:
        day: the day that the report is about; None for other kinds than `daily`.
        revisions: the values that differ between one report and the next: (task, revision) pairs, a
            round's number, or keys of completions.
        part: the number of the part of a long report, from 1.
    """
    identity = json.dumps([kind, site_name, url, str(day), list(revisions), part])
    name = hashlib.sha256(identity.encode()).hexdigest()[:HASH_CHARS]
    return "_".join(filter(None, [kind, f"{day:%Y%m%d}" if day else "", name]))


def _named(drama: DramaFields) -> Entry:
    return {"project_id": drama.project_id, "task_id": drama.task_id, "duration": drama.duration}


def _body(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
