"""A notification channel of one's own: a local HTTP server that takes, refuses or hangs."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class NoticeSink:
    """A server that takes messages at `url` (an apprise `json://` URL that holds SECRET).

    `status` and `answer` are what it says; `on_message` is called before it answers.
    """

    SECRET = "geheimer-pfad"

    def __init__(self) -> None:
        self.status = 200
        self.answer: Any = {"errcode": 0}
        self.got: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.on_message: Any = None
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                sink.paths.append(self.path)
                sink.got.append(json.loads(self.rfile.read(length)))
                if sink.on_message is not None:
                    sink.on_message()
                body = json.dumps(sink.answer).encode()
                self.send_response(sink.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"json://{self.address}/{self.SECRET}"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.got]

    @property
    def text(self) -> str:
        """All messages that were taken."""
        return "\n".join(message["message"] for message in self.got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
