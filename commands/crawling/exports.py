"""`exports …`: the export files and their verification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.framework.context import Exit, opened_app, result, result_json, result_table, say
from commands.framework.lazy_group import Group
from commands.framework.options import AsJson
from commands.framework.reader import column_of, shown, table_of, word
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from core.messages import Message
from crawler.export.copies import CopyRequest
from crawler.export.verifier import VerificationResult
from presentation.i18n.renderer import counted, renderer_for
from presentation.json_rows import as_object, verification_object
from storage.crawling import export_segments
from storage.models.segments import SegmentState

NAME_CELLS = 12  # of a domain and an account, in a window
OfDomain = Annotated[str | None, typer.Option("--domain", help="only this domain")]


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
        moments = renderer_for(app.settings.language, app.calendar.zone)
        names = app.pool.registry.names({one.account_id for one in found})
        table = table_of(
            (
                "id",
                column_of("domain", min_cells=NAME_CELLS),
                "quota day",
                column_of("account", min_cells=NAME_CELLS),
                column_of("rows", is_number=True),
                "ids",
                "state",
                column_of("start time", is_optional=True),
                "end time",
                column_of("file", is_long=True, is_path=True),
            ),
        )
        for one in found:
            path = str(app.crawling.segment_files.locate(one.file_path)) if one.file_path else ""
            table.add(
                (
                    str(one.id),
                    one.domain,
                    str(one.quota_day),
                    names.get(one.account_id, "?"),
                    f"{one.exported_count:,}",
                    f"{one.first_id}-{one.last_id}",
                    _state(one.state),
                    str(moments.shown(one.start_time)),
                    str(moments.shown(one.end_time)),
                    path,
                ),
            )
        result_table(table)


def verify(
    domain: OfDomain = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="also compare every file's rows with the database")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prove that files, segments, rows and quotas agree."""
    with opened_app() as app:
        verdict = app.use_cases.exports.verify(system_user(app), domain, deep=deep)
    if as_json:
        result_json(verification_object(verdict))
    else:
        for problem in verdict.problems:
            result(Message.of("problem_line", problem=shown(problem)))
        for host, count in verdict.by_peers.items():
            result(Message.of("files_by_peer", n=count, host=host))
        for host, count in verdict.elsewhere.items():
            reason = shown(verdict.unreached[host])
            result(Message.of("files_elsewhere", n=count, host=host, reason=reason))
        result(_outcome(verdict))
    if not verdict.ok:
        raise typer.Exit(Exit.ERROR)


def rebuild(
    segment_ids: Annotated[
        list[int] | None, typer.Argument(help="the segments' ids, from `exports list`")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="all segments of a host that is gone")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="another folder for them, from now on")
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
            file = app.use_cases.exports.rebuild(who, segment_id, _absolute(out))
            result(
                Message.of(
                    "segment_rebuilt",
                    segment_id=segment_id,
                    file=str(file.path),
                    size=counted(file.bytes, "byte"),
                )
            )
        say(Message.of("rebuilt_from_now"))


def copy(
    segment_ids: Annotated[
        list[int] | None, typer.Argument(help="the segments' ids, from `exports list`")
    ] = None,
    task: Annotated[int | None, typer.Option("--task", help="all files of an export")] = None,
    format: Annotated[
        str | None, typer.Option("--format", help="another format; default: as it was")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="other columns; see docs/cli.md; default: as they were")
    ] = None,
    headers: Annotated[
        str | None, typer.Option("--headers", help="what the columns are called: raw, en or zh")
    ] = None,
    raw_cells: Annotated[
        bool, typer.Option("--raw-cells", help="CSV: leave formula-like text")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder; default: beside the file")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write delivered rows to further files, in another form; no quota is used."""
    if bool(segment_ids) == (task is not None):
        raise InvalidInputError("copy_what")
    request = CopyRequest(format=format, columns=columns, headers=headers, raw_cells=raw_cells)
    with opened_app() as app:
        chosen = segment_ids or app.crawling.copies.of_task(task or 0)
        who, folder = system_user(app), _absolute(out)
        copies = [app.use_cases.exports.copy(who, one, request, folder) for one in chosen]
    if as_json:
        result_json(
            [
                {"segment_id": one.segment_id, "path": str(one.path), "rows": one.rows}
                for one in copies
            ]
        )
        return
    for one in copies:
        file, rows = str(one.path), counted(one.rows, "row")
        result(Message.of("segment_was_copied", segment_id=one.segment_id, file=file, rows=rows))


def move(
    task_id: Annotated[int, typer.Argument(help="the export's id, from `tasks list`")],
    out: Annotated[Path, typer.Option("--out", help="the folder for its files from now on")],
) -> None:
    """Have an open export write its files to another folder.

    Files that are finished stay where they are.
    """
    with opened_app() as app:
        folder = out.absolute()
        app.use_cases.tasks.move_output(system_user(app), task_id, folder)
        result(Message.of("export_was_moved", task_id=task_id, folder=str(folder)))


def _absolute(folder: Path | None) -> Path | None:
    return None if folder is None else folder.absolute()


def _state(state: SegmentState) -> str:
    return word("open segment" if state is SegmentState.OPEN else state)


def _outcome(verdict: VerificationResult) -> Message:
    segments, rows = counted(verdict.segments, "segment"), counted(verdict.rows, "row")
    if verdict.ok:
        return Message.of("exports_agree", segments=segments, rows=rows)
    problems = counted(len(verdict.problems), "problem")
    return Message.of("exports_disagree", segments=segments, rows=rows, problems=problems)


GROUP = Group(
    {"list": list_exports, "verify": verify, "rebuild": rebuild, "copy": copy, "move": move}
)
