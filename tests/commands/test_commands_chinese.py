"""With BATON_LANGUAGE=zh no English sentence is on the screen: help, listings, actions, errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest
import typer
import typer.testing

from commands.framework.main import build
from presentation.i18n.catalogue import messages_of
from presentation.i18n.language import Language
from tests.commands.test_commands_help import every_command
from tests.support.processes.launcher import ROOT, Baton, Outcome, SandboxProcess
from tests.support.processes.process_fixtures import DOMAIN, look_at

CHINESE = {"BATON_LANGUAGE": "zh", "COLUMNS": "200"}
ENGLISH_WORDS = re.compile(r"\b[A-Za-z][a-z']+(?: (?:[a-z][a-z']*|[A-Z][a-z']+))+\b")
# What may stand on the screen in English: what a person types, and what has a name of its own.
ALLOWED = (
    re.compile(r"`[^`]+`"),
    re.compile(r"<[^>]+>"),  # the type of a value
    re.compile(r"python cli\.py [^，；。：（）\n]+"),  # a command, up to the next punctuation
    re.compile(r"cli\.py [\w ]+"),  # of a usage line
    re.compile(r"baton [\w ]+"),  # the same, where the program has no file
    re.compile(r"\S*[/\\@=]\S*"),  # paths, addresses, settings with a value
    re.compile(r"--?[a-z][\w-]*"),  # options
    re.compile(r"\b[A-Z][A-Z_]+\b"),  # settings, places for words, HTTP
    # Sentences that modules below the presentation still write; delete with the last of them.
    re.compile(r"(?:cancelled )?by the operator|\d+ rows a day"),
    re.compile(r"No such file or directory"),  # the operating system's words
)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COOKIES = "SESSDATA=c00kie-secret"
BV1, BV2 = "BV1xx411c7mD", "BV1xx411c7mE"
FILES = {
    "accounts.csv": f"username,cookie\na2,{COOKIES}\n",
    "works.csv": f"bvid,color\n{BV2},red\n",
    "dramas.jsonl": '{"task_id": "t1", "project_id": "p1", "callback_url": "https://r.example/x"}',
    "users.jsonl": '{"user_id": "u1"}',
    "posted.jsonl": '{"task_id": "t1", "user_id": "u1", "submission_link":'
    ' "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}',
}
Words = tuple[object, ...]
ACTIONS: tuple[tuple[Words, str], ...] = (
    (("accounts", "add", "a1", "--limit", 100), COOKIES),
    (("accounts", "import", "accounts.csv"), ""),
    (("accounts", "set_limit", "a1", 50), ""),
    (("accounts", "disable", "a2"), ""),
    (("accounts", "check", "a1"), ""),
    (("accounts", "set_group", "a1", "a2", "客户"), ""),
    (("accounts", "rename", "a2", "a3"), ""),
    (("accounts", "delete", "a3", "--yes"), ""),
    (("accounts", "add", "a2"), COOKIES + "2"),
    (("accounts", "rotate_key"), ""),
    (("start_crawl", "--domain", DOMAIN), ""),
    (("start_export", "--domain", DOMAIN), ""),
    (("start_crawl", "--domain", "美食", "--detach", "--pages", 3), ""),
    (("start_crawl", "--domain", "美食", "--detach"), ""),
    (("tasks", "label", 1, "mine"), ""),
    (("tasks", "unlabel", 1, "mine"), ""),
    (("tasks", "pin", 4, "--account", "a1"), ""),
    (("tasks", "pin", 4, "--group", "客户"), ""),
    (("tasks", "pin", 4, "--none"), ""),
    (("tasks", "pause", 4), ""),
    (("tasks", "resume", 4), ""),
    (("tasks", "cancel", 4), ""),
    (("exports", "verify"), ""),
    (("exports", "rebuild", 1), ""),
    (("jobs", "run", "quota_reset"), ""),
    (("jobs", "preview", "prune"), ""),
    (("works", "add", BV1, "--no-fetch"), ""),
    (("works", "import", "works.csv"), ""),
    (("works", "disable", BV1), ""),
    (("works", "enable", BV1), ""),
    (("works", "export"), ""),
    (("dramas", "import", "dramas.jsonl"), ""),
    (("dramas", "import_users", "users.jsonl"), ""),
    (("dramas", "import_completions", "posted.jsonl"), ""),
    (("dramas", "pause", "t1"), ""),
    (("dramas", "resume", "t1"), ""),
    (("dramas", "set_secret", "t1"), SECRET),
    (("daily_stats", "2026-01-01"), ""),
    (("webhooks", "replay", "--task", "t1"), ""),
    (("webhooks", "disable", 1), ""),
    (("webhooks", "enable", 1), ""),
    (("webhooks", "rotate_secret", "t1"), ""),
    (("webhooks", "rotate_secret", "t1", "--finish"), ""),
    (("web", "token"), ""),
    (("web", "token", "--read-only", "--name", "guest"), ""),
    (("web", "revoke", "guest"), ""),
    (("plan", "--domain", DOMAIN, "--creators", 50), ""),
    (("views", "--export-only"), ""),
    (("init",), ""),
)
LISTINGS: tuple[Words, ...] = (
    *(("accounts", "list", "--deleted"), ("accounts", "groups")),
    *(("accounts", "list"), ("accounts", "explain", "a1"), ("accounts", "explain", "a2")),
    *(("tasks", "list"), ("tasks", "show", 1), ("exports", "list"), ("status",), ("doctor",)),
    *(("alerts", "list"), ("alerts", "list", "--all"), ("jobs", "list"), ("works", "list")),
    *(("dramas", "list"), ("dramas", "show", "t1"), ("webhooks", "list"), ("webhooks", "show", 1)),
    *(("web", "tokens"), ("doctor", "--fix"), ("views", "gaps", "--all")),
)
ERRORS: tuple[Words, ...] = (
    *(("nope",), ("tasks", "nope"), ("tasks", "show"), ("tasks", "show", "x"), ("start_crawl",)),
    *(("tasks", "list", "--limt", 2), ("tasks", "list", "--open=3"), ("tasks", "list", "--limit")),
    *(("tasks", "list", 3), ("tasks", "list", "--limit", 0), ("serve", "--port", 99_999)),
    *(("start_crawl", DOMAIN), ("start_crawl", "--domain", "--detach"), ("demo", "--accounts", 0)),
    ("start_crawl", "--domain", DOMAIN, "--via", "magic"),
    ("start_crawl", "--domain", DOMAIN, "--workers", 0),
    ("tasks", "show", 2**63),
    *(
        ("run", "--crawl-workers", 0, "--export-workers", 0),
        ("plan", "--domain", "a", "--pages", 0),
    ),
    *(("exports", "rebuild"), ("exports", "rebuild", "--host", "nowhere"), ("jobs", "run", "x")),
    *(("accounts", "import", "a9", "none.txt"), ("works", "import"), ("stats", "fetch")),
    *(("broadcast", "--once", "start"), ("daily_stats", "yesterday")),
    *(("views", "--full", "--missing"), ("views", "--date", "2026-01-01"), ("views", "top")),
    *(("webhooks", "list", "--from", "soon"), ("webhooks", "enable", "9" * 50)),
    ("webhooks", "rotate_secret", "t1", "--finish", "--secret-stdin"),
    *(
        ("update_play_counts", "7"),
        ("update_play_counts", "--uids", "a!"),
        ("demo", "--creators", 0),
    ),
    *(("dramas", "import", "empty.csv"), ("dramas", "import", "wrong.csv")),
)


def english(text: str) -> list[str]:
    """Runs of two or more English words that are no command, option, path, setting or name."""
    for form in ALLOWED:
        text = form.sub("|", text)
    return ENGLISH_WORDS.findall(text)


def shown(outcome: Outcome) -> str:
    assert "Traceback" not in outcome.err, outcome
    return outcome.out + outcome.err


@pytest.fixture
def here(baton: Baton, start_sandbox: Callable[..., SandboxProcess]) -> Baton:
    baton.use(start_sandbox(creators=20))
    for name, text in {**FILES, "empty.csv": "", "wrong.csv": "project_id,shoe\n1,2\n"}.items():
        (baton.work / name).write_text(text)
    return baton


def test_english_sentences_are_found() -> None:
    assert english("no task has the id 5") and english("错误：cannot be written")
    assert not english("见 python cli.py accounts list；用 --limit 或 BATON_DATA_DIR，文件 /a/b c")


def test_every_help_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_LANGUAGE", "zh")
    runner, line = typer.testing.CliRunner(), build()
    found = {}
    for path, _ in every_command():
        text = runner.invoke(line, [*path.split(), "--help"]).output
        assert "用法：" in text, path
        found[path] = english(text)
    assert {path: words for path, words in found.items() if words} == {}


def test_what_commands_do_is_said_in_chinese(here: Baton) -> None:
    found = {}
    for words, stdin in ACTIONS:
        outcome = here.run(*words, stdin=stdin, env=CHINESE)
        assert outcome.code == 0, (words, outcome)
        found[words] = english(shown(outcome))
    listed = here.run_all(*LISTINGS, env=CHINESE)
    found |= {words: english(shown(o)) for words, o in zip(LISTINGS, listed, strict=True)}
    assert {words: text for words, text in found.items() if text} == {}
    assert look_at(here).value("SELECT COUNT(*) FROM tasks") > 2


def test_errors_are_said_in_chinese(here: Baton) -> None:
    outcomes = here.run_all(*ERRORS, env=CHINESE)
    assert {o.code for o in outcomes} == {2}, list(zip(ERRORS, outcomes, strict=True))
    found = {words: english(shown(o)) for words, o in zip(ERRORS, outcomes, strict=True)}
    assert {words: text for words, text in found.items() if text} == {}
    assert [outcome for outcome in outcomes if "错误：" not in outcome.err] == []


def test_programs_get_english(here: Baton) -> None:
    assert here.run("accounts", "add", "a1", stdin=COOKIES, env=CHINESE).code == 0
    for words in (("doctor",), ("accounts", "list"), ("tasks", "list"), ("jobs", "list")):
        in_chinese = here.run(*words, "--json", env=CHINESE).out
        assert not re.search(r"[\u4e00-\u9fff]", in_chinese), words


def listing_codes() -> Iterator[tuple[str, str]]:
    """Place and code of each title, word and noun that the commands name."""
    for path in sorted((ROOT / "commands").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            kind = {
                "column_titles": "column_{}",
                "column_of": "column_{}",
                "table_of": "column_{}",
                "word": "word_{}",
                "counted": "count_{}s",
            }
            parts = [getattr(argument, "elts", [argument]) for argument in node.args]
            for argument in (part for several in parts for part in several):
                name = argument.value if isinstance(argument, ast.Constant) else None
                if node.func.id in kind and isinstance(name, str):
                    code = kind[node.func.id].format(name.replace(" ", "_"))
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", code


def test_every_title_word_and_noun_is_in_the_catalogue() -> None:
    known = messages_of(Language.CHINESE)
    assert [(place, code) for place, code in listing_codes() if code not in known] == []
    assert len(list(listing_codes())) > 60
