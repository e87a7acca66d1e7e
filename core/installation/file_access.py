"""Modes and groups of files that other users of the host may read, whatever the umask says."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from core.errors import SettingsError

PERMISSIONS = 0o777
BUFFER_BYTES = 1 << 16
# A file system without modes or groups (vfat, some network shares) refuses to change them to the
# owner of the file as well: what it cannot keep must not cost the file.
NOT_KEPT = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@dataclass(frozen=True)
class FileAccess:
    """The mode and the group of new files.

    Args:
        mode: the permissions of files; folders have `x` besides, wherever files have `r`.
        gid: the number of their group; None: as the system gives it, by the process or by the
            folder.
    """

    mode: int = 0o640
    gid: int | None = None

    @property
    def folder_mode(self) -> int:
        """Return the permissions of folders."""
        return self.mode | (self.mode & 0o444) >> 2

    def open(self, path: str, flags: int) -> int:
        """Open a file as the `opener` of `open`: one that is created has this mode and group.

        A file that exists is left as it is.

        Raises:
            OSError: it cannot be opened.
        """
        if flags & os.O_CREAT:
            try:
                # Private until it has its mode: nobody else may open it in between.
                handle = os.open(path, flags | os.O_EXCL, 0o600)
            except FileExistsError:
                if flags & os.O_EXCL:
                    raise
            else:
                self.apply(handle)
                return handle
        return os.open(path, flags, 0o600)

    def open_text(
        self,
        path: Path,
        how: Literal["w", "x", "a"],
        *,
        encoding: str = "utf-8",
        errors: str = "strict",
        newline: str | None = None,
    ) -> TextIO:
        """Open a text file to write (`w`), create (`x`) or append (`a`); a new one has this mode
        and group.

        Raises:
            OSError: it cannot be opened.
        """
        return open(
            path,
            how,
            encoding=encoding,
            errors=errors,
            newline=newline,
            buffering=BUFFER_BYTES,
            opener=self.open,
        )

    def apply(self, file: int | Path, *, is_folder: bool = False) -> None:
        """Give an open file, or the file or folder at a path, this mode and group.

        Raises:
            OSError: it cannot be changed, and not because its file system keeps no modes.
        """
        mode = self.folder_mode if is_folder else self.mode
        seen = os.stat(file)  # noqa: PTH116 (a descriptor as well as a path)
        if self.gid not in (None, seen.st_gid):
            with _unless_not_kept():
                os.chown(file, -1, self.gid or 0)
        if seen.st_mode & PERMISSIONS != mode:
            with _unless_not_kept():
                # The bit by which a folder hands its group on stays.
                handed_on = seen.st_mode & stat.S_ISGID if is_folder else 0
                os.chmod(file, mode | handed_on)  # noqa: PTH101

    def fits(self, seen: os.stat_result) -> bool:
        """Return whether a file or folder has this mode and group."""
        mode = self.folder_mode if stat.S_ISDIR(seen.st_mode) else self.mode
        return seen.st_mode & PERMISSIONS == mode and self.gid in (None, seen.st_gid)


# The default of BATON_FILES_MODE and BATON_FILES_GROUP, and what holds secrets.
SHARED, PRIVATE = FileAccess(), FileAccess(mode=0o600)


def make_folder(folder: Path, access: FileAccess = SHARED) -> None:
    """Create a folder and its missing parents, and sync each new entry to disk.

    New ones get the mode and the group of `access`; one that exists is left as it is.

    Raises:
        OSError: it cannot be created.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent, access)
    try:
        # With all of its mode: in a folder that hands its group on, systemd's filter for programs
        # that are shut in would refuse a change.
        folder.mkdir(mode=access.folder_mode)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return  # another process was faster, and gives it its mode
    access.apply(folder, is_folder=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk, so that renames and removals survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def configured_access(mode: str, group: str | None) -> FileAccess:
    """Return the access that BATON_FILES_MODE and BATON_FILES_GROUP ask for.

    Args:
        mode: octal digits, checked already.
        group: a name or a number; None: the process's own.

    Raises:
        SettingsError: there is no such group, or this user may not give files to it.
    """
    return FileAccess(int(mode, 8), None if group is None else _group_number(group))


def _group_number(group: str) -> int:
    try:
        number = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise SettingsError("files_group_unknown", group=group) from None
    own = {os.getegid(), *os.getgroups()}
    if number not in own and os.geteuid() != 0:
        raise SettingsError("files_group_not_member", group=group, user=_user_name())
    return number


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user may have a number only
        return str(os.geteuid())


@contextmanager
def _unless_not_kept() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_KEPT:
            raise
