"""Deterministic integer hashing: what the generated world is drawn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_MASK64 = (1 << 64) - 1


def salt_of(*parts: object) -> int:
    """64 bits that depend on all the parts, the same in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def mix64(value: int) -> int:
    """The finalizer of splitmix64: neighbours in, unrelated 64-bit numbers out."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK64
    return value ^ (value >> 31)


@dataclass(frozen=True, slots=True)
class Permutation:
    """A shuffle of 0 .. 2**bits - 1 that needs no table: every step below can be undone."""

    bits: int
    salt: int

    def __call__(self, value: int) -> int:
        """The place that `value` is shuffled to."""
        mask = (1 << self.bits) - 1
        value = (value * 0x9E3779B1 + self.salt) & mask
        value ^= value >> (self.bits // 2)
        value = (value * 0x85EBCA6B) & mask
        return value ^ (value >> (self.bits // 2))

    def undo(self, value: int) -> int:
        """The value that was shuffled to this place; for an even number of bits."""
        size = 1 << self.bits
        value ^= value >> (self.bits // 2)
        value = value * pow(0x85EBCA6B, -1, size) % size
        value ^= value >> (self.bits // 2)
        return (value - self.salt) * pow(0x9E3779B1, -1, size) % size
