"""The URL of MySQL and MariaDB in DATABASE_URL: one server, or several nodes of a cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import SettingsError

PORT = 3306
# host, [IPv6] or a name without a port
NODE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:,\[\]]+))(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class Node:
    """The address of one server."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True)
class MySQLAddress:
    """The servers, the user and the name of a database; `password` does not show in a repr.

    `unix_socket` is a path, used in place of host and port; None for TCP.
    """

    nodes: tuple[Node, ...]
    user: str
    password: str
    database: str
    unix_socket: str | None = None

    def __repr__(self) -> str:
        where = self.unix_socket or ",".join(map(str, self.nodes))
        return f"mysql://{self.user}@{where}/{self.database}"

    @classmethod
    def parse(cls, url: str) -> MySQLAddress:
        """Return the address in a URL.

        Raises:
            SettingsError: it cannot be read. No part of the URL is repeated, as it holds the
                password.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _unreadable() from None
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        database = unquote(parts.path.lstrip("/"))
        if not hosts or not database or not user:
            raise SettingsError("database_url_incomplete")
        socket = parse_qs(parts.query).get("unix_socket", [None])[0]
        nodes = tuple(_node(text.strip()) for text in hosts.split(","))
        return cls(
            nodes=nodes,
            user=unquote(user),
            password=unquote(password),
            database=database,
            unix_socket=socket,
        )


def _node(text: str) -> Node:
    match = NODE.fullmatch(text)
    port = int(match["port"] or PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise _unreadable()
    return Node(match["six"] or match["host"], port)


def _unreadable() -> SettingsError:
    return SettingsError("database_url_unreadable")
