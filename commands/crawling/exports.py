"""`exports …`: the export files and their verification."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from commands.framework.context import (
    Exit,
    dashed,
    opened_app,
    result_json,
    result_message,
    result_table,
    tell,
)
from commands.framework.reader import column_titles, counted, shown, word
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from crawler.export.verifier import VerificationResult
from presentation.json_rows import as_object, verification_object
from storage.crawling import export_segments
from storage.models.segments import SegmentState

NAME_CELLS = 20
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
OfDomain = Annotated[str | None, typer.Option("--domain", help="only this domain")]


def group() -> typer.Typer:
    """Return the commands of `exports`."""
    app = typer.Typer(
        help="The export files and their proof.", no_args_is_help=True, rich_markup_mode=None
    )
    dashed(app, "list")(list_exports)
    dashed(app, "verify")(verify)
    dashed(app, "rebuild")(rebuild)
    return app


def list_exports(
    domain: OfDomain = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List export files, newest first."""
    with opened_app() as app:
        found = app.database.read(export_segments.newest, limit, domain)
        if as_json:
            result_json([as_object(segment) for segment in found])
            return
        names = {account.id: account.username for account in app.pool.registry.all()}
        table = Table(box=None, pad_edge=False)
        names_of_columns = ("id", "domain", "quota day", "account", "rows", "ids", "state", "file")
        titles = column_titles(names_of_columns)
        for name, title in zip(names_of_columns, titles, strict=True):
            most = NAME_CELLS if name in ("domain", "account") else None
            table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=most)
        for one in found:
            path = str(app.crawling.segment_files.locate(one.file_path)) if one.file_path else ""
            cells = (
                str(one.id),
                one.domain,
                str(one.quota_day),
                names.get(one.account_id, "?"),
                f"{one.exported_count:,}",
                f"{one.first_id}-{one.last_id}",
                _state(one.state),
                path,
            )
            table.add_row(*map(escape, cells))
        result_table(table)


def verify(domain: OfDomain = None, as_json: AsJson = False) -> None:
    """Prove that files, segments, rows and quotas agree."""
    with opened_app() as app:
        verdict = app.use_cases.exports.verify(system_user(app), domain)
    if as_json:
        result_json(verification_object(verdict))
    else:
        for problem in verdict.problems:
            result_message(Message.of("problem_line", problem=shown(problem)))
        for host, count in verdict.elsewhere.items():
            result_message(Message.of("files_elsewhere", n=count, host=host))
        result_message(_outcome(verdict))
    if not verdict.ok:
        raise typer.Exit(Exit.ERROR)


def rebuild(
    segment_ids: Annotated[
        list[int] | None, typer.Argument(help="the segments' ids, from `exports list`")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="all segments of a host that is gone")
    ] = None,
) -> None:
    """Write segments' files again from the database, on this host."""
    if bool(segment_ids) == bool(host):
        raise InvalidInputError("rebuild_what")
    with opened_app() as app:
        if host == app.host:
            raise InvalidInputError("host_is_this", host=host)
        chosen = segment_ids or list(app.crawling.segment_finalizer.of_host(host or ""))
        if not chosen:
            raise InvalidInputError("host_without_segments", host=repr(host))
        who = system_user(app)
        for segment_id in chosen:
            file = app.use_cases.exports.rebuild(who, segment_id)
            result_message(
                Message.of(
                    "segment_rebuilt",
                    segment_id=segment_id,
                    file=str(file.path),
                    size=counted(file.bytes, "byte"),
                )
            )
        tell(Message.of("rebuilt_from_now"))


def _state(state: SegmentState) -> str:
    return word("open segment" if state is SegmentState.OPEN else state)


def _outcome(verdict: VerificationResult) -> Message:
    segments, rows = counted(verdict.segments, "segment"), counted(verdict.rows, "row")
    if verdict.ok:
        return Message.of("exports_agree", segments=segments, rows=rows)
    problems = counted(len(verdict.problems), "problem")
    return Message.of("exports_disagree", segments=segments, rows=rows, problems=problems)
