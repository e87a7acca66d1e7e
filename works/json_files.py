"""JSON files that others may have written or edited: checked whole, refused with the place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from core.errors import DamagedFileError

T = TypeVar("T")
BOM = b"\xef\xbb\xbf"  # what some editors put in front


def read_checked(path: Path, shape: TypeAdapter[T], advice: str) -> T:
    """A file's value, if it has that shape.

    Args:
        advice: what to do about a file that is no use.

    Raises:
        DamagedFileError: names the file, the place in it, and what is wrong there.
    """
    return parse_checked(read_file(path, advice), path, shape, advice)


def read_file(path: Path, advice: str) -> bytes:
    """Raises DamagedFileError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DamagedFileError(f"{path} is not there; {advice}") from None
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read: {error.strerror}; {advice}") from error


def parse_checked(content: bytes, path: Path, shape: TypeAdapter[T], advice: str) -> T:
    """The value of a file's content. Raises DamagedFileError."""
    content = content.removeprefix(BOM)
    if not content.strip():
        raise DamagedFileError(f"{path} is empty; {advice}")
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        raise DamagedFileError(f"{path}: {_told(error)}; {advice}") from error


def _told(error: ValidationError) -> str:
    """`data[3].view_count: Input should be a valid integer, got '12'`, and how many more."""
    problems = error.errors(include_url=False)
    first = problems[0]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    told = f"{place.removeprefix('.')}: " if place else ""
    told += first["msg"]
    if first["type"] not in ("json_invalid", "missing"):
        told += f", got {_shown(first['input'])}"
    more = len(problems) - 1
    return told + (f" (and {more} more)" if more else "")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
