"""The outcomes of added links as JSON objects."""

from __future__ import annotations

from presentation.message_fields import message_fields
from works.catalogue.importer import AddResult


def add_object(result: AddResult) -> dict[str, object]:
    """Return the outcome of a link as JSON: `status` is `new`, `known` or `not_added`."""
    platform, work_id = result.key or (None, None)
    status = ("new" if result.is_new else "known") if result.key else "not_added"
    return {
        "input": result.text,
        "platform": platform,
        "work_id": work_id,
        "status": status,
        **message_fields("note", result.note),
    }
