"""The checks of `doctor` on the catalogue: import directory, `views.json`, hourly statistics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from app.container import App
from commands.doctor.findings import Finding, failure, ok, warning
from commands.framework.reader import shown
from core.errors import (
    BatonError,
    DamagedFileError,
    DatabaseContentionError,
    DatabaseError,
    SchemaMismatchError,
)
from core.messages import Message
from presentation.i18n.renderer import counted
from works.catalogue.drop_folder import DropFolderState
from works.hourly.gaps import HourState, ObservedHour
from works.hourly.input_list import read_views_list

MAX_WAIT = timedelta(minutes=5)  # `run` imports a file within seconds
MAX_LAG = timedelta(minutes=1)  # `run` writes views.json 10 s after a change
LOOK_BACK_HOURS = 24
MAX_NAMED_HOURS = 3


class WorksChecks:
    """Checks the files of the catalogue; files of other programs are reported, never changed."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """Yield the findings on import directory, `views.json` and hourly statistics."""
        yield from self._drop_folder()
        yield self._list()
        yield from self._view_data()

    def _drop_folder(self) -> Iterator[Finding]:
        subject = Message.of("subject_works_inbox")
        folder = self._app.works.drop_folder.folder.absolute()
        if not folder.exists():
            yield ok(subject, Message.of("inbox_not_used", folder=str(folder)))
            return
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield failure(
                subject,
                Message.of("inbox_unusable", folder=str(folder)),
                Message.of("inbox_make_folder"),
            )
            return
        try:
            state = self._app.works.drop_folder.state()
        except BatonError as error:
            yield failure(subject, error, Message.of("inbox_give_right"))
            return
        yield from self._dropped(subject, folder, state)

    def _dropped(self, subject: Message, folder: Path, state: DropFolderState) -> Iterator[Finding]:
        waits = self._app.host_clock.now() - state.oldest_at if state.oldest_at else timedelta(0)
        waiting = counted(state.waiting, "file")
        if waits > MAX_WAIT:
            yield warning(
                subject,
                Message.of("inbox_waits_long", files=waiting, span=_length(waits)),
                Message.of("inbox_take_in"),
            )
        if state.newest_rejected is not None:
            yield warning(
                subject,
                Message.of(
                    "inbox_rejected",
                    files=counted(state.rejected, "file"),
                    file=state.newest_rejected.name,
                    reason=state.reason,
                ),
                Message.of(
                    "inbox_mend", rejected=str(state.newest_rejected.parent), folder=str(folder)
                ),
            )
        if waits <= MAX_WAIT and state.newest_rejected is None:
            yield ok(subject, Message.of("inbox_fine", folder=str(folder), files=waiting))

    def _list(self) -> Finding:
        subject, listing = Message.of("subject_views_list"), self._app.works.listing
        path, changed_at = listing.path.absolute(), listing.changed_at()
        if changed_at is None and not path.exists():
            return ok(subject, Message.of("list_never_used"))
        fix = None if changed_at is None else self._write_list
        advice = Message.of("list_write_again")
        try:
            listed = len(read_views_list(path).works) if path.exists() else 0
        except DamagedFileError as error:
            return failure(subject, error, advice, fix=fix)
        # Without a catalogue of ours the file is written by another program, and left alone.
        if changed_at is None:
            text = Message.of("list_of_other", path=str(path), works=counted(listed, "work"))
            return ok(subject, text)
        label, version = listing.label(), listing.version()
        lag = self._app.clock.now() - changed_at
        if (label is None or label.version != version) and lag > MAX_LAG:
            text = (
                Message.of("list_outdated", span=_length(lag))
                if path.exists()
                else Message.of("list_not_there")
            )
            return warning(subject, text, Message.of("list_write_or_run"), fix=fix)
        return ok(subject, Message.of("list_fine", path=str(path), works=counted(listed, "work")))

    def _write_list(self) -> Message:
        done = self._app.works.listing.export()
        return Message.of("list_written", works=counted(done.total, "work"), path=str(done.path))

    def _view_data(self) -> Iterator[Finding]:
        subject = Message.of("subject_hourly_numbers")
        problem = self._statistics_problem(subject)
        if problem is not None:
            yield problem
        hours = self._app.works.gaps.look(self._app.clock.now(), LOOK_BACK_HOURS)
        if hours:
            yield _hours_finding(subject, hours)
        elif problem is None:
            yield ok(subject, Message.of("doctor_no_hourly_numbers"))

    def _statistics_problem(self, subject: Message) -> Finding | None:
        """Return what is wrong with this host's files of hourly numbers; None when nothing is."""
        path = self._app.settings.view_data_file.absolute()
        try:
            if path.exists():
                # The empty write shows whether another program holds the lock of the file.
                self._app.works.view_data.write(lambda tx: None)
            only_here = self._app.works.hourly.only_here()
        except DatabaseContentionError:
            return warning(
                subject,
                Message.of("hourly_file_locked", path=str(path)),
                Message.of("hourly_file_unlock", path=str(path)),
            )
        except SchemaMismatchError as error:
            return failure(subject, error, Message.of("see_views"))
        except DatabaseError as error:
            return failure(subject, error, Message.of("hourly_file_anew", path=str(path)))
        if not only_here:
            return None
        hours = counted(len(only_here), "hour")
        return warning(
            subject,
            Message.of(
                "hours_only_here", hours=hours, first=str(only_here[0]), last=str(only_here[-1])
            ),
            Message.of("hours_import_here"),
        )


def _hours_finding(subject: Message, hours: list[ObservedHour]) -> Finding:
    missing = [hour for hour in hours if hour.state is HourState.MISSING]
    if not missing:
        return ok(subject, Message.of("hours_without_gap", hours=LOOK_BACK_HOURS))
    facts = {
        "missing": counted(len(missing), "hour"),
        "hours": LOOK_BACK_HOURS,
        "named": [
            Message.of("hour_gap", hour=str(gap.hour), why=shown(gap.why))
            for gap in missing[-MAX_NAMED_HOURS:]
        ],
    }
    more = len(missing) - MAX_NAMED_HOURS
    return warning(
        subject,
        Message("hours_missing_more", {**facts, "more": more})
        if more > 0
        else Message("hours_missing", facts),
        Message.of("hours_advice"),
    )


def _length(span: timedelta) -> Message:
    """Return a time span in minutes, hours or days, whichever reads best."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return counted(minutes, "minute")
    return counted(minutes // 60, "hour") if minutes < 48 * 60 else counted(minutes // 1440, "day")
