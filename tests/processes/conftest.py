"""Real processes against a sandbox in its own process."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside this file

from process_fixtures import (  # noqa: F401
    baton,
    command_server,
    crawled,
    crawled_once,
    launcher,
    make_baton,
    on_both,
    start_sandbox,
)
