"""The vault: secrets of accounts, encrypted with Fernet keys that can be rotated."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import CredentialsError, KeyChangedError
from core.installation.file_access import make_folder, sync_folder
from core.messages import Message
from storage.crawling import account_logins, accounts, proxy_inventory
from storage.distribution import distribution_tasks
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account
from storage.schema import schema

# A known text is stored encrypted: keys are the right ones when they decrypt it.
KEY_CHECK = "vault_check"
KEY_CHECK_TEXT = b"baton"
# What names of egress routes are salted with; made by `accounts/egress/identities.py`.
EGRESS_SALT = "egress_salt"
SETTING = "BATON_SECRET_KEY"


class KeyTrouble(StrEnum):
    """What may be wrong with the keys of a running process."""

    OUTDATED = "outdated"  # the database was encrypted with a key that it does not have
    OTHER_ON_DISK = "other_on_disk"  # it has the right key, the next start would not
    UNREADABLE = "unreadable"  # the key file is missing, cannot be read or is damaged


@dataclass(frozen=True)
class Credentials:
    """An account's decrypted secrets; they show in no repr.

    `device` is JSON of the cookies that the platform knows its browser by; a person gives none.
    """

    password: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class KeySource:
    """Where the Fernet keys come from: the setting BATON_SECRET_KEY, or else the key file."""

    setting: str | None = field(repr=False)
    file: Path

    @property
    def name(self) -> Message:
        """Return the name of the source in messages."""
        if self.setting is not None:
            return Message.text(SETTING)
        return Message.of("key_file", file=str(self.file))

    def read(self) -> list[str]:
        """Return the keys, newest first; empty when there is neither a setting nor a file.

        Raises:
            CredentialsError: the setting is empty, or the file cannot be read.
        """
        if self.setting is not None:
            keys = _split_keys(self.setting)
            if not keys:
                raise CredentialsError("secret_key_empty", setting=SETTING)
            return keys
        try:
            return _split_keys(self.file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialsError(
                "key_file_unreadable", file=str(self.file), detail=str(error)
            ) from error

    def version(self) -> object:
        """Return a value that changes when the key file does; None for the setting, and for a file
        that is not there or not to be seen."""
        if self.setting is not None:
            return None
        try:
            seen = self.file.stat()
        except OSError:
            return None
        return (seen.st_ino, seen.st_mtime_ns, seen.st_size)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file lock that lets one process at a time change the key file; wait for it."""
        make_folder(self.file.parent)
        with self.file.with_name(f".{self.file.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def write(self, keys: list[str]) -> None:
        """Replace the key file in one step, readable by its owner only; the newest key stands
        first."""
        make_folder(self.file.parent)
        fresh = self.file.with_name(f".{self.file.name}.new")
        _write_private(fresh, keys)
        os.replace(fresh, self.file)
        sync_folder(self.file.parent)

    def write_first(self, key: str) -> bool:
        """Create the key file with one key; return False when another process created it first."""
        make_folder(self.file.parent)
        # Not named by the process id: in containers that share a folder each process has id 1.
        fresh = self.file.with_name(f".{self.file.name}.{secrets.token_hex(8)}")
        _write_private(fresh, [key])
        try:
            # A hard link fails when the file exists, so that one of several processes wins.
            os.link(fresh, self.file)
        except FileExistsError:
            return False
        finally:
            fresh.unlink(missing_ok=True)
        sync_folder(self.file.parent)
        return True


class Vault:
    """Encrypts and decrypts secrets.

    The keys that were read once stay in memory: a key file that is missing, unreadable or another
    one later on changes nothing for this process. Keys that another process adds to the file are
    read whenever it changed, and used beside those in memory.

    Args:
        key_check: returns the token of the database that its key opens; None: it has none. Without
            it a secret that does not decrypt is taken to be of another key.
    """

    def __init__(self, keys: KeySource, key_check: Callable[[], str | None] = lambda: None) -> None:
        self._keys = keys
        self._key_check_of_database = key_check
        self._known: list[str] = []
        self._fernet: MultiFernet | None = None
        self._version: object = None
        self._waits = False

    def load(self) -> None:
        """Read the keys, unless that was done before.

        Raises:
            CredentialsError: there is no key, or it is unreadable or malformed.
        """
        self._open()

    def encrypt(self, text: str | None) -> str | None:
        """Return the text encrypted with the newest key, or None where there is no text.

        For what is not stored in the database, such as cookies.

        Raises:
            CredentialsError: there is no key, or it is malformed.
        """
        return None if text is None else self._open().encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str | None) -> str | None:
        """Return the text of an encrypted token of the database, or None without a token.

        Keys are read once more before it gives up, because another process may have rotated them.

        Raises:
            KeyChangedError: the database was encrypted with a key that this process does not have.
            CredentialsError: this process has the right key, and it does not decrypt the token.
            DatabaseError: which of the two it is could not be found out.
        """
        if token is None:
            return None
        text = self._opened(token)
        if text is not None:
            return text
        self._waits = not self._fits(self._key_check_of_database())
        if self._waits:
            raise KeyChangedError("key_is_outdated", source=self._keys.name)
        raise CredentialsError("secret_of_other_key", source=self._keys.name)

    def unseal(self, token: str) -> str:
        """Return the text of a token that is not of the database, such as a cookie.

        Raises:
            CredentialsError: no key decrypts it.
        """
        text = self._opened(token)
        if text is None:
            raise CredentialsError("secret_of_other_key", source=self._keys.name)
        return text

    def must_wait(self) -> bool:
        """Return whether the database has a key that this process lacks: then nobody is at fault.

        After a secret that did not decrypt for that reason, the database is asked until its key is
        there again. Before that it costs nothing.

        Raises:
            DatabaseError: the database could not be asked.
        """
        if self._waits:
            self._waits = not self._fits(self._key_check_of_database())
        return self._waits

    def trouble(self, token: str | None) -> KeyTrouble | None:
        """Return what is wrong with the keys of this process at this moment; None when all is well.

        `token` is the key check of the database; None when it has none.
        """
        if token is None or not self._known:
            return None
        if not self._fits(token):
            return KeyTrouble.OUTDATED
        try:
            on_disk = self._keys.read()
            fits = _first_fitting(on_disk, token) is not None
        except (CredentialsError, ValueError):
            return KeyTrouble.UNREADABLE
        if not on_disk:
            return KeyTrouble.UNREADABLE
        return None if fits else KeyTrouble.OTHER_ON_DISK

    def decrypt_all(self, account: Account) -> Credentials:
        """Return the secrets of an account row in clear; None for each that it lacks.

        Raises:
            CredentialsError: no current key decrypts one of them.
        """
        return Credentials(
            password=self.decrypt(account.password),
            session=self.decrypt(account.session),
            proxy=self.decrypt(account.proxy),
            device=self.decrypt(account.device),
        )

    def encrypt_all(
        self, tx: Tx, credentials: Credentials
    ) -> tuple[str | None, str | None, str | None]:
        """Return password, session and proxy encrypted, for rows that `tx` writes.

        Where one of them is None, so is what is returned for it.

        The transaction locks the key check, so that a rotation comes before (then its key is used)
        or after (then it finds these rows). The key is that of the database, which every process
        has, and not a newer one that a rotation is about to bring.

        Raises:
            CredentialsError: there is no key, or it is malformed.
            KeyChangedError: the database was encrypted with a key that this process does not have.
        """
        fernet = self._key_of(tx)
        return (
            _encrypted(fernet, credentials.password),
            _encrypted(fernet, credentials.session),
            _encrypted(fernet, credentials.proxy),
        )

    def encrypt_one(self, tx: Tx, text: str | None) -> str | None:
        """Return one secret encrypted, for a row that `tx` writes, or None where there is none.

        The lock is that of `encrypt_all`: no rotation of the keys can miss the row.

        Raises:
            CredentialsError: there is no key, or it is malformed.
            KeyChangedError: the database was encrypted with a key that this process does not have.
        """
        return _encrypted(self._key_of(tx), text)

    def holds(self, token: str | None, text: str) -> bool:
        """Return whether an encrypted token is that text; False where no key decrypts it."""
        try:
            return self.decrypt(token) == text
        except CredentialsError:
            return False

    def check(self, database: Database) -> None:
        """Verify that the database was encrypted with these keys.

        The first use of a database stores what is compared here, and creates a key file if there is
        none.

        Raises:
            CredentialsError: the key is missing, malformed, or another one. Nothing was changed.
        """
        token = self._key_check(database)
        if token is None:
            self._first_use(database)
            token = self._key_check(database)
        elif not self._keys.read():
            file = str(self._keys.file)
            raise CredentialsError("secret_key_lost", file=file, setting=SETTING)
        while not self._fits(token):
            seen, token = token, self._key_check(database)
            if seen != token:
                continue  # a rotation came in between
            raise CredentialsError("secret_key_other", source=self._keys.name)

    def rotate(self, database: Database) -> int:
        """Re-encrypt every secret with the newest key in a transaction; return the number of
        accounts.

        With a key file a new key is generated and put first; the old ones are dropped when
        everything is re-encrypted. With BATON_SECRET_KEY the first of its keys is the newest.

        Raises:
            CredentialsError: a secret was encrypted with a key that is not here; nothing was
                changed.
        """
        if self._keys.setting is not None:
            self.check(database)
            return self._reencrypt_all(database)
        with self._keys.locked():
            self.check(database)
            old = self._keys.read()
            # Written before anything is encrypted with it: a crash must not leave secrets without a
            # key.
            self._keys.write([Fernet.generate_key().decode(), *old])
            try:
                count = self._reencrypt_all(database)
            except CredentialsError:
                # Nothing was re-encrypted: the new key must not stay the first one.
                self._keys.write(old)
                raise
            self._keys.write(self._keys.read()[:1])
        return count

    def _reencrypt_all(self, database: Database) -> int:
        fernet = self._open()

        def rotate(token: str | None) -> str | None:
            return None if token is None else fernet.rotate(token.encode()).decode("ascii")

        return database.write(_reencrypt, rotate)

    def _key_check(self, database: Database) -> str | None:
        return database.read(schema.get_fact, KEY_CHECK)

    def _first_use(self, database: Database) -> None:
        if not self._keys.read():
            self._keys.write_first(Fernet.generate_key().decode())
        token = self._open().encrypt(KEY_CHECK_TEXT).decode("ascii")
        database.write_idempotent(schema.set_fact_once, KEY_CHECK, token)

    def _key_of(self, tx: Tx) -> Fernet | MultiFernet:
        """Return the key of the database, whose check the transaction locks until its end."""
        schema.lock_fact(tx, KEY_CHECK)
        token = schema.get_fact(tx, KEY_CHECK)
        if token is None:
            return self._open()
        if not self._fits(token):
            raise KeyChangedError("key_is_outdated", source=self._keys.name)
        fitting = _first_fitting(self._known, token)
        assert fitting is not None
        return fitting

    def _fits(self, token: str | None) -> bool:
        """Return whether a key of this process opens the key check; True without one."""
        if token is None:
            return True
        return self._opened(token) == KEY_CHECK_TEXT.decode()

    def _opened(self, token: str) -> str | None:
        """Return the text of a token; None when no key opens it, old or newly read."""
        with suppress(InvalidToken):
            return self._open().decrypt(token.encode()).decode()
        self._version = None  # a second change within the resolution of the file's time
        with suppress(InvalidToken):
            return self._open().decrypt(token.encode()).decode()
        return None

    def _open(self) -> MultiFernet:
        """Return all keys that this process has read, those of the file's newest version first.

        Raises:
            CredentialsError: none was read yet, and there is none, or it is malformed.
        """
        if self._fernet is None:
            return self._read()
        # What is wrong with the file is told by an alert. This process has its keys.
        with suppress(CredentialsError):
            if self._keys.version() != self._version:
                return self._read()
        return self._fernet

    def _read(self) -> MultiFernet:
        version = self._keys.version()
        keys = self._keys.read()
        if not keys:
            raise CredentialsError("secret_key_missing", file=str(self._keys.file))
        known = list(dict.fromkeys([*keys, *self._known]))
        try:
            fernet = MultiFernet([Fernet(key) for key in known])
        except ValueError:
            raise CredentialsError("secret_key_malformed", source=self._keys.name) from None
        self._known, self._fernet, self._version = known, fernet, version
        return fernet


