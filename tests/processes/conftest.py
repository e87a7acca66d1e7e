"""Real processes against a sandbox in its own process."""

from __future__ import annotations

from tests.support.processes.process_fixtures import (  # noqa: F401
    baton,
    command_server,
    crawled,
    crawled_once,
    launcher,
    make_baton,
    on_both,
    start_sandbox,
)
