"""`doctor`: looks for what is wrong or will go wrong, and says what to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from commands.context import COMMAND_PATIENCE_SECS, Exit, dashed, result, result_json
from commands.root import App
from core.errors import BatonError
from core.settings import load_settings
from storage import leases

FREE_BYTES = 500 * 1024 * 1024
CLOCK_SECS = 5.0
LEVELS = {"ok": "ok     ", "warn": "WARNING", "error": "ERROR  "}


@dataclass(frozen=True)
class Finding:
    level: str
    subject: str
    detail: str
    advice: str = ""


def register(app: typer.Typer) -> None:
    dashed(app, "doctor")(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Check settings, database, key, disk, accounts and unfinished files."""
    app = App(load_settings(), patience_secs=COMMAND_PATIENCE_SECS)
    try:
        findings = list(_examine(app))
    finally:
        app.close()
    if as_json:
        result_json([asdict(finding) for finding in findings])
    else:
        for one in findings:
            advice = f"\n          {one.advice}" if one.advice else ""
            result(f"{LEVELS[one.level]} {one.subject}: {one.detail}{advice}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(Exit.ERROR)


def _examine(app: App) -> Iterator[Finding]:
    yield Finding("ok", "settings", "read from the environment and .env")
    try:
        app.open()
    except BatonError as error:
        yield Finding("error", "database and key", str(error), "nothing else can be checked")
        return
    yield Finding("ok", "database", app.database.engine.describe())
    yield _clock(app)
    yield _key_file(app)
    yield _disk(app)
    yield from _accounts(app)
    yield from _segments(app)
    yield from _workers(app)


def _clock(app: App) -> Finding:
    offset = app.clock.offset_secs
    if abs(offset) < CLOCK_SECS:
        return Finding("ok", "clock", f"{offset:+.1f} s against the database")
    return Finding(
        "warn", "clock", f"{offset:+.1f} s against the database",
        "harmless for leases and quotas, which use the database's clock; set this host's with NTP",
    )  # fmt: skip


def _key_file(app: App) -> Finding:
    if app.settings.secret_key is not None:
        return Finding("ok", "secret key", "from BATON_SECRET_KEY")
    path = app.settings.key_file
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding("warn", "secret key", f"{path} has mode {mode:o}", f"chmod 600 {path}")
    return Finding("ok", "secret key", f"{path}, readable by its owner only; back it up")


def _disk(app: App) -> Finding:
    folder = app.settings.data_dir
    free = shutil.disk_usage(folder if folder.exists() else ".").free
    level = "ok" if free >= FREE_BYTES else "warn"
    advice = "" if level == "ok" else "make room: exports stop when the disk is full"
    return Finding(level, "disk", f"{free / 2**30:.1f} GiB free for {folder}", advice)


def _accounts(app: App) -> Iterator[Finding]:
    everyone = app.registry.all()
    if not everyone:
        yield Finding("warn", "accounts", "none", "accounts import NAME cookies.txt")
        return
    usable = [account for account in everyone if account.status != "disabled"]
    yield Finding(
        "ok" if usable else "error", "accounts", f"{len(usable)} of {len(everyone)} usable",
        "" if usable else "enable one (accounts enable NAME) or import a fresh session",
    )  # fmt: skip
    for account in everyone:
        if account.session is None:
            yield Finding(
                "warn", f"account {account.username}", "has no session, cannot crawl",
                f"accounts import {account.username} cookies.txt",
            )  # fmt: skip
        if account.daily_export_limit == 0:
            yield Finding(
                "warn", f"account {account.username}", "has limit 0, can never export",
                f"accounts set_limit {account.username} 4000",
            )  # fmt: skip


def _segments(app: App) -> Iterator[Finding]:
    left = app.sealer.unattended()
    if not left:
        yield Finding("ok", "export files", "none left unfinished")
    for segment in left:
        yield Finding(
            "warn", f"segment {segment.id}", f"open, and nobody works on task {segment.task_id}",
            f"it is finished when the task goes on, or by: exports rebuild {segment.id}",
        )  # fmt: skip


def _workers(app: App) -> Iterator[Finding]:
    now = app.clock.now()
    for worker in app.database.read(leases.workers):
        silent = (now - worker.seen_at).total_seconds()
        if silent > app.settings.lease_secs:
            yield Finding(
                "warn", f"process {worker.pid} on {worker.host}",
                f"not heard of for {silent:.0f} s; its work is taken over",
                "start it again if it should run",
            )  # fmt: skip
        else:
            yield Finding("ok", f"process {worker.pid} on {worker.host}", worker.roles)
