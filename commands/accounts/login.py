"""`accounts login`: sign an account in with a QR code."""

from __future__ import annotations

from typing import Annotated

import typer

from accounts.proxies.text import read_proxy
from accounts.requests import NewAccount, account_name
from accounts.vault import Credentials
from commands.accounts.options import Limit, NewLogin, Proxy
from commands.framework.context import opened_app, result
from commands.framework.reader import shown
from commands.framework.signals import stop_event_on_signals
from commands.framework.system_user import system_user
from core.messages import Message


def login(
    name: Annotated[str, typer.Argument(help="a new account's name, or one that exists")],
    proxy: Proxy = None,
    limit: Limit = None,
    codes: Annotated[int, typer.Option(min=1, help="codes to show before giving up")] = 3,
    new_login: NewLogin = False,
) -> None:
    """Sign an account in with a QR code.

    Bilibili's app scans it; the session is kept encrypted.
    """
    from commands.accounts.qr_login import sign_in

    # Before any code is shown: somebody would scan it in vain.
    name = account_name(name)
    proxy = None if proxy is None else read_proxy(proxy)
    stop = stop_event_on_signals()
    with opened_app() as app:
        known = app.pool.registry.lookup("bilibili", name)
        stored = app.vault.decrypt(known.proxy) if known else None
        session = sign_in(app, proxy or stored, codes, stop)
        credentials = Credentials(session=session, proxy=proxy)
        new = NewAccount("bilibili", name, credentials, limit, new_login)
        done = app.use_cases.accounts.sign_in(system_user(app), new)
        result(Message.of("account_changed", account=name, change=shown(done.change)))
