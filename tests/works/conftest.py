"""The catalogue on both engines; processes where a test needs them."""

from __future__ import annotations

from tests.support.processes.process_fixtures import (  # noqa: F401
    baton,
    command_server,
    launcher,
    make_baton,
    start_sandbox,
)
