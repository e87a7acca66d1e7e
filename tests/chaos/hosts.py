"""A host of the round: its own data folder, name and clock, and a disk that can be spoilt."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes.launcher import Baton, CommandServer, Process

AS_HOST = Path(__file__).with_name("as_host.py")
DISK = "size=48m"
FILLER = "filler"


class Host(Baton):
    """Commands of one host. Its exports folder is a small file system of its own (root only)."""

    def __init__(
        self,
        folder: Path,
        server: CommandServer,
        url: str,
        name: str,
        clock_off_secs: float = 0.0,
        **env: str,
    ) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder, server, url, **env)
        self.name = name
        self._off_secs = clock_off_secs
        self.has_disk = self._mount()
        self.has_good_disk = self.has_disk

    def start(self, *args: object, env: Mapping[str, str] | None = None) -> Process:
        return self.script(AS_HOST, self.name, self._off_secs, *args, env=env)

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
        kept = self.data_dir / "exports-kept"
        subprocess.run(["cp", "-r", str(self.exports_dir), str(kept)], check=True)
        subprocess.run(["umount", "--lazy", str(self.exports_dir)], check=True)
        self.exports_dir.rmdir()
        kept.rename(self.exports_dir)
        self.has_disk = False

    def _mount(self) -> bool:
        self.exports_dir.mkdir(parents=True)
        if os.geteuid() != 0:
            return False
        command = ["mount", "-t", "tmpfs", "-o", DISK, "baton-chaos", str(self.exports_dir)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _remount(self, mode: str) -> bool:
        command = ["mount", "-o", f"remount,{mode}", str(self.exports_dir)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
