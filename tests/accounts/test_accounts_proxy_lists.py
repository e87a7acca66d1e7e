"""Lists of proxies as sellers export them."""

from __future__ import annotations

import json

import pytest

from accounts.intake.proxy_lists import ProxyRows, proxies_in
from core.errors import InvalidInputError
from tests.core.test_core_tabular import workbook
from tests.support.messages import english, raises_saying

A, B = "http://u:s3cret@1.2.3.4:8080", "http://5.6.7.8:3128"


def read(text: str, scheme: str = "http") -> ProxyRows:
    return proxies_in(text.encode(), "list.txt", scheme)


def urls(rows: ProxyRows) -> list[str]:
    assert rows.problems == ()
    return [one.url for one in rows.good]


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4:8080:u:s3cret\n5.6.7.8:3128\n",
        "# 2 proxies\r\n\r\nhttp://u:s3cret@1.2.3.4:8080\r\n// old\r\n5.6.7.8 3128",
        "1.2.3.4,8080,u,s3cret\n5.6.7.8,3128\n",
        "IP,Port,Username,Password\n1.2.3.4,8080,u,s3cret\n5.6.7.8,3128,,\n",
        "sep=;\nip;port;login;pass;country\n1.2.3.4;8080;u;s3cret;US\n5.6.7.8;3128;;;DE\n",
        "主机\t端口\t用户名\t密码\t类型\n1.2.3.4\t8080\tu\ts3cret\tHTTPS\n5.6.7.8\t3128\t\t\thttp\n",
        "proxy\nu:s3cret@1.2.3.4:8080\n5.6.7.8:3128\n",
        "# from the shop\nhost,port,username,password\n1.2.3.4,8080,u,s3cret\n5.6.7.8,3128\n",
        json.dumps(["1.2.3.4:8080:u:s3cret", "5.6.7.8:3128"]),
        json.dumps(
            {
                "count": 2,
                "results": [
                    {
                        "proxy_address": "1.2.3.4",
                        "port": 8080,
                        "username": "u",
                        "password": "s3cret",
                    },
                    {"ip": "5.6.7.8", "port": "3128", "protocols": ["http"]},
                ],
            }
        ),
    ],
)
def test_a_list_is_read_in_the_form_that_it_has(text: str) -> None:
    assert urls(read(text)) == [A, B]


def test_a_workbook_is_read_with_headers_and_without() -> None:
    pytest.importorskip("python_calamine")
    rows: list[list[object]] = [["1.2.3.4", 8080, "u", "s3cret"], ["5.6.7.8", 3128]]
    assert urls(proxies_in(workbook(rows), "p.xlsx")) == [A, B]
    headed: list[list[object]] = [["ip", "port", "user", "password"], *rows]
    assert urls(proxies_in(workbook(headed), "p.xlsx")) == [A, B]
    alone: list[list[object]] = [["1.2.3.4:8080:u:s3cret"], [], ["5.6.7.8:3128"]]
    assert urls(proxies_in(workbook(alone), "p.xlsx")) == [A, B]


def test_a_column_may_say_the_scheme_and_the_command_that_of_the_others() -> None:
    text = "ip,port,type\n1.2.3.4,1080,SOCKS5\n5.6.7.8,80,\n"
    assert urls(read(text, "https")) == ["socks5://1.2.3.4:1080", "https://5.6.7.8:80"]


def test_a_row_of_socks4_does_not_become_an_http_proxy() -> None:
    text = '[{"ip": "1.2.3.4", "port": "1080", "protocols": ["socks4"]}, "5.6.7.8:3128"]'
    rows = read(text)
    assert [one.url for one in rows.good] == ["http://5.6.7.8:3128"]
    assert "line 1: SOCKS4 proxies are not used" in english(rows.problems[0])


def test_a_password_in_its_own_column_is_taken_as_it_stands() -> None:
    rows = read('ip,port,user,password\n1.2.3.4,80,u,"a:b,#/@%40"\n')
    assert urls(rows) == ["http://u:a:b,%23%2F%40%2540@1.2.3.4:80"]


def test_lines_that_are_no_proxies_are_named_and_the_others_come_in() -> None:
    rows = read("1.2.3.4:8080:u:s3cret\nhello\n\nhttp://u:s3#cret@5.6.7.8:1\nnone\n5.6.7.8:3128")
    assert [one.line for one in rows.good] == [1, 6]
    told = [english(problem) for problem in rows.problems]
    assert [text.partition(": ")[0] for text in told] == [
        "list.txt, line 2",
        "list.txt, line 4",
        "list.txt, line 5",
    ]
    assert "write # as %23" in told[1] and not any("s3" in text for text in told)


def test_the_same_exit_twice_comes_in_once_and_is_told() -> None:
    rows = read("1.2.3.4:8080:u:s3cret\nhttp://u:s3cret@1.2.3.4:8080\nu:s3cret:1.2.3.4:8080\n")
    assert urls(rows) == [A]
    assert [english(note) for note in rows.notes] == [
        "list.txt, line 2: the same proxy as in line 1; it is taken once",
        "list.txt, line 3: the same proxy as in line 1; it is taken once",
    ]


def test_other_encodings_are_read_and_told() -> None:
    rows = proxies_in("# 代理\n1.2.3.4:8080:u:s3cret".encode("utf-16"), "list.txt")
    assert urls(rows) == [A] and "UTF-16" in english(rows.notes[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no proxy"),
        (b"# nothing\n\n", "has no proxy"),
        (b"<!DOCTYPE html><html><body>1.2.3.4:80</body></html>", "web page"),
        (b"PK\x03\x04 but no workbook", "ZIP"),
        (
            "\n".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}:80" for n in range(20_001)).encode(),
            "at most 20,000 at once",
        ),
        (b"not a proxy at all\n" * 5000, "1,001 lines are no proxies, the first: list.txt, line 1"),
        (b'[{"ip": "1.2.3.4", "port": 80}, {"ip"', "no JSON that can be read: .*char 37"),
        (b'{"proxies": ["1.2.3.4:80"', "no JSON that can be read"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, says: str) -> None:
    with raises_saying(InvalidInputError, says):
        proxies_in(content, "list.txt")


def test_a_first_line_with_an_ipv6_address_is_no_json() -> None:
    rows = read("[2001:db8::1]:8080:u:s3cret\n[2001:db8::2]:8080\n")
    assert urls(rows)[1] == "http://[2001:db8::2]:8080"
