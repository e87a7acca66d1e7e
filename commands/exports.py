"""`exports …`: the files and their proof."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console as Terminal
from rich.table import Table

from commands.context import Exit, dashed, opened_app, result, result_json, say
from commands.shapes import as_object
from core.errors import InvalidInput
from storage import segments

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
OfDomain = Annotated[str | None, typer.Option("--domain", help="only this domain")]


def group() -> typer.Typer:
    app = typer.Typer(help="Export files.", no_args_is_help=True, rich_markup_mode=None)
    dashed(app, "list")(list_exports)
    dashed(app, "verify")(verify)
    dashed(app, "rebuild")(rebuild)
    return app


def list_exports(
    domain: OfDomain = None,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """Export files, newest first."""
    with opened_app() as app:
        found = app.database.read(lambda tx: segments.newest(tx, limit, domain))
        if as_json:
            result_json([as_object(segment) for segment in found])
            return
        names = {account.id: account.username for account in app.registry.all()}
        table = Table(box=None, pad_edge=False)
        for title in ("id", "domain", "quota day", "account", "rows", "ids", "state", "file"):
            table.add_column(title, no_wrap=title != "file", overflow="fold")
        for one in found:
            table.add_row(
                str(one.id), one.domain, str(one.quota_day), names.get(one.account_id, "?"),
                f"{one.exported_count:,}", f"{one.first_id}-{one.last_id}", one.state.value,
                one.file_path or "",
            )  # fmt: skip
        Terminal(highlight=False).print(table)


def verify(domain: OfDomain = None, as_json: AsJson = False) -> None:
    """Prove that files, segments, rows and quotas agree."""
    with opened_app() as app:
        verdict = app.verifier.verify(domain)
    if as_json:
        result_json(verdict.as_json())
    else:
        for problem in verdict.problems:
            result(f"PROBLEM {problem}")
        outcome = "all agree" if verdict.ok else f"{len(verdict.problems)} problems"
        for host, count in verdict.elsewhere.items():
            result(f"{count} files are on host {host}: verify them there")
        result(f"{verdict.segments} segments, {verdict.rows:,} rows: {outcome}")
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
        raise InvalidInput("give the ids of segments, or --host NAME for all of a host's")
    with opened_app() as app:
        if host == app.host:
            raise InvalidInput(f"{host} is this host; give the ids of the segments to rebuild")
        chosen = segment_ids or list(app.sealer.of_host(host or ""))
        if not chosen:
            raise InvalidInput(f"no segment was written on host {host!r}; see: exports list --json")
        for segment_id in chosen:
            done = app.sealer.rebuild(segment_id)
            result(f"segment {segment_id}: {done.path} ({done.bytes:,} bytes)")
        say("contents are as the database has them now; a re-crawl may have refreshed names")
