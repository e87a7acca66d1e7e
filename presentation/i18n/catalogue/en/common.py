"""Messages that several areas share."""

from __future__ import annotations

MESSAGES = {
    "wrong_fields": "{problems}",
    "overtaken_by_another": "another process did it meanwhile",
    "body_not_json": "the body is no JSON",
}
