"""The sign-in by QR code: a code is shown in the terminal and polled until it is confirmed."""

from __future__ import annotations

import threading

import segno
import typer
from rich.text import Text

from app.container import App
from commands.framework.context import Exit, say, stderr_terminal
from core.cancellation import StoppedSignal
from core.errors import CredentialsError
from core.messages import Message
from presentation.i18n.renderer import Renderer, renderer_for
from sources.bilibili.qr_login import CODE_LIVES_SECS, QRCode, QRLogin, ScanState

POLL_SECS = 2.0
QUIET_MODULES = 2
BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def sign_in(app: App, proxy: str | None, codes: int, stop: threading.Event) -> str:
    """Show codes until one is confirmed, and return the new session as a cookie header.

    Args:
        proxy: the account's proxy; None for a direct connection.
        codes: the number of codes to show, one after another.
        stop: when set, the command ends with INTERRUPTED.

    Raises:
        CredentialsError: no code was confirmed in time.
        SourceError: the sign-in refuses, or does not answer by this route.
        typer.Exit: `stop` was set.
    """
    settings, requests = app.settings, app.pool.anonymous_requests(proxy)
    login = QRLogin(
        requests=requests,
        on_retry=lambda error: say(Message.of("login_again_after", cause=error)),
        base_url=settings.bilibili_passport_url,
        timeout_secs=settings.request_timeout_secs,
        answer_secs=settings.answer_timeout_secs,
        proxy=proxy,
    )
    try:
        return _show_codes(app, login, codes, stop)
    except StoppedSignal:
        raise _stopped(app) from None
    finally:
        login.close()


def _show_codes(app: App, login: QRLogin, codes: int, stop: threading.Event) -> str:
    renderer = renderer_for(app.settings.language)
    for number in range(1, codes + 1):
        code = login.new_code(stop)
        stderr_terminal().print(_drawn(code))
        say(renderer.say("login_scan", secs=int(CODE_LIVES_SECS), url=code.url))
        if _is_confirmed(app, login, code, renderer, stop):
            return login.cookie_header()
        if stop.is_set():
            raise StoppedSignal
        if number < codes:
            say(renderer.say("login_expired"))
    raise CredentialsError("qr_codes_unconfirmed", codes=codes)


def _stopped(app: App) -> typer.Exit:
    say(renderer_for(app.settings.language).say("login_stopped"))
    return typer.Exit(Exit.INTERRUPTED)


def _is_confirmed(
    app: App, login: QRLogin, code: QRCode, renderer: Renderer, stop: threading.Event
) -> bool:
    """Poll a code until it is confirmed (True), expired or given up (False)."""
    started, shown = app.clock.monotonic(), ScanState.WAITING
    while app.clock.monotonic() - started < CODE_LIVES_SECS:
        state = login.poll(code, stop)
        if state is ScanState.DONE:
            return True
        if state is ScanState.EXPIRED:
            return False
        if state is ScanState.SCANNED and shown is not state:
            say(renderer.say("login_scanned"))
        shown = state
        if app.clock.wait(stop, POLL_SECS):
            return False
    login.require_known()
    return False


def _drawn(code: QRCode) -> Text:
    """Return the code in half blocks, black on white whatever the terminal's colours are."""
    modules = segno.make(code.url, error="l").matrix_iter(border=QUIET_MODULES)
    matrix = [list(row) for row in modules]
    # A half block shows two rows at once.
    if len(matrix) % 2:
        matrix.append([0] * len(matrix[0]))
    lines = [
        "".join(BLOCKS[bool(above), bool(below)] for above, below in zip(upper, lower, strict=True))
        for upper, lower in zip(matrix[::2], matrix[1::2], strict=True)
    ]
    return Text("\n", no_wrap=True).join(Text(line, style="#000000 on #ffffff") for line in lines)
