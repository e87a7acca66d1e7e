"""The control endpoints under `/__sandbox__/`: counters, truth, keys, and faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.catalog import Catalog
from sandbox.fault_kinds import ALL_KINDS
from sandbox.fault_order import BadOrderError, parse_orders
from sandbox.fault_plan import FaultPlan
from sandbox.messages import Reply, Request, json_reply
from sandbox.stats import Stats
from sandbox.wbi import KeyRing


@dataclass(frozen=True, slots=True)
class Control:
    """What tests and benchmarks use beside the platform's own endpoints."""

    catalog: Catalog
    keys: KeyRing
    faults: FaultPlan
    stats: Stats
    resets: tuple[Callable[[], None], ...]

    def routes(self) -> Mapping[tuple[str, str], Callable[[Request], Reply]]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/__sandbox__/stats"): self.show_stats,
            ("GET", "/__sandbox__/creators"): self.creators,
            ("POST", "/__sandbox__/reset"): self.reset,
            ("POST", "/__sandbox__/rotate-keys"): self.rotate_keys,
            ("POST", "/__sandbox__/faults"): self.order_faults,
        }

    def show_stats(self, _: Request) -> Reply:
        """All counters."""
        return json_reply(self.stats.snapshot())

    def creators(self, request: Request) -> Reply:
        """The ids of all creators of `domain`: what a complete crawl must have found."""
        domain = request.params.get("domain", "")
        population = self.catalog.population(domain)
        if population is None:
            problem = {"error": f"unknown domain {domain!r}", "domains": self.catalog.domains}
            return json_reply(problem, 404)
        uids = list(population.uids())
        return json_reply({"domain": domain, "total": len(uids), "uids": uids})

    def reset(self, _: Request) -> Reply:
        """Clear counters, accounts, sessions, fates, faults, and the clock; the WBI keys stay."""
        self.stats.reset()
        self.faults.reset()
        for reset in self.resets:
            reset()
        return json_reply({"reset": True})

    def rotate_keys(self, _: Request) -> Reply:
        """Replace the WBI keys."""
        pair = self.keys.rotate()
        return json_reply({"img_key": pair.img, "sub_key": pair.sub})

    def order_faults(self, request: Request) -> Reply:
        """Queue faults; all of them, or none and HTTP 400 if one is not understood."""
        try:
            orders = parse_orders(request.body)
        except BadOrderError as error:
            return json_reply({"error": str(error), "kinds": list(ALL_KINDS)}, 400)
        queued, numbers = self.faults.order(orders)
        return json_reply({"queued": queued, "orders": numbers})
