"""`python -m sandbox`: serve until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from sandbox.config import FAULT_PROFILES, THROTTLES, RateLimit, SandboxConfig
from sandbox.server import SandboxServer


class _StopSignal:
    """Remembers that SIGINT or SIGTERM came; the handlers do nothing else."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True


def run(config: SandboxConfig) -> int:
    """Serve until SIGINT or SIGTERM; announces the addresses on stdout. Returns the exit code.

    Must be called in the main thread; the signal handlers it finds are put back afterwards.
    """
    stop = _StopSignal()
    found = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _serve(SandboxServer(config=config), config.port, stop)
    finally:
        for number, handler in found.items():
            signal.signal(number, handler)


def _serve(server: SandboxServer, port: int, stop: _StopSignal) -> int:
    try:
        server.start()
    except OSError as error:
        print(f"sandbox: cannot listen on port {port}: {error}", file=sys.stderr)
        return 1
    try:
        print(f"listening on {server.url}", flush=True)
        for gateway in server.gateways:
            print(f"proxy gateway (HTTP, SOCKS5) on {gateway}", flush=True)
        server.serve_forever(lambda: stop.came)
    finally:
        server.stop()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; a bad argument exits with 2 and says what is wrong."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        config = SandboxConfig(
            port=given.port,
            creators=given.creators,
            domains=tuple(given.domains.split(",")),
            seed=given.seed,
            rate=RateLimit.parse(given.rate),
            faults=given.faults,
            page_limit=given.page_limit,
            batch_limit=given.batch_limit,
            youtube_units=given.youtube_units,
            tikhub_rate=RateLimit.parse(given.tikhub_rate),
            egresses=given.egresses,
            egress_rate=RateLimit.parse_optional(given.egress_rate),
            egress_throttle=given.egress_throttle,
            space_lock=RateLimit.parse_optional(given.space_lock),
        )
    except ValueError as error:
        parser.error(str(error))
    return run(config)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local platform for demos, tests and benchmarks."
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 picks a free one (default)")
    add("--creators", type=int, default=10_000, help="creators per domain")
    add("--domains", default="美妆,游戏", help="comma-separated")
    add("--seed", type=int, default=1, help="equal seeds serve equal creators")
    add("--rate", default="200/10", help="REQUESTS/SECONDS for each account")
    add("--faults", default="none", help=f"one of {', '.join(FAULT_PROFILES)}")
    add("--page-limit", type=int, default=None, help="largest numPages (default: no limit)")
    add("--batch-limit", type=int, default=50, help="video ids in a batch of Bilibili at most")
    add("--youtube-units", type=int, default=10_000, help="units of a YouTube key a day")
    add("--tikhub-rate", default="10/1", help="REQUESTS/SECONDS for each TikHub token")
    add("--egresses", type=int, default=0, help="proxy gateways (HTTP and SOCKS5)")
    add("--egress-rate", default=None, help="REQUESTS/SECONDS for each egress route")
    add("--egress-throttle", default="code", help=f"one of {', '.join(THROTTLES)}: -799 or 429")
    add("--space-lock", default=None, help="REQUESTS/SECONDS to /x/space/ for each egress route")
    return parser


if __name__ == "__main__":
    sys.exit(main())
