"""Read JSON files that others may have written or edited: valid as a
whole, or refused with the place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from core.errors import DamagedFileError
from core.messages import Message

T = TypeVar("T")
# Some editors put this in front of UTF-8.
BOM = b"\xef\xbb\xbf"


def read_checked(path: Path, shape: TypeAdapter[T]) -> T:
    """Return a file's value if it has that shape.

    Raises:
        DamagedFileError: the file is missing or malformed; names the file, the place and the
            problem.
    """
    return parse_checked(read_file(path), path, shape)


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        DamagedFileError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DamagedFileError("file_missing", path=str(path)) from None
    except OSError as error:
        detail = error.strerror or str(error)
        raise DamagedFileError("file_unreadable", path=str(path), detail=detail) from error


def parse_checked(content: bytes, path: Path, shape: TypeAdapter[T]) -> T:
    """Return the value in a JSON file's bytes, which messages call `path`, if it has that shape.

    Raises:
        DamagedFileError: it is empty or malformed; names the file, the place and the problem.
    """
    content = content.removeprefix(BOM)
    if not content.strip():
        raise DamagedFileError("file_empty", path=str(path))
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        problem = first_problem(error)
        raise DamagedFileError("file_damaged", path=str(path), problem=problem) from error


def first_problem(error: ValidationError, *before: str | int) -> Message:
    """Return `data[3].view_count: Input should be a valid integer, got
    '12'`, and the number of others.

    Args:
        before: the steps that lead to the value that was checked, such as `data` and 3.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    steps = (*before, *first["loc"])
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    problem = Message.text(first["msg"])
    if first["type"] not in ("json_invalid", "missing"):
        problem = Message.of("json_value_wrong", problem=problem, value=_shown(first["input"]))
    if place:
        problem = Message.of("json_place_wrong", place=place.removeprefix("."), problem=problem)
    more = len(problems) - 1
    return Message.of("more_problems", problem=problem, more=more) if more else problem


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
