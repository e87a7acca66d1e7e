"""What cells of all lists share: numbers as spreadsheets write them, and words for nothing."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, tzinfo

from core.errors import InvalidInputError

# Spreadsheets write thousands separators, a decimal point behind whole numbers, and Excel's way of
# a number whose last digits are lost.
WHOLE = re.compile(r"[0-9]{1,18}(?:\.0+)?")
GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.0+)?")
ROUNDED = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+")
SECONDS = re.compile(r"[0-9]{9,10}")
LOCAL_TIME = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)?"
)
NOTHING = frozenset({"", "-", "--", "/", "none", "null", "nil", "n/a", "nan", "无", "空", "没有"})


def whole_number(text: str) -> int:
    """Return the whole number in a cell, such as `4000`, `4,000`, `4000.0` or in wide digits.

    Raises:
        InvalidInputError: it is none, or the spreadsheet has rounded it.
    """
    digits = unicodedata.normalize("NFKC", text).strip()
    if ROUNDED.fullmatch(digits):
        raise InvalidInputError("number_rounded")
    if not WHOLE.fullmatch(digits) and not GROUPED.fullmatch(digits):
        raise InvalidInputError("number_not_whole")
    return int(digits.replace(",", "").partition(".")[0])


def moment(text: str, zone: tzinfo) -> datetime:
    """Return the time in a cell: ISO with an offset or without (then in `zone`), a date, Unix
    seconds.

    Raises:
        ValueError, OverflowError: it is none.
    """
    if SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    local = LOCAL_TIME.fullmatch(text)
    if local:
        return datetime(*(int(part or 0) for part in local.groups()), tzinfo=zone)  # type: ignore[arg-type, misc]
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=zone)


def is_nothing(text: str) -> bool:
    """Return whether a cell says that there is nothing, in words or signs."""
    return text.strip().lower() in NOTHING
