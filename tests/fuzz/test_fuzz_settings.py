"""Any environment gives settings or names the variable; any DATABASE_URL an engine or advice."""

from __future__ import annotations

import math
import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.errors import SettingsError
from core.settings import Pace, Settings, load_settings, setting_names
from storage.engines.transactions import open_engine
from storage.engines.url import MySQLAddress
from tests.support.fuzz.fuzz_effort import effort
from tests.support.messages import english

SECRET = "hunter2hunter2"
SECRETS = {
    str(field.validation_alias)
    for field in Settings.model_fields.values()
    if "SecretStr" in str(field.annotation)
}
ENV_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
ODD = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-1",
        "1e3",
        "1_000",
        "nan",
        "-inf",
        "9" * 400,
        "9" * 5000,
        "0x10",
        "true",
        "１２",
        "Asia/Shanghai",
        "Asia",
        "../..",
        "UTC\n",
        "zone.tab",
        "/etc/localtime",
        "en",
        "EN",
        "[]",
        "{}",
        "http://",
        "http://[",
        "http://h",
        "https://u:p@h:99999",
        "1/2",
        "1/2.5",
        "1/0",
        "1/1e9",
        "\udcff",
        "null",
        "1e15",
        f"x{SECRET}",
    ]
)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from(sorted(setting_names())), ODD | ENV_TEXT, min_size=1, max_size=6
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No `.env` here, and nothing set by whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    yield


def test_the_secrets_are_found_by_their_type() -> None:
    assert {"DATABASE_URL", "BATON_SECRET_KEY"} <= SECRETS < setting_names()
    assert Settings.model_fields["database_url"].annotation is SecretStr


@effort(300)
@given(ENVIRONMENTS)
def test_any_environment_gives_settings_or_names_the_variable(env: dict[str, str]) -> None:
    with patch.dict(os.environ, env):
        try:
            settings = load_settings()
        except SettingsError as error:
            assert error.message.code == "wrong_settings"
            assert any(name in str(error) for name in env)
            return
    for name, value in settings.model_dump().items():
        if name.endswith("_secs"):
            for secs in value if isinstance(value, tuple) else (value,):
                assert datetime.now(UTC) + timedelta(seconds=secs) and secs < threading.TIMEOUT_MAX
        if isinstance(value, Pace):
            assert 0 < value.gap_secs < math.inf
    assert settings.quota_zone


@effort(120)
@given(
    st.sampled_from(sorted(SECRETS)),
    ENV_TEXT,
    ENV_TEXT,
    st.sampled_from(sorted(setting_names())),
    ODD,
)
def test_a_secret_is_repeated_nowhere(
    name: str, before: str, after: str, other: str, odd: str
) -> None:
    env = {other: odd.replace(SECRET, ""), name: f"{before}{SECRET}{after}"}
    with patch.dict(os.environ, env):
        try:
            shown = repr(load_settings())
        except SettingsError as error:
            shown = f"{error!r} {error.__cause__!r}"
    assert SECRET not in shown


PACES = st.from_regex(r"\A\s*[0-9]{1,4}/[0-9]{1,4}(\.[0-9]{1,3})?\s*\Z")


@effort(200)
@given(PACES | ENV_TEXT | st.builds("/".join, st.tuples(ODD, ODD)))
def test_a_pace_is_read_or_refused(text: str) -> None:
    try:
        pace = Pace.parse(text)
    except ValueError:
        found = re.fullmatch(r"\s*([0-9]+)/([0-9]+(\.[0-9]+)?)\s*", text)
        assert found is None or len(text) > 300 or not int(found[1]) or not float(found[2])
        return
    requests, secs = text.strip().split("/")
    assert (pace.requests, pace.per_secs) == (int(requests), float(secs))
    assert pace.requests > 0 and pace.per_secs > 0


URL_PARTS = st.lists(
    st.sampled_from(
        [
            "mysql",
            "sqlite",
            "://",
            "/",
            ":",
            "@",
            ",",
            "[",
            "]",
            "::1",
            "3306",
            "99999",
            "%40",
            "%",
            "?",
            "#",
            "&",
            "unix_socket=",
            "baton",
            "h1",
            "\u2100",
            "１",
            " ",
        ]
    )
    | ENV_TEXT,
    max_size=14,
).map("".join)
SCHEMES = st.sampled_from(["mysql://", "mariadb://", "MySQL://", "sqlite:///", "postgres://"])


@effort(300)
@given(SCHEMES, ENV_TEXT, URL_PARTS, URL_PARTS)
def test_any_database_url_gives_an_engine_or_advice_without_the_password(
    scheme: str, user: str, before: str, after: str
) -> None:
    try:
        engine = open_engine(f"{scheme}{user}:{before}{SECRET}{after}", 1)
    except SettingsError as error:
        assert english(error).startswith("DATABASE_URL")
        assert SECRET not in f"{error!r} {error.__cause__!r}"
    else:
        assert engine.describe()
        engine.close()


NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


@effort(100)
@given(
    st.lists(
        st.tuples(st.sampled_from(["db", "127.0.0.1", "[::1]"]), st.integers(1, 65535)),
        min_size=1,
        max_size=3,
    ),
    NAME,
    NAME,
    NAME,
)
def test_a_quoted_url_is_read_back(
    hosts: list[tuple[str, int]], user: str, password: str, database: str
) -> None:
    where = ",".join(f"{host}:{port}" for host, port in hosts)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    address = MySQLAddress.parse(f"mysql://{login}@{where}/{quote(database, safe='')}")
    assert (address.user, address.password, address.database) == (user, password, database)
    assert [(str(node), node.port) for node in address.nodes] == [
        (f"{host}:{port}", port) for host, port in hosts
    ]
    assert password not in f"{address!r}" or password in f"{user}{where}{database}mysql://@/:"
