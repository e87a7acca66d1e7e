"""The web server as a service: uvicorn in a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from core.errors import SettingsError
from core.logs import service_log
from core.supervision.internal_errors import ComponentErrors
from core.supervision.threads import start_thread

log = service_log("web")
# Requests in progress have this long to be answered when the server ends.
GRACE_SECS = 3
BACKLOG = 128


class WebServer:
    """Serves an application in a thread; a Service as `core.threaded_service` describes it.

    Args:
        port: 0 for any free one; `url` has the one it got.
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
        host: str,
        port: int,
        on_failure: Callable[[BaseException], None] | None = None,
        ending: threading.Event | None = None,
        join_operations: Callable[[float | None], bool] = lambda _secs: True,
        errors: ComponentErrors | None = None,
    ) -> None:
        self.app = app
        self._host = host
        self._port = port
        self._on_failure = on_failure
        self._ending = ending or threading.Event()
        self._join_operations = join_operations
        self._socket: socket.socket | None = None
        self.url = ""  # where it listens, once it is bound
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECS,
            server_header=False,
            lifespan="on",
        )
        self._config = config
        self._errors = errors
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def bind(self) -> None:
        """Bind and listen; nothing is answered before `start`. A second call changes nothing.

        Raises:
            SettingsError: the address is in use, or is none of this host's.
        """
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(BACKLOG)
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
                self._server = uvicorn.Server(self._config)
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
            self._server.run(sockets=[self._socket.dup()])
        except Exception as error:
            if self._errors is None:
                raise
            self._ending.wait(self._errors.escaped(error))
            return False
        return True


class _IntoOurLog(logging.Handler):
    """Sends uvicorn's warnings to the log file of the web console, not to the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, "%s", record.getMessage(), exc_info=record.exc_info)
