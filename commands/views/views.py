"""`views`: fetch the hourly counters of the catalogue's works, and import them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.framework.context import Exit, opened_app, result, result_json, say
from commands.framework.lazy_group import Group
from commands.framework.lease_context import leases_renewed
from commands.framework.options import AsJson
from commands.framework.reader import in_english, reader, text_of
from commands.framework.reader import shown as shown_message
from commands.framework.signals import stop_event_on_signals
from commands.views import comparisons, intake, queries, rules
from commands.views.intake import (
    code_of,
    import_noted,
    import_object,
    importing,
    missing_object,
    print_missing,
    report_files,
)
from commands.views.progress import progress_shown
from core.errors import InvalidInputError
from core.message_json import message_keys
from core.messages import Message
from presentation.i18n.renderer import counted
from works.hour_data.hours import Hour
from works.hour_data.importer import ImportedHour
from works.hourly.crawl_result import CrawlProgress, CrawlResult, Ending
from works.hourly.crawl_result import Show as ShowCrawl

if TYPE_CHECKING:
    from works.hourly.pipeline import HourlyPipeline

EXIT_CODES = {
    Ending.DONE: Exit.OK,
    Ending.PARTIAL: Exit.PARTIAL,
    Ending.NO_ACCOUNT: Exit.CREDENTIALS,
    Ending.INTERRUPTED: Exit.INTERRUPTED,
}


def views(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="list, crawl, import (default)")] = False,
    export_only: Annotated[
        bool, typer.Option("--export-only", help="write views.json from the catalogue")
    ] = False,
    crawl_only: Annotated[
        bool, typer.Option("--crawl-only", help="fetch this hour into its data file")
    ] = False,
    import_only: Annotated[
        bool, typer.Option("--import-only", help="take one data file in, the newest one")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="take in every data file that is not in")
    ] = False,
    day: Annotated[
        str | None,
        typer.Option(
            "--date", metavar="YYYY-MM-DD", help="for --import-only; all hours of the day"
        ),
    ] = None,
    hour: Annotated[
        str | None,
        typer.Option("--hour", metavar="HH", help="for --import-only; without --date today"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hourly numbers of the catalogue's videos.

    Without a command: fetch this hour's numbers and take them in.
    """
    flags = {
        "--full": full,
        "--export-only": export_only,
        "--crawl-only": crawl_only,
        "--import-only": import_only,
        "--missing": missing,
    }
    chosen = [name for name, is_set in flags.items() if is_set]
    # Typer calls this function also in front of a subcommand.
    if context.invoked_subcommand is not None:
        if chosen or day or hour or as_json:
            raise InvalidInputError("options_behind", command=context.invoked_subcommand)
        return
    if len(chosen) > 1:
        raise InvalidInputError("options_exclude", names=_joined(chosen))
    if (day or hour) and not import_only:
        raise InvalidInputError("date_for_import")
    steps: dict[str, Callable[[bool], Exit]] = {
        "--export-only": _export,
        "--crawl-only": _crawl,
        "--missing": _import_missing,
        "--import-only": lambda json: _import(day, hour, json),
    }
    code = steps.get(chosen[0] if chosen else "--full", _full)(as_json)
    if code:
        raise typer.Exit(code)


def _joined(options: list[str]) -> str | Message:
    joined: str | Message = options[0]
    for option in options[1:]:
        joined = Message.of("both_options", first=joined, second=option)
    return joined


def _export(as_json: bool) -> Exit:
    with opened_app() as app:
        done, path = app.works.hourly.export(), str(app.settings.works_list)
    if done is None:
        say(Message.of("catalogue_is_empty"))
    result_json({"file": path}) if as_json else result(path)
    return Exit.OK


def _crawl(as_json: bool) -> Exit:
    with _crawling() as (pipeline, stop, show):
        done = pipeline.crawl(stop, show)
    result_json(_crawl_object(done)) if as_json else _print_crawl(done)
    return EXIT_CODES[done.ending]


def _full(as_json: bool) -> Exit:
    with _crawling() as (pipeline, stop, show):
        done = pipeline.full(stop, show)
    code = EXIT_CODES[done.crawl.ending]
    if code is Exit.OK and done.is_list_refused:
        code = Exit.PARTIAL
    if as_json:
        result_json(
            {
                "crawl": _crawl_object(done.crawl),
                "import": import_object(done.imported) if done.imported else None,
                "caught_up": missing_object(done.caught_up),
                "exit_code": int(code),
            }
        )
        return code
    _print_crawl(done.crawl)
    if done.is_list_refused:
        say(Message.of("drop_folder_refused"))
    if done.imported is not None:
        _print_import(done.imported)
    if done.caught_up.imported or done.caught_up.refused:
        print_missing(done.caught_up)
    return code


