"""Cookies in commands that developer tools copy: cURL for bash and cmd, fetch, PowerShell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sources.cookies.given import GivenCookie, GivenCookies, host_of, merged
from sources.cookies.literals import unescaped
from sources.cookies.text_forms import read_header

CURL = re.compile(
    r"""\s*(?:curl(?:\.exe)?\s|(?:-b|-H|-A|--cookie|--header)(?:\s+|(?=['"^$]))['"^$A-Za-z_])""",
    re.IGNORECASE,
)
CMD = re.compile(r'\^["%]|%\^|\^\s*$', re.MULTILINE)
SHELL_PIECE = re.compile(
    r"""\$'(?P<ansi>(?:[^'\\]|\\.)*)'|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"
    |\\(?P<escaped>.)|(?P<plain>[^\s'"\\;&]+)|(?P<end>[;&])""",
    re.VERBOSE | re.DOTALL,
)
# cmd knows double quotes only, and doubles one inside of them.
CMD_PIECE = re.compile(
    r"""(?P<ansi>(?!))|(?P<single>(?!))|"(?P<double>(?:[^"\\]|\\.|"")*)"
    |(?P<escaped>(?!))|(?P<plain>[^\s"&]+)|(?P<end>&)""",
    re.VERBOSE | re.DOTALL,
)
IN_DOUBLE = re.compile(r'\\(["\\$`])|""')
FETCH_COOKIE = re.compile(r'"cookie"\s*:\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
FETCH_AGENT = re.compile(r'"user-agent"\s*:\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
FETCH_URL = re.compile(r'fetch\(\s*"((?:[^"\\]|\\.)*)"')
POWERSHELL_COOKIE = re.compile(
    r'System\.Net\.Cookie\("((?:[^"`]|`.)*)",\s*"((?:[^"`]|`.)*)"(?:,\s*"[^"]*",\s*"([^"]*)")?'
)
POWERSHELL_AGENT = re.compile(r'UserAgent\s*=\s*"((?:[^"`]|`.)*)"')


def is_curl(text: str) -> bool:
    """Return whether a text is a cURL command, or begins with one of its options."""
    return CURL.match(text) is not None


def read_curl(text: str) -> GivenCookies:
    """Return the cookies and the User-Agent of cURL commands, written for bash or for cmd.

    The cookies belong to the host of their command's URL. One option alone is read as well.
    """
    return merged(_in_command(words) for words in _commands(text))


def read_fetch(text: str) -> GivenCookies | None:
    """Return the cookies in a copied `fetch(…)` or PowerShell request; None for other texts."""
    if "System.Net.Cookie(" in text:
        cookies = tuple(
            GivenCookie(_backticks(name), _backticks(value), host_of(domain or ""))
            for name, value, domain in POWERSHELL_COOKIE.findall(text)
        )
        agent = POWERSHELL_AGENT.search(text)
        return GivenCookies(cookies, _backticks(agent[1]) if agent else None)
    if not text.lstrip().startswith(("fetch(", "await fetch(")):
        return None
    urls, agent = FETCH_URL.search(text), FETCH_AGENT.search(text)
    host = host_of(unescaped(urls[1])) if urls else None
    given = merged(read_header(unescaped(found), host) for found in FETCH_COOKIE.findall(text))
    return GivenCookies(given.cookies, unescaped(agent[1]) if agent else None, given.left_out)


def _backticks(text: str) -> str:
    return re.sub(r"`(.)", r"\1", text)


def _in_command(words: list[str]) -> GivenCookies:
    host, agent, texts = None, None, []
    options = iter(words)
    for word in options:
        option, value = _option(word, options)
        if option in ("-b", "--cookie") and "=" in value:
            texts.append(value)
        elif option in ("-A", "--user-agent"):
            agent = value
        elif option in ("-H", "--header"):
            name, _, content = value.partition(":")
            if name.strip().lower() == "cookie":
                texts.append(content)
            elif name.strip().lower() == "user-agent":
                agent = content.strip()
        elif option in ("", "--url") and host is None and "." in value:
            host = host_of(value)
    given = merged(read_header(text, host) for text in texts)
    return GivenCookies(given.cookies, agent or None, given.left_out)


# Options of copied commands whose argument is no URL.
WITH_ARGUMENT = {
    *("-b", "--cookie", "-A", "--user-agent", "-H", "--header", "--url", "-X", "--request", "-d"),
    *("--data", "--data-raw", "--data-binary", "--data-ascii", "-e", "--referer", "-x", "--proxy"),
    *("-o", "--output", "-u", "--user", "-m", "--max-time", "-F", "--form"),
}


def _option(word: str, following: Iterator[str]) -> tuple[str, str]:
    """Return an option with its argument; an empty option for a word that is none."""
    if not word.startswith("-"):
        return "", word
    name, mark, value = word.partition("=")
    if word.startswith("--") and mark:
        return name, value
    if word in WITH_ARGUMENT:
        return word, next(following, "")
    if word[:2] in WITH_ARGUMENT:
        return word[:2], word[2:].removeprefix("=")
    return word, ""


def _commands(text: str) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for word in _words(text):
        if word is None or re.fullmatch(r"curl(\.exe)?", word, re.IGNORECASE):
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def _words(text: str) -> Iterator[str | None]:
    """Yield the words of a shell's or cmd's command; None where one command ends."""
    is_cmd = CMD.search(text) is not None
    form = CMD_PIECE if is_cmd else SHELL_PIECE
    joined = _without_carets(text) if is_cmd else re.sub(r"\\\r?\n", " ", text)
    position, word = 0, None
    while position < len(joined):
        piece = form.match(joined, position)
        if piece and not piece["end"]:
            word = (word or "") + _inside(piece)
        elif piece or joined[position].isspace():
            if word is not None:
                yield word
            word = None
            if piece:
                yield None
        # A quote without an end is left out: what is behind it still is read.
        position = piece.end() if piece else position + 1
    if word is not None:
        yield word


def _without_carets(text: str) -> str:
    return re.sub(r"\^(\r?\n|.)", lambda match: match[1].strip("\r\n") or " ", text)


def _inside(piece: re.Match[str]) -> str:
    if piece["ansi"] is not None:
        return unescaped(piece["ansi"])
    if piece["double"] is not None:
        return IN_DOUBLE.sub(lambda match: match[1] or '"', piece["double"])
    return next(piece[kind] for kind in ("single", "escaped", "plain") if piece[kind] is not None)
