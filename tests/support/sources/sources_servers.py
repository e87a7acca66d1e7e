"""A platform that says what a test tells it to, and a proxy that writes down what passes."""

from __future__ import annotations

import http.client
import json
import socketserver
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

NAV = "/x/web-interface/nav"
FINGER = "/x/frontend/finger/spi"
SEARCH = "/x/web-interface/wbi/search/type"
HOST = "127.0.0.1"
SECRETS_OF_HOP = {"connection", "proxy-connection", "proxy-authorization"}


@dataclass(frozen=True)
class Said:
    """One answer: any bytes under any status; the connection stays open unless it `drops`."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    drops: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came in; header names are lower-case."""

    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, mark, value in pairs if mark}

    @property
    def params(self) -> dict[str, str]:
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return {unquote(name): unquote(value) for name, _, value in pairs}


def says(code: Any = 0, data: Any = None, **more: Any) -> Said:
    """Return the platform's envelope; `data` is left out when it is not given."""
    body = {"code": code, "message": more.pop("message", str(code)), "ttl": 1, **more}
    return Said(json.dumps(body if data is None else {**body, "data": data}).encode())


def says_page(*entries: Any, pages: Any = 1, **more: Any) -> Said:
    """Return a search page with these hits."""
    return says(0, {"page": 1, "numPages": pages, "result": list(entries), **more})


def nav(img: str = "7cd084941338484aae1ad9425b84077c") -> Said:
    sub = "4932caff0ff746eab6f01bf08b70ac45"
    images = {
        "img_url": f"https://i0.hdslb.com/bfs/wbi/{img}.png",
        "sub_url": f"https://i0.hdslb.com/bfs/wbi/{sub}.png",
    }
    return says(0, {"isLogin": True, "mid": 7, "uname": "somebody", "wbi_img": images})


@dataclass
class ScriptedPlatform:
    """A server that answers each path by its script, whose last line it repeats."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: dict[str, list[Said]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.script[NAV] = [nav()]
        self.script[FINGER] = [says(0, {"b_3": "DEVICE-1infoc", "b_4": "DEVICE-2"})]

    def on(self, path: str, *answers: Said) -> None:
        self.script[path] = list(answers)

    def on_search(self, *answers: Said) -> None:
        self.on(SEARCH, *answers)

    def times(self, path: str) -> int:
        return sum(request.path == path for request in self.asked)

    def next_answer(self, request: Asked) -> Said:
        self.asked.append(request)
        lines = self.script[request.path]
        if not lines:
            return Said(b"{}", 404)
        return lines.pop(0) if len(lines) > 1 else lines[0]


@dataclass
class RecordingProxy:
    """An HTTP proxy that forwards to where the request wants to go."""

    address: str = ""
    passed: list[Asked] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    def url(self, user: str = "", password: str = "") -> str:
        return f"http://{user}:{password}@{self.address}" if user else f"http://{self.address}"

    def accounts(self) -> set[str]:
        """Return the accounts that came this way, by their session cookie."""
        return {request.cookies.get("SESSDATA", "") for request in self.passed}

    def paths(self) -> list[str]:
        return [request.path for request in self.passed]


@contextmanager
def scripted_platform() -> Iterator[ScriptedPlatform]:
    platform = ScriptedPlatform()

    class Handler(_Connection):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            self.reply(platform.next_answer(Asked(path, query, self.lower_headers())))

    with _serving(Handler) as address:
        platform.url = f"http://{address}"
        yield platform


@contextmanager
def recording_proxy() -> Iterator[RecordingProxy]:
    proxy = RecordingProxy()

    class Handler(_Connection):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            headers = self.lower_headers()
            proxy.passed.append(Asked(target.path, target.query, headers))
            proxy.targets.append(target.netloc)
            kept = {name: value for name, value in headers.items() if name not in SECRETS_OF_HOP}
            onward = http.client.HTTPConnection(target.netloc, timeout=10)
            onward.request("GET", target._replace(scheme="", netloc="").geturl(), headers=kept)
            answer = onward.getresponse()
            self.reply(Said(answer.read(), answer.status))
            onward.close()

    with _serving(Handler) as address:
        proxy.address = address
        yield proxy


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def lower_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def reply(self, said: Said) -> None:
        if said.drops:
            self.close_connection = True
            return
        head = [f"HTTP/1.1 {said.status} said", f"Content-Length: {len(said.body)}"]
        head += [f"{name}: {value}" for name, value in said.headers]
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + said.body)

    def log_message(self, format: str, *args: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without the look-up of the host's name

    def handle_error(self, request: Any, client_address: Any) -> None:
        return  # a client that hung up


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = _Server((HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
