"""What accounts were told about a page whose answer one account alone does not settle."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.messages import Message

UNCONFIRMED = "page_unconfirmed"
# Accounts that are asked the same question at most.
MAX_ACCOUNTS = 3
# Answers that make an empty page believed.
EMPTY_ANSWERS = 2
# Answers of any kind after which a page that never came well is given up.
MAX_ANSWERS = 4


@dataclass(frozen=True)
class Confirmation:
    """The inconclusive answers about one page so far, by the ids of the accounts that got them.

    Args:
        empty: came without entries although the platform counts the page; one id per answer.
        odd: was not understood, or does not say whom it concerns; one id per answer.
        cause: the latest odd answer.
    """

    page: int
    empty: tuple[int, ...] = ()
    odd: tuple[int, ...] = ()
    cause: Message | None = None

    @classmethod
    def load(cls, stored: str | None, page: int) -> Confirmation:
        """Return what `as_message` stored in a task's last error; nothing for another page."""
        message = Message.load(stored or "")
        params = message.params
        if message.code != UNCONFIRMED or params.get("page") != page:
            return cls(page)
        cause = params.get("cause")
        return cls(
            page=page,
            empty=_ids(params.get("empty")),
            odd=_ids(params.get("odd")),
            cause=cause if isinstance(cause, Message) else None,
        )

    @property
    def is_open(self) -> bool:
        """Return whether the page waits for what another account is told."""
        return bool(self.empty or self.odd)

    @property
    def accounts(self) -> frozenset[int]:
        """Return the accounts that were asked already."""
        return frozenset((*self.empty, *self.odd))

    @property
    def is_empty(self) -> bool:
        """Return whether the page is believed to be empty."""
        return len(self.empty) >= EMPTY_ANSWERS

    def is_hopeless(self, enabled: int) -> bool:
        """Return whether no further account should be asked; `enabled` is how many there are."""
        accounts = min(MAX_ACCOUNTS, enabled)
        return len(set(self.odd)) >= accounts or len(self.empty) + len(self.odd) >= MAX_ANSWERS

    def with_empty(self, account_id: int) -> Confirmation:
        """Return it with one more empty answer."""
        return replace(self, empty=(*self.empty, account_id))

    def with_odd(self, account_id: int, cause: Message) -> Confirmation:
        """Return it with one more odd answer."""
        return replace(self, odd=(*self.odd, account_id), cause=cause)

    def as_message(self, reason: Message) -> Message:
        """Return why the task waits, with the answers so far; `reason` is the shortage."""
        return Message.of(
            UNCONFIRMED,
            page=self.page,
            empty=list(self.empty),
            odd=list(self.odd),
            cause=self.cause,
            reason=reason,
        )


def _ids(value: object) -> tuple[int, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(number for number in listed if isinstance(number, int))
