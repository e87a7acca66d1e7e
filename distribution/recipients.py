"""Group tasks by recipient: tasks that share a URL and a secret share a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.vault import Vault
from core.errors import CredentialsError
from storage.distribution.distribution_tasks import DramaFields


@dataclass(frozen=True)
class Recipient:
    """A callback URL, and the tasks that are reported there together.

    Args:
        url: None for tasks without a callback URL.
        signer: the id of the task whose secret signs the reports; None without a URL.
        dramas: the tasks, sorted by id.
    """

    url: str | None
    signer: str | None
    dramas: tuple[DramaFields, ...]


def recipients_of(dramas: Iterable[DramaFields], vault: Vault) -> list[Recipient]:
    """Return the tasks grouped by recipient.

    A report is signed by one secret, so tasks of one URL with different
    secrets have different recipients.
    """
    secrets: dict[str, str | None] = {}
    groups: dict[tuple[str | None, str | None], list[DramaFields]] = {}
    for drama in sorted(dramas, key=lambda drama: drama.task_id):
        token = drama.callback_secret if drama.callback_url else None
        if token is not None and token not in secrets:
            secrets[token] = _decrypted(vault, token)
        secret = secrets[token] if token is not None else None
        groups.setdefault((drama.callback_url, secret), []).append(drama)
    return [
        Recipient(url, found[0].task_id if url else None, tuple(found))
        for (url, _), found in groups.items()
    ]


def _decrypted(vault: Vault, token: str) -> str | None:
    """Return a secret in clear; the encrypted text itself when it cannot be decrypted."""
    try:
        return vault.decrypt(token)
    except CredentialsError:
        # Its delivery reports the error. Here it must only not join a task with another secret.
        return token
