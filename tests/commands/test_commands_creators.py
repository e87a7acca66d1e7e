"""`creators …` as a user meets it: where the contact of a creator stands."""

from __future__ import annotations

import csv
import io

from tests.crawler.test_crawler_creators import entry, store
from tests.support.processes.launcher import Baton

SIGN = "=合作请联系\nv信 deer7\u2028deer@example.cn"


def test_the_signature_is_in_lists_and_shown_of_one(baton: Baton) -> None:
    baton.add_accounts("acc1")
    with baton.opened_app() as app:
        store(app, entry("7", 700, sign=SIGN), entry("8", 8))
    [seven, eight] = baton.run("creators", "list", "--json").json
    assert (seven["signature"], eight["signature"]) == (SIGN, None)
    table = list(csv.DictReader(io.StringIO(baton.run("creators", "list", "--csv").out)))
    assert [row["signature"] for row in table] == [f"'{SIGN}", ""]
    assert baton.run("creators", "show", "7", "--json").json["signature"] == SIGN
    shown = baton.run("creators", "show", "7").out
    assert "  contact: e-mail; messenger\n" in shown
    assert "  signature: =合作请联系 v信 deer7 deer@example.cn\n" in shown
    assert "signature" not in baton.run("creators", "show", "8").out
