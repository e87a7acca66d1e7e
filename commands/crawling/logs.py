"""`logs ingestion`: the pages that were stored: who, when, what of which domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, reader, table_of, text_of
from core.messages import Message
from core.plain_text import one_line
from crawler.creators.day_report import day_named
from crawler.creators.ingestion_logs import LogPage
from presentation.creator_views import ingestion_log_object
from presentation.i18n.renderer import Renderer
from presentation.terminal.tables import Table
from storage.crawling.ingestion_logs import FirstListed, IngestionLog

MAX_LISTED = 10_000
COLUMNS = ("id", "at", "account", "domain", "keyword", "page", "ingested", "new_creators", "task")
NUMBERS = frozenset({"id", "page", "ingested", "new_creators", "task"})


def ingestion(
    domain: Annotated[
        str | None, typer.Option("--domain", help="only of this domain, e.g. 美妆")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="only by the account of this name")
    ] = None,
    task: Annotated[
        int | None, typer.Option("--task", min=1, help="only of this task and its pieces")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="only of this day, like 2026-11-21")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="newest ones at most")] = 50,
    creators: Annotated[
        bool, typer.Option("--creators", help="also the creators that each page brought in")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the pages that were ingested, newest first.

    A day is one of the quota zone.
    """
    wanted = day_named(day)
    with opened_app() as app:
        moments = Renderer(reader().language, app.calendar.zone)
        if account is not None:
            account = app.pool.registry.find_or_deleted(account).username
        found = app.crawling.ingestion_logs.page(
            domain=domain,
            account=account,
            task_id=task,
            day=wanted,
            limit=limit,
            with_creators=creators,
        )
    if as_json:
        result_json(
            [
                ingestion_log_object(log, found.creators.get(log.id, ()) if creators else None)
                for log in found.logs
            ]
        )
    elif not found.logs:
        say(Message.of("no_page_ingested"))
    elif creators:
        _print_with_creators(found, moments)
    else:
        result_table(_table(found.logs, moments))


def _table(logs: Sequence[IngestionLog], moments: Renderer) -> Table:
    table = table_of([column_of(name, is_number=name in NUMBERS) for name in COLUMNS])
    for log in logs:
        cells = (
            str(log.id),
            str(moments.shown(log.end_time)),
            log.account or f"#{log.account_id}",
            log.domain,
            log.keyword or "",
            str(log.page_number),
            f"{log.ingested_count:,}",
            f"{log.new_count:,}",
            str(log.task_id),
        )
        table.add(cells)
    return table


def _print_with_creators(found: LogPage, moments: Renderer) -> None:
    for log in found.logs:
        told = moments.text(
            Message.of(
                "page_was_ingested",
                moment=log.end_time,
                account=log.account or f"#{log.account_id}",
                count=log.ingested_count,
                new=log.new_count,
                domain=log.domain,
                page=log.page_number,
                task_id=log.task_id,
            )
        )
        result(told)
        for one in found.creators.get(log.id, ()):
            result(text_of(_named(one)))


def _named(one: FirstListed) -> Message:
    return Message.of("page_creator", nickname=one_line(one.nickname), uid=one.uid)


GROUP = Group({"ingestion": ingestion})
