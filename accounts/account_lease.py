"""A leased account, and what it is leased for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.leases import Lease
from storage.models.accounts import Account


class Purpose(StrEnum):
    """What an account is leased for; the value is the status that it shows meanwhile."""

    INGESTING = "ingesting"
    EXPORTING = "exporting"


@dataclass(frozen=True)
class AccountLease:
    """A leased account. `remaining_quota` is the rows left at the moment of leasing."""

    account: Account
    lease: Lease
    purpose: Purpose
    remaining_quota: int

    @property
    def id(self) -> int:
        """Return the account's id."""
        return self.account.id

    @property
    def username(self) -> str:
        """Return the account's name."""
        return self.account.username
