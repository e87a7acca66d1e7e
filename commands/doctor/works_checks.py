"""The checks of `doctor` on the catalogue: the drop folder, views.json, and the hourly numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from app.container import App
from commands.doctor.findings import Finding, Level
from commands.framework.context import amount
from core.errors import (
    BatonError,
    DamagedFileError,
    DatabaseContentionError,
    DatabaseError,
    SchemaMismatchError,
)
from core.logs import redact
from presentation.i18n.renderer import LOG_RENDERER
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
        """Yield the findings on the drop folder, views.json and the hourly numbers."""
        yield from self._drop_folder()
        yield self._list()
        yield from self._view_data()

    def _drop_folder(self) -> Iterator[Finding]:
        subject, folder = "works inbox", self._app.works.drop_folder.folder.absolute()
        if not folder.exists():
            yield Finding(Level.OK, subject, f"not in use ({folder} is not there)")
            return
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield Finding(
                level=Level.ERROR,
                subject=subject,
                detail=f"{folder} cannot be read and written: nothing is taken in",
                advice="make it a folder that this user and the site may both write to",
            )
            return
        try:
            state = self._app.works.drop_folder.state()
        except BatonError as error:
            yield Finding(
                level=Level.ERROR,
                subject=subject,
                detail=str(error),
                advice="give this user the right to read it",
            )
            return
        waits = self._app.host_clock.now() - state.oldest_at if state.oldest_at else timedelta(0)
        if waits > MAX_WAIT:
            yield Finding(
                level=Level.WARN,
                subject=subject,
                detail=f"{amount(state.waiting, 'file')} waiting, the oldest for {_length(waits)}",
                advice="start: python cli.py run, or take them in now: python cli.py works"
                " import --inbox",
            )
        if state.newest_rejected is not None:
            reason = LOG_RENDERER.text(state.reason) if state.reason else ""
            yield Finding(
                level=Level.WARN,
                subject=subject,
                detail=f"{amount(state.rejected, 'file')} rejected, the newest"
                f" {state.newest_rejected.name}: {redact(reason)}",
                advice=f"mend what is in {state.newest_rejected.parent} and move it back to"
                f" {folder},"
                " or delete it",
            )
        if waits <= MAX_WAIT and state.newest_rejected is None:
            yield Finding(Level.OK, subject, f"{folder}, {amount(state.waiting, 'file')} waiting")

    def _list(self) -> Finding:
        subject, listing = "views.json", self._app.works.listing
        path, changed_at = listing.path.absolute(), listing.changed_at()
        if changed_at is None and not path.exists():
            return Finding(Level.OK, subject, "not there: the catalogue was never used")
        fix = None if changed_at is None else self._write_list
        advice = "write it again: python cli.py views --export-only"
        try:
            listed = len(read_views_list(path).works) if path.exists() else 0
        except DamagedFileError as error:
            return Finding(
                level=Level.ERROR,
                subject=subject,
                detail=LOG_RENDERER.text(error),
                advice=advice,
                fix=fix,
            )
        # Without a catalogue of ours the file is written by another program, and left alone.
        if changed_at is None:
            text = f"{path}, {amount(listed, 'work')}; another program's, the catalogue is empty"
            return Finding(Level.OK, subject, text)
        label, version = listing.label(), listing.version()
        lag = self._app.clock.now() - changed_at
        if (label is None or label.version != version) and lag > MAX_LAG:
            text = f"older than the catalogue, which has changed {_length(lag)} ago"
            text = text if path.exists() else "not there, though the catalogue is in use"
            return Finding(
                level=Level.WARN,
                subject=subject,
                detail=text,
                advice=f"{advice}, or start: python cli.py run",
                fix=fix,
            )
        return Finding(Level.OK, subject, f"{path}, {amount(listed, 'work')} of Bilibili")

    def _write_list(self) -> str:
        done = self._app.works.listing.export()
        return f"{amount(done.total, 'work')} written to {done.path}"

    def _view_data(self) -> Iterator[Finding]:
        subject, path = "hourly numbers", self._app.settings.view_data_file.absolute()
        if not path.exists():
            yield Finding(Level.OK, subject, "none yet")
            return
        try:
            # The empty write shows whether another program holds the lock of the file.
            hours = self._app.works.gaps.look(self._app.host_clock.now(), LOOK_BACK_HOURS)
            self._app.works.view_data.write(lambda tx: None)
        except DatabaseContentionError:
            yield Finding(
                level=Level.WARN,
                subject=subject,
                detail=f"{path} is locked by another program: imports wait",
                advice=f"end what holds it (it is named by: fuser {path}); nothing is lost"
                " meanwhile",
            )
            return
        except SchemaMismatchError as error:
            yield Finding(
                level=Level.ERROR, subject=subject, detail=str(error), advice="see docs/views.md"
            )
            return
        except DatabaseError as error:
            yield Finding(
                level=Level.ERROR,
                subject=subject,
                detail=str(error),
                advice=f"move {path} away, then make it anew: python cli.py views --missing",
            )
            return
        yield _hours_finding(subject, str(path), hours)


def _why(gap: ObservedHour) -> str:
    return LOG_RENDERER.sentence(gap.why) if gap.why else ""


def _hours_finding(subject: str, path: str, hours: list[ObservedHour]) -> Finding:
    missing = [hour for hour in hours if hour.state is HourState.MISSING]
    if not missing:
        return Finding(Level.OK, subject, f"{path}, no gap in the last {LOOK_BACK_HOURS} hours")
    named = "; ".join(f"{gap.hour}: {_why(gap)}" for gap in missing[-MAX_NAMED_HOURS:])
    more = f"; {len(missing) - MAX_NAMED_HOURS:,} more" if len(missing) > MAX_NAMED_HOURS else ""
    return Finding(
        level=Level.WARN,
        subject=subject,
        detail=f"{amount(len(missing), 'hour')} of the last {LOOK_BACK_HOURS}"
        f" without numbers: {named}{more}",
        advice="all of them: python cli.py views gaps; `run` asks each hour, and `views"
        " --missing` takes"
        " in files that wait",
    )


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return amount(minutes, "minute")
    return amount(minutes // 60, "hour") if minutes < 48 * 60 else amount(minutes // 1440, "day")
