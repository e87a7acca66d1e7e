"""Reading conditions on creators as people write them: `followers>=10000`, `seen since 7d`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from core.errors import InvalidInputError
from core.requests import require_text
from crawler.creators.profiles import MAX_NUMBER, Contact
from storage.creators.conditions import Condition, Field, Operator
from storage.creators.search import Sort
from storage.engines.datetimes import to_sql

MAX_CONDITIONS = 20
MAX_VALUES = 10_000
MAX_TEXT = 512
NUMBERS = frozenset({Field.FOLLOWERS, Field.VIDEOS, Field.LIKES, Field.SOURCE_PAGE})
MOMENTS = frozenset({Field.SEEN_AT, Field.FIRST_SEEN_AT, Field.INGESTED_AT})
# People write `seen since 7d`, and `粉丝数>=1万`.
NAMES = {field.value: field for field in Field} | {
    "seen": Field.SEEN_AT,
    "first_seen": Field.FIRST_SEEN_AT,
    "ingested": Field.INGESTED_AT,
    "name": Field.NICKNAME,
    "id": Field.UID,
    "粉丝数": Field.FOLLOWERS,
    "粉丝": Field.FOLLOWERS,
    "作品数": Field.VIDEOS,
    "视频数": Field.VIDEOS,
    "获赞数": Field.LIKES,
    "昵称": Field.NICKNAME,
    "页码": Field.SOURCE_PAGE,
    "来源页码": Field.SOURCE_PAGE,
    "达人id": Field.UID,
    "最近出现": Field.SEEN_AT,
    "首次出现": Field.FIRST_SEEN_AT,
    "入库时间": Field.INGESTED_AT,
}
CHINESE_NAMES = (
    *("粉丝数", "作品数", "获赞数", "昵称", "达人ID"),
    *("最近出现", "首次出现", "入库时间", "来源页码"),
)
FIELD_NAME = re.compile(r"\s*(\w+)\s*")
# Longer ones first: `>=` begins with `>`.
SIGNS = sorted((one.value for one in Operator if not one.value.isalpha()), key=len, reverse=True)
SHORTHAND = {"since": Operator.AT_LEAST, "before": Operator.BELOW}
WORDS = (*SHORTHAND, Operator.IN.value)
UNITS = {"": 1, "k": 10**3, "千": 10**3, "w": 10**4, "万": 10**4, "m": 10**6, "亿": 10**8}
NUMBER = re.compile(r"(\d{1,19}(?:\.\d{1,4})?)\s*([kKwWmM千万亿]?)")
SPAN = re.compile(r"(\d{1,6})\s*([mhdw])")
SPAN_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
CONTACTS = {"contact": ~Contact.NONE} | {(kind.name or "").lower(): kind for kind in Contact}


@dataclass(frozen=True)
class ConditionParts:
    """The words of a condition: none of them is empty."""

    field: str
    operator: str
    value: str


def split_condition(text: str) -> ConditionParts | None:
    """Return the field, operator and value of a condition; None when it has not all three."""
    field = FIELD_NAME.match(text)
    if field is None:
        return None
    rest = text[field.end() :]
    word, _, behind = rest.partition(" ")
    if word in WORDS:
        operator, value = word, behind.strip()
    else:
        operator = next((sign for sign in SIGNS if rest.startswith(sign)), "")
        value = rest[len(operator) :].strip()
    return ConditionParts(field[1], operator, value) if operator and value else None


class ConditionReader:
    """Reads conditions; moments are in a time zone, spans end now.

    Args:
        read_list: returns the texts in a file that `in @FILE` names; None: files are refused.
    """

    def __init__(
        self, *, now: datetime, zone: ZoneInfo, read_list: Callable[[str], Sequence[str]] | None
    ) -> None:
        self._now = now
        self._zone = zone
        self._read_list = read_list

    def conditions(self, texts: Sequence[str]) -> tuple[Condition, ...]:
        """Return the conditions in these texts, one each.

        Raises:
            InvalidInputError: one is malformed, or there are too many.
        """
        if len(texts) > MAX_CONDITIONS:
            raise InvalidInputError("too_many_at_once", most=MAX_CONDITIONS)
        return tuple(self.condition(text) for text in texts)

    def condition(self, text: str) -> Condition:
        """Return the condition in a text.

        Raises:
            InvalidInputError: it is malformed; the message names the fields and the operators.
        """
        parts = split_condition(require_text(text))
        if parts is None:
            fields, operators = [*Field], [*Operator, *SHORTHAND]
            raise InvalidInputError(
                "condition_malformed", text=text[:MAX_TEXT], fields=fields, operators=operators
            )
        field = field_named(parts.field)
        operator = SHORTHAND.get(parts.operator) or Operator(parts.operator)
        if field in MOMENTS:
            return self._moment(field, operator, parts)
        if parts.operator in SHORTHAND:
            raise _unfit(field, parts.operator)
        if field in NUMBERS:
            return _number(field, operator, parts.value)
        return self._text(field, operator, parts.value)

    def _moment(self, field: Field, operator: Operator, parts: ConditionParts) -> Condition:
        if operator in (Operator.CONTAINS, Operator.IN, Operator.EQUAL, Operator.UNEQUAL):
            raise _unfit(field, parts.operator)
        return Condition(field, operator, to_sql(self.moment(parts.value)))

    def moment(self, text: str) -> datetime:
        """Return the moment in a text: a span that ends now (`7d`), a day, or a time of a day.

        Raises:
            InvalidInputError: it is none of them.
        """
        span = SPAN.fullmatch(text.strip())
        try:
            if span is not None:
                return self._now - timedelta(**{SPAN_UNITS[span[2]]: int(span[1])})
            found = datetime.fromisoformat(text.strip())
        except (ValueError, OverflowError) as error:
            raise InvalidInputError("moment_malformed", text=text[:MAX_TEXT]) from error
        return (found if found.tzinfo else found.replace(tzinfo=self._zone)).astimezone(UTC)

    def _text(self, field: Field, operator: Operator, value: str) -> Condition:
        if operator is Operator.IN:
            return Condition(field, operator, self._values(value))
        if operator not in (Operator.EQUAL, Operator.UNEQUAL, Operator.CONTAINS):
            raise _unfit(field, operator)
        return Condition(field, operator, value[:MAX_TEXT])

    def _values(self, value: str) -> tuple[str, ...]:
        if value.startswith("@"):
            if self._read_list is None:
                raise InvalidInputError("condition_file_refused")
            found = tuple(self._read_list(value[1:]))
        else:
            found = tuple(part.strip() for part in re.split("[,，]", value) if part.strip())
        values = tuple(dict.fromkeys(found))
        if not 0 < len(values) <= MAX_VALUES:
            raise InvalidInputError("condition_values_count", most=MAX_VALUES, given=len(values))
        return values


def field_named(name: str) -> Field:
    """Return the field of that name, in English or Chinese.

    Raises:
        InvalidInputError: there is none; the message names them, and the one that was meant.
    """
    field = NAMES.get(name.lower())
    if field is not None:
        return field
    near = get_close_matches(name.lower(), NAMES, n=1)
    raise InvalidInputError("creator_field_unknown", name=name, near=near, known=[*Field])


def field_names(language: str) -> tuple[str, ...]:
    """Return a name for every field, in Chinese (`zh`) or else in English."""
    return CHINESE_NAMES if language == "zh" else tuple(field.value for field in Field)


def name_part(text: str) -> str:
    """Return the part of a nickname that is looked for, without surrounding blanks.

    Raises:
        InvalidInputError: it is longer than a nickname, or no text.
    """
    part = require_text(text).strip()
    if len(part) > MAX_TEXT:
        raise InvalidInputError("name_part_too_long", most=MAX_TEXT)
    return part


def contacts_named(names: Sequence[str]) -> int:
    """Return the bits of the ways to get in touch of these names; 0 for none.

    Raises:
        InvalidInputError: a name is unknown.
    """
    bits = 0
    for name in names:
        if name.lower() not in CONTACTS:
            raise InvalidInputError("contact_unknown", name=name, known=[*CONTACTS])
        bits |= CONTACTS[name.lower()]
    return bits


def contact_names(bits: int) -> tuple[str, ...]:
    """Return the shortest names from which `contacts_named` reads these bits; empty for 0."""
    whole = next((name for name, kind in CONTACTS.items() if kind and kind == bits), None)
    if whole is not None:
        return (whole,)
    return tuple((kind.name or "").lower() for kind in Contact if kind & bits)


def sort_named(text: str) -> Sort:
    """Return the order in a text: `followers`, `-followers`, or `followers:desc`.

    Raises:
        InvalidInputError: the field is unknown, or the direction is neither asc nor desc.
    """
    name, _, direction = text.strip().partition(":")
    if direction not in ("", "asc", "desc"):
        raise InvalidInputError("sort_direction_unknown", direction=direction)
    descending = direction == "desc" or name.startswith("-")
    return Sort(field_named(name.lstrip("-+")), descending)


def _number(field: Field, operator: Operator, text: str) -> Condition:
    if operator in (Operator.CONTAINS, Operator.IN):
        raise _unfit(field, operator)
    match = NUMBER.fullmatch(text.replace(",", ""))
    # Of binary fractions, 1.1万 would be no whole number.
    value = Decimal(match[1]) * UNITS[match[2].lower()] if match else None
    if value is None or value != int(value) or value > MAX_NUMBER:
        raise InvalidInputError("number_malformed", text=text[:MAX_TEXT])
    return Condition(field, operator, int(value))


def _unfit(field: Field, operator: str) -> InvalidInputError:
    return InvalidInputError("condition_operator_unfit", field=field, operator=operator)
