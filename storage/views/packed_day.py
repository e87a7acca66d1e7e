"""The numbers of a work on a day as a few bytes, for `view_days.packed`.

Format number, a map of the hours that are there (24 bits, 0 o'clock the lowest), a byte for each
number, and the rest compressed by zlib: for each number its first value and the differences from
hour to hour as zig-zag varints; only of hours that know it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

from storage.views.points import COUNTERS, Counts

FORMAT = 1
HEAD_BYTES = 4 + len(COUNTERS)
MAX_BYTES = 4096  # what the column holds
ALL_KNOWN, NONE_KNOWN, SOME_KNOWN = 0, 1, 2
LEVEL = 6
HOURS = 24


def pack(hours: Mapping[int, Counts]) -> bytes:
    """Return the numbers of the hours of a day (0 to 23) as bytes."""
    numbers = sorted(hours)
    head = bytearray([FORMAT, *_map_of(numbers)])
    body = bytearray()
    for place in range(len(COUNTERS)):
        column = [hours[number][place] for number in numbers]
        known = [value for value in column if value is not None]
        head.append(_knowledge(len(known), len(column)))
        if head[-1] == SOME_KNOWN:
            body += _map_of([n for n, v in zip(numbers, column, strict=True) if v is not None])
        _write_column(body, known)
    return bytes(head) + zlib.compress(bytes(body), LEVEL)


def unpack(packed: bytes) -> dict[int, Counts]:
    """Return the numbers of a packed day by hour (0 to 23).

    Raises:
        ValueError: the bytes are damaged, or of a later version.
    """
    if len(packed) < HEAD_BYTES or packed[0] != FORMAT:
        raise ValueError("unknown format")
    numbers = list(_hours_of(packed[1:4]))
    try:
        body = _Reader(zlib.decompress(packed[HEAD_BYTES:]))
        columns = [body.column(numbers, how) for how in packed[4:HEAD_BYTES]]
    except (zlib.error, IndexError) as error:
        raise ValueError(str(error)) from error
    return dict(zip(numbers, zip(*columns, strict=True), strict=True))


def is_sound(packed: bytes, hours: int) -> bool:
    """Return False where the bytes are damaged, or have other hours than the map `hours` of their
    row; it takes a tenth of the time of `unpack`."""
    if len(packed) < HEAD_BYTES or packed[0] != FORMAT:
        return False
    if int.from_bytes(packed[1:4], "little") & ~hours:
        return False
    try:
        zlib.decompress(packed[HEAD_BYTES:])
    except zlib.error:
        return False
    return True


def _knowledge(known: int, total: int) -> int:
    if known == total:
        return ALL_KNOWN
    return SOME_KNOWN if known else NONE_KNOWN


def _map_of(numbers: Sequence[int]) -> bytes:
    return sum(1 << number for number in numbers).to_bytes(3, "little")


def _hours_of(bits: bytes) -> Iterator[int]:
    value = int.from_bytes(bits, "little")
    return (number for number in range(HOURS) if value >> number & 1)


def _write_column(body: bytearray, values: Sequence[int]) -> None:
    before = 0
    for value in values:
        step, before = value - before, value
        zigzag = step << 1 if step >= 0 else (-step << 1) - 1
        while zigzag > 0x7F:
            body.append(zigzag & 0x7F | 0x80)
            zigzag >>= 7
        body.append(zigzag)


class _Reader:
    """Reads the columns of a packed day one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._place = 0

    def column(self, numbers: Sequence[int], how: int) -> list[int | None]:
        """Return the values of the next column, one for each hour; None for unknown ones."""
        if how == NONE_KNOWN:
            return [None] * len(numbers)
        if how != SOME_KNOWN:
            return list(self._values(len(numbers)))
        known = list(_hours_of(self._body[self._place : self._place + 3]))
        self._place += 3
        values = dict(zip(known, self._values(len(known)), strict=True))
        return [values.get(number) for number in numbers]

    def _values(self, count: int) -> list[int]:
        # A year of a work has 60,000 values: without calls, and most are of one byte.
        body, place = self._body, self._place
        value, found = 0, []
        for _ in range(count):
            zigzag = body[place]
            place += 1
            if zigzag > 0x7F:
                zigzag, place = _rest_of(body, place, zigzag & 0x7F)
            value += -((zigzag + 1) >> 1) if zigzag & 1 else zigzag >> 1
            found.append(value)
        self._place = place
        return found


def _rest_of(body: bytes, place: int, zigzag: int) -> tuple[int, int]:
    """Return a number whose first seven bits are `zigzag`, and the place behind it."""
    shift = 7
    while True:
        byte = body[place]
        place += 1
        zigzag |= (byte & 0x7F) << shift
        if byte < 0x80:
            return zigzag, place
        shift += 7
