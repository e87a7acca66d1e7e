"""Log files: one per service and day, each line complete, no secret in any of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet

from core.logs import (
    NAMES,
    SparseNotice,
    fields,
    own_log_file,
    redact,
    service_log,
    set_up_logging,
)
from core.messages import Message


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """The folder that Baton's logs go to."""
    handler = set_up_logging(tmp_path / "logs")
    yield tmp_path / "logs"
    logging.getLogger("baton").removeHandler(handler)
    handler.close()


def written(folder: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in sorted(folder.iterdir()))


def log_at(service: str, moment: datetime, message: str) -> None:
    logger = service_log(service)
    record = logger.makeRecord(logger.name, logging.INFO, "f", 1, message, (), None)
    record.created = moment.timestamp()
    record.msecs = moment.microsecond // 1000
    logger.handle(record)


def test_each_service_and_day_has_a_file(logs: Path):
    before = datetime(2026, 11, 22, 23, 59, 59, 999_000, tzinfo=UTC)
    log_at("ingestion", before, "page stored")
    log_at("export", before, "batch")
    log_at("ingestion", datetime(2026, 11, 23, tzinfo=UTC), "next day")
    log_at("ingestion.pages", datetime(2026, 11, 23, tzinfo=UTC), "part of it")
    assert sorted(file.name for file in logs.iterdir()) == [
        "export-2026-11-22.log",
        "ingestion-2026-11-22.log",
        "ingestion-2026-11-23.log",
    ]
    line = (logs / "ingestion-2026-11-22.log").read_text()
    assert line == "2026-11-22T23:59:59.999Z INFO ingestion page stored\n"
    assert len((logs / "ingestion-2026-11-23.log").read_text().splitlines()) == 2


def test_days_and_times_are_those_of_the_zone(tmp_path: Path):
    handler = set_up_logging(tmp_path, zone=ZoneInfo("Asia/Shanghai"))
    try:
        log_at("export", datetime(2026, 11, 22, 15, 59, 59, 999_000, tzinfo=UTC), "batch")
        log_at("export", datetime(2026, 11, 22, 16, tzinfo=UTC), "next day")
    finally:
        handler.close()
    assert (tmp_path / "export-2026-11-22.log").read_text() == (
        "2026-11-22T23:59:59.999+08:00 INFO export batch\n"
    )
    assert (tmp_path / "export-2026-11-23.log").read_text() == (
        "2026-11-23T00:00:00.000+08:00 INFO export next day\n"
    )


def test_a_log_file_is_continued_and_not_begun_anew(logs: Path):
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    logs.mkdir(exist_ok=True)
    (logs / "export-2026-11-22.log").write_text("earlier\n")
    log_at("export", moment, "later")
    assert (logs / "export-2026-11-22.log").read_text().startswith("earlier\n")


def test_strange_text_does_not_stop_logging(logs: Path):
    service_log("export").info("nickname %s %s", "美妆😀", "\ud800")
    assert "美妆😀" in written(logs)


def test_levels_below_info_are_left_out(logs: Path):
    service_log("export").debug("noise")
    service_log("export").warning("trouble")
    assert "trouble" in written(logs) and "noise" not in written(logs)


def test_a_record_is_one_line_whatever_its_message(logs: Path):
    service_log("export").info("nickname a\n2026-11-22T00:00:00.000Z INFO export forged\rx\u2028y")
    assert len(written(logs).splitlines()) == 1


def test_setting_up_twice_does_not_double_the_lines(tmp_path: Path, logs: Path):
    root = logging.getLogger("baton")
    before = list(root.handlers)
    again = set_up_logging(logs)
    again.close()
    try:
        service_log("export").info("once")
        assert written(logs).count("once") == 1
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()


