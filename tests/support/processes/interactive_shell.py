"""Real shells on a pseudo-terminal: keys are typed, and the line that stands there is read."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.support.processes.launcher import CLI

ALL_MATCHES = "\x1b*"
DUMP = "\x0f"
TAB = "\t"
ANSWER_SECS = 60.0
SET_UP = {
    "bash": r"""
bind 'set enable-bracketed-paste off'; bind 'set show-all-if-ambiguous off'; PS1='$ '
bind -x '"\C-o": printf %s "$READLINE_LINE" >@.new; mv @.new @'
source <(baton completion bash)
""",
    "zsh": r"""
autoload -Uz compinit; compinit -D -u; PS1='$ '; unsetopt zle_bracketed_paste 2>/dev/null
zle_dump() { printf %s "$BUFFER" >@.new; mv @.new @ }; zle -N zle_dump; bindkey '^O' zle_dump
bindkey '^I' expand-or-complete
source <(baton completion zsh)
""",
}
COMMANDS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
}


def install_program(folder: Path, name: str = "baton") -> Path:
    """Write the program as an installation has it, a command of that name; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(CLI))} "$@"\n'
    )
    program.chmod(0o755)
    return folder


class InteractiveShell:
    """A shell that completes `baton`; a context manager that ends it."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._dump = folder / "line"
        self._screen = bytearray()
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            command = COMMANDS[name]
            os.execvpe(command[0], command, {**env, "TERM": "xterm", "HISTFILE": ""})
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 500, 0, 0))
        threading.Thread(target=self._drain, daemon=True).start()
        set_up = folder / "set_up"
        set_up.write_text(SET_UP[name].replace("@", shlex.quote(str(self._dump))))
        self._type(f" . {shlex.quote(str(set_up))}\n")
        self._type(" echo re''ady\n")
        self._wait_for(lambda: b"ready" in self._screen, "the set-up")

    def __enter__(self) -> InteractiveShell:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    @property
    def screen(self) -> str:
        """Everything that the shell wrote so far."""
        return self._screen.decode(errors="replace")

    def completed(self, text: str, key: str = TAB) -> str:
        """Type a text and a key, and return the line as it is then; the line is cleared."""
        self._dump.unlink(missing_ok=True)
        self._type(text + key + DUMP)
        self._wait_for(self._dump.exists, f"the completion of {text!r}")
        line = self._dump.read_text(encoding="utf-8")
        self._type("\x05\x15")  # to the end of the line, and remove all before
        return line

    def _type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def _drain(self) -> None:
        # A pseudo-terminal that nobody reads from stops the shell.
        with suppress(OSError):
            while data := os.read(self._terminal, 65536):
                self._screen += data

    def _wait_for(self, condition: object, what: str) -> None:
        deadline = time.monotonic() + ANSWER_SECS
        while not condition():  # type: ignore[operator]
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {ANSWER_SECS:.0f} s: {what}\n{self.screen}")
            time.sleep(0.01)
