"""The web server as a service: uvicorn in a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import uvicorn
from fastapi import FastAPI

from core.errors import BatonError, SettingsError
from core.logs import service_log
from core.supervision.internal_errors import ComponentErrors
from core.supervision.threads import start_thread
from web.edge.addresses import MAX_HEAD_BYTES
from web.edge.connections import Connections
from web.edge.protocol import ConnectionLimits, LimitedProtocol

log = service_log("web")
# Requests in progress have this long to be answered when the server ends.
GRACE_SECS = 3
# The event loop accepts so many before it reads from any: few, so that who has sent a request is
# answered before others push that connection out.
ACCEPTED_AT_ONCE = 4
# So many wait in the kernel. One that finds no room there tries again after a second only; one
# that does waits for all before it.
QUEUE = 256
SAME_WARNING_SECS = 60.0


@dataclass(frozen=True)
class Exposure:
    """To whom the server is open, and how far.

    Args:
        host, port: where to listen; port 0 for any free one; `WebServer.url` has the one it got.
        connections: open at a time, in all.
        connections_of_address: open at a time, of one address.
        proxies: addresses and networks of proxies that may give the visitor's address in
            `X-Forwarded-For`, and the scheme in `X-Forwarded-Proto`.
        limits: how long a connection may stand still.
    """

    host: str
    port: int
    connections: int = 128
    connections_of_address: int = 32
    proxies: tuple[str, ...] = ()
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)


class WebServer:
    """Serves an application in a thread; a Service as `core.threaded_service` describes it.

    Args:
        exposure: where it listens, for whom.
        on_failure: called with the error that ended the thread.
        ending: set by `stop`, for handlers that take long.
        join_operations: waits, up to the given seconds, for the operations that requests began.
        errors: contains errors of the server: it serves again after a pause. Without it, the first
            one ends the thread.
    """

    name = "web"

    def __init__(
        self,
        *,
        app: FastAPI,
        exposure: Exposure,
        on_failure: Callable[[BaseException], None] | None = None,
        ending: threading.Event | None = None,
        join_operations: Callable[[float | None], bool] = lambda _secs: True,
        errors: ComponentErrors | None = None,
    ) -> None:
        self.app = app
        self._host = exposure.host
        self._port = exposure.port
        self._on_failure = on_failure
        self._ending = ending or threading.Event()
        self._join_operations = join_operations
        self._socket: socket.socket | None = None
        self.url = ""  # where it listens, once it is bound
        self._config = _config(app, exposure)
        self._errors = errors
        self._server = _Server(self._config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def bind(self) -> None:
        """Bind and listen; nothing is answered before `start`. A second call changes nothing.

        Raises:
            SettingsError: the address is in use, or is none of this host's.
        """
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # With its protocol by name: asyncio sends at once only on sockets that are TCP by that, and
        # without, the end of an answer waits for 40 ms on a connection that was used before.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(QUEUE)
        except OSError as error:
            listener.close()
            raise SettingsError(
                "web_address_unusable",
                host=self._host,
                port=self._port,
                detail=error.strerror or str(error),
            ) from error
        self._socket = listener
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{shown}:{listener.getsockname()[1]}"

    def start(self) -> None:
        """Bind if that was not done, and serve in a thread.

        Raises:
            SettingsError: the address is in use, or is none of this host's.
            NoThreadError: the system has no thread left.
        """
        self.bind()
        start_thread(self._thread)

    def stop(self) -> None:
        """Ask handlers, operations and the server to end soon; safe to call twice."""
        self._ending.set()
        self._server.should_exit = True

    def join(self, timeout_secs: float | None = None) -> bool:
        """Wait for server and operations, up to `timeout_secs` each;
        return False when one still runs."""
        if self._thread.ident is not None:
            self._thread.join(timeout_secs)
        if self._socket is not None and not self._thread.is_alive():
            self._socket.close()
        return self._join_operations(timeout_secs) and not self._thread.is_alive()

    def _run(self) -> None:
        forwarding = _IntoOurLog()
        logging.getLogger("uvicorn").addHandler(forwarding)
        try:
            while not self._ending.is_set() and not self._serve():
                self._server = _Server(self._config)
        except BaseException as error:  # the last stop of a thread: nothing above would see it
            log.exception("the web server ended by an error")
            if self._on_failure is not None:
                self._on_failure(error)
        finally:
            logging.getLogger("uvicorn").removeHandler(forwarding)

    def _serve(self) -> bool:
        """Serve until the server is asked to end; return False after an error and a pause."""
        assert self._socket is not None
        try:
            # A duplicate: the server closes what it served, and the next one needs the address.
            with self._socket.dup() as listener:
                self._server.run(sockets=[listener])
        except (Exception, SystemExit) as error:
            if self._errors is None:
                raise
            # So uvicorn ends where it cannot start, as without descriptors.
            cannot_start = isinstance(error, SystemExit)
            told = BatonError("web_server_not_started") if cannot_start else error
            self._ending.wait(self._errors.escaped(told))
            return False
        return True


class _Server(uvicorn.Server):
    """uvicorn's server, with a queue of its own size before its sockets.

    In asyncio one number is both the size of that queue and the number accepted at once.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(QUEUE)


def _config(app: FastAPI, exposure: Exposure) -> uvicorn.Config:
    connections = Connections(
        most=exposure.connections,
        most_of_address=exposure.connections_of_address,
        proxies=exposure.proxies,
    )
    protocol = partial(LimitedProtocol, connections=connections, limits=exposure.limits)
    return uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]  # it is only called
        ws="none",
        backlog=ACCEPTED_AT_ONCE,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        proxy_headers=bool(exposure.proxies),
        forwarded_allow_ips=list(exposure.proxies),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECS,
        server_header=False,
        lifespan="on",
    )


class _IntoOurLog(logging.Handler):
    """Sends uvicorn's warnings to the log file of the web console, not to the terminal.

    The same warning is written once a minute at most: anybody can cause some of them.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._written_at: dict[object, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, unless the same text was written within a minute."""
        is_new = record.created - self._written_at.get(record.msg, 0) >= SAME_WARNING_SECS
        if not is_new and not record.args and record.exc_info is None:
            return
        oldest = record.created - SAME_WARNING_SECS
        self._written_at = {msg: at for msg, at in self._written_at.items() if at > oldest}
        self._written_at[record.msg] = record.created
        log.log(record.levelno, "%s", record.getMessage(), exc_info=record.exc_info)
