"""A process's own output decides nothing: exit codes stay right, and the work goes on."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.processes.launcher import CLI, Baton, Outcome, SandboxProcess, wait_until
from tests.support.processes.process_fixtures import look_at

DOMAIN = "美妆"


def shell(baton: Baton, command: str) -> Outcome:
    """Run a shell's command line in which `baton` is the program."""
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(CLI))}"
    return baton.program("bash", "-c", f'baton() {{ {program} "$@"; }}; {command}').wait()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("baton accounts list --json > /dev/full", 1),
        ("baton --help > /dev/full", 1),
        ("baton --version > /dev/full", 1),
        ("baton accounts list --json > /dev/full 2> /dev/full", 1),
        ("baton accounts list --json 2> /dev/full > /dev/null", 0),
        ("baton tasks show 999 2> /dev/full", 2),
        ("baton accounts list --nonsense > /dev/full 2> /dev/full", 2),
    ],
)
def test_exit_codes_are_right_wherever_output_goes(baton: Baton, command: str, code: int) -> None:
    baton.add_accounts("acc1")
    outcome = shell(baton, command)
    assert outcome.code == code, outcome
    told = "error: the result cannot be written to standard output: No space left on device\n"
    if code == 1 and "2>" not in command:
        assert outcome.err == told
    assert "Traceback" not in outcome.err and "Exception ignored" not in outcome.err


@pytest.mark.parametrize("stream", ["/dev/full", ">(true)"])
def test_a_crawl_completes_though_nobody_reads_its_progress(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], stream: str
) -> None:
    platform = start_sandbox(creators=60)
    baton.use(platform)
    baton.add_accounts("acc1", "acc2")
    outcome = shell(baton, f"baton start_crawl --domain {DOMAIN} 2> {stream}")
    assert outcome.code == 0, outcome
    assert look_at(baton).stored() == 60
    [log] = baton.log_dir.glob("console-*.log")
    assert log.read_text().count("standard error cannot be written") == 1


def today(service: str) -> str:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    return f"{service}-{now:%Y-%m-%d}.log"


def test_a_log_that_cannot_be_written_is_one_sentence_and_the_work_goes_on(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=60)
    baton.use(platform)
    baton.add_accounts("acc1", "acc2")
    baton.log_dir.mkdir(exist_ok=True)
    (baton.log_dir / today("ingestion")).symlink_to("/dev/full")
    outcome = baton.run("start_crawl", "--domain", DOMAIN)
    assert outcome.code == 0, outcome
    assert look_at(baton).stored() == 60
    sentence = f"{baton.log_dir / today('ingestion')} cannot be written: No space left on device"
    assert outcome.err.count(sentence) == 1
    assert "Logging error" not in outcome.err and "creators=20" not in outcome.err


def test_doctor_names_a_log_file_that_it_cannot_write(baton: Baton) -> None:
    baton.add_accounts("acc1")
    foreign = baton.log_dir / today("export")
    foreign.mkdir(parents=True)  # refused to root as well
    outcome = baton.run("doctor")
    assert f"{foreign} of " in outcome.out and "cannot be written" in outcome.out


@contextmanager
def started_run(baton: Baton, *before: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start `run` as a child of a shell's words, such as nohup, wait for it, and end it."""
    errors = baton.folder / "run.err"
    with errors.open("wb") as out:
        process = subprocess.Popen(
            [*before, sys.executable, str(CLI), "run", "--no-web"],
            cwd=baton.work,
            env=baton.env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    outside = look_at(baton)
    try:
        wait_until(lambda: outside.value("SELECT COUNT(*) FROM workers") == 1, "the start of run")
        yield process, errors
    finally:
        process.kill()
        process.wait()


def test_a_hangup_ends_it_in_order(baton: Baton) -> None:
    baton.add_accounts("acc1")
    with started_run(baton) as (process, errors):
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) in (0, 130), errors.read_text()
    assert "handed back" in errors.read_text()
    assert look_at(baton).value("SELECT COUNT(*) FROM workers") == 0


def test_under_nohup_a_hangup_is_ignored_and_signals_of_log_rotation_always(baton: Baton) -> None:
    baton.add_accounts("acc1")
    with started_run(baton, "nohup") as (process, errors):
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, 130), errors.read_text()


@pytest.mark.parametrize("way", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_live_screen_gives_the_cursor_back_while_it_is_suspended(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], way: signal.Signals
) -> None:
    platform = start_sandbox(creators=400)
    baton.use(platform)
    baton.add_accounts("acc1")
    seen = bytearray()
    process, terminal = on_a_terminal(baton, "start_crawl", "--domain", DOMAIN)
    try:
        read_until(terminal, seen, b"\x1b[?25l")
        process.send_signal(way)
        wait_until(lambda: state(process.pid) == "T", "the suspension")
        if way is signal.SIGTSTP:
            read_until(terminal, seen, b"\x1b[?25h")
        seen.clear()
        process.send_signal(signal.SIGCONT)
        read_until(terminal, seen, b"\x1b[?25l")
        read_until(terminal, seen, b"\x1b[2J")  # drawn anew, below nothing of the shell's
        process.send_signal(signal.SIGINT)
        read_until(terminal, seen, b"\x1b[?25h")
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def on_a_terminal(baton: Baton, *words: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command on a terminal of its own; return it and the terminal's other end.

    It has a process group of its own, whose parent is in another group of its session, as a shell's
    jobs have: a group without such a parent cannot be suspended from the terminal.
    """
    other_end, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, str(CLI), *words],
        cwd=baton.work,
        env=baton.env | {"TERM": "xterm-256color", "BATON_BILIBILI_PACE": "1/2"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        process_group=0,
    )
    os.close(terminal)
    return process, other_end


def read_until(terminal: int, seen: bytearray, wanted: bytes) -> None:
    os.set_blocking(terminal, False)

    def has_come() -> bool:
        with suppress(BlockingIOError):
            seen.extend(os.read(terminal, 65536))
        return wanted in seen

    wait_until(has_come, f"{wanted!r} in {bytes(seen)[-300:]!r}", 60)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
