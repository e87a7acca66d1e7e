"""The sandbox as one object: builds its parts, starts and stops serving."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from sandbox.assembly import assemble
from sandbox.config import SandboxConfig
from sandbox.messages import Json
from sandbox.transport import HOST, HttpServer

_STOP_CHECK_SECS = 0.1


class SandboxServer:
    """A local platform on 127.0.0.1; use as a context manager, or `start` and `stop`.

    `now` gives the seconds that rate windows slide by, `wall` the unix time that signatures are
    compared with and that counters, sessions and quotas go by; tests move them instead of waiting.
    """

    def __init__(
        self,
        *,
        config: SandboxConfig,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._parts = assemble(config, now, wall)
        self._config = config
        self._lock = threading.Lock()
        self._http: HttpServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, `http://127.0.0.1:PORT`; RuntimeError before `start`."""
        if self._http is None:
            raise RuntimeError("the sandbox has not been started")
        return f"http://{HOST}:{self._http.server_port}"

    @property
    def gateways(self) -> tuple[str, ...]:
        """The proxy gateways as `HOST:PORT`, in their order; none before `start`."""
        return self._parts.gateways.names()

    def start(self) -> None:
        """Listen and serve in background threads; OSError when a port is taken."""
        parts = self._parts
        with self._lock:
            if self._http is not None:
                raise RuntimeError("a sandbox can be started once")
            http = HttpServer(
                port=self._config.port, answer=parts.answer, certificate=parts.certificate
            )
            self._http = http
            self._thread = threading.Thread(
                target=http.serve_forever, args=(0.05,), name="sandbox", daemon=True
            )
            self._thread.start()
        first_port = http.server_port + 1 if self._config.port else 0
        try:
            parts.gateways.open(first_port, parts.answer, parts.certificate)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop serving and hang up on every client; does nothing the second time."""
        with self._lock:
            http, thread, self._thread = self._http, self._thread, None
        if http is None or thread is None:
            return
        http.shutdown()
        thread.join()
        http.close_all()
        self._parts.gateways.close()

    def serve_forever(self, should_stop: Callable[[], bool]) -> None:
        """Block until `should_stop()` (asked ten times a second) or `stop()`, then stop."""
        thread = self._thread
        while thread is not None and thread.is_alive() and not should_stop():
            thread.join(_STOP_CHECK_SECS)
        self.stop()

    def stats(self) -> Json:
        """All counters, as `GET /__sandbox__/stats` shows them; also after `stop`."""
        return self._parts.stats.snapshot()

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
