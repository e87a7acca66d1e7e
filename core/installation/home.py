"""The home: the folder that `.env` is read from and that relative paths in settings begin at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.installation.program import is_installed
from core.messages import Message

SETTING = "BATON_HOME"
OWN_PREFIX = "BATON_"
SYSTEM_HOME = Path("/var/lib/baton")


class HomeReason(StrEnum):
    """Why a folder is the home."""

    CHOSEN = "chosen"  # by `--home` or BATON_HOME
    CURRENT_FOLDER = "current_folder"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True)
class Home:
    """The home of this process, and why it is that folder."""

    path: Path
    reason: HomeReason

    @property
    def env_file(self) -> Path:
        """The file that may hold settings; it need not exist."""
        return self.path / ".env"


def find_home() -> Home:
    """Return the home of this process; nothing is created.

    The first of these counts: BATON_HOME (which `--home` sets); the current folder, if the program
    was started from a checkout or if the folder holds Baton's data; the data folder of the user,
    and `/var/lib/baton` for root. Paths stay relative in the current folder, as people know them.

    Raises:
        SettingsError: the user of this process has no home folder.
    """
    try:
        return locate_home()
    except RuntimeError as error:
        from core.errors import SettingsError  # Help needs the language, but no errors: it is fast.

        raise SettingsError("home_unknown", setting=SETTING) from error


def locate_home() -> Home:
    """Return what `find_home` returns.

    Raises:
        RuntimeError: HOME is unset, and the user of this process is not in the list of users.
    """
    chosen = os.environ.get(SETTING)
    if chosen:
        return Home(Path(chosen).expanduser().absolute(), HomeReason.CHOSEN)
    if not is_installed() or _holds_data(Path()):
        return Home(Path(), HomeReason.CURRENT_FOLDER)
    if os.geteuid() == 0:
        return Home(SYSTEM_HOME, HomeReason.SYSTEM)
    return Home(_user_folder(), HomeReason.USER)


def _user_folder() -> Path:
    import platformdirs  # Only installed programs need it: a checkout starts faster without.

    # Older versions return `~` as it is where no home is known; expanding it raises RuntimeError.
    return platformdirs.user_data_path("baton").expanduser()


def _holds_data(folder: Path) -> bool:
    try:
        if (folder / "cli.py").is_file() and (folder / "schema.sql").is_file():
            return True
        return (folder / "data" / "baton.db").is_file() or _names_settings(folder / ".env")
    except PermissionError:
        # Whoever may not read the settings of this folder is told so, not led elsewhere.
        return True


def _names_settings(env_file: Path) -> bool:
    """Return whether a `.env` is Baton's: other programs have such files too.

    Raises:
        PermissionError: it may not be read.
    """
    if not env_file.is_file():
        return False
    lines = env_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.strip().removeprefix("export ").startswith(OWN_PREFIX) for line in lines)


def home_message() -> Message:
    """Return which folder is the home of this process, and why."""
    home = find_home()
    return Message.of(f"home_is_{home.reason}", folder=str(home.path.absolute()))
