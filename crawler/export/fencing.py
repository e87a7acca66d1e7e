"""Who may write a segment's file: tokens that every later writer outgrows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PART_TOKENS = re.compile(r"\..+\.t(\d+)(?:\.r(\d+))?\.part")


@dataclass(frozen=True, kw_only=True)
class WriteFence:
    """The right of one writer to a segment's file, which ends when a later writer gets it.

    A file is safe by two steps together, whatever clocks say: a later writer removes the part files
    of earlier ones, and `require` asks the database once the part file exists. A part file that
    existed when the later writer came is gone, and one that was created afterwards fails the
    question.

    Args:
        task_token: the newest token of the task's lease when the right was got.
        rebuild_token: the token of the rebuild; None for the worker that has the task leased.
        require: raises LeaseLostError when a later writer has the right.
    """

    task_token: int
    rebuild_token: int | None
    require: Callable[[], None]

    @property
    def suffix(self) -> str:
        """Return what the names of this writer's part files end with."""
        rebuild = "" if self.rebuild_token is None else f".r{self.rebuild_token}"
        return f".t{self.task_token}{rebuild}.part"

    def outgrows(self, part: Path) -> bool:
        """Return whether the part file is this writer's or an earlier one's."""
        found = PART_TOKENS.match(part.name)
        if found is None:
            return True
        task_token, rebuild_token = int(found[1]), int(found[2] or 0)
        if self.rebuild_token is not None and rebuild_token > self.rebuild_token:
            return False
        return task_token <= self.task_token