def _first_fitting(keys: Sequence[str], token: str) -> Fernet | None:
    """Return the first key that opens a token; None when none does. Raise ValueError for a key
    that is malformed."""
    for key in keys:
        fernet = Fernet(key)
        with suppress(InvalidToken):
            fernet.decrypt(token.encode())
            return fernet
    return None


def _encrypted(fernet: Fernet | MultiFernet, text: str | None) -> str | None:
    return None if text is None else fernet.encrypt(text.encode()).decode("ascii")


def _reencrypt(tx: Tx, rotate: Callable[[str | None], str | None]) -> int:
    schema.lock_fact(tx, KEY_CHECK)
    stored = accounts.every(tx)
    _reencrypt_callback_secrets(tx, rotate)
    _reencrypt_egress_salt(tx, rotate)
    _reencrypt_proxies(tx, rotate)
    try:
        for account in stored:
            secrets = (rotate(account.password), rotate(account.session), rotate(account.proxy))
            accounts.set_secrets(tx, account.id, secrets, account.updated_at)
            device = rotate(account.device)
            if device is not None:
                account_logins.set_device(tx, account.id, device)
        schema.set_fact(tx, KEY_CHECK, rotate(schema.get_fact(tx, KEY_CHECK)) or "")
    except InvalidToken:
        raise CredentialsError("account_key_missing", name=account.username) from None
    return len(stored)


