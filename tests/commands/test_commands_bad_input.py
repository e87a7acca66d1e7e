"""What the user got wrong is said in a clear sentence, with exit code 2 and nothing done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes.launcher import Baton
from tests.support.processes.process_fixtures import look_at

CRAWL, EXPORT = "start_crawl", "start_export"
D = ("--domain", "美妆")
Case = tuple[tuple[object, ...], str]
STARTS: list[Case] = [
    ((CRAWL,), "Missing option '--domain'"),
    ((EXPORT,), "Missing option '--domain'"),
    ((CRAWL, "--domain", ""), "--domain: 1 to 128 characters"),
    ((CRAWL, "--domain", "  "), "--domain: 1 to 128 characters"),
    ((EXPORT, "--domain", " \t"), "--domain: 1 to 128 characters"),
    ((CRAWL, "--domain", "a\nb"), "without control characters"),
    ((CRAWL, "--domain", "美" * 129), "1 to 128 characters"),
    ((CRAWL, *D, "--platform", "douyin"), "unknown platform 'douyin'; known: bilibili"),
    ((EXPORT, *D, "--platform", "douyin"), "unknown platform 'douyin'; known: bilibili"),
    ((CRAWL, *D, "--pages", 0), "--pages: 1 to 100,000, got 0"),
    ((CRAWL, *D, "--pages", -1), "--pages: 1 to 100,000, got -1"),
    ((CRAWL, *D, "--pages", 30_000_000), "--pages: 1 to 100,000, got 30000000"),
    ((CRAWL, "--domain", "--detach"), "--domain needs a value"),
    ((CRAWL, "--domain", "\udcff"), "half a character"),
    ((CRAWL, *D, "--label", "a\ud83d"), "half a character"),
    (
        (CRAWL, "--domain", "", "--pages", 0, "--label", "a b"),
        "--pages: 1 to 100,000, got 0; --label:",
    ),
    ((CRAWL, *D, "--pages", "many"), "--pages"),
    ((CRAWL, *D, "--workers", 0), "--workers must be 1 to 64, got 0"),
    ((EXPORT, *D, "--workers", 0), "--workers must be 1 to 64, got 0"),
    ((EXPORT, *D, "--workers", 65), "--workers must be 1 to 64, got 65"),
    ((CRAWL, *D, "--via", "magic"), "--via"),
    ((EXPORT, *D, "--limit", "abc"), "--limit"),
    ((EXPORT, *D, "--limit", 0), "--limit: 1 to 9,223,372,036,854,775,807, got 0"),
    (
        (EXPORT, *D, "--limit", 5, "--workers", 2),
        "--workers: a number of rows at most is kept by one account only; leave --workers at 1",
    ),
    ((EXPORT, *D, "--format", "docx"), "unknown format 'docx'; known: csv, jsonl"),
    ((EXPORT, *D, "--columns", "id,shoe_size"), "unknown column 'shoe_size'; known: id, uid"),
    ((EXPORT, *D, "--columns", "id,id"), "once each"),
    ((EXPORT, *D, "--columns", ""), "once each"),
    (("run", "--crawl-workers", 0, "--export-workers", 0), "at least one crawl or export worker"),
]
OTHERS: list[Case] = [
    *((("tasks", verb, 99), "no task has the id 99") for verb in ("show", "pause", "resume")),
    (("tasks", "cancel", 99), "no task has the id 99"),
    (("tasks", "show", "x"), "valid integer"),
    *((("tasks", verb, 2**63), "is beyond 9,223") for verb in ("show", "pause", "cancel")),
    (("tasks", "label", 2**70, "a"), "is beyond 9,223"),
    (("tasks", "label", 0, "a"), "1 to 9,223"),
    (("tasks", "list", "--limit", 2**64), "is beyond 9,223"),
    (("exports", "rebuild", 2**63), "is beyond 9,223"),
    (("webhooks", "show", 2**64), "no delivery has the id"),
    (("webhooks", "replay", 2**64), "is beyond 9,223"),
    (("webhooks", "enable", "9" * 5000), "no delivery has the id"),
    (("accounts", "disable", "nobody", "--reason", "\udcff"), "half a character"),
    (("works", "discover", "--uid", "007"), "--uid: '007' is no uid"),
    (("exports", "rebuild", 99), "no segment has the id 99"),
    *(
        (("accounts", verb, "nobody"), "no account is named 'nobody'")
        for verb in ("explain", "enable", "disable", "check")
    ),
    (("accounts", "set_limit", "nobody", 5), "no account is named 'nobody'"),
    (("accounts", "set_limit", "acc1", "--", -1), "the daily limit must be 0 to"),
    (("accounts", "list", "--platform", "douyin"), "unknown platform 'douyin'"),
    (("demo", "--creators", 0), "--creators must be 1 to"),
]


@pytest.mark.parametrize("cases", [STARTS, OTHERS], ids=["starts", "others"])
def test_bad_words_are_explained_and_change_nothing(baton: Baton, cases: list[Case]) -> None:
    baton.add_accounts("acc1")
    outcomes = baton.run_all(*(words for words, _ in cases))
    for (words, message), outcome in zip(cases, outcomes, strict=True):
        assert outcome.code == 2, (words, outcome)
        assert message in outcome.err, (words, outcome)
        assert outcome.out == "", words
        assert "Traceback" not in outcome.err, words
    assert look_at(baton).value("SELECT COUNT(*) FROM tasks") == 0


def test_a_negative_number_of_lines_is_refused(on_both: Baton) -> None:
    on_both.add_accounts("acc1")
    for listing in ("tasks", "exports"):
        outcome = on_both.run(listing, "list", "--limit", -1)
        assert outcome.code == 2, outcome
        assert "--limit" in outcome.err


def test_an_unknown_domain_gets_ten_seconds_to_appear(baton: Baton) -> None:
    baton.add_accounts("acc1")
    outcome = baton.run("start_export", "--domain", "没有", secs=14)
    assert outcome.code == 2, outcome
    assert "nothing is known of domain '没有' on bilibili" in outcome.err
    assert "start_crawl --domain 没有" in outcome.err
    assert look_at(baton).value("SELECT COUNT(*) FROM tasks") == 0


COOKIES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "No such file"),
    "empty": (b"", "the cookie file is empty"),
    "blank": (b" \n\r\n", "the cookie file is empty"),
    "gbk": (
        "SESSDATA=美妆".encode("gbk"),
        "no SESSDATA cookie of bilibili.com in it (1 cookie with",
    ),
    "binary": (bytes(range(128, 256)), "neither UTF-8 nor GBK text"),
    "html": (b"<!DOCTYPE html><html>", "this is a web page, not its cookies"),
    "zip": (b"PK\x03\x04...", "is a ZIP file, no text; unpack it, or export it as text"),
    "prose": (b"these are my cookies", "this is no cookie text"),
    "json": (b'[{"name": "SESSDATA"', "cookie JSON, line 1"),
    "json-text": (b'[1, "SESSDATA"]', "no cookies were left out (entry 1, entry 2)"),
    "other-site": (b'[{"name":"SESSDATA","value":"v","domain":".evil.example"}]', "no SESSDATA"),
    "netscape": (
        b"# Netscape HTTP Cookie File\n.bilibili.com\tTRUE\t/\n",
        "no cookie was left out (line 2)",
    ),
    "signed-out": (b"buvid3=abc; _uuid=1", "there is no SESSDATA cookie"),
}


def test_a_cookie_file_of_no_use_is_explained(baton: Baton, tmp_path: Path) -> None:
    for name, (content, _) in COOKIES.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    outcomes = baton.run_all(*(("accounts", "import", name, tmp_path / name) for name in COOKIES))
    for (name, (_, message)), outcome in zip(COOKIES.items(), outcomes, strict=True):
        assert outcome.code == 2, (name, outcome)
        assert message in outcome.err, (name, outcome)
        assert "Traceback" not in outcome.err, name
    assert not (baton.folder / "baton.db").exists()


def test_a_folder_instead_of_a_cookie_file_is_explained(baton: Baton, tmp_path: Path) -> None:
    outcome = baton.run("accounts", "import", "acc1", tmp_path)
    assert outcome.code == 2, outcome
    assert str(tmp_path) in outcome.err


def test_accounts_that_cannot_be_added_are_explained(baton: Baton) -> None:
    cookies = "SESSDATA=abc"
    assert baton.run("accounts", "add", "acc1", stdin=cookies).code == 0
    again = baton.run("accounts", "add", "acc1", stdin=cookies)
    assert again.code == 2
    assert "has an account named 'acc1' already" in again.err
    for words, message in (
        (("   ",), "NAME: a name has 1 to 128 printable characters"),
        (("x" * 129,), "NAME: a name has 1 to 128 printable characters"),
        (("acc2", "--limit", "-5"), "--limit: 0 to 1,000,000,000 rows"),
        (("acc2", "--proxy", "gopher://u:pr0xy-secret@h"), "the proxy is no URL"),
    ):
        outcome = baton.run("accounts", "add", *words, stdin=cookies)
        assert outcome.code == 2, outcome
        assert message in outcome.err
        assert "pr0xy-secret" not in outcome.err
    assert len(baton.run("accounts", "list", "--json").json) == 1
