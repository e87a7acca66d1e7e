"""`report today`: which account ingested and exported how many of which domain."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from commands.framework.context import opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, reader, table_of, text_of
from core.errors import InvalidInputError, OutputError
from core.messages import Message
from crawler.creators.day_report import DayReport, day_named
from presentation.day_report import (
    EXPORTED,
    INGESTED,
    exported_rows,
    ingested_rows,
    report_object,
    report_sentences,
    report_xlsx,
)

TEXTS = ("account", "platform", "domain")


def today(
    day: Annotated[
        str | None, typer.Option("--day", help="another day, like 2026-11-21; default: today")
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", help="only of this domain, e.g. 美妆")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="only by the account of this name")
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", help="write it to this Excel file, too")
    ] = None,
    sentences: Annotated[
        bool, typer.Option("--sentences", help="print a sentence for each account and domain")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell which account ingested and exported how many of which domain.

    A day is one of the quota zone.
    """
    if sentences and as_json:
        raise InvalidInputError("one_report_form")
    wanted = day_named(day)
    with opened_app() as app:
        if account is not None:
            account = app.pool.registry.find_or_deleted(account).username
        report = app.crawling.day_reports.of_day(wanted, domain=domain, account=account)
        if xlsx is not None:
            _save(xlsx, report_xlsx(report, reader()))
        if as_json:
            result_json(report_object(report, app.calendar))
        elif sentences:
            _print_sentences(report)
        else:
            _print_tables(report)
        if xlsx is not None:
            say(Message.of("report_was_written", file=str(xlsx.absolute())))


def _print_sentences(report: DayReport) -> None:
    told = list(report_sentences(report))
    for sentence in told:
        result(sentence)
    if not told:
        say(Message.of("report_is_empty", day=report.day))


def _print_tables(report: DayReport) -> None:
    result(Message.of("report_heading", day=report.day))
    sums: tuple[int, ...] = (report.pages, report.seen, report.new_count)
    _print_table("report_ingested", INGESTED, ingested_rows(report), sums)
    _print_table(
        "report_exported", EXPORTED, exported_rows(report), (report.files, report.exported_count)
    )


def _print_table(
    heading: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | int]],
    sums: Sequence[int],
) -> None:
    result("")
    result(Message(heading))
    if not rows:
        result(Message.of("report_nothing"))
        return
    table = table_of([column_of(name, is_number=name not in TEXTS) for name in columns])
    sum_row: tuple[str | int, ...] = (text_of(Message.of("report_sum")), "", "", *sums)
    for row in (*rows, sum_row):
        table.add([one if isinstance(one, str) else f"{one:,}" for one in row])
    result_table(table)


def _save(path: Path, content: bytes) -> None:
    """Write a file in one step; a report that stood there is replaced by the newer one.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        detail = error.strerror or str(error)
        raise OutputError("file_not_replaced", path=str(path), detail=detail) from error


GROUP = Group({"today": today})
