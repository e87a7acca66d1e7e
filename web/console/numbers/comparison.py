"""Videos side by side in one chart, and the totals of authors, each also as a file."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from core.errors import BatonError, InvalidInputError
from core.messages import Message
from web.backend import Backend
from web.console.charts import line_chart
from web.console.visits import Reading
from web.lookups import Counter, newest_hour
from web.number_sheets import author_sheet, comparison_sheet
from web.parameters import HourSpan
from web.problems import RequestRefusedError
from works.hourly.comparison import Comparison, ComparisonRequest, work_keys
from works.hourly.history import HourRow
from works.hourly.sheets import SheetForm

router = APIRouter(include_in_schema=False)
MAX_LINES = 8  # more cannot be told apart in a chart
MAX_TYPED = 20_000
BETWEEN = re.compile(r"[\s,;，；、]+")
TITLE_LETTERS = 24
SPANS = (24, 48, 168, 720)
USUAL_SPAN = 48
AUTHOR_SPANS = (1, 24, 168)
USUAL_AUTHOR_SPAN = 24
MAX_AUTHORS = 500
COUNTERS = {
    Counter.VIEW: "Views",
    Counter.LIKE: "Likes",
    Counter.COMMENT: "Comments",
    Counter.DANMAKU: "Danmaku",
    Counter.COIN: "Coins",
    Counter.FAVORITE: "Favourites",
    Counter.SHARE: "Shares",
}
Works = Annotated[str, Query(max_length=MAX_TYPED)]
OfCounter = Annotated[str, Query(max_length=32)]


@router.get("/compare")
def compare(
    visit: Reading,
    works: Works = "",
    hours: HourSpan = "",
    counter: OfCounter = "",
    by_age: bool = False,
) -> Response:
    """Show the numbers of some videos in one chart, by the hour or since publication."""
    found, problem = None, ""
    if works.strip():
        try:
            found = visit.backend.comparer.compare(_asked(works, hours, counter, by_age=by_age))
        except BatonError as error:
            problem = visit.language.problem(error)
    return visit.page(
        "compare",
        works=works,
        hours=_span(hours, SPANS, USUAL_SPAN),
        counter=_counter(counter),
        by_age=by_age,
        spans=SPANS,
        counters=COUNTERS,
        most=MAX_LINES,
        found=found,
        problem=problem,
        names=_names(found) if found else {},
        chart=_chart(found) if found and found.axis else None,
    )


@router.get("/compare.{form}")
def compare_file(
    form: SheetForm,
    visit: Reading,
    works: Works = "",
    hours: HourSpan = "",
    counter: OfCounter = "",
    by_age: bool = False,
) -> Response:
    """Return the same as a file."""
    asked = _asked(works, hours, counter, by_age=by_age)
    return comparison_sheet(visit.backend, asked, form)


@router.get("/authors")
def authors(visit: Reading, hours: HourSpan = "", counter: OfCounter = "") -> Response:
    """Show the authors whose videos have the most of a number in the newest hour."""
    span, wanted = _span(hours, AUTHOR_SPANS, USUAL_AUTHOR_SPAN), _counter(counter)
    return visit.page(
        "authors",
        rows=_authors(visit.backend, span, wanted),
        hours=span,
        counter=wanted,
        spans=AUTHOR_SPANS,
        counters=COUNTERS,
    )


@router.get("/authors.{form}")
def authors_file(
    form: SheetForm, visit: Reading, hours: HourSpan = "", counter: OfCounter = ""
) -> Response:
    """Return the same as a file."""
    span = _span(hours, AUTHOR_SPANS, USUAL_AUTHOR_SPAN)
    return author_sheet(visit.backend, span, _counter(counter), MAX_AUTHORS, form=form)


def _asked(works: str, hours: str, counter: str, *, by_age: bool) -> ComparisonRequest:
    """Return the request. Raise InvalidInputError when a text names no video, or for too many."""
    keys = work_keys([text for text in BETWEEN.split(works) if text])
    if len(keys) > MAX_LINES:
        raise InvalidInputError(Message.of("links_count_wrong", most=MAX_LINES, given=len(keys)))
    span = _span(hours, SPANS, USUAL_SPAN)
    return ComparisonRequest(keys=keys, span=span, counter=_counter(counter), by_age=by_age)


def _authors(backend: Backend, span: int, counter: Counter) -> list[HourRow]:
    try:
        return backend.view_history.authors(newest_hour(backend), span, counter, MAX_AUTHORS)
    except RequestRefusedError:
        return []


def _names(found: Comparison) -> dict[str, str]:
    """Return how each video is called in the chart: by its title, and by its id without one."""
    return {
        work: f"{found.titles[work][:TITLE_LETTERS]} · {work}" if work in found.titles else work
        for work in found.series
    }


def _chart(found: Comparison) -> dict[str, Any]:
    names = _names(found)
    series = {names[work]: numbers for work, numbers in found.series.items()}
    labels = [str(at) if found.by_age else f"{str(at).replace(' ', 'T')}:00" for at in found.axis]
    return line_chart(labels, series, from_zero=found.by_age, counts_hours=found.by_age)


def _span(text: str, spans: tuple[int, ...], usual: int) -> int:
    return {str(span): span for span in spans}.get(text, usual)


def _counter(text: str) -> Counter:
    return Counter(text) if text in set(Counter) else Counter.VIEW
