"""The keys that sign deliveries, out of the encrypted secrets of their tasks."""

from __future__ import annotations

from functools import lru_cache

from accounts.vault import Vault
from core.errors import CredentialsError
from webhooks.claims import Claim
from webhooks.signing import parse_secrets

KEPT_SECRETS = 256


class SigningKeys:
    """Decrypts secrets, and keeps the newest in memory by their encrypted text; safe for threads.

    Each encryption of a secret is another text: one that was changed, or encrypted with another
    key, is not found here.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._clear = lru_cache(KEPT_SECRETS)(self._decrypted)

    def of(self, claim: Claim) -> list[bytes]:
        """Return the keys that sign a delivery; none when its task has no secret.

        Raises:
            KeyChangedError: the database was encrypted with a key that this process does not have.
            CredentialsError: the stored secret cannot be decrypted, or is malformed.
            DatabaseError: which of the two it is could not be found out.
        """
        if claim.secret is None:
            return []
        clear = self._clear(claim.secret)
        try:
            return parse_secrets(clear)
        except CredentialsError as error:
            task_id = claim.delivery.task_id
            raise CredentialsError("task_secret_unusable", task_id=task_id, cause=error) from error

    def _decrypted(self, encrypted: str) -> str:
        clear = self._vault.decrypt(encrypted)
        assert clear is not None
        return clear
