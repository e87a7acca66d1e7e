"""The numbers of whole days: packed hours, rows of points, and the daily columns of both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from core.errors import DatabaseContentionError
from core.logs import service_log
from core.messages import Message
from storage.engines.transactions import Row, Tx
from storage.views import days, identities, packed_day, points
from storage.views.days import WorkDay
from storage.views.points import Counts, counts_of
from works.hour_data.hours import HOURS_A_DAY, Hour

log = service_log("views")
WORKS_AT_ONCE = 1_000
Numbers = dict[int, Counts]  # of a work on a day, by hour (0 to 23)


def packed_hour_of(tx: Tx, hour: Hour) -> dict[int, Counts]:
    """Return what packed days hold of an hour, by work; a damaged day is logged and left out."""
    found = {}
    for row in days.packed_of_day(tx, hour.day_index):
        counts = unpacked(tx, row["work"], hour.day_index, row["packed"]).get(hour.number)
        if counts is not None:
            found[row["work"]] = counts
    return found


def unpacked(tx: Tx, work: int, day: int, packed: bytes) -> Numbers:
    """Return a packed day by hour (0 to 23); a damaged one is logged, and empty."""
    try:
        return packed_day.unpack(packed)
    except ValueError as error:
        log.error("%s", damaged_day(tx, work, day, str(error)))
        return {}


def damaged_day(tx: Tx, work: int, day: int, detail: str) -> Message:
    """Return the sentence on a packed day that cannot be read: whose, which, and what to do."""
    platform, work_id = identities.keys_of(tx, [work]).get(work, ("", f"({work})"))
    return Message.of(
        "packed_day_damaged",
        work=f"{platform}:{work_id}",
        day=Hour.from_index(day * HOURS_A_DAY).date_text,
        detail=detail,
    )


def count_day_anew(tx: Tx, day: int, works: Collection[int], *, without: int | None = None) -> None:
    """Write the daily columns of works anew; `without` is an hour (0 to 23) to forget."""
    for part in _parts(sorted(works)):
        found = numbers_of_day(tx, day, part[0], part[-1])
        packed = days.packed_of_works(tx, day, part[0], part[-1])
        rows = []
        for work in part:
            numbers = found.get(work, {})
            numbers.pop(without, None)  # type: ignore[arg-type]
            if numbers:
                rows.append(_work_day(work, numbers, is_packed=work in packed))
        days.put(tx, day, rows)
        days.forget_works(tx, day, set(part) - {row.work for row in rows})


def numbers_of_day(tx: Tx, day: int, first_work: int, last_work: int) -> dict[int, Numbers]:
    """Return the numbers of a day of the works with ids from `first_work` to `last_work`.

    Where both a packed day and a row know an hour, the packed day was first.
    """
    rows = points.of_works(tx, _hours_of(day), first_work, last_work)
    return _with_packed(tx, day, rows, first_work, last_work)


def _with_packed(
    tx: Tx, day: int, rows: Sequence[Row], first_work: int, last_work: int
) -> dict[int, Numbers]:
    found: dict[int, Numbers] = {}
    for row in rows:
        found.setdefault(row["work"], {})[row["hour"] % HOURS_A_DAY] = counts_of(row)
    for work, stored in days.packed_of_works(tx, day, first_work, last_work).items():
        numbers = found.get(work, {}) | unpacked(tx, work, day, stored)
        if numbers:
            found[work] = numbers
    return found


def pack_works(tx: Tx, day: int, first_work: int, last_work: int) -> None:
    """Pack a day of the works with ids from `first_work` to `last_work`, and delete its rows.

    Raises:
        DatabaseContentionError: rows came meanwhile; the transaction is to be run again.
    """
    rows = points.of_works(tx, _hours_of(day), first_work, last_work)
    found = _with_packed(tx, day, rows, first_work, last_work)
    days.put(tx, day, [_work_day(work, found[work], is_packed=True) for work in sorted(found)])
    if points.delete_range(tx, _hours_of(day), first_work, last_work) != len(rows):
        raise DatabaseContentionError("rows_came_meanwhile")


def _work_day(work: int, numbers: Mapping[int, Counts], *, is_packed: bool) -> WorkDay:
    return WorkDay(
        work=work,
        hours=sum(1 << number for number in numbers),
        counts=numbers[max(numbers)],
        packed=packed_day.pack(numbers) if is_packed else None,
    )


def _hours_of(day: int) -> Sequence[int]:
    return range(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY)


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), WORKS_AT_ONCE):
        yield values[start : start + WORKS_AT_ONCE]
