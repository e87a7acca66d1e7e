"""DATABASE_URL: a SQLite file, one server of MySQL or MariaDB, or several nodes of a cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from core.errors import SettingsError
from storage.engines.url_options import MySQLOptions, option_names

PORT = 3306
# host, [IPv6] or a name without a port
NODE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:,\[\]]+))(?::(?P<port>\d{1,5}))?")
LOCAL = "localhost"


@dataclass(frozen=True)
class Node:
    """The address of one server."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True)
class MySQLAddress:
    """The servers, the user and the name of a database; `password` does not show in a repr."""

    nodes: tuple[Node, ...]
    user: str
    password: str
    database: str
    options: MySQLOptions = field(default_factory=MySQLOptions)

    def __repr__(self) -> str:
        where = self.options.unix_socket or ",".join(map(str, self.nodes))
        return f"mysql://{self.user}@{where}/{self.database}"

    @classmethod
    def parse(cls, url: str) -> MySQLAddress:
        """Return the address in a URL.

        Raises:
            SettingsError: it cannot be read, or has an option that is not known. No other part of
                the URL is repeated, as it holds the password.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _unreadable() from None
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        database = unquote(parts.path.lstrip("/"))
        if not database or not user:
            raise SettingsError("database_url_incomplete")
        # A password whose ? or # is not percent-encoded would be taken for options.
        if parts.fragment or "@" in parts.query:
            raise _unreadable()
        options = MySQLOptions.read(parse_qsl(parts.query, keep_blank_values=True))
        if not hosts and options.unix_socket is None:
            raise SettingsError("database_url_incomplete")
        return cls(
            nodes=tuple(_node(text.strip()) for text in (hosts or LOCAL).split(",")),
            user=unquote(user),
            password=unquote(password),
            database=database,
            options=options,
        )


def sqlite_path(url: str) -> Path:
    """Return the path of the file in a URL `sqlite:///PATH`.

    Raises:
        SettingsError: the path is missing, or something else than a path of the file system.
    """
    path = url.removeprefix("sqlite:///")
    if not url.startswith("sqlite:///") or not path:
        raise SettingsError("database_url_without_path")
    query = path.partition("?")[2]
    if "=" in query:  # else it is a strange name of a file
        raise SettingsError("sqlite_option_unknown", name=", ".join(option_names(query)))
    if path.startswith("~"):
        raise SettingsError("sqlite_path_with_tilde", path=path)
    if unquote(path) == ":memory:":
        raise SettingsError("sqlite_in_memory")
    return Path(unquote(path))


def _node(text: str) -> Node:
    match = NODE.fullmatch(text)
    port = int(match["port"] or PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise _unreadable()
    return Node(match["six"] or match["host"], port)


def _unreadable() -> SettingsError:
    return SettingsError("database_url_unreadable")
