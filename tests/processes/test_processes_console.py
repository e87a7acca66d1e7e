"""What people see: a live screen that fits the terminal, plain lines without control characters."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from rich.cells import cell_len

from tests.support.processes.launcher import CLI, WAIT_SECS, Baton, SandboxProcess, wait_until

DOMAIN = "美妆护肤与日常穿搭分享"
NAMES = ("账号一", "acc-with-a-rather-long-name-of-its-own", "小号😀", "b")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ERASE_OR_UP = re.compile(r"\x1b\[\d*[AK]|\x1b\[2K|\r")


class Terminal:
    """A pseudo terminal of a given width with a command in it."""

    def __init__(self, baton: Baton, columns: int, *args: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._popen = subprocess.Popen(
            [sys.executable, str(CLI), *args],
            cwd=baton.work,
            env=baton.env | {"TERM": "xterm"},
            stdin=slave,
            stdout=subprocess.DEVNULL,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._seen = b""

    @property
    def drawn(self) -> str:
        return self._seen.decode("utf-8", "replace")

    def read_until(self, done: Callable[[str], bool], what: str, secs: float = WAIT_SECS) -> None:
        """Take in what is drawn until `done` or the command's end."""
        deadline = time.monotonic() + secs
        while not done(self.drawn):
            if time.monotonic() > deadline:
                raise AssertionError(f"not drawn within {secs} s: {what}\n{self._seen!r}")
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                self._seen += os.read(self._master, 65536)
            except OSError:  # the other end is closed
                break

    def interrupt(self) -> None:
        self._popen.send_signal(signal.SIGINT)

    def wait(self) -> int:
        self.read_until(lambda _: False, "the end")
        return self._popen.wait(WAIT_SECS)

    def end(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait(WAIT_SECS)
        os.close(self._master)


@pytest.fixture
def terminal() -> Callable[..., Terminal]:
    opened: list[Terminal] = []

    def start(baton: Baton, columns: int, *args: str) -> Terminal:
        opened.append(Terminal(baton, columns, *args))
        return opened[-1]

    yield start
    for one in opened:
        one.end()


def lines_of(drawn: str) -> list[str]:
    """The drawn lines without colours and cursor movements."""
    plain = CONTROL.sub("", ERASE_OR_UP.sub("\n", drawn))
    return [line for line in plain.split("\n") if line.strip()]


def column_of(line: str, text: str) -> int:
    """The cell in which `text` begins."""
    return cell_len(line[: line.index(text)])


def account_lines(lines: list[str], title: str) -> list[list[str]]:
    """The accounts of each screen that was drawn."""
    screens: list[list[str]] = []
    for line in lines:
        if title in line:
            screens.append([])
        elif screens and re.search(r"\d+ / 50", line):
            screens[-1].append(line)
    return screens


@pytest.mark.parametrize(("columns", "language"), [(80, "zh"), (140, "en")])
def test_every_line_fits_the_terminal_and_chinese_names_line_up(
    baton: Baton,
    start_sandbox: Callable[..., SandboxProcess],
    terminal: Callable[..., Terminal],
    columns: int,
    language: str,
) -> None:
    baton.use(start_sandbox(creators=120, domains=DOMAIN))
    baton.env |= {"BATON_LANGUAGE": language, "BATON_BILIBILI_PACE": "1/0.3"}
    baton.add_accounts(*NAMES, limit=50)
    crawl = baton.start("start_crawl", "--domain", DOMAIN, "--workers", 2)
    export = terminal(baton, columns, "start_export", "--domain", DOMAIN)
    assert (crawl.wait().code, export.wait()) == (0, 0)
    drawn = export.drawn
    event = "used up by" if language == "en" else "的配额已由"
    assert event in drawn, "no event was drawn"
    assert "\x1b[" in drawn, "this was no live screen"
    assert "\ufffd" not in drawn
    lines = lines_of(drawn)
    assert [line for line in lines if cell_len(line.rstrip()) > columns] == []
    pools = account_lines(lines, "export quota today" if language == "en" else "今日导出配额")
    assert len(pools) >= 1
    for pool in pools:
        assert len(pool) == len(NAMES)
        assert len({column_of(line, " / 50") for line in pool}) == 1, pool
        assert sum(name in line for name in NAMES[::2] for line in pool) == 2


def test_a_drain_is_announced_on_the_screen(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], terminal: Callable[..., Terminal]
) -> None:
    platform = start_sandbox(creators=40)
    baton.use(platform)
    baton.add_accounts("acc1")
    baton.env["BATON_REQUEST_TIMEOUT_SECS"] = "600"
    platform.order_faults({"kind": "delay", "delay_secs": 600})
    crawl = terminal(baton, 80, "start_crawl", "--domain", "美妆")
    wait_until(lambda: platform.stats()["faults"].get("delay"), "a request that hangs")
    crawl.interrupt()
    note = "finishing the pages and files in hand"
    crawl.read_until(lambda text: note in text, "the note")
    assert note in crawl.drawn
    crawl.interrupt()
    assert crawl.wait() == 130


def test_plain_mode_prints_a_line_every_few_seconds_without_control_characters(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    baton.use(start_sandbox(creators=60, domains=DOMAIN))
    baton.add_accounts(*NAMES)
    baton.env["BATON_BILIBILI_PACE"] = "1/0.5"
    runner = baton.start("run", "--no-web")
    assert baton.run("start_crawl", "--domain", DOMAIN, "--detach").code == 0
    end = "Accounts: 4 idle"
    wait_until(lambda: runner.err.count("\n") >= 2 and end in runner.err, "an idle line")
    lines = runner.err.split("\n")[:-1]
    for line in lines:
        assert re.match(r"\d\d:\d\d:\d\d \| ", line), line
        assert all(ord(letter) >= 32 for letter in line), line
    first, second = (datetime.strptime(line[:8], "%H:%M:%S") for line in lines[:2])
    assert (second - first) % timedelta(days=1) >= timedelta(seconds=4)
