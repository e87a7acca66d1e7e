"""One attempt: what is sent, what an answer leads to. Without SQL of its own: on SQLite only."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from app.container import App
from core.clock import SystemClock
from storage.distribution.deliveries import DeliveryState
from tests.support.apps import AppFactory
from tests.support.messages import english
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import SECRET, PostOffice


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'baton.db'}"


@pytest.mark.parametrize("behaviour", ["redirect", "drop", "garbage", "error"])
def test_anything_but_a_2xx_is_a_failure(office: PostOffice, behaviour: str) -> None:
    delivery = office.file(office.url(behaviour), "t")
    assert office.send() == 1
    seen = office.get(delivery)
    assert seen.state is DeliveryState.FAILED and seen.last_error
    assert office.inbox("elsewhere")["requests"] == 0


def test_a_long_answer_is_kept_up_to_64_kb(office: PostOffice) -> None:
    delivery = office.file(office.url("huge"), "t")
    office.send()
    shown = office.app.webhooks.service.show(delivery)
    assert shown.delivery.state is DeliveryState.DELIVERED
    assert len(shown.attempts[0].response or "") == 64 * 1024


def test_it_signs_with_the_secret_of_the_task(office: PostOffice) -> None:
    fresh = "whsec_" + "QUFB" * 8
    office.add_task("signed", SECRET), office.add_task("rotated", f"{fresh} {SECRET}")
    office.add_task("plain")
    for task in ("signed", "rotated", "plain"):
        office.file(office.url("signed", task), task)
    office.send()
    assert office.inbox("signed")["signatures"] == {"good": 1}
    assert office.inbox("rotated")["signatures"] == {"good": 1}
    assert office.inbox("plain")["signatures"] == {"none": 1}


def test_a_secret_is_decrypted_once_until_it_changes(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_task("t", SECRET)
    vault, decrypted = office.app.vault, []
    decrypt = vault.decrypt

    def counted(token: str | None) -> str | None:
        decrypted.append(token)
        return decrypt(token)

    monkeypatch.setattr(vault, "decrypt", counted)
    for _ in range(3):
        office.file(office.url("signed"), "t")
    assert office.send() == 3 and len(decrypted) == 1
    office.app.webhooks.service.rotate_secret("t", "whsec_" + "QUFB" * 8)
    office.app.webhooks.service.finish_rotation("t")
    decrypted.clear()
    office.file(office.url("signed"), "t")
    assert office.send() == 1 and len(decrypted) == 1
    assert office.inbox("signed")["signatures"] == {"good": 3, "bad": 1}, "the new one signs"


def test_a_secret_that_cannot_sign_is_never_sent_without(office: PostOffice) -> None:
    office.add_task("t", "whsec_!!!not-base64!!!")
    delivery = office.file(office.url("ok"), "t")
    office.send()
    seen = office.get(delivery)
    assert seen.state is DeliveryState.FAILED
    assert "secret of task t" in english(seen.last_error) and "base64" in english(seen.last_error)
    assert "!!!" not in english(seen.last_error)
    assert office.inbox("ok")["requests"] == 0


def test_endpoints_take_turns(office: PostOffice) -> None:
    for _ in range(5):
        office.file("http://busy.example/hook", None)
    for host in ("a.example", "b.example"):
        office.file(f"http://{host}/hook", None)
    claims = [office.app.webhooks.queue.claim() for _ in range(3)]
    assert {claim.delivery.host for claim in claims if claim} == {
        "busy.example",
        "a.example",
        "b.example",
    }


@pytest.mark.parametrize("url", ["no url", "ftp://x.example/", "http://exa mple/"])
def test_what_is_no_url_is_given_up_at_once(office: PostOffice, url: str) -> None:
    delivery = office.file(url, "t")
    office.send()
    seen = office.get(delivery)
    assert seen.state is DeliveryState.DEAD
    assert "no http(s) URL" in english(seen.last_error)


def test_an_error_of_ours_is_a_failed_attempt_and_stops_nobody(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = office.file(office.url("ok"), "t")
    client = office.app.webhooks.sender.client

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError("whsec_secret")

    monkeypatch.setattr(client, "post", breaks)
    assert office.send() == 1
    seen = office.get(delivery)
    assert seen.state is DeliveryState.FAILED
    assert "ZeroDivisionError" in english(seen.last_error) and "secret" not in english(
        seen.last_error
    )


def test_idle_senders_look_once_in_a_while(make_app: AppFactory, clock: MovingClock) -> None:
    app: App = make_app(poll_secs=10.0)
    assert app.webhooks.queue.claim() is None
    office = PostOffice(app=app, sandbox_url="http://x.example", clock=clock)
    office.file("http://x.example/", None)
    assert app.webhooks.queue.claim() is None
    clock.move(5)
    assert app.webhooks.queue.claim() is not None


def test_an_independent_implementation_accepts_every_signed_delivery(make_office: Any) -> None:
    office = make_office(clock=SystemClock())  # it compares the timestamp with the host's clock
    fresh = "whsec_" + "QUFB" * 8
    verified: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            verified.append(Webhook(SECRET).verify(body, dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    office.add_task("signed", SECRET), office.add_task("rotated", f"{fresh} {SECRET}")
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        for number in range(40):
            body = json.dumps({"number": number, "标题": "短剧🎬"}, ensure_ascii=False)
            url = f"http://127.0.0.1:{server.server_port}/"
            office.file(url, ("signed", "rotated")[number % 2], body=body)
        assert office.send() == 40
        server.shutdown()
        thread.join()
    assert {one["number"] for one in verified} == set(range(40))
    assert {one.state for one in office.deliveries()} == {DeliveryState.DELIVERED}


def test_a_private_address_is_refused_with_what_to_do(make_office: Any) -> None:
    office = make_office(webhook_allowed_hosts=())
    delivery = office.file(office.url("ok"), "t")
    office.send()
    seen = office.get(delivery)
    assert seen.state is DeliveryState.FAILED and office.inbox("ok")["requests"] == 0
    assert "loopback address 127.0.0.1" in english(seen.last_error)
    assert "BATON_WEBHOOK_ALLOWED_HOSTS" in english(seen.last_error)