def _import(day: str | None, hour: str | None, as_json: bool) -> Exit:
    """Import an hour of a day, all hours of a day, an hour of today, or the newest hour."""
    named = " ".join(filter(None, ("--import-only", day, hour)))
    with importing() as (app, pipeline, _show), import_noted(app, named):
        today = app.clock.now().astimezone(app.calendar.zone).date()
        if day is not None and hour is None:
            stop = stop_event_on_signals()
            files = pipeline.import_day(Hour.parse(day, "0").day, stop, replace_numbers=True)
            return report_files(files, as_json)
        wanted = None if hour is None else Hour.parse(day or today.isoformat(), hour)
        done = pipeline.import_hour(wanted, replace_numbers=True)
    result_json(import_object(done)) if as_json else _print_import(done)
    return code_of(done.problems)


def _import_missing(as_json: bool) -> Exit:
    stop, label = stop_event_on_signals(), text_of(Message.of("bar_import"))
    with importing() as (app, pipeline, shown), import_noted(app, "--missing"):
        done = pipeline.import_missing(
            stop, lambda done, total: shown.show(label, done, total) if total else None
        )
    return report_files(done, as_json)


@contextmanager
def _crawling() -> Iterator[tuple[HourlyPipeline, threading.Event, ShowCrawl]]:
    """Provide the pipeline of an app whose leases are renewed, an event that signals set, and a
    progress bar below the lines of the log."""
    stop = stop_event_on_signals()
    with opened_app() as app, progress_shown() as shown:

        def show_progress(progress: CrawlProgress) -> None:
            if not progress.waiting:
                done = progress.total - progress.left
                shown.show(text_of(_fetched(progress)), done, progress.total)

        with leases_renewed(app, "views", stop.set):
            yield app.works.hourly.watched(shown.line, reader()), stop, show_progress


def _fetched(progress: CrawlProgress) -> Message:
    hour, success, failed = str(progress.hour), progress.success, progress.failed
    if not failed:
        return Message.of("hour_fetched", hour=hour, success=success)
    return Message.of("hour_fetched_failed", hour=hour, success=success, failed=failed)


def _print_crawl(done: CrawlResult) -> None:
    if not done.is_stored and done.ending is Ending.DONE:
        say(Message.of("hour_without_works", hour=str(done.hour)))
        return
    if not done.asked and done.ending is Ending.DONE:
        say(Message.of("hour_there_already", hour=str(done.hour)))
    result(Message.of("hour_line", hour=str(done.hour), sentence=shown_message(done.message)))
    if done.ending is Ending.NO_ACCOUNT:
        say(Message.of("sign_one_in"))
    for failed in done.failures:
        about = {"work_id": failed.work_id, "title": failed.title}
        reason = Message.of("work_failed", **about, reason=failed.reason)
        result(shown_message(reason))
    if done.failed > len(done.failures):
        result(Message.of("more_works_failed", works=done.failed - len(done.failures)))
    if done.path is not None:
        result(str(done.path))


def _print_import(done: ImportedHour) -> None:
    hour, rows = str(done.hour), counted(done.rows, "row")
    result(
        Message.of("hour_imported", hour=hour, rows=rows)
        if done.fresh
        else Message.of("hour_imported_before", hour=hour, rows=rows)
    )


def _crawl_object(done: CrawlResult) -> dict[str, Any]:
    return {
        "date": done.hour.date_text,
        "hour": done.hour.hour_text,
        "file": str(done.path) if done.path else None,
        "asked": done.asked,
        "success_count": done.success,
        "fail_count": done.failed,
        "skipped_count": done.skipped,
        "ending": done.ending.value,
        "failures": [
            {"work_id": one.work_id, "title": one.title}
            | message_keys("reason", one.reason, in_english)
            for one in done.failures
        ],
    } | message_keys("reason", done.reason or "", in_english)


GROUP = Group(
    {**queries.QUERIES, **comparisons.QUERIES, **rules.RULES, **intake.QUERIES},
    main=views,
    no_args_is_help=False,
)
