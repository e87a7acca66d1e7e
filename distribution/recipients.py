"""Who is told about which tasks: those that share a URL and a secret share a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.vault import Vault
from core.errors import CredentialsError
from storage.distribution.distribution_tasks import DramaFields


@dataclass(frozen=True)
class Recipient:
    """A callback URL, and the task whose secret signs what is sent there; neither where nobody is
    to be told. `dramas` are by task id."""

    url: str | None
    signer: str | None
    dramas: tuple[DramaFields, ...]


def recipients_of(dramas: Iterable[DramaFields], vault: Vault) -> list[Recipient]:
    """The tasks by receiver. One report can be signed by one secret only, so tasks of one URL
    with different secrets are reported apart."""
    secrets: dict[str, str | None] = {}
    groups: dict[tuple[str | None, str | None], list[DramaFields]] = {}
    for drama in sorted(dramas, key=lambda one: one.task_id):
        token = drama.callback_secret if drama.callback_url else None
        if token is not None and token not in secrets:
            secrets[token] = _opened(vault, token)
        secret = secrets[token] if token is not None else None
        groups.setdefault((drama.callback_url, secret), []).append(drama)
    return [
        Recipient(url, found[0].task_id if url else None, tuple(found))
        for (url, _), found in groups.items()
    ]


def _opened(vault: Vault, token: str) -> str | None:
    try:
        return vault.decrypt(token)
    except CredentialsError:
        return token  # its delivery will say so; here it only must not join another's
