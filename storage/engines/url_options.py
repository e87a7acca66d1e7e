"""The options of a server in DATABASE_URL (`?ssl_ca=…`), as the drivers of MySQL name them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl

from core.errors import SettingsError

MAX_CONNECT_SECS = 60.0
YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class TlsMode(StrEnum):
    """How far a connection is secured; each mode asks for all that the ones before it do."""

    DISABLED = "disabled"
    PREFERRED = "preferred"  # encrypted where the server offers it, nobody is verified
    REQUIRED = "required"
    VERIFY_CA = "verify_ca"  # the server's certificate is one of the authority's
    VERIFY_IDENTITY = "verify_identity"  # … and made for the host's name

    @property
    def is_required(self) -> bool:
        return self not in (TlsMode.DISABLED, TlsMode.PREFERRED)

    @property
    def verifies(self) -> bool:
        return self in (TlsMode.VERIFY_CA, TlsMode.VERIFY_IDENTITY)


@dataclass(frozen=True)
class TlsOptions:
    """The mode, and paths of PEM files: authorities, our certificate and its key."""

    mode: TlsMode = TlsMode.PREFERRED
    ca: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class MySQLOptions:
    """The options of a server.

    `unix_socket` is a path, used in place of host and port. `connect_secs` limits how long a
    connection may take; None for the limit of this program.
    """

    tls: TlsOptions = field(default_factory=TlsOptions)
    unix_socket: str | None = None
    connect_secs: float | None = None

    @classmethod
    def read(cls, given: Sequence[tuple[str, str]]) -> MySQLOptions:
        """Return the options for names and values of a URL.

        Raises:
            SettingsError: a name is not known (it is told with those that are), a value is wrong,
                or two options contradict each other.
        """
        values: dict[str, str] = {}
        for name, value in given:
            known = name.lower().replace("-", "_")
            if known not in NAMES:
                raise SettingsError("database_option_unknown", name=_shown(name), known=NAMES)
            if known in values:
                raise SettingsError("database_option_twice", name=known)
            values[known] = value
        return cls(
            tls=_tls(values),
            unix_socket=values.get("unix_socket") or None,
            connect_secs=_connect_secs(values.get("connect_timeout")),
        )


NAMES = (
    "ssl_mode",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_disabled",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "unix_socket",
    "connect_timeout",
)


def option_names(query: str) -> list[str]:
    """Return the names in the part of a URL behind `?`, without their values."""
    return [_shown(name) for name, _ in parse_qsl(query, keep_blank_values=True)]


def _shown(name: str) -> str:
    # What is no name may be a piece of a password.
    return name if name.replace("-", "_").isidentifier() and len(name) <= 40 else "?"


def _tls(values: dict[str, str]) -> TlsOptions:
    ca, cert, key = (values.get(f"ssl_{name}") or None for name in ("ca", "cert", "key"))
    if key and not cert:
        raise SettingsError("database_option_alone", name="ssl_key", other="ssl_cert")
    asked = [mode for mode in (_named_mode(values), *_flagged_modes(values)) if mode is not None]
    if TlsMode.DISABLED in asked and (len(set(asked)) > 1 or ca or cert):
        raise SettingsError("database_tls_contradiction")
    if asked:
        mode = max(asked, key=list(TlsMode).index)
    elif ca:
        mode = TlsMode.VERIFY_CA
    else:
        mode = TlsMode.REQUIRED if cert else TlsMode.PREFERRED
    return TlsOptions(mode=mode, ca=ca, cert=cert, key=key)


def _named_mode(values: dict[str, str]) -> TlsMode | None:
    text = values.get("ssl_mode")
    if text is None:
        return None
    try:
        return TlsMode(text.lower().replace("-", "_"))
    except ValueError:
        raise SettingsError(
            "database_option_wrong", name="ssl_mode", expected=", ".join(TlsMode)
        ) from None


def _flagged_modes(values: dict[str, str]) -> list[TlsMode]:
    flags = {
        "ssl_disabled": TlsMode.DISABLED,
        "ssl_verify_cert": TlsMode.VERIFY_CA,
        "ssl_verify_identity": TlsMode.VERIFY_IDENTITY,
    }
    return [mode for name, mode in flags.items() if _flag(name, values.get(name, "false"))]


def _flag(name: str, text: str) -> bool:
    value = YES_OR_NO.get(text.lower())
    if value is None:
        raise SettingsError("database_option_wrong", name=name, expected="true, false")
    return value


def _connect_secs(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        secs = float(text)
    except ValueError:
        secs = math.nan
    if not 0 < secs <= MAX_CONNECT_SECS:
        expected = f"0 < … ≤ {MAX_CONNECT_SECS:.0f}"
        raise SettingsError("database_option_wrong", name="connect_timeout", expected=expected)
    return secs
