"""Leases as their holder sees them."""

from __future__ import annotations

import pytest

from core.errors import LeaseLostError
from core.leases import Lease, LeaseKind, LeaseRegistry


def lease(row: int = 1, kind: LeaseKind = LeaseKind.TASK, deadline: float = 30.0) -> Lease:
    return Lease(kind=kind, row_id=row, token=5, deadline=deadline)


def test_a_lease_is_held_up_to_its_deadline_and_not_at_it(clock):
    held = lease()
    clock.move(29.999)
    held.require(clock)
    clock.move_to(clock.now())
    clock.move(0.001)
    assert not held.is_held(clock)
    with pytest.raises(LeaseLostError, match="lease_lost: kind=task, id=1"):
        held.require(clock)


def test_a_renewed_lease_lives_on(clock):
    held = lease()
    clock.move(20)
    held.extend(clock.monotonic() + 30)
    clock.move(29)
    assert held.is_held(clock)
    clock.move(1)
    assert not held.is_held(clock)


def test_what_is_lost_stays_lost(clock):
    held = lease()
    held.mark_lost()
    held.extend(1000)
    assert not held.is_held(clock)


def test_the_book_keeps_tasks_and_accounts_of_one_id_apart():
    book = LeaseRegistry()
    task, account = lease(1), lease(1, LeaseKind.ACCOUNT)
    book.add(task)
    book.add(account)
    book.remove(task)
    assert book.held() == [account]


def test_striking_out_an_old_lease_leaves_the_new_one():
    book = LeaseRegistry()
    old, new = lease(1), lease(1)
    book.add(old)
    book.add(new)
    book.remove(old)
    book.remove(old)
    assert book.held() == [new]
    book.remove(new)
    assert book.held() == []


def test_a_list_of_leases_is_a_copy():
    book = LeaseRegistry()
    book.add(lease(1))
    for held in book.held():
        book.remove(held)
    assert book.held() == []


def test_a_lease_tells_what_it_is_on():
    assert repr(lease(7, LeaseKind.ACCOUNT)) == "Lease(account 7, token 5)"
