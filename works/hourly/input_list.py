"""`views.json` as the hourly crawl reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from core.errors import DamagedFileError, InvalidInputError
from core.messages import Message
from sources.links import VideoLink, normalize_bilibili_id, recognise
from works.json_files import read_checked

BILIBILI = "bilibili"


class _Entry(TypedDict):
    platform: str
    work_id: str
    title: str | None
    is_valid: bool


class _List(TypedDict):
    works: list[_Entry]


SHAPE = TypeAdapter(_List)


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

    `skipped` counts valid works of other platforms, `repeated` second entries of a work.
    """

    works: tuple[ListedWork, ...]
    wrong: tuple[WrongWork, ...]
    skipped: int
    repeated: int


def read_views_list(path: Path) -> ViewsList:
    """Return the works in `views.json`. Raise DamagedFileError when it is missing or malformed."""
    try:
        listed = read_checked(path, SHAPE)["works"]
    except DamagedFileError as error:
        raise DamagedFileError("views_list_unusable", cause=error) from error
    valid = [entry for entry in listed if entry["is_valid"]]
    ours = [entry for entry in valid if entry["platform"].lower() == BILIBILI]
    works: dict[str, ListedWork] = {}
    wrong: dict[str, WrongWork] = {}
    for entry in ours:
        text, title = entry["work_id"], entry["title"] or ""
        try:
            work = ListedWork(_video_id(text), title)
        except InvalidInputError as error:
            wrong.setdefault(text, WrongWork(text, title, error.message))
            continue
        works.setdefault(work.work_id, work)
    repeated = len(ours) - len(works) - len(wrong)
    return ViewsList(
        works=tuple(works.values()),
        wrong=tuple(wrong.values()),
        skipped=len(valid) - len(ours),
        repeated=repeated,
    )


def _video_id(text: str) -> str:
    """Return the `BV…` of an id. Raise InvalidInputError, with a
    suggestion where only `BV` is missing."""
    try:
        link = recognise(text, BILIBILI)
    except InvalidInputError as error:
        suggestion = normalize_bilibili_id(f"BV{text.strip()}")
        if suggestion is None:
            raise
        raise InvalidInputError("id_without_bv", text=text, suggestion=suggestion) from error
    if not isinstance(link, VideoLink):
        raise InvalidInputError("short_link_listed", text=text)
    return link.video_id
