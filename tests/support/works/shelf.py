"""A catalogue with the sandbox's videos in it, and a sandbox that remembers what was asked."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.container import App
from sandbox import SandboxConfig, SandboxServer
from sandbox.bvid import to_bvid
from sandbox.messages import Reply, Request
from storage.catalogue import works as rows
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from works.catalogue.entries import WorkEntry
from works.play_counts.updater import RoundEnd

BATCH = "/medialist/gateway/base/resource/infos"
SINGLE = "/x/web-interface/view"
NEVER = threading.Event()
Route = Callable[[Request], Reply]


class Witness(SandboxServer):
    """A sandbox that keeps which videos of Bilibili were asked for: in batches, and singly.

    Batches beyond `answered_at_most` wait for their answer until it is raised.
    """

    def __init__(self, config: SandboxConfig, **times: Any) -> None:
        super().__init__(config=config, **times)
        routes = {key: self._witnessed(route) for key, route in self._parts.routes.items()}
        self._parts = replace(self._parts, routes=routes)
        self.batches: list[list[str]] = []
        self.singles: list[str] = []
        self._answered_at_most: float = math.inf
        self._raised = threading.Condition()

    @property
    def times_in_batches(self) -> Counter[str]:
        return Counter(video for batch in self.batches for video in batch)

    def _witnessed(self, route: Route) -> Route:
        def answer(request: Request) -> Reply:
            self._note(request)
            return route(request)

        return answer

    def _note(self, request: Request) -> None:
        if request.path == BATCH:
            pairs = request.params["resources"].split(",")
            self.batches.append([to_bvid(int(pair.split(":")[0])) for pair in pairs])
            number = len(self.batches)
            with self._raised:
                self._raised.wait_for(lambda: number <= self._answered_at_most, timeout=60)
        if request.path == SINGLE:
            self.singles.append(request.params["bvid"])

    def answer_at_most(self, batches: float) -> None:
        with self._raised:
            self._answered_at_most = batches
            self._raised.notify_all()

    def videos(self, platform: str, count: int, **params: str) -> list[dict[str, Any]]:
        return control.videos(self.url, platform, count, **params)

    def decide(self, video: dict[str, Any], state: str, *hides: str) -> None:
        """Give a video another state."""
        body = {"id": video["id"], "platform": video["platform"], "state": state, "hides": hides}
        control.tell(self.url, "videos", body)

    def order(self, *faults: dict[str, Any]) -> None:
        control.order_faults(self.url, *faults)

    def reset(self) -> None:
        """Forget the faults that were ordered, and the counters."""
        control.tell(self.url, "reset", {})


@dataclass
class Shelf:
    """An app, and the platform that it asks."""

    server: Witness
    app: App
    clock: MovingClock

    def put(self, videos: list[dict[str, Any]], **fields: Any) -> None:
        self.app.works.catalogue.put([WorkEntry(v["platform"], v["id"], **fields) for v in videos])

    def work(self, video: dict[str, Any]) -> rows.Work:
        (found,) = self.app.database.read(rows.lock, video["platform"], [video["id"]])
        return found

    def update(self, stop: threading.Event = NEVER, **how: Any) -> RoundEnd:
        self.clock.move(1)  # a round begins after what was done before
        return self.app.works.play_counts.update(stop, **how)

    def sql(self, text: str) -> None:
        self.app.database.write(lambda tx: tx.execute(text))
