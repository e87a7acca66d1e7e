"""A long search may take its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fuzz.fuzz_effort import LONG

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if LONG and HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(0))
