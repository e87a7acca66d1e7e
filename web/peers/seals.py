"""Seals of requests between hosts: who has the secret key may ask, once, for a minute."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta

from accounts.vault import Vault
from core.clock import Clock
from core.errors import CredentialsError, PeerRefusedError

HEADER = "Baton-Peer"
# The purpose keeps other texts that the vault has encrypted from passing for a seal.
PURPOSE = "peer-request"
LIFE = timedelta(seconds=60)
MAX_SEAL_CHARS = 4000  # a longer one is none of ours


@dataclass(frozen=True, kw_only=True)
class PeerSeals:
    """Makes and checks the seals of requests to and from other hosts; safe for threads.

    A seal is for one host, one address and one minute of the database's time, and is taken once.
    """

    vault: Vault
    clock: Clock
    host: str
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)
    _taken: dict[str, float] = field(default_factory=dict, init=False)

    def seal(self, host: str, target: str) -> str:
        """Return the header's value for a GET of `target` (path and query) at a host."""
        content = {
            "for": PURPOSE,
            "to": host,
            "target": target,
            "at": self.clock.now().timestamp(),
            "nonce": secrets.token_hex(16),
        }
        sealed = self.vault.encrypt(json.dumps(content))
        assert sealed is not None
        return sealed

    def require(self, sealed: str, target: str) -> None:
        """Do nothing for a fresh seal of that target for this host.

        Raises:
            PeerRefusedError: it is forged, damaged, for another request or host, older than a
                minute, or was taken already.
        """
        content = self._opened(sealed)
        now = self.clock.now().timestamp()
        age_secs = now - float(content["at"])
        if (
            content.get("for") != PURPOSE
            or content.get("to") != self.host
            or content.get("target") != target
            or abs(age_secs) > LIFE.total_seconds()
        ):
            raise PeerRefusedError("peer_seal_refused")
        with self._guard:
            self._forget_old(now)
            if content["nonce"] in self._taken:
                raise PeerRefusedError("peer_seal_refused")
            self._taken[content["nonce"]] = now

    def _opened(self, sealed: str) -> dict[str, str]:
        if len(sealed) > MAX_SEAL_CHARS:
            raise PeerRefusedError("peer_seal_refused")
        try:
            content = json.loads(self.vault.unseal(sealed))
            float(content["at"]), str(content["nonce"])
        except (CredentialsError, ValueError, KeyError, TypeError):
            raise PeerRefusedError("peer_seal_refused") from None
        found: dict[str, str] = content
        return found

    def _forget_old(self, now: float) -> None:
        # A seal may have been made up to a minute ahead of this host's time.
        oldest = now - 2 * LIFE.total_seconds()
        for nonce in [nonce for nonce, at in self._taken.items() if at < oldest]:
            del self._taken[nonce]
