"""The creators of a domain, computed from (seed, domain, index) whenever one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.config import SandboxConfig
from sandbox.mixing import Permutation, mix64, salt_of
from sandbox.names import nickname

# Three bands of ids that never meet, each with a room of its own for every domain.
_OLD_ROOM_BITS, _NEW_ROOM_BITS = 20, 32
_MIDDLE_ROOM = _NEW_ROOM = 10**10
_OLD_BASE, _MIDDLE_BASE, _NEW_BASE = 1_000, 10**10, 3_493_000_000_000_000
_OLD_EVERY = 16


@dataclass(frozen=True, slots=True)
class Creator:
    """One creator; `bits` are 64 pseudo-random bits that stand for everything not worth a field."""

    index: int
    uid: int
    name: str
    bits: int

    @property
    def fans(self) -> int:
        """Followers: most have few, one in eight up to ten million."""
        return (self.bits >> 20) % (10_000_000 if self.bits % 8 == 0 else 20_000)

    @property
    def level(self) -> int:
        """The platform's level, 0 to 6."""
        return (self.bits >> 5) % 7


@dataclass(frozen=True, slots=True)
class Population:
    """All creators of one domain, addressed by index; a million of them take no memory."""

    domain: str
    domain_index: int
    seed: int
    size: int
    _salt: int = field(init=False)
    _old: Permutation = field(init=False)
    _new: Permutation = field(init=False)

    def __post_init__(self) -> None:
        salt = salt_of(self.seed, self.domain)
        object.__setattr__(self, "_salt", salt)
        object.__setattr__(self, "_old", Permutation(_OLD_ROOM_BITS, salt))
        object.__setattr__(self, "_new", Permutation(_NEW_ROOM_BITS, salt))

    def uid(self, index: int) -> int:
        """The id of one creator: unique in the whole sandbox, at most 16 digits.

        One in 16 is an old, short id; of the others half have 11 to 14 digits and half have 16.
        """
        if index % _OLD_EVERY == 0:
            room = _OLD_BASE + (self.domain_index << _OLD_ROOM_BITS)
            return room + self._old(index // _OLD_EVERY)
        if index % 2:
            return _NEW_BASE + self.domain_index * _NEW_ROOM + self._new(index)
        return _MIDDLE_BASE + self.domain_index * _MIDDLE_ROOM + self._new(index)

    def find(self, uid: int) -> Creator | None:
        """The creator with this id; None if it is nobody of this domain."""
        for index in self._candidates(uid):
            if 0 <= index < self.size and self.uid(index) == uid:
                return self.creator(index)
        return None

    def uids(self) -> Iterator[int]:
        """The ids of all creators, in index order."""
        return (self.uid(index) for index in range(self.size))

    def creator(self, index: int) -> Creator:
        """The creator at an index from 0 to size - 1."""
        bits = mix64(self._salt ^ index)
        return Creator(
            index=index, uid=self.uid(index), name=nickname(bits, self.domain, index), bits=bits
        )

    def _candidates(self, uid: int) -> Iterator[int]:
        old = uid - _OLD_BASE - (self.domain_index << _OLD_ROOM_BITS)
        if 0 <= old < 1 << _OLD_ROOM_BITS:
            yield self._old.undo(old) * _OLD_EVERY
        for base, room in ((_NEW_BASE, _NEW_ROOM), (_MIDDLE_BASE, _MIDDLE_ROOM)):
            new = uid - base - self.domain_index * room
            if 0 <= new < 1 << _NEW_ROOM_BITS:
                yield self._new.undo(new)


def populations(config: SandboxConfig) -> dict[str, Population]:
    """One population for every domain of the config, by its keyword."""
    return {
        domain: Population(
            domain=domain, domain_index=place, seed=config.seed, size=config.creators
        )
        for place, domain in enumerate(config.domains)
    }
