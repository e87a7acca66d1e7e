"""What commands say to people: hints that help, paths that are whole, advice that can be run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import commands
from presentation.i18n.catalogue import messages_of
from tests.support.processes.launcher import Baton, SandboxProcess
from tests.support.processes.process_fixtures import Crawled

EXPORT = ("start_export", "--domain", "美妆")


def test_a_new_database_is_told_once(baton: Baton) -> None:
    env = {"DATABASE_URL": "sqlite:///data/elsewhere.db"}
    first, second = baton.run("status", env=env), baton.run("status", env=env)
    path = baton.work / "data" / "elsewhere.db"
    assert first.err.strip() == f"new database {path} (nothing was there)"
    assert second.err == ""
    assert second.out.rstrip().endswith(str(path))


def test_doctor_names_absolute_paths_and_says_when_it_made_a_database(baton: Baton) -> None:
    env = {"DATABASE_URL": "sqlite:///b.db", "BATON_DATA_DIR": "d", "BATON_LOG_DIR": "l"}
    first, second = baton.run("doctor", env=env), baton.run("doctor", env=env)
    for name in ("b.db", "d", "l"):
        assert re.search(rf"{re.escape(str(baton.work / name))}\b", second.out), second.out
    assert "WARNING database: " in first.out and "made just now" in first.out
    assert "ok      database: " in second.out


def test_a_misspelt_domain_is_told_and_leaves_no_made_up_range(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    baton.use(start_sandbox(creators=40))
    baton.add_accounts("acc1")
    baton.crawl("美妆")
    wrong = baton.run("start_crawl", "--domain", "美装")
    assert wrong.code == 0, wrong
    assert "the platform has no creators for '美装'; check the spelling" in wrong.err
    [line] = [line for line in baton.run("tasks", "list").out.splitlines() if "美装" in line]
    assert line.split()[1:5] == ["crawl", "美装", "completed", "0"]
    hint = baton.run("start_export", "--domain", "美妆品")
    assert hint.code == 2
    assert "(known: 美妆)" in hint.err


def test_a_joined_crawl_tells_its_own_pages(baton: Baton) -> None:
    baton.add_accounts("acc1")
    crawl = ("start_crawl", "--domain", "美妆", "--detach", "--pages")
    assert "is open already" not in baton.run(*crawl, 30).err
    other, same = baton.run(*crawl, 3), baton.run(*crawl, 30)
    told = "task 1 (crawl of 美妆) is open already; going on with it"
    assert f"{told}, with its own pages: 1 to 30" in other.err
    assert told in same.err and "pages" not in same.err
    assert baton.run(*crawl[:-1]).err.count("1 to 30") == 1


def test_listings_keep_paths_whole_and_use_plain_words(crawled: Crawled) -> None:
    baton, _ = crawled
    env = {"COLUMNS": "60"}
    assert baton.run(*EXPORT).code == 0
    exports, tasks = baton.run("exports", "list", env=env), baton.run("tasks", "list", env=env)
    (file,) = baton.exports_dir.rglob("*.csv")
    assert [line for line in exports.out.splitlines() if line.endswith(str(file))]
    assert all(line == line.rstrip() for line in exports.out.splitlines())
    assert "completed" in tasks.out


def test_doctor_finds_files_that_are_gone_or_cut(crawled: Crawled) -> None:
    baton, _ = crawled
    assert baton.run(*EXPORT).code == 0
    assert "ok      export files: 1 sealed file of this host in place" in baton.run("doctor").out
    (file,) = baton.exports_dir.rglob("*.csv")
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    cut = baton.run("doctor")
    assert cut.code == 1, cut
    assert "python cli.py exports rebuild 1" in cut.out
    file.unlink()
    assert baton.run("doctor").code == 1
    assert baton.run("exports", "rebuild", 1).code == 0
    assert baton.run("doctor").code == 0


def test_advice_can_be_run_as_it_is_written(baton: Baton) -> None:
    baton.add_accounts("小号 1", limit=0)
    assert baton.run("accounts", "disable", "小号 1").code == 0
    findings = {one["subject"]: one for one in baton.run("doctor", "--json").json}
    assert findings["accounts"]["advice"].startswith("python cli.py accounts enable")
    advice = findings["account 小号 1"]["advice"]
    assert re.match(r"python cli\.py accounts \w+ '小号 1'", advice)


@pytest.mark.parametrize(
    ("words", "stdin", "wanted"),
    [
        (("accounts", "add", "x"), "prose", "SESSDATA=...; bili_jct=..."),
        (
            ("accounts", "add", "x", "--proxy", "foo"),
            "SESSDATA=a",
            "http://user:password@host:8080",
        ),
    ],
)
def test_our_own_examples_are_not_struck_out(
    baton: Baton, words: tuple[str, ...], stdin: str, wanted: str
) -> None:
    outcome = baton.run(*words, stdin=stdin)
    assert outcome.code == 2
    assert wanted in outcome.err


def test_the_form_of_a_database_url_is_shown(baton: Baton) -> None:
    outcome = baton.run("status", env={"DATABASE_URL": "mysql://me:s3cret@"})
    assert "mysql://USER:PASSWORD@HOST:3306/DATABASE" in outcome.err
    assert "s3cret" not in outcome.err


def test_status_after_an_interruption_says_how_to_go_on(baton: Baton) -> None:
    baton.add_accounts("acc1")
    assert baton.run("start_crawl", "--domain", "美妆", "--detach").code == 0
    status = baton.run("status", env={"COLUMNS": "80"})
    command = "python cli.py start_crawl --domain 美妆"
    assert f"no process works on it; go on with: {command}" in status.out


def test_an_empty_pool_says_how_to_fill_it(baton: Baton) -> None:
    listed = baton.run("accounts", "list")
    assert listed.out == "" and "no account yet; add one with: " in listed.err
    assert baton.run("accounts", "list", "--json").json == []
    assert "no account yet" not in baton.run("accounts", "list", "--deleted").err


def test_every_column_of_a_listing_has_a_title() -> None:
    """A title that no catalogue has comes out as its code."""
    for path in sorted(Path(commands.__file__).parent.rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for title in _titles(module):
            code = f"column_{title.replace(' ', '_')}"
            for language in ("en", "zh"):
                assert code in messages_of(language), (path.name, title, language)


def _titles(module: ast.Module) -> Iterator[str]:
    """Yield the titles that a module writes out for its tables, also as a constant of its own."""
    constants = {
        target.id: one.value
        for one in module.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in ("table_of", "column_of", "column_titles") or not node.args:
            continue
        given = node.args[0]
        given = constants.get(given.id, given) if isinstance(given, ast.Name) else given
        for one in given.elts if isinstance(given, ast.Tuple | ast.List) else [given]:
            if isinstance(one, ast.Constant) and one.value:
                yield str(one.value)
