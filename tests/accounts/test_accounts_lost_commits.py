"""What the pool does when nobody knows whether its COMMIT came through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from accounts.account_lease import AccountLease, Purpose
from core.errors import CommitUnknownError
from core.messages import Message
from storage.models.accounts import AccountStatus
from tests.accounts.conftest import Pool
from tests.support.accounts.cooldowns import cooldown
from tests.support.mariadb import MariaDBServer
from tests.support.storage.tcp_proxy import CommitFault, TcpProxy

pytestmark = pytest.mark.parametrize("fault", CommitFault)


@pytest.fixture
def database_url(mysql_url: str) -> str:
    """Only MariaDB can lose an answer."""
    return mysql_url


@pytest.fixture
def proxy(mariadb: MariaDBServer) -> Iterator[TcpProxy]:
    with TcpProxy(mariadb.port) as proxy:
        yield proxy


@pytest.fixture
def shaky(make_app, proxy: TcpProxy, database_url: str) -> Pool:
    """A pool behind the proxy."""
    return Pool(make_app(database_url=SecretStr(proxy.url(database_url))))


ENDINGS = {
    "release": (lambda pool, leased: pool.manager.release(leased), []),
    "cool_down": (
        lambda pool, leased: pool.manager.cool_down(leased, cooldown(60, "why")),
        ["cooldown"],
    ),
    "disable": (
        lambda pool, leased: pool.manager.disable(leased, Message.text("why")),
        ["disabled"],
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_end_of_a_lease_is_written_once(shaky: Pool, proxy, fault: CommitFault, ending: str):
    [account_id] = shaky.add("a")
    leased: AccountLease = shaky.must_lease()
    end, kinds = ENDINGS[ending]
    proxy.commit_faults += [fault, fault]
    end(shaky, leased)
    assert proxy.commit_faults == []
    assert shaky.kinds(account_id) == ["added", *kinds]
    row = shaky.account(account_id)
    assert row.lease_owner is None
    assert row.failure_count == len(kinds)


def test_a_lease_nobody_is_sure_of_runs_out_by_itself(shaky: Pool, proxy, clock, fault):
    [account_id] = shaky.add("a")
    proxy.commit_faults.append(fault)
    with pytest.raises(CommitUnknownError):
        shaky.lease()
    assert shaky.app.leases.held() == [], "the keeper must not renew it"
    clock.move(31)
    assert shaky.must_lease(Purpose.INGESTING).id == account_id
    assert shaky.status(account_id) is AccountStatus.INGESTING


def test_exported_rows_are_never_counted_twice(shaky: Pool, proxy, fault: CommitFault):
    [account_id] = shaky.add("a", limit=10)
    proxy.commit_faults.append(fault)
    with pytest.raises(CommitUnknownError):
        shaky.manager.update_export_count(account_id, 4)
    counted = 4 if fault is CommitFault.DROP_ANSWER else 0
    assert shaky.account(account_id).today_export_count == counted
