"""The checks of `doctor` on who may read and write files: modes, groups, what is private."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from commands.doctor.findings import Finding, failure, ok, warning
from core.errors import SettingsError
from core.installation.file_access import FileAccess, configured_access
from core.messages import Message
from core.settings import Settings
from presentation.i18n.renderer import counted

DEFAULT_MODE = Settings.model_fields["files_mode"].default
INBOX_RIGHTS = stat.S_IRWXG
INBOX_MODE = 0o2770


def file_access_findings(settings: Settings) -> Iterator[Finding]:
    """Yield findings on the settings of modes and groups, and on the files that are there."""
    subject = Message.of("subject_file_modes")
    try:
        access = configured_access(settings.files_mode, settings.files_group)
    except SettingsError as error:
        yield failure(subject, error, Message.of("see_configuration"))
        return
    wrong: list[Path] = []
    if settings.files_group is not None or settings.files_mode != DEFAULT_MODE:
        wrong = [path for path in _shared_files(settings) if not _fits(path, access)]
    if wrong:
        yield warning(
            subject,
            Message.of(
                "files_have_other_modes",
                files=counted(len(wrong), "file"),
                first=str(wrong[0]),
                wanted=_named(settings),
            ),
            Message.of("files_give_modes"),
            fix=partial(_give, wrong, access),
        )
    else:
        yield ok(subject, Message.of("files_have_modes", wanted=_named(settings)))
    yield from _inbox_finding(settings, access)


def private_file_findings(database: Path | None) -> Iterator[Finding]:
    """Yield a warning when others may read the file of a SQLite database, or what lies beside it.

    None: the database is on a server.
    """
    if database is None:
        return
    beside = [database, *(database.with_name(f"{database.name}-{end}") for end in ("wal", "shm"))]
    open_to_others = [path for path in beside if path.exists() and path.stat().st_mode & 0o077]
    if open_to_others:
        path = open_to_others[0]
        yield warning(
            Message.of("subject_database"),
            Message.of("key_has_mode", path=str(path), mode=f"{_mode(path):o}"),
            Message.of("run_this", command=f"chmod 600 {path}"),
            fix=_restriction(open_to_others),
        )


def _restriction(paths: Sequence[Path]) -> Callable[[], Message]:
    def restrict() -> Message:
        for path in paths:
            path.chmod(0o600)
        return Message.of("key_made_private", path=str(paths[0]))

    return restrict


def _inbox_finding(settings: Settings, access: FileAccess) -> Iterator[Finding]:
    """Yield a warning when the group of the settings cannot write into the drop folder."""
    inbox = settings.works_inbox.absolute()
    if access.gid is None or not inbox.is_dir():
        return
    seen = inbox.stat()
    if seen.st_gid == access.gid and seen.st_mode & INBOX_RIGHTS == INBOX_RIGHTS:
        return
    group = settings.files_group
    yield warning(
        Message.of("subject_works_inbox"),
        Message.of("inbox_closed_to_group", folder=str(inbox), group=group),
        Message.of("run_this", command=f"chgrp {group} {inbox} && chmod {INBOX_MODE:o} {inbox}"),
    )


def _shared_files(settings: Settings) -> Iterator[Path]:
    """Yield the folders and files that other users may read, except what the site has written."""
    data = settings.data_dir.absolute()
    inbox = settings.works_inbox.absolute()
    tops = (settings.exports_dir, settings.works_list.parent, settings.log_dir)
    yield from (path for path in (data, settings.view_data_file.absolute()) if path.exists())
    for top in tops:
        for folder, folders, files in os.walk(top.absolute()):
            folders[:] = [name for name in folders if Path(folder, name) != inbox]
            yield Path(folder)
            yield from (Path(folder, name) for name in files)


def _fits(path: Path, access: FileAccess) -> bool:
    try:
        seen = path.lstat()
    except OSError:
        return True  # it went away meanwhile
    return stat.S_ISLNK(seen.st_mode) or access.fits(seen)


def _give(paths: Sequence[Path], access: FileAccess) -> Message:
    for path in paths:
        access.apply(path, is_folder=path.is_dir())
    return Message.of("files_given_modes", files=counted(len(paths), "file"))


def _named(settings: Settings) -> Message:
    if settings.files_group is None:
        return Message.of("mode_named", mode=settings.files_mode)
    return Message.of("mode_and_group", mode=settings.files_mode, group=settings.files_group)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
