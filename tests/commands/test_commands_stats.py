"""`stats fetch`: its table at any width, its JSON, where its links come from, how it ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.processes.launcher import Baton, Outcome, SandboxProcess, wait_until
from tests.support.sandbox import control

COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
PLATFORMS = ("bilibili", "youtube", "douyin", "tiktok")
SIZES = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
KEYS = ("geheim-youtube", "geheim-tikhub")
FETCHED = {
    "input",
    "platform",
    "video_id",
    "status",
    *COUNTERS,
    "title",
    "author",
    "uid",
    "published_at",
}
Video = dict[str, Any]


class World:
    """The platform and what it knows."""

    def __init__(self, platform: SandboxProcess) -> None:
        self.platform = platform

    def videos(self, name: str, count: int, state: str = "visible") -> list[Video]:
        return self._ask(platform=name, count=count, state=state)

    def now(self, video: Video) -> Video:
        """The same video as it is now: its counters grow."""
        return self._ask(platform=video["platform"], ids=video["id"])[0]

    def _ask(self, **params: object) -> list[Video]:
        found: list[Video] = control.look(self.platform.url, "videos", **params)["videos"]
        return found


@pytest.fixture
def world(start_sandbox: Callable[..., SandboxProcess]) -> World:
    return World(start_sandbox(creators=200))


@pytest.fixture
def here(baton: Baton, world: World) -> Baton:
    """Commands that know where every platform is, and one account."""
    url = world.platform.url
    baton.env |= {
        "BATON_BILIBILI_BASE_URL": url,
        "BATON_YOUTUBE_BASE_URL": f"{url}/youtube/v3",
        "BATON_YOUTUBE_API_KEY": KEYS[0],
        "BATON_TIKHUB_BASE_URL": url,
        "BATON_TIKHUB_TOKEN": KEYS[1],
        "BATON_SHORT_LINK_BASE_URL": url,
    }
    baton.add_accounts("acc1")
    return baton


def fetch(baton: Baton, *args: object, **how: Any) -> Outcome:
    outcome = baton.run("stats", "fetch", *args, **how)
    said = outcome.out + outcome.err
    assert "Traceback" not in said and not any(key in said for key in KEYS), outcome
    return outcome


def one_each(world: World) -> list[Video]:
    return [video for name in PLATFORMS for video in world.videos(name, 3)]


def urls(videos: Iterable[Video]) -> list[str]:
    return [video["url"] for video in videos]


def between(value: int | None, before: int | None, after: int | None) -> bool:
    if value is None or before is None or after is None:
        return value is before is after is None
    return before <= value <= after


def cells(table: str) -> list[list[str]]:
    """The rows of a table without its title row, colours or alignment."""
    return [COLOURS.sub("", line).split() for line in table.splitlines()[1:]]


def on_screen(baton: Baton, columns: int, *args: str) -> Outcome:
    """As on a terminal of that width."""
    return fetch(baton, *args, env={"FORCE_COLOR": "1", "COLUMNS": str(columns)})


def read(cell: str) -> tuple[float, float] | None:
    """The smallest and largest number that a cell may stand for; None for a dash."""
    if cell == "-":
        return None
    found = re.fullmatch(r"([\d,]+(?:\.\d+)?)([kMG]?)", cell)
    assert found, cell
    number, size = float(found[1].replace(",", "")), SIZES[found[2]]
    slack = 0 if size == 1 else number * 0.006
    return (number - slack) * size, (number + slack) * size


@pytest.mark.parametrize("columns", [80, 100, 140, 200])
def test_the_table_fits_the_terminal_and_says_the_truth(
    here: Baton, world: World, columns: int
) -> None:
    before = one_each(world)
    outcome = on_screen(here, columns, *urls(before))
    after = [world.now(video) for video in before]
    assert outcome.code == 0, outcome
    lines = [COLOURS.sub("", line) for line in outcome.out.splitlines()]
    assert max(cell_len(line.rstrip()) for line in lines) <= columns
    assert len(lines) == 1 + len(before), "a line a video"
    titles = lines[0].split()
    wide = columns >= 130
    assert titles[2:9] == [name if wide else name[:5] for name in COUNTERS]
    assert ("title" in titles) is (columns >= 100)
    for row, first, last in zip(cells(outcome.out), before, after, strict=True):
        assert row[:2] == [first["platform"], first["id"]], "ids are whole"
        for cell, name in zip(row[2:9], COUNTERS, strict=True):
            told, low, high = read(cell), first["counters"].get(name), last["counters"].get(name)
            assert (told is None) is (low is None), (row, name)
            if told is not None:
                assert told[0] <= high and low <= told[1], (row, name, low, high)
            if wide:
                assert not re.search("[kMG]", cell)


def test_without_a_terminal_nothing_is_cut(here: Baton, world: World) -> None:
    videos = one_each(world)
    outcome = fetch(here, *urls(videos), env={"COLUMNS": "40"})
    assert outcome.code == 0 and "\x1b" not in outcome.out
    rows = cells(outcome.out)
    assert [row[1] for row in rows] == [video["id"] for video in videos]
    assert all(re.fullmatch(r"[\d,]+|-", cell) for row in rows for cell in row[2:9])
    assert "…" not in outcome.out.splitlines()[0]


def test_the_json_has_an_object_for_each_item_in_order(here: Baton, world: World) -> None:
    before = one_each(world)
    gone = world.videos("douyin", 1, "gone")[0]
    texts = [*urls(before), gone["url"], "nonsense", "https://b23.tv/looping"]
    outcome = fetch(here, *texts, "--json")
    after = [world.now(video) for video in before]
    assert outcome.code == 3, outcome
    items = outcome.json
    assert [item["input"] for item in items] == texts
    for item, first, last in zip(items, before, after, strict=False):
        assert set(item) == FETCHED and item["status"] == "success"
        assert (item["platform"], item["video_id"]) == (first["platform"], first["id"])
        assert isinstance(item["video_id"], str) and isinstance(item["uid"], str)
        for name in COUNTERS:
            assert between(item[name], first["counters"].get(name), last["counters"].get(name))
        assert (item["title"], item["author"]) == (first["title"], first["author"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", item["published_at"])
    shared = {"input", "platform", "video_id", "status"}
    lost, nonsense, looping = items[len(before) :]
    told = {"error", "error_code", "error_params", "final"}
    assert set(lost) == shared | told | {"reason"}
    assert (lost["status"], lost["reason"], lost["final"]) == ("unavailable", "not_found", True)
    assert lost["video_id"] == gone["id"]
    assert set(nonsense) == shared | told
    assert (nonsense["status"], nonsense["platform"], nonsense["final"]) == ("failed", None, True)
    assert (looping["status"], looping["reason"]) == ("unavailable", "bad_id")
    assert f"{len(before)} of {len(texts)} have counters" in outcome.err


def test_what_has_no_counters_is_told_below_the_table(here: Baton, world: World) -> None:
    good, gone = world.videos("tiktok", 1)[0], world.videos("tiktok", 1, "gone")[0]
    outcome = fetch(here, gone["url"], "nonsense", good["url"])
    assert outcome.code == 3
    lines = outcome.out.splitlines()
    assert lines[1].split()[:2] == ["tiktok", good["id"]]
    assert lines[2].startswith(f"{gone['url']}: not_found: ")
    assert lines[3].startswith("nonsense: ") and "PLATFORM:ID" in lines[3]
    assert "1 of 3 have counters" in outcome.err


def test_links_come_from_arguments_a_file_and_standard_input(here: Baton, world: World) -> None:
    videos = world.videos("youtube", 3)
    file = here.work / "links.txt"
    file.write_text(f"\n  {videos[1]['url']}  \n\n{videos[2]['url']}\r\n", encoding="utf-8-sig")
    expected = [video["id"] for video in videos]
    told = fetch(here, videos[0]["url"], "--file", file, "--json")
    assert told.code == 0 and [item["video_id"] for item in told.json] == expected
    typed = "\n".join(urls(videos))
    piped = fetch(here, "--file", "-", "--json", stdin=typed)
    assert piped.code == 0 and [item["video_id"] for item in piped.json] == expected
    bare = fetch(here, *expected, "--platform", "youtube", "--json")
    assert bare.code == 0 and [item["video_id"] for item in bare.json] == expected


def test_wrong_words_end_with_2_and_ask_nobody(here: Baton, world: World) -> None:
    odd = here.work / "odd.txt"
    odd.write_bytes(b"\xff\xff\x81")
    for args, message in (
        ((), "give links or ids, or --file"),
        (("--file", "none.txt"), "none.txt: No such file"),
        (("--file", odd), "neither UTF-8 nor GBK text"),
        (("--file", here.work), "Is a directory"),
        (("dQw4w9WgXcQ", "--platform", "nobody"), "nobody"),
    ):
        outcome = fetch(here, *args)
        assert outcome.code == 2 and message in outcome.err, (args, outcome)
    assert fetch(here, "--file", "-", stdin="\n \n").code == 2
    assert world.platform.stats()["requests"] == {}


def test_standard_input_that_is_no_text_is_named(here: Baton) -> None:
    outcome = fetch(here, "--file", "-", stdin=b"\xff\xff\x81")
    assert outcome.code == 2 and "UTF-8" in outcome.err, outcome


def test_a_missing_key_is_named_and_costs_only_its_platform(here: Baton, world: World) -> None:
    videos = [world.videos(name, 1)[0] for name in PLATFORMS]
    outcome = fetch(here, *urls(videos), "--json", env={"BATON_YOUTUBE_API_KEY": ""})
    assert outcome.code == 3
    states = {item["platform"]: item["status"] for item in outcome.json}
    assert states == {
        "bilibili": "success",
        "youtube": "failed",
        "douyin": "success",
        "tiktok": "success",
    }
    assert "BATON_YOUTUBE_API_KEY" in outcome.json[1]["error"]


def test_a_spent_budget_keeps_what_was_fetched(here: Baton, world: World) -> None:
    links = urls(world.videos("youtube", 60))
    outcome = fetch(here, *links, "--json", env={"BATON_YOUTUBE_DAILY_UNITS": "1"})
    assert outcome.code == 3
    failed = [item for item in outcome.json if item["status"] == "failed"]
    assert len(failed) in (10, 50), "one batch of two"
    assert all("used up" in item["error"] for item in failed)
    again = fetch(here, links[0], env={"BATON_YOUTUBE_DAILY_UNITS": "1"})
    assert again.code == 3 and "used up" in again.out


def test_ctrl_c_prints_what_there_is(here: Baton, world: World) -> None:
    videos = world.videos("youtube", 60)
    world.platform.order_faults({"kind": "youtube_429", "video": videos[55]["id"], "times": 1000})
    process = here.start("stats", "fetch", *urls(videos), "--json")
    stats = world.platform.stats
    wait_until(lambda: stats()["faults"].get("youtube_429"), "a throttle")
    wait_until(lambda: sum(stats()["requests"]["youtube"].values()) >= 2, "both batches")
    process.signal(2)
    outcome = process.wait()
    assert outcome.code == 130, outcome
    assert [item["status"] for item in outcome.json] == ["success"] * 50 + ["failed"] * 10
    assert outcome.json[-1]["error"] == "stopped" and "Traceback" not in outcome.err
    told = re.findall(r"^youtube waits until .*: the platform throttles: .*429", outcome.err, re.M)
    assert len(told) == 1, outcome.err
