"""The query of lists of creators, read by the same rules as the command line's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from crawler.creators.catalogue import MAX_ROWS
from crawler.creators.requests import ListRequest, Status
from crawler.tasks.requests import DEFAULT_PLATFORM, MAX_DOMAIN_LETTERS
from storage.creators.conditions import CreatorFilter
from storage.creators.search import Sort
from web.lookups import condition_reader
from web.state import TheBackend

USUAL_ROWS = 50
MAX_CURSOR = 2000
MAX_WHERE = 500


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


def _chosen(
    backend: TheBackend,
    platform: Annotated[str, Query(max_length=32, description="where they are")] = DEFAULT_PLATFORM,
    domain: Annotated[
        str | None, Query(max_length=MAX_DOMAIN_LETTERS, description="only of this domain")
    ] = None,
    q: Annotated[str | None, Query(max_length=100, description="a part of the nickname")] = None,
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
    sort: Annotated[str, Query(max_length=40, description="a field; - in front: highest first")] = (
        "-followers"
    ),
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
    after: Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of a page")] = (
        None
    ),
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="creators at most")] = USUAL_ROWS,
) -> ListQuery:
    return ListQuery(chosen.wanted, chosen.sort, chosen.with_raw, after, limit)


TheListQuery = Annotated[ListQuery, Depends(_asked)]
