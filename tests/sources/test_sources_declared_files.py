"""A platform's file that is wrong: the error names file, line and key, and says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Settings
from sources.declared.declaration import Declaration, Table
from sources.declared.line_numbers import line_of
from sources.declared.loading import SHIPPED, load_platforms, read_declaration
from tests.support.messages import english, raises_saying
from tests.support.sources.declared_files import BY_CURSOR, PLATFORM, changed, written

DOCS = Path(__file__).parents[2] / "docs/sources.md"
SEARCH_PARAMS = 'params = { q = "{domain}", p = "{page}" }'
TOTAL = 'total_pages = "pages"'
HEADER = 'kind = "header"'
GONE = 'reaction = "gone"\nstatus = 410'
MEANS = '\n[[answers.means]]\nreaction = "gone"\nstatus = 410\n'


def mistake(folder: Path, text: str) -> str:
    path = written(folder, text)
    with pytest.raises(SettingsError) as caught:
        read_declaration(path, {})
    said = english(caught.value)
    assert said.startswith(str(path))
    return said


def line_in(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_files_that_the_tests_change_are_right(tmp_path: Path) -> None:
    for text in (PLATFORM, BY_CURSOR, PLATFORM + MEANS):
        assert read_declaration(written(tmp_path, text), {}).name == "fair"


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ('name = "fair"', 'name = "Fair Market"', "name", "a-z"),
        ('name = "fair"', "name = 7", "name", "text"),
        ('"http://127.0.0.1:1"', '"ftp://host"', "base_url", "http"),
        ('"http://127.0.0.1:1"', '"http://me:pass4711@host"', "base_url", "password"),
        ('"10/1"', '"fast"', "pace", "REQUESTS/SECONDS"),
        ('"10/1"', '"0/1"', "pace", "REQUESTS/SECONDS"),
        ('pace = "10/1"', 'pace = "10/1"\npaec = 1', "paec", "unknown key"),
        ('pace = "10/1"', 'pace = "10/1"\nbase_url_env = "a b"', "base_url_env", "A-Z"),
        ('kind = "header"', 'kind = "basic"', "session.kind", "'cookies' or 'header'"),
        ('value = "Bearer {session}"', 'value = "Bearer"', "session.value", "{session}"),
        ('header = "Authorization"', 'header = "No Name"', "session.header", "header"),
        ('"Bearer {session}"', '"Bearer {session}名"', "session.value", "characters"),
        ('path = "/me"', 'path = "me"', "check.path", "begins with /"),
        ('path = "/me"', 'path = "/me?x=1"', "check.path", "params"),
        ('path = "/me"', 'path = "/me"\nmethod = "PUT"', "check.method", "'GET' or 'POST'"),
        ('path = "/me"', 'path = "/me"\nuid = "a["', "check.uid", "no JMESPath"),
        ("{page}", "{pgae}", "search.params.p", "{pgae}"),
        ('total_pages = "pages"', 'total_pages = "a ="', "paging.total_pages", "no JMESPath"),
        ('total_pages = "pages"', 'total_pages = "code == 0"', "paging.total_pages", "backticks"),
        ('total_pages = "pages"', 'total_pages = "lenght(a)"', "paging.total_pages", "lenght()"),
        ('total_pages = "pages"', 'total_pages = "max(a, b)"', "paging.total_pages", "1 arguments"),
        ('total_pages = "pages"', 'total_pages = "&a"', "paging.total_pages", "&"),
        ('total_pages = "pages"', "total_pages = 7", "paging.total_pages", "JMESPath"),
        ('total_pages = "pages"', 'total_pages = "p"\nmax_pages = 0', "paging.max_pages", "1"),
        ('kind = "page"', 'kind = "page"\npage_size = "20"', "paging.page_size", "integer"),
        ('kind = "page"', 'kind = "page"\npage_size = true', "paging.page_size", "integer"),
        ('kind = "page"', 'kind = "pages"', "paging.kind", "'page', 'offset' or 'cursor'"),
        ('list = "people"', 'list = ""', "creators.list", "no JMESPath"),
        ('code = "code"', 'cod = "code"', "answers.cod", "unknown key"),
    ],
)
def test_a_wrong_value_is_named_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, key: str, word: str
) -> None:
    text = changed(old, new)
    said = mistake(tmp_path, text)
    line = text[: text.index(new) + len(new)].count("\n") + 1
    assert f", line {line}: {key}: " in said
    assert word in said
    assert "pass4711" not in said


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ('header = "Authorization"\n', "", "session.header", "missing"),
        (SEARCH_PARAMS, 'params = { p = "{page}" }', "search", "{domain} is missing"),
        (SEARCH_PARAMS, 'params = { q = "{domain}" }', "search", "{page} is missing"),
        ("{page}", "{cursor}", "search", "{cursor} has no value"),
        ('p = "{page}"', 'p = "{page}", s = "{page_size}"', "paging.page_size", "missing"),
        ('path = "/me"', 'path = "/me/{domain}"', "check", "{domain}"),
        ('total_pages = "pages"\n', "", "paging.page_size", "last page"),
        ('total_pages = "pages"', 'total_count = "n"', "paging.page_size", "total_count"),
        (
            'total_pages = "pages"',
            'total_pages = "p"\ntotal_count = "n"',
            "paging.total_count",
            "not both",
        ),
        (
            'total_pages = "pages"',
            "page_size = 9\nshort_pages = true",
            "paging.short_pages",
            "give",
        ),
        (
            'total_pages = "pages"',
            'total_pages = "p"\nnext_cursor = "n"',
            "paging.next_cursor",
            "cursor",
        ),
        (
            'kind = "header"',
            'kind = "header"\nrequired_cookie = "a"',
            "session.required_cookie",
            "cookies",
        ),
        ('kind = "header"', 'kind = "cookies"', "session.header", "only with"),
        ('path = "/me"', 'path = "/me"\nmethod = "POST"', "check.method", "body"),
        ('path = "/me"', 'path = "/me"\njson = {}', "check.json", "POST"),
        ('nickname = "name"\n', "", "creators.nickname", "missing"),
    ],
)
def test_keys_that_do_not_go_together_are_told(
    tmp_path: Path, old: str, new: str, key: str, word: str
) -> None:
    said = mistake(tmp_path, changed(old, new))
    assert f": {key}: " in said
    assert ", line " in said
    assert word in said


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ('next_cursor = "next"\n', "", "paging.next_cursor", "missing"),
        ('next_cursor = "next"', 'next_cursor = "next"\nfirst = 1', "paging.first", "first_cursor"),
        ("{cursor}", "{page}", "search", "{cursor} is missing"),
    ],
)
def test_a_cursors_keys_are_told(tmp_path: Path, old: str, new: str, key: str, word: str) -> None:
    said = mistake(tmp_path, changed(old, new, BY_CURSOR))
    assert f": {key}: " in said
    assert word in said


@pytest.mark.parametrize(
    ("means", "key", "word"),
    [
        ('reaction = "gone"', "answers.means[1]", "status, when"),
        ('reaction = "angry"\nstatus = 1', "answers.means[1].reaction", "'throttled'"),
        ('reaction = "gone"\nstatus = [410, "x"]', "answers.means[1].status[1]", "integer"),
        ('reaction = "gone"\nstatus = 99', "answers.means[1].status[0]", "100"),
        ('reaction = "gone"\nwhen = "a =="', "answers.means[1].when", "no JMESPath"),
        (
            'reaction = "gone"\nstatus = 410\nwhole_egress = true',
            "answers.means[1].whole_egress",
            "risk",
        ),
    ],
)
def test_a_wrong_meaning_is_found_among_several(
    tmp_path: Path, means: str, key: str, word: str
) -> None:
    text = f"{PLATFORM}{MEANS}\n[[answers.means]]\n{means}\n"
    said = mistake(tmp_path, text)
    wrong = key.rsplit(".", 1)[-1].split("[")[0]
    rows = text.splitlines()
    line = max(n for n, row in enumerate(rows, 1) if wrong in row.split("=")[0])
    assert f", line {line}: {key}: " in said
    assert word in said


def test_a_header_or_body_that_cannot_be_sent_is_told(tmp_path: Path) -> None:
    for table, key, word in (
        ('[headers]\n"X-A" = "名"', "headers.X-A", "characters"),
        ('[headers]\nCookie = "a=b"', "headers.Cookie", "[session]"),
        ('[headers]\nauthorization = "x"', "headers.authorization", "[session]"),
        ('[headers]\n"X A" = "b"', "headers.X A", "name"),
        ('[cookies]\na = "b;c"', "cookies.a", "characters"),
        ("[search.json]\na = { b = [nan] }", "search.json", "nan"),
        ("[search.json]\na = 2026-01-01", "search.json", "date"),
        ('[search.json]\na = "{who}"', "search.json", "{who}"),
    ):
        said = mistake(tmp_path, f"{PLATFORM}\n{table}\n")
        assert f": {key}: " in said, said
        assert ", line " in said
        assert word in said


def test_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = PLATFORM.replace('pace = "10/1"', 'pace = "x"').replace('uid = "id"', 'uid = "["')
    said = mistake(tmp_path, text)
    assert "line 3: pace: " in said
    assert f"line {line_in(text, 'uid =')}: creators.uid: " in said


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    assert ": creators: missing" in mistake(tmp_path, PLATFORM[: PLATFORM.index("[creators]")])


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"name = ", "line 1"),
        (b'name = "a"\nname = "b"\n', "line 2"),
        (b'a = "b"\n\nc = \xff\xfe\n', "line 3"),
        (b"", "name: missing"),
        (b"\x00", "line 1"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with raises_saying(SettingsError, word) as caught:
        read_declaration(path, {})
    assert str(path) in str(caught.value)


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbf" + PLATFORM.replace("\n", "\r\n").encode())
    assert read_declaration(path, {}).name == "fair"


def test_a_key_is_found_where_it_stands() -> None:
    text = "\n".join(
        [
            'a = """',
            "b = 1",
            '"""',
            "[t]",
            "b = 2",
            "",
            '[t."x-y"]',
            "'k' = { z = 1 }",
            "p.q = 3",
            "[[m]]",
            "b = 4",
            "[[m]]",
            "b = 5",
        ]
    )
    keys: dict[tuple[str | int, ...], int | None] = {
        ("t", "b"): 5,
        ("t", "c"): 4,
        ("t", "x-y", "k"): 8,
        ("t", "x-y", "k", "z"): 8,
        ("t", "x-y", "p", "q"): 9,
        ("m", 0, "b"): 11,
        ("m", 1, "b"): 13,
        ("m", 1, "c"): 12,
        ("b",): None,
    }
    assert {key: line_of(text, key) for key in keys} == keys