TOKEN = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
SECRETS = {
    "cookie header": "Cookie: SESSDATA=s3cret; bili_jct=s3cret; DedeUserID__ckMd5=s3cret",
    "bare cookies": "SESSDATA=s3cret;bili_jct=s3cret",
    "json": '{"SESSDATA": "s3cret", "password": "s3cret"}',
    "header": "authorization: s3cret",
    "query": "https://h/x?access_key=s3cret&refresh_token=s3cret&a=1",
    "database url": "mysql://baton:s3cret@127.0.0.1:3306/baton",
    "proxy url": "proxy http://:s3cret@10.0.0.1:8080 refused",
    "upper case": "PASSWORD=s3cret Token: s3cret",
}
# Fail: these forms are not known to `redact`.
SECRETS_NOT_YET = {
    "python dict": "{'SESSDATA': 's3cret', 'password': 's3cret'}",
    "bearer": "Authorization: Bearer s3cret",
    "commas in a cookie": "SESSDATA=aa,1790000000,s3cret; x=1",
    "compound names": "access_token=s3cret csrf_token=s3cret webhook_secret=s3cret",
    "key setting": "BATON_SECRET_KEY=s3cret",
    "at sign in a password": "mysql://baton:a@s3cret@host/baton",
    "dots in front": "SESSDATA=...s3cret; bili_jct=…s3cret",
    "half an example": "mysql://USER:s3cret@HOST:3306/DATABASE",
    "an example in front": "http://user:password@host:s3cret@10.0.0.1",
}
IN_URLS = {
    "key": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=s3cret",
    "sign and time": "to https://h/x?timestamp=17&sign=s3cret: refused",
    "signature": "https://h/x?X-Amz-Signature=s3cret&a=1",
    "upper case": "HTTPS://H/x?SIGN=s3cret",
    "hyphens": "https://h/x?api-key=s3cret",
    "a coded name": "https://h/x?%73ig%6e=s3cret",
    "a name coded twice": "https://h/x?%2573ign=s3cret",
    "fragment": "https://h/x#access_token=s3cret",
    "path parameter": "https://h/x;jsessionid=s3cret?a=1",
    "HTML": "https://h/x?a=1&amp;sign=s3cret",
    "JSON": r'{"url":"https:\/\/h\/x?a=1\u0026sign=s3cret\u0026b=2"}',
    "user alone": "https://s3cret@h/x",
    "a URL in a URL": "https://h/x?to=https%3A%2F%2Fg%2F%3Fsign%3Ds3cret",
    "Chinese": "发送到 https://h/x?sign=s3cret；请重试",
}


@pytest.mark.parametrize("form", IN_URLS)
def test_secrets_in_urls_are_struck_out_however_they_are_spelt(form: str):
    shown = redact(IN_URLS[form])
    assert "s3cret" not in shown and "***" in shown, shown
    assert redact(shown) == shown


def test_the_rest_of_a_url_stays():
    url = "https://h/a?timestamp=17&sign=***&keyword=美妆&page=2#top"
    assert redact(url.replace("***", "abc")) == url
    assert redact("发送到 https://h/x?sign=abc；请重试") == "发送到 https://h/x?sign=***；请重试"


@pytest.mark.parametrize("form", SECRETS | SECRETS_NOT_YET)
def test_secrets_are_struck_out(form: str):
    text = (SECRETS | SECRETS_NOT_YET)[form]
    assert "s3cret" not in redact(text), redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "task=3 account=acc1 page=7",
        "Lease(account 3, token 5)",
        "https://api.bilibili.com/x/web-interface/view?bvid=BV1",
        "12:30:45 INFO it's 100% done @home",
        "美妆: 第7页",
        "a header string such as SESSDATA=...; bili_jct=...",
        "write SESSDATA=…",
        "write it like http://user:password@host:8080 (http, https)",
        "sqlite:///PATH or mysql://USER:PASSWORD@HOST:3306/DATABASE",
    ],
)
def test_what_is_no_secret_stays(text: str):
    assert redact(text) == text


def _long_s(text: str) -> str:
    return text.replace("s", "\N{LATIN SMALL LETTER LONG S}")


def _kelvin(text: str) -> str:
    return text.replace("k", "\N{KELVIN SIGN}")


def _dotless(text: str) -> str:
    return text.replace("i", "\N{LATIN SMALL LETTER DOTLESS I}")


SECRET_NAMES = re.findall(r"[A-Za-z_5]{5,}", NAMES.partition("(?:")[2])


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("spelt", [str, str.upper, _long_s, _kelvin, _dotless])
def test_no_name_of_a_secret_passes_the_first_look(name: str, spelt: Callable[[str], str]):
    assert redact(f"{spelt(name)}=s3cret") == f"{spelt(name)}=***"


def test_encrypted_secrets_are_struck_out():
    assert TOKEN[:20] not in redact(f"session {TOKEN} of account 3")


