"""`plan` as a user meets it: tables and sentences, JSON, what is wrong and what never ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crawler.planning.advice import Change
from crawler.planning.forecast import Bound
from tests.support.processes.launcher import Baton
from tests.support.processes.process_fixtures import Crawled

PLAN = ("plan", "--domain", "美妆")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_it_tells_how_long_and_what_helps(baton: Baton) -> None:
    baton.add_accounts("张三", "acc2", "acc3")
    baton.run("accounts", "disable", "acc3")
    outcome = baton.run(*PLAN, "--creators", 120_000)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "美妆 on bilibili: 120,000 creators to crawl, 0 rows waiting for export"
    table = {line.split()[0]: line for line in lines if line}
    assert "4,000" in table["张三"]
    assert "6,000 pages by 2 accounts" in table["crawl"]
    assert "8,000 rows/day, quota days: 15" in table["export"]
    assert "00:00" in table["export"] and "the daily quotas" in table["export"]
    assert "  enable acc3: " in outcome.out
    assert "  1 account more, like these: " in outcome.out
    assert "Left out, as disabled: acc3." in outcome.out
    assert "about 1,000 creators of one --domain: for 120,000" in outcome.out


def test_it_speaks_chinese(make_baton: Any) -> None:
    baton = make_baton(BATON_LANGUAGE="zh")
    baton.add_accounts("张三")
    outcome = baton.run(*PLAN, "--creators", 120_000)
    assert "待抓取 120,000 位达人" in outcome.out
    assert "决定因素" in outcome.out and "每日配额" in outcome.out
    assert not [word for word in ("creators", "pages", "quota") if word in outcome.out]


def test_json_says_the_same(crawled: Crawled) -> None:
    baton, _ = crawled
    told = baton.run(*PLAN, "--creators", 2_000, "--json").json
    assert told["crawl"]["pages"] == 100
    assert told["export"]["waiting_rows"] == 600
    assert told["export"]["rows"] == 2_600
    assert told["page_creators"] == {"value": 20.0, "learned_from_pages": 30}
    assert [one["username"] for one in told["accounts"]] and told["disabled"] == []
    assert {one["daily_export_limit"] for one in told["accounts"]} == {600}
    for work in ("crawl", "export"):
        passed = (moment(told[work]["ends_at"]) - moment(told["now"])).total_seconds()
        assert abs(passed - told[work]["secs"]) < 0.2
        assert told[work]["decided_by"] in set(Bound)
    assert told["export"]["quota_days"] == 3  # 1,200 rows a day
    assert {one["change"] for one in told["shorter"]} <= set(Change)
    assert "SESSDATA" not in baton.run(*PLAN, "--json").out


def test_what_waits_is_planned_by_itself(crawled: Crawled) -> None:
    baton, _ = crawled
    outcome = baton.run(*PLAN)
    assert outcome.code == 0
    assert "nothing to crawl" in outcome.out
    assert "600 rows" in outcome.out


def test_a_choice_is_planned(crawled: Crawled) -> None:
    baton, _ = crawled
    choice = ("--where", "followers>=100000", "--order", "-followers")
    told = baton.run(*PLAN, *choice, "--json").json
    rows, found = told["export"]["rows"], told["export"]["choice"]
    assert 0 < rows < 600 and found["stored"] == 600
    assert found["chosen"] == rows and found["share"] == round(rows / 600, 4)
    assert f"The choice fits {rows:,} of 600 stored creators" in baton.run(*PLAN, *choice).out
    assert baton.run(*PLAN, "--where", "colour>3").code == 2


def test_what_never_ends_is_told(baton: Baton) -> None:
    baton.add_accounts("acc1", limit=0)
    outcome = baton.run(*PLAN, "--creators", 100)
    assert outcome.code == 0
    assert "never" in outcome.out and "no account can do it" in outcome.out
    assert "accounts set_limit NAME 4,000, where that is allowed (acc1)" in outcome.out
    told = baton.run(*PLAN, "--creators", 100, "--json").json
    assert told["export"]["secs"] is told["export"]["ends_at"] is None


def test_without_accounts_it_says_what_to_do(baton: Baton) -> None:
    bare, what_if = baton.run_all(
        (*PLAN, "--creators", 100), (*PLAN, "--creators", 100, "--accounts", 3)
    )
    assert bare.code == 4
    assert "accounts import NAME" in bare.err
    assert what_if.code == 0


def test_bad_words_are_explained(baton: Baton) -> None:
    baton.add_accounts("acc1")
    cases = [
        (("plan",), "Missing option '--domain'"),
        (("plan", "美妆"), "did you mean --domain 美妆?"),
        (("plan", "--domain", " ", "--creators", 5), "--domain: 1 to 128 characters"),
        ((*PLAN, "--creators", 0), "--creators must be 1 to 1,000,000,000, got 0"),
        ((*PLAN, "--creators", -3), "got -3"),
        ((*PLAN, "--creators", "many"), "'many' should be a valid integer"),
        ((*PLAN, "--pages", 0), "--pages must be 1"),
        ((*PLAN, "--accounts", 0), "--accounts must be 1 to 10,000, got 0"),
        ((*PLAN, "--workers", 65), "--workers must be 1 to 64, got 65"),
        ((*PLAN, "--creators", 5, "--platform", "youtube"), "unknown platform 'youtube'"),
        (PLAN, "say how many creators with --creators N"),
    ]
    outcomes = baton.run_all(*(words for words, _ in cases))
    for (words, message), outcome in zip(cases, outcomes, strict=True):
        assert outcome.code == 2, (words, outcome)
        assert message in outcome.err, (words, outcome)
