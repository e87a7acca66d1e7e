"""`serve`: the web console and the API, alone or beside the workers of `run`."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.container import App, load_services
from commands.framework.context import COMMAND_PATIENCE_SECS, announce, opened_app, say
from commands.framework.signals import stop_event_on_signals
from commands.framework.system_user import system_user
from core.errors import BatonError, SettingsError
from core.messages import Message
from core.threaded_service import ThreadedService
from jobs.launcher import JobLauncher
from storage.operations.web_tokens import Role
from web.backend import ROLE, THREADS

if TYPE_CHECKING:
    from web.server import WebServer

JOIN_SECS = 10.0


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one")] = None,
) -> None:
    """Serve the web console and the HTTP API, alone."""
    stop = stop_event_on_signals()
    failures: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failures.append(error)
        stop.set()

    from app.web import web_server  # here, as it is slow to load

    load_services()
    with opened_app(THREADS) as app:
        server = web_server(app, host, port, failed)
        # An address that is taken must end the command before anything else runs.
        server.bind()
        announce(Message.of("web_listening", url=server.url))
        _announce(app, server)
        renewer = ThreadedService(
            name="keeper", bodies=[app.crawling.lease_renewer(ROLE).run], on_failure=failed
        )
        presence = ThreadedService(
            name="jobs", bodies=[app.jobs.host_presence.run], on_failure=failed
        )
        renewer.start()
        presence.start()
        server.start()
        stop.wait()
        _stop(server, app.jobs.launcher)
        presence.stop()
        presence.join(JOIN_SECS)
        renewer.stop()
        renewer.join(JOIN_SECS)
    if failures:
        raise BatonError("web_server_ended", detail=repr(failures[0]))


@contextmanager
def web_beside(app: App, on_failure: Callable[[BaseException], None]) -> Iterator[None]:
    """Serve the console until the end of the block, beside the workers of `app`.

    Where the address is in use the workers run without it: another process of this
    host serves the same console.

    Args:
        on_failure: called with the error that ended the server.
    """
    from app.web import web_server  # here, as it is slow to load

    # Connections of its own that wait 3 s only: a page says that the database is unavailable
    # instead of waiting for it as long as the workers do.
    own = App(app.settings, threads=THREADS, patience_secs=COMMAND_PATIENCE_SECS)
    try:
        own.clock.sync()
        own.vault.load()
        server = web_server(own, on_failure=on_failure, kept=app)
        try:
            server.bind()
        except SettingsError as error:
            say(Message.of("web_not_served", cause=error))
            yield
            return
        _announce(own, server)
        server.start()
        try:
            yield
        finally:
            _stop(server, app.jobs.launcher)
    finally:
        own.close()


def _stop(server: WebServer, launcher: JobLauncher) -> None:
    # Both before the lease renewer stops: runs that are handed back must still hold their leases.
    server.stop()
    launcher.stop()
    server.join(JOIN_SECS)
    launcher.join(JOIN_SECS)


def _announce(app: App, server: WebServer) -> None:
    """Print the address; make and print an admin token when there is
    none and a person is watching."""
    say(Message.of("web_console_at", url=f"{server.url}/admin"))
    if not _is_loopback(app.settings.web_host):
        say(Message.of("web_in_clear"))
    if app.web_tokens.has_admin():
        return
    if not sys.stderr.isatty():  # a journal or a file would keep the token
        say(Message.of("web_nobody_can_sign_in"))
        return
    token = app.use_cases.tokens.make(system_user(app), Role.ADMIN, None)
    say(Message.of("admin_token_made", token=token.text))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


COMMANDS = {"serve": serve}
