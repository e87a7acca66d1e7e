"""Puts a sandbox together from its config and its two clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sandbox.accounts import Accounts
from sandbox.catalog import Catalog
from sandbox.clock import WorldClock
from sandbox.config import SandboxConfig
from sandbox.cookie_changes import CookieChanges
from sandbox.desk import Desk, Handler
from sandbox.edge import Edge
from sandbox.egress.faults import EgressFaults
from sandbox.egress.gateways import Gateways
from sandbox.egress_limits import EgressLimits
from sandbox.fault_kind import BILIBILI, MARKET, SHORT_LINKS, TIKHUB, YOUTUBE
from sandbox.fault_plan import FaultPlan
from sandbox.handlers.bilibili import Bilibili
from sandbox.handlers.bilibili_door import Door
from sandbox.handlers.bilibili_space import BilibiliSpace
from sandbox.handlers.bilibili_videos import BilibiliVideos
from sandbox.handlers.control import Control
from sandbox.handlers.control_egress import EgressControl
from sandbox.handlers.control_identity import IdentityControl
from sandbox.handlers.control_sessions import SessionControl
from sandbox.handlers.control_videos import VideoControl
from sandbox.handlers.market import Market
from sandbox.handlers.passport import Passport
from sandbox.handlers.short_links import ShortLinks
from sandbox.handlers.tikhub import TikHub
from sandbox.handlers.webhooks import Webhooks
from sandbox.handlers.youtube import Units, YouTube
from sandbox.identities import Identities
from sandbox.messages import Reply, Request, json_reply
from sandbox.qr_codes import QrCodes
from sandbox.sessions import Sessions
from sandbox.stats import Stats
from sandbox.tls import Certificate
from sandbox.visitors import Visitors
from sandbox.wbi import KeyRing
from sandbox.webhooks import Inboxes
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server needs: the counters, the answer to every request, the proxy gateways."""

    stats: Stats
    edge: Edge
    gateways: Gateways
    certificate: Certificate
    routes: Mapping[tuple[str, str], Handler]
    short_links: ShortLinks
    webhooks: Webhooks

    def answer(self, request: Request) -> Reply:
        """The answer to a request; 404 where there is no endpoint."""
        return self.edge.answer(request, self._handle)

    def _handle(self, request: Request) -> Reply:
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
    faults = FaultPlan(profile=config.faults, seed=config.seed, now=now)
    sessions, codes, units = Sessions(clock), QrCodes(clock), Units(config.youtube_units)
    accounts = _accounts(config, now)
    visitors, identities, cookies = Visitors(), Identities(), CookieChanges(sessions, clock)
    egress_faults, certificate = EgressFaults(now), Certificate()
    gateways = Gateways(count=config.egresses, faults=egress_faults)
    limits = EgressLimits(
        rate=config.egress_rate,
        space_lock=config.space_lock,
        throttle=config.egress_throttle,
        now=now,
    )
    stats = Stats(
        {name: each for name, each in accounts.items() if name != SHORT_LINKS},
        {
            "egresses": visitors.egresses,
            "devices": visitors.devices,
            "egress_faults": egress_faults.counts,
            "orders": faults.reports,
        },
    )
    desks = {
        name: Desk(platform=name, accounts=each, faults=faults, stats=stats)
        for name, each in accounts.items()
    }
    door = Door(desks[BILIBILI], sessions)
    inboxes = Inboxes(config.seed)
    resets = (
        *(sessions.reset, codes.reset, units.reset, world.fates.reset, inboxes.reset),
        *(visitors.reset, identities.reset, cookies.reset, limits.reset),
        *(egress_faults.reset, gateways.reopen_all),
    )
    webhooks = Webhooks(inboxes, wall)
    handlers = (
        Bilibili(catalog=world.catalog, door=door, keys=keys, identities=identities, wall=wall),
        BilibiliVideos(world, door, config.batch_limit),
        BilibiliSpace(world=world, door=door, keys=keys, wall=wall),
        Passport(door, codes, identities, clock),
        YouTube(world, desks[YOUTUBE], units),
        TikHub(world, desks[TIKHUB]),
        Market(world, desks[MARKET], identities),
        Control(
            catalog=world.catalog,
            keys=keys,
            faults=faults,
            stats=stats,
            resets=(*resets, partial(clock.set_ahead, 0)),
        ),
        SessionControl(accounts=accounts[BILIBILI], sessions=sessions, codes=codes, clock=clock),
        VideoControl(world, clock),
        IdentityControl(identities, cookies),
        EgressControl(gateways, egress_faults, certificate),
        webhooks,
    )
    routes = {key: route for each in handlers for key, route in each.routes().items()}
    edge = Edge(
        faults=faults,
        limits=limits,
        visitors=visitors,
        sessions=sessions,
        cookies=cookies,
        stats=stats,
    )
    return Parts(
        stats=stats,
        edge=edge,
        gateways=gateways,
        certificate=certificate,
        routes=routes,
        short_links=ShortLinks(desks[SHORT_LINKS]),
        webhooks=webhooks,
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
