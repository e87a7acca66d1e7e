"""The query of lists of creators, read by the same rules as the command line's options."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query

from core.requests import FieldChecks
from crawler.creators.catalogue import MAX_ROWS
from crawler.creators.filters import contacts_named, sort_named
from crawler.tasks.requests import DEFAULT_PLATFORM, MAX_DOMAIN_LETTERS
from storage.creators.conditions import CreatorFilter
from storage.creators.search import Sort
from web.lookups import condition_reader
from web.state import TheBackend

USUAL_ROWS = 50
MAX_CURSOR = 2000
MAX_WHERE = 500


class Status(StrEnum):
    """Whether a creator of a domain is in a file already."""

    PENDING = "pending"
    EXPORTED = "exported"


@dataclass(frozen=True)
class ListQuery:
    """Which creators are asked for, in which order, and which page of them."""

    wanted: CreatorFilter
    sort: Sort
    after: str | None
    limit: int
    with_raw: bool


def _asked(
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
    after: Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of a page")] = (
        None
    ),
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="creators at most")] = USUAL_ROWS,
    raw: Annotated[bool, Query(description="with raw_data, the platform's entry")] = False,
) -> ListQuery:
    checks = FieldChecks()
    conditions = checks.check("where", condition_reader(backend).conditions, where or ())
    contacts = checks.check("has", contacts_named, has or ())
    order = checks.check("sort", sort_named, sort)
    known = checks.check("platform", backend.platforms.searchable, platform)
    checks.finish()
    assert conditions is not None and order is not None and known is not None
    wanted = CreatorFilter(
        platform=known.name,
        domain=domain,
        is_exported=None if status is None else status is Status.EXPORTED,
        keywords=tuple(keyword or ()),
        contacts=contacts or 0,
        name=q or None,
        conditions=conditions,
    )
    return ListQuery(wanted, order, after, limit, raw)


TheListQuery = Annotated[ListQuery, Depends(_asked)]
