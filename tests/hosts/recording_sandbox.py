"""The sandbox with a clock of its own, and a book of the numbers that it has answered.

`recording_sandbox.py --offsets FILE --answers FILE ...`: its time is ahead by what the driver has
written into the first file. The second gets a line for each look at a video: JSON of
[unix time, id, counters].
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]

if TYPE_CHECKING:
    from sandbox.creators import Creator
    from sandbox.videos import Video
    from sandbox.world import Seen


def main() -> int:
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser()
    parser.add_argument("--offsets", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    given, others = parser.parse_known_args()
    record(given.answers)
    run_at(given.offsets)
    from sandbox import __main__ as program

    return program.main(others)


def record(path: Path) -> None:
    """Write down every look at a video of Bilibili."""
    from sandbox.world import World

    book, guard, at_home = path.open("a", encoding="utf-8"), threading.Lock(), World.at_home

    def noted(world: World, video: Video, owner: Creator) -> Seen:
        seen = at_home(world, video, owner)
        with guard:
            book.write(json.dumps([world.now(), seen.id, seen.told()["counters"]]) + "\n")
            book.flush()
        return seen

    World.at_home = noted  # type: ignore[assignment, method-assign]


def run_at(path: Path) -> None:
    """Have the server live at the time that the file says."""
    from sandbox import __main__ as program
    from sandbox.server import SandboxServer
    from tests.chaos.shifted_clock import OffsetFile

    offsets = OffsetFile(path)

    class Shifted(SandboxServer):
        def __init__(self, **options: Any) -> None:
            super().__init__(wall=lambda: time.time() + offsets.ahead_secs, **options)

    program.SandboxServer = Shifted  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
