"""What somebody tells of a work, and what the catalogue makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.errors import InvalidInputError
from sources.text import storable
from storage.catalogue.works import InvalidBy, Work
from storage.engines.datetimes import from_sql, to_sql

LONGEST = {"title": 512, "author": 255, "uid": 64, "cover_url": 1024, "reason": 512}
FIRST_TIME, LAST_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
DISABLED = "disabled"
Key = tuple[str, str]  # platform and work id


@dataclass(frozen=True)
class WorkEntry:
    """One work as a person, a file, the site or a platform tells of it; None: not told.

    `by` says whose word `is_valid` is: what one marks invalid, only the same one (or `works
    enable`) brings back.
    """

    platform: str
    work_id: str
    title: str | None = None
    author: str | None = None
    uid: str | None = None
    publish_time: datetime | None = None
    cover_url: str | None = None
    is_valid: bool | None = None
    reason: str | None = None
    by: InvalidBy = InvalidBy.OPERATOR

    @property
    def key(self) -> Key:
        return self.platform, self.work_id


def checked(entry: WorkEntry) -> WorkEntry:
    """The entry with its texts as they can be stored; an empty text counts as not told.

    Raises:
        InvalidInputError: a text is too long, or the date is none that a video can have.
    """
    cleaned: dict[str, str | None] = {}
    for name, longest in LONGEST.items():
        text: str | None = getattr(entry, name)
        cleaned[name] = storable(text).strip() or None if text else None
        if len(cleaned[name] or "") > longest:
            raise InvalidInputError(f"its {name} is longer than {longest:,} characters")
    if entry.publish_time is not None and not FIRST_TIME <= entry.publish_time < LAST_TIME:
        raise InvalidInputError(f"its publish time {entry.publish_time:%Y-%m-%d} cannot be")
    moment = entry.publish_time and from_sql(to_sql(entry.publish_time))  # as it will be stored
    return replace(entry, **cleaned, publish_time=moment)  # type: ignore[arg-type]


def shortened(entry: WorkEntry) -> WorkEntry:
    """The same for what a platform tells: texts that are too long are cut."""
    texts = {name: (getattr(entry, name) or "")[:longest] for name, longest in LONGEST.items()}
    try:
        return checked(replace(entry, **texts))  # type: ignore[arg-type]
    except InvalidInputError:
        return checked(replace(entry, **texts, publish_time=None))  # type: ignore[arg-type]


def folded(entries: Iterable[WorkEntry]) -> dict[Key, WorkEntry]:
    """One entry for each work: of what several tell, the later one counts."""
    result: dict[Key, WorkEntry] = {}
    for entry in entries:
        earlier = result.get(entry.key)
        result[entry.key] = entry if earlier is None else _over(earlier, entry)
    return result


def merged(work: Work | None, entry: WorkEntry, now: datetime) -> Work:
    """The work with what the entry tells; the very same one when that is nothing new."""
    base = work or Work(entry.platform, entry.work_id, created_at=now, updated_at=now)
    told = {
        name: value
        for name in ("title", "author", "uid", "publish_time", "cover_url")
        if (value := getattr(entry, name)) is not None
    }
    told |= _validity(base, entry)
    if all(getattr(base, name) == value for name, value in told.items()):
        return base
    return replace(base, **told, updated_at=now)


def is_listed_otherwise(before: Work | None, after: Work) -> bool:
    """Whether views.json tells something else of it now."""
    if before is None:
        return True
    names = ("title", "author", "publish_time", "cover_url", "is_valid")
    return any(getattr(before, name) != getattr(after, name) for name in names)


def _validity(work: Work, entry: WorkEntry) -> dict[str, object]:
    if entry.is_valid is False and work.is_valid:
        reason = entry.reason or DISABLED
        return {"is_valid": False, "invalid_by": entry.by, "invalid_reason": reason}
    if entry.is_valid is True and not work.is_valid and work.invalid_by is entry.by:
        return {"is_valid": True, "invalid_by": None, "invalid_reason": None}
    return {}


def _over(earlier: WorkEntry, later: WorkEntry) -> WorkEntry:
    told = {name: value for name, value in vars(later).items() if value is not None}
    return replace(earlier, **told)
