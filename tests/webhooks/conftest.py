"""Deliveries to a sandbox, with everything in one process."""

from __future__ import annotations

from tests.support.processes.process_fixtures import (  # noqa: F401
    baton,
    command_server,
    launcher,
    make_baton,
    on_both,
    start_sandbox,
)
from tests.support.webhooks.office_fixtures import make_office, office, receivers  # noqa: F401
