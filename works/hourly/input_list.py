"""The works whose numbers are fetched: those of the catalogue, or of a `views.json` of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from core.errors import DamagedFileError, InvalidInputError
from core.messages import Message
from sources.links import VideoLink, recognise
from storage.catalogue import works
from storage.engines.transactions import Database
from works.json_files import first_problem, read_checked

BILIBILI = "bilibili"


class _Entry(TypedDict):
    platform: str
    work_id: str
    title: str | None
    is_valid: bool


class _List(TypedDict):
    works: list[Any]


SHAPE = TypeAdapter(_List)
ENTRY = TypeAdapter(_Entry)
VALID = {"is_valid": True}
# Of entries that were written by hand.
DEFAULTS: Mapping[str, Any] = {"platform": BILIBILI, "title": None, "is_valid": True}


@dataclass(frozen=True)
class ListedWork:
    """A video of Bilibili to request. `work_id` is spelled `BV…`, whatever the list has."""

    work_id: str
    title: str


@dataclass(frozen=True)
class WrongWork:
    """An entry of the list that names no video, and why."""

    work_id: str
    title: str
    error: Message


@dataclass(frozen=True)
class ViewsList:
    """The valid works of Bilibili, each once, in the order of the list.

    `skipped` counts valid works of other platforms, `repeated` second entries of a work. `problems`
    tell of entries that are none, and were left out. `sha256` tells lists of files apart by the ids
    in them; None for the catalogue.
    """

    works: tuple[ListedWork, ...]
    wrong: tuple[WrongWork, ...]
    skipped: int
    repeated: int
    problems: tuple[Message, ...] = ()
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class CountedList:
    """The works to count: those of the catalogue once it was used, the same for every host.

    Before that they are what somebody wrote into the `views.json` of this host.

    Args:
        path: that file.
    """

    database: Database
    path: Path

    def read(self) -> ViewsList:
        """Return the works to count, as they are now.

        Raises:
            DamagedFileError: the catalogue was never used, and the file is unusable.
            DatabaseError: the catalogue could not be read.
        """
        if self.database.read(works.version) == 0:
            return read_views_list(self.path)
        return _of_entries([{**row, **VALID} for row in self.database.read(works.to_count)])


def read_views_list(path: Path) -> ViewsList:
    """Return the works in `views.json`.

    An entry without `platform` is Bilibili's, one without `is_valid` valid.

    Raises:
        DamagedFileError: it is missing, no list of works, or every entry of it is wrong.
    """
    try:
        items = read_checked(path, SHAPE)["works"]
    except DamagedFileError as error:
        raise DamagedFileError("views_list_unusable", cause=error) from error
    listed, problems = _entries(items, path)
    if problems and not listed:
        raise DamagedFileError("views_list_unusable", cause=problems[0])
    found = replace(_of_entries(listed), problems=tuple(problems))
    named = sorted([*(work.work_id for work in found.works), *(one.work_id for one in found.wrong)])
    return replace(found, sha256=sha256("\n".join(named).encode(errors="replace")).hexdigest())


def _of_entries(listed: Sequence[Mapping[str, Any]]) -> ViewsList:
    valid = [entry for entry in listed if entry["is_valid"]]
    ours = [entry for entry in valid if entry["platform"].lower() == BILIBILI]
    found: dict[str, ListedWork] = {}
    wrong: dict[str, WrongWork] = {}
    for entry in ours:
        text, title = entry["work_id"], entry["title"] or ""
        try:
            work = ListedWork(_video_id(text), title)
        except InvalidInputError as error:
            wrong.setdefault(text, WrongWork(text, title, error.message))
            continue
        found.setdefault(work.work_id, work)
    return ViewsList(
        works=tuple(found.values()),
        wrong=tuple(wrong.values()),
        skipped=len(valid) - len(ours),
        repeated=len(ours) - len(found) - len(wrong),
    )


def _entries(items: list[Any], path: Path) -> tuple[list[_Entry], list[Message]]:
    entries, problems = [], []
    for place, item in enumerate(items):
        try:
            whole = {**DEFAULTS, **item} if isinstance(item, dict) else item
            entries.append(ENTRY.validate_python(whole))
        except ValidationError as error:
            problem = first_problem(error, "works", place)
            problems.append(Message.of("file_damaged", path=str(path), problem=problem))
    return entries, problems


def _video_id(text: str) -> str:
    """Return the `BV…` of an id. Raise InvalidInputError for a text that is none."""
    link = recognise(text, BILIBILI)
    if not isinstance(link, VideoLink):
        raise InvalidInputError("short_link_listed", text=text)
    return link.video_id
