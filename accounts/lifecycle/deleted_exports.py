"""What deleted logins exported today, so that one that comes back has no second quota that day.

A deleted account frees its login, whose next account begins with a counter of 0, while the platform
counts on: what the login exported today is kept under a hash of its uid, and added to the account
that is that login next.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date

from storage.crawling import account_logins
from storage.engines.datetimes import day_from_sql
from storage.engines.transactions import Tx
from storage.schema import schema

PREFIX = "deleted_exports:"  # of the facts in `meta`
HASH_LETTERS = 40


def keep(tx: Tx, platform: str, uid: str, rows: int, day: date) -> None:
    """Keep that a login which is deleted now exported `rows` on the quota day `day`.

    What was kept for earlier days is dropped.
    """
    for name, value in schema.facts_named(tx, PREFIX):
        if _loaded(value)[1] < day:
            schema.drop_fact(tx, name, value)
    if rows > 0:
        kept = {"rows": rows, "day": str(day)}
        schema.set_fact(tx, _name(platform, uid), json.dumps(kept))


def take_over(tx: Tx, account_id: int, platform: str, uid: str) -> None:
    """Add what the login exported under a deleted account to the counter of the account that is
    that login now."""
    name = _name(platform, uid)
    value = schema.get_fact(tx, name)
    if value is None:
        return
    rows, day = _loaded(value)
    account_logins.add_exports_of_duplicate(tx, account_id, day, rows)
    schema.drop_fact(tx, name, value)


def _name(platform: str, uid: str) -> str:
    # The column is short, and names of platforms and logins are not.
    digest = hashlib.sha256(f"{platform}\n{uid}".encode()).hexdigest()
    return PREFIX + digest[:HASH_LETTERS]


def _loaded(value: str) -> tuple[int, date]:
    kept = json.loads(value)
    return int(kept["rows"]), day_from_sql(kept["day"])
