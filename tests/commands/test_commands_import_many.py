"""`accounts import FILE`: a CSV of many; what is wrong is named, the others are taken in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.launcher import Baton, Outcome
from tests.support.processes.process_fixtures import look_at

HEAD = "username,password,cookie,proxy,limit"
SECRETS = ("geheim", "s3cret")  # in every value that is one
FOREIGN = json.dumps([{"name": "SESSDATA", "value": "geheim5", "domain": ".youtube.com"}])


def cookie(name: str) -> str:
    return f"SESSDATA=geheim-{name}; bili_jct=geheim-csrf-{name}"


def write(baton: Baton, *lines: str, encoding: str = "utf-8", newline: str = "\n") -> Path:
    path = baton.work / "accounts.csv"
    path.write_bytes((newline.join(lines) + newline).encode(encoding))
    return path


def take_in(baton: Baton, *lines: str, **how: str) -> Outcome:
    """Import those lines; nothing secret may be said."""
    outcome = baton.run("accounts", "import", write(baton, *lines, **how))
    for secret in SECRETS:
        assert secret not in outcome.out + outcome.err, outcome
    assert "Traceback" not in outcome.err, outcome
    return outcome


def names(baton: Baton) -> list[str]:
    return [account["username"] for account in accounts(baton)]


def accounts(baton: Baton) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = baton.run("accounts", "list", "--json").json
    return found


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def test_many_accounts_come_in_with_all_that_they_have(baton: Baton) -> None:
    outcome = take_in(
        baton,
        HEAD,
        f"one,s3cret-1,{cookie('one')},http://u:s3cret-p@proxy.example:8080,150",
        f"two,,{cookie('two')},,",
        f'three,s3cret-3,{quoted(json.dumps({"SESSDATA": "geheim-three"}))},,"4,000"',
        "",
        f"four,,{cookie('four')},,0",
    )
    assert outcome.code == 0, outcome
    assert outcome.out.splitlines() == [
        "account one: added (id 1, 150 rows a day)",
        "account two: added (id 2, 4,000 rows a day)",
        "account three: added (id 3, 4,000 rows a day)",
        "account four: added (id 4, 0 rows a day)",
    ]
    assert [account["daily_export_limit"] for account in accounts(baton)] == [150, 4000, 4000, 0]
    stored = look_at(baton).rows("SELECT username, password, session, proxy FROM accounts")
    assert not any(secret in str(stored) for secret in (*SECRETS, "proxy.example"))
    has = {
        row[0]: tuple(cell is not None for cell in row[1:])
        for row in (list(one.values()) for one in stored)
    }
    assert has == {
        "one": (True, True, True),
        "two": (False, True, False),
        "three": (True, True, False),
        "four": (False, True, False),
    }


WRONG = {
    f",,{cookie('x')},,": "the username must be 1 to 128 characters",
    f"{'n' * 129},,{cookie('x')},,": "the username must be 1 to 128 characters",
    f"a\u200fb,,{cookie('x')},,": "the name has a character that nobody can see: U+200F",
    f"a\x1b[31mb,,{cookie('x')},,": "the name has a character that nobody can see: U+001B",
    "no-cookie,s3cret,,,": "the cookie file is empty",
    "no-session,,bili_jct=geheim,,": "there is no SESSDATA cookie",
    f"foreign,,{quoted(FOREIGN)},,": "there is no SESSDATA cookie of bilibili.com",
    "no-text,,geheim,,": "this is no cookie text",
    f"proxy-1,,{cookie('x')},s3cret:pw@host,": "the proxy has no port",
    f"proxy-3,,{cookie('x')},http://u:s3cret#@host:80,": "write # as %23",
    f"proxy-2,,{cookie('x')},ftp://u:s3cret@host:21,": "the proxy is no URL",
    f"limit-1,,{cookie('x')},,many": "the limit is no whole number",
    f"limit-2,,{cookie('x')},,-5": "the limit is no whole number",
    f"limit-3,,{cookie('x')},,1.5": "the limit is no whole number",
    f"good-1,,{cookie('again')},,": "'good-1' is in the file twice",
    f"more,,{cookie('x')},,5,s3cret": "more cells than the first line",
    "short": "the cookie file is empty",
}
LATE = {  # found out when the account is stored
    f"limit-4,,{cookie('x')},,2000000000": "the daily limit must be 0 to",
    f"limit-5,,{cookie('x')},,{'9' * 5000}": "limit",
    'ended,,"SESSDATA=geheim%2C1500000000%2Cabc",,': "this session ended on 2017-07-14",
}


@pytest.mark.parametrize("wrong", [WRONG, LATE], ids=["at once", "when stored"])
def test_lines_that_are_wrong_are_named_and_the_others_imported(
    baton: Baton, wrong: dict[str, str]
) -> None:
    lines = [HEAD, f"good-1,,{cookie('good-1')},,"]
    for line in wrong:
        lines += [line, f"good-{len(lines)},,{cookie(str(len(lines)))},,"]
    outcome = take_in(baton, *lines)
    assert outcome.code == 3, outcome
    good = [line.partition(",")[0] for line in lines if line.startswith("good-")]
    assert names(baton) == list(dict.fromkeys(good))
    told = outcome.err.splitlines()
    for line, reason in wrong.items():
        place = f"accounts.csv, line {lines.index(line) + 1}: "
        assert [said for said in told if place in said and reason in said], (place, reason, told)
    assert f"{len(set(good))} imported, {len(wrong)} not" in told[-1]


def test_the_number_of_a_line_counts_the_lines_of_cells_too(baton: Baton) -> None:
    netscape = "\n".join(
        [
            "# Netscape HTTP Cookie File",
            ".bilibili.com\tTRUE\t/\tTRUE\t1893456000\tSESSDATA\tgeheim-net",
        ]
    )
    outcome = take_in(baton, HEAD, f"net,,{quoted(netscape)},,", "bad,,,,")
    assert outcome.code == 3 and "line 4: " in outcome.err, outcome
    assert names(baton) == ["net"]


def test_running_it_twice_changes_nothing(baton: Baton) -> None:
    lines = (HEAD, f"one,s3cret,{cookie('one')},http://u:s3cret@host:1,7", f"two,,{cookie('2')},,")
    assert take_in(baton, *lines).code == 0
    before = look_at(baton).rows("SELECT * FROM accounts")
    events = look_at(baton).value("SELECT COUNT(*) FROM account_events")
    outcome = take_in(baton, *lines)
    assert (outcome.code, outcome.out) == (
        0,
        "account one: nothing new in it\naccount two: nothing new in it\n",
    )
    after = look_at(baton).rows("SELECT * FROM accounts")
    assert after == before
    assert look_at(baton).value("SELECT COUNT(*) FROM account_events") == events


def test_a_proxy_comes_in_every_form_of_sellers_and_words_for_none_are_none(baton: Baton) -> None:
    proxies = ("1.2.3.4:80:u:s3cret", " u:s3cret@1.2.3.4:80 ", "无", "None", "-", "direct")
    lines = [f"n{n},,{cookie(str(n))},{proxy}," for n, proxy in enumerate(proxies)]
    assert take_in(baton, HEAD, *lines).code == 0
    routes = {account["username"]: account["egress"] for account in accounts(baton)}
    assert routes["n0"] == routes["n1"] and routes["n0"].startswith("1.2.3.4:80#")
    assert all(routes[f"n{n}"].startswith("direct@") for n in range(2, 6))


def test_a_second_file_brings_accounts_up_to_date(baton: Baton) -> None:
    take_in(baton, HEAD, f"one,,{cookie('one')},,7", f"two,,{cookie('two')},,", "three,,,,")
    assert baton.run("accounts", "disable", "two").code == 0
    outcome = take_in(
        baton,
        HEAD,
        f"one,,{cookie('one')},,8",
        f"two,,{cookie('fresh')},,",
        f"three,,{cookie('three')},,",
    )
    assert outcome.out.splitlines() == [
        "account one: same session, 8 rows a day",
        "account two: refreshed",
        "account three: added (id 3, 4,000 rows a day)",
    ]
    assert [account["status"] for account in accounts(baton)] == ["idle"] * 3
    assert accounts(baton)[0]["daily_export_limit"] == 8


def test_a_new_password_alone_is_stored_and_enables_nobody(baton: Baton) -> None:
    take_in(baton, HEAD, f"one,old,{cookie('one')},,")
    assert baton.run("accounts", "disable", "one").code == 0
    before = look_at(baton).rows("SELECT session, proxy FROM accounts")
    password = look_at(baton).value("SELECT password FROM accounts")
    assert take_in(baton, HEAD, f"one,new,{cookie('one')},,").out == "account one: refreshed\n"
    assert look_at(baton).value("SELECT password FROM accounts") != password
    assert look_at(baton).rows("SELECT session, proxy FROM accounts") == before
    assert accounts(baton)[0]["status"] == "disabled"


def test_the_commands_limit_is_that_of_lines_without_one(baton: Baton) -> None:
    path = write(baton, HEAD, f"one,,{cookie('one')},,7", f"two,,{cookie('two')},,")
    assert baton.run("accounts", "import", path, "--limit", 9).code == 0
    assert [account["daily_export_limit"] for account in accounts(baton)] == [7, 9]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_files_as_spreadsheets_save_them(baton: Baton, encoding: str, newline: str) -> None:
    lines = (HEAD, f"美妆账号一,,{cookie('1')},,", f"游戏,,{cookie('2')},,5")
    outcome = take_in(baton, *lines, encoding=encoding, newline=newline)
    assert outcome.code == 0, outcome
    assert names(baton) == ["美妆账号一", "游戏"]


def test_columns_in_any_order_and_spelling(baton: Baton) -> None:
    outcome = take_in(baton, " Cookie ,LIMIT,UserName", f"{cookie('1')},3,one")
    assert outcome.code == 0 and names(baton) == ["one"]
    assert accounts(baton)[0]["daily_export_limit"] == 3


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "accounts.csv is empty"),
        (("",), "accounts.csv is empty"),
        (("username,password", "one,s3cret"), "must name the columns username and cookie"),
        ((cookie("alone"),), "accounts import NAME"),
        ((f"one,s3cret,{cookie('1')}",), "must name the columns username and cookie"),
        (("username,cookie,Cookie", f"one,{cookie('1')},9"), "names the column 'Cookie' twice"),
        (("<!DOCTYPE html>", "<html>"), "accounts.csv is a web page, no list"),
    ],
)
def test_a_file_with_other_columns_is_refused_as_a_whole(
    baton: Baton, lines: tuple[str, ...], message: str
) -> None:
    outcome = take_in(baton, *lines)
    assert outcome.code == 2 and message in outcome.err, outcome
    assert names(baton) == []


def test_a_file_with_nothing_but_its_columns_is_fine(baton: Baton) -> None:
    outcome = take_in(baton, HEAD)
    assert (outcome.code, outcome.out) == (0, "")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"username,cookie\n\xff\xff", "neither UTF-8 nor GBK"), (None, "No such file")],
)
def test_a_file_that_cannot_be_read_is_named(
    baton: Baton, content: bytes | None, message: str
) -> None:
    path = baton.work / "odd.csv"
    if content is not None:
        path.write_bytes(content)
    outcome = baton.run("accounts", "import", path)
    assert outcome.code == 2 and "odd.csv" in outcome.err and message in outcome.err, outcome


def test_a_cell_of_any_size_is_a_wrong_line_and_no_crash(baton: Baton) -> None:
    outcome = take_in(
        baton,
        HEAD,
        f"huge,,{'geheim' * 40_000},,",
        f"one,,{cookie('one')},,",
    )
    assert outcome.code == 3 and "line 2" in outcome.err, outcome
    assert names(baton) == ["one"]


def test_the_platform_must_be_one_that_is_signed_in_to(baton: Baton) -> None:
    path = write(baton, HEAD, f"one,,{cookie('one')},,")
    outcome = baton.run("accounts", "import", path, "--platform", "youtube")
    assert outcome.code == 2 and "unknown platform 'youtube'" in outcome.err, outcome
