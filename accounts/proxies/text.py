"""A proxy as people and sellers write it, read into the one form that HTTP libraries take.

No message repeats what was written: it may hold a password. It names the place (host and port) and
shows the line to write, with USER and PASSWORD for the secret parts.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from core.errors import InvalidInputError
from core.tabular.cells import is_nothing
from sources.transport.proxy_login import login_of

SCHEMES = ("http", "https", "socks5", "socks5h")
DEFAULT_SCHEME = "http"
# Words that say in a cell or on a command line that an account leaves without a proxy.
NO_PROXY = frozenset({"direct", "直连", "不使用"})
MAX_LETTERS = 2000
MAX_PORT = 65535
MAX_SOCKS_BYTES = 255  # of a user and of a password: SOCKS5 writes their lengths as one byte

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)")
SCHEME_WORD = re.compile(r"(https?|socks5h?|socks4a?)(?:://)?", re.IGNORECASE)
HOST = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)"
PLACE = re.compile(HOST + r":(?P<port>[0-9]{1,6})")
HOST_ALONE = re.compile(HOST)
PLACE_FIRST = re.compile(PLACE.pattern + r":(?P<user>[^:]*):(?P<password>[^:]*)")
PLACE_LAST = re.compile(r"(?P<user>[^:]*):(?P<password>[^:]*):" + PLACE.pattern)
COLON_IN_PASSWORD = re.compile(PLACE.pattern + r":[^:]*:[^:]*:.*")
NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
SEPARATOR = re.compile(r"[\t,;| ]")
# They end the user and the password of a URL, wherever they stand.
URL_SIGNS = "/?#"
# What a user or a password may hold in a URL as it is; the rest is written with %.
UNESCAPED = "!$&'()*+,;=-._~"
# Characters without a width, which come along when a text is copied from a web page.
INVISIBLE = (
    "\ufeff\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
ADDRESS, DOMAIN, WORD = 3, 2, 1  # how surely a text is a host


@dataclass(frozen=True)
class _Reading:
    """One way to understand a text; `is_url`: as the rules of URLs say."""

    host: str
    port: int | None
    user: bytes | None = field(default=None, repr=False)
    password: bytes | None = field(default=None, repr=False)
    is_url: bool = False

    @property
    def place(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def url(self, scheme: str) -> str:
        if self.user is None:
            return f"{scheme}://{self.place}"
        login = quote(self.user, safe=UNESCAPED)
        if self.password is not None:
            login += ":" + quote(self.password, safe=UNESCAPED + ":")
        return f"{scheme}://{login}@{self.place}"

    def line(self, scheme: str) -> str:
        """Return the URL to write, without the secret parts."""
        login = "" if self.user is None else "USER:PASSWORD@"
        return f"{scheme}://{login}{self.place}"


def read_proxy(text: str, scheme: str = DEFAULT_SCHEME) -> str | None:
    """Return the URL of the proxy that a text names; None where the text says that there is none.

    Known are URLs, `host:port`, `user:password@host:port`, `host:port@user:password`,
    `host:port:user:password`, `user:password:host:port`, each with or without a scheme in front,
    and the same parts with blanks, tabs, commas, semicolons or bars between them. In a URL (also
    one without its scheme) `%40` means `@`; in the other forms a password is taken as it stands.

    Args:
        scheme: that of a text without one.

    Raises:
        InvalidInputError: it is none of these, or could be read in two ways; the message shows the
            line to write instead, and never repeats the user or the password.
    """
    given = _bare(text)
    if is_nothing(given) or given.lower() in NO_PROXY:
        return None
    narrow = unicodedata.normalize("NFKC", given)
    if narrow != given:
        raise InvalidInputError("proxy_wide_letters", line=_line_of(narrow, scheme))
    _require_sendable(given.replace("\t", ""), scheme)
    return _with_sendable_login(_read(given, scheme))


def proxy_of_parts(place: str, user: str, password: str, scheme: str = DEFAULT_SCHEME) -> str:
    """Return the URL of a proxy whose parts stand in columns of their own, and as they are.

    `place` is `host:port`, or a whole proxy where there is neither user nor password; these are
    empty for none.

    Raises:
        InvalidInputError: as `read_proxy` does; a word for none is no proxy either.
    """
    url = read_proxy(place, scheme)
    named, _, rest = (url or "").partition("://")
    if url is None or ("@" in rest and (user or password)):
        raise InvalidInputError("proxy_not_url", schemes=list(SCHEMES))
    _require_sendable(user + password, scheme)
    if not user and not password:
        return url
    login = f"{quote(user, safe=UNESCAPED)}:{quote(password, safe=UNESCAPED + ':')}"
    return _with_sendable_login(f"{named}://{login}@{rest}")


def require_scheme(scheme: str) -> str:
    """Return the scheme of a proxy in small letters.

    Raises:
        InvalidInputError: proxies of that scheme cannot be used.
    """
    known = scheme.strip().lower().removesuffix("://")
    if known.startswith("socks4"):
        raise InvalidInputError("proxy_socks4")
    if known not in SCHEMES:
        raise InvalidInputError("proxy_not_url", schemes=list(SCHEMES))
    return known


def _require_sendable(text: str, scheme: str) -> None:
    if not text.isprintable() or len(text) > MAX_LETTERS:
        raise InvalidInputError("proxy_not_sendable", line=_example(scheme))
    if not text.isascii():
        raise InvalidInputError("proxy_not_ascii", line=_example(scheme))


def _with_sendable_login(url: str) -> str:
    login = login_of(url) if url.startswith("socks5") else None
    if login is not None and max(len(login.user), len(login.password)) > MAX_SOCKS_BYTES:
        raise InvalidInputError("proxy_login_too_long", most=MAX_SOCKS_BYTES)
    return url


def _bare(text: str) -> str:
    """Return a text without what surrounds it: blanks, invisible characters, quotation marks."""
    bare = text.strip().strip(INVISIBLE).strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        return bare[1:-1].strip()
    return bare


def _read(given: str, scheme: str) -> str:
    named = SCHEME.fullmatch(given)
    if named is None:
        found = list(_readings(given))
        if found:
            return _chosen(found, scheme).url(scheme)
        return _read_fields(given, scheme)
    scheme = require_scheme(named[1])
    rest = named[2].removesuffix("/")
    found = list(_readings(rest, in_url=True))
    if not found:
        raise _refusal(rest, scheme)
    chosen = _chosen(found, scheme, in_url=True)
    if chosen.is_url:
        _require_escaped(rest.rpartition("@")[0], chosen, scheme)
    return chosen.url(scheme)


def _read_fields(given: str, scheme: str) -> str:
    """Return the URL of a proxy whose parts stand apart, as in a row of a table."""
    sign = SEPARATOR.search(given)
    if sign is None:
        raise _refusal(given, scheme)
    fields = [part.strip() for part in given.split(None if sign[0] == " " else sign[0])]
    word = SCHEME_WORD.fullmatch(fields[0])
    if word is not None:
        scheme, fields = require_scheme(word[1]), fields[1:]
    # Five or more: a password may hold the sign, or a column means something else.
    found = list(_readings(":".join(fields))) if len(fields) <= 4 else []
    found = [one for one in found if not one.is_url or len(fields) == 2]
    if not found:
        raise _refusal(given, scheme)
    return _chosen(found, scheme).url(scheme)


def _readings(text: str, *, in_url: bool = False) -> Iterator[_Reading]:
    """Yield each way to read a text; `in_url`: a scheme stands in front of it."""
    login, mark, place = text.rpartition("@")
    host, port = _place(place, HOST_ALONE if in_url else PLACE)
    if host:
        user, password = _url_login(login) if mark and login else (None, None)
        yield _Reading(host, port, user, password, is_url=True)
    if mark:
        place, _, login = text.partition("@")
        host, port = _place(place, PLACE)
        if host and ":" in login:
            user, password = (part.encode() for part in login.split(":", 1))
            yield _Reading(host, port, user, password)
    for form in (PLACE_FIRST, PLACE_LAST):
        found = form.fullmatch(text)
        if found is not None and _is_place(found["host"], int(found["port"])):
            user, password = found["user"].encode(), found["password"].encode()
            host, port = found["host"], int(found["port"])
            # Sellers write `host:port::` for a proxy that asks for no login.
            has_login = bool(user or password)
            yield _Reading(host, port, user, password) if has_login else _Reading(host, port)


def _url_login(login: str) -> tuple[bytes, bytes | None]:
    user, mark, password = login.partition(":")
    return unquote_to_bytes(user), unquote_to_bytes(password) if mark else None


def _place(text: str, form: re.Pattern[str]) -> tuple[str, int | None]:
    """Return host and port of a text; ("", None) where it is none. HOST_ALONE needs no port."""
    found = PLACE.fullmatch(text)
    if found is not None:
        port = int(found["port"])
        return (found["host"], port) if _is_place(found["host"], port) else ("", None)
    alone = form.fullmatch(text) if form is HOST_ALONE else None
    return (text, None) if alone is not None and _surety(text) else ("", None)


def _is_place(host: str, port: int) -> bool:
    return 0 < port <= MAX_PORT and _surety(host) > 0


def _surety(host: str) -> int:
    """Return how surely a text is a host; 0 where it is none."""
    if _is_address(host):
        return ADDRESS
    is_number = host.rstrip(".").rpartition(".")[2].isdigit()
    if host.startswith("[") or is_number or not NAME.fullmatch(host) or len(host) > 253:
        return 0
    return DOMAIN if "." in host.strip(".") else WORD


def _is_address(host: str) -> bool:
    """Return whether a host is an address: IPv4, or IPv6 in brackets."""
    in_brackets = host.startswith("[") and host.endswith("]")
    try:
        version = ipaddress.ip_address(host[1:-1] if in_brackets else host).version
    except ValueError:
        return False
    return (version == 6) is in_brackets


def _chosen(found: list[_Reading], scheme: str, *, in_url: bool = False) -> _Reading:
    """Return the reading whose host is one most surely; of a URL, the one that URLs have.

    Raises:
        InvalidInputError: two are as good.
    """
    surest = max(_surety(one.host) for one in found)
    best = [one for one in found if _surety(one.host) == surest]
    as_url = [one for one in best if one.is_url]
    if in_url and as_url:
        return as_url[0]
    is_other = in_url and any(one.is_url for one in found)
    if is_other or len(best) > 1:
        raise InvalidInputError("proxy_ambiguous", line=_example(scheme))
    return best[0]


def _require_escaped(login: str, reading: _Reading, scheme: str) -> None:
    sign = next((sign for sign in login if sign in URL_SIGNS), None)
    if sign is not None:
        code = f"%{ord(sign):02X}"
        line = reading.line(scheme)
        raise InvalidInputError("proxy_sign_unescaped", sign=sign, code=code, line=line)


def _refusal(text: str, scheme: str) -> InvalidInputError:
    """Return the error of a text that is no proxy, with what is wrong where that is plain."""
    place = text.rpartition("@")[2]
    found = PLACE.match(place)
    if found is not None and _surety(found["host"]) and not 0 < int(found["port"]) <= MAX_PORT:
        return InvalidInputError("proxy_port_wrong", most=MAX_PORT, line=_example(scheme))
    if _is_bare_ipv6(place):
        return InvalidInputError("proxy_ipv6_bare", line=f"{scheme}://[ADDRESS]:PORT")
    colon = COLON_IN_PASSWORD.fullmatch(text)
    if colon is not None and _is_place(colon["host"], int(colon["port"])):
        line = f"{scheme}://USER:PASSWORD@{colon['host']}:{colon['port']}"
        return InvalidInputError("proxy_sign_unescaped", sign=":", code="%3A", line=line)
    if _surety(place) >= (WORD if "@" in text else DOMAIN):
        return InvalidInputError("proxy_port_missing", line=_example(scheme))
    return InvalidInputError("proxy_not_url", schemes=list(SCHEMES))


def _is_bare_ipv6(place: str) -> bool:
    try:
        return isinstance(ipaddress.ip_address(place.rpartition(":")[0]), ipaddress.IPv6Address)
    except ValueError:
        return False


def _line_of(narrow: str, scheme: str) -> str:
    """Return the line to write for a text in narrow letters; a general one where it is no proxy."""
    try:
        url = _read(narrow, scheme)
    except InvalidInputError:
        return _example(scheme)
    named, _, rest = url.partition("://")
    _login, mark, place = rest.rpartition("@")
    return f"{named}://{'USER:PASSWORD@' if mark else ''}{place}"


def _example(scheme: str) -> str:
    return f"{scheme}://USER:PASSWORD@HOST:PORT"