def test_the_users_folder_is_read_besides_our_own(tmp_path: Path) -> None:
    written(tmp_path, PLATFORM)
    written(tmp_path, "not [ TOML", "note.txt")
    written(tmp_path, "not [ TOML", ".#fair.toml")
    found = load_platforms(tmp_path, {}, taken=("bilibili",))
    assert [platform.name for platform in found] == ["example_market", "fair"]
    assert set(found[1].raw_fields) == {"followers", "videos", "likes", "signature"}


def test_the_default_folder_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_platforms(Settings.model_fields["sources_dir"].default, {})
    assert [platform.name for platform in found] == ["example_market"]
    with raises_saying(SettingsError, "BATON_SOURCES_DIR"):
        load_platforms(Path("elsewhere.d"), {})


def test_two_platforms_of_one_name_are_told(tmp_path: Path) -> None:
    written(tmp_path, (SHIPPED / "example_market.toml").read_text(encoding="utf-8"))
    with raises_saying(SettingsError, r"fair\.toml: name: .*example_market\.toml"):
        load_platforms(tmp_path, {})
    written(tmp_path, changed('name = "fair"', 'name = "bilibili"'))
    with raises_saying(SettingsError, "Baton's own"):
        load_platforms(tmp_path, {}, taken=("bilibili",))


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    with raises_saying(SettingsError, "no folder"):
        load_platforms(written(tmp_path, PLATFORM), {})


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    with raises_saying(SettingsError, r"x\.toml"):
        load_platforms(tmp_path, {})


