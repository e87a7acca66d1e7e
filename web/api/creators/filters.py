"""The query of lists of creators, read by the same rules as the command line's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from crawler.creators.catalogue import MAX_ROWS
from crawler.creators.requests import ListRequest, Status
from crawler.tasks.requests import DEFAULT_PLATFORM
from storage.creators.conditions import CreatorFilter
from storage.creators.search import Sort
from web.lookups import condition_reader
from web.state import TheBackend

USUAL_ROWS = 50


@dataclass(frozen=True)
class StreamQuery:
    """Which creators are asked for, in which order, and whether with their raw data."""

    wanted: CreatorFilter
    sort: Sort
    with_raw: bool


@dataclass(frozen=True)
class ListQuery:
    """The creators that are asked for, and which page of them."""

    wanted: CreatorFilter
    sort: Sort
    with_raw: bool
    after: str | None
    limit: int
    with_count: bool


def _chosen(
    backend: TheBackend,
    platform: Annotated[str, Query(max_length=32, description="where they are")] = DEFAULT_PLATFORM,
    domain: Annotated[str | None, Query(description="only of this domain")] = None,
    q: Annotated[str | None, Query(description="a part of the nickname")] = None,
    where: Annotated[
        list[str] | None, Query(description="a condition, such as followers>=10000; repeatable")
    ] = None,
    keyword: Annotated[
        list[str] | None, Query(description="of a domain: found by this search; repeatable")
    ] = None,
    has: Annotated[
        list[str] | None, Query(description="contact, email, phone or messenger; repeatable")
    ] = None,
    status: Annotated[Status | None, Query(description="of a domain: in a file or not")] = None,
    sort: Annotated[str, Query(description="a field; - in front: highest first")] = "-followers",
    raw: Annotated[bool, Query(description="with raw_data, the platform's entry")] = False,
) -> StreamQuery:
    request = ListRequest(
        platform=platform,
        domain=domain,
        where=where or (),
        name=q,
        keywords=keyword or (),
        has=has or (),
        status=status,
        sort=sort,
    )
    wanted, order = request.read(condition_reader(backend), backend.platforms.searchable)
    return StreamQuery(wanted, order, raw)


TheStreamQuery = Annotated[StreamQuery, Depends(_chosen)]


def _asked(
    chosen: TheStreamQuery,
    after: Annotated[str | None, Query(description="`next` of a page")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="creators at most")] = USUAL_ROWS,
    count: Annotated[bool, Query(description="also count them, up to 1,000")] = False,
) -> ListQuery:
    return ListQuery(
        wanted=chosen.wanted,
        sort=chosen.sort,
        with_raw=chosen.with_raw,
        after=after,
        limit=limit,
        with_count=count,
    )


TheListQuery = Annotated[ListQuery, Depends(_asked)]
