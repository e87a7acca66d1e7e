"""ProxyInventory: the proxies that operators keep, and which account leaves by which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from accounts.egress.identities import EgressIdentities
from accounts.egress.routes import note_route
from accounts.proxies.text import SCHEMES, read_proxy
from accounts.vault import Vault
from core.clock import Clock
from core.errors import CredentialsError, DatabaseError, InvalidInputError, UnfinishedError
from core.messages import Message
from sources.transport.egress import DIRECT, Egress
from storage.crawling import accounts, proxies, proxy_inventory, task_control
from storage.crawling.proxies import EgressRoute
from storage.crawling.proxy_inventory import ProxyUser, UnlistedProxy
from storage.engines.transactions import Database, Tx

# Rows of one transaction: it holds the lock that a rotation of the keys waits for.
BATCH = 200
MAX_SHOWN_NAMES = 10


@dataclass(frozen=True)
class ProxyOverview:
    """A proxy, and the accounts that leave by it."""

    route: EgressRoute
    users: tuple[ProxyUser, ...]


@dataclass(frozen=True)
class AddedProxy:
    """A proxy that was taken in; `is_new`: it had not been added before."""

    egress: str
    is_new: bool


@dataclass(frozen=True)
class ChosenProxy:
    """The proxy that somebody named: its route and its URL in clear, or the direct route."""

    route: Egress
    url: str | None = field(repr=False)


@dataclass(frozen=True)
class GivenProxy:
    """An account's new route; `shared_with` are the other accounts of its platform there."""

    egress: str
    is_direct: bool
    shared_with: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProxyInventory:
    """Keeps proxies, encrypted, and changes which account leaves by which.

    A proxy is named by its route (`gate.example:7000#1f3a9c02`), by `host:port` where only one
    proxy is there, or written in any form that `accounts.proxies.text` reads.
    """

    database: Database
    clock: Clock
    vault: Vault
    egress: EgressIdentities

    def all(self) -> list[ProxyOverview]:
        """Return every proxy that was added or that an account uses, by name.

        That of an account whose secrets no key decrypts is left out, until its first lease.
        """
        self._list_unlisted()

        def read(tx: Tx) -> list[ProxyOverview]:
            by_route: dict[str, list[ProxyUser]] = {}
            for user in proxy_inventory.users(tx):
                by_route.setdefault(user.egress, []).append(user)
            return [
                ProxyOverview(route, tuple(by_route.get(route.egress, ())))
                for route in proxies.all_of(tx)
                if route.kind != DIRECT and (route.added_at or route.egress in by_route)
            ]

        return self.database.read(read)

    def find(self, name: str) -> ProxyOverview:
        """Return the proxy of that name.

        Raises:
            InvalidInputError: there is none, or there are several; the message repeats no secret.
        """
        self._list_unlisted()
        route = self.database.read(_named, name.strip())
        if route is None:
            url = _read_or_none(name)
            # Outside of a transaction: the first name of a route makes the salt of all names.
            known = self.egress.of(url).name if url else ""
            route = self.database.read(proxies.find, known)
        if route is None:
            raise InvalidInputError("proxy_unknown")
        users = self.database.read(proxy_inventory.users, route.egress)
        return ProxyOverview(route, tuple(users))

    def _list_unlisted(self) -> None:
        """Store the routes of accounts that have a proxy, and were not leased since routes are
        rows: whoever counts the users of a proxy must find them."""
        for seen in self.database.read(proxy_inventory.unlisted):
            try:
                route = self.egress.of(self.vault.decrypt(seen.proxy))
            except CredentialsError:
                continue
            self.database.write_idempotent(self._list_in, seen, route)

    def _list_in(self, tx: Tx, seen: UnlistedProxy, route: Egress) -> None:
        if proxy_inventory.set_route(tx, seen, route.name):
            note_route(tx, route, self.clock.now())

    def add(self, urls: Sequence[str], *, is_rotating: bool = False) -> list[AddedProxy]:
        """Keep proxies, given as URLs in clear, and return what became of each, in their order.

        `is_rotating`: each request by them leaves by another exit. It stays set once it is.

        Raises:
            CredentialsError, DatabaseError: nothing was stored.
            UnfinishedError: likewise, after earlier batches were stored; they stay.
        """
        done: list[AddedProxy] = []
        for start in range(0, len(urls), BATCH):
            batch = [(url, self.egress.of(url)) for url in urls[start : start + BATCH]]

            def work(tx: Tx, batch: list[tuple[str, Egress]] = batch) -> list[AddedProxy]:
                return [self._add_in(tx, url, route, is_rotating) for url, route in batch]

            try:
                done += self.database.write(work)
            except (CredentialsError, DatabaseError) as error:
                if not done:
                    raise
                raise UnfinishedError(
                    "proxies_stored_partly", stored=len(done), of=len(urls), cause=error
                ) from error
        return done

    def _add_in(self, tx: Tx, url: str, route: Egress, is_rotating: bool) -> AddedProxy:
        now = self.clock.now()
        sealed = self.vault.encrypt_one(tx, url) or ""
        note_route(tx, route, now)
        is_new = proxy_inventory.put(tx, route.name, sealed, now, is_rotating=is_rotating)
        return AddedProxy(route.name, is_new)

    def preview(self, urls: Sequence[str]) -> list[AddedProxy]:
        """Return what `add` would return, without storing anything."""
        known = {one.route.egress for one in self.all() if one.route.added_at}
        routes = [self.egress.of(url) for url in urls]
        return [AddedProxy(route.name, route.name not in known) for route in routes]

    def remove(self, name: str, accounts_to: str | None = None) -> ProxyOverview:
        """Forget a proxy, and return what it was.

        Args:
            accounts_to: the proxy that its accounts get, or a word for none; None: it must have no
                accounts.

        Raises:
            InvalidInputError: there is no such proxy, or accounts use it.
        """
        overview = self.find(name)
        target = None if accounts_to is None else self.choose(accounts_to)
        if target is not None and target.route.name == overview.route.egress:
            raise InvalidInputError("proxy_moved_to_itself", egress=target.route.name)

        def work(tx: Tx) -> ProxyOverview:
            users = proxy_inventory.users(tx, overview.route.egress)
            if users and target is None:
                raise _in_use(overview.route.egress, users)
            for user in users:
                assert target is not None
                self._give_in(tx, user.id, user.platform, target)
            proxy_inventory.remove(tx, overview.route.egress)
            return ProxyOverview(overview.route, tuple(users))

        return self.database.write(work)

    def choose(self, text: str) -> ChosenProxy:
        """Return the proxy that a text names, known or not; the direct route for a word for none.

        Raises:
            InvalidInputError: the text is no proxy, names several, or one whose URL nobody knows.
            CredentialsError: no key decrypts the URL.
        """
        name = text.strip()
        if not name:
            # A form that was sent empty must not take a proxy away.
            raise InvalidInputError("proxy_not_url", schemes=list(SCHEMES))
        route = self.database.read(_named, name)
        if route is None:
            url = _read(name)
            return ChosenProxy(self.egress.of(url), url)
        url = self.url_of(route.egress)
        if url is None:
            raise InvalidInputError("proxy_url_forgotten", egress=route.egress)
        return ChosenProxy(self.egress.of(url), url)

    def url_of(self, egress: str) -> str | None:
        """Return the URL of a route in clear; None where nobody knows it.

        Raises:
            CredentialsError: no key decrypts it.
        """
        return self.vault.decrypt(self.database.read(proxy_inventory.url_of, egress))

    def give(self, account_id: int, platform: str, text: str) -> GivenProxy:
        """Let an account leave by the proxy that a text names, or directly, from its next lease on.

        Raises:
            InvalidInputError: as `choose` does.
            CredentialsError: there is no usable key.
        """
        chosen = self.choose(text)

        def work(tx: Tx) -> GivenProxy:
            self._give_in(tx, account_id, platform, chosen)
            users = proxy_inventory.users(tx, chosen.route.name) if chosen.url else []
            others = tuple(
                user.username
                for user in users
                if user.platform == platform and user.id != account_id
            )
            return GivenProxy(chosen.route.name, chosen.url is None, others)

        return self.database.write(work)

    def give_if_without(
        self, account_id: int, platform: str, chosen: ChosenProxy, most_users: int
    ) -> bool:
        """Let an account leave by a proxy if it has none, and the proxy has room for it.

        There is room while fewer than `most_users` accounts of the platform leave by it. Return
        False, with nothing changed, when another process was first.
        """

        def work(tx: Tx) -> bool:
            # The key's lock makes assignments one after the other: the count below stays true.
            sealed = self.vault.encrypt_one(tx, chosen.url)
            users = proxy_inventory.users(tx, chosen.route.name)
            if sum(user.platform == platform for user in users) >= most_users:
                return False
            return self._give_in(tx, account_id, platform, chosen, sealed, only_without=True)

        return self.database.write(work)

    def _give_in(
        self,
        tx: Tx,
        account_id: int,
        platform: str,
        chosen: ChosenProxy,
        sealed: str | None = None,
        *,
        only_without: bool = False,
    ) -> bool:
        now, name = self.clock.now(), chosen.route.name
        sealed = sealed or self.vault.encrypt_one(tx, chosen.url)
        if not proxy_inventory.set_account_proxy(
            tx, account_id, sealed, name, now, only_without=only_without
        ):
            return False
        note_route(tx, chosen.route, now)
        code = "proxy_given" if chosen.url else "proxy_taken_away"
        detail = Message(code, {"egress": name} if chosen.url else {})
        accounts.note_event(tx, account_id, "proxy", detail.dump(), now)
        task_control.wake_for_egress(tx, platform, now)
        return True