def test_the_environment_moves_a_platform(tmp_path: Path) -> None:
    path = written(tmp_path, PLATFORM)
    moved = read_declaration(path, {"BATON_FAIR_BASE_URL": "https://other.example/v2/"})
    assert moved.base_url == "https://other.example/v2"
    own = written(tmp_path, changed('pace = "10/1"', 'pace = "10/1"\nbase_url_env = "FAIR_AT"'))
    assert read_declaration(own, {"FAIR_AT": "http://a"}).base_url == "http://a"
    assert read_declaration(own, {"BATON_FAIR_BASE_URL": "http://b"}).base_url != "http://b"


@pytest.mark.parametrize("url", ["host", "ftp://h", "http://me:pass4711@h", "http://h/?a=b"])
def test_a_wrong_url_of_the_environment_is_named_and_not_repeated(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, PLATFORM)
    with raises_saying(SettingsError, "BATON_FAIR_BASE_URL") as caught:
        read_declaration(path, {"BATON_FAIR_BASE_URL": url})
    assert "pass4711" not in str(caught.value)


def test_every_key_is_in_the_docs() -> None:
    text = DOCS.read_text(encoding="utf-8")
    models = [Declaration, *_tables_under(Table)]
    names = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert len(names) > 30
    assert [
        name for name in sorted(names) if f"`{name}`" not in text and f"`[{name}]`" not in text
    ] == []


def test_the_docs_show_the_file_that_is_shipped() -> None:
    shipped = (SHIPPED / "example_market.toml").read_text(encoding="utf-8")
    assert f"```toml\n{shipped}```" in DOCS.read_text(encoding="utf-8")


def _tables_under(model: type[Table]) -> list[type[Table]]:
    found = model.__subclasses__()
    return [*found, *(deeper for one in found for deeper in _tables_under(one))]
