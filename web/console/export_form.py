"""What the form of a new export is filled in with when another page leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

PATH = "/admin/tasks/export"
MAX_TEXT_CHARS = 4000
Given = Annotated[str, Query(max_length=MAX_TEXT_CHARS)]
# The orders that the form offers, and what they are called in English.
ORDERS = {
    "": "as stored",
    "-followers": "most followers first",
    "-videos": "most videos first",
    "-seen_at": "seen last first",
}


@dataclass(frozen=True, kw_only=True)
class ExportDraft:
    """The fields of the form, as texts; `where` and `keyword` have one a line."""

    domain: str = ""
    platform: str = ""
    where: str = ""
    keyword: str = ""
    has: str = ""
    order: str = ""

    @property
    def orders(self) -> dict[str, str]:
        """The orders that the form offers, with that of the draft."""
        return ORDERS | ({} if self.order in ORDERS else {self.order: self.order})

    def address(self) -> str:
        """Return the address of the form that is filled in with this."""
        return f"{PATH}?{urlencode({name: text for name, text in vars(self).items() if text})}"


def _draft(
    domain: Given = "",
    platform: Given = "",
    where: Given = "",
    keyword: Given = "",
    has: Given = "",
    order: Given = "",
) -> ExportDraft:
    return ExportDraft(
        domain=domain, platform=platform, where=where, keyword=keyword, has=has, order=order
    )


TheDraft = Annotated[ExportDraft, Depends(_draft)]
