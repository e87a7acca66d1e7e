"""A local server that speaks a video platform's wire formats, for demos, tests and benchmarks.

It imports nothing of the product: signatures, ids and error codes are implemented here a second
time, so that client and server cannot share a bug.
"""

from sandbox.config import RateLimit, SandboxConfig
from sandbox.server import SandboxServer

__all__ = ["RateLimit", "SandboxConfig", "SandboxServer"]
