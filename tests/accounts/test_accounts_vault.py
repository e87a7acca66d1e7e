"""The vault: nothing in clear, the right key or nothing, keys that rotate while others work."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from accounts.vault import Credentials, KeySource, Vault
from app.container import App
from core.errors import CredentialsError
from core.settings import Settings
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.crawling import accounts as rows
from storage.engines.transactions import Database
from storage.schema import schema
from tests.accounts.conftest import Pool
from tests.support.mariadb import MariaDBServer
from tests.support.messages import raises_saying

ROTATOR = Path(__file__).parents[1] / "support/accounts/vault_rotator.py"
ROOT = ROTATOR.parents[3]
SECRETS = Credentials("pass-w0rd-密码", "SESSDATA=c00kie-value", "http://u:pr0xy@host:1")
CLEAR = ("pass-w0rd", "密码", "c00kie-value", "pr0xy")


def new_key() -> str:
    return Fernet.generate_key().decode()


def add(app: App, name: str = "a", credentials: Credentials = SECRETS) -> int:
    return app.pool.registry.add("bilibili", name, credentials, 10)


def secrets_of(app: App, name: str = "a") -> tuple[str | None, ...]:
    """What an app with a vault of its own reads: nothing remembered from before."""
    account = app.pool.registry.find(name)
    vault = Vault(app.vault._keys)
    return tuple(vault.decrypt(one) for one in (account.password, account.session, account.proxy))


IN_CLEAR = (SECRETS.password, SECRETS.session, SECRETS.proxy)


def dump(app: App) -> str:
    """Everything that any row of any table holds."""
    database: Database = app.database
    connection = database.engine.connect()
    tables = database.engine.tables(connection)
    database.engine.release(connection)
    found = [database.read(lambda tx, t=t: tx.all(f"SELECT * FROM {t}")) for t in sorted(tables)]
    return repr([[dict(row) for row in rows] for rows in found])


def test_secrets_come_back_and_stand_nowhere_in_clear(app: App, database_url: str, tmp_path: Path):
    add(app)
    leased = Pool(app).must_lease()
    assert app.pool.manager.credentials(leased) == SECRETS
    written = dump(app).encode()
    if database_url.startswith("sqlite"):
        written += b"".join(file.read_bytes() for file in tmp_path.glob("baton.db*"))
    for clear in CLEAR:
        assert clear.encode() not in written
    assert b"gAAAA" in written


def test_missing_secrets_stay_missing(app: App):
    add(app, credentials=Credentials(session="SESSDATA=x"))
    assert secrets_of(app) == (None, "SESSDATA=x", None)


def test_the_same_secret_is_never_stored_the_same_way_twice(app: App):
    assert app.vault.encrypt("x") != app.vault.encrypt("x")


def test_the_first_use_makes_a_key_file_for_its_owner_only(app: App):
    file = app.settings.key_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    Fernet(file.read_text().strip())
    assert [one.name for one in file.parent.iterdir()] == ["secret.key"]


def test_the_mode_of_the_key_file_survives_rotation_and_a_lax_umask(make_app):
    before = os.umask(0)
    try:
        app = make_app()
        app.vault.rotate(app.database)
    finally:
        os.umask(before)
    assert stat.S_IMODE(app.settings.key_file.stat().st_mode) == 0o600


def test_a_given_key_leaves_no_key_file(make_app):
    app = make_app(secret_key=SecretStr(new_key()))
    add(app)
    assert secrets_of(app) == IN_CLEAR
    assert not app.settings.key_file.exists()


def test_another_key_is_refused_and_changes_nothing(make_app):
    app = make_app(secret_key=SecretStr(new_key()))
    add(app)
    before = dump(app)
    with raises_saying(CredentialsError, r"BATON_SECRET_KEY is not the key.*nothing"):
        make_app(secret_key=SecretStr(new_key()))
    assert dump(app) == before


SOME_KEY = urlsafe_b64encode(b"k" * 32).decode()


@pytest.mark.parametrize("key", ["hunter2", "hunter2" * 9, "密钥hunter2", "hunter2," + SOME_KEY])
def test_a_malformed_key_is_refused_without_repeating_it(make_app, key: str):
    with raises_saying(CredentialsError, r"BATON_SECRET_KEY is no Fernet key") as caught:
        make_app(secret_key=SecretStr(key))
    assert "hunter2" not in str(caught.value)
    assert "generate_key" in ENGLISH_RENDERER.sentence(caught.value)


def test_a_key_setting_without_a_key_names_the_setting(make_app, tmp_path: Path):
    with raises_saying(CredentialsError, "BATON_SECRET_KEY"):
        make_app(secret_key=SecretStr(","))
    assert not (tmp_path / "data" / "secret.key").exists()


@pytest.mark.parametrize("content", [b"not a key\n", b"\xff\xfe\x00", b"abcd"])
def test_a_damaged_key_file_is_told(make_app, content: bytes):
    app = make_app()
    add(app)
    app.settings.key_file.write_bytes(content)
    with raises_saying(CredentialsError, r"key file .*secret\.key"):
        make_app()
    assert app.settings.key_file.read_bytes() == content


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_key_file_is_not_made_anew_over_existing_secrets(make_app, content: bytes | None):
    app = make_app()
    add(app)
    file = app.settings.key_file
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    before = dump(app)
    with raises_saying(CredentialsError, "nothing was changed; put the key back"):
        make_app()
    assert dump(app) == before
    assert file.exists() is (content is not None)


def test_of_several_keys_that_of_the_database_encrypts_and_all_decrypt(make_app):
    """Hosts that do not have the new key yet must be able to read what is stored meanwhile."""
    old, new = new_key(), new_key()
    add(make_app(secret_key=SecretStr(old)), "old")
    both = make_app(secret_key=SecretStr(f" {new} ,\n{old},"))

    def key_of(name: str) -> str:
        token = both.pool.registry.find(name).session
        assert token is not None
        for key in (old, new):
            with suppress(InvalidToken):
                Fernet(key).decrypt(token.encode())
                return key
        raise AssertionError("neither key opens it")

    add(both, "before")
    assert key_of("before") == old
    both.vault.rotate(both.database)
    add(both, "after")
    assert [key_of(name) for name in ("old", "before", "after")] == [new] * 3
    assert secrets_of(both, "before") == secrets_of(both, "after") == IN_CLEAR


def test_rotation_with_the_setting_frees_the_old_key(make_app):
    old, new = new_key(), new_key()
    add(make_app(secret_key=SecretStr(old)))
    both = make_app(secret_key=SecretStr(f"{new},{old}"))
    assert both.vault.rotate(both.database) == 1
    only_new = make_app(secret_key=SecretStr(new))
    assert secrets_of(only_new) == IN_CLEAR
    with pytest.raises(CredentialsError):
        make_app(secret_key=SecretStr(old))


def test_rotation_with_the_file_puts_a_new_key_in_it(make_app):
    app = make_app()
    add(app)
    before = app.settings.key_file.read_text()
    assert app.vault.rotate(app.database) == 1
    after = app.settings.key_file.read_text()
    assert len(after.split()) == 1 and after != before
    assert secrets_of(make_app()) == IN_CLEAR


def test_rotation_of_an_empty_pool_changes_the_key_as_well(make_app):
    app = make_app()
    before = app.settings.key_file.read_text()
    assert app.vault.rotate(app.database) == 0
    assert app.settings.key_file.read_text() != before
    add(make_app())


def damage(app: App, name: str) -> None:
    """Give an account a secret of a key that nobody has."""
    account = app.pool.registry.find(name)
    foreign = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    app.database.write(rows.set_secrets, account.id, (None, foreign, None), account.updated_at)


def test_a_secret_that_does_not_decrypt_stops_the_whole_rotation(make_app):
    app = make_app()
    for name in ("first", "broken", "last"):
        add(app, name)
    damage(app, "broken")
    before = dump(app)
    with raises_saying(CredentialsError, r"'broken'.*nothing was changed"):
        app.vault.rotate(app.database)
    assert dump(app) == before
    assert secrets_of(make_app(), "first") == IN_CLEAR
    assert secrets_of(make_app(), "last") == IN_CLEAR


def test_a_rotation_that_was_stopped_leaves_the_key_file_as_it_was(make_app):
    app = make_app()
    add(app)
    damage(app, "a")
    before = app.settings.key_file.read_text()
    for _ in range(2):
        with pytest.raises(CredentialsError):
            app.vault.rotate(app.database)
    assert app.settings.key_file.read_text() == before


def test_a_running_process_picks_up_a_rotated_key_file(make_app):
    running = make_app()
    add(running)
    assert running.vault.decrypt(running.pool.registry.find("a").session) == SECRETS.session
    other = make_app()
    other.vault.rotate(other.database)
    leased = Pool(running).must_lease()
    assert running.pool.manager.credentials(leased) == SECRETS


def test_what_a_running_process_stores_after_a_rotation_can_be_read(make_app):
    running = make_app()
    add(running)
    other = make_app()
    other.vault.rotate(other.database)
    add(running, "later")
    assert secrets_of(make_app(), "later") == IN_CLEAR


def test_a_refreshed_session_replaces_only_what_is_given(make_app):
    app = make_app()
    add(app)

    def refresh(session: str, proxy: str | None = None) -> list[str]:
        return app.pool.registry.refresh(
            app.pool.registry.find("a"), Credentials(None, session, proxy)
        )

    assert refresh("SESSDATA=c00kie-value") == []
    assert refresh("SESSDATA=new") == ["session"]
    assert secrets_of(app) == (SECRETS.password, "SESSDATA=new", SECRETS.proxy)
    assert refresh("SESSDATA=new", "http://h:2") == ["proxy"]
    assert secrets_of(app) == (SECRETS.password, "SESSDATA=new", "http://h:2")
    events = [event.kind for event in app.pool.registry.events(app.pool.registry.find("a"))]
    assert events == ["session_replaced", "session_replaced", "added"]


def test_a_refresh_across_a_rotation_writes_no_old_secret_back(make_app):
    app = make_app()
    add(app)
    account = app.pool.registry.find("a")
    other = make_app()
    other.vault.rotate(other.database)
    app.pool.registry.refresh(account, Credentials(session="SESSDATA=new"))
    assert secrets_of(make_app()) == (SECRETS.password, "SESSDATA=new", SECRETS.proxy)


def test_a_secret_of_an_unknown_key_is_told_without_its_text(make_app):
    app = make_app()
    add(app)
    damage(app, "a")
    token = app.pool.registry.find("a").session
    assert token is not None
    with raises_saying(CredentialsError, r"not encrypted with the keys of key file") as caught:
        app.vault.decrypt(token)
    assert token not in str(caught.value)


def run_together(url: str, folder: Path, processes: int, rotations: int) -> list[int]:
    """Exit codes of that many rotators that begin at the same time."""
    running = [
        subprocess.Popen(
            [sys.executable, str(ROTATOR), str(rotations)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "PYTHONPATH": str(ROOT),
                "BATON_DATA_DIR": str(folder / "data"),
                "BATON_LOG_DIR": str(folder / "logs"),
            },
        )
        for _ in range(processes)
    ]
    for one in running:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in running:
        one.communicate(timeout=60)
    return [one.returncode for one in running]


def test_processes_that_start_together_agree_on_one_first_key(
    mariadb: MariaDBServer, tmp_path: Path, clock
):
    url = mariadb.new_database()
    settings = Settings(_env_file=None, database_url=SecretStr(url), data_dir=tmp_path / "data")
    app = App(settings, clock=clock)
    schema.create(app.database)
    assert run_together(url, tmp_path, processes=3, rotations=0) == [0, 0, 0]
    add(app.open())
    assert secrets_of(app) == IN_CLEAR
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret.key"]
    app.close()
    mariadb.drop_database(url)


def test_rotations_at_the_same_time_lose_no_secret(tmp_path: Path, make_app, database_url: str):
    app = make_app()
    add(app)
    assert run_together(database_url, tmp_path, processes=2, rotations=15) == [0, 0]
    assert secrets_of(make_app()) == IN_CLEAR


def test_first_keys_of_two_processes_are_one(tmp_path: Path):
    keys = KeySource(None, tmp_path / "data" / "secret.key")
    first, second = new_key(), new_key()
    assert keys.write_first(first) is True
    assert keys.write_first(second) is False
    assert keys.read() == [first]


def test_nothing_that_is_printed_shows_a_secret(make_app):
    key = new_key()
    app = make_app(secret_key=SecretStr(key))
    add(app)
    account = app.pool.registry.find("a")
    leased = Pool(app).must_lease()
    shown = " ".join(
        map(
            repr, (SECRETS, account, leased, app.settings, app.vault._keys, app.pool.registry.all())
        )
    )
    for clear in (*CLEAR, key, "p@ss word", "p%40ss%20word", account.session, account.password):
        assert clear is not None and clear not in shown
    assert "username='a'" in shown


def test_one_key_wins_among_writers_with_the_same_process_id(tmp_path: Path) -> None:
    """Threads have one process id, and so have the first processes of two containers."""
    writers = 4
    for round_ in range(50):
        source = KeySource(None, tmp_path / str(round_) / "secret.key")
        together = Barrier(writers)

        def write(key: str, source: KeySource = source, together: Barrier = together) -> bool:
            together.wait()
            return source.write_first(key)

        keys = [Fernet.generate_key().decode() for _ in range(writers)]
        with ThreadPoolExecutor(writers) as pool:
            won = list(pool.map(write, keys))
        assert won.count(True) == 1
        assert source.read() == [keys[won.index(True)]]
        assert [file.name for file in source.file.parent.iterdir()] == ["secret.key"]
