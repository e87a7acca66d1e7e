"""`exports …`: the files and their proof."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from commands.framework.context import (
    Exit,
    amount,
    dashed,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from commands.framework.system_user import system_user
from core.errors import InvalidInputError
from presentation.i18n.renderer import ENGLISH_RENDERER
from presentation.json_rows import as_object, verification_object
from storage.crawling import export_segments

NAME_CELLS = 20
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
OfDomain = Annotated[str | None, typer.Option("--domain", help="only this domain")]


def group() -> typer.Typer:
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
        for title in ("id", "domain", "quota day", "account", "rows", "ids", "state", "file"):
            most = NAME_CELLS if title in ("domain", "account") else None
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
                one.state.value,
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
            result(f"PROBLEM {ENGLISH_RENDERER.sentence(problem)}")
        outcome = "all agree" if verdict.ok else amount(len(verdict.problems), "problem")
        for host, count in verdict.elsewhere.items():
            are = "is" if count == 1 else "are"
            result(f"{amount(count, 'file')} {are} on host {host}: verify there")
        looked = f"{amount(verdict.segments, 'segment')}, {amount(verdict.rows, 'row')}"
        result(f"{looked}: {outcome}")
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
        raise InvalidInputError("give the ids of segments, or --host NAME for all of a host's")
    with opened_app() as app:
        if host == app.host:
            raise InvalidInputError(f"{host} is this host; give the ids of the segments to rebuild")
        chosen = segment_ids or list(app.crawling.segment_finalizer.of_host(host or ""))
        if not chosen:
            raise InvalidInputError(
                f"no segment was written on host {host!r}; see: python cli.py exports list --json"
            )
        who = system_user(app)
        for segment_id in chosen:
            file = app.use_cases.exports.rebuild(who, segment_id)
            result(f"segment {segment_id}: {file.path} ({amount(file.bytes, 'byte')})")
        say("contents are as the database has them now; a re-crawl may have refreshed names")
