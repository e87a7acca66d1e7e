"""Names of egress routes: the same in every process, and of no use to guess a password from."""

from __future__ import annotations

import base64
import secrets

from accounts.vault import EGRESS_SALT, Vault
from sources.transport.egress import Egress, direct_egress, proxy_egress
from storage.engines.transactions import Database, Tx
from storage.schema import schema

SALT_BYTES = 32


class EgressIdentities:
    """Tells by which route an account leaves.

    Args:
        host_name: how the direct route of this host is called.
    """

    def __init__(self, *, database: Database, vault: Vault, host_name: str) -> None:
        self.direct = direct_egress(host_name)
        self._database = database
        self._vault = vault
        self._salt: bytes | None = None

    def of(self, proxy: str | None) -> Egress:
        """Return the route through a proxy (a URL, in clear), or the direct one for None.

        Raises:
            CredentialsError: there is no key, or another one, and the name needs the salt.
        """
        if not proxy:
            return self.direct
        if self._salt is None:
            self._salt = self._read_salt()
        return proxy_egress(proxy, self._salt)

    def _read_salt(self) -> bytes:
        """Return the installation's salt; the first to ask for it makes it."""
        stored = self._database.read(schema.get_fact, EGRESS_SALT)
        if stored is None:
            self._database.write_idempotent(self._make_salt)
            stored = self._database.read(schema.get_fact, EGRESS_SALT)
        return base64.b64decode(self._vault.decrypt(stored) or "")

    def _make_salt(self, tx: Tx) -> None:
        fresh = base64.b64encode(secrets.token_bytes(SALT_BYTES)).decode("ascii")
        sealed = self._vault.encrypt_one(tx, fresh) or ""
        schema.set_fact_once(tx, EGRESS_SALT, sealed)
