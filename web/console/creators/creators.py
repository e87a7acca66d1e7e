"""Creators: the list with its filters, and one creator with what touched it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from core.errors import InvalidInputError, WrongFieldsError
from core.messages import Message
from crawler.creators.catalogue import SPARK_DAYS, CreatorList
from crawler.creators.cursors import MAX_CURSOR
from crawler.creators.filters import CONTACTS
from crawler.creators.requests import Status
from presentation.creator_views import count_text, csv_text
from storage.creators.search import Sort
from web.console.creators.forms import CreatorForm, TheForm
from web.console.creators.sparks import history_chart, spark_points
from web.console.visits import Reading, Visit
from web.lookups import existing_creator
from web.parameters import PlatformName

router = APIRouter(include_in_schema=False)
ROWS = 50
HISTORY_DAYS = 90
MAX_STEPS = 10  # so many pages lead back one by one; then the first page comes
# Cursors of long names are long, and proxies refuse addresses over 8 KB.
MAX_STEPS_CHARS = 2000
Cursor = Annotated[str, Query(max_length=MAX_CURSOR)]
Steps = Annotated[str, Query(max_length=MAX_STEPS_CHARS)]
Uid = Annotated[str, Path(max_length=255)]
EMPTY = CreatorList(creators=(), next=None, is_indexed=True)
# What an error of the whole list is about, where that is a field of the form.
FIELDS_OF = {"condition_needs_domain": "domain", "name_too_common": "q"}


@router.get("")
def creators(visit: Reading, form: TheForm, after: Cursor = "", before: Steps = "") -> Response:
    """Show a page of the creators that the form means, each with a line of its followers.

    `before` are the cursors of the pages before this one, with blanks between.
    """
    shown, problems, order = _read(visit, form, after)
    backend, path = visit.backend, visit.request.scope["path"]
    today = backend.calendar.day(backend.clock.now())
    seen = before.split()
    return visit.page(
        "creators",
        form=form,
        problems={name: visit.language.problem(found) for name, found in problems.items()},
        items=shown.creators,
        sparks={id: spark_points(rows, today, SPARK_DAYS) for id, rows in shown.histories.items()},
        contacts=visit.language.contacts,
        is_indexed=shown.is_indexed,
        found=count_text(shown.found) if shown.found else None,
        order=order,
        heads={name: _sorted_by(form, path, name, order) for name in ("followers", "seen_at")},
        next=_next(form, path, shown, after, seen),
        back=_back(form, path, after, seen),
        progress=backend.creators.progress(),
        platforms=[one.name for one in backend.platforms.platforms.values() if one.searches],
        states=Status,
        kinds=list(CONTACTS),
        page_csv=form.address("/admin/creators/page.csv", after=after or None),
        export_these=form.export_draft(),
        whole_csv=f"/api/v1/creators/export.csv?{form.api_query()}",
        rows_per_day=backend.settings.api_rows_per_day,
    )


@router.get("/page.csv")
def page_csv(visit: Reading, form: TheForm, after: Cursor = "") -> Response:
    """Return the creators of a page of the list as CSV."""
    wanted, order = form.read(visit.backend)
    shown = visit.backend.creators.page(wanted, order, after=after or None, limit=ROWS)
    text = csv_text(shown.creators, visit.backend.platforms, with_header=True)
    headers = {"Content-Disposition": 'attachment; filename="creators.csv"'}
    return Response(text.encode("utf-8-sig"), media_type="text/csv", headers=headers)


@router.get("/{platform}/{uid:path}")
def creator(platform: PlatformName, uid: Uid, visit: Reading) -> Response:
    """Show one creator: its numbers, their chart, and every file, account, page and task of it."""
    found = existing_creator(visit.backend, platform, uid, HISTORY_DAYS)
    raw = json.loads(found.creator.raw_data)
    return visit.page(
        "creator",
        found=found,
        creator=found.creator,
        contacts=visit.language.contacts(found.creator.has_contact),
        chart=history_chart(found.history),
        history_days=HISTORY_DAYS,
        raw=json.dumps(raw, ensure_ascii=False, indent=2),
    )


def _read(
    visit: Visit, form: CreatorForm, after: str
) -> tuple[CreatorList, dict[str, Message], Sort]:
    """Return the page, the problems of the form's fields, and the order; no page with problems."""
    order = Sort()
    try:
        wanted, order = form.read(visit.backend)
        page = visit.backend.creators.page(
            wanted, order, after=after or None, limit=ROWS, with_history=True, with_count=True
        )
    except WrongFieldsError as error:
        return EMPTY, dict(error.problems), order
    except InvalidInputError as error:
        return EMPTY, {FIELDS_OF.get(error.message.code, "where"): error.message}, order
    return page, {}, order


def _sorted_by(form: CreatorForm, path: str, name: str, order: Sort) -> dict[str, Any]:
    """Return the link of a table's head: sort by it, or the other way around."""
    is_chosen = order.field.value == name
    descending = not order.descending if is_chosen else True
    return {
        "address": form.address(path, sort=f"{'-' if descending else ''}{name}"),
        "direction": ("descending" if order.descending else "ascending") if is_chosen else "none",
    }


def _next(
    form: CreatorForm, path: str, shown: CreatorList, after: str, seen: list[str]
) -> str | None:
    if shown.next is None:
        return None
    # The first page has no cursor: it is told by a dash.
    steps = [*seen, after or "-"][-MAX_STEPS:]
    while len(" ".join(steps)) > MAX_STEPS_CHARS:
        steps = steps[1:]
    return form.address(path, after=shown.next, before=" ".join(steps))


def _back(form: CreatorForm, path: str, after: str, seen: list[str]) -> str | None:
    if not after:
        return None
    cursor = seen[-1] if seen else "-"
    before = " ".join(seen[:-1])
    return form.address(path, after=None if cursor == "-" else cursor, before=before or None)
