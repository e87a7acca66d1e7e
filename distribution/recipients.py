"""Group tasks by recipient: tasks that share a URL and a secret share a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.vault import Vault
from core.errors import CredentialsError
from distribution.payloads import event_id
from storage.distribution.distribution_tasks import DramaFields
from webhooks.outbox import Report


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

    def parts(self, size: int) -> Iterator[tuple[int, Sequence[DramaFields]]]:
        """Yield the tasks in parts of at most `size`, each with its number from 1."""
        for number, start in enumerate(range(0, len(self.dramas), size), start=1):
            yield number, self.dramas[start : start + size]

    def report(
        self,
        kind: str,
        site_name: str,
        body: str,
        *,
        on: Iterable[DramaFields],
        revisions: Sequence[Any],
        day: date | None = None,
        part: int = 1,
    ) -> Report:
        """Return a report on tasks to this recipient; it is not filed yet.

        Call it only for a recipient with a URL.

        Args:
            body: the JSON text to send.
            on: the tasks that the body reports on.
            revisions, day, part: what makes the event id unique, as for `event_id`.
        """
        assert self.url is not None
        return Report(
            kind=kind,
            event_id=event_id(
                kind, site_name, url=self.url, day=day, revisions=revisions, part=part
            ),
            url=self.url,
            task_id=self.signer,
            stats_date=day,
            body=body,
            tasks=[drama.task_id for drama in on],
        )


def recipients_of(dramas: Iterable[DramaFields], vault: Vault) -> list[Recipient]:
    """Return the tasks grouped by recipient: by callback URL and secret.

    A report is signed by one secret, so tasks of one URL with different secrets have different
    recipients. Secrets are compared in clear; one that cannot be decrypted stands for itself, and
    nothing is raised.
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
