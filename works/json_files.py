"""JSON files that others may have written or edited: validated as a whole, refused with the
place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from core.errors import DamagedFileError

T = TypeVar("T")
BOM = b"\xef\xbb\xbf"  # what some editors put in front


def read_checked(path: Path, shape: TypeAdapter[T], advice: str) -> T:
    """Return a file's value if it has that shape.

    Args:
        advice: the end of each message, which says what to do about the file.

    Raises:
        DamagedFileError: names the file, the place in it, and what is wrong there.
    """
    return parse_checked(read_file(path, advice), path, shape, advice)


def read_file(path: Path, advice: str) -> bytes:
    """Return a file's content. Raises DamagedFileError when it is missing or unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DamagedFileError(f"{path} is not there; {advice}") from None
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read: {error.strerror}; {advice}") from error


def parse_checked(content: bytes, path: Path, shape: TypeAdapter[T], advice: str) -> T:
    """Return the value of a file's content. Raises DamagedFileError as `read_checked`."""
    content = content.removeprefix(BOM)
    if not content.strip():
        raise DamagedFileError(f"{path} is empty; {advice}")
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        raise DamagedFileError(f"{path}: {_first_problem(error)}; {advice}") from error


def _first_problem(error: ValidationError) -> str:
    """Return `data[3].view_count: Input should be a valid integer, got '12'`, and how many more."""
    problems = error.errors(include_url=False)
    first = problems[0]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    message = f"{place.removeprefix('.')}: " if place else ""
    message += first["msg"]
    if first["type"] not in ("json_invalid", "missing"):
        message += f", got {_shown(first['input'])}"
    more = len(problems) - 1
    return message + (f" (and {more} more)" if more else "")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
