"""`demo`: the main job against the sandbox, from nothing to verified files in a minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from accounts.vault import Credentials
from app.container import App
from commands.framework.context import (
    Exit,
    dashed,
    opened_app,
    result,
    result_json,
    say,
    unwritable,
)
from commands.framework.foreground import Foreground
from commands.framework.reader import counted, shown
from core.errors import BatonError, InvalidInputError
from core.settings import Pace, Settings, load_settings
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.export.verifier import VerificationResult
from crawler.tasks.options import CrawlOptions
from presentation.i18n.messages import texts_for
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.crawling import export_segments
from storage.models.tasks import TaskType

DOMAIN = "美妆"
RATE = "200/10"
QUOTA = 4000
MARKER = ".baton-demo"
STOP_SECS = 20.0


def register(app: typer.Typer) -> None:
    """Register `demo`."""
    dashed(app, "demo")(demo)


def demo(
    creators: Annotated[int, typer.Option(help="creators in the sandbox")] = 10_000,
    accounts: Annotated[int, typer.Option(help="accounts of 4000 a day")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Crawl and export side by side on a local sandbox.

    Three accounts hand over to one another; at the end the files are verified.
    """
    if accounts < 1:
        raise InvalidInputError("demo_accounts_wrong", value=accounts)
    if not 1 <= creators <= accounts * QUOTA:
        raise InvalidInputError(
            "demo_creators_wrong",
            maximum=accounts * QUOTA,
            accounts=counted(accounts, "account"),
            quota=QUOTA,
        )
    base = load_settings()
    folder = _fresh_folder(base.data_dir / "demo")
    with _sandbox(creators) as url:
        settings = _settings(base, folder, url)
        with opened_app(4, settings, services=True) as app:
            _fill_pool(app, accounts)
            _work(app)
            verification = app.crawling.verifier.verify()
            _report(app, creators, verification, as_json)


def _settings(base: Settings, folder: Path, url: str) -> Settings:
    # Database and key of its own: the demo must not touch those of the installation.
    return base.model_copy(
        update={
            "database_url": SecretStr(f"sqlite:///{folder / 'baton.db'}"),
            "data_dir": folder,
            "log_dir": folder / "logs",
            "secret_key": None,
            "bilibili_base_url": url,
            "bilibili_pace": Pace.parse(RATE),
            "poll_secs": 0.2,
        }
    )


def _fresh_folder(folder: Path) -> Path:
    """Return an empty folder. Raise InvalidInputError for one that no demo has made."""
    if folder.exists():
        if not (folder / MARKER).exists():
            raise InvalidInputError("demo_folder_foreign", folder=str(folder))
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True)
        (folder / MARKER).touch()
    except OSError as error:
        raise unwritable("data_folder_unwritable", folder, error, "BATON_DATA_DIR") from error
    return folder


@contextmanager
def _sandbox(creators: int) -> Iterator[str]:
    """Run a sandbox in a process of its own, and provide its URL."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--creators",
        str(creators),
        "--domains",
        DOMAIN,
        "--rate",
        RATE,
    ]
    # A session of its own: Ctrl-C must not end the sandbox before the workers are drained.
    # The path is given, as PYTHONSAFEPATH keeps the current folder out of it.
    root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("listening on "):
            raise BatonError("sandbox_not_started")
        yield line.removeprefix("listening on ").strip()
    finally:
        process.terminate()
        process.wait(STOP_SECS)


def _fill_pool(app: App, accounts: int) -> None:
    for number in range(1, accounts + 1):
        name = f"demo-{number}"
        app.pool.registry.add("bilibili", name, Credentials(session=f"SESSDATA={name}"), QUOTA)


def _work(app: App) -> None:
    crawl = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, None, CrawlOptions())
    options = ExportOptions("csv", DEFAULT_COLUMNS)
    export = app.crawling.submitter.submit_export("bilibili", DOMAIN, options.as_json(), 1)
    foreground = Foreground(app=app, works_on=(TaskType.INGESTION, TaskType.EXPORT), wait=False)
    ending = foreground.run(
        app.engine(crawl_threads=2, export_threads=1, on_failure=foreground.failed),
        (crawl.task.id, export.task.id),
    )
    if ending.message:
        say(ending.message)
    if ending.code is not Exit.OK:
        raise typer.Exit(ending.code)


def _report(app: App, creators: int, verification: VerificationResult, as_json: bool) -> None:
    names = {account.id: account.username for account in app.pool.registry.all()}
    segments = app.database.read(export_segments.page, 0, 1000)
    files = [
        {
            "path": str(app.crawling.segment_files.locate(segment.file_path or "")),
            "rows": segment.exported_count,
            "account": names[segment.account_id],
        }
        for segment in segments
    ]
    exported = sum(segment.exported_count for segment in segments)
    complete = exported == creators
    if as_json:
        problems = [ENGLISH_RENDERER.sentence(problem) for problem in verification.problems]
        proof = {"ok": verification.ok, "problems": problems}
        result_json({"creators": creators, "exported": exported, "files": files, "verify": proof})
    else:
        texts = texts_for(app.settings.language)
        result(
            texts.demo_done.format(
                exported=f"{exported:,}",
                creators=texts.count("creator", creators),
                domain=DOMAIN,
                accounts=texts.count("account", len(names)),
            )
        )
        for file in files:
            result(f"  {file['rows']:>6,}  {file['account']}  {file['path']}")
        failed = texts.verify_failed.format(problems="; ".join(map(shown, verification.problems)))
        result(texts.verify_passed if verification.ok else failed)
    if not (verification.ok and complete):
        raise typer.Exit(Exit.ERROR)
