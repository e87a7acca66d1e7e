"""`views import|project`: data files into the main database, and this host's files from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.container import App
from commands.framework.context import Exit, opened_app, result, result_json, say
from commands.framework.options import AsJson
from commands.framework.reader import in_english, reader, shown, text_of
from commands.framework.signals import stop_event_on_signals
from commands.framework.system_user import system_user
from commands.views.progress import Shown, progress_shown
from core.errors import InvalidInputError
from core.messages import Message
from presentation.i18n.renderer import counted
from works.hour_data.hours import Hour
from works.hour_data.importer import ImportedHour, ImportResult

if TYPE_CHECKING:
    from works.hourly.pipeline import HourlyPipeline


def import_files(
    place: Annotated[
        Path | None, typer.Argument(metavar="FILE|FOLDER", help="a data file, or a folder of them")
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="all that an older version left on this host")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="what the file says takes the place of all numbers")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take data files into the main database; numbers that came first stay."""
    if (place is None) is not here:
        raise InvalidInputError("file_or_here")
    if here and replace:
        raise InvalidInputError("options_exclude", names=_both("--here", "--replace"))
    if place is not None and not place.exists():
        raise InvalidInputError("path_missing", path=str(place))
    stop, label = stop_event_on_signals(), text_of(Message.of("bar_import"))
    with importing() as (app, pipeline, bar), import_noted(app, _subject(place, replace)):

        def show(done: int, total: int) -> None:
            if total:
                bar.show(label, done, total)

        if place is None:
            done = pipeline.import_here(stop, show)
        else:
            done = pipeline.import_from(place, stop, show, replace_numbers=replace)
    code = report_files(done, as_json)
    if code:
        raise typer.Exit(code)


def project(
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="YYYY-MM-DD", help="write all from that day on anew"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write this host's files of hourly numbers from the main database."""
    first = None if since is None else Hour.parse(since, "0")
    with importing() as (_app, pipeline, _bar):
        written = pipeline.project(first)
    if as_json:
        hours = [
            {"date": one.hour.date_text, "hour": one.hour.hour_text, "rows": one.rows}
            for one in written
        ]
        result_json({"written": hours})
        return
    result(Message.of("hours_written", hours=counted(len(written), "hour")))


def report_files(done: ImportResult, as_json: bool) -> Exit:
    """Print what was imported, and return the exit code."""
    result_json(missing_object(done)) if as_json else print_missing(done)
    if done.interrupted:
        return Exit.INTERRUPTED
    return Exit.ERROR if done.refused else code_of(done.problems)


def code_of(problems: Sequence[Message]) -> Exit:
    """Return PARTIAL when something was left out of a file, which the lines of the log tell."""
    return Exit.PARTIAL if problems else Exit.OK


@contextmanager
def importing() -> Iterator[tuple[App, HourlyPipeline, Shown]]:
    """Provide an app, its pipeline with the lines of its log on stderr, and the progress there."""
    with opened_app() as app, progress_shown() as bar:
        yield app, app.works.hourly.watched(bar.line, reader()), bar


def import_noted(app: App, subject: str) -> AbstractContextManager[None]:
    """Note the import inside in the log of actions: it may replace what the platform said."""
    return app.use_cases.audit_log.action(system_user(app), "views.import", subject)


def _subject(place: Path | None, replace: bool) -> str:
    if place is None:
        return "--here"
    return f"{place} --replace" if replace else str(place)


def print_missing(done: ImportResult) -> None:
    """Print how many files and rows were imported, and what was refused."""
    files, rows = counted(len(done.imported), "missing file"), counted(done.rows, "row")
    result(Message.of("missing_imported", files=files, rows=rows))
    for reason in done.refused:
        say(Message.of("import_refused", reason=shown(reason)))


def import_object(done: ImportedHour) -> dict[str, Any]:
    """Return an imported hour as JSON."""
    hour = done.hour
    return {
        "date": hour.date_text,
        "hour": hour.hour_text,
        "rows": done.rows,
        "fresh": done.fresh,
        "problems": [in_english(problem) for problem in done.problems],
    }


def missing_object(done: ImportResult) -> dict[str, Any]:
    """Return an import of several files as JSON."""
    return {
        "imported": [import_object(hour) for hour in done.imported],
        "rows": done.rows,
        "refused": [in_english(reason) for reason in done.refused],
    }


def _both(first: str, second: str) -> Message:
    return Message.of("both_options", first=first, second=second)


QUERIES: dict[str, Callable[..., Any]] = {"import": import_files, "project": project}
