"""How hard the fuzz tests try: the same few examples every time, or many new ones on demand.

`HYPOTHESIS_PROFILE=long python -m pytest tests/fuzz` searches on, from another seed each time, and
keeps what it found in `.hypothesis`.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TIMES_LONGER = 40
FOUND = Path(__file__).parents[3] / ".hypothesis" / "examples"


def effort(examples: int, steps: int = 25) -> settings:
    """Return settings for a test that tries so many examples (of so many steps) ordinarily."""
    return settings(
        max_examples=examples * (TIMES_LONGER if LONG else 1),
        stateful_step_count=steps * (2 if LONG else 1),
        deadline=None,
        derandomize=not LONG,
        database=DirectoryBasedExampleDatabase(FOUND) if LONG else None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.function_scoped_fixture,
        ],
    )
