"""The checks of `doctor` that need no database: settings, folders, the secret key."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from commands.doctor.findings import Finding, failure, ok, warning
from core.installation.home import SETTING as HOME_SETTING
from core.installation.home import find_home, home_message
from core.messages import Message
from core.settings import Settings, setting_names

MIN_FREE_BYTES = 500 * 1024 * 1024


def settings_findings() -> Iterator[Finding]:
    """Yield a warning for each variable that looks like a setting and is none, else that all is
    well."""
    known = setting_names() | {HOME_SETTING}
    wrong = sorted(
        name for name in _given_names() if name.startswith("BATON_") and name not in known
    )
    if not wrong:
        yield ok(Message.of("subject_settings"), Message.of("settings_read"))
    for name in wrong:
        near = difflib.get_close_matches(name, known, 1)
        yield warning(
            Message.of("subject_settings"),
            Message.of("setting_unknown", name=name),
            Message.of("setting_meant", name=near[0]) if near else Message.of("see_configuration"),
        )


def home_finding() -> Finding:
    """Return a finding that says which folder is the home, and why; it is never a problem."""
    return ok(Message.of("subject_home"), home_message())


def folder_findings(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for the data and the log folder: writable, and with 500 MB of room."""
    for subject, setting, path in (
        (Message.of("subject_data_folder"), "BATON_DATA_DIR", settings.data_dir),
        (Message.of("subject_log_folder"), "BATON_LOG_DIR", settings.log_dir),
    ):
        folder = path.absolute()
        existing = _nearest_existing(folder)
        free = shutil.disk_usage(existing).free
        if not os.access(existing, os.W_OK):
            yield failure(
                subject,
                Message.of("folder_unwritable", folder=str(folder)),
                Message.of("give_right_or_set", setting=setting),
            )
        elif free < MIN_FREE_BYTES:
            yield warning(
                subject,
                Message.of("folder_nearly_full", free=free / 2**20, folder=str(folder)),
                Message.of("make_room"),
            )
        else:
            yield ok(subject, Message.of("folder_has_room", folder=str(folder), free=free / 2**30))


def log_file_findings(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield a warning for each log file of today that this user cannot write."""
    now = now.astimezone(settings.quota_zone)
    for file in sorted(settings.log_dir.absolute().glob(f"*-{now:%Y-%m-%d}.log")):
        try:
            file.open("ab").close()  # which changes nothing
        except OSError as error:
            yield warning(
                Message.of("subject_log_file"),
                Message.of(
                    "log_file_refuses", file=str(file), owner=_owner(file), detail=error.strerror
                ),
                Message.of("give_log_file"),
            )


def key_file_finding(settings: Settings) -> Finding:
    """Return a finding on the key file: whether only its owner can read it."""
    subject = Message.of("subject_secret_key")
    if settings.secret_key is not None:
        return ok(subject, Message.of("key_from_setting"))
    path = settings.key_file.absolute()
    if not path.exists():
        return ok(subject, Message.of("key_made_later", path=str(path)))
    # The key decrypts every account's session: no other user of the host may read it.
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return ok(subject, Message.of("key_is_private", path=str(path)))

    def restrict() -> Message:
        path.chmod(0o600)
        return Message.of("key_made_private", path=str(path))

    return warning(
        subject,
        Message.of("key_has_mode", path=str(path), mode=f"{mode:o}"),
        Message.of("run_this", command=f"chmod 600 {path}"),
        fix=restrict,
    )


def _owner(file: Path) -> str:
    """Return the name of a file's owner, or the number of one without a name."""
    try:
        return file.owner()
    except (KeyError, OSError):
        return str(file.stat().st_uid)


def _nearest_existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    # Folders are created on first use: what counts is where that will be.
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _given_names() -> set[str]:
    """Return the names of all variables in the environment and in `.env`, in capitals."""
    names = {name.upper() for name in os.environ}
    env_file = find_home().env_file
    if env_file.is_file():
        for line in env_file.read_text(encoding="utf-8").splitlines():
            name, equals, _ = line.strip().removeprefix("export ").partition("=")
            if equals and not name.startswith("#"):
                names.add(name.strip().upper())
    return names
