"""A leased account, and what it is leased for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.leases import Lease
from storage.models.accounts import Account


class Purpose(StrEnum):
    """The purpose of a lease; its value is the status of the account while it is leased."""

    INGESTING = "ingesting"
    EXPORTING = "exporting"


@dataclass(frozen=True)
class AccountLease:
    """An account leased by this process.

    `account` is the row as it was when it was leased, its secrets encrypted; `remaining_quota` is
    the number of rows that could be exported that day at that moment.
    """

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
