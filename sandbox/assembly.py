"""Puts a sandbox together from its config and its two clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sandbox.accounts import Accounts
from sandbox.catalog import Catalog
from sandbox.clock import WorldClock
from sandbox.config import SandboxConfig
from sandbox.desk import Desk, Handler
from sandbox.fault_kind import BILIBILI, MARKET, SHORT_LINKS, TIKHUB, YOUTUBE
from sandbox.fault_plan import FaultPlan
from sandbox.handlers.bilibili import Bilibili
from sandbox.handlers.bilibili_door import Door
from sandbox.handlers.bilibili_space import BilibiliSpace
from sandbox.handlers.bilibili_videos import BilibiliVideos
from sandbox.handlers.control import Control
from sandbox.handlers.control_sessions import SessionControl
from sandbox.handlers.control_videos import VideoControl
from sandbox.handlers.market import Market
from sandbox.handlers.passport import Passport
from sandbox.handlers.short_links import ShortLinks
from sandbox.handlers.tikhub import TikHub
from sandbox.handlers.webhooks import Webhooks
from sandbox.handlers.youtube import Units, YouTube
from sandbox.messages import Reply, Request, json_reply
from sandbox.qr_codes import QrCodes
from sandbox.sessions import Sessions
from sandbox.stats import Stats
from sandbox.wbi import KeyRing
from sandbox.webhooks import Inboxes
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server needs: the counters, and the answer to every request."""

    stats: Stats
    routes: Mapping[tuple[str, str], Handler]
    short_links: ShortLinks
    webhooks: Webhooks

    def answer(self, request: Request) -> Reply:
        """The answer to a request; 404 where there is no endpoint."""
        handler = self.routes.get((request.method, request.path))
        if handler:
            return handler(request)
        fallback = self.short_links if request.method == "GET" else self.webhooks
        return fallback.route(request) or json_reply(
            {"error": f"no such endpoint: {request.path}"}, 404
        )


def assemble(config: SandboxConfig, now: Callable[[], float], wall: Callable[[], float]) -> Parts:
    """Build all parts; `now` and `wall` as for SandboxServer."""
    clock, keys = WorldClock(wall), KeyRing(config.seed)
    world = World(catalog=Catalog(config), seed=config.seed, now=clock)
    faults = FaultPlan(profile=config.faults, seed=config.seed)
    sessions, codes, units = Sessions(clock), QrCodes(clock), Units(config.youtube_units)
    accounts = _accounts(config, now)
    stats = Stats({name: each for name, each in accounts.items() if name != SHORT_LINKS})
    desks = {
        name: Desk(platform=name, accounts=each, faults=faults, stats=stats)
        for name, each in accounts.items()
    }
    door = Door(desks[BILIBILI], sessions)
    inboxes = Inboxes(config.seed)
    resets = (sessions.reset, codes.reset, units.reset, world.fates.reset, inboxes.reset)
    webhooks = Webhooks(inboxes, wall)
    handlers = (
        Bilibili(catalog=world.catalog, door=door, keys=keys, wall=wall),
        BilibiliVideos(world, door, config.batch_limit),
        BilibiliSpace(world=world, door=door, keys=keys, wall=wall),
        Passport(door, codes, clock),
        YouTube(world, desks[YOUTUBE], units),
        TikHub(world, desks[TIKHUB]),
        Market(world, desks[MARKET]),
        Control(
            catalog=world.catalog,
            keys=keys,
            faults=faults,
            stats=stats,
            resets=(*resets, partial(clock.set_ahead, 0)),
        ),
        SessionControl(accounts=accounts[BILIBILI], sessions=sessions, codes=codes, clock=clock),
        VideoControl(world, clock),
        webhooks,
    )
    routes = {key: route for each in handlers for key, route in each.routes().items()}
    return Parts(
        stats=stats, routes=routes, short_links=ShortLinks(desks[SHORT_LINKS]), webhooks=webhooks
    )


def _accounts(config: SandboxConfig, now: Callable[[], float]) -> dict[str, Accounts]:
    rates = {
        BILIBILI: config.rate,
        YOUTUBE: config.youtube_rate,
        TIKHUB: config.tikhub_rate,
        MARKET: config.rate,
        SHORT_LINKS: config.rate,
    }
    before_ban = config.good_answers_before_ban
    return {
        name: Accounts(rate=rate, good_answers_before_ban=before_ban, now=now)
        for name, rate in rates.items()
    }
