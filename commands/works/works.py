"""`works …`: the catalogue of videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.container import App
from commands.framework.context import (
    Exit,
    opened_app,
    result,
    result_json,
    result_table,
    say,
)
from commands.framework.lazy_group import Group
from commands.framework.lease_context import leases_until_interrupted
from commands.framework.options import AsJson
from commands.framework.reader import in_english, shown
from commands.framework.signals import stop_event_on_signals
from commands.framework.system_user import system_user
from commands.works.rejected import rejected
from commands.works.works_table import works_table
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError
from core.messages import Message
from presentation.i18n.renderer import counted
from presentation.json_rows import as_object
from sources.links import VideoLink
from storage.catalogue import works
from works.catalogue.entries import Key
from works.catalogue.fields import read_link
from works.catalogue.import_files import read_works
from works.catalogue.importer import AddResult, ImportSummary
from works.catalogue.requests import AddWorksRequest, DiscoverRequest
from works.catalogue.serialization import add_object
from works.catalogue.uploads import DiscoveryResult

MAX_TOLD = 20  # problems on the screen; a file may have thousands
Links = Annotated[list[str], typer.Argument(help="links, share texts or ids")]
PlatformOf = Annotated[str | None, typer.Option("--platform", help="whose the bare ids are")]


def add(
    links: Links,
    platform: PlatformOf = None,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="ask the platform for its title")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Add videos by their links; titles are asked for."""
    with opened_app() as app:
        request = AddWorksRequest(links=links, platform=_platform(app, platform), fetch=fetch)
        with leases_until_interrupted(app, "works") as stop:
            added = app.use_cases.works.add(system_user(app), request, stop)
    if as_json:
        result_json([add_object(link) for link in added])
    else:
        for link in added:
            result(_added_line(link))
    if any(link.key is None for link in added):
        raise typer.Exit(Exit.PARTIAL)


def import_works(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV or JSON files")] = None,
    inbox: Annotated[bool, typer.Option("--inbox", help="what lies in the drop folder")] = False,
    platform: PlatformOf = None,
    as_json: AsJson = False,
) -> None:
    """Add and change videos from CSV and JSON files.

    Running it twice changes nothing.
    """
    if bool(files) == inbox:
        raise InvalidInputError("files_or_inbox")
    with opened_app() as app:
        if inbox:
            _import_inbox(app, as_json)
            return
        name = _platform(app, platform)
        stop = stop_event_on_signals()
        read = [(file, read_works(file, name, app.calendar.zone)) for file in files or ()]
        imported = {}
        for file, rows in read:
            if rows.unused and not as_json:
                say(Message.of("columns_not_used", file=str(file), names=list(rows.unused)))
            for note in rows.notes:
                say(note)
            imported[file] = app.use_cases.works.import_rows(
                system_user(app), rows, str(file), stop
            )
    _tell_imported(imported, as_json)
    if stop.is_set():
        raise typer.Exit(Exit.INTERRUPTED)
    if any(one.problems for one in imported.values()):
        raise typer.Exit(Exit.PARTIAL)


