"""`update_play_counts`: fetch fresh play counts for the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.container import App
from commands.framework.context import (
    Exit,
    is_animated,
    opened_app,
    result,
    result_json,
    say,
    stderr_terminal,
)
from commands.framework.lease_context import leases_until_interrupted
from commands.framework.options import AsJson
from commands.framework.reader import in_english, shown, text_of
from core.clock import iso_utc
from core.errors import InvalidInputError
from core.message_json import message_keys
from core.messages import Message
from presentation.i18n.renderer import counted
from storage.schema.backup import backup as copy_database
from works.play_counts.progress_file import Round
from works.play_counts.updater import RoundEnd, Watcher

PLAIN_LINE_SECS = 5.0
UID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def update_play_counts(
    more_uids: Annotated[list[str] | None, typer.Argument(help="further ids for --uids")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="all works, however young their counts")
    ] = False,
    uids: Annotated[
        list[str] | None, typer.Option("--uids", help="only works of these creators")
    ] = None,
    backup: Annotated[
        bool, typer.Option("--backup", help="first copy the database (SQLite)")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for the play counts that are older than a week.

    A run that was cut short goes on where it stopped.
    """
    wanted = _uids(uids, more_uids)
    with opened_app() as app:
        if backup:
            _backup(app)
        with leases_until_interrupted(app, "play_counts") as stop, _progress_shown(app) as watch:
            end = app.works.play_counts.update(stop, force=force, uids=wanted, watch=watch)
    _print_end(end, as_json)
    if stop.is_set():
        raise typer.Exit(Exit.INTERRUPTED)
    if end.left or end.round.failed:
        raise typer.Exit(Exit.PARTIAL)


def _uids(uids: list[str] | None, more: list[str] | None) -> list[str]:
    # An option takes one value: in `--uids 1 2` the 2 is an argument of the command.
    if more and not uids:
        raise InvalidInputError("uids_meant", uids=" ".join(more))
    found = [uid for text in (*(uids or ()), *(more or ())) for uid in re.split(r"[,\s]+", text)]
    wrong = [uid for uid in found if not UID.fullmatch(uid)]
    if wrong:
        raise InvalidInputError("uid_unusable", uid=repr(wrong[0]))
    return found


def _backup(app: App) -> None:
    stamp = app.clock.now().astimezone(app.calendar.zone)
    target = app.settings.data_dir / "backups" / f"baton-{stamp:%Y%m%d-%H%M%S}.db"
    copy_database(app.database, target)
    say(Message.of("database_copied", path=str(target)))


@contextmanager
def _progress_shown(app: App) -> Iterator[Watcher]:
    """Provide a watcher that shows a bar on a terminal, else prints a line every 5 seconds."""
    terminal = stderr_terminal()
    if not is_animated(terminal):
        yield _line_printer(app)
        return
    label = TextColumn(text_of(Message.of("bar_play_counts")))
    columns = (label, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda round_, total: bar.update(task, completed=round_.done, total=total)


def _line_printer(app: App) -> Watcher:
    printed_at = app.clock.monotonic()

    def watch(round_: Round, total: int) -> None:
        nonlocal printed_at
        now = app.clock.monotonic()
        if now - printed_at >= PLAIN_LINE_SECS:
            printed_at = now
            say(Message.of("play_counts_progress", done=round_.done, works=counted(total, "work")))

    return watch


def _print_end(end: RoundEnd, as_json: bool) -> None:
    finished = end.round
    if as_json:
        result_json(
            {
                "began_at": iso_utc(finished.began_at),
                "updated": finished.updated,
                "skipped": finished.skipped,
                "left": end.left,
                "failed": [
                    {"platform": work.platform, "work_id": work.work_id}
                    | message_keys("error", work.error, in_english)
                    for work in finished.failed
                ],
                "shrunk": [asdict(work) for work in finished.shrunk],
            }
        )
        return
    result(shown(end.message))
    for work in finished.failed:
        key = f"{work.platform}:{work.work_id}"
        result(Message.of("play_count_failed", work=key, error=shown(work.error)))
    for count in finished.shrunk:
        key = f"{count.platform}:{count.work_id}"
        result(Message.of("play_count_lower", work=key, before=count.before, now=count.now))


COMMANDS = {"update_play_counts": update_play_counts}
