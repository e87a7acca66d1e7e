"""The command line as a user meets it: real processes, exit codes and streams."""

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
