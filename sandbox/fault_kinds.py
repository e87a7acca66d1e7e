"""Every kind of fault by its name, of all platforms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sandbox.bilibili_faults import KINDS as BILIBILI_KINDS
from sandbox.fault_kind import FaultKind
from sandbox.faults import KINDS
from sandbox.general_faults import KINDS as GENERAL_KINDS
from sandbox.list_faults import KINDS as LIST_KINDS
from sandbox.market_faults import KINDS as MARKET_KINDS
from sandbox.tikhub_faults import KINDS as TIKHUB_KINDS
from sandbox.youtube_faults import KINDS as YOUTUBE_KINDS

ALL_KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        **KINDS,
        **GENERAL_KINDS,
        **BILIBILI_KINDS,
        **LIST_KINDS,
        **YOUTUBE_KINDS,
        **TIKHUB_KINDS,
        **MARKET_KINDS,
    }
)
