"""The checks of `doctor` that need no database: settings, folders, the secret key."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from commands.doctor.findings import Finding, Level
from core.settings import Settings, setting_names

MIN_FREE_BYTES = 500 * 1024 * 1024


def settings_findings() -> Iterator[Finding]:
    """Yield a warning for each variable that looks like a setting and is none."""
    known = setting_names()
    wrong = sorted(
        name for name in _given_names() if name.startswith("BATON_") and name not in known
    )
    if not wrong:
        yield Finding(Level.OK, "settings", "read from the environment and .env")
    for name in wrong:
        near = difflib.get_close_matches(name, known, 1)
        yield Finding(
            level=Level.WARN,
            subject="settings",
            detail=f"{name} is not a setting and has no effect",
            advice=f"did you mean {near[0]}?" if near else "see docs/configuration.md",
        )


def folder_findings(settings: Settings) -> Iterator[Finding]:
    """Yield whether the data and log folders can be written and have room."""
    for name, setting, path in (
        ("data folder", "BATON_DATA_DIR", settings.data_dir),
        ("log folder", "BATON_LOG_DIR", settings.log_dir),
    ):
        folder = path.absolute()
        existing = _nearest_existing(folder)
        free = shutil.disk_usage(existing).free
        if not os.access(existing, os.W_OK):
            yield Finding(
                level=Level.ERROR,
                subject=name,
                detail=f"{folder} cannot be written",
                advice=f"give this user the right to write there, or set {setting}",
            )
        elif free < MIN_FREE_BYTES:
            yield Finding(
                level=Level.WARN,
                subject=name,
                detail=f"{free / 2**20:.0f} MiB free for {folder}",
                advice="make room: work waits while the disk is full",
            )
        else:
            yield Finding(Level.OK, name, f"{folder}, {free / 2**30:.1f} GiB free")


def key_file_finding(settings: Settings) -> Finding:
    """Return whether the key file is readable by its owner only."""
    if settings.secret_key is not None:
        return Finding(Level.OK, "secret key", "from BATON_SECRET_KEY")
    path = settings.key_file.absolute()
    if not path.exists():
        return Finding(Level.OK, "secret key", f"{path} is made on first use")
    # The key decrypts every account's session: no other user of the host may read it.
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return Finding(Level.OK, "secret key", f"{path}, its owner's only; back it up")

    def restrict() -> str:
        path.chmod(0o600)
        return f"{path} is its owner's only now"

    return Finding(
        level=Level.WARN,
        subject="secret key",
        detail=f"{path} has mode {mode:o}",
        advice=f"chmod 600 {path}",
        fix=restrict,
    )


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
    env_file = Path(".env")
    if env_file.is_file():
        for line in env_file.read_text(encoding="utf-8").splitlines():
            name, equals, _ = line.strip().removeprefix("export ").partition("=")
            if equals and not name.startswith("#"):
                names.add(name.strip().upper())
    return names
