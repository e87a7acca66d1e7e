"""`views.json` as the hourly crawl reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from core.errors import InvalidInputError
from sources.links import VideoLink, normalize_bilibili_id, recognise
from works.json_files import read_checked

BILIBILI = "bilibili"
ADVICE = "write it again with: python cli.py views --export-only"


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
    """A work to request. `work_id` is spelled `BV…`, whatever the list has."""

    work_id: str
    title: str


@dataclass(frozen=True)
class WrongWork:
    """An entry of the list that names no video."""

    work_id: str
    title: str
    error: str


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
    """Return the list. Raises DamagedFileError when it is missing, truncated or of another
    shape."""
    valid = [entry for entry in read_checked(path, SHAPE, ADVICE)["works"] if entry["is_valid"]]
    ours = [entry for entry in valid if entry["platform"].lower() == BILIBILI]
    works: dict[str, ListedWork] = {}
    wrong: dict[str, WrongWork] = {}
    for entry in ours:
        text, title = entry["work_id"], entry["title"] or ""
        try:
            work = ListedWork(_video_id(text), title)
        except InvalidInputError as error:
            wrong.setdefault(text, WrongWork(text, title, str(error)))
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
    """Return the `BV…` of an id. Raises InvalidInputError, with a suggestion where there is one."""
    try:
        link = recognise(text, BILIBILI)
    except InvalidInputError as error:
        suggestion = normalize_bilibili_id(f"BV{text.strip()}")
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        raise InvalidInputError(f"{error}{hint}") from error
    if not isinstance(link, VideoLink):
        raise InvalidInputError(f"{text!r} is a short link; the list needs the id")
    return link.video_id
