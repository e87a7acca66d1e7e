"""Real processes too, for what must survive a kill."""

from __future__ import annotations

from process_fixtures import (  # noqa: F401
    baton,
    command_server,
    launcher,
    make_baton,
    on_both,
    start_sandbox,
)
