"""Read an hourly data file as any program wrote it: what is missing gets its default, a wrong entry
is left out and told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from core.errors import DamagedFileError, InvalidInputError
from core.messages import Message
from sources.links import VideoLink, recognise
from sources.text import storable_json
from works.hour_data.hours import Hour
from works.hour_data.report import (
    BILIBILI,
    COUNTER_KEYS,
    SESSION_FORM,
    SHAPE,
    Count,
    Failure,
    HourReport,
    Moment,
    Name,
    Numbers,
    is_consistent,
)
from works.json_files import BOM, first_problem, parse_checked

Key = tuple[str, str]  # platform and work id
T = TypeVar("T")
OBJECT = TypeAdapter(dict[str, Any])
LIST: TypeAdapter[list[Any]] = TypeAdapter(list[Any])
NAME, MOMENT = TypeAdapter(Name), TypeAdapter(Moment)
COUNT, FLAG = TypeAdapter(Count), TypeAdapter(bool)
NUMBERS, FAILURE = TypeAdapter(Numbers), TypeAdapter(Failure)
COUNT_NAMES = ("total_count", "success_count", "fail_count")
# Beside the lists, what a head may have; a wrong one counts as absent.
HEAD: Mapping[str, TypeAdapter[Any]] = {
    "session_id": NAME,
    "crawl_time": MOMENT,
    "end_time": MOMENT,
    "skipped_count": COUNT,
    "complete": FLAG,
    **dict.fromkeys(COUNT_NAMES, COUNT),
}


@dataclass(frozen=True)
class CheckedReport:
    """A sound report of an hour, made of a file.

    Args:
        problems: what was left out or corrected, with its place in the file; empty for a file that
            is sound as it stands.
        unread: the works of entries that were left out, as far as they say whose they are.
    """

    report: HourReport
    problems: tuple[Message, ...] = ()
    unread: frozenset[Key] = frozenset()


def checked_report(content: bytes, path: Path, hour: Hour) -> CheckedReport:
    """Return the report in a data file's bytes, which messages call `path`.

    Files of other programs may leave out what follows from the rest: `session_id`, times, the hour,
    platform (Bilibili), title, `errors`. Ids of Bilibili may lack their `BV`. Of two entries about
    a work the later one counts.

    Raises:
        DamagedFileError: it is no JSON object with a list `data`, or is about another hour.
    """
    try:
        report = SHAPE.validate_json(content.removeprefix(BOM))
    except ValidationError:
        return _Reading(hour).of(_object(content, path), path)
    # What is sound as it stands, as all of our own files are, is not read entry by entry.
    if is_consistent(report, hour) and _is_spelled(report):
        return CheckedReport(report)
    return _Reading(hour).of(dict(report), path)


def video_id(text: str) -> str:
    """Return an id of Bilibili as `BV…`; a text that is none stays as it is."""
    try:
        link = recognise(text, BILIBILI)
    except InvalidInputError:
        return text
    return link.video_id if isinstance(link, VideoLink) else text


def _is_spelled(report: HourReport) -> bool:
    entries = (*report["data"], *report["errors"])
    return all(
        entry["work_id"].startswith("BV") or entry.get("platform", BILIBILI) != BILIBILI
        for entry in entries
    )


def _object(content: bytes, path: Path) -> dict[str, Any]:
    """Return the object in a file. Raise DamagedFileError for anything else, with the place."""
    try:
        # Half an emoji in a title is JSON for Python alone, and can be stored nowhere.
        value = storable_json(json.loads(content.removeprefix(BOM)))
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else parse_checked(content, path, OBJECT)


@dataclass
class _Reading:
    """One file while it is read entry by entry."""

    hour: Hour
    problems: list[Message] = field(default_factory=list, init=False)
    unread: set[Key] = field(default_factory=set, init=False)

    def of(self, document: Mapping[str, Any], path: Path) -> CheckedReport:
        _require_lists(document, path)
        self._require_hour(document, path)
        head = self._head(document)
        moment = head["crawl_time"]
        data = self._entries("data", document["data"], lambda entry: _numbers(entry, moment))
        errors = self._entries("errors", document.get("errors") or [], _failure)
        self._compare_counts(head, document)
        report = head | _counts(head, len(data), len(errors)) | {"data": data, "errors": errors}
        unread = self.unread - {_key(entry) for entry in data}
        return CheckedReport(report, tuple(self.problems), frozenset(unread))  # type: ignore[arg-type]

    def _require_hour(self, document: Mapping[str, Any], path: Path) -> None:
        found = document.get("crawl_hour")
        if found is not None and found != self.hour.hour_text:
            wrong = Message.of(
                "crawl_hour_differs", found=str(found)[:60], named=self.hour.hour_text
            )
            raise DamagedFileError("file_damaged", path=str(path), problem=wrong)

    def _head(self, document: Mapping[str, Any]) -> dict[str, Any]:
        head = {name: value for name, value in document.items() if value is not None}
        for name, shape in HEAD.items():
            try:
                if name in head:
                    head[name] = shape.validate_python(head[name])
            except ValidationError as error:
                self.problems.append(first_problem(error, name))
                del head[name]
        moment = head.setdefault("crawl_time", f"{self.hour.date_text}T{self.hour.hour_text}:00:00")
        head.setdefault("session_id", _session_id(moment, self.hour))
        return head | {"crawl_hour": self.hour.hour_text}

    def _entries(self, name: str, items: list[Any], read: Callable[[Any], T]) -> list[T]:
        """Return the sound entries of a list, each work once; the others become problems."""
        found: dict[Key, tuple[int, T]] = {}
        for place, item in enumerate(items):
            try:
                entry = read(item)
            except ValidationError as error:
                self.problems.append(first_problem(error, name, place))
                if isinstance(item, dict) and isinstance(item.get("work_id"), str):
                    self.unread.add(_key(_spelled(item)))
                continue
            key = _key(entry)  # type: ignore[arg-type]
            if key in found:
                first, work_id = found[key][0], key[1]
                self.problems.append(
                    Message.of(
                        "entry_repeated", name=name, place=place, work_id=work_id, first=first
                    )
                )
            found[key] = (place, entry)
        return [entry for _, entry in found.values()]

    def _compare_counts(self, head: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        """Tell where the counts contradict the lists or each other.

        More failures than `errors` are none: other programs count works of other platforms so.
        """
        total, success, fail = (cast(Any, head.get(name)) for name in COUNT_NAMES)
        is_whole = None not in (total, success, fail)
        entries, errors = len(document["data"]), len(document.get("errors") or [])
        if success is not None and success != entries:
            self._add_count("success_count", success, entries)
        elif fail is not None and fail < errors:
            self._add_count("fail_count", fail, errors)
        elif is_whole and total != success + fail:
            self._add_count("total_count", total, success + fail)

    def _add_count(self, name: str, stated: int, found: int) -> None:
        self.problems.append(Message.of("count_differs", name=name, stated=stated, found=found))


def _require_lists(document: Mapping[str, Any], path: Path) -> None:
    for name in ("data", "errors"):
        value = document.get(name)
        if value is None and name == "errors":
            continue
        try:
            LIST.validate_python(value)
        except ValidationError as error:
            problem = first_problem(error, name)
            raise DamagedFileError("file_damaged", path=str(path), problem=problem) from error


def _counts(head: Mapping[str, Any], success: int, failed: int) -> dict[str, int]:
    """Return the counts of the hour: what was left out of the file has failed."""
    total, stated, fail = (head.get(name, 0) for name in COUNT_NAMES)
    is_sound = total == stated + fail
    total = max(total if is_sound else 0, success + failed)
    return {"total_count": total, "success_count": success, "fail_count": total - success}


def _session_id(moment: str, hour: Hour) -> str:
    try:
        return datetime.fromisoformat(moment).strftime(SESSION_FORM)
    except ValueError:  # a time without its day
        return f"crawl_{hour.day:%Y%m%d}{hour.hour_text}0000"


def _numbers(item: Any, moment: str) -> Numbers:
    """Return counters, an absent one as unknown. Raise ValidationError for a wrong entry."""
    defaults = {"title": "", "crawl_time": moment, **dict.fromkeys(COUNTER_KEYS)}
    return NUMBERS.validate_python(_completed(item, defaults | {"status": "success"}))


def _failure(item: Any) -> Failure:
    """Return a failure. Raise ValidationError for a wrong entry."""
    defaults = {"title": "", "error": "", "status": "failed"}
    return FAILURE.validate_python(_completed(item, defaults))


def _completed(item: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(item, dict):
        return item
    given = {name: value for name, value in item.items() if value is not None}
    return _spelled({"platform": BILIBILI, **defaults, **given})


def _spelled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with platform and id as our own files have them."""
    platform, work_id = entry.get("platform"), entry.get("work_id")
    platform = BILIBILI if platform is None else platform
    if not isinstance(platform, str) or platform.lower() != BILIBILI:
        return dict(entry)
    spelled = video_id(work_id) if isinstance(work_id, str) else work_id
    return {**entry, "platform": BILIBILI, "work_id": spelled}


def _key(entry: Mapping[str, Any]) -> Key:
    return str(entry.get("platform") or BILIBILI), entry["work_id"]
