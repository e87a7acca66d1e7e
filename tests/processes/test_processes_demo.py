"""The demo is the promise of the first minute."""

from __future__ import annotations

from tests.support.processes.launcher import Launcher


def test_the_demo_exports_ten_thousand_in_files_of_three_accounts(launcher: Launcher) -> None:
    outcome = launcher.run("demo", "--json")
    assert outcome.code == 0, outcome
    answer = outcome.json
    assert set(answer) == {"creators", "exported", "files", "verify"}
    assert (answer["creators"], answer["exported"]) == (10_000, 10_000)
    assert [file["rows"] for file in answer["files"]] == [4000, 4000, 2000]
    assert all(set(file) == {"path", "rows", "account"} for file in answer["files"])
    assert len({file["account"] for file in answer["files"]}) == 3
    assert answer["verify"] == {"ok": True, "problems": []}
    for file in answer["files"]:
        content = (launcher.work / file["path"]).read_text(encoding="utf-8-sig")
        assert content.startswith("id,uid,nickname,")


def test_the_demo_runs_again_in_its_own_folder_and_database(launcher: Launcher) -> None:
    few = ("demo", "--creators", 45, "--accounts", 1, "--json")
    own = launcher.work / "own.db"
    for _ in range(2):
        outcome = launcher.run(*few, env={"DATABASE_URL": f"sqlite:///{own}"})
        assert outcome.code == 0, outcome
        assert [file["rows"] for file in outcome.json["files"]] == [45]
    assert not own.exists()


def test_the_demo_touches_no_folder_that_it_did_not_make(launcher: Launcher) -> None:
    mine = launcher.work / "data" / "demo" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("precious")
    outcome = launcher.run("demo", "--json")
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert "was not made by the demo" in outcome.err
    assert mine.read_text() == "precious"