def _named(tx: Tx, name: str) -> EgressRoute | None:
    """Return the proxy of that route, or the only one of that gateway; None for neither.

    Raises:
        InvalidInputError: the gateway has several.
    """
    route = proxies.find(tx, name)
    if route is not None and route.kind != DIRECT:
        return route
    of_gateway = [one for one in proxies.all_of(tx, name) if one.kind != DIRECT]
    if len(of_gateway) > 1:
        names = [one.egress for one in of_gateway[:MAX_SHOWN_NAMES]]
        raise InvalidInputError("proxy_gateway_ambiguous", gateway=name, names=names)
    return of_gateway[0] if of_gateway else None


def _read(text: str) -> str | None:
    """Return the URL in a text that names no known proxy; None for a word for none.

    Raises:
        InvalidInputError: it is neither.
    """
    if "#" in text and "@" not in text and "://" not in text:
        raise InvalidInputError("proxy_unknown")
    return read_proxy(text)


def _read_or_none(text: str) -> str | None:
    try:
        return read_proxy(text)
    except InvalidInputError:
        return None


def _in_use(egress: str, users: Sequence[ProxyUser]) -> InvalidInputError:
    names = [f"{user.platform}/{user.username}" for user in users[:MAX_SHOWN_NAMES]]
    return InvalidInputError("proxy_in_use", egress=egress, n=len(users), names=names)
