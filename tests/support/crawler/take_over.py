"""What a stale worker must not change, and somebody else who takes its task over."""

from __future__ import annotations

from app.container import App
from storage.models.tasks import Task, TaskStatus
from tests.support.crawler.workbench import change, rows, work_off
from tests.support.moving_clock import MovingClock


class World:
    """All that a stale worker must not change: every row and file, and what is spent.

    An account that nobody else took meanwhile it may still give back.
    """

    def __init__(self, app: App) -> None:
        tables = ("tasks", "export_logs", "influencers")
        self.rows = {name: rows(app, f"SELECT * FROM {name} ORDER BY id") for name in tables}
        self.spent = rows(app, "SELECT id, today_export_count, quota_day FROM accounts ORDER BY id")
        folder = app.settings.exports_dir
        self.files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def changed_since(self, before: World | None) -> list[str]:
        """Names of tables and files that differ."""
        assert before is not None, "nobody took over"
        found = [name for name in self.rows if self.rows[name] != before.rows[name]]
        found += ["spent"] if self.spent != before.spent else []
        names = self.files.keys() | before.files.keys()
        return found + sorted(n for n in names if self.files.get(n) != before.files.get(n))


class TakeOver:
    """Somebody else takes the task over and ends it, while the first holder stands still."""

    def __init__(self, other: App, task: Task, clock: MovingClock, *, renamed: bool) -> None:
        self._other, self._task, self._clock, self._renamed = other, task, clock, renamed
        self.world: World | None = None

    def __call__(self) -> None:
        self._clock.move(31)
        if self._renamed:  # a crawl refreshes the names of rows that are in the segment already
            change(self._other, "UPDATE influencers SET nickname='新名'")
        assert work_off(self._other, self._task).status is TaskStatus.COMPLETED
        self.world = World(self._other)
