"""TLS to the server: the options of DATABASE_URL, and what each of them refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from core.errors import DatabaseError, DatabaseRefusedError, DatabaseUnavailableError, SettingsError
from storage.engines.transactions import Tx, open_engine
from storage.engines.url import MySQLAddress
from storage.engines.url_options import TlsMode
from tests.support.mariadb import MariaDBServer, private_server
from tests.support.messages import raises_saying
from tests.support.storage.certificates import Authority


@dataclass(frozen=True)
class Secured:
    """A server with a certificate for localhost and 127.0.0.1, and the authority that issued it."""

    server: MariaDBServer
    authority: Authority
    url: str


@pytest.fixture(scope="module")
def secured(mariadb: MariaDBServer, tmp_path_factory) -> Iterator[Secured]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    cert, key = authority.issue("localhost")
    tls = (f"--ssl-ca={authority.ca}", f"--ssl-cert={cert}", f"--ssl-key={key}")
    with private_server(*tls) as server:
        yield Secured(server, authority, server.new_database())


@pytest.fixture(scope="module")
def plain(mariadb: MariaDBServer) -> Iterator[str]:
    """The URL of a server that offers no encryption."""
    with private_server("--skip-ssl") as server:
        yield server.new_database()


def cipher(database) -> str:
    return database.read(lambda tx: tx.one("SHOW SESSION STATUS LIKE 'Ssl_cipher'"))["Value"]


@pytest.mark.parametrize("mode", ["preferred", "required", "REQUIRED"])
def test_a_server_that_offers_it_is_spoken_to_encrypted(secured, open_database, mode: str):
    assert cipher(open_database(f"{secured.url}?ssl_mode={mode}"))


def test_by_default_what_the_server_offers_is_taken(secured, plain, open_database):
    assert cipher(open_database(secured.url))
    assert not cipher(open_database(plain))


@pytest.mark.parametrize("option", ["ssl_mode=disabled", "ssl_disabled=true"])
def test_encryption_can_be_switched_off(secured, open_database, option: str):
    assert not cipher(open_database(f"{secured.url}?{option}"))


@pytest.mark.parametrize("mode", ["required", "verify_ca", "verify-identity"])
def test_a_server_that_offers_none_is_refused_where_it_is_required(plain, open_database, mode):
    with raises_saying(DatabaseError, "no secure connection") as caught:
        cipher(open_database(f"{plain}?ssl-mode={mode}", patience_secs=60))
    assert isinstance(caught.value, DatabaseRefusedError)
    assert "p@ss word" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_server_that_offers_none_hears_no_password(plain, open_database):
    # It would say whether the password is right.
    url = plain.replace("p%40ss%20word", "hunter2")
    with raises_saying(DatabaseError, "no secure connection"):
        cipher(open_database(f"{url}?ssl_mode=required"))


@pytest.mark.parametrize("mode", ["", "&ssl_mode=verify_ca", "&ssl_mode=verify_identity"])
def test_a_server_of_the_authority_is_verified(secured, open_database, mode: str):
    database = open_database(f"{secured.url}?ssl_ca={secured.authority.ca}{mode}")
    assert cipher(database)
    tls = database.read(Tx.tls)
    assert tls is not None and tls.is_verified and tls.days_left in (29, 30)


def test_a_server_of_another_authority_is_refused(secured, open_database, tmp_path):
    other = Authority(tmp_path / "other", name="Other")
    with raises_saying(DatabaseError, "no secure connection") as caught:
        cipher(open_database(f"{secured.url}?ssl_ca={other.ca}", patience_secs=60))
    assert isinstance(caught.value, DatabaseRefusedError)


def test_a_certificate_for_another_name_is_refused_by_identity_only(
    mariadb: MariaDBServer, open_database, tmp_path
):
    authority = Authority(tmp_path / "authority")
    cert, key = authority.issue("elsewhere.example")
    tls = (f"--ssl-ca={authority.ca}", f"--ssl-cert={cert}", f"--ssl-key={key}")
    with private_server(*tls) as server:
        url = f"{server.new_database()}?ssl_ca={authority.ca}"
        assert cipher(open_database(url))
        with raises_saying(DatabaseError, "127.0.0.1") as caught:
            cipher(open_database(f"{url}&ssl_mode=verify_identity"))
        assert not isinstance(caught.value, DatabaseUnavailableError)


def test_a_user_that_needs_a_certificate_gets_in_with_it(secured, open_database):
    name = secured.url.rsplit("/", 1)[1]
    with closing(secured.server.connect()) as admin, admin.cursor() as cursor:
        cursor.execute("CREATE USER 'signed'@'127.0.0.1' IDENTIFIED BY 'x' REQUIRE X509")
        cursor.execute(f"GRANT ALL ON {name}.* TO 'signed'@'127.0.0.1'")
    cert, key = secured.authority.issue("client")
    url = f"mysql://signed:x@127.0.0.1:{secured.server.port}/{name}"
    assert cipher(open_database(f"{url}?ssl_cert={cert}&ssl_key={key}"))
    with raises_saying(DatabaseError, "REQUIRE SSL or X509 needs ssl_mode=required"):
        cipher(open_database(url))


def test_a_file_that_cannot_be_read_is_told_when_the_url_is_read(tmp_path):
    with raises_saying(SettingsError, "ssl_ca /nowhere/ca.pem cannot be used: No such file"):
        open_engine("mysql://u:hunter2@h/b?ssl_ca=/nowhere/ca.pem", 1)
    (tmp_path / "no.pem").write_text("no certificate")
    with raises_saying(SettingsError, "ssl_cert .* cannot be used"):
        open_engine(f"mysql://u:hunter2@h/b?ssl_cert={tmp_path / 'no.pem'}", 1)


def mode_of(query: str) -> TlsMode:
    return MySQLAddress.parse(f"mysql://u:p@h/b?{query}").options.tls.mode


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("", TlsMode.PREFERRED),
        ("ssl_ca=/ca", TlsMode.VERIFY_CA),
        ("ssl_ca=/ca&ssl_mode=required", TlsMode.REQUIRED),
        ("ssl_cert=/c&ssl_key=/k", TlsMode.REQUIRED),
        ("ssl_verify_cert=true", TlsMode.VERIFY_CA),
        ("ssl_verify_cert=true&ssl_verify_identity=1", TlsMode.VERIFY_IDENTITY),
        ("ssl_verify_identity=false", TlsMode.PREFERRED),
        ("ssl_disabled=yes", TlsMode.DISABLED),
    ],
)
def test_the_options_of_the_drivers_mean_a_mode(query: str, mode: TlsMode):
    assert mode_of(query) is mode


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("ssl_mod=required", "ssl_mod is no option; known are ssl_mode, ssl_ca, .*connect_timeout"),
        ("charset=utf8", "charset is no option"),
        ("autocommit", "autocommit is no option"),
        ("ssl_mode=yes", "ssl_mode must be one of: disabled, preferred"),
        ("ssl_disabled=maybe", "ssl_disabled must be one of: true, false"),
        ("ssl_mode=required&ssl-mode=disabled", "ssl_mode is given twice"),
        ("ssl_mode=disabled&ssl_ca=/ca", "TLS is both switched off and asked for"),
        ("ssl_disabled=1&ssl_verify_cert=1", "TLS is both switched off and asked for"),
        ("ssl_key=/k", "ssl_key needs ssl_cert too"),
        ("connect_timeout=soon", "connect_timeout must be one of"),
        ("connect_timeout=0", "connect_timeout must be one of"),
        ("connect_timeout=61", "connect_timeout must be one of"),
    ],
)
def test_what_is_no_option_is_refused_by_its_name(query: str, told: str):
    with raises_saying(SettingsError, told) as caught:
        open_engine(f"mysql://u:hunter2@h/b?{query}", 1)
    assert "hunter2" not in str(caught.value)


def test_a_piece_of_a_password_is_not_repeated_as_an_option():
    with raises_saying(SettingsError, "DATABASE_URL") as caught:
        open_engine("mysql://u@h/b?hunter2!", 1)
    assert "hunter2" not in str(caught.value)
