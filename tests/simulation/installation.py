"""A small installation: three accounts, five creators, a crawl that goes on, an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from app.container import App
from core.clock import Clock
from core.settings import Settings
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.tasks.options import CrawlOptions
from storage.engines.transactions import Database
from storage.schema import schema
from tests.simulation.memory_engine import MemoryEngine
from tests.support.moving_clock import MovingClock

PLATFORM, DOMAIN, ELSEWHERE = "bilibili", "美妆", "还没有"
ROWS, ACCOUNTS, QUOTA = 5, 3, 2
LATE_ROW = 2  # it commits after rows with higher ids
FILE_ROWS = (1, 2, 9)
EXPORT = ExportOptions(format="csv", columns=DEFAULT_COLUMNS).as_json()
INSERT_ROW = (
    "INSERT INTO influencers (id, platform, uid, nickname, domain, source_page, raw_data,"
    " ingested_at, updated_at, ingestion_log_id)"
    f" VALUES (?, '{PLATFORM}', ?, '名', ?, 1, '{{}}', '2026-11-01', '2026-11-01', 1)"
)
CRAWL_ENDS = "UPDATE tasks SET status='completed', open_key=NULL WHERE task_type='ingestion'"


@dataclass(frozen=True)
class Installation:
    """The images of the database from which schedules start, by the number of lanes.

    `settings` are by the rows that a file takes.
    """

    folder: Path
    images: dict[int, bytes]
    settings: dict[int, Settings]

    @classmethod
    def make(cls, folder: Path) -> Installation:
        settings = {rows: _settings(folder, rows) for rows in FILE_ROWS}
        images = {lanes: _image(settings[FILE_ROWS[0]], lanes) for lanes in (1, 2)}
        return cls(folder, images, settings)


def open_app(settings: Settings, engine: MemoryEngine, clock: Clock) -> App:
    """Return an App on the simulated database; it is a process of its own."""
    app = App(settings, clock=clock, host="h")
    database = Database(engine=engine, clock=clock, patience_secs=5.0)
    app.foundation.__dict__["database"] = database
    return app


def _settings(folder: Path, file_rows: int) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=SecretStr("sqlite:///none"),
        data_dir=folder,
        log_dir=folder,
        export_batch_rows=1,
        export_file_rows=file_rows,
        export_idle_secs=2,
    )


def _image(settings: Settings, lanes: int) -> bytes:
    engine = MemoryEngine(None)
    app = open_app(settings, engine, MovingClock())
    schema.create(app.database)
    for number in range(ACCOUNTS):
        engine.connection.execute(
            "INSERT INTO accounts (platform, username, daily_export_limit, created_at, updated_at)"
            " VALUES (?, ?, ?, '2026-11-01', '2026-11-01')",
            (PLATFORM, f"a{number}", QUOTA),
        )
    for row in range(1, ROWS + 1):
        domain = ELSEWHERE if row == LATE_ROW else DOMAIN
        engine.connection.execute(INSERT_ROW, (row, str(row), domain))
    app.crawling.submitter.submit_crawl(PLATFORM, DOMAIN, None, CrawlOptions())
    app.crawling.submitter.submit_export(PLATFORM, DOMAIN, EXPORT, lanes)
    image = engine.connection.serialize()
    engine.close()
    return image
