"""A platform, a list of its videos, and the hourly views on them; SQLite only."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.container import App
from core.leases import LeaseRegistry
from sandbox import RateLimit, SandboxConfig
from tests.support.crawler.workbench import DOMAIN, Platform, add_accounts
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from works.hour_data.files import HourFiles
from works.hour_data.hours import Hour
from works.hourly.crawl_result import CrawlProgress, CrawlResult
from works.hourly.input_list import BILIBILI
from works.hourly.ledger import HourLedger

BATCH = "/medialist/gateway/base/resource/infos"


@dataclass
class Desk:
    """Hourly views by an app of its own, and what it works on."""

    app: App
    server: Platform
    clock: MovingClock
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def files(self) -> HourFiles:
        return HourFiles(self.app.settings.views_dir)

    @property
    def hour(self) -> Hour:
        return Hour.of(self.clock.now(), self.app.calendar.zone)

    def videos(self, count: int, state: str = "visible") -> list[dict[str, Any]]:
        """Return videos of the platform as they are now."""
        return control.videos(self.server.url, BILIBILI, count, state=state)

    def ids(self, count: int) -> list[str]:
        return [video["id"] for video in self.videos(count)]

    def requests(self) -> int:
        return sum(self.server.stats()["requests"].get(BILIBILI, {}).values())

    def list(self, ids: list[str], **changes: Any) -> None:
        """Write views.json; `changes` go to every entry."""
        self.list_entries([entry(work_id, **changes) for work_id in ids])

    def list_entries(self, entries: list[dict[str, Any]]) -> None:
        path = self.app.settings.works_list
        path.parent.mkdir(parents=True, exist_ok=True)
        counts = {"total_count": len(entries), "valid_count": len(entries)}
        whole = {"export_time": "2026-11-22T12:00:00+08:00", **counts, "works": entries}
        path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")

    def crawl(self, show: Callable[[CrawlProgress], None] = lambda progress: None) -> CrawlResult:
        return self.app.works.hourly.crawl(self.stop, show)

    def project(self) -> None:
        """Write this host's files, as its `run` does every few seconds."""
        self.app.works.projector.project(self.stop, quiet())

    def ledger(self, owner: str) -> HourLedger:
        """Return what another process leases hours by; nobody renews its leases."""
        return HourLedger(
            database=self.app.database,
            clock=self.clock,
            leases=LeaseRegistry(),
            owner=owner,
            host="another",
            lease_secs=30,
            zone=self.app.calendar.zone,
        )

    def report(self, hour: Hour | None = None) -> Any:
        """Return the hour's file as it lies on the disk."""
        return json.loads(self.files.path(hour or self.hour).read_text(encoding="utf-8"))

    def log(self, name: str = "views_crawler") -> str:
        folder = self.app.settings.log_dir / "spider"
        return "".join(path.read_text("utf-8") for path in sorted(folder.glob(f"{name}_*.log")))


def entry(work_id: str, **changes: Any) -> dict[str, Any]:
    """Return a work as views.json has it."""
    return {
        "platform": BILIBILI,
        "work_id": work_id,
        "title": f"作品 {work_id}",
        "author": "作者",
        "publish_time": None,
        "cover_url": "",
        "is_valid": True,
        **changes,
    }


@pytest.fixture
def desk(
    make_app: Callable[..., App], clock: MovingClock, tmp_path: Path
) -> Iterator[Callable[..., Desk]]:
    """`desk(accounts=2, zone="Asia/Shanghai", **settings)`"""
    running: list[Platform] = []

    def begin(accounts: int = 2, zone: str = "Asia/Shanghai", **settings: Any) -> Desk:
        config = SandboxConfig(rate=RateLimit(100_000, 1), domains=(DOMAIN,), creators=300)
        server = Platform(config=config, clock=clock)
        server.start()
        running.append(server)
        app = make_app(bilibili_base_url=server.url, quota_timezone=zone, **settings)
        add_accounts(app, accounts)
        return Desk(app, server, clock)

    yield begin
    for server in running:
        server.stop()


def quiet() -> logging.Logger:
    """Return a logger without handlers."""
    return logging.Logger("quiet", logging.CRITICAL)
