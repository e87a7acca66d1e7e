"""The checks of `doctor` on logins: whose accounts are, and the devices that they show."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from app.container import App
from commands.doctor.findings import Finding, warning
from core.errors import CredentialsError
from core.messages import Message
from storage.models.accounts import Account, AccountStatus

SHOWN_NAMES = 10


class LoginChecks:
    """Checks the accounts that are not disabled; nothing is asked of a platform."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self, accounts: Sequence[Account]) -> Iterator[Finding]:
        """Yield a finding for accounts without proof, and one for each device that several show."""
        enabled = [one for one in accounts if one.status is not AccountStatus.DISABLED]
        yield from self._unproven(enabled)
        yield from self._shared_devices(enabled)

    def _unproven(self, enabled: Sequence[Account]) -> Iterator[Finding]:
        names = [
            account.username
            for account in enabled
            if account.session is not None and self._shows_uid(account) and not account.is_proven
        ]
        if not names:
            return
        code = "logins_unproven" if len(names) <= SHOWN_NAMES else "logins_unproven_more"
        detail = Message.of(code, n=len(names), names=names[:SHOWN_NAMES])
        yield warning(Message.of("subject_logins"), detail, Message.of("logins_checked"))

    def _shows_uid(self, account: Account) -> bool:
        known = self._app.pool.platforms.platforms.get(account.platform)
        return known is not None and known.shows_uid

    def _shared_devices(self, enabled: Sequence[Account]) -> Iterator[Finding]:
        users: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for account in enabled:
            device = self._device_of(account)
            if device is not None:
                users[account.platform, device].append(account.username)
        for (platform, _), names in users.items():
            if len(names) > 1:
                cookie = self._app.pool.platforms.named(platform).device_cookie
                detail = Message.of("device_shared", cookie=cookie, names=names[:SHOWN_NAMES])
                yield warning(Message.of("subject_logins"), detail, Message.of("device_own"))

    def _device_of(self, account: Account) -> str | None:
        """Return the device that an account shows; None when it has none yet."""
        known, vault = self._app.pool.platforms.platforms.get(account.platform), self._app.vault
        if known is None:
            return None
        try:
            own = known.device_id(vault.decrypt(account.session) or "")
            kept = vault.decrypt(account.device)
        except CredentialsError:
            return None  # another finding says so
        if own is not None or kept is None:
            return own
        device: str | None = json.loads(kept).get(known.device_cookie)
        return device
