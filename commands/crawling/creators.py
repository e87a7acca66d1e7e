"""`creators …`: look at what was collected: lists, one creator, counts, history."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from app.container import App
from commands.crawling import creator_tables as tables
from commands.crawling.condition_files import condition_reader
from commands.framework.context import opened_app, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from core.errors import InvalidInputError
from core.messages import Message
from crawler.creators.catalogue import MAX_ROWS
from crawler.creators.identity import creator_named
from crawler.creators.requests import ListRequest, Status
from crawler.tasks.requests import DEFAULT_PLATFORM
from presentation.creator_views import (
    count_text,
    creator_object,
    details_object,
    observation_object,
)
from presentation.json_rows import plain
from storage.creators.conditions import CreatorFilter, Field
from storage.creators.search import ListedCreator, Sort

MAX_LISTED = 1_000_000
HISTORY_DAYS = 90


class By(StrEnum):
    """What `creators count` counts by."""

    DOMAIN = "domain"
    PLATFORM = "platform"
    STATUS = "status"
    KEYWORD = "keyword"
    DAY = "day"


Platform = Annotated[str, typer.Option("--platform", help="where the creators are")]
Domain = Annotated[str | None, typer.Option("--domain", help="only of this domain, e.g. 美妆")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="'followers>=10000', 'seen since 7d', …; may be repeated"),
]
Search = Annotated[str | None, typer.Option("--search", help="a part of the nickname")]
Keyword = Annotated[
    list[str] | None, typer.Option("--keyword", help="found by this search; may be repeated")
]
Has = Annotated[
    list[str] | None,
    typer.Option("--has", help="contact, email, phone or messenger in the signature"),
]
Limit = Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="creators at most")]
Uid = Annotated[str, typer.Argument(help="the creator's id or the address of its profile")]


def list_creators(
    domain: Domain = None,
    platform: Platform = DEFAULT_PLATFORM,
    where: Where = None,
    search: Search = None,
    keyword: Keyword = None,
    has: Has = None,
    status: Annotated[
        Status | None, typer.Option("--status", help="of a domain: in a file or not")
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", help="a field; - in front: the highest first")
    ] = "-followers",
    limit: Limit = 50,
    as_json: AsJson = False,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="print an object with raw data a line")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV")] = False,
) -> None:
    """List creators: of a platform or a domain, filtered and sorted."""
    if as_json + as_jsonl + as_csv > 1:
        raise InvalidInputError("one_output_form")
    with opened_app() as app:
        request = ListRequest(
            platform=platform,
            domain=domain,
            where=where or (),
            name=search,
            keywords=keyword or (),
            has=has or (),
            status=status,
            sort=sort,
        )
        wanted, order = request.read(condition_reader(app), app.pool.platforms.searchable)
        rows = _pages(app, wanted, order, limit)
        fields = app.pool.platforms
        if as_json:
            result_json([creator_object(row, fields) for row in rows])
        elif as_jsonl:
            for row in rows:
                tables.print_json_line(creator_object(row, fields, with_raw=True))
        elif as_csv:
            tables.print_csv([creator_object(row, fields) for row in rows])
        else:
            _print_list(app, wanted, order, limit)


def _print_list(app: App, wanted: CreatorFilter, order: Sort, limit: int) -> None:
    _say_progress(app)
    page = app.crawling.creators.page(
        wanted,
        order,
        limit=min(limit, MAX_ROWS),
        with_history=limit <= MAX_ROWS,
        with_count=True,
    )
    if not page.creators:
        say(Message.of("no_creators_found"))
        return
    result_table(tables.creators(page, wanted.domain is not None))
    if page.next is not None:
        found = count_text(page.found or 0)
        say(Message.of("more_creators", shown=len(page.creators), found=found))
    if not page.is_indexed:
        say(Message.of("creators_all_read", field=order.field))


def new(
    since: Annotated[str, typer.Option("--since", help="a span such as 7d, or a day")] = "7d",
    domain: Domain = None,
    platform: Platform = DEFAULT_PLATFORM,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the creators that were seen for the first time, the newest first."""
    with opened_app() as app:
        field = Field.FIRST_SEEN_AT if domain is None else Field.INGESTED_AT
        reader = condition_reader(app)
        reader.moment(since)  # its problem is told as that of --since
        request = ListRequest(
            platform=platform, domain=domain, where=[f"{field} since {since}"], sort=f"-{field}"
        )
        wanted, order = request.read(reader, app.pool.platforms.searchable)
        if as_json:
            rows = _pages(app, wanted, order, limit)
            result_json([creator_object(row, app.pool.platforms) for row in rows])
            return
        _print_list(app, wanted, order, limit)


def show(
    uid: Uid,
    platform: Annotated[
        str | None, typer.Option("--platform", help="where it is; default: where it is known")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="days of its history")] = HISTORY_DAYS,
    as_json: AsJson = False,
) -> None:
    """Show one creator: its numbers, domains, and every file, account, page and task of it."""
    with opened_app() as app:
        named = creator_named(app.database, app.pool.platforms, uid, platform)
        found = app.crawling.creators.show(named.platform, named.uid, days)
        if as_json:
            result_json(details_object(found))
            return
        tables.print_details(found)


def history(
    uid: Uid,
    platform: Annotated[
        str | None, typer.Option("--platform", help="where it is; default: where it is known")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="days back from today")] = HISTORY_DAYS,
    as_json: AsJson = False,
) -> None:
    """Show a creator's numbers by day; days between the rows were not looked at."""
    with opened_app() as app:
        named = creator_named(app.database, app.pool.platforms, uid, platform)
        found = app.crawling.creators.show(named.platform, named.uid, days)
        if as_json:
            result_json([observation_object(row) for row in found.history])
            return
        if not found.history:
            say(Message.of("no_history_yet"))
            return
        result_table(tables.history(found.history))


def count(
    by: Annotated[By, typer.Option("--by", help="what to count by")] = By.DOMAIN,
    domain: Domain = None,
    platform: Platform = DEFAULT_PLATFORM,
    days: Annotated[int, typer.Option(min=1, max=3650, help="with --by day: so many")] = 30,
    as_json: AsJson = False,
) -> None:
    """Count creators by domain, platform, status, keyword or day."""
    with opened_app() as app:
        _say_progress(app)
        catalogue = app.crawling.creators
        if by is By.KEYWORD:
            if domain is None:
                raise InvalidInputError("condition_needs_domain")
            rows = [vars(row) for row in catalogue.by_keyword(platform, domain)]
        elif by is By.DAY:
            rows = [vars(row) for row in catalogue.by_day(days - 1, domain)]
        else:
            rows = tables.counts(catalogue.by_domain(), by, domain)
        if as_json:
            result_json([{name: plain(value) for name, value in row.items()} for row in rows])
        elif rows:
            result_table(tables.counted(rows))
        else:
            say(Message.of("no_creators_found"))


def _pages(app: App, wanted: CreatorFilter, order: Sort, limit: int) -> Iterator[ListedCreator]:
    """Yield up to `limit` creators, read a page at a time."""
    after, left = None, limit
    while left:
        page = app.crawling.creators.page(wanted, order, after=after, limit=min(left, MAX_ROWS))
        yield from page.creators
        left -= len(page.creators)
        after = page.next
        if after is None:
            return


def _say_progress(app: App) -> None:
    progress = app.crawling.creators.progress()
    if progress.left:
        say(Message.of("creators_still_brought_in", left=progress.left, of=progress.of))


GROUP = Group(
    {
        "list": list_creators,
        "show": show,
        "new": new,
        "count": count,
        "history": history,
    }
)
