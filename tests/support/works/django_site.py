"""A Django project with the receiver of the documentation, and Baton's side of its drop folder.

It runs with the Django of this environment, and also with those of the interpreters in
`BATON_TEST_DJANGO` (paths, separated as in PATH).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from presentation.i18n.renderer import ENGLISH_RENDERER
from works.catalogue.drop_folder import DropFolder

ROOT = Path(__file__).resolve().parents[3]
RECEIVER = ROOT / "docs/integrations/baton_django.py"
PYTHONS = [sys.executable, *filter(None, os.environ.get("BATON_TEST_DJANGO", "").split(os.pathsep))]
MODELS = """
from django.db import models
from shop.baton_django import ReportedQuerySet

class Video(models.Model):
    platform = models.CharField(max_length=32)
    work_id = models.CharField(max_length=64)
    title = models.CharField(max_length=200, default="")
    author = models.CharField(max_length=200, default="")
    publish_time = models.DateTimeField(null=True)
    cover_url = models.CharField(max_length=500, default="")
    is_active = models.BooleanField(default=True)
    objects = ReportedQuerySet.as_manager()
"""
APPS = """
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from django.apps import AppConfig
from django.utils.functional import lazystr

class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        from shop.baton_django import connect
        from shop.models import Video
        connect(Video, as_work)

# What fields of models may hold, by the title of the row that has it.
VALUES = {
    "bytes": b"x",
    "object": object(),
    "set": {1},
    "nan": float("nan"),
    "lazy": lazystr("lazily"),
    "decimal": Decimal("1.50"),
    "uuid": UUID(int=1),
}

def as_work(video):
    if video.platform == "hidden":
        return None
    return {
        "platform": video.platform,
        "work_id": video.work_id,
        "title": VALUES.get(video.title, video.title),
        "author": video.author,
        "publish_time": datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=8)))
        if video.title in VALUES
        else video.publish_time and video.publish_time.isoformat(),
        "cover_url": video.cover_url,
        "is_valid": video.is_active,
    }
"""
# Root may write everywhere: without this right it is held to modes, as everybody is.
HELD_TO_MODES = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@dataclass(frozen=True)
class SiteRun:
    """The output of a process of the site; `log` has the lines of the receiver."""

    out: str
    log: str


class Site:
    """A Django project whose app has the receiver."""

    def __init__(self, folder: Path, python: str) -> None:
        self.inbox = folder / "inbox"
        self._folder = folder
        self._python = python
        package = folder / "shop"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "models.py").write_text(MODELS)
        (package / "apps.py").write_text(APPS)
        shutil.copy(RECEIVER, package)

    def run(self, *steps: str, code: int = 0, inbox: Path | None = None) -> str:
        """Run steps of `site_run.py` in a process, and return what they print.

        Nothing may be on stderr.
        """
        done = self.try_run(*steps, code=code, inbox=inbox)
        assert done.log == ""
        return done.out

    def try_run(
        self,
        *steps: str,
        code: int = 0,
        inbox: Path | None = None,
        launcher: list[str] | None = None,
    ) -> SiteRun:
        """Run steps as `run` does; return stderr as well, where the log of the receiver goes."""
        script = Path(__file__).with_name("site_run.py")
        done = subprocess.run(
            [*(launcher or []), self._python, str(script), str(self._folder), *steps],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "BATON_INBOX": str(inbox or self.inbox)},
        )
        assert done.returncode == code, done.stderr
        return SiteRun(done.stdout, done.stderr)

    def files(self) -> list[Path]:
        return sorted(self.inbox.glob("*.json"))


@pytest.fixture(params=PYTHONS, ids=lambda path: Path(path).parent.parent.name)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Where Django is missing: skipped on a person's machine, failed in CI."""
    if request.param == sys.executable and find_spec("django") is None:
        reason = "Django is not installed; install it with: make .venv/.dev"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return Site(tmp_path / "site", request.param)


@pytest.fixture
def inbox(app, tmp_path: Path) -> DropFolder:
    return DropFolder(
        folder=tmp_path / "site/inbox",
        catalogue=app.works.catalogue,
        clock=app.clock,
        zone=app.calendar.zone,
        poll_secs=1,
        renderer=ENGLISH_RENDERER,
        errors=app.foundation.errors_of("inbox"),
    )


@pytest.fixture
def held_to_modes() -> list[str]:
    """The beginning of a command whose process is held to modes of files, also for root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed; install it with: apt-get install util-linux")
    return HELD_TO_MODES
