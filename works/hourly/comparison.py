"""Works side by side: by the hour, or by the hours since each was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.errors import InvalidInputError
from sources.links import video_named
from storage.catalogue import works
from storage.engines.transactions import Database, Tx
from storage.views import days, hours, identities, titles
from storage.views.identities import Key
from works.hour_data.hours import HOURS_A_DAY, Hour
from works.hour_data.report import COUNTER_KEYS
from works.hourly.history import AGE, hours_since, numbers_of_days

MAX_WORKS = 100
MAX_HOURS = 24 * 400


@dataclass(frozen=True, kw_only=True)
class ComparisonRequest:
    """Works to be shown side by side.

    Args:
        keys: platform and id of each; MAX_WORKS at most.
        span: hours back from the newest one; with `by_age` those after each publication.
        counter: as in data files, such as `view_count`.

    Raises:
        InvalidInputError: there are no works, or too many, or the span is longer than MAX_HOURS.
    """

    keys: Sequence[Key]
    span: int
    counter: str
    by_age: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MAX_WORKS:
            raise InvalidInputError("links_count_wrong", most=MAX_WORKS, given=len(self.keys))
        if self.span > MAX_HOURS:
            raise InvalidInputError("span_too_long", most=MAX_HOURS, given=self.span)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The numbers of works in hours (`2026-11-22 05`), or by the hours since publication.

    Args:
        series: by work id, a number for each value of `axis`; None where none is known.
        titles: of works that have one, by work id.
        undated: the works whose publication is not known; their series are empty by age.
    """

    by_age: bool
    axis: Sequence[str | int]
    series: Mapping[str, Sequence[int | None]]
    titles: Mapping[str, str]
    undated: Sequence[str] = ()

    @property
    def head(self) -> list[str]:
        """Return the names of the columns of a table: the axis and the works."""
        return [AGE if self.by_age else "hour", *self.series]

    def rows(self) -> list[list[str | int]]:
        """Return the rows of a table; an unknown number is an empty text."""
        columns = list(self.series.values())
        return [
            [self._place(at), *("" if one[n] is None else one[n] for one in columns)]  # type: ignore[list-item]
            for n, at in enumerate(self.axis)
        ]

    def _place(self, at: str | int) -> str | int:
        return at if self.by_age else f"{at}:00"


@dataclass(frozen=True, kw_only=True)
class WorkComparer:
    """Reads the numbers of several works; hours and days are local ones of `zone`."""

    database: Database
    zone: ZoneInfo

    def compare(self, request: ComparisonRequest) -> Comparison:
        """Return the numbers of works side by side.

        Raises:
            InvalidInputError: there are no numbers of any work yet.
            DatabaseError: they cannot be read.
        """
        return self.database.read(self._compare, request)

    def _compare(self, tx: Tx, request: ComparisonRequest) -> Comparison:
        newest = hours.newest_with_numbers(tx)
        if newest is None:
            raise InvalidInputError("no_numbers_yet")
        keys = list(dict.fromkeys(request.keys))
        ids = identities.ids_of(tx, keys)
        named = titles.at_hour(tx, newest, list(ids.values()))
        about = {key[1]: named[work] for key, work in ids.items() if named.get(work)}
        if request.by_age:
            return self._by_age(tx, request, ids, about)
        first = newest - request.span + 1
        axis = range(first, newest + 1)
        found = {key: _values(tx, ids.get(key), first, newest, request.counter) for key in keys}
        return Comparison(
            by_age=False,
            axis=[str(Hour.from_index(at)) for at in axis],
            series={key[1]: [one.get(at) for at in axis] for key, one in found.items()},
            titles=about,
        )

    def _by_age(
        self, tx: Tx, request: ComparisonRequest, ids: Mapping[Key, int], about: Mapping[str, str]
    ) -> Comparison:
        keys = list(dict.fromkeys(request.keys))
        published = works.publish_times(tx, keys)
        found: dict[Key, dict[int, int | None]] = {key: {} for key in keys}
        for key, moment in published.items():
            first = Hour.of(moment, self.zone).index
            # An hour that summer time leaves out or repeats shifts the last one by one.
            last = first + request.span + 1
            for at, value in _values(tx, ids.get(key), first, last, request.counter).items():
                age = hours_since(moment, at, self.zone)
                if age is not None and age < request.span:
                    found[key][age] = value
        axis = range(max((age for one in found.values() for age in one), default=-1) + 1)
        return Comparison(
            by_age=True,
            axis=axis,
            series={key[1]: [one.get(at) for at in axis] for key, one in found.items()},
            titles=about,
            undated=[key[1] for key in keys if key not in published],
        )


def work_keys(texts: Sequence[str]) -> list[Key]:
    """Return platform and id of the works that links or ids name; a bare id is Bilibili's.

    Raises:
        InvalidInputError: one is a short link, or names no video.
    """
    links = map(video_named, texts)
    return [(link.platform, link.video_id) for link in links]


def _values(tx: Tx, work: int | None, first: int, last: int, counter: str) -> dict[int, int | None]:
    """Return a counter of a work from an hour to another one, by the hours' numbers."""
    if work is None:
        return {}
    rows = days.packed_of_work(tx, work, first // HOURS_A_DAY, last // HOURS_A_DAY)
    place = COUNTER_KEYS.index(counter)
    return {
        one.hour: one.counts[place]
        for one in numbers_of_days(tx, work, rows)
        if first <= one.hour <= last
    }
