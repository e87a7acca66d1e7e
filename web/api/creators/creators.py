"""`/api/v1/creators`: lists by keyset, one creator, its days, and counts."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from core.errors import InvalidInputError
from core.requests import MAX_DOMAIN_LETTERS
from crawler.tasks.requests import DEFAULT_PLATFORM
from presentation.creator_views import creator_object, details_object, observation_object
from presentation.json_rows import plain
from web.api.creators.filters import TheListQuery
from web.auth.access import Reader
from web.parameters import PlatformName
from web.problems import refused_as
from web.state import TheBackend

router = APIRouter(prefix="/creators", tags=["creators"])
Uid = Annotated[str, Path(max_length=255, description="the platform's id of the creator")]
Days = Annotated[int, Query(ge=1, le=3650, description="days back from today")]


class CreatorPage(BaseModel):
    """A page of creators; `next` is the value of `after` for the following one, null on the last.

    `indexed` is false when every creator had to be read for it. `found` is how many there are on
    all pages, with `count` only; 1001 stands for more than 1,000.
    """

    items: list[dict[str, Any]]
    next: str | None
    indexed: bool
    found: int | None


class By(StrEnum):
    """What creators are counted by."""

    DOMAIN = "domain"
    KEYWORD = "keyword"
    DAY = "day"


@router.get("", summary="Creators, filtered and sorted")
def list_creators(asked: TheListQuery, backend: TheBackend, _who: Reader) -> CreatorPage:
    page = backend.creators.page(
        asked.wanted,
        asked.sort,
        after=asked.after,
        limit=asked.limit,
        with_count=asked.with_count,
    )
    items = [
        creator_object(row, backend.platforms, with_raw=asked.with_raw) for row in page.creators
    ]
    return CreatorPage(items=items, next=page.next, indexed=page.is_indexed, found=page.found)


@router.get("/count", summary="How many creators there are, by domain, keyword or day")
def count_creators(
    backend: TheBackend,
    _who: Reader,
    by: Annotated[By, Query(description="what to count by")] = By.DOMAIN,
    platform: Annotated[str, Query(max_length=32, description="by keyword: where")] = (
        DEFAULT_PLATFORM
    ),
    domain: Annotated[
        str | None, Query(max_length=MAX_DOMAIN_LETTERS, description="only of this domain")
    ] = None,
    days: Days = 30,
) -> dict[str, Any]:
    if by is By.DAY:
        rows = [vars(row) for row in backend.creators.by_day(days - 1, domain)]
    elif by is By.KEYWORD:
        if domain is None:
            raise InvalidInputError("condition_needs_domain")
        rows = [vars(row) for row in backend.creators.by_keyword(platform, domain)]
    else:
        found = backend.creators.by_domain()
        rows = [
            vars(row) | {"pending": row.pending} for row in found if domain in (None, row.domain)
        ]
    left = backend.creators.progress().left
    items = [{name: plain(value) for name, value in row.items()} for row in rows]
    return {"items": items, "rows_not_listed_yet": left}


@router.get("/{platform}/{uid}", summary="One creator: numbers, domains, files, days")
def show_creator(
    platform: PlatformName, uid: Uid, backend: TheBackend, _who: Reader, days: Days = 90
) -> dict[str, Any]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return details_object(backend.creators.show(platform, uid, days))


@router.get("/{platform}/{uid}/history", summary="A creator's numbers by day")
def show_history(
    platform: PlatformName, uid: Uid, backend: TheBackend, _who: Reader, days: Days = 90
) -> dict[str, Any]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        found = backend.creators.show(platform, uid, days)
    return {"items": [observation_object(row) for row in found.history]}
