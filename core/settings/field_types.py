"""Types of settings: how the text of an environment variable becomes a checked value."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from core.errors import WrongValueError
from core.schedule import check_cron
from core.settings.pace import Pace

EGRESS_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_SECS = 30 * 86400.0  # more overflows what a datetime can add and a thread can wait
FILE_MODE = re.compile(r"0?[0-7]{3}")
ROOT_PATH = re.compile(r"(?:/[\w.~-]*[\w~-])+", re.ASCII)  # no part is `.`, `..` or empty


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise WrongValueError("time_zone_unknown", name=name) from error
    return name


def _parse_http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise WrongValueError("not_http_url", text=text)
    return text.rstrip("/")


def _split_list(given: object) -> tuple[str, ...]:
    if isinstance(given, tuple):
        return given
    return tuple(part.strip() for part in str(given).split(",") if part.strip())


def _check_egress_name(name: str) -> str:
    if not EGRESS_NAME.fullmatch(name):
        raise WrongValueError("egress_name_wrong", name=name)
    return name


def _parse_delays(given: object) -> tuple[float, ...]:
    try:
        delays = tuple(float(part) for part in _split_list(given))
    except ValueError:
        # A text that is no list of numbers fails the check below, as a negative number does.
        delays = (-1.0,)
    if not all(0 <= secs <= MAX_SECS for secs in delays):
        raise WrongValueError("seconds_list_wrong", text=str(given))
    return delays


def _parse_networks(given: object) -> tuple[str, ...]:
    networks = _split_list(given)
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise WrongValueError("network_malformed", text=network) from error
    return networks


def _parse_root_path(text: str) -> str:
    path = text.strip().rstrip("/")
    if path and not ROOT_PATH.fullmatch(path):
        raise WrongValueError("root_path_malformed", text=text)
    return path


def _check_file_mode(text: str) -> str:
    if not FILE_MODE.fullmatch(text):
        raise WrongValueError("file_mode_malformed", text=text)
    owner, group, others = (int(digit) for digit in text[-3:])
    if owner != 6:
        raise WrongValueError("file_mode_of_owner", text=text)
    if others & 2:
        raise WrongValueError("file_mode_for_anybody", text=text)
    if (group | others) & 1:
        raise WrongValueError("file_mode_executable", text=text)
    return text


PaceSetting = Annotated[
    Pace, NoDecode, BeforeValidator(lambda v: v if isinstance(v, Pace) else Pace.parse(v))
]
CronSetting = Annotated[str, AfterValidator(check_cron)]
ListSetting = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)]
DelaysSetting = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_parse_delays)]
ZoneSetting = Annotated[str, AfterValidator(_check_zone)]
FileModeSetting = Annotated[str, AfterValidator(_check_file_mode)]
EgressNameSetting = Annotated[str, AfterValidator(_check_egress_name)]
UrlSetting = Annotated[str, AfterValidator(_parse_http_url)]
NetworksSetting = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_networks)]
RootPathSetting = Annotated[str, AfterValidator(_parse_root_path)]
