"""`works …` as a person and a program meet it: words, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.messages import english
from tests.support.processes.launcher import Baton, SandboxProcess

Video = dict[str, Any]


@pytest.fixture
def sandbox(start_sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return start_sandbox(creators=200)


@pytest.fixture
def here(baton: Baton, sandbox: SandboxProcess) -> Baton:
    url = sandbox.url
    baton.env |= {
        "BATON_BILIBILI_BASE_URL": url,
        "BATON_TIKHUB_BASE_URL": url,
        "BATON_TIKHUB_TOKEN": "any",
        "BATON_YOUTUBE_BASE_URL": f"{url}/youtube/v3",
        "BATON_YOUTUBE_API_KEY": "any",
        "BATON_SHORT_LINK_BASE_URL": url,
    }
    baton.add_accounts("acc1")
    return baton


def videos(sandbox: SandboxProcess, platform: str, count: int, state: str = "visible"):
    return sandbox.videos(platform, count, state=state)


def listed(baton: Baton, *args: object) -> list[Any]:
    return list(baton.run("works", "list", "--json", *args).json)


def test_links_are_added_with_their_titles(here: Baton, sandbox: SandboxProcess) -> None:
    one, two = videos(sandbox, "bilibili", 2)
    tube = videos(sandbox, "youtube", 1)[0]
    outcome = here.run("works", "add", one["url"], two["short_url"], f"youtube:{tube['id']}")
    assert (outcome.code, outcome.out.count(": added\n")) == (0, 3), outcome
    works = {work["work_id"]: work for work in listed(here)}
    for video in (one, two, tube):
        work = works[video["id"]]
        assert (work["title"], work["author"], work["uid"]) == (
            video["title"],
            video["author"],
            video["uid"],
        )
        assert work["play_count"] == video["counters"]["view"] or work["play_count"] is not None
        assert work["is_valid"] is True
    again = here.run("works", "add", one["url"], "--json")
    assert again.json == [
        {
            "input": one["url"],
            "platform": "bilibili",
            "work_id": one["id"],
            "status": "known",
            "note": None,
            "note_code": None,
            "note_params": None,
        }
    ]


def test_a_video_that_its_platform_does_not_have_is_not_added(
    here: Baton, sandbox: SandboxProcess
) -> None:
    good, gone = videos(sandbox, "bilibili", 1)[0], videos(sandbox, "douyin", 1, "gone")[0]
    outcome = here.run("works", "add", good["url"], gone["url"], "https://b23.tv/looping")
    assert outcome.code == 3
    assert f"{gone['url']}: not added: not_found" in outcome.out
    assert "https://b23.tv/looping: not added: bad_id" in outcome.out
    assert [work["work_id"] for work in listed(here)] == [good["id"]]


def test_without_fetching_only_short_links_are_asked(here: Baton, sandbox: SandboxProcess) -> None:
    one, two = videos(sandbox, "bilibili", 2)
    outcome = here.run("works", "add", "--no-fetch", one["url"], two["short_url"])
    assert outcome.code == 0, outcome
    assert {work["work_id"] for work in listed(here)} == {one["id"], two["id"]}
    assert {work["title"] for work in listed(here)} == {""}
    assert set(sandbox.stats()["requests"]) == {"short_links"}


def test_what_cannot_be_asked_now_is_added_all_the_same(
    here: Baton, sandbox: SandboxProcess
) -> None:
    gone = f"{sandbox.url}/gone"  # a platform that does not answer is waited for
    outcome = here.run("works", "add", "BV1GJ411x7h7", env={"BATON_BILIBILI_BASE_URL": gone})
    assert outcome.code == 0 and "added; its platform was asked in vain" in outcome.out, outcome
    assert listed(here)[0]["failure_count"] == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("add", "hello"), "neither a link nor an id"),
        (("add", "BV1GJ411x7h7", "https://www.bilibili.com/read/cv1"), "not of a video"),
        (("add", "1GJ411x7h7"), "did you mean BV1GJ411x7h7"),
        (("import",), "give files to import, or --inbox"),
        (("import", "none.csv"), "none.csv: No such file"),
        (("import", "x.csv", "--inbox"), "give files to import, or --inbox"),
        (("discover", "--uid", "abc"), "is no uid"),
        (("discover", "--uid", "99999"), "no creator with the uid 99999"),
        (("disable", "BV1GJ411x7h7"), "not in the catalogue: bilibili:BV1GJ411x7h7"),
        (("list", "--platform", "nobody"), "unknown platform 'nobody'"),
    ],
)
def test_wrong_words_end_with_2_and_change_nothing(here: Baton, args, message) -> None:
    outcome = here.run("works", *args)
    assert outcome.code == 2 and message in outcome.err, outcome
    assert "Traceback" not in outcome.err and outcome.out == ""
    assert listed(here) == []


def test_a_file_is_imported_and_the_second_time_changes_nothing(here: Baton) -> None:
    file = here.work / "表.csv"
    lines = ["作品ID,标题,价格", "BV1GJ411x7h7,好,1", "hello,,", "BV1GJ411x7h7,更好,2"]
    file.write_bytes("\n".join(lines).encode("gbk"))
    first = here.run("works", "import", file)
    assert (first.code, first.out) == (3, f"{file}: 1 new, 0 changed, 0 unchanged\n")
    wanted = ("columns that are not used: 价格", f"{file}, line 3: 'hello'", "1 line not imported")
    for said in (*wanted, "the last one counts"):
        assert said in first.err.replace("\n", " "), (said, first.err)
    (second,) = here.run("works", "import", file, "--json").json
    assert {**second, "problems": len(second["problems"])} == {
        "file": str(file),
        "new": 0,
        "changed": 0,
        "unchanged": 1,
        "repeats": 1,
        "problems": 1,
    }
    assert listed(here)[0]["title"] == "更好"


def test_many_problems_are_told_in_part(here: Baton) -> None:
    file = here.work / "bad.csv"
    file.write_text("id\n" + "hello\n" * 500, encoding="utf-8")
    outcome = here.run("works", "import", file)
    assert outcome.code == 3
    assert outcome.err.count("'hello'") == 20 and "and 480 more" in outcome.err


def test_all_uploads_of_a_creator(here: Baton, sandbox: SandboxProcess) -> None:
    of_owner: dict[str, list[Video]] = {}
    for video in videos(sandbox, "bilibili", 100):
        of_owner.setdefault(video["uid"], []).append(video)
    uid, wanted = max(of_owner.items(), key=lambda pair: len(pair[1]))
    outcome = here.run("works", "discover", "--uid", uid, "--json")
    assert outcome.code == 0, outcome
    works = {work["work_id"]: work for work in listed(here, "--uid", uid)}
    assert outcome.json["found"] == outcome.json["new"] == len(works) >= len(wanted)
    for video in wanted:
        assert works[video["id"]]["title"] == video["title"]
        assert works[video["id"]]["author"] == video["author"]
        assert works[video["id"]]["cover_url"].startswith("http")
    assert here.run("works", "discover", "--uid", uid, "--json").json["unchanged"] == len(works)


def test_out_back_and_into_the_list(here: Baton) -> None:
    here.run("works", "add", "--no-fetch", "BV1GJ411x7h7", "youtube:dQw4w9WgXcQ")
    assert here.run("works", "disable", "BV1GJ411x7h7", "--reason", "advert").code == 0
    (out,) = listed(here, "--invalid")
    assert (out["work_id"], english(out["invalid_reason"]), out["invalid_by"]) == (
        "BV1GJ411x7h7",
        "disabled: advert",
        "operator",
    )
    told = here.run("works", "export", "--json").json
    assert (told["total"], told["valid"]) == (2, 1)
    document = json.loads((here.data_dir / "spider/views.json").read_text(encoding="utf-8"))
    assert {one["work_id"]: one["is_valid"] for one in document["works"]} == {
        "BV1GJ411x7h7": False,
        "dQw4w9WgXcQ": True,
    }
    back = here.run("works", "import", here.data_dir / "spider/views.json")
    assert "0 new, 0 changed, 2 unchanged" in back.out
    assert here.run("works", "enable", "BV1GJ411x7h7").out == "1 work enabled\n"
    table = here.run("works", "list").out
    assert "youtube:dQw4w9WgXcQ" in table and "invalid" not in table


@pytest.mark.parametrize(
    ("args", "message"),
    [(("7",), "did you mean --uids 7?"), (("--uids", "a b!"), "'b!' is no creator's id")],
)
def test_wrong_words_to_update_play_counts(here: Baton, args, message) -> None:
    outcome = here.run("update_play_counts", *args)
    assert outcome.code == 2 and message in outcome.err, outcome


def test_several_creators_after_one_option(here: Baton) -> None:
    outcome = here.run("update_play_counts", "--uids", "1", "2,3", "4", "--json")
    assert outcome.code == 0, outcome
    assert outcome.json["updated"] == 0
