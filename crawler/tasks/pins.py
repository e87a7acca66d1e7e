"""Pins of tasks: the account, or the group of accounts, that alone may work on a task."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import InvalidInputError, WrongFieldsError
from core.messages import Message
from storage.crawling import accounts
from storage.engines.transactions import Tx
from storage.models.tasks import NO_PIN, Pin, Task

if TYPE_CHECKING:
    from accounts.lifecycle.groups import AccountGroups
    from accounts.registry import AccountRegistry


@dataclass(frozen=True, kw_only=True)
class PinTargets:
    """Finds the accounts and groups that requests name."""

    registry: AccountRegistry
    groups: AccountGroups

    def pin(self, platform: str, account: str | None, group: str | None) -> Pin:
        """Return the pin to an account (its name or id) or a group; NO_PIN when both are None.

        Raises:
            WrongFieldsError: the platform has no such account or group, or it was deleted.
        """
        if account is not None:
            try:
                return Pin(account_id=self.registry.find(account, platform).id)
            except InvalidInputError as error:
                raise WrongFieldsError({"account": error.message}) from error
        if group is None:
            return NO_PIN
        if not self.groups.exists(platform, group):
            unknown = Message.of("group_unknown", group=group, platform=platform)
            raise WrongFieldsError({"group": unknown})
        return Pin(group=group)


def pin_messages(tx: Tx, tasks: Collection[Task]) -> dict[int, Message]:
    """Return whom tasks are pinned to, by the task's id, without those that are not pinned."""
    ids = {task.only_account_id for task in tasks if task.only_account_id is not None}
    names = accounts.names(tx, ids)
    return {task.id: _message(task.pin, names) for task in tasks if task.pin}


def pinned_otherwise(tx: Tx, task: Task, asked: Pin) -> InvalidInputError:
    """Return the error for a request with the pin `asked` that met an open task with another."""
    ids = [pin.account_id for pin in (task.pin, asked) if pin.account_id is not None]
    names = accounts.names(tx, ids)
    target = asked.group or names.get(asked.account_id or 0, "?")
    return InvalidInputError(
        "task_pinned_otherwise",
        task_id=task.id,
        kind=Message.of(f"{task.task_type}_task"),
        domain=task.domain,
        pin=_message(task.pin, names),
        option="--group" if asked.group is not None else "--account",
        quoted=shlex.quote(target),
    )


def _message(pin: Pin, names: dict[int, str]) -> Message:
    if pin.account_id is not None:
        return Message.of("pinned_to_account", name=names.get(pin.account_id, "?"))
    if pin.group is not None:
        return Message.of("pinned_to_group", group=pin.group)
    return Message("pinned_to_nobody")