def list_works(
    platform: Annotated[str | None, typer.Option("--platform", help="only of this one")] = None,
    uid: Annotated[str | None, typer.Option("--uid", help="only of this creator")] = None,
    invalid: Annotated[bool, typer.Option("--invalid", help="only those taken out")] = False,
    limit: Annotated[int, typer.Option(min=1, help="newest ones at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List videos, newest first."""
    with opened_app() as app:
        name = _platform(app, platform)
        valid = False if invalid else None
        found = app.database.read(works.page, name, uid, valid, limit)
        if as_json:
            result_json([as_object(work) for work in found])
            return
        result_table(works_table(app, found))


def discover(
    uid: Annotated[str, typer.Option("--uid", help="a creator's id at Bilibili")],
    as_json: AsJson = False,
) -> None:
    """Add all that a creator uploaded to Bilibili."""
    request = DiscoverRequest(uid=uid)
    last: list[DiscoveryResult] = []

    def on_page(done: DiscoveryResult) -> None:
        last[:] = [done]
        say(Message.of("discover_page", page=done.page, found=done.found, announced=done.announced))

    with opened_app() as app, leases_until_interrupted(app, "works") as stop:
        try:
            app.use_cases.works.discover(system_user(app), request, stop, on_page)
        except StoppedSignal:
            say(Message.of("discover_stopped"))
    _tell_discovered(uid, last[0] if last else None, as_json)
    if not last or not last[0].is_last:
        raise typer.Exit(Exit.INTERRUPTED)


def disable(
    links: Links,
    platform: PlatformOf = None,
    reason: Annotated[str | None, typer.Option(help="why")] = None,
) -> None:
    """Take videos out: marked invalid, not deleted."""
    with opened_app() as app:
        keys = _keys(links, _platform(app, platform))
        app.use_cases.works.disable(system_user(app), keys, reason)
        result(Message.of("works_taken_out", works=counted(len(keys), "work")))


def enable(links: Links, platform: PlatformOf = None) -> None:
    """Bring videos back, whoever took them out."""
    with opened_app() as app:
        keys = _keys(links, _platform(app, platform))
        app.use_cases.works.enable(system_user(app), keys)
        result(Message.of("works_brought_back", works=counted(len(keys), "work")))


def export(as_json: AsJson = False) -> None:
    """Write the list to data/spider/views.json."""
    with opened_app() as app:
        done = app.works.listing.export()
        if as_json:
            result_json({"path": str(done.path), "total": done.total, "valid": done.valid})
            return
        result(
            Message.of(
                "works_exported",
                path=str(done.path),
                works=counted(done.total, "work"),
                valid=done.valid,
            )
        )


def _platform(app: App, name: str | None) -> str | None:
    return app.pool.platforms.named(name).name if name else None


def _keys(links: list[str], platform: str | None) -> list[Key]:
    """Return platform and id of each link, each once. Raise InvalidInputError for a short link."""
    keys = []
    for text in links:
        link = read_link(text, platform)
        if not isinstance(link, VideoLink):
            raise InvalidInputError("link_is_short", text=repr(text))
        keys.append((link.platform, link.video_id))
    return list(dict.fromkeys(keys))


def _added_line(added: AddResult) -> Message:
    if added.key is None:
        return Message.of("link_not_added", text=added.text, reason=shown(added.note))
    work = ":".join(added.key)
    done = (
        Message.of("work_was_added", work=work)
        if added.is_new
        else Message.of("work_was_there", work=work)
    )
    if not added.note:
        return done
    return Message.of("work_without_answer", done=done, reason=shown(added.note))


def _import_inbox(app: App, as_json: bool) -> None:
    stop = stop_event_on_signals()
    done = app.use_cases.works.import_drop_folder(system_user(app), stop)
    counts = vars(done.changes)
    if as_json:
        rejects = {"rejected": done.rejected, "rejected_rows": done.rejected_rows}
        result_json({"files": done.files, **rejects, **counts})
    else:
        result(_counts(counted(done.files, "file"), counts))
    where = str(app.works.drop_folder.rejected.folder)
    if done.rejected:
        say(Message.of("files_rejected", files=counted(done.rejected, "file"), folder=where))
    if done.rejected_rows:
        say(Message.of("rows_rejected", rows=counted(done.rejected_rows, "row"), folder=where))
    if done.rejected or done.rejected_rows:
        raise typer.Exit(Exit.PARTIAL)


def _tell_imported(imported: dict[Path, ImportSummary], as_json: bool) -> None:
    if as_json:
        result_json(
            [
                {
                    "file": str(file),
                    **vars(one.changes),
                    "repeats": one.repeats,
                    "problems": [in_english(problem) for problem in one.problems],
                }
                for file, one in imported.items()
            ]
        )
        return
    for file, one in imported.items():
        result(_counts(str(file), vars(one.changes)))
        if one.repeats:
            say(Message.of("lines_repeated", lines=counted(one.repeats, "line")))
        for problem in one.problems[:MAX_TOLD]:
            say(shown(problem))
        more = len(one.problems) - MAX_TOLD
        if more > 0:
            say(Message.of("problems_not_shown", count=more))
        if one.problems:
            say(Message.of("lines_not_imported", lines=counted(len(one.problems), "line")))


def _counts(what: str | Message, counts: dict[str, int]) -> Message:
    return Message.of(
        "import_counts",
        what=what,
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
    )


def _tell_discovered(uid: str, done: DiscoveryResult | None, as_json: bool) -> None:
    counts = vars(done.changes) if done else {"new": 0, "changed": 0, "unchanged": 0}
    found, told = (done.found, done.announced) if done else (0, 0)
    if as_json:
        result_json({"uid": uid, "found": found, "told": told, **counts})
        return
    facts = {"found": found, "announced": told, "uid": uid}
    result(Message("discovered_counts", {**facts, **counts}))


GROUP = Group(
    {
        "add": add,
        "import": import_works,
        "list": list_works,
        "discover": discover,
        "disable": disable,
        "enable": enable,
        "export": export,
        "rejected": rejected,
    }
)
