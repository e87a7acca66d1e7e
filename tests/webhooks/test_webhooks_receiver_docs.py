"""The code that docs/webhooks.md gives to receivers does what it says."""

from __future__ import annotations

import re
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from tests.support.webhooks.post_office import SECRET
from webhooks.signing import headers, new_secret, parse_secrets

PAGE = Path(__file__).resolve().parents[2] / "docs/webhooks.md"
BODY = '{"标题": 1}'.encode()


@pytest.fixture
def code() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        exec(block, names)
    return names


def test_it_accepts_what_we_sign_and_nothing_else(code: dict[str, Any]) -> None:
    is_genuine = code["is_genuine"]
    fresh = new_secret()
    signed = headers("e", datetime.now(UTC), BODY, parse_secrets(f"{fresh} {SECRET}"))
    assert is_genuine(SECRET, signed, BODY) and is_genuine(fresh, signed, BODY)
    assert not is_genuine(new_secret(), signed, BODY)
    assert not is_genuine(SECRET, signed, BODY + b" ")
    assert not is_genuine(SECRET, signed | {"webhook-id": "other"}, BODY)
    assert not is_genuine(SECRET, {}, BODY)
    assert not is_genuine(SECRET, signed | {"webhook-signature": "短"}, BODY)
    old = datetime.fromtimestamp(time.time() - 301, UTC)
    assert not is_genuine(SECRET, headers("e", old, BODY, parse_secrets(SECRET)), BODY)


def test_it_drops_repeats(code: dict[str, Any]) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript("CREATE TABLE seen (id); CREATE TABLE reports (body)")
    taken = [code["take"](database, event_id, {}) for event_id in ("a", "b", "a")]
    assert taken == [True, True, False]
    assert database.execute("SELECT COUNT(*) FROM reports").fetchone() == (2,)


def test_the_retries_that_it_names_are_those_of_the_settings() -> None:
    words = re.search(r"comes again after ([^,]+(?:, [^,]+)* and \d+ h)", PAGE.read_text())
    assert words is not None
    secs = {"s": 1, "min": 60, "h": 3600}
    told = [float(number) * secs[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", words[1])]
    assert tuple(told) == Settings.model_fields["webhook_retry_secs"].default
