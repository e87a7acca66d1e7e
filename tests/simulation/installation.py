"""A small installation: three accounts, five creators, a crawl that goes on, an export."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from app.container import App
from core.clock import Clock
from core.settings import Settings
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.tasks.options import CrawlOptions
from sources.platforms import PlatformRegistry
from storage.engines.transactions import Database
from storage.schema import schema
from tests.simulation.memory_engine import MemoryEngine
from tests.simulation.plan import FILE_ROWS, IDLE_SECS, Plan, World
from tests.simulation.watches import WATCHES
from tests.support.moving_clock import MovingClock

PLATFORM, DOMAIN, ELSEWHERE = "bilibili", "美妆", "还没有"
ROWS, ACCOUNTS, QUOTA = 5, 3, 2
LATE_ROW = 2  # it commits after rows with higher ids
HOST = "h"
EXPORT = ExportOptions(format="csv", columns=DEFAULT_COLUMNS).as_json()
INSERT_ROW = (
    "INSERT INTO influencers (id, platform, uid, nickname, domain, source_page, raw_data,"
    " ingested_at, updated_at, ingestion_log_id)"
    f" VALUES (?, '{PLATFORM}', ?, '名', ?, 1, '{{}}', '2026-11-01', '2026-11-01', 1)"
)
INSERT_ACCOUNT = (
    "INSERT INTO accounts (platform, username, daily_export_limit, created_at, updated_at,"
    " session_checked_at) VALUES (?, ?, ?, '2026-11-01', '2026-11-01', '2026-11-22')"
)
CRAWL_ENDS = "UPDATE tasks SET status='completed', open_key=NULL WHERE task_type='ingestion'"


@dataclass(frozen=True)
class Installation:
    """The images of the database from which schedules start, by what goes on in them.

    Args:
        settings: by the rows that a file takes, and how long it is held open.
        platforms: shared by all processes, as reading the declarations takes longer than a
            schedule.
    """

    folder: Path
    images: Mapping[World, bytes]
    settings: Mapping[tuple[int, float], Settings]
    platforms: PlatformRegistry

    @classmethod
    def make(cls, folder: Path) -> Installation:
        """Return a fresh installation whose files are below `folder`."""
        settings = {
            (rows, secs): _settings(folder, rows, secs)
            for rows, secs in itertools.product(FILE_ROWS, set(IDLE_SECS))
        }
        first = next(iter(settings.values()))
        platforms = PlatformRegistry(first)
        images = {world: _image(first, platforms, world) for world in World}
        return cls(folder, images, settings, platforms)

    @property
    def exports(self) -> Path:
        """Return the folder of the export files."""
        return self.folder / "exports"

    def open_app(self, plan: Plan, engine: MemoryEngine, clock: Clock) -> App:
        """Return an App on the simulated database; it is a process of its own."""
        settings = self.settings[plan.file_rows, plan.idle_secs]
        return _open_app(settings, self.platforms, engine, clock)


def _open_app(
    settings: Settings, platforms: PlatformRegistry, engine: MemoryEngine, clock: Clock
) -> App:
    app = App(settings, clock=clock, host=HOST)
    database = Database(engine=engine, clock=clock, patience_secs=5.0)
    app.foundation.__dict__["database"] = database
    app.pool.__dict__["platforms"] = platforms
    return app


def _settings(folder: Path, file_rows: int, idle_secs: float) -> Settings:
    return Settings(
        _env_file=None,
        database_url=SecretStr("sqlite:///none"),
        data_dir=folder,
        log_dir=folder,
        egress_name="egress",
        pages_per_task=2,
        export_batch_rows=1,
        export_file_rows=file_rows,
        export_idle_secs=idle_secs,
    )


def _image(settings: Settings, platforms: PlatformRegistry, world: World) -> bytes:
    engine = MemoryEngine(None)
    app = _open_app(settings, platforms, engine, MovingClock())
    schema.create(app.database)
    for number in range(ACCOUNTS):
        engine.connection.execute(INSERT_ACCOUNT, (PLATFORM, f"a{number}", QUOTA))
    for row in range(1, ROWS + 1) if world is not World.CRAWL else ():
        domain = ELSEWHERE if row == LATE_ROW else DOMAIN
        engine.connection.execute(INSERT_ROW, (row, str(row), domain))
    submitter = app.crawling.submitter
    submitter.submit_crawl(PLATFORM, DOMAIN, None, CrawlOptions())
    submitter.submit_export(PLATFORM, DOMAIN, EXPORT, 2 if world is World.LANES else 1)
    engine.connection.executescript(WATCHES)
    image = engine.connection.serialize()
    engine.close()
    return image
