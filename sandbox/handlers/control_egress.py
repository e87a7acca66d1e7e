"""Control calls for proxy gateways: their names, their faults, the certificate they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.desk import Handler
from sandbox.egress.faults import KINDS, EgressFault, EgressFaults
from sandbox.egress.gateways import Gateways
from sandbox.fault_order import is_headers, is_number
from sandbox.handlers.control_bodies import BadControlError, body_object, refuse, text
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.tls import Certificate

_KEYS = frozenset({"egress", "fault", "times", "for_secs", "status", "headers", "body", "code"})
_WHOLE_NUMBERS = {"times": (1, 10**9), "status": (200, 999), "code": (1, 8)}
_CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class EgressControl:
    """What tests do to egress routes."""

    gateways: Gateways
    faults: EgressFaults
    certificate: Certificate

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/__sandbox__/egress"): self.show,
            ("POST", "/__sandbox__/egress"): self.order,
            ("GET", "/__sandbox__/certificate"): self.show_certificate,
        }

    def show(self, _: Request) -> Reply:
        """The gateways as `HOST:PORT`, and which of them refuse connections."""
        return json_reply({"gateways": self.gateways.names(), "closed": self.gateways.closed()})

    def show_certificate(self, _: Request) -> Reply:
        """The certificate for a client's CA bundle."""
        return json_reply({"pem": self.certificate.pem()})

    def order(self, request: Request) -> Reply:
        """{"egress": "HOST:PORT" or "HOST:PORT#USER", "fault": a kind, or null: all is well again,
        "times" or "for_secs" (default: until healed), "status", "headers", "body", "code"}."""
        try:
            body = body_object(request)
            egress, kind = self._checked(body)
            if kind is None:
                self._heal(egress)
            elif kind == _CLOSED:
                self.gateways.shut(egress)
            else:
                self.faults.order(_fault(body, egress, kind))
        except BadControlError as error:
            return refuse(error)
        return json_reply({"egress": egress, "fault": kind})

    def _checked(self, body: Json) -> tuple[str, str | None]:
        unknown = sorted(body.keys() - _KEYS)
        if unknown:
            raise BadControlError(f"unknown keys: {', '.join(unknown)}")
        egress, kind = text(body, "egress"), body.get("fault")
        if egress.partition("#")[0] not in self.gateways.names():
            raise BadControlError(f"there is no gateway {egress!r}", 404)
        if kind is not None and kind not in list(KINDS):
            raise BadControlError(f"fault must be null or one of {', '.join(KINDS)}")
        if kind == _CLOSED and ("#" in egress or body.keys() - {"egress", "fault"}):
            raise BadControlError("closed is of a whole gateway, until it is healed")
        return egress, kind

    def _heal(self, egress: str) -> None:
        self.faults.heal(egress)
        if "#" in egress:
            return
        try:
            self.gateways.reopen(egress)
        except OSError as error:
            raise BadControlError(f"cannot listen again: {error}", 409) from error


def _fault(body: Json, egress: str, kind: str) -> EgressFault:
    given = {key: body[key] for key in _KEYS - {"egress", "fault"} if body.get(key) is not None}
    for key, (smallest, largest) in _WHOLE_NUMBERS.items():
        value = given.get(key, smallest)
        if not isinstance(value, int) or not is_number(value, smallest, largest):
            raise BadControlError(f"{key} must be an integer from {smallest} to {largest}")
    if "for_secs" in given and ("times" in given or not is_number(given["for_secs"], 0.001, 10**7)):
        raise BadControlError("for_secs must be a number above 0, without times")
    if not isinstance(given.get("body", ""), str):
        raise BadControlError("body must be a string")
    if not is_headers(given.get("headers", {})):
        raise BadControlError("headers must be an object of printable strings")
    return EgressFault(kind=kind, egress=egress, **given)
