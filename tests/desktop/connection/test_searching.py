"""Which addresses are tried when: side by side, with growing pauses, proven ones before hints."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hms_desktop.connection.addresses import (
    FIRST_PAUSE_S,
    HINTS_AT_MOST,
    LONGEST_PAUSE_S,
    STAGGER_S,
    Addresses,
    Outcome,
)
from hms_desktop.connection.identity import ADDRESSES_AT_MOST

OLD, OTHER, NEW = "tcp://10.0.0.5:7717", "tcp://10.0.0.6:7717", "tcp://10.0.0.9:7717"


def test_the_preferred_address_gets_a_start_and_the_others_come_beside_it() -> None:
    addresses = Addresses([OLD, OTHER], 100.0)

    assert addresses.take_due(100.0) == [OLD]
    assert addresses.take_due(100.0 + STAGGER_S) == [OTHER]
    assert addresses.take_due(200.0) == []


@given(failures=st.integers(1, 40))
def test_pauses_grow_up_to_a_limit(failures: int) -> None:
    addresses, now_s, pauses = Addresses([OLD], 0.0), 0.0, list[float]()

    for _ in range(failures):
        assert addresses.take_due(now_s) == [OLD]
        addresses.failed(OLD, Outcome.SILENT, now_s)
        pauses.append(addresses.next_at_s - now_s)
        now_s = addresses.next_at_s

    assert pauses[0] == FIRST_PAUSE_S
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(pauses))
    assert max(pauses) <= LONGEST_PAUSE_S + 1e-6


def test_a_hint_is_tried_at_once_and_remembered_only_when_it_has_proved_itself() -> None:
    addresses = Addresses([OLD], 0.0)
    addresses.take_due(0.0)

    addresses.hint([NEW], 5.0)
    tried = addresses.take_due(5.0)
    before = addresses.proven
    addresses.told([], at=NEW)

    assert tried == [NEW]
    assert before == [OLD]
    assert addresses.proven == [NEW, OLD]


@given(st.lists(st.integers(0, 999), max_size=100))
def test_a_flood_of_announcements_neither_grows_for_ever_nor_drives_out_what_is_proven(
    flood: list[int],
) -> None:
    addresses = Addresses([OLD, OTHER], 0.0)

    for number in flood:
        addresses.hint([f"tcp://10.9.9.9:{number}"], 1.0)

    assert len(addresses.tried) <= 2 + HINTS_AT_MOST
    assert addresses.proven == [OLD, OTHER]


def test_in_a_flood_those_that_failed_make_room() -> None:
    addresses = Addresses([OLD], 0.0)
    for number in range(HINTS_AT_MOST):
        addresses.hint([f"tcp://10.9.9.9:{number}"], 0.0)
    for address in addresses.take_due(0.0):
        addresses.failed(address, Outcome.STRANGER, 0.0)

    addresses.hint([NEW], 1.0)

    assert NEW in addresses.take_due(1.0)


def test_who_has_let_its_workstations_down_comes_after_the_others() -> None:
    addresses = Addresses([OLD, OTHER], 0.0)

    addresses.demote(OLD)
    addresses.begin(10.0)
    addresses.failed(OLD, Outcome.SILENT, 10.0)

    assert addresses.proven == [OTHER, OLD]
    assert addresses.take_due(10.0) == [OTHER]


def test_a_server_names_the_others_but_its_own_machine_means_nothing_from_afar() -> None:
    addresses = Addresses([OLD], 0.0)

    addresses.told(["tcp://127.0.0.1:7717", OLD, NEW], at=OLD)

    assert addresses.proven == [OLD, NEW]


def test_what_is_remembered_is_limited() -> None:
    addresses = Addresses([OLD], 0.0)

    addresses.told([f"tcp://10.0.1.{number}:7717" for number in range(20)], at=NEW)

    assert addresses.proven[0] == NEW
    assert len(addresses.proven) == ADDRESSES_AT_MOST


def test_what_a_person_types_does_not_wait_for_its_pause() -> None:
    addresses = Addresses([OLD], 0.0)
    addresses.take_due(0.0)
    for _ in range(10):
        addresses.failed(OLD, Outcome.SILENT, 0.0)

    addresses.try_now(OLD, 0.5)
    addresses.try_now(NEW, 0.5)

    assert addresses.take_due(0.5) == [OLD, NEW]
