"""Make and revoke the tokens of console and API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.operations.web_tokens import Role, WebToken
    from web.audit_log import AuditLog, Principal
    from web.auth.tokens import NewToken, TokenStore


class TokenUseCases:
    """Makes and revokes tokens."""

    def __init__(self, *, tokens: TokenStore, audit: AuditLog) -> None:
        self._tokens = tokens
        self._audit = audit

    def make(self, who: Principal, role: Role, name: str | None) -> NewToken:
        """Make a token and return it in clear, which is possible this once.

        Raises:
            InvalidInputError: the name is blank, longer than 64 letters, not printable or in use.
        """
        subject = f"{(name or role.value).strip()} ({role.value})"
        with self._audit.action(who, "token.make", subject):
            return self._tokens.make(role, name)

    def revoke(self, who: Principal, name_or_id: str) -> WebToken:
        """Revoke a token and end its sessions; return it as it was.

        Raises:
            InvalidInputError: no token in use has that name or id.
        """
        with self._audit.action(who, "token.revoke", name_or_id):
            return self._tokens.revoke(name_or_id)