@pytest.mark.parametrize("word", ["长", "x-", "token-", "a.b_"])
def test_a_word_without_an_end_is_read_once(word: str):
    """It would take hours if each of its letters were a place to begin at."""
    text = word * 500_000
    assert redact(text) == text
    assert redact(f"{text} password=s3cret") == f"{text} password=***"


def test_tracebacks_are_redacted_too(logs: Path):
    def fail(session: str) -> None:
        raise ValueError(f"bad session {session}")

    try:
        try:
            fail("SESSDATA=s3cret; x=1")
        except ValueError as error:
            raise RuntimeError(f"mysql://u:s3cret@h/d {TOKEN}") from error
    except RuntimeError:
        service_log("export").exception("failed with Cookie: %s", "SESSDATA=s3cret")
    text = written(logs)
    assert "Traceback" in text and "RuntimeError" in text and "bad session" in text
    assert "s3cret" not in text and TOKEN not in text


FIELDS: list[tuple[Callable[[], str], str]] = [
    (lambda: fields(task=3, account="acc1", page=7), "task=3 account=acc1 page=7"),
    (lambda: fields(task=3, account=None, page=0), "task=3 page=0"),
    (lambda: fields(name="two words"), "name='two words'"),
    (lambda: fields(name="a\nb"), r"name='a\nb'"),
    (lambda: fields(), ""),
]


@pytest.mark.parametrize(("make", "expected"), FIELDS)
def test_fields_are_one_word_each(make: Callable[[], str], expected: str):
    assert make() == expected
    assert not re.search(r"[\r\n]", make())


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        set_up_logging(tmp_path / "file" / "logs")


@pytest.fixture
def troubled(tmp_path: Path) -> Iterator[tuple[Path, list[Message]]]:
    """The folder of the logs, and what is told of trouble with them."""
    told: list[Message] = []
    handler = set_up_logging(tmp_path / "logs", on_trouble=told.append)
    yield tmp_path / "logs", told
    handler.close()


def test_a_file_that_cannot_be_written_is_told_once_and_its_records_are_not_printed(
    troubled: tuple[Path, list[Message]], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, told = troubled
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    (folder / "export-2026-11-22.log").symlink_to("/dev/full")
    (folder / "webhooks-2026-11-22.log").mkdir()
    for _ in range(20):
        log_at("export", moment, "cookie SESSDATA=hunter2")
        log_at("webhooks", moment, "cookie SESSDATA=hunter2")
        log_at("ingestion", moment, "goes on")
    [trouble] = told
    assert trouble.code == "log_unwritable"
    assert trouble.params["file"].endswith("export-2026-11-22.log")
    assert "No space left" in trouble.params["detail"]
    assert capfd.readouterr() == ("", "")
    assert (folder / "ingestion-2026-11-22.log").read_text().count("goes on") == 20


def test_a_file_is_written_again_when_there_is_room(
    troubled: tuple[Path, list[Message]],
) -> None:
    folder, _ = troubled
    moment, file = datetime(2026, 11, 22, tzinfo=UTC), folder / "export-2026-11-22.log"
    file.symlink_to("/dev/full")
    log_at("export", moment, "lost")
    file.unlink()
    log_at("export", moment, "kept")
    assert file.read_text().endswith("INFO export kept\n")


class Unprintable:
    def __str__(self) -> str:
        raise ZeroDivisionError("hunter2")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [("%d rows", ("hunter2",)), ("%s", (Unprintable(),)), ("%s %s", ("hunter2",))],
)
def test_a_record_that_cannot_be_formatted_says_where_it_is_from_and_no_more(
    logs: Path, capfd: pytest.CaptureFixture[str], text: str, arguments: tuple[object, ...]
) -> None:
    service_log("export").info(text, *arguments)
    [line] = written(logs).splitlines()
    assert "a record of test_core_logs:" in line and "hunter2" not in line
    assert capfd.readouterr() == ("", "")


def test_a_file_of_its_own_prints_no_record_either(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.log"
    path.symlink_to("/dev/full")
    with own_log_file("views", path) as log:
        log.info("cookie SESSDATA=hunter2")
    assert capfd.readouterr() == ("", "")


def test_a_notice_is_due_once_a_minute() -> None:
    now = [0.0]
    notice = SparseNotice(monotonic=lambda: now[0])
    due = []
    for second in range(0, 121, 10):
        now[0] = float(second)
        due.append(notice.is_due())
    assert [n for n, one in enumerate(due) if one] == [0, 6, 12]
