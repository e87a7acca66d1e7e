"""Entries: reports of a work by different sources, and how they change the catalogue's works."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from core.errors import InvalidInputError
from core.logs import storable as storable_message
from core.messages import Message
from sources.text import storable
from storage.catalogue.works import InvalidBy, Work
from storage.engines.datetimes import from_sql, to_sql

MAX_CHARS = {"title": 512, "author": 255, "uid": 64, "cover_url": 1024}
MAX_REASON_CHARS = 512
FIRST_TIME, LAST_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
DISABLED = Message.of("work_disabled")
Key = tuple[str, str]  # platform and work id
# What a work has instead of a value that was cleared; with BATON_WORKS_OWNER=site no platform
# changes these.
CLEARED_VALUES = {"title": "", "author": "", "publish_time": None, "cover_url": ""}


class FieldsOwner(StrEnum):
    """Who has the last word on title, author, publish time and cover of a work."""

    PLATFORM = "platform"  # whoever told them last: a platform's answers replace them
    SITE = "site"  # lists and the site; a platform fills them in for a new work only


@dataclass(frozen=True)
class WorkEntry:
    """A report of one work by a person, a file, the site or a platform; None: not reported.

    Args:
        uid: the creator's id on the platform.
        publish_time: with a time zone.
        reason: why the work is invalid.
        cleared: names of CLEARED_VALUES that are reported as empty.
        by: the source of `is_valid`: a work that one source marks invalid is marked valid again by
            the same one only, or by `works enable`.
    """

    platform: str
    work_id: str
    title: str | None = None
    author: str | None = None
    uid: str | None = None
    publish_time: datetime | None = None
    cover_url: str | None = None
    is_valid: bool | None = None
    reason: Message | None = None
    by: InvalidBy = InvalidBy.OPERATOR
    cleared: frozenset[str] = frozenset()

    @property
    def key(self) -> Key:
        """Return the platform and the work id."""
        return self.platform, self.work_id


def validated(entry: WorkEntry) -> WorkEntry:
    """Return the entry with its texts ready to be stored; an empty text counts as not reported.

    Raises:
        InvalidInputError: a text is too long, or the date is before 1970 or after 2199.
    """
    cleaned = {
        name: checked_text(name, getattr(entry, name), max_chars)
        for name, max_chars in MAX_CHARS.items()
    }
    if entry.publish_time is not None:
        checked_time(entry.publish_time)
    # Rounded as the database stores it, so that a repetition compares equal.
    moment = entry.publish_time and from_sql(to_sql(entry.publish_time))
    return replace(entry, **cleaned, publish_time=moment)  # type: ignore[arg-type]


def checked_time(moment: datetime) -> datetime:
    """Return a publish time. Raise InvalidInputError when it is before 1970 or after 2199."""
    if not FIRST_TIME <= moment < LAST_TIME:
        raise InvalidInputError("publish_time_impossible", day=moment.date())
    return moment


def checked_text(name: str, text: str | None, max_chars: int) -> str | None:
    """Return a text without blanks around it, ready to be stored; None for an empty one.

    Raises:
        InvalidInputError: it is longer than `max_chars`; the error names the field `name`.
    """
    cleaned = storable(text).strip() or None if text else None
    if len(cleaned or "") > max_chars:
        raise InvalidInputError("text_too_long", name=name, max_chars=max_chars)
    return cleaned


def truncated(entry: WorkEntry) -> WorkEntry:
    """Return a platform's entry ready to be stored; it raises nothing.

    Long texts are cut, and an impossible date counts as not reported.
    """
    texts = {
        name: (getattr(entry, name) or "")[:max_chars] for name, max_chars in MAX_CHARS.items()
    }
    try:
        return validated(replace(entry, **texts))  # type: ignore[arg-type]
    except InvalidInputError:
        return validated(replace(entry, **texts, publish_time=None))  # type: ignore[arg-type]


def merge_duplicates(entries: Iterable[WorkEntry]) -> dict[Key, WorkEntry]:
    """Return one entry for each work, by its key.

    Field by field, the last value in the order of `entries` wins, or that it was cleared; a field
    that an entry does not report (None) never replaces a value. `by` is always that of the last
    entry.
    """
    result: dict[Key, WorkEntry] = {}
    for entry in entries:
        earlier = result.get(entry.key)
        result[entry.key] = entry if earlier is None else _override(earlier, entry)
    return result


def merge(
    work: Work | None,
    entry: WorkEntry,
    now: datetime,
    owner: FieldsOwner = FieldsOwner.PLATFORM,
) -> Work:
    """Return the work with the entry's values; the same object when that changes nothing.

    Args:
        work: None to begin a new one.
        now: time of the change (UTC).
        owner: whose the fields of CLEARED_VALUES are, if `work` has them already.
    """
    base = work or Work(entry.platform, entry.work_id, created_at=now, updated_at=now)
    values = {
        name: value
        for name in ("title", "author", "uid", "publish_time", "cover_url")
        if (value := getattr(entry, name)) is not None
    }
    values |= {name: CLEARED_VALUES[name] for name in entry.cleared}
    if work is not None and owner is FieldsOwner.SITE and entry.by is InvalidBy.PLATFORM:
        values = {name: value for name, value in values.items() if name not in CLEARED_VALUES}
    values |= _validity(base, entry)
    if all(getattr(base, name) == value for name, value in values.items()):
        return base
    return replace(base, **values, updated_at=now)


def is_export_outdated(before: Work | None, after: Work) -> bool:
    """Return True when `views.json` shows a work differently after a change."""
    if before is None:
        return True
    names = ("title", "author", "publish_time", "cover_url", "is_valid")
    return any(getattr(before, name) != getattr(after, name) for name in names)


def _validity(work: Work, entry: WorkEntry) -> dict[str, object]:
    """Return the columns that `is_valid` of an entry changes; empty when it changes none."""
    if entry.is_valid is False and work.is_valid:
        reason = entry.reason or DISABLED
        return {
            "is_valid": False,
            "invalid_by": entry.by,
            "invalid_reason": storable_message(reason),
        }
    if entry.is_valid is True and not work.is_valid and work.invalid_by is entry.by:
        return {"is_valid": True, "invalid_by": None, "invalid_reason": None}
    return {}


def _override(earlier: WorkEntry, later: WorkEntry) -> WorkEntry:
    values = {name: value for name, value in vars(later).items() if value is not None}
    if later.is_valid is None:
        del values["by"]  # Who says nothing about validity does not become its source.
    values |= dict.fromkeys(later.cleared)
    values["cleared"] = (earlier.cleared - values.keys()) | later.cleared
    return replace(earlier, **values)