def _reencrypt_callback_secrets(tx: Tx, rotate: Callable[[str | None], str | None]) -> None:
    for task_id, secret in distribution_tasks.secrets(tx):
        try:
            distribution_tasks.reencrypt(tx, task_id, rotate(secret) or "")
        except InvalidToken:
            raise CredentialsError("callback_key_missing", task_id=task_id) from None


def _reencrypt_egress_salt(tx: Tx, rotate: Callable[[str | None], str | None]) -> None:
    sealed = schema.get_fact(tx, EGRESS_SALT)
    if sealed is None:
        return
    try:
        schema.set_fact(tx, EGRESS_SALT, rotate(sealed) or "")
    except InvalidToken:
        raise CredentialsError("egress_salt_key_missing") from None


def _reencrypt_proxies(tx: Tx, rotate: Callable[[str | None], str | None]) -> None:
    for egress, url in proxy_inventory.stored_urls(tx):
        try:
            proxy_inventory.set_url(tx, egress, rotate(url) or "")
        except InvalidToken:
            raise CredentialsError("proxy_key_missing", egress=egress) from None


def _write_private(path: Path, keys: Sequence[str]) -> None:
    """Write a key file that only its owner may read, in place of what a killed process left."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write("\n".join(keys) + "\n")
        out.flush()
        os.fsync(out.fileno())


def _split_keys(text: str) -> list[str]:
    return [key.strip() for key in text.replace("\n", ",").split(",") if key.strip()]
