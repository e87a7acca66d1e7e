"""A host of the round: its own data folder, name and clock, and a disk that can be spoilt."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.shifted_clock import HOST, OffsetFile
from tests.support.processes.launcher import Baton, CommandServer, Process

AS_HOST = Path(__file__).with_name("as_host.py")
DISK = "size=48m"
FILLER = "filler"
VANISHED = ".vanished"
KEY_FILE = "secret.key"
# A well-formed key that is not the database's.
OTHER_KEY = "YW5vdGhlci1rZXktYW5vdGhlci1rZXktYW5vdGhlci0="


class Host(Baton):
    """Commands of one host. Its exports folder is a small file system of its own (root only)."""

    def __init__(
        self,
        folder: Path,
        server: CommandServer,
        url: str,
        name: str,
        clock_off_secs: float = 0.0,
        namespace: str = "",
        **env: str,
    ) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder, server, url, **env)
        self.name = name
        self._place = f"{name}@{namespace}" if namespace else name
        self._off_secs = clock_off_secs
        self.has_disk = self._mount()
        self.has_good_disk = self.has_disk
        self.clocks_dir = folder / "clocks"
        self.clocks = OffsetFile(self.clocks_dir / HOST)
        self._key_aside: Path | None = None

    def start(self, *args: object, env: Mapping[str, str] | None = None) -> Process:
        return self.script(AS_HOST, self._place, self._off_secs, self.clocks_dir, *args, env=env)

    @property
    def disk_dir(self) -> Path:
        """The folder that is a small file system of its own."""
        return self.exports_dir

    def clocks_of(self, process: Process) -> OffsetFile | None:
        """The clocks of a process; None while it starts."""
        path = self.clocks_dir / str(process.pid)
        return OffsetFile(path, create=False) if path.exists() else None

    def take_key_away(self, *, another: bool) -> bool:
        """Move the key file aside, with another key in its place if wanted; False: it is away."""
        if self._key_aside is not None:
            return False
        key = self.data_dir / KEY_FILE
        self._key_aside = self.folder / "key-aside"
        key.rename(self._key_aside)
        if another:
            key.write_text(OTHER_KEY)
            key.chmod(0o600)
        return True

    def put_key_back(self) -> None:
        assert self._key_aside is not None
        self._key_aside.rename(self.data_dir / KEY_FILE)
        self._key_aside = None

    def vanish_folder(self) -> bool:
        """Move all folders of export files to where nobody looks; False when there are none."""
        aside = self.exports_dir / VANISHED
        folders = [path for path in self.exports_dir.iterdir() if path.is_dir()]
        if aside in folders or not folders:
            return False
        aside.mkdir()
        for folder in folders:
            folder.rename(aside / folder.name)
        self.has_good_disk = False
        return True

    def bring_folder_back(self) -> list[str]:
        """Move the files back to their places; a sentence for each whose place was taken."""
        aside, found = self.exports_dir / VANISHED, []
        for path in sorted(aside.rglob("*")):
            place = self.exports_dir / path.relative_to(aside)
            if path.is_dir():
                place.mkdir(exist_ok=True)
            elif not place.exists():
                path.rename(place)
            elif ".part" not in path.name and path.read_bytes() != place.read_bytes():
                found.append(f"{place.name} was written anew with other content")
        shutil.rmtree(aside)
        self.has_good_disk = True
        return found

    def fill_disk(self) -> None:
        """Leave no byte free."""
        self.has_good_disk = False
        with (self.exports_dir / FILLER).open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                return

    def make_room(self) -> None:
        (self.exports_dir / FILLER).unlink(missing_ok=True)
        self.has_good_disk = True

    def make_read_only(self, tries: int = 100) -> bool:
        """False when somebody had a file open for writing all the time."""
        for _ in range(tries):
            if self._remount("ro"):
                self.has_good_disk = False
                return True
            time.sleep(0.02)
        return False

    def make_writable(self) -> None:
        assert self._remount("rw"), "cannot make the exports folder writable again"
        self.has_good_disk = True

    def is_writing(self, process: Process) -> bool:
        """Whether the process has a file of the exports folder open."""
        for handle in Path(f"/proc/{process.pid}/fd").glob("*"):
            try:
                if str(handle.readlink()).startswith(str(self.exports_dir)):
                    return True
            except OSError:
                continue  # closed meanwhile
        return False

    def unmount(self) -> None:
        """Take the file system away, its files kept in a folder of the same name."""
        if not self.has_disk:
            return
        kept = self.folder / "disk-kept"
        subprocess.run(["cp", "-r", str(self.disk_dir), str(kept)], check=True)
        subprocess.run(["umount", "--lazy", str(self.disk_dir)], check=True)
        self.disk_dir.rmdir()
        kept.rename(self.disk_dir)
        self.has_disk = False

    def _mount(self) -> bool:
        self.disk_dir.mkdir(parents=True)
        if os.geteuid() != 0:
            return False
        command = ["mount", "-t", "tmpfs", "-o", DISK, "baton-chaos", str(self.disk_dir)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _remount(self, mode: str) -> bool:
        command = ["mount", "-o", f"remount,{mode}", str(self.disk_dir)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
